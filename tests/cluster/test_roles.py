"""The roles of deploy/rbac, granted on a real API server to the account that they name, by its own token."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml
from cluster.apiserver import ApiServer, api_server

from bot.clusters.live import Clusters
from bot.comparison import compare
from bot.comparison.rehearsed import confirmed
from bot.model.sync import Kind, Manifest, ObjectRef, Rehearsal

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest

DEPLOY = Path(__file__).parents[2] / "deploy/rbac"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/quarterdeck/serviceaccounts",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
}
REFUSED = Rehearsal(why="bot doesn't let us patch, which a dry run takes (403); see deploy/rbac/confirm")

Grant = Callable[[str], None]


@pytest.fixture
def grant(api_server: ApiServer) -> Iterator[Grant]:
    """Apply a file of roles; all are taken back in the end."""
    made: list[str] = []

    def granted(file: str) -> None:
        for each in yaml.safe_load_all((DEPLOY / file).read_text()):
            try:
                api_server.request("POST", PATHS[each["kind"]], json.dumps(each).encode())
            except HTTPError as error:
                error.close()
                assert (error.code, each["kind"]) == (409, "Namespace")  # noqa: PT017 - else it was not made
            if each["kind"] != "Namespace":  # no controller here would let it end
                made.append(f"{PATHS[each['kind']]}/{each['metadata']['name']}")

    yield granted
    for path in reversed(made):
        api_server.request("DELETE", path)


@pytest.fixture
def bot(api_server: ApiServer, grant: Grant, tmp_path: Path) -> Iterator[Clusters]:
    """As the service account, which may read."""
    grant("reader.yaml")
    account = f"{PATHS['ServiceAccount']}/quarterdeck-reader/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(api_server.request("POST", account, json.dumps(request).encode()))["status"]["token"]
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    config["users"] = [{"name": "bot", "user": {"token": token}}]
    config["contexts"] = [{"name": "bot", "context": {"cluster": "envtest", "user": "bot"}}]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    clusters = Clusters(kubeconfig)
    yield clusters
    clusters.close()


def stored(server: ApiServer, namespace: str) -> dict[str, tuple[ObjectRef, Manifest]]:
    """A ConfigMap, a Secret and a Role, as Git has them and as they are live."""
    made = {}
    for version, kind, plural, fields in (
        ("v1", "ConfigMap", "configmaps", {"data": {"a": "1"}}),
        ("v1", "Secret", "secrets", {"data": {"a": "MQ=="}}),
        ("rbac.authorization.k8s.io/v1", "Role", "roles", {"rules": []}),
    ):
        manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": "pay", "namespace": namespace}, **fields}
        root = RBAC if "/" in version else "/api/v1"
        server.request("POST", f"{root}/namespaces/{namespace}/{plural}", json.dumps(manifest).encode())
        made[kind] = ObjectRef(version, kind, namespace, "pay"), manifest
    return made


def test_the_reader_alone_finds_drift_and_no_secret(api_server: ApiServer, bot: Clusters) -> None:
    made = stored(api_server, api_server.namespace("roles"))
    (ref, git), (secret, _), (role, _) = made.values()
    live = bot.read("bot", [ref, secret, role])
    assert live.objects.keys() == {ref, role}
    assert list(live.unchecked) == [secret]
    found = compare({**git, "data": {"a": "2"}}, live.objects[ref])
    assert [(each.kind, each.path) for each in found] == [(Kind.DRIFT, "data.a")]

    answers = bot.rehearse("bot", {ref: git, role: made["Role"][1]}, "argocd-controller")
    assert answers == {ref: REFUSED, role: REFUSED}
    (kept,), dismissed = confirmed(found, live.objects, answers)
    assert (kept.note, dismissed) == (f"not confirmed: {REFUSED.why}", 0)


def test_secrets_are_read_with_their_role(api_server: ApiServer, bot: Clusters, grant: Grant) -> None:
    grant("secrets/role.yaml")
    secret, manifest = stored(api_server, api_server.namespace("roles"))["Secret"]
    assert bot.read("bot", [secret]).objects[secret]["data"] == manifest["data"]


def test_dry_runs_go_with_their_role_and_widen_no_right(api_server: ApiServer, bot: Clusters, grant: Grant) -> None:
    grant("confirm/role.yaml")
    made = stored(api_server, api_server.namespace("roles"))
    (ref, git), (_, _), (role, rules) = made.values()
    answers = bot.rehearse("bot", {ref: {**git, "data": {"a": "2"}}, role: rules}, "argocd-controller")
    result = answers[ref].result
    assert result is not None
    assert result["data"] == {"a": "2"}
    assert answers[role] == REFUSED
    assert bot.read("bot", [ref]).objects[ref]["data"] == {"a": "1"}
    absent = ObjectRef("v1", "ConfigMap", ref.namespace, "absent")
    (answer,) = bot.rehearse("bot", {absent: {**git, "metadata": {"name": "absent"}}}, "argocd-controller").values()
    assert answer.result is None
