"""One look at targets: what Git declares, what the cluster holds, and how the two stand to each other.

Used by status, drift and the scheduled checks, so that all three say the same. Reads through ports only; one target
that can't be looked at hides nothing of the others. The first comparison is made with what is at hand; only where
something differs are more witnesses asked: Git as last deployed, the cluster's schemas, at last a rehearsal.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot import pins
from bot.bases import UNKNOWN, Base, base
from bot.comparison.fields import Fields
from bot.comparison.marks import Marked, disputed
from bot.comparison.memory import Memory
from bot.comparison.orphans import Roll, candidates
from bot.comparison.rehearsed import confirmed, suspects
from bot.declared import Declarations, Declared, bare, declare
from bot.drift import ignores
from bot.errors import Refusal
from bot.judging import Evidence, differences, examined, sighting
from bot.model.catalog import ImagePolicy, Reading, Target
from bot.model.rules import Ignore
from bot.model.sync import Content, Deployed, Difference, Health, Kind, Live, Manifest, ObjectRef, Sighting, SyncState
from bot.policy import check
from bot.ports import Clusters, Engines, Git, Renderer, SyncedContents, Tree

log = logging.getLogger(__name__)

REHEARSING = "quarterdeck"
"""The field manager of dry runs for objects of which nobody tells who deployed them."""
RENDERS_AT_ONCE = 4
CLUSTERS_AT_ONCE = 8

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


def silently(what: str, done: int, total: int) -> None:
    """No progress is told."""


@dataclass(frozen=True)
class Inspection:
    """A look at one target with all that it was made of, for whoever puts things right."""

    sighting: Sighting
    evidence: Evidence | None = None
    """None where the target could not be compared; the sighting says why."""


@dataclass(frozen=True)
class Survey:
    """How to look; `look` does it."""

    git: Git
    renderer: Renderer
    clusters: Clusters
    synced: SyncedContents
    engines: Engines
    ignore: tuple[Ignore, ...] = ()
    memory: Memory = field(default_factory=Memory)
    """What was compared before, and need not be again."""
    declarations: Declarations = field(default_factory=Declarations)
    """What was rendered before, and need not be again."""
    secrets: bool = True
    """Whether Secrets are read and compared."""
    confirm: bool = False
    """Whether suspects are confirmed by dry runs, which takes the right to patch."""
    everywhere: Callable[[], Sequence[Target]] = tuple
    """All that could be looked at, asked for only where objects are left that nobody who was looked at declares."""
    progress: Progress = silently
    dated: Callable[[Sequence[Sighting]], tuple[Sighting, ...]] = tuple
    """What else is known of since when things differ, by those who looked before."""

    def look(self, targets: Iterable[Target]) -> tuple[Sighting, ...]:
        """A sighting of each target, in the order given, with one reading of each cluster."""
        return self.dated([each.sighting for each in self.inspect(targets)])

    def inspect(self, targets: Iterable[Target]) -> tuple[Inspection, ...]:
        """The same, with the evidence."""
        declared = self._declared(tuple(targets))
        compared = [each for each in declared if each.target.cluster and not each.why]
        known = self._known(compared)
        found = {target: differences(each) for target, each in known.items()}
        self._look_closer(known, found)
        self._spare(known, found)
        judged = {target: sighting(each, found[target]) for target, each in known.items()}
        seen = {target: Inspection(each, known[target]) for target, each in self._examine(judged, known).items()}
        self.synced.remember(
            {
                target: known[target].declared.content
                for target, each in seen.items()
                if each.sighting.sync is SyncState.SYNCED
            }
        )
        return tuple(seen.get(each.target) or Inspection(_unseen(each)) for each in declared)

    def closely(self, seen: Sighting) -> Sighting:
        """The sighting with the events and last log lines of what ails it, as far as they may be read; never raises.

        A few calls more: for a target that somebody is told of, not for all.
        """
        cluster = seen.target.cluster or ""
        engine = seen.deployed.object if seen.deployed else None
        ill = [each.object for each in seen.ailments if each.health is not Health.MISSING and each.object != engine]
        found = self.clusters.read(cluster, ill).objects if ill else {}
        return examined(seen, self.clusters.symptoms(cluster, found, closely=True), found) if found else seen

    def declare(self, tree: Tree, target: Target) -> Declared:
        """What a commit declares of a target; never raises, since others wait for their turn."""
        return declare(tree, target, self.renderer)

    def problems(self, tree: Tree, target: Target, policy: ImagePolicy) -> tuple[str, ...]:
        """Why a target of this tree can't be promoted, compared or allowed; none where all is well."""
        declared = self.declare(tree, target)
        if why := declared.unversioned or declared.why:
            return (f"{target}: {why}",)
        try:
            for pin in pins.locate(tree, target):
                check(policy, pin.image.name, declared.version or "latest")
        except Refusal as refusal:
            return (f"{target}: {refusal}",)
        return ()

    def _declared(self, targets: Sequence[Target]) -> tuple[Declared, ...]:
        """What the newest commits declare. What is compared with no cluster is not rendered: thousands would take
        minutes."""
        trees = {target.repository: self.git.head(target.repository) for target in targets}
        told = self.git.versions([target for target in targets if not target.watched])
        declared = [bare(trees[each.repository], each, told.get(each, Reading(None))) for each in targets]

        def render(each: Declared) -> Declared:
            if not each.target.cluster:
                return each
            return self.declarations.rendered(each, self.renderer, secrets=self.secrets)

        with ThreadPoolExecutor(RENDERS_AT_ONCE, "render") as pool:
            return tuple(self._told("rendered", pool.map(render, declared), len(declared)))

    def _known(self, compared: Sequence[Declared]) -> dict[Target, Evidence]:
        """The first evidence of each target: what its cluster holds, and what its engine says."""
        deployed = self.engines.deployed([each.target for each in compared])
        placed = [_placed(each, deployed.get(each.target)) for each in compared]
        trees = {each.target.repository: each.tree for each in placed}
        rules = {repository: _rules(tree) for repository, tree in trees.items()}
        declared: dict[str, list[ObjectRef]] = defaultdict(list)
        for each in placed:
            declared[each.target.cluster or ""] += each.references
        rolls = {cluster: Roll(refs) for cluster, refs in declared.items()}
        known = {
            each.target: Evidence(
                each,
                Live({}),
                deployed=deployed.get(each.target),
                ignore=tuple(
                    rule for rule in (*self.ignore, *rules[each.target.repository][0]) if _is_for(rule, each.target)
                ),
                problem=rules[each.target.repository][1],
                elsewhere=rolls[each.target.cluster or ""],
                secrets=self.secrets,
                memory=self.memory,
            )
            for each in placed
        }
        told = [target for target, engine in deployed.items() if engine.revision]
        self._recall(known, told, self.synced.last(told))
        wanted: dict[str, set[ObjectRef]] = {cluster: set(refs) for cluster, refs in declared.items()}
        for target in deployed:
            wanted[target.cluster or ""] |= candidates(known[target].traces)
        live = self._read(wanted)
        marked = {cluster: Marked(found.tracked) for cluster, found in live.items()}
        return {
            target: _undeceived(replace(each, live=live[target.cluster or ""], marked=marked[target.cluster or ""]))
            for target, each in known.items()
        }

    def _look_closer(self, known: dict[Target, Evidence], found: dict[Target, tuple[Difference, ...]]) -> None:
        """Ask more witnesses where something differs, or Git has moved on since all was well."""
        last = self.synced.last(known)
        suspects = [target for target in known if found[target] or _has_moved(known[target], last.get(target))]
        if not suspects:
            return
        self._recall(known, [each for each in suspects if known[each].base is UNKNOWN], last)
        self._read_removed(known, suspects)
        self._consult_schemas(known, {target: found[target] for target in suspects})
        found |= {target: differences(known[target]) for target in suspects}
        if self.confirm:
            self._rehearse(known, found)

    def _recall(
        self, known: dict[Target, Evidence], suspects: Sequence[Target], last: Mapping[Target, Content]
    ) -> None:
        """What Git said when each was deployed last."""

        def recalled(target: Target) -> Base:
            each = known[target]
            return base(each.declared, each.deployed, last.get(target), self.git, self.renderer, secrets=self.secrets)

        with ThreadPoolExecutor(RENDERS_AT_ONCE, "render") as pool:
            for target, before in zip(suspects, pool.map(recalled, suspects), strict=True):
                known[target] = replace(known[target], base=before)

    def _read_removed(self, known: dict[Target, Evidence], suspects: Sequence[Target]) -> None:
        """Objects that Git declared before and no longer does: whether they are still there."""
        removed: dict[str, set[ObjectRef]] = defaultdict(set)
        for target in suspects:
            live = known[target].live
            removed[target.cluster or ""] |= candidates(known[target].traces, {**live.objects, **live.tracked})
        read = self._read({cluster: refs for cluster, refs in removed.items() if refs})
        joined: dict[str, Live] = {}
        for target in suspects:
            cluster = target.cluster or ""
            if cluster in read:
                joined.setdefault(cluster, _joined(known[target].live, read[cluster]))
                known[target] = replace(known[target], live=joined[cluster])

    def _consult_schemas(self, known: dict[Target, Evidence], found: Mapping[Target, tuple[Difference, ...]]) -> None:
        kinds: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for target, differ in found.items():
            kinds[target.cluster or ""].update((each.object.api_version, each.object.kind) for each in differ)
        schemas = {cluster: self.clusters.schemas(cluster, wanted) for cluster, wanted in kinds.items() if wanted}
        for target in found:
            known[target] = replace(known[target], schemas=schemas.get(target.cluster or ""))

    def _spare(self, known: Mapping[Target, Evidence], found: dict[Target, tuple[Difference, ...]]) -> None:
        """What a target that was not looked at declares is nobody's orphan: it may have moved there."""
        lost = {target: gone for target, differ in found.items() if (gone := _lost(known[target], differ))}
        clusters = {target.cluster for target in lost}
        others = [each for each in self.everywhere() if each.cluster in clusters and each not in known] if lost else []
        declared = self._declared(others)
        roll = Roll(ref for each in declared for ref in each.references)
        unclear = {each.target.cluster for each in declared if each.why}
        for target, gone in lost.items():
            spared = {each for each in gone if each.object in roll or target.cluster in unclear}
            found[target] = tuple(each for each in found[target] if each not in spared)

    def _rehearse(self, known: Mapping[Target, Evidence], found: dict[Target, tuple[Difference, ...]]) -> None:
        """Have the API servers say what applying Git would change, as the client that deploys there."""
        asked: dict[tuple[str, str], dict[ObjectRef, Manifest]] = defaultdict(dict)
        # What two targets declare, each otherwise perhaps, can't be rehearsed for both.
        owners = Counter((target.cluster, ref) for target in found for ref in known[target].declared.references)
        for target, differ in found.items():
            live = known[target].live
            declared = {item.ref: item.manifest for item in known[target].declared.objects} if differ else {}
            for ref in suspects(differ, live.objects):
                if owners[target.cluster, ref] > 1:
                    continue
                deployer = Fields(live.managed.get(ref)).deployer() or REHEARSING
                asked[target.cluster or "", deployer][ref] = declared[ref]
        for (cluster, deployer), manifests in asked.items():
            rehearsals = self.clusters.rehearse(cluster, manifests, deployer)
            for target, differ in found.items():
                if target.cluster == cluster and any(each.object in rehearsals for each in differ):
                    each = known[target]
                    found[target], dismissed = confirmed(differ, each.live.objects, rehearsals, each.schemas)
                    if dismissed:
                        log.info("%s: %d differences were dismissed by dry runs", target, dismissed)

    def _examine(self, judged: dict[Target, Sighting], known: Mapping[Target, Evidence]) -> dict[Target, Sighting]:
        """Ask each cluster once what is to be seen of all that ails in it."""
        ailing: dict[str, dict[ObjectRef, Manifest]] = defaultdict(dict)
        for target, each in judged.items():
            objects = known[target].live.objects
            ailing[target.cluster or ""].update(
                (ill.object, objects[ill.object]) for ill in each.ailments if ill.object in objects
            )
        asked = {cluster: ill for cluster, ill in ailing.items() if ill}
        if not asked:
            return judged
        with ThreadPoolExecutor(CLUSTERS_AT_ONCE, "cluster") as pool:
            answers = pool.map(lambda cluster: self.clusters.symptoms(cluster, asked[cluster]), asked)
            told = dict(zip(asked, answers, strict=True))
        return {
            target: examined(each, told.get(target.cluster or "", {}), known[target].live.objects)
            for target, each in judged.items()
        }

    def _read(self, wanted: Mapping[str, Iterable[ObjectRef]]) -> dict[str, Live]:
        """What each cluster holds of what is wanted of it; one that answers slowly delays no other."""
        with ThreadPoolExecutor(CLUSTERS_AT_ONCE, "cluster") as pool:
            reads = pool.map(lambda cluster: self.clusters.read(cluster, wanted[cluster]), wanted)
            return dict(zip(wanted, reads, strict=True))

    def _told(self, what: str, items: Iterable[T], total: int) -> Iterator[T]:
        for done, item in enumerate(items, start=1):
            self.progress(what, done, total)
            yield item


