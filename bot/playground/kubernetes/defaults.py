"""Fields that an API server fills in when an object is written without them.

A handful of well-known ones, as a table a kind, so that clients meet what they meet in a real cluster: declared
fields among many that nobody declared. Source: `pkg/apis/*/v1/defaults.go` of Kubernetes 1.34.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.playground.kubernetes.quantity import canonical

Json = dict[str, Any]

_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_CLAIM = {"volumeMode": "Filesystem"}
_SPEC: Mapping[str, Mapping[str, Any]] = {
    "Namespace": {"finalizers": ["kubernetes"]},
    "Pod": {"enableServiceLinks": True},
    "Service": {
        "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
    },
    "PersistentVolumeClaim": {**_CLAIM, "storageClassName": "standard"},
    "Deployment": {
        "replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate"},
    },
    "StatefulSet": {
        "replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate"},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    },
    "DaemonSet": {"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}},
    "ReplicaSet": {"replicas": 1},
    "Job": {
        "backoffLimit": 6, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed", "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    },
    "CronJob": {
        "concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
    },
    "HorizontalPodAutoscaler": {"minReplicas": 1},
}  # fmt: skip
_ROLLING: Mapping[str, Json] = {
    "Deployment": {"maxUnavailable": "25%", "maxSurge": "25%"},
    "StatefulSet": {"partition": 0},
    "DaemonSet": {"maxUnavailable": 1, "maxSurge": 0},
}


def fill(manifest: Json) -> None:
    """Complete an object in place. Raises `ValueError` where a quantity is none."""
    _drop_nulls(manifest)
    kind, spec = manifest.get("kind", ""), manifest.get("spec")
    metadata = manifest["metadata"]
    for field in ("labels", "annotations"):
        if not metadata.get(field, True):
            del metadata[field]
    if kind in _SPEC:
        spec = manifest.setdefault("spec", {})
        _fill(spec, _SPEC[kind])
    if kind in _KINDS:
        _KINDS[kind](manifest)
    if isinstance(spec, dict):
        for pod in _pod_specs(kind, spec):
            _pod(pod)


def _pod_specs(kind: str, spec: Json) -> Iterator[Json]:
    """The pod specs inside an object's spec; its template gets its empty timestamp, as servers give it."""
    if kind == "Pod":
        yield spec
        return
    template = (spec.get("jobTemplate") or {}).get("spec", {}).get("template") if kind == "CronJob" else None
    template = template or spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict) and kind in _SPEC:
        template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
        yield template["spec"]


def _pod(spec: Json) -> None:
    _fill(spec, _POD)
    if account := spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", account)
    for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        _container(container)
    for volume in spec.get("volumes", []):
        if set(volume) == {"name"}:
            volume["emptyDir"] = {}
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if source in volume:
                volume[source].setdefault("defaultMode", 420)
        if "hostPath" in volume:
            volume["hostPath"].setdefault("type", "")


def _container(container: Json) -> None:
    _fill(container, _CONTAINER)
    image = str(container.get("image", ""))
    latest = "@" not in image and (image.endswith(":latest") or ":" not in image.rpartition("/")[2])
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
    for entry in container.get("env", []):
        if "fieldRef" in entry.get("valueFrom", {}):
            entry["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    _resources(container["resources"])


def _probe(probe: Json) -> None:
    _fill(probe, _PROBE)
    if "httpGet" in probe:
        _fill(probe["httpGet"], {"path": "/", "scheme": "HTTP"})
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _resources(resources: Json) -> None:
    for field in resources.keys() & {"limits", "requests"}:
        resources[field] = {name: canonical(amount, least=-3) for name, amount in resources[field].items()}


def _rolling(manifest: Json) -> None:
    kind, spec = str(manifest["kind"]), manifest["spec"]
    strategy = spec["strategy" if kind == "Deployment" else "updateStrategy"]
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), _ROLLING[kind])
    else:
        strategy.pop("rollingUpdate", None)
    if kind == "DaemonSet":
        manifest["metadata"].setdefault("annotations", {}).setdefault("deprecated.daemonset.template.generation", "1")
    for claim in spec.get("volumeClaimTemplates", []):
        _fill(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}})
        claim["metadata"].setdefault("creationTimestamp", None)
        _fill(claim["spec"], _CLAIM)
        _resources(claim["spec"].get("resources", {}))


def _service(manifest: Json) -> None:
    spec = manifest["spec"]
    number = int(hashlib.sha256(repr(_identity(manifest)).encode()).hexdigest(), 16)
    if spec["type"] == "ExternalName":
        for field in ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            spec.pop(field, None)
    else:
        spec.setdefault("clusterIP", f"10.96.{number % 255}.{number // 255 % 254 + 1}")
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    for index, port in enumerate(spec.get("ports", [])):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
        if spec["type"] in {"NodePort", "LoadBalancer"}:
            port.setdefault("nodePort", 30000 + (number + index) % 2768)
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _secret(manifest: Json) -> None:
    manifest.setdefault("type", "Opaque")
    for key, text in manifest.pop("stringData", {}).items():
        manifest.setdefault("data", {})[key] = base64.b64encode(str(text).encode()).decode()


def _namespace(manifest: Json) -> None:
    name = manifest["metadata"]["name"]
    manifest["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    manifest.setdefault("status", {"phase": "Active"})


def _job(manifest: Json) -> None:
    uid, name = manifest["metadata"].get("uid", ""), manifest["metadata"]["name"]
    own = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    manifest["spec"].setdefault("selector", {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    template = manifest["spec"].setdefault("template", {})
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    _fill(labels, {**own, "controller-uid": uid, "job-name": name})


def _claim(manifest: Json) -> None:
    _resources(manifest["spec"].get("resources", {}))
    manifest["spec"].setdefault("volumeName", f"pvc-{manifest['metadata'].get('uid', '')}")


def _network_policy(manifest: Json) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
        for port in rule.get("ports", []):
            port.setdefault("protocol", "TCP")


def _autoscaler(manifest: Json) -> None:
    target = {"type": "Utilization", "averageUtilization": 80}
    manifest["spec"].setdefault("metrics", [{"type": "Resource", "resource": {"name": "cpu", "target": target}}])


def _binding(manifest: Json) -> None:
    group = "rbac.authorization.k8s.io"
    manifest.get("roleRef", {}).setdefault("apiGroup", group)
    for subject in manifest.get("subjects", []):
        if subject.get("kind") == "ServiceAccount":
            subject.setdefault("namespace", "default")
        else:
            subject.setdefault("apiGroup", group)


_KINDS: Mapping[str, Callable[[Json], None]] = {
    "Deployment": _rolling,
    "StatefulSet": _rolling,
    "DaemonSet": _rolling,
    "Service": _service,
    "Secret": _secret,
    "Namespace": _namespace,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "NetworkPolicy": _network_policy,
    "HorizontalPodAutoscaler": _autoscaler,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}


def _identity(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]


def _fill(target: Json, defaults: Mapping[str, Any]) -> None:
    for key, value in defaults.items():
        if key not in target:
            target[key] = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value


def _drop_nulls(value: Any) -> None:
    """Null is "unset" to the API's types; a template's own `creationTimestamp: null` comes back in `_pod_specs`."""
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            _drop_nulls(item)
    elif isinstance(value, list):
        for item in value:
            _drop_nulls(item)
