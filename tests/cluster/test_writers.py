"""Objects deployed as engines do it, then edited by the kubectl of this day: who did what, by the real API server."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cluster.apiserver import ApiServer, api_server

from bot.comparison import compare_all, references
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Severity

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest

CONTAINER = "spec.template.spec.containers[name=app]"
LATELY = timedelta(minutes=2)


def deployment(namespace: str) -> Manifest:
    container = {"name": "app", "image": "pay:v1", "env": [{"name": "A", "value": "1"}], "args": ["a", "b"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "pay", "namespace": namespace, "labels": {"team": "pay", "tier": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "pay"}},
            "template": {"metadata": {"labels": {"app": "pay"}}, "spec": {"containers": [container]}},
        },
    }


def config_map(namespace: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pay", "namespace": namespace}, "data": data}


def kubectl(server: ApiServer, namespace: str, *arguments: str, stdin: Manifest | None = None) -> None:
    """As people type it. For `kubectl edit`, the editor is sed."""
    command = [f"{sys.prefix}/bin/kubectl", "--kubeconfig", str(server.kubeconfig), "-n", namespace, *arguments]
    editor = {"KUBE_EDITOR": "sed -i -e s/pay:v1/evil:v6/ -e '/^ *tier: web$/d'"}
    given = None if stdin is None else json.dumps(stdin).encode()
    subprocess.run(command, check=True, capture_output=True, timeout=60, input=given, env=os.environ | editor)


def apply(server: ApiServer, manifest: Manifest, manager: str) -> None:
    """As Argo CD and Flux do where they apply on the server's side.

    Not by kubectl, which first takes over what its client-side apply owned.
    """
    (ref,) = references([manifest], None)
    query = f"?force=true&fieldManager={manager}"
    body = json.dumps(manifest).encode()
    server.request("PATCH", path(ref) + query, body, kind="application/apply-patch+yaml")


def path(ref: ObjectRef) -> str:
    root, plural = ("/api/v1", "configmaps") if ref.kind == "ConfigMap" else ("/apis/apps/v1", "deployments")
    return f"{root}/namespaces/{ref.namespace}/{plural}/{ref.name}"


def look(server: ApiServer, git: Manifest, **how: Any) -> tuple[Difference, ...]:
    (ref,) = references([git], None)
    live = json.loads(server.request("GET", path(ref)))
    managed = json.dumps(live["metadata"].pop("managedFields")).encode()
    return compare_all([git], Live({ref: live}, managed={ref: managed}), **how)


def notes_scaling(server: ApiServer) -> bool:
    return int(json.loads(server.request("GET", "/version"))["minor"].rstrip("+")) >= 22


def test_who_edited_what(api_server: ApiServer) -> None:
    """Rows 73, 74, 76, 77 and 82: each found with its client and time, but for what was only taken away."""
    namespace = api_server.namespace("writers")
    git = deployment(namespace)
    apply(api_server, git, "argocd-controller")
    assert look(api_server, git) == ()

    kubectl(api_server, namespace, "edit", "deployment/pay")
    kubectl(api_server, namespace, "set", "env", "deployment/pay", "A=2", "B=1")
    kubectl(api_server, namespace, "scale", "deployment/pay", "--replicas=5")
    kubectl(api_server, namespace, "label", "deployment/pay", "mine=1")
    kubectl(api_server, namespace, "rollout", "restart", "deployment/pay")

    found = look(api_server, git)
    told = {each.path: (each.kind, each.by and each.by.manager) for each in found if each.severity is not Severity.INFO}
    assert told == {
        f"{CONTAINER}.image": (Kind.DRIFT, "kubectl-edit"),
        f"{CONTAINER}.env[name=A].value": (Kind.DRIFT, "kubectl-set"),
        f"{CONTAINER}.env[name=B]": (Kind.UNDECLARED, "kubectl-set"),
        "spec.replicas": (Kind.DRIFT, "kubectl" if notes_scaling(api_server) else None),
        "metadata.labels.tier": (Kind.DRIFT, None),
    }
    infos = {each.path: each.by and each.by.manager for each in found if each.severity is Severity.INFO}
    assert infos["metadata.labels.mine"] == "kubectl-label"
    now = datetime.now(UTC)
    assert all(each.by is None or now - LATELY < each.by.at <= now + LATELY for each in found)  # type: ignore[operator]  # each has a time


def test_rows_78_and_80_what_git_gave_up_is_left_over_and_what_people_added_is_not(api_server: ApiServer) -> None:
    """First by client-side apply, then by Flux on the server's side: no apply will ever take `stuck` away."""
    namespace = api_server.namespace("writers")
    kubectl(api_server, namespace, "apply", "-f", "-", stdin=config_map(namespace, kept="1", stuck="1"))
    git = config_map(namespace, kept="1")
    apply(api_server, git, "kustomize-controller")
    kubectl(api_server, namespace, "patch", "configmap/pay", "-p", '{"data": {"added": "1"}}')

    told = {each.path: (each.kind, each.by and each.by.manager) for each in look(api_server, git)}

    assert told == {
        "data.stuck": (Kind.LEFTOVER, "kubectl-client-side-apply"),
        "data.added": (Kind.UNDECLARED, "kubectl-patch"),
    }


def test_row_93_what_a_controller_writes_is_its_work(api_server: ApiServer) -> None:
    """By the names that both use themselves: the same change is drift from one, and information from the other."""
    namespace = api_server.namespace("writers")
    git = config_map(namespace, a="1")
    apply(api_server, git, "argocd-controller")
    severities = {}
    for manager in ("kube-controller-manager", "kubectl-edit"):
        (ref,) = references([git], None)
        change = json.dumps({"data": {"a": manager}}).encode()
        query = f"?fieldManager={manager}"
        api_server.request("PATCH", path(ref) + query, change, kind="application/merge-patch+json")
        (found,) = look(api_server, git)
        severities[found.by and found.by.manager] = found.severity
    assert severities["kube-controller-manager"] is Severity.INFO
    assert severities["kubectl-edit"] is not Severity.INFO
