"""A role that may read little, judged by the RBAC of a real API server."""

import json
from collections.abc import Iterator

import pytest
from cluster.apiserver import ApiServer, shared

from bot.clusters.live import Clusters
from bot.model.sync import Live, ObjectRef

pytestmark = pytest.mark.envtest
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def server() -> ApiServer:
    return shared()


@pytest.fixture
def clusters(server: ApiServer) -> Iterator[Clusters]:
    found = Clusters(server.kubeconfig)
    yield found
    found.close()


def grant(server: ApiServer, namespace: str, *verbs: str) -> None:
    """Let `reader` use verbs on the ConfigMaps of one namespace."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}
    role = {"metadata": {"name": "read"}, "rules": [rule]}
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "read", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "read"}, "roleRef": reference, "subjects": [subject]}
    server.request("POST", f"{RBAC}/namespaces/{namespace}/roles", json.dumps(role).encode())
    server.request("POST", f"{RBAC}/namespaces/{namespace}/rolebindings", json.dumps(binding).encode())


def config_maps(server: ApiServer, namespace: str) -> list[ObjectRef]:
    for name in ("a", "b"):
        body = json.dumps({"metadata": {"name": name}}).encode()
        server.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
    return [ObjectRef("v1", "ConfigMap", namespace, name) for name in ("a", "b")]


def test_rights_in_some_namespaces_suffice_for_these(server: ApiServer, clusters: Clusters) -> None:
    listing, getting, nothing = (server.namespace("rights") for _ in range(3))
    grant(server, listing, "list", "get")
    grant(server, getting, "get")
    listed, got, closed = (config_maps(server, namespace) for namespace in (listing, getting, nothing))
    absent = [ObjectRef("v1", "ConfigMap", namespace, "absent") for namespace in (listing, getting)]

    live = clusters.read("reader", [*listed, *got, *closed, *absent])

    assert live.objects.keys() == {*listed, *got}
    assert live.unchecked == {
        ref: f"reader doesn't let us read ConfigMap {nothing}/{ref.name} (403); grant get and list on it"
        for ref in closed
    }


def test_a_token_that_is_not_valid(server: ApiServer, clusters: Clusters) -> None:
    text = server.kubeconfig.read_text().replace(server.tokens["reader"], "not-valid")
    wrong = server.folder / "wrong-kubeconfig"
    wrong.write_text(text)
    ref = ObjectRef("v1", "ConfigMap", "default", "a")
    strangers = Clusters(wrong)

    live = strangers.read("reader", [ref])

    strangers.close()
    assert live == Live({}, {ref: "reader refuses our credentials (401); renew those of its kubeconfig context"})


def test_a_certificate_that_is_not_trusted(server: ApiServer) -> None:
    text = server.kubeconfig.read_text().replace("certificate-authority:", "tls-server-name: elsewhere.example\n    x:")
    wrong = server.folder / "untrusting-kubeconfig"
    wrong.write_text(text)
    ref = ObjectRef("v1", "ConfigMap", "default", "a")
    strangers = Clusters(wrong)

    live = strangers.read("admin", [ref])

    strangers.close()
    assert live == Live({}, {ref: "admin can't be reached: TLS failed; is its certificate trusted?"})
