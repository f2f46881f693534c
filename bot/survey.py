"""One look at targets: what Git declares, what the cluster holds, and how the two stand to each other.

Used by status, drift and the scheduled checks, so that all three say the same. Reads through ports only; one target
that can't be looked at hides nothing of the others.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from bot import pins
from bot.comparison.compare import compare_all, verdict
from bot.comparison.identity import Declared as DeclaredObject
from bot.comparison.identity import declared as identified
from bot.errors import Refusal, Unavailable
from bot.health import health, worst
from bot.manifests import images
from bot.model.catalog import Image, ImagePolicy, Reading, Target
from bot.model.rules import Ignore
from bot.model.sync import Difference, Health, Live, Manifest, ObjectRef, Sighting, SyncState
from bot.policy import check
from bot.ports import Clusters, Git, Renderer, SyncedRevisions, Tree

RENDERS_AT_ONCE = 4
REMEMBERED = 5
"""Commits back that the last state seen in sync is looked for; each may cost a render."""

CLUSTERS_AT_ONCE = 8


@dataclass(frozen=True)
class Declared:
    """What Git says of a target at one commit; `why` where it can't be told."""

    target: Target
    tree: Tree
    version: str | None
    manifests: tuple[Manifest, ...]
    inputs: tuple[str, ...] = ()
    """The files and folders that the manifests are made of, bases included."""
    why: str = ""

    @cached_property
    def objects(self) -> tuple[DeclaredObject, ...]:
        return identified(self.manifests, self.target.namespace)

    @property
    def references(self) -> tuple[ObjectRef, ...]:
        return tuple(each.ref for each in self.objects)


@dataclass(frozen=True)
class Survey:
    """How to look; `look` does it."""

    git: Git
    renderer: Renderer
    clusters: Clusters
    synced: SyncedRevisions
    ignore: tuple[Ignore, ...] = ()

    def look(self, targets: Iterable[Target]) -> tuple[Sighting, ...]:
        """A sighting of each target, in the order given, with one reading of each cluster."""
        wanted = tuple(targets)
        trees = {target.repository: self.git.head(target.repository) for target in wanted}
        told = self.git.versions(wanted)
        # What is compared with no cluster need not be rendered: of thousands that would take minutes.
        bare = {target: _bare(trees[target.repository], target, told[target]) for target in wanted}
        compared = [each for each in bare.values() if each.target.cluster is not None]
        with ThreadPoolExecutor(RENDERS_AT_ONCE, "render") as pool:
            rendered = {each.target: each for each in pool.map(self._render, compared)}
        live = self._read(tuple(rendered.values()))
        declared = (rendered.get(target, bare[target]) for target in wanted)
        return tuple(self._sighting(each, live.get(each.target.cluster)) for each in declared)

    def declare(self, tree: Tree, target: Target) -> Declared:
        """What a commit declares of a target; never raises, since others wait for their turn."""
        try:
            reading = Reading(pins.current(tree, target))
        except (Refusal, Unavailable) as trouble:
            reading = Reading(None, str(trouble))
        return self._render(_bare(tree, target, reading))

    def _render(self, declared: Declared) -> Declared:
        """With the objects as well, where the version could be told."""
        tree, folders = declared.tree, declared.target.folders
        if declared.why:
            return declared
        try:
            manifests = tuple(each for folder in folders for each in self.renderer.render(tree, folder))
            inputs = {path for folder in folders for path in self.renderer.inputs(tree, folder)}
        except (Refusal, Unavailable) as trouble:
            return replace(declared, why=str(trouble))
        return replace(declared, manifests=manifests, inputs=tuple(sorted(inputs)))

    def problems(self, tree: Tree, target: Target, policy: ImagePolicy) -> tuple[str, ...]:
        """Why a target of this tree can't be promoted, compared or allowed; none where all is well."""
        declared = self.declare(tree, target)
        if declared.why:
            return (f"{target}: {declared.why}",)
        try:
            for pin in pins.locate(tree, target):
                check(policy, pin.image.name, declared.version or "latest")
        except Refusal as refusal:
            return (f"{target}: {refusal}",)
        return ()

    def _read(self, declared: Sequence[Declared]) -> Mapping[str | None, Live]:
        """What each cluster holds of all that is declared for it; one that answers slowly delays no other."""
        wanted: dict[str, set[ObjectRef]] = defaultdict(set)
        for each in declared:
            if each.target.cluster:
                wanted[each.target.cluster].update(each.references)
        with ThreadPoolExecutor(CLUSTERS_AT_ONCE, "cluster") as pool:
            reads = pool.map(lambda cluster: self.clusters.read(cluster, sorted(wanted[cluster])), wanted)
            return dict(zip(wanted, reads, strict=True))

    def _sighting(self, declared: Declared, live: Live | None) -> Sighting:
        target = declared.target
        seen = Sighting(target, declared.tree.commit, declared.version, None, SyncState.UNKNOWN, Health.UNKNOWN)
        if declared.why:
            return replace(seen, why=declared.why)
        if live is None:
            return replace(seen, why=f"no cluster is configured for {target.environment}")
        references = declared.references
        differences = self._differences(declared.manifests, target, live)
        unchecked = sorted({live.unchecked[ref] for ref in references if ref in live.unchecked})
        healths = [health(live.objects[ref]) for ref in references if ref in live.objects]
        missing = [ref for ref in references if ref not in live.objects and ref not in live.unchecked]
        if missing:
            healths.append((Health.MISSING, f"{missing[0]} is missing"))
        state, reason = worst(healths) if healths else (Health.UNKNOWN, "")
        reason = "" if state is Health.HEALTHY else reason
        sync = verdict(differences)
        if sync is SyncState.SYNCED and unchecked:
            sync = SyncState.UNKNOWN
        elif sync is SyncState.DRIFTED and self._pending(declared, live):
            sync = SyncState.PENDING
            differences = ()
            reason = f"Git is ahead: the cluster has not applied it yet{'; ' + reason if reason else ''}"
        elif sync is SyncState.SYNCED:
            self.synced.remember(target, self._identity(declared))
        return replace(
            seen,
            live=_live_version(declared, live.objects),
            sync=sync,
            health=Health.UNKNOWN if unchecked and state is Health.HEALTHY else state,
            why="; ".join([*_first(unchecked), *([reason] if reason else [])]),
            differences=differences,
        )

    def _differences(self, manifests: Sequence[Manifest], target: Target, live: Live) -> tuple[Difference, ...]:
        return compare_all(manifests, live, target.namespace, self.ignore)

    def _pending(self, declared: Declared, live: Live) -> bool:
        """Whether the cluster is exactly as the target was before commits that it never followed yet."""
        target = declared.target
        if self.synced.seen(target, self._identity(declared)):
            return False
        former = self._former(declared)
        if former is None or former.why or not former.manifests:
            return False
        wanted = set(declared.references) | set(former.references)
        if wanted - set(declared.references):
            live = self.clusters.read(target.cluster or "", sorted(wanted))
        return verdict(self._differences(former.manifests, target, live)) is SyncState.SYNCED

    def _former(self, declared: Declared) -> Declared | None:
        """The target as it was last seen in sync; where no store tells, as it was before its newest commit."""
        target, before = declared.target, None
        for commit in islice(self.git.log(target.repository, declared.inputs), REMEMBERED):
            if not commit.parents:
                break
            then = self.declare(self.git.at(target.repository, commit.parents[0]), target)
            before = before or then
            if self.synced.seen(target, self._identity(then)):
                return then
        return before

    def _identity(self, declared: Declared) -> str:
        """The same for the same files: by Git's object ids, never by what the files hold."""
        named = ((path, declared.tree.identity(path)) for path in declared.inputs)
        return hashlib.sha256(repr(tuple(named)).encode()).hexdigest()


