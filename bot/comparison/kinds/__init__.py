"""The built-in kinds: which of their fields have defaults, keys, amounts, and owners other than Git."""

from collections.abc import Mapping

from bot.comparison.kinds import access, capacity, core, devices, networking, workloads
from bot.comparison.kinds.metadata import METADATA
from bot.comparison.schema import Type

_BUILT_IN: Mapping[tuple[str, str], Type] = {
    **workloads.TYPES,
    **core.TYPES,
    **networking.TYPES,
    **access.TYPES,
    **capacity.TYPES,
    **devices.TYPES,
}
_GROUPS = frozenset(
    [
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    ]
)
"""Those that `k8s.io/kubernetes` serves itself; `gateway.networking.k8s.io` and its like are of definitions."""
_OTHER_BUILT_IN = Type(fields={"metadata": METADATA})
_CUSTOM = Type(fields={"metadata": METADATA}, custom=True)


def type_of(group: str, kind: str, version: str = "") -> Type:
    """What is known of a kind; for a custom resource little more than its metadata."""
    known = access.OLDER.get((group, version, kind)) or _BUILT_IN.get((group, kind))
    if known is None:
        known = _OTHER_BUILT_IN if built_in(group) else _CUSTOM
    return known


def built_in(group: str) -> bool:
    """Whether an API group is Kubernetes' own, not one of custom resources."""
    return "." not in group or group in _GROUPS
