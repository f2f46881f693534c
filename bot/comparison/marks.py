"""The marks that engines leave on the objects they deploy, and what those marks say.

A mark is a claim that anything can copy: operators copy labels and annotations to the objects they make themselves.
Whether a claim holds is judged in `orphans`.
"""

from collections.abc import Mapping
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Manifest

TRACKING_ID = "argocd.argoproj.io/tracking-id"
ARGOCD_INSTANCE = "argocd.argoproj.io/instance"
INSTANCE = "app.kubernetes.io/instance"
"""Argo CD's default before 3.0, and any chart's idea of its release's name: it says nothing by itself."""
KUSTOMIZATION, HELMRELEASE = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
"""Flux's label is this with `/name` and, beside it, `/namespace`."""
RELEASE, RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"

_LABELS = frozenset((ARGOCD_INSTANCE, INSTANCE, f"{KUSTOMIZATION}/name", f"{HELMRELEASE}/name"))
_ANNOTATIONS = frozenset((TRACKING_ID, RELEASE))
_KEPT = ("name", "namespace", "uid", "labels", "ownerReferences", "deletionTimestamp", "creationTimestamp")
_DROPPED = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object once more; of a Secret, its values."""


def marks(metadata: Mapping[str, Any]) -> bool:
    """Whether an object's metadata bears any engine's mark."""
    return bool(_LABELS & section(metadata, "labels").keys() or _ANNOTATIONS & section(metadata, "annotations").keys())


def trimmed(api_version: str, kind: str, metadata: Mapping[str, Any]) -> Manifest:
    """What of a marked object is worth keeping (`Live.tracked`): identity, marks and owners, never what it holds."""
    annotations = {name: value for name, value in section(metadata, "annotations").items() if name != _DROPPED}
    kept = {name: metadata[name] for name in _KEPT if name in metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": {**kept, "annotations": annotations}}
