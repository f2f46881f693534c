"""A workload of a real API server, edited by hand: exactly that differs."""

import json
from typing import Any
from urllib.error import HTTPError

import pytest
from cluster.apiserver import ApiServer, api_server

from bot.comparison import compare, references, verdict
from bot.model.sync import Kind, Manifest, ObjectRef, Severity, SyncState

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest


def address(server: ApiServer, ref: ObjectRef) -> str | None:
    """The path of a kind's collection, by the server's own discovery; None if it is not served."""
    root = f"/apis/{ref.api_version}" if ref.group else f"/api/{ref.api_version}"
    try:
        resources = json.loads(server.request("GET", root))["resources"]
    except HTTPError as error:
        error.close()
        return None
    for each in resources:
        if each["kind"] == ref.kind and "/" not in each["name"]:
            return f"{root}/{f'namespaces/{ref.namespace}/' if each['namespaced'] else ''}{each['name']}"
    return None


def place(server: ApiServer, manifest: Manifest, namespace: str) -> str:
    (ref,) = references([manifest], namespace)
    return f"{address(server, ref)}/{ref.name}"


def store(server: ApiServer, manifest: Manifest, namespace: str) -> Manifest:
    """Create an object, and read it again as the server keeps it."""
    (ref,) = references([manifest], namespace)
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "namespace"}
    if ref.namespace:
        metadata["namespace"] = ref.namespace
    server.request("POST", str(address(server, ref)), json.dumps({**manifest, "metadata": metadata}).encode())
    return read(server, manifest, namespace)


def read(server: ApiServer, manifest: Manifest, namespace: str) -> Manifest:
    stored: Manifest = json.loads(server.request("GET", place(server, manifest, namespace)))
    return stored


APP = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "app", "labels": {"team": "blue"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "app"}},
        "template": {
            "metadata": {"labels": {"app": "app"}},
            "spec": {
                "tolerations": [{"key": "spot", "operator": "Exists"}],
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.example.com/app:v1",
                        "env": [{"name": "LEVEL", "value": "info"}],
                        "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"cpu": "500m", "memory": "1G"}},
                    }
                ],
            },
        },
    },
}
"""What Git says in the tests of edits by hand."""

CONTAINER = "/spec/template/spec/containers/0"
POD = "spec.template.spec"
HIGH, MEDIUM, LOW, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
DRIFT, UNDECLARED = Kind.DRIFT, Kind.UNDECLARED

Edit = list[dict[str, Any]]
Told = list[tuple[Kind, str, str | None, str | None, Severity]]

