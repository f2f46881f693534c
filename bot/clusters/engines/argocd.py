"""Argo CD: what its Applications say they deploy, and did. Field names by its CRD, `applications.argoproj.io` v1alpha1.

`status.sync` tells what was compared last, which need not have been applied; `status.history` and
`status.operationState` tell what was applied.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.clusters.engines.argocd_status import (
    SKIP,
    Around,
    at,
    automated,
    is_skipped,
    phase,
    told,
)
from bot.clusters.engines.claims import Claim, Place, folder_key, repository_key
from bot.clusters.engines.said import entries, moment, reference, text, within, written
from bot.model.sync import Deployed, Manifest, ObjectRef

GROUP, KIND, PROJECT, SET = "argoproj.io", "Application", "AppProject", "ApplicationSet"
REFRESH = "argocd.argoproj.io/refresh"
"""Set to `normal` it asks for a comparison with Git's newest now; Argo CD takes it off again. A sync follows where
auto-sync is on and, if nothing is new in Git, self-heal."""
_PINNED = re.compile(r"[v^~<>=*! ]*\d+(\.|$)|[0-9a-f]{40}$|refs/tags/")
ITS_OWN = frozenset(("https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local"))
_REWRITING = {
    "kustomize": (
        "namePrefix", "nameSuffix", "namespace", "images", "replicas", "patches", "components", "commonLabels",
        "commonAnnotations",
    ),
    "helm": ("values", "valuesObject", "parameters", "fileParameters", "namespace"),
    "directory": ("include", "exclude"),
    "plugin": ("name", "env", "parameters"),
}  # fmt: skip
"""Settings of a source by which something else is deployed than its folder says."""


def claims(application: Manifest, cluster: str, around: Around) -> Iterator[Claim]:
    """What an Application that is in a cluster says it deploys: a claim for each source that is a folder."""
    spec, status = within(application, "spec"), within(application, "status")
    destination = within(spec, "destination")
    server = text(destination.get("server"))
    name = text(destination.get("name"))
    sources = _sources(spec)
    places = [_place(source) for source in sources]
    kinds = status.get("sourceTypes") or [status.get("sourceType")]
    for index, source in enumerate(sources):
        if not _makes_objects(source):
            continue
        others = {place for other, place in zip(sources, places, strict=True) if _makes_objects(other)}
        kind = text(kinds[index]) if index < len(kinds) else ""
        deployed = _deployed(application, cluster, source, _revision(status, index, source))
        yield Claim(
            replace(
                told(deployed, application, index, around),
                recurses=kind in {"", "Directory"} and within(source, "directory").get("recurse") is True,
            ),
            places[index],
            branch=_branch(source),
            below=_reaches_below(source, kind),
            beside=frozenset(others - {places[index]}),
            release=_release(application, source) if kind == "Helm" else "",
            server="" if server in ITS_OWN else server,
            cluster="" if name == "in-cluster" else name,
        )


def held(application: Manifest) -> tuple[str, bool]:
    """Why asking for a refresh would undo nothing, "" if it would; and whether it would do nothing at all."""
    ref, policy = reference(application), automated(application)
    by_hand = f"run: argocd app sync {ref.namespace}/{ref.name}"
    if is_skipped(application):
        return f"Argo CD leaves it alone; take off its annotation {SKIP}", True
    if policy is None:
        return f"auto-sync is off for it in Argo CD; {by_hand}", True
    if policy.get("selfHeal") is not True:
        return f"self-heal is off for it in Argo CD, which then syncs new commits alone; {by_hand}", False
    return "", False


def begun(application: Manifest) -> datetime | None:
    """When it began what it is doing; None if nobody can tell."""
    ending = within(application, "metadata").get("deletionTimestamp")
    if ending:
        return moment(ending)
    if phase(application) in {"Running", "Terminating"}:
        return moment(within(application, "status", "operationState").get("startedAt"))
    return written(application, "operation")


def _deployed(application: Manifest, cluster: str, source: Mapping[str, Any], revision: str | None) -> Deployed:
    metadata, status = within(application, "metadata"), within(application, "status")
    ref = reference(application)
    controller = text(status.get("controllerNamespace")) or ref.namespace
    return Deployed(
        "argocd",
        cluster,
        ref,
        _place(source)[1],
        revision=revision,
        busy=_busy(application),
        inventory=frozenset(_inventory(status)) if "resources" in status else None,
        uid=text(metadata.get("uid")),
        mark=ref.name if ref.namespace == controller else f"{ref.namespace}_{ref.name}",
        namespace=text(within(application, "spec", "destination").get("namespace")),
        rewrites=tuple(_rewrites(source)),
        held=held(application)[0],
    )


def _sources(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Where the manifests come from; of an Application whose sources are hydrated, where the hydrated ones are."""
    hydrator = within(spec, "sourceHydrator")
    if hydrator:
        dry, synced = within(hydrator, "drySource"), within(hydrator, "syncSource")
        url = text(synced.get("repoURL")) or text(dry.get("repoURL"))
        return ({"repoURL": url, "path": synced.get("path"), "targetRevision": synced.get("targetBranch")},)
    return entries(spec.get("sources")) or entries([spec.get("source")])


