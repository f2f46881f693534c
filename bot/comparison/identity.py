"""Which objects a render declares, and under which identity a cluster knows them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Manifest, ObjectRef

_CLUSTER_WIDE = frozenset(
    [
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "APIService",
        "StorageClass",
        "CSIDriver",
        "CSINode",
        "VolumeAttachment",
        "VolumeAttributesClass",
        "IngressClass",
        "PriorityClass",
        "RuntimeClass",
        "PodSecurityPolicy",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "FlowSchema",
        "PriorityLevelConfiguration",
        "CertificateSigningRequest",
        "ComponentStatus",
        "IPAddress",
        "ServiceCIDR",
        "DeviceClass",
    ]
)
_CLUSTER_WIDE_CUSTOM = frozenset(
    (
        ("cert-manager.io", "ClusterIssuer"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("kyverno.io", "ClusterPolicy"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("karpenter.sh", "NodePool"),
        ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
    )
)
_HOOKS = frozenset(("argocd.argoproj.io/hook", "helm.sh/hook"))
_SKIPS = (
    ("kustomize.toolkit.fluxcd.io/ssa", "ignore"),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("helm.toolkit.fluxcd.io/driftdetection", "disabled"),
    ("kluctl.io/ignore-diff", "true"),
    ("client.lifecycle.config.k8s.io/mutation", "ignore"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """An object of Git with its identity. `times` above 1 is an error there: two declarations can't both hold."""

    ref: ObjectRef
    manifest: Manifest
    times: int = 1


def declared(desired: Sequence[Manifest], namespace: str | None) -> tuple[Declared, ...]:
    """What Git declares of lasting objects, in its order.

    Hooks are dropped: a tool runs and removes them. So is what has no name of its own (`generateName`). Custom kinds
    count as namespaced unless a definition among the objects says otherwise.
    """
    objects = tuple(flatten(desired))
    wide = frozenset(_defined_wide(objects))
    found: dict[ObjectRef, Declared] = {}
    for manifest in objects:
        ref = reference(manifest, namespace, wide)
        if ref is not None and _HOOKS.isdisjoint(_annotations(manifest)):
            twin = found.get(ref)
            found[ref] = Declared(ref, manifest, twin.times + 1 if twin else 1)
    return tuple(found.values())


def reference(
    manifest: Manifest, namespace: str | None, wide: Collection[tuple[str, str]] = frozenset()
) -> ObjectRef | None:
    """An object's identity; None for one without a name. `wide` are further cluster-wide kinds, with their groups.

    A namespaced object without a namespace is in the target's, else in `default`; a cluster-wide one is in none,
    whatever Git says.
    """
    metadata = section(manifest, "metadata")
    if not metadata.get("name"):
        return None
    version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    is_wide = _is_wide(version, kind) or (wide and (version.rpartition("/")[0], kind) in wide)
    place = "" if is_wide else str(metadata.get("namespace") or namespace or "default")
    return ObjectRef(version, kind, place, str(metadata["name"]))


def references(desired: Sequence[Manifest], namespace: str | None) -> tuple[ObjectRef, ...]:
    """What to ask a cluster for, to compare with what Git declares; each once."""
    return tuple(item.ref for item in declared(desired, namespace))


def skipped(manifest: Manifest) -> bool:
    """Whether Git itself asks not to compare an object. The live copy is not asked: whoever edits it could mute us."""
    marks = {str(name).lower(): str(value).lower() for name, value in _annotations(manifest).items()}
    return bool(marks) and any(marks.get(name) == value for name, value in _SKIPS)


def only_existence(manifest: Manifest) -> bool:
    """Whether Git asks to create the object and then leave it alone."""
    return str(_annotations(manifest).get("kustomize.toolkit.fluxcd.io/ssa", "")).lower() == "ifnotpresent"


def flatten(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """Objects one by one, those of Lists too."""
    for manifest in manifests:
        items = manifest.get("items")
        if str(manifest.get("kind", "")).endswith("List") and isinstance(items, list):
            yield from flatten(item for item in items if isinstance(item, Mapping))
        else:
            yield manifest


@lru_cache(1000)
def _is_wide(version: str, kind: str) -> bool:
    group = version.rpartition("/")[0]
    return (kind in _CLUSTER_WIDE and _built_in(group)) or (group, kind) in _CLUSTER_WIDE_CUSTOM


def _defined_wide(objects: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    for manifest in objects:
        if manifest.get("kind") == "CustomResourceDefinition":
            spec = section(manifest, "spec")
            if spec.get("scope") == "Cluster":
                yield str(spec.get("group")), str(section(spec, "names").get("kind"))


def _built_in(group: str) -> bool:
    return "." not in group or group.endswith(".k8s.io")


def _annotations(manifest: Manifest) -> Mapping[str, Any]:
    return section(section(manifest, "metadata"), "annotations")
