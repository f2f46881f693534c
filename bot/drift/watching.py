"""What changed from one look at targets to the next, for whoever watches at a terminal. Pure.

A terminal has no episodes: it is told at once, and tells again what comes again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.drift import report
from bot.model.catalog import Target
from bot.model.sync import Difference, Severity, Sighting, SyncState

MARKS = "+", "-"


@dataclass(frozen=True, slots=True)
class Change:
    """A target as it is now, what its state was (None: not known yet), what came and what went."""

    now: Sighting
    before: SyncState | None
    came: tuple[Difference, ...] = ()
    went: tuple[Difference, ...] = ()


def changes(before: Sequence[Sighting], after: Sequence[Sighting]) -> Iterator[Change]:
    """The targets that are another than at the last look; at the first, those that aren't in sync."""
    last = {sighting.target: sighting for sighting in before}
    for now in after:
        then = last.get(now.target)
        old, new = _told(then), _told(now)
        change = Change(
            now,
            then.sync if then else None,
            tuple(each for key, each in new.items() if key not in old),
            tuple(each for key, each in old.items() if key not in new),
        )
        is_new = then is None and now.sync is not SyncState.SYNCED
        if change.came or change.went or is_new or (then and (then.sync, _cause(then)) != (now.sync, _cause(now))):
            yield change
    there = {sighting.target for sighting in after}
    for target in [each for each in last if each not in there]:
        yield Change(_gone(last[target], target), last[target].sync, (), tuple(_told(last[target]).values()))


def kept(before: Sequence[Sighting], after: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """A look's sightings, for the next one to be told from: what could not be looked at differs as it did before."""
    last = {sighting.target: sighting for sighting in before}
    return tuple(
        replace(now, differences=last[now.target].differences)
        if now.sync is SyncState.UNKNOWN and now.target in last
        else now
        for now in after
    )


def lines(change: Change, now: datetime) -> Iterator[str]:
    """For people: the time and the state, then what came (+) and what went (-)."""
    why = _cause(change.now)
    yield f"{now:%H:%M:%S} {change.now.target}: {change.now.sync}{f' ({why})' if why else ''}"
    for mark, found in zip(MARKS, (change.came, change.went), strict=True):
        for each in found:
            yield f"  {mark} {each.object} {report.finding(each, report.ago(now))}"


def data(change: Change, now: datetime) -> dict[str, object]:
    """A line of `drift --watch --json`, schema quarterdeck/drift-change/v1 (docs/json.md)."""
    told = report.data(replace(change.now, differences=()))
    del told["differences"]
    return {
        "schema": "quarterdeck/drift-change/v1",
        "at": now.isoformat(timespec="seconds"),
        **told,
        "before": change.before.value if change.before else None,
        "came": report.data(replace(change.now, differences=change.came))["differences"],
        "went": report.data(replace(change.now, differences=change.went))["differences"],
    }


def _told(sighting: Sighting | None) -> dict[tuple[object, ...], Difference]:
    """What is worth a line; another value is another finding."""
    found = (each for each in (sighting.differences if sighting else ()) if each.severity is not Severity.INFO)
    return {(each.object, each.kind, each.path, each.desired, each.live): each for each in found}


def _cause(sighting: Sighting) -> str:
    """Why it is as it is, where that is not a matter of what differs: words on health change while pods come up."""
    return sighting.why if sighting.sync is SyncState.UNKNOWN else ""


def _gone(last: Sighting, target: Target) -> Sighting:
    return Sighting(
        target, last.revision, None, None, SyncState.UNKNOWN, last.health, "it is no longer declared in Git"
    )
