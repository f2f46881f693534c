"""The API servers that the adapter is held to: the playground's, and a real one where there is one."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from cluster.apiserver import shared
from starlette.applications import Starlette

from bot.playground.kubernetes import Cluster, kubeconfig, mount
from bot.playground.server import serve

JSON = "application/json"


class Server(Protocol):
    kubeconfig: Path
    context: str

    url: str
    """Of the API."""

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, *, kind: str = JSON) -> Any: ...

    def namespace(self) -> str:
        """A namespace that no other test uses."""


class StandIn:
    context = "staging"

    def __init__(self, cluster: Cluster, client: httpx.Client, root: str, folder: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = folder / "kubeconfig"
        self._client, self._root = client, root
        self._namespaces = 0
        self.url = str(client.base_url.join(root))
        kubeconfig.write(self.kubeconfig, {"staging": self.url})

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, *, kind: str = JSON) -> Any:
        content, headers = json.dumps(body).encode(), {"Content-Type": kind}
        answer = self._client.request(method, self._root + path, content=content, headers=headers)
        return answer.raise_for_status().json()

    def namespace(self) -> str:
        self._namespaces += 1
        return f"test-{self._namespaces}"


class Real:
    context = "admin"

    def __init__(self) -> None:
        self.server = shared()
        self.kubeconfig, self.url = self.server.kubeconfig, self.server.url

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, *, kind: str = JSON) -> Any:
        return json.loads(self.server.request(method, path, json.dumps(body).encode(), kind=kind))

    def namespace(self) -> str:
        return self.server.namespace("clusters")


@pytest.fixture(scope="session")
def house() -> Iterator[tuple[Starlette, httpx.Client]]:
    """One HTTP server for all stand-ins, since starting one takes longer than most tests; and a client of it."""
    app = Starlette()
    with serve(app) as url, httpx.Client(base_url=url, verify=False) as client:  # noqa: S501 - it is plain HTTP
        yield app, client


@pytest.fixture
def stand_in(house: tuple[Starlette, httpx.Client], tmp_path: Path) -> StandIn:
    app, client = house
    cluster, token = Cluster("staging"), secrets.token_hex(8)
    app.router.routes.extend(mount(token, cluster))
    return StandIn(cluster, client, f"/clusters/{token}/staging", tmp_path)


@pytest.fixture(params=["stand-in", pytest.param("envtest", marks=pytest.mark.envtest)])
def server(request: pytest.FixtureRequest) -> Server:
    if request.param == "envtest":
        return Real()
    found: StandIn = request.getfixturevalue("stand_in")
    return found
