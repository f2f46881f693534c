"""Flux: what its Kustomizations and HelmReleases say they deploy, and did. Field names by its CRDs.

A revision is `main@sha1:<commit>`, before Flux 2.0 `main/<commit>`; of an OCI artifact it is a digest, and the commit
that the artifact was made of is its origin.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.clusters.engines.claims import Claim, Place, folder_key, repository_key
from bot.clusters.engines.flux_status import Objects, condition, suspended, told
from bot.clusters.engines.said import commit_of, entries, moment, reference, text, within, written
from bot.model.sync import Deployed, Manifest, ObjectRef

KUSTOMIZATIONS, HELMRELEASES = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
SOURCES = "source.toolkit.fluxcd.io"
SOURCE_KINDS = ("GitRepository", "OCIRepository")
CHART = "HelmChart"
REQUESTED, FORCED = "reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt"
"""Any new value asks for a reconciliation now; the same in the second, of a HelmRelease, for an upgrade whether or not
anything is new."""
_ORIGIN = "org.opencontainers.image.source"
_REWRITING = {
    "Kustomization": (
        "targetNamespace", "namePrefix", "nameSuffix", "patches", "patchesStrategicMerge", "patchesJson6902", "images",
        "components",
    ),
    "HelmRelease": ("values", "valuesFrom", "postRenderers"),
}  # fmt: skip
"""Settings by which something else is deployed than the folder says. Substitutions are told by the folder itself."""


def claims(manifest: Manifest, around: Objects, cluster: str) -> Iterator[Claim]:
    """What a Kustomization or HelmRelease says it deploys; nothing if that is in a cluster that it does not name.
    `around` are the sources, and what is to be known besides.

    A Kustomization reaches the folders below its own, by its kustomization or, where there is none, all of them.
    """
    spec, ref = within(manifest, "spec"), reference(manifest)
    source = around.get(source_of(manifest))
    if source is None or spec.get("kubeConfig"):
        return
    of_chart = ref.kind == "HelmRelease"
    folder = text(within(spec, "chart", "spec").get("chart")) if of_chart else text(spec.get("path"))
    place = (_repository(source), folder_key(folder))
    if not place[0] or (of_chart and not folder):
        return
    release = _release(manifest) if of_chart else ""
    deployed = told(_deployed(manifest, place, cluster), manifest, source_of(manifest), around)
    yield Claim(deployed, place, branch=_branch(source), below=not of_chart, release=release)


def source_of(manifest: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name of the source that an object is made of."""
    spec = within(manifest, "spec")
    wanted = within(spec, "chart", "spec", "sourceRef") if "chart" in spec else within(spec, "sourceRef")
    namespace = text(wanted.get("namespace")) or reference(manifest).namespace
    return text(wanted.get("kind")), namespace, text(wanted.get("name"))


def held(manifest: Manifest) -> str:
    """Why asking for a reconciliation would be in vain; "" if it would not."""
    ref = reference(manifest)
    if not suspended(manifest):
        return ""
    return f"it is suspended in Flux; run: flux resume {ref.kind.lower()} {ref.name} -n {ref.namespace}"


def begun(manifest: Manifest) -> datetime | None:
    """When it began what it is doing; None if nobody can tell."""
    ending = within(manifest, "metadata").get("deletionTimestamp")
    if ending:
        return moment(ending)
    working = condition(manifest, "Reconciling")
    if working.get("status") == "True":
        return moment(working.get("lastTransitionTime"))
    return written(manifest, "spec")


def request(manifest: Manifest, now: str) -> Mapping[str, str]:
    """The annotations that ask for a reconciliation. Without force Helm does nothing while chart and values stay."""
    corrects = within(manifest, "spec", "driftDetection").get("mode") == "enabled"
    forced = reference(manifest).kind == "HelmRelease" and not corrects
    return {REQUESTED: now} | ({FORCED: now} if forced else {})


def _deployed(manifest: Manifest, place: Place, cluster: str) -> Deployed:
    spec, status, ref = within(manifest, "spec"), within(manifest, "status"), reference(manifest)
    by_helm = ref.kind == "HelmRelease"
    # Of charts it tells versions, which hold twelve digits of a commit at most.
    revision = None if by_helm else _applied(status)
    listed = within(status, "inventory").get("entries")
    chart = ("chart.spec.valuesFiles",) if within(spec, "chart", "spec").get("valuesFiles") else ()
    return Deployed(
        "flux",
        cluster,
        ref,
        place[1],
        revision=revision,
        busy=_busy(manifest),
        inventory=frozenset(_inventory(listed)) if isinstance(listed, list) else None,
        uid=text(within(manifest, "metadata").get("uid")),
        namespace=text(spec.get("targetNamespace")) or (ref.namespace if by_helm else ""),
        recurses=not by_helm,  # it makes a kustomization of all files below where there is none
        rewrites=(*(name for name in _REWRITING.get(ref.kind, ()) if spec.get(name)), *chart),
        held=held(manifest),
    )


def _release(manifest: Manifest) -> str:
    """As helm-controller calls it (api/v2, GetReleaseName), short of names that it cuts."""
    spec, name = within(manifest, "spec"), reference(manifest).name
    elsewhere = text(spec.get("targetNamespace"))
    return text(spec.get("releaseName")) or (f"{elsewhere}-{name}" if elsewhere else name)


def _applied(status: Mapping[str, Any]) -> str | None:
    """The commit that was applied last, and became ready if it was waited for."""
    return commit_of(status.get("lastAppliedRevision")) or commit_of(status.get("lastAppliedOriginRevision"))


def _busy(manifest: Manifest) -> str:
    """Whatever is suspended does nothing, and what failed is tried again for ever: neither is worth waiting for."""
    metadata, status = within(manifest, "metadata"), within(manifest, "status")
    if metadata.get("deletionTimestamp"):
        return "Flux is deleting it"
    if held(manifest):
        return ""
    working = condition(manifest, "Reconciling")
    if working.get("status") == "True":
        return "" if working.get("reason") == "ProgressingWithRetry" else "Flux is applying it"
    observed, generation = status.get("observedGeneration"), metadata.get("generation")
    behind = isinstance(observed, int) and isinstance(generation, int) and 0 <= observed < generation
    return "Flux has yet to apply its newest settings" if behind else ""


def _inventory(listed: object) -> Iterator[ObjectRef]:
    """From `<namespace>_<name>_<group>_<kind>`, where `__` is the colon of RBAC's names (cli-utils, ObjMetadata)."""
    for each in entries(listed):
        namespace, _, rest = text(each.get("id")).partition("_")
        name, group, kind = ["", "", *rest.rsplit("_", 2)][-3:]
        version = text(each.get("v"))
        if name and kind and version:
            api = f"{group}/{version}" if group else version
            yield ObjectRef(api, kind, namespace, name.replace("__", ":"))


def _repository(source: Manifest) -> str:
    url = text(within(source, "spec").get("url"))
    if reference(source).kind == "OCIRepository":
        url = text(within(source, "status", "artifact", "metadata").get(_ORIGIN))
    return repository_key(url) if url else ""


def _branch(source: Manifest) -> str:
    ref = within(source, "spec", "ref")
    return text(ref.get("name")).removeprefix("refs/heads/") or text(ref.get("branch"))
