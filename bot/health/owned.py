"""Which pods are a workload's, and which of them are of its newest revision. Pure: by selector and by ownership.

A pod's controller is a ReplicaSet where its workload is a Deployment or a Rollout; the selectors of two of these never
overlap (`apps/v1`), so selector and kind of owner are enough.
"""

import re
from collections.abc import Iterable, Sequence

from bot.health.reading import condition, listed, part, text
from bot.model.sync import Manifest

OWNERS = {
    ("apps", "Deployment"): "ReplicaSet",
    ("argoproj.io", "Rollout"): "ReplicaSet",
    ("apps", "StatefulSet"): "StatefulSet",
    ("apps", "DaemonSet"): "DaemonSet",
    ("apps", "ReplicaSet"): "ReplicaSet",
    ("batch", "Job"): "Job",
    ("batch", "CronJob"): "Job",
}
"""The kinds that have pods, and the kind of their pods' controller."""
_HASHES = {
    "Deployment": "pod-template-hash",
    "Rollout": "rollouts-pod-template-hash",
    "StatefulSet": "controller-revision-hash",
}
_NAMED = re.compile(r'replica ?set "([^"]+)"', re.IGNORECASE)
"""The newest one, in the message of a Deployment's condition (pkg/controller/deployment/progress.go)."""


def owner_kind(manifest: Manifest) -> str | None:
    """The kind of the controller of a workload's pods; None for what has no pods."""
    group, kind = text(manifest.get("apiVersion")).rpartition("/")[0], text(manifest.get("kind"))
    return OWNERS.get((group, kind))


def controller(pod: Manifest) -> tuple[str, str]:
    """Kind and name of what makes a pod anew; empty where nothing does."""
    owners = listed(part(pod, "metadata"), "ownerReferences")
    found = next((each for each in owners if each.get("controller") is True), {})
    return text(found.get("kind")), text(found.get("name"))


def pods_of(manifest: Manifest, pods: Iterable[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """A workload's pods among those of its namespace: of the newest revision, and older ones; each the newest first."""
    own = sorted((each for each in pods if _is_of(manifest, each)), key=_born, reverse=True)
    newest = _newest(manifest, own)
    return [each for each in own if _revision(manifest, each) == newest], [
        each for each in own if _revision(manifest, each) != newest
    ]


def selector(manifest: Manifest) -> str:
    """The workload's selector as a query has it; empty where it can't be said so."""
    labels = part(manifest, "spec", "selector", "matchLabels")
    plain = all(re.fullmatch(r"[\w./-]*", f"{key}{value}") for key, value in labels.items())
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) if plain else ""


def _is_of(manifest: Manifest, pod: Manifest) -> bool:
    kind, name = controller(pod)
    if kind != owner_kind(manifest):
        return False
    if kind == text(manifest.get("kind")):
        return name == part(manifest, "metadata").get("name")
    wanted = part(manifest, "spec", "selector")
    if not wanted:  # a CronJob, or a Rollout that points at a Deployment
        return name.rpartition("-")[0] == part(manifest, "metadata").get("name")
    return _selects(wanted, part(pod, "metadata", "labels"))


def _selects(wanted: Manifest, labels: Manifest) -> bool:
    if any(labels.get(key) != value for key, value in part(wanted, "matchLabels").items()):
        return False
    return all(_fits(each, labels) for each in listed(wanted, "matchExpressions"))


def _fits(expression: Manifest, labels: Manifest) -> bool:
    key, values = text(expression.get("key")), expression.get("values")
    among = labels.get(key) in values if isinstance(values, list) else False
    match expression.get("operator"):
        case "In":
            return among
        case "NotIn":
            return not among
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def _newest(manifest: Manifest, own: Sequence[Manifest]) -> str:
    """The newest revision: by the workload's own word, else that of the pod that was made last."""
    status = part(manifest, "status")
    said = ""
    match manifest.get("kind"):
        case "Deployment":
            named = _NAMED.search(text(condition(status, "Progressing").get("message")))
            said = named[1].rpartition("-")[2] if named else ""
        case "Rollout":
            said = text(status.get("currentPodHash"))
        case "StatefulSet":
            said = text(status.get("updateRevision"))
    return said if said or not own else _revision(manifest, own[0])


def _revision(manifest: Manifest, pod: Manifest) -> str:
    if manifest.get("kind") == "CronJob":
        return controller(pod)[1]
    label = _HASHES.get(text(manifest.get("kind")), "controller-revision-hash")
    return text(part(pod, "metadata", "labels").get(label))


def _born(pod: Manifest) -> str:
    return text(part(pod, "metadata").get("creationTimestamp"))
