"""Everything that is known of one target becomes a sighting. Pure: who looked, and how, is not known here."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot import running, wording
from bot.bases import UNKNOWN, Base
from bot.comparison.compare import compare_all, verdict
from bot.comparison.marks import Marked
from bot.comparison.memory import Memory
from bot.comparison.orphans import Traces, orphans
from bot.declared import Declared
from bot.health import WORST_FIRST, health, is_settled
from bot.model.rules import Ignore
from bot.model.sync import (
    Ailment,
    Deployed,
    Difference,
    Health,
    Kind,
    Live,
    Manifest,
    ObjectRef,
    Schemas,
    Sighting,
    Symptoms,
    SyncState,
)

AHEAD = "Git is ahead: the cluster has not applied it yet"

_SAID = frozenset((Health.DEGRADED, Health.PROGRESSING, Health.SUSPENDED))
"""What an engine's word can make of a target: its `Healthy` may be of a minute ago."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a target: Git now, Git as last deployed, its cluster, its engine."""

    declared: Declared
    live: Live
    base: Base = UNKNOWN
    deployed: Deployed | None = None
    schemas: Schemas | None = None
    ignore: tuple[Ignore, ...] = ()
    problem: str = ""
    """Why less is ignored than somebody wants."""
    elsewhere: Container[ObjectRef] = frozenset()
    """What all targets of the cluster declare that were looked at."""
    secrets: bool = True
    marked: Marked | None = None
    """What the marks in `live.tracked` name."""
    memory: Memory | None = None

    @cached_property
    def traces(self) -> Traces:
        """What tells which objects were deployed for the target."""
        return Traces(
            self.declared.manifests,
            self.declared.namespace,
            self.before.manifests if self.before else (),
            self.base.is_current,
            self.engine,
            self.elsewhere,
            self.secrets,
        )

    @property
    def engine(self) -> Deployed | None:
        """The engine: not of this target alone, where it deploys folders below that were not rendered."""
        told = self.deployed
        more = told is not None and told.recurses and told.alone and self.declared.passes_over
        return replace(told, alone=False) if told and more else told

    @property
    def before(self) -> Declared | None:
        return self.base.declared

    @cached_property
    def unread(self) -> Mapping[ObjectRef, str]:
        """The target's objects that could not be read, and why."""
        unchecked = self.live.unchecked
        return {ref: unchecked[ref] for ref in self.declared.references if ref in unchecked} if unchecked else {}


def differences(known: Evidence) -> tuple[Difference, ...]:
    """How the cluster differs from what Git declares, orphans last."""
    found = compare_all(
        known.declared.manifests,
        known.live,
        known.declared.namespace,
        known.ignore,
        base=known.before.manifests if known.before else None,
        is_deployed=known.base.is_current,
        schemas=known.schemas,
        memory=known.memory,
    )
    if known.deployed or known.before:
        complete = not known.unread
        found += orphans(known.traces, known.live, complete=complete, ignore=known.ignore, marked=known.marked)
    return found


def sighting(known: Evidence, found: Sequence[Difference]) -> Sighting:
    """What it all amounts to. `found` are the differences, which may have been confirmed or dismissed meanwhile."""
    declared, live = known.declared, known.live
    unread = known.unread
    sync = verdict(found)
    if sync in {SyncState.SYNCED, SyncState.PENDING} and unread:
        sync = SyncState.UNKNOWN
    whys = _unread(Counter(unread.values()))
    engine = known.deployed
    if sync is SyncState.DRIFTED and engine and engine.rewrites:
        sync = SyncState.UNKNOWN
        whys.append(f"{engine.object} deploys something else than the folder says, by its {', '.join(engine.rewrites)}")
    elif sync is SyncState.DRIFTED and engine and engine.busy:
        sync = SyncState.PENDING
        whys.append(engine.busy)
    elif sync is SyncState.PENDING:
        whys.append(AHEAD)
    elif sync is SyncState.UNKNOWN and not unread:
        whys.append(_undecided(found))
    ill = _ailments(declared, live, engine)
    state = ill[0].health if ill else _well(declared, live)
    return Sighting(
        declared.target,
        declared.tree.commit,
        declared.version,
        running.version(declared, live.objects),
        sync,
        Health.UNKNOWN if unread and state is Health.HEALTHY else state,
        "; ".join(filter(None, [*whys, ill[0].reason if ill else "", declared.unversioned, known.problem])),
        tuple(found),
        known.deployed,
        unread,
        ill,
    )


def examined(seen: Sighting, symptoms: Mapping[ObjectRef, Symptoms], objects: Mapping[ObjectRef, Manifest]) -> Sighting:
    """The sighting with what else there is to see of its ailments; a look that saw nothing takes nothing away.

    Pods that can't run make a workload degraded, unless a rollout is under way: that has a deadline to keep.
    """
    if not any(each.object in symptoms for each in seen.ailments):
        return seen
    told = []
    for each in seen.ailments:
        found = symptoms.get(each.object, each.symptoms)
        stuck = found.stuck and each.health is Health.PROGRESSING and is_settled(objects.get(each.object, {}))
        told.append(replace(each, symptoms=found, health=Health.DEGRADED if stuck else each.health))
    ill = sorted(told, key=_rank)
    before, now = seen.ailments[0], ill[0]
    why = seen.why if before.object == now.object else seen.why.replace(before.reason, now.reason, 1)
    return replace(seen, ailments=tuple(ill), health=now.health, why=why)


def _ailments(declared: Declared, live: Live, engine: Deployed | None) -> tuple[Ailment, ...]:
    """Everything that is not healthy, the worst first; of equals, the objects' own word comes before the engine's."""
    ill = []
    for ref in dict.fromkeys(declared.references):
        if ref in live.objects:
            verdict = health(live.objects[ref])
            if verdict.health is not Health.HEALTHY:
                ill.append(Ailment(ref, verdict.health, verdict.reason, verdict.since))
        elif ref not in live.unchecked:
            ill.append(Ailment(ref, Health.MISSING, f"{ref} is missing"))
    if engine is not None and (told := _word(engine)) is not None:
        ill.append(told)
    return tuple(sorted(ill, key=_rank))


def _rank(ailment: Ailment) -> int:
    return WORST_FIRST.index(ailment.health)


def _word(engine: Deployed) -> Ailment | None:
    """What an engine says itself against the health of what it deployed. Of several folders' objects, that may be the
    others'; a sync that failed is the matter of all."""
    if engine.trouble:
        return Ailment(engine.object, Health.DEGRADED, engine.trouble)
    if engine.health not in _SAID or not engine.alone:
        return None
    return Ailment(engine.object, engine.health, f"{wording.engine(engine)} says: {engine.health}")


def _well(declared: Declared, live: Live) -> Health:
    return Health.HEALTHY if any(ref in live.objects for ref in declared.references) else Health.UNKNOWN


def _unread(reasons: Mapping[str, int]) -> list[str]:
    """One reason speaks for all: a cluster that is down says the same of each kind."""
    if not reasons:
        return []
    first = min(reasons)
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    many = f" ({reasons[first]} objects)" if reasons[first] > 1 and not more else ""
    return [f"{first}{many}{more}"]


def _undecided(found: Sequence[Difference]) -> str:
    """What of Git's side is wrong, or can't be compared."""
    wrong = [each for each in found if each.kind is Kind.CONFIG_ERROR]
    if not wrong:
        return "parts of it can't be compared"
    what = wrong[0].desired or wrong[0].note or "cannot be applied"
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{wrong[0].object}{f', {wrong[0].path}' if wrong[0].path else ''}: {what}{more}"
