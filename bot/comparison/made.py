"""Objects that nobody declares by their nature: the cluster or a controller makes them, and removes them.

None of them is ever left over from Git, whatever marks were copied to it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.comparison.identity import flatten
from bot.comparison.schema import section
from bot.comparison.secrets import is_one
from bot.model.sync import Manifest, ObjectRef

_KINDS = frozenset(
    (
        ("", "Endpoints"),
        ("", "Event"),
        ("", "Node"),
        ("apps", "ControllerRevision"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("cert-manager.io", "CertificateRequest"),
        ("acme.cert-manager.io", "Order"),
        ("acme.cert-manager.io", "Challenge"),
        ("cilium.io", "CiliumIdentity"),
        ("cilium.io", "CiliumEndpoint"),
        ("cilium.io", "CiliumEndpointSlice"),
        ("cilium.io", "CiliumNode"),
        ("kyverno.io", "UpdateRequest"),
    )
)
_GROUPS = frozenset(
    (
        "discovery.k8s.io",
        "coordination.k8s.io",
        "events.k8s.io",
        "metrics.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "wgpolicyk8s.io",
        "openreports.io",
        "reports.kyverno.io",
    )
)
"""Kinds and groups that Argo CD leaves out by default as well (its `resource.exclusions`)."""
_NAMES = re.compile(
    r"ServiceAccount \S+/default|Service default/kubernetes|ConfigMap \S+/(kube-root-ca\.crt|openshift-service-ca\.crt)"
    r"|Namespace (default|kube-\S+)|Secret \S+/sh\.helm\.release\.v1\.\S+"
)
"""As objects are spelled for people."""
_SIGNS = frozenset(
    (
        "kubernetes.io/service-account.name",
        "kubernetes.io/bootstrapping",
        "kube-aggregator.kubernetes.io/automanaged",
        "pv.kubernetes.io/provisioned-by",
        "cert-manager.io/certificate-name",
        "controller.cert-manager.io/fao",
        "reconcile.external-secrets.io/managed",
        "reconcile.external-secrets.io/data-hash",
        "argocd.argoproj.io/hook",
        "helm.sh/hook",
    )
)
"""Labels and annotations of what a controller, or a hook, made."""


class Makers:
    """What the declared objects of a target make in their turn: Secrets, and the claims of StatefulSets."""

    def __init__(self, declared: Iterable[Manifest]) -> None:
        self._secrets: set[str] = set()
        claims: list[str] = []
        for manifest in flatten(declared):
            kind, group = manifest.get("kind"), str(manifest.get("apiVersion", "")).rpartition("/")[0]
            if (group, kind) == ("apps", "StatefulSet"):
                claims += _claims(manifest)
            elif "." in group and not group.endswith(".k8s.io"):
                self._secrets.add(str(section(manifest, "metadata").get("name")))
                self._secrets.update(_texts(manifest.get("spec")))
        self._claims = re.compile(rf"(?:{'|'.join(claims)})-\d+") if claims else None

    def make(self, ref: ObjectRef) -> bool:
        """Whether it is theirs, by its name: a custom object makes the Secret that it is called like, or that it names
        (SealedSecret, ExternalSecret, Certificate and whatever else there is)."""
        if is_one(ref):
            return ref.name in self._secrets
        claim = (ref.group, ref.kind) == ("", "PersistentVolumeClaim")
        return claim and self._claims is not None and self._claims.fullmatch(ref.name) is not None


def made(ref: ObjectRef, metadata: Mapping[str, Any]) -> bool:
    """Whether the cluster or a controller made an object, as far as it says itself."""
    signs = section(metadata, "labels").keys() | section(metadata, "annotations").keys()
    return never_declared(ref) or bool(metadata.get("ownerReferences")) or bool(_SIGNS & signs)


def never_declared(ref: ObjectRef) -> bool:
    """Whether an object is one of those that come by themselves, by its name and kind alone."""
    return (ref.group, ref.kind) in _KINDS or ref.group in _GROUPS or _NAMES.fullmatch(str(ref)) is not None


def _claims(manifest: Manifest) -> Iterator[str]:
    """How the names of a StatefulSet's claims begin, as patterns: `data-db`, before the number."""
    name = str(section(manifest, "metadata").get("name"))
    templates = section(manifest, "spec").get("volumeClaimTemplates")
    for template in templates if isinstance(templates, list) else ():
        if isinstance(template, Mapping):
            yield re.escape(f"{section(template, 'metadata').get('name')}-{name}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
