"""The stand-in against the real thing: the same objects written to both must read the same."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cluster.apiserver import shared
from contracts.clusters.conftest import StandIn

from bot.playground.kubernetes.flux import MANAGER
from bot.playground.kubernetes.quantity import canonical

pytestmark = pytest.mark.envtest

LABELS = {"app": "pay"}
APP = {
    "name": "app",
    "image": "reg/pay",
    "ports": [{"containerPort": 8080}],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"cpu": "0.1"}},
    "readinessProbe": {"httpGet": {"port": 8080}},
    "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5},
}
SIDE = {"name": "side", "image": "reg/side:v1@sha256:" + "0" * 64}
POD = {
    "containers": [APP, SIDE],
    "initContainers": [{"name": "init", "image": "reg:5000/init:v1"}],
    "serviceAccountName": "pay",
    "volumes": [
        {"name": "a"},
        {"name": "b", "configMap": {"name": "b"}},
        {"name": "c", "secret": {"secretName": "c"}},
        {"name": "d", "hostPath": {"path": "/d"}},
    ],
}
WORKLOAD = {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": POD}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
TEMPLATES = [{"metadata": {"name": "data"}, "spec": CLAIM}]
RBAC = "rbac.authorization.k8s.io"
USER, ACCOUNT = {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}
BINDING = {"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"}, "subjects": [USER, ACCOUNT]}
INGRESS = {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}

OBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "deployment": ("apis/apps/v1/deployments", {"spec": WORKLOAD}),
    "recreated": ("apis/apps/v1/deployments", {"spec": WORKLOAD | {"strategy": {"type": "Recreate"}}}),
    "stateful": (
        "apis/apps/v1/statefulsets",
        {"spec": WORKLOAD | {"serviceName": "x", "volumeClaimTemplates": TEMPLATES}},
    ),
    "daemons": ("apis/apps/v1/daemonsets", {"spec": WORKLOAD}),
    "replicas": ("apis/apps/v1/replicasets", {"spec": WORKLOAD}),
    "service": ("api/v1/services", {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}),
    "headless": ("api/v1/services", {"spec": {"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http"}]}}),
    "map": ("api/v1/configmaps", {"metadata": {"labels": {}, "annotations": None}, "data": {"a": "1"}}),
    "secret": ("api/v1/secrets", {"stringData": {"a": "1"}}),
    "claim": ("api/v1/persistentvolumeclaims", {"spec": CLAIM}),
    "policy": ("apis/networking.k8s.io/v1/networkpolicies", {"spec": INGRESS}),
    "egress": ("apis/networking.k8s.io/v1/networkpolicies", {"spec": {"podSelector": {}, "egress": [{}]}}),
    "binding": (f"apis/{RBAC}/v1/rolebindings", BINDING),
}
NEWER = ("persistentVolumeClaimRetentionPolicy", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "maxSurge")
"""Filled in by servers since 1.21 to 1.23 (`maxSurge` of a DaemonSet), behind gates before."""
ALLOCATED = ("clusterIP", "clusterIPs", "storageClassName", "volumeName", "finalizers")
PER_OBJECT = ("uid", "namespace", "managedFields", "creationTimestamp", "resourceVersion", "generation", "status")


def comparable(value: Any) -> Any:
    """Without what differs from server to server, from one second to the next, or by the release alone."""
    if isinstance(value, dict):
        dropped = (*NEWER, *ALLOCATED, *PER_OBJECT)
        return {key: comparable(item) for key, item in value.items() if key not in dropped}
    return [comparable(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", OBJECTS)
def test_defaults_are_those_of_a_real_server(stand_in: StandIn, name: str) -> None:
    server = shared()
    kind, fields = OBJECTS[name]
    root, _, plural = kind.rpartition("/")
    path = f"/{root}/namespaces/{server.namespace('like')}/{plural}"
    body = copy.deepcopy(fields)
    body.setdefault("metadata", {})["name"] = name

    real = json.loads(server.request("POST", path, json.dumps(body).encode()))
    ours = stand_in.send("POST", path, body)

    assert comparable(ours) == comparable(real)


@pytest.mark.parametrize("text", ["1000m", "0.5", "1.5Gi", "1e3", "1E", "100n", "0.0001", "1024Ki", "123456789k", "0"])
def test_quantities_are_those_of_a_real_server(text: str) -> None:
    server = shared()
    container = {"name": "a", "image": "a", "resources": {"limits": {"cpu": text}}}
    body = {"metadata": {"generateName": "q-"}, "spec": {"containers": [container]}}
    path = f"/api/v1/namespaces/{server.namespace('quantity')}/pods"

    real = json.loads(server.request("POST", path, json.dumps(body).encode()))

    assert canonical(text, least=-3) == real["spec"]["containers"][0]["resources"]["limits"]["cpu"]


PORTS = [{"containerPort": 8080, "protocol": "TCP"}]  # servers before 1.21 can't apply it without
MAIN = APP | {"ports": PORTS, "resources": {"limits": {"cpu": "500m"}}}  # nor numbers
OWNED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "pay", "labels": {"team": "pay", "tier": "web"}},
    "spec": {
        **WORKLOAD,
        "replicas": 2,
        "template": {"metadata": {"labels": LABELS}, "spec": POD | {"containers": [MAIN, SIDE]}},
    },
}
APPLY, STRATEGIC, MERGE = (
    f"application/{form}" for form in ("apply-patch+yaml", "strategic-merge-patch+json", "merge-patch+json")
)
ENV = [{"name": "A", "value": "2"}, {"name": "C", "value": "3"}]


def in_container(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": name, **fields}]}}}}


EDITS: dict[str, tuple[str, dict[str, Any]]] = {
    "image": (STRATEGIC, in_container("app", {"image": "reg/pay:v2"})),
    "variables": (STRATEGIC, in_container("app", {"env": ENV})),
    "arguments": (STRATEGIC, in_container("side", {"args": ["a"]})),
    "label": (MERGE, {"metadata": {"labels": {"mine": "1"}, "annotations": {"note": "x"}}}),
    "removed": (MERGE, {"metadata": {"labels": {"tier": None}}}),
    "nothing": (MERGE, {"spec": {"replicas": 2}}),
}
"""What people change by hand, each as a field manager of its name."""


def owned(manifest: dict[str, Any]) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    """The fields of each manager, as far as all releases agree: which maps are owned in one piece, they don't."""

    def leaves(fields: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        whole = path and path[-1] in {"f:selector", "f:fieldRef"}
        below = {} if whole else {step: each for step, each in fields.items() if step != "." or path[-1][:2] == "k:"}
        if not below:
            yield path
        for step, each in below.items():
            yield from leaves(each, (*path, step))

    newer = {f"f:{name}" for name in NEWER}
    return {
        (entry["manager"], entry["operation"]): {path for path in leaves(entry["fieldsV1"]) if not newer & set(path)}
        for entry in manifest["metadata"]["managedFields"]
    }


@pytest.mark.parametrize("way", ["applied", "created"])
def test_fields_have_the_owners_that_they_have_on_a_real_server(stand_in: StandIn, way: str) -> None:
    server, objects = shared(), stand_in.cluster.objects
    namespace = server.namespace("owners")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    body = OWNED | {"metadata": OWNED["metadata"] | {"namespace": namespace}}
    kind = stand_in.cluster.served.of("apps/v1", "Deployment")
    assert kind is not None

    def same() -> None:
        assert owned(stand_in.send("GET", f"{path}/pay")) == owned(json.loads(server.request("GET", f"{path}/pay")))

    def apply() -> None:
        query = f"?fieldManager={MANAGER}&force=true"
        server.request("PATCH", f"{path}/pay{query}", json.dumps(body).encode(), kind=APPLY)
        objects.apply(kind, namespace, None, body, manager=MANAGER, heal=True)

    if way == "applied":
        apply()
    else:
        server.request("POST", f"{path}?fieldManager=kubectl-create", json.dumps(body).encode())
        stand_in.send("POST", f"{path}?fieldManager=kubectl-create", body)
    same()
    for manager, (form, patch) in EDITS.items():
        where = f"{path}/pay?fieldManager={manager}"
        server.request("PATCH", where, json.dumps(patch).encode(), kind=form)
        stand_in.send("PATCH", where, patch, kind=form)
        same()
    apply()
    same()
