"""Argo CD: what an ApplicationSet would have made, had it not failed. Field names by its CRD, v1alpha1.

A service without an Application is deployed by nothing, as far as looking tells. Where a set that fails has a template
whose path is the service's folder, that is why. Templates are not evaluated: whatever stands for a part of a path may
be anything, and what stands for all of it is only believed where the set's generator names folders.
"""

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.clusters.engines.argocd import ITS_OWN
from bot.clusters.engines.argocd_status import failure
from bot.clusters.engines.claims import Claim, folder_key, repository_key
from bot.clusters.engines.said import entries, reference, text, within
from bot.model.catalog import Target
from bot.model.sync import Deployed, Manifest

_TEMPLATE = re.compile(r"(?:\{\{.{0,500}?\}\})+")
_UNMADE = frozenset((("", ""),))
"""A set makes more than one Application: nothing that it says is of one service alone."""


def claims(made_by: Manifest, cluster: str, targets: Iterable[Target]) -> Iterator[Claim]:
    """Of these targets those that an ApplicationSet, which fails, would deploy; with its failure, and nothing else."""
    why = failure(made_by)
    if not why:
        return
    spec, ref = within(made_by, "spec", "template", "spec"), reference(made_by)
    trouble = f"ApplicationSet {ref.namespace}/{ref.name} fails, and there is no Application for it: {why}"
    for source in entries(spec.get("sources")) or entries([spec.get("source")]):
        repository, revision = repository_key(text(source.get("repoURL"))), text(source.get("targetRevision"))
        for target in targets:
            server, name = _leads_to(within(spec, "destination"), target)
            for folder in {folder_key(each) for each in target.folders if _is_of(source, made_by, folder_key(each))}:
                yield Claim(
                    Deployed("argocd", cluster, ref, folder, trouble=trouble, held="there is no Application to ask"),
                    (repository, folder),
                    branch="" if revision == "HEAD" or _TEMPLATE.search(revision) else revision,
                    beside=_UNMADE,
                    server=server,
                    cluster=name,
                )


def _leads_to(destination: Mapping[str, Any], target: Target) -> tuple[str, str]:
    """The server or the cluster's name; of a template, the target's, since it may be any."""
    server, name = text(destination.get("server")), text(destination.get("name"))
    if _TEMPLATE.search(server + name):
        return "", target.cluster or ""
    return "" if server in ITS_OWN else server, "" if name == "in-cluster" else name


def _is_of(source: Mapping[str, Any], made_by: Manifest, folder: str) -> bool:
    path = folder_key(text(source.get("path")))
    literal = _TEMPLATE.sub("", path).strip("/")
    if not path or source.get("chart"):
        return False
    if literal:
        parts = [re.escape(each) for each in _TEMPLATE.split(path)]
        return re.fullmatch(".+".join(parts), folder) is not None
    return any(fnmatch.fnmatchcase(folder, folder_key(each)) for each in _folders(made_by))


def _folders(made_by: Manifest) -> Iterator[str]:
    """The globs of folders that a set goes by."""
    for generator in entries(within(made_by, "spec").get("generators")):
        for each in entries(within(generator, "git").get("directories")):
            if each.get("exclude") is not True:
                yield text(each.get("path"))
