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


class Server(Protocol):
    kubeconfig: Path
    context: str

    def send(self, method: str, path: str, body: dict[str, Any]) -> None: ...

    def namespace(self) -> str:
        """A namespace that no other test uses."""


class StandIn:
    context = "staging"

    def __init__(self, cluster: Cluster, url: str, folder: Path) -> None:
        self.cluster, self.url = cluster, url
        self.kubeconfig = folder / "kubeconfig"
        self._namespaces = 0
        kubeconfig.write(self.kubeconfig, {"staging": self.url})

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        httpx.request(method, self.url + path, json=body).raise_for_status()

    def namespace(self) -> str:
        self._namespaces += 1
        return f"test-{self._namespaces}"


class Real:
    context = "admin"

    def __init__(self) -> None:
        self.server = shared()
        self.kubeconfig = self.server.kubeconfig

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        self.server.request(method, path, json.dumps(body).encode())

    def namespace(self) -> str:
        return self.server.namespace("clusters")


@pytest.fixture(scope="session")
def house() -> Iterator[tuple[Starlette, str]]:
    """One HTTP server for all stand-ins, since starting one takes longer than most tests."""
    app = Starlette()
    with serve(app) as url:
        yield app, url


@pytest.fixture
def stand_in(house: tuple[Starlette, str], tmp_path: Path) -> StandIn:
    app, url = house
    cluster, token = Cluster("staging"), secrets.token_hex(8)
    app.router.routes.extend(mount(token, cluster))
    return StandIn(cluster, f"{url}/clusters/{token}/staging", tmp_path)


@pytest.fixture(params=["stand-in", pytest.param("envtest", marks=pytest.mark.envtest)])
def server(request: pytest.FixtureRequest) -> Server:
    if request.param == "envtest":
        return Real()
    found: StandIn = request.getfixturevalue("stand_in")
    return found
