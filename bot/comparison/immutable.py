"""Fields that the API refuses to change: whoever would put them right must replace the object.

After the validation of updates in k8s.io/kubernetes pkg/apis/*/validation (Validate…Update) and its messages.
"""

from collections.abc import Mapping

from bot.comparison.paths import names
from bot.comparison.quantities import parse
from bot.comparison.schema import section
from bot.comparison.walk import Found
from bot.model.sync import Manifest, ObjectRef

REPLACE = "immutable: needs replace"
SHRINK = "cannot shrink"

_RBAC, _STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"
_NEVER: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("batch", "Job"): (
        "spec.template",
        "spec.selector",
        "spec.completions",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.successPolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
    ),
    ("", "Service"): ("spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort", "spec.loadBalancerClass"),
    ("", "Secret"): ("type",),
    (_RBAC, "RoleBinding"): ("roleRef",),
    (_RBAC, "ClusterRoleBinding"): ("roleRef",),
    (_STORAGE, "StorageClass"): ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    (_STORAGE, "CSIDriver"): ("spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"),
    (_STORAGE, "VolumeAttachment"): ("spec",),
    ("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ("spec.group", "spec.scope", "spec.names.kind"),
}
"""By API group and kind: paths, and all below them."""

_ONLY: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "StatefulSet"): (
        "spec.replicas",
        "spec.ordinals",
        "spec.template",
        "spec.updateStrategy",
        "spec.revisionHistoryLimit",
        "spec.persistentVolumeClaimRetentionPolicy",
        "spec.minReadySeconds",
    ),
    ("", "Pod"): (
        "spec.containers.image",
        "spec.containers.resources",
        "spec.initContainers.image",
        "spec.initContainers.resources",
        "spec.activeDeadlineSeconds",
        "spec.tolerations",
        "spec.terminationGracePeriodSeconds",
        "spec.schedulingGates",
    ),
    ("", "PersistentVolumeClaim"): ("spec.resources", "spec.volumeAttributesClassName"),
    ("", "PersistentVolume"): (
        "spec.capacity",
        "spec.accessModes",
        "spec.claimRef",
        "spec.mountOptions",
        "spec.nodeAffinity",
        "spec.persistentVolumeReclaimPolicy",
        "spec.storageClassName",
        "spec.volumeAttributesClassName",
    ),
}
"""Those where all of `spec` is immutable but these."""


def note(ref: ObjectRef, found: Found, live: Manifest) -> str:
    """What stands against the change that would put the finding right; "" where nothing is known to."""
    of = ref.group, ref.kind
    at = ".".join(names(found.path))
    if of == ("", "PersistentVolumeClaim") and at == "spec.resources.requests.storage":
        want, have = parse(found.want), parse(found.have)
        return SHRINK if want is not None and have is not None and want < have else ""
    if of in {("", "ConfigMap"), ("", "Secret")} and live.get("immutable") is True:
        return "" if at.startswith("metadata") else REPLACE
    if (
        of == ("", "Service")
        and at.startswith("spec.clusterIP")
        and section(live, "spec").get("clusterIP") in ("", None)
    ):
        return ""  # it gets its first one
    fixed = any(_within(at, path) for path in _NEVER.get(of, ())) or (
        of in _ONLY and _within(at, "spec") and not any(_within(at, path) for path in _ONLY[of])
    )
    return REPLACE if fixed else ""


def _within(at: str, path: str) -> bool:
    return at == path or at.startswith(path + ".")
