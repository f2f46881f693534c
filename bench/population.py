"""A config repository of 1,500 targets, and what an API server holds once they are deployed: 10,000 objects."""

import json
import queue
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.apiserver import ApiServer

TARGETS = 1500
OVERLAYS = 1000
"""Targets that are Kustomize overlays; the rest are plain folders."""
SCALED = 500
"""Targets that have a HorizontalPodAutoscaler and an Ingress as well."""
MANAGER = "kustomize-controller"
_WRITERS = 8
_RBAC = "rbac.authorization.k8s.io"
_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": f"/apis/{_RBAC}/v1/namespaces/{{}}/roles",
    "RoleBinding": f"/apis/{_RBAC}/v1/namespaces/{{}}/rolebindings",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v1/namespaces/{}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
}

Manifest = dict[str, Any]


def name(number: int) -> str:
    return f"service-{number:04}"


def objects(number: int, *, namespace: str | None = None, tag: str = "v1.4.2") -> list[Manifest]:
    """What a target declares, as a team would write it: six objects, or eight where it is scaled and has an Ingress."""
    service = name(number)
    metadata = {"name": service, "labels": {"app.kubernetes.io/name": service, "team": f"team-{number % 40}"}}
    if namespace is not None:
        metadata["namespace"] = namespace
    made = [
        _deployment(service, metadata, number, tag),
        _of("v1", "Service", metadata, spec=_service(service)),
        _of("v1", "ConfigMap", metadata, data=_config(service)),
        _of("v1", "ServiceAccount", metadata, automountServiceAccountToken=False),
        _of(f"{_RBAC}/v1", "Role", metadata, rules=_RULES),
        _of(f"{_RBAC}/v1", "RoleBinding", metadata, **_binding(service, namespace or service)),
    ]
    if number < SCALED:
        scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": service}
        spec = {"scaleTargetRef": scaled, "minReplicas": 2, "maxReplicas": 10, "targetCPUUtilizationPercentage": 70}
        made.append(_of("autoscaling/v1", "HorizontalPodAutoscaler", metadata, spec=spec))
        made.append(_of("networking.k8s.io/v1", "Ingress", metadata, spec=_ingress(service)))
    return made


def stream(targets: int = TARGETS) -> Iterator[str]:
    """The repository for `git fast-import`: one commit."""
    yield "commit refs/heads/main\ncommitter Ana <ana@example.com> 1700000000 +0000\ndata 5\nBegin\n"
    for number in range(targets):
        service = name(number)
        if number >= OVERLAYS:
            text = yaml.safe_dump_all(objects(number, namespace=service), sort_keys=False)
            yield _file(f"production/{service}/all.yaml", text)
            continue
        declared = {each["kind"].lower(): each for each in objects(number)}
        for kind, manifest in declared.items():
            yield _file(f"base/{service}/{kind}.yaml", yaml.safe_dump(manifest, sort_keys=False))
        listed = {"resources": [f"{kind}.yaml" for kind in declared]}
        yield _file(f"base/{service}/kustomization.yaml", yaml.safe_dump(listed))
        image = {"name": f"registry.example.com/{service}", "newTag": "v1.4.2"}
        overlay = {"namespace": service, "resources": [f"../../base/{service}"], "images": [image]}
        yield _file(f"production/{service}/kustomization.yaml", yaml.safe_dump(overlay))


def deploy(server: ApiServer, targets: int = TARGETS) -> None:
    """Apply all of it, as an engine would: server-side, by its own name. Raises what the server refuses."""
    send(server, (_of("v1", "Namespace", {"name": name(number)}) for number in range(targets)))
    send(server, (each for number in range(targets) for each in objects(number, namespace=name(number))))


def path(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    return f"{_PATHS[manifest['kind']].format(metadata.get('namespace', ''))}/{metadata['name']}"


def send(server: ApiServer, manifests: Iterable[Manifest]) -> None:
    """Apply them, as an engine would. Raises what the server refuses."""
    waiting: queue.Queue[Manifest | None] = queue.Queue(_WRITERS * 4)
    failed: list[Exception] = []

    def write() -> None:
        connection = connect(server)
        while (manifest := waiting.get()) is not None:
            if failed:
                continue
            try:
                apply(connection, server, manifest)
            except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
                failed.append(error)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for manifest in manifests:
        waiting.put(manifest)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def connect(server: ApiServer) -> HTTPSConnection:
    at = urlsplit(server.url)
    trust = ssl.create_default_context(cafile=str(server.folder / "certs" / "apiserver.crt"))
    return HTTPSConnection(at.hostname or "", at.port, context=trust, timeout=60)


def apply(connection: HTTPSConnection, server: ApiServer, manifest: Manifest) -> None:
    headers = {
        "Authorization": f"Bearer {server.tokens['admin']}", "Content-Type": "application/apply-patch+yaml",
    }  # fmt: skip
    query = f"?fieldManager={MANAGER}&force=true"
    connection.request("PATCH", path(manifest) + query, json.dumps(manifest), headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status not in {200, 201}:
        raise RuntimeError(f"{answer.status} for {path(manifest)}: {said[:300]!r}")


def write_files(folder: Path, targets: Iterable[int]) -> int:
    """The same objects as files for kubectl, one a target; how many objects that are."""
    folder.mkdir()
    written = 0
    for number in targets:
        made = objects(number, namespace=name(number))
        (folder / f"{name(number)}.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
        written += len(made)
    return written


def _of(api_version: str, kind: str, metadata: Mapping[str, Any], **fields: Any) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": dict(metadata), **fields}


def _deployment(service: str, metadata: Mapping[str, Any], number: int, tag: str) -> Manifest:
    labels = {"app.kubernetes.io/name": service}
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "app",
        "image": f"registry.example.com/{service}:{tag}",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "REGION", "value": "eu-central-1"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "envFrom": [{"configMapRef": {"name": service}}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1024Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
    }
    pod = {
        "serviceAccountName": service,
        "securityContext": {"runAsNonRoot": True},
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": service}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec: dict[str, Any] = {"selector": {"matchLabels": labels}, "template": template}
    if number >= SCALED:
        spec = {"replicas": 2, **spec}
    return _of("apps/v1", "Deployment", metadata, spec=spec)


def _service(service: str) -> Manifest:
    # With its protocol: a server of 1.20 can't apply a port without (kubernetes/kubernetes#105610).
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    return {"selector": {"app.kubernetes.io/name": service}, "ports": [port]}


def _config(service: str) -> dict[str, str]:
    lines = "".join(f"option.{number} = value of {service} {number}\n" for number in range(20))
    return {"DATABASE": f"{service}.db.example.com", "app.properties": lines}


_RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "update"]},
]


def _binding(service: str, namespace: str) -> Manifest:
    role = {"apiGroup": _RBAC, "kind": "Role", "name": service}
    return {"roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": service, "namespace": namespace}]}


def _ingress(service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    rule = {
        "host": f"{service}.example.com",
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    }
    return {"rules": [rule], "tls": [{"hosts": [f"{service}.example.com"], "secretName": f"{service}-tls"}]}


def _file(where: str, text: str) -> str:
    return f"M 100644 inline {where}\ndata {len(text.encode())}\n{text}\n"
