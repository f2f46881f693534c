"""The marks that engines leave on the objects they deploy, and when one is to be believed.

Anything can copy a mark: operators hand labels and annotations on to the objects that they make themselves. So Argo
CD's tracking id must name the very object that bears it, and a label counts only where the engine wrote the object.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Deployed, Manifest, ObjectRef

TRACKING_ID = "argocd.argoproj.io/tracking-id"
_ARGOCD_LABELS = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
"""The second was Argo CD's own before 3.0, and is any chart's name for its release."""
_FLUX = {"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io"}
"""Flux's labels are these with `/name` and `/namespace`."""
_LABELS = frozenset((*_ARGOCD_LABELS, *(f"{mark}/name" for mark in _FLUX.values())))
_MANAGERS = {
    "Application": ("argocd",),
    "Kustomization": ("kustomize-controller", "gotk-kustomize-controller"),
    "HelmRelease": ("helm-controller", "gotk-helm-controller", "helm"),
}
"""How the field managers of each engine begin."""
_MOVED = {
    ("extensions", "Deployment"): "apps",
    ("extensions", "DaemonSet"): "apps",
    ("extensions", "ReplicaSet"): "apps",
    ("extensions", "Ingress"): "networking.k8s.io",
    ("extensions", "NetworkPolicy"): "networking.k8s.io",
    ("extensions", "PodSecurityPolicy"): "policy",
}
"""Kinds that one cluster may serve in two groups: it is the same object in both."""
_KEPT = ("name", "namespace", "uid", "labels", "ownerReferences", "deletionTimestamp", "creationTimestamp")
_DROPPED = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object once more; of a Secret, its values."""


def marks(metadata: Mapping[str, Any]) -> bool:
    """Whether an object's metadata bears any engine's mark."""
    return TRACKING_ID in section(metadata, "annotations") or bool(_LABELS & section(metadata, "labels").keys())


def trimmed(api_version: str, kind: str, metadata: Mapping[str, Any]) -> Manifest:
    """What of a marked object is worth keeping (`Live.tracked`): identity, marks, owners and the names of its writers.

    Give it the metadata with its `managedFields`, where they are at hand: without them no label is believed.
    """
    annotations = {name: value for name, value in section(metadata, "annotations").items() if name != _DROPPED}
    kept = {name: metadata[name] for name in _KEPT if name in metadata}
    writers = [{"manager": writer} for writer in _writers(metadata)]
    kept |= {"annotations": annotations, "managedFields": writers}
    return {"apiVersion": api_version, "kind": kind, "metadata": kept}


class Marked:
    """Objects that bear marks, by what their marks name: made once for all targets of a cluster."""

    def __init__(self, tracked: Mapping[ObjectRef, Manifest]) -> None:
        self._by: dict[object, list[ObjectRef]] = defaultdict(list)
        for ref, manifest in tracked.items():
            for named in set(_named(section(manifest, "metadata"))):
                self._by[named].append(ref)

    def of(self, deployed: Deployed) -> Sequence[ObjectRef]:
        """Those whose marks name an engine's object; whether each is to be believed, `deployed_by` tells."""
        ref = deployed.object
        named = deployed.mark if deployed.engine == "argocd" else (_FLUX.get(ref.kind), ref.namespace, ref.name)
        return self._by.get(named, ())


def group_of(ref: ObjectRef) -> str:
    """An object's API group; the later one of a kind that moved from one to another."""
    return _MOVED.get((ref.group, ref.kind), ref.group)


def deployed_by(ref: ObjectRef, metadata: Mapping[str, Any], deployed: Deployed) -> bool:
    """Whether an object's marks say, believably, that this engine's object deployed it."""
    identity = section(metadata, "annotations").get(TRACKING_ID)
    if deployed.engine == "argocd" and identity is not None:
        return _names(str(identity), ref, deployed)
    if not _labelled(section(metadata, "labels"), deployed):
        return False
    return any(writer.startswith(_MANAGERS.get(deployed.object.kind, ())) for writer in _writers(metadata))