def _first(reasons: Sequence[str]) -> list[str]:
    """One reason speaks for all: a cluster that is down says the same of each kind."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return [f"{reasons[0]}{more}"] if reasons else []


def _bare(tree: Tree, target: Target, reading: Reading) -> Declared:
    return Declared(target, tree, reading.version, (), why=reading.why)


def _live_version(declared: Declared, objects: Mapping[ObjectRef, Manifest]) -> str | None:
    """What the cluster runs of the containers that Git gives the service's version; several are joined."""
    versions = set()
    for each in declared.objects:
        names = {name for name, image in _containers(each.manifest) if declared.version in _versions(image)}
        if each.ref in objects:
            versions |= {_spoken(image, declared) for name, image in _containers(objects[each.ref]) if name in names}
    return ", ".join(sorted(versions)) or None


def _versions(image: Image) -> tuple[str | None, ...]:
    """Every way that Git may have written the image's version."""
    return image.tag or "latest", image.digest, f"{image.tag}@{image.digest}"


def _spoken(image: Image, declared: Declared) -> str:
    """The image's version as Git writes it where it is the same; else what the runtime pulls by."""
    same = declared.version is not None and declared.version in _versions(image)
    return str(declared.version if same else image.version or "latest")


def _containers(node: Any) -> Iterator[tuple[str, Image]]:
    """Every container's name and image, at any depth."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in {"containers", "initContainers"} and isinstance(value, list):
                for container in value:
                    if isinstance(container, Mapping) and isinstance(container.get("image"), str):
                        try:
                            yield str(container.get("name", "")), images.parse(container["image"])
                        except Refusal:
                            continue
            else:
                yield from _containers(value)
    elif isinstance(node, list):
        for item in node:
            yield from _containers(item)
