"""How much a difference matters: what runs and who may first, labels last."""

from collections.abc import Iterable
from itertools import pairwise

from bot.comparison.paths import Item, Path, names
from bot.comparison.walk import Found
from bot.model.sync import Kind, ObjectRef, Severity

_GUARDS = frozenset(
    [
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
        "NetworkPolicy",
        "Secret",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "PodSecurityPolicy",
    ]
)
_RUNNING = frozenset(
    (
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "CronJob",
        "Job",
        "Pod",
    )
)
_GRAVE = frozenset(
    [
        "image",
        "command",
        "args",
        "securityContext",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "hostPath",
        "serviceAccountName",
        "automountServiceAccountToken",
    ]
)
_GRAVE_WHOLE = frozenset(
    (
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
    )
)
_MARKS = frozenset(("labels", "annotations"))


def of_missing(ref: ObjectRef) -> Severity:
    """A missing object: high where nothing runs, or nothing guards, without it."""
    return Severity.HIGH if ref.kind in _RUNNING | _GUARDS else Severity.MEDIUM


def worst(severities: Iterable[Severity]) -> Severity:
    """The gravest; INFO of none."""
    return min(severities, key=list(Severity).index, default=Severity.INFO)


def of(ref: ObjectRef, found: Found) -> Severity:
    """A difference in an object. What only the server may have set, and labels nobody declared, are for information."""
    fields = names(found.path)
    marks = any(pair[0] == "metadata" and pair[1] in _MARKS for pair in pairwise(fields))
    if found.times > 1:
        return Severity.INFO
    if found.kind is Kind.UNDECLARED and (marks or not found.known or fields[-1:] == ("imagePullPolicy",)):
        return Severity.INFO
    if marks or found.dropped:
        return Severity.LOW
    if ref.kind in _GUARDS or not _GRAVE.isdisjoint(fields) or _whole(found.path):
        return Severity.HIGH
    # What the server itself leaves out nobody can put right in Git, nor in the cluster.
    return Severity.INFO if found.unkept else Severity.MEDIUM


def _whole(path: Path) -> bool:
    """Whether the difference is a whole container or volume, not something in it."""
    last = path[-2:-1] if path and isinstance(path[-1], Item) else path[-1:]
    return not _GRAVE_WHOLE.isdisjoint(step for step in last if isinstance(step, str))