def claimed_by_another(ref: ObjectRef, metadata: Mapping[str, Any], deployed: Deployed | None) -> bool:
    """Whether an object bears a mark of this engine that is another's, or was meant for another object."""
    if deployed is None:
        return False
    if deployed.engine == "argocd":
        identity = section(metadata, "annotations").get(TRACKING_ID)
        return identity is not None and not _names(str(identity), ref, deployed)
    labels = section(metadata, "labels")
    return f"{_FLUX.get(deployed.object.kind)}/name" in labels and not _labelled(labels, deployed)


def disputed(objects: Iterable[tuple[ObjectRef, Manifest]], deployed: Deployed) -> bool:
    """Whether most marked objects say that another object of this engine deployed them.

    Whoever may make an Application or a Kustomization anywhere can have it claim any folder, and be at work for ever or
    far behind; the marks are where those who may write the objects themselves have put them.
    """
    whose = [_is_by(ref, section(manifest, "metadata"), deployed) for ref, manifest in objects]
    return whose.count(False) > whose.count(True)


def _is_by(ref: ObjectRef, metadata: Mapping[str, Any], deployed: Deployed) -> bool | None:
    """Whether an object names this engine's object as its own; None where it names none of this engine's."""
    if deployed.engine != "argocd":
        labels = section(metadata, "labels")
        return _labelled(labels, deployed) if f"{_FLUX.get(deployed.object.kind)}/name" in labels else None
    identity = section(metadata, "annotations").get(TRACKING_ID)
    app = identity.partition(":")[0] if isinstance(identity, str) else ""
    return app == deployed.mark if app and _names(str(identity), ref, replace(deployed, mark=app)) else None


def _writers(metadata: Mapping[str, Any]) -> list[str]:
    entries = metadata.get("managedFields")
    known = entries if isinstance(entries, list) else ()
    return [str(each.get("manager")) for each in known if isinstance(each, Mapping)]


def _named(metadata: Mapping[str, Any]) -> Iterator[object]:
    """What an object's marks name: Applications by their marks, Flux's objects by kind, namespace and name."""
    labels, identity = section(metadata, "labels"), section(metadata, "annotations").get(TRACKING_ID)
    names = [identity.partition(":")[0]] if isinstance(identity, str) else [labels.get(each) for each in _ARGOCD_LABELS]
    yield from (name for name in names if name and isinstance(name, str))
    for mark in _FLUX.values():
        if name := labels.get(f"{mark}/name"):
            yield mark, str(labels.get(f"{mark}/namespace")), str(name)


def _labelled(labels: Mapping[str, Any], deployed: Deployed) -> bool:
    if deployed.engine == "argocd":
        return any(labels.get(label) == deployed.mark for label in _ARGOCD_LABELS)
    mark = _FLUX.get(deployed.object.kind)
    named = (labels.get(f"{mark}/namespace"), labels.get(f"{mark}/name"))
    return named == (deployed.object.namespace, deployed.object.name)


def _names(identity: str, ref: ObjectRef, deployed: Deployed) -> bool:
    """Whether a tracking id, `app:group/Kind:namespace/name`, names this app and this object.

    Of cluster-wide objects it holds the app's namespace, or none (argo-cd, controller/state.go: isSelfReferencedObj).
    """
    app, _, rest = identity.partition(":")
    kind, _, place = rest.partition(":")
    group, _, kind = kind.rpartition("/")
    namespace, _, name = place.partition("/")
    claimed = ObjectRef(f"{group}/", kind, namespace if ref.namespace else "", name)
    same = ObjectRef(f"{group_of(ref)}/", ref.kind, ref.namespace, ref.name)
    return app == deployed.mark and same == ObjectRef(f"{group_of(claimed)}/", kind, claimed.namespace, name)
