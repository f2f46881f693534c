"""Lists as `kubectl get` prints them: it asks for a Table and shows the columns that the server chose."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Cell = Callable[[Json], Any]


def _at(*steps: str, default: Any = "") -> Cell:
    def cell(manifest: Json) -> Any:
        value: Any = manifest
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return default if value is None else value

    return cell


def _ratio(of: str, ready: str) -> Cell:
    part, wanted = (_at(*path.split("."), default=0) for path in (ready, of))
    return lambda manifest: f"{part(manifest)}/{wanted(manifest)}"


def _condition(kind: str, field: str) -> Cell:
    def cell(manifest: Json) -> Any:
        conditions = manifest.get("status", {}).get("conditions", [])
        return next((each.get(field) for each in conditions if each.get("type") == kind), "")

    return cell


def _count(field: str) -> Cell:
    return lambda manifest: len(manifest.get(field) or {})


def _service_ports(manifest: Json) -> str:
    ports = manifest.get("spec", {}).get("ports", [])
    return ",".join(
        ":".join(str(port[key]) for key in ("port", "nodePort") if key in port) + f"/{port['protocol']}"
        for port in ports
    )


def _hosts(manifest: Json) -> str:
    return ",".join(rule.get("host", "*") for rule in manifest.get("spec", {}).get("rules", [])) or "*"


def _reference(manifest: Json) -> str:
    target = manifest.get("spec", {}).get("scaleTargetRef", {})
    return f"{target.get('kind')}/{target.get('name')}"


def _containers(manifest: Json) -> list[Json]:
    spec: Json = manifest.get("spec", {})
    found: list[Json] = spec.get("template", {}).get("spec", spec).get("containers", [])
    return found


def _statuses(manifest: Json) -> list[Json]:
    found: list[Json] = manifest.get("status", {}).get("containerStatuses", [])
    return found


def _pod_ready(manifest: Json) -> str:
    return f"{sum(bool(each.get('ready')) for each in _statuses(manifest))}/{len(_containers(manifest))}"


def _pod_status(manifest: Json) -> str:
    """What kubectl shows in place of the phase: why a container waits, or how it ended."""
    states = [state for each in _statuses(manifest) for state in each.get("state", {}).values()]
    reasons = [state["reason"] for state in states if "reason" in state]
    return str(reasons[0] if reasons else manifest.get("status", {}).get("phase", "Unknown"))


def _restarts(manifest: Json) -> int:
    return sum(each.get("restartCount", 0) for each in _statuses(manifest))


def _involved(manifest: Json) -> str:
    about = manifest.get("involvedObject", {})
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


_IMAGES: Mapping[str, Cell] = {
    "Containers": lambda manifest: ",".join(container.get("name", "") for container in _containers(manifest)),
    "Images": lambda manifest: ",".join(container.get("image", "") for container in _containers(manifest)),
}
_READY: Mapping[str, Cell] = {"Ready": _condition("Ready", "status"), "Status": _condition("Ready", "message")}
_COLUMNS: Mapping[str, Mapping[str, Cell]] = {
    "Namespace": {"Status": _at("status", "phase", default="Active")},
    "Pod": {"Ready": _pod_ready, "Status": _pod_status, "Restarts": _restarts},
    "Event": {
        "Type": _at("type"), "Reason": _at("reason"), "Object": _involved, "Message": _at("message"),
    },
    "Service": {
        "Type": _at("spec", "type"), "Cluster-IP": _at("spec", "clusterIP", default="<none>"),
        "External-IP": lambda _: "<none>", "Port(s)": _service_ports,
    },
    "ConfigMap": {"Data": _count("data")},
    "Secret": {"Type": _at("type"), "Data": _count("data")},
    "PersistentVolumeClaim": {"Status": _at("status", "phase"), "Volume": _at("spec", "volumeName")},
    "Deployment": {
        "Ready": _ratio("spec.replicas", "status.readyReplicas"),
        "Up-to-date": _at("status", "updatedReplicas", default=0),
        "Available": _at("status", "availableReplicas", default=0),
    },
    "StatefulSet": {"Ready": _ratio("spec.replicas", "status.readyReplicas")},
    "ReplicaSet": {
        "Desired": _at("spec", "replicas", default=0), "Current": _at("status", "replicas", default=0),
        "Ready": _at("status", "readyReplicas", default=0),
    },
    "DaemonSet": {
        "Desired": _at("status", "desiredNumberScheduled", default=0),
        "Ready": _at("status", "numberReady", default=0),
    },
    "Job": {"Completions": _ratio("spec.completions", "status.succeeded")},
    "CronJob": {"Schedule": _at("spec", "schedule"), "Suspend": lambda manifest: str(manifest["spec"]["suspend"])},
    "Ingress": {"Class": _at("spec", "ingressClassName", default="<none>"), "Hosts": _hosts},
    "HorizontalPodAutoscaler": {
        "Reference": _reference, "MinPods": _at("spec", "minReplicas"), "MaxPods": _at("spec", "maxReplicas"),
    },
    "GitRepository": {"URL": _at("spec", "url"), **_READY},
    "Kustomization": _READY,
}  # fmt: skip


def table(kind: str, items: Sequence[Json], now: datetime, metadata: Json, *, whole: bool = False) -> Json:
    """A `meta.k8s.io/v1` Table; `whole` puts the objects themselves into the rows (`includeObject=Object`)."""
    columns = _COLUMNS.get(kind, {})
    wide = _IMAGES if kind in {"Deployment", "StatefulSet", "DaemonSet", "Job"} else {}
    definitions = [_definition("Name", "name"), *(_definition(name) for name in columns), _definition("Age")]
    definitions += [_definition(name, priority=1) for name in wide]
    rows = []
    for item in items:
        head = [item["metadata"]["name"], *(cell(item) for cell in columns.values())]
        cells = [*head, _age(item, now), *(cell(item) for cell in wide.values())]
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
        rows.append({"cells": cells, "object": item if whole else partial})
    return {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions,
        "rows": rows,
    }  # fmt: skip


def _definition(name: str, form: str = "", priority: int = 0) -> Json:
    return {"name": name, "type": "string", "format": form, "description": name, "priority": priority}


def _age(manifest: Json, now: datetime) -> str:
    born = datetime.fromisoformat(manifest["metadata"]["creationTimestamp"])
    seconds = max(0, int((now.astimezone(UTC) - born).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (120, "m")):
        if seconds >= size:
            return f"{seconds // (60 if unit == 'm' else size)}{unit}"
    return f"{seconds}s"