def _makes_objects(source: Mapping[str, Any]) -> bool:
    """Whether objects come of a source; one that is only a `ref` gives its files to others."""
    return bool(source.get("chart") or source.get("path") or not source.get("ref"))


def _place(source: Mapping[str, Any]) -> Place:
    chart = text(source.get("chart"))
    folder = f"chart {chart}" if chart else folder_key(text(source.get("path")))
    return repository_key(text(source.get("repoURL"))), folder


def _branch(source: Mapping[str, Any]) -> str:
    """ "" for the repository's own, and for a tag, a range of versions or a commit, as far as one can tell."""
    revision = text(source.get("targetRevision")).removeprefix("refs/heads/")
    return "" if revision == "HEAD" or _PINNED.match(revision) else revision


def _reaches_below(source: Mapping[str, Any], kind: str) -> bool:
    """A plain folder does if it says so; a kustomization lists folders of its own choice, mostly those below it."""
    directory = within(source, "directory")
    if directory.get("include") or directory.get("exclude"):
        return False
    return kind == "Kustomize" or (kind in {"", "Directory"} and directory.get("recurse") is True)


def _rewrites(source: Mapping[str, Any]) -> Iterator[str]:
    for tool, names in _REWRITING.items():
        for name in names:
            if within(source, tool).get(name):
                yield f"{tool}.{name}"
    # A render takes the values files beside the chart that are the environment's.
    files = within(source, "helm").get("valueFiles")
    if isinstance(files, list) and any("/" in str(each) or "$" in str(each) for each in files):
        yield "helm.valueFiles"


def _release(application: Manifest, source: Mapping[str, Any]) -> str:
    return text(within(source, "helm").get("releaseName")) or reference(application).name


def _revision(status: Mapping[str, Any], index: int, source: Mapping[str, Any]) -> str | None:
    """The commit that the cluster was last brought to, as to one source.

    What was compared is what is there where nothing differed. Else the last whole sync that succeeded tells: `history`
    has those alone (argo-cd, controller/sync.go), but may be kept short; `operationState` has the last of any kind.
    """
    sync, operation = within(status, "sync"), within(status, "operationState")
    if sync.get("status") == "Synced" and _same(within(sync, "comparedTo"), index, source):
        return at(sync, index)
    history = entries(status.get("history"))
    if history:
        return at(history[-1], index) if _same(history[-1], index, source) else None
    asked, result = within(operation, "operation", "sync"), within(operation, "syncResult")
    whole = not asked.get("dryRun") and not asked.get("resources")
    if operation.get("phase") == "Succeeded" and whole and _same(result, index, source):
        return at(result, index)
    return None


def _same(said: Mapping[str, Any], index: int, source: Mapping[str, Any]) -> bool:
    """Whether what is told is told of the source as it is now: the spec may have changed since."""
    sources = entries(said.get("sources")) or entries([said.get("source")])
    return not sources or (index < len(sources) and _place(sources[index]) == _place(source))


def _busy(application: Manifest) -> str:
    if within(application, "metadata").get("deletionTimestamp"):
        return "Argo CD is deleting it"
    if within(application, "operation") or phase(application) == "Running":
        return "Argo CD is syncing it"
    return "Argo CD is breaking off a sync of it" if phase(application) == "Terminating" else ""


def _inventory(status: Mapping[str, Any]) -> Iterator[ObjectRef]:
    """All objects of the last comparison: those that only Git has are among them, and hooks are not."""
    for each in entries(status.get("resources")):
        group, version = text(each.get("group")), text(each.get("version"))
        if version and each.get("kind") and each.get("name") and each.get("hook") is not True:
            api = f"{group}/{version}" if group else version
            yield ObjectRef(api, text(each["kind"]), text(each.get("namespace")), text(each["name"]))