def _placed(declared: Declared, deployed: Deployed | None) -> Declared:
    """With the namespace in which its engine puts what names none."""
    return replace(declared, placed=deployed.namespace) if deployed and deployed.namespace else declared


def _undeceived(known: Evidence) -> Evidence:
    """Without an engine's word where the objects themselves say that they are another's."""
    told, live = known.deployed, known.live.objects
    if told is None or not disputed(((ref, live[ref]) for ref in known.declared.references if ref in live), told):
        return known
    return replace(known, deployed=None, base=UNKNOWN)


def _unseen(declared: Declared) -> Sighting:
    """A target that can't be compared, and why."""
    target = declared.target
    why = declared.unversioned or declared.why or f"no cluster is configured for {target.environment}"
    return Sighting(target, declared.tree.commit, declared.version, None, SyncState.UNKNOWN, Health.UNKNOWN, why)


def _has_moved(known: Evidence, last: Content | None) -> bool:
    """Whether Git says something else than when all was last well."""
    return last is not None and last.identity != known.declared.content.identity


def _rules(tree: Tree) -> tuple[tuple[Ignore, ...], str]:
    """What a repository itself says is not to be told; of a file that can't be read, why none of it counts."""
    try:
        return ignores.of(tree), ""
    except Refusal as refusal:
        return (), f"nothing is ignored by the repository's own rules: {refusal}"


def _lost(known: Evidence, differ: Iterable[Difference]) -> tuple[Difference, ...]:
    """The objects that are there and that the target no longer declares."""
    whole = [each for each in differ if not each.path and each.kind in {Kind.ORPHAN, Kind.PENDING}]
    own = set(known.declared.references) if whole else set()
    return tuple(each for each in whole if each.object not in own)


def _is_for(rule: Ignore, target: Target) -> bool:
    return rule.service in {"", target.service} and rule.environment in {"", target.environment}


def _joined(live: Live, more: Live) -> Live:
    """Two readings of one cluster as one."""
    return replace(
        live,
        objects={**live.objects, **more.objects},
        unchecked={**live.unchecked, **more.unchecked},
        managed={**live.managed, **more.managed},
    )