EDITS: dict[str, tuple[Edit, Told]] = {
    "row-73 the image": (
        [{"op": "replace", "path": f"{CONTAINER}/image", "value": "registry.example.com/app:v2"}],
        [
            (
                DRIFT,
                f"{POD}.containers[name=app].image",
                "registry.example.com/app:v1",
                "registry.example.com/app:v2",
                HIGH,
            )
        ],
    ),
    "row-82 the replicas": (
        [{"op": "replace", "path": "/spec/replicas", "value": 5}],
        [(DRIFT, "spec.replicas", "2", "5", MEDIUM)],
    ),
    "row-4 an amount": (
        [{"op": "replace", "path": f"{CONTAINER}/resources/limits/memory", "value": "1Gi"}],
        [(DRIFT, f"{POD}.containers[name=app].resources.limits.memory", "1G", "1Gi", MEDIUM)],
    ),
    "row-1 an amount, respelled": (
        [{"op": "replace", "path": f"{CONTAINER}/resources/limits/cpu", "value": 0.5}],
        [],
    ),
    "row-74 a variable more": (
        [{"op": "add", "path": f"{CONTAINER}/env/0", "value": {"name": "DEBUG", "value": "1"}}],
        [(UNDECLARED, f"{POD}.containers[name=app].env[name=DEBUG]", None, '{"name": "DEBUG", "value": "1"}', MEDIUM)],
    ),
    "row-75 the host's network": (
        [{"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}],
        [(UNDECLARED, f"{POD}.hostNetwork", None, "true", HIGH)],
    ),
    "row-75 a volume more": (
        [{"op": "add", "path": "/spec/template/spec/volumes", "value": [{"name": "x", "hostPath": {"path": "/"}}]}],
        [(UNDECLARED, f"{POD}.volumes[name=x]", None, '{"hostPath": {"path": "/", "type": ""}, "name": "x"}', HIGH)],
    ),
    "row-60 a toleration more": (
        [{"op": "add", "path": "/spec/template/spec/tolerations/-", "value": {"key": "gpu", "operator": "Exists"}}],
        [
            (
                DRIFT,
                f"{POD}.tolerations",
                '[{"key": "spot", "operator": "Exists"}]',
                '[{"key": "spot", "operator": "Exists"}, {"key": "gpu", "operator": "Exists"}]',
                MEDIUM,
            )
        ],
    ),
    "row-57 another port": (
        [{"op": "replace", "path": f"{CONTAINER}/ports/0/containerPort", "value": 81}],
        [
            (
                DRIFT,
                f"{POD}.containers[name=app].ports[containerPort=80,protocol=TCP]",
                '{"containerPort": 80}',
                None,
                MEDIUM,
            ),
            (
                UNDECLARED,
                f"{POD}.containers[name=app].ports[containerPort=81,protocol=TCP]",
                None,
                '{"containerPort": 81, "protocol": "TCP"}',
                MEDIUM,
            ),
        ],
    ),
    "row-76 a label more": (
        [{"op": "add", "path": "/metadata/labels/by", "value": "hand"}],
        [(UNDECLARED, "metadata.labels.by", None, "hand", INFO)],
    ),
    "row-77 a label less": (
        [{"op": "remove", "path": "/metadata/labels/team"}],
        [(DRIFT, "metadata.labels.team", "blue", None, LOW)],
    ),
    "row-86 a restart": (
        [
            {
                "op": "add",
                "path": "/spec/template/metadata/annotations",
                "value": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"},
            }
        ],
        [],
    ),
    "a default changed": (
        [{"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}}],
        [(UNDECLARED, "spec.strategy.type", None, "Recreate", MEDIUM)],
    ),
    "row-30 the pull policy": (
        [{"op": "replace", "path": f"{CONTAINER}/imagePullPolicy", "value": "Always"}],
        [(UNDECLARED, f"{POD}.containers[name=app].imagePullPolicy", None, "Always", INFO)],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_by_hand_is_found_and_nothing_else(api_server: ApiServer, name: str) -> None:
    edit, expected = EDITS[name]
    namespace = api_server.namespace()
    store(api_server, APP, namespace)
    patch = json.dumps(edit).encode()
    api_server.request("PATCH", place(api_server, APP, namespace), patch, kind="application/json-patch+json")
    found = compare(APP, read(api_server, APP, namespace), namespace=namespace)
    assert [(each.kind, each.path, each.desired, each.live, each.severity) for each in found] == expected
    counts = any(kind is DRIFT or severity in {HIGH, MEDIUM} for kind, _, _, _, severity in expected)
    assert verdict(found) is (SyncState.DRIFTED if counts else SyncState.SYNCED)


def test_row_128_a_secret_changed_by_hand_shows_no_value(api_server: ApiServer) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
    namespace = api_server.namespace()
    store(api_server, secret, namespace)
    patch = b'{"stringData": {"password": "opensesame", "more": "swordfish"}}'
    api_server.request("PATCH", place(api_server, secret, namespace), patch, kind="application/merge-patch+json")
    found = compare(secret, read(api_server, secret, namespace), namespace=namespace)
    assert [(each.kind, each.path, each.desired, each.live, each.severity) for each in found] == [
        (UNDECLARED, "data.more", None, "*** (after)", HIGH),
        (DRIFT, "data.password", "*** (before)", "*** (after)", HIGH),
    ]
