"""The order of promotion: whether a version has earned its way into an environment by doing well in the one before.

Pure: what was looked at is given, and what was not, or can't be told, is closed. Must not know who asks, nor where a
look comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import policy, wording
from bot.model.catalog import Catalog, Environment, Target
from bot.model.promotion import Standing
from bot.model.sync import Health, Sighting, SyncState
from bot.model.verification import Proof
from bot.standing import GAP


@dataclass(frozen=True, slots=True)
class Open:
    """Nothing of the order stands against it."""


@dataclass(frozen=True, slots=True)
class Closed:
    """It may not go on yet, or not at all."""

    why: str
    """A whole sentence: which gate it is, and what was seen."""
    next: str
    """What to do instead, as a sentence that may end with what to type."""
    opens: datetime | None = None
    """When it opens if all stays as it is."""
    final: bool = False
    """Whether waiting alone can't open it."""
    unproven: bool = False
    """Whether all that is left is to probe it."""

    def __str__(self) -> str:
        return f"{self.why} {self.next}"


Verdict = Open | Closed


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a service in the environment that it comes from."""

    sighting: Sighting | None = None
    """A fresh look; None where the service is not there."""
    standing: Standing | None = None
    """What it was last seen to run there, and since when that does well."""
    proofs: Sequence[Proof] | None = None
    """What came of that environment's probes just now; None where nobody has asked."""


def judge(target: Target, version: str, catalog: Catalog, evidence: Evidence, now: datetime) -> Verdict:
    """Whether a version may go to a target: it must be running, in sync and healthy in the environment `after` which
    the target's comes, have been so for the soak, and pass that environment's probes.

    What is there already, or goes back, is not asked here: a rollback passes no gate.
    """
    place = catalog.environments[target.environment]
    if place.after is None:
        return Open()
    before, there = catalog.environments[place.after], evidence.sighting
    said = f"{target.service} {wording.short(version)} can't go to {place.name}"
    first = f"{said}: it must be healthy in {before.name} first, and"
    if there is None:
        instead = f"Add its folder to {before.name}, or say: {_words(target, version)} anyway because …"
        return Closed(f"{first} {target.service} is not there.", instead, final=True)
    if (never := _never(target, version, before, there)) is not None:
        return Closed(f"{first} {never[0]}.", never[1], final=True)
    wait = f"Or say: {_words(target, version)} when healthy"
    if why := _unwell(there, version, before):
        return Closed(f"{said} yet: {why}.", wait)
    soaked = _soaked(f"{said} yet: it", version, before.name, place.soak, evidence.standing, now, wait)
    if isinstance(soaked, Closed) or not before.verification.probes:
        return soaked
    if evidence.proofs is None:
        unproven = f"{said} yet: what {before.name} verifies can't be checked here."
        return Closed(unproven, _anyway(target, version), unproven=True)
    for proof in evidence.proofs:
        if proof.passed is not True:
            return Closed(f"{said} yet: {proof.what} has not passed in {before.name}: {proof.evidence}.", wait)
    return Open()


def _never(target: Target, version: str, before: Environment, there: Sighting) -> tuple[str, str] | None:
    """Why waiting alone won't help, and what to do instead; None if it may."""
    if there.target.cluster is None:
        return "no cluster is configured there that could tell", _anyway(target, version)
    if there.desired is None or there.desired == version:
        return None
    why = f"Git has {wording.short(there.desired)} there"
    if policy.is_downgrade(there.desired, version):
        return why, f"To go back to a version that ran in {target.environment}, say: rollback {target} to {version}"
    return why, f"First say: promote {target.service} {version} to {before.name}"


def _unwell(there: Sighting, version: str, before: Environment) -> str:
    """Why it does not count as healthy there now; empty if it does."""
    why = f" ({there.why})" if there.why else ""
    if there.health is Health.MISSING:
        return f"it is missing in {before.name}{why}"
    if there.live is None or there.desired is None or there.sync is SyncState.UNKNOWN:
        return f"how it does in {before.name} can't be told{why}"
    if there.live != version:
        return f"{before.name} still runs {wording.short(there.live)}{why}"
    if there.sync is SyncState.PENDING:
        return f"{before.name} is not yet as Git says{why}"
    if there.sync is SyncState.DRIFTED:
        return f"{before.name} has drifted from what Git says{why}"
    return "" if there.health is Health.HEALTHY else f"it is {there.health} in {before.name}{why}"


def _soaked(
    said: str, version: str, place: str, soak: timedelta, standing: Standing | None, now: datetime, wait: str
) -> Verdict:
    """Whether it has been healthy for long enough, where it is healthy now."""
    if soak <= timedelta():
        return Open()
    if standing is None or not _is_known_well(standing, version, now):
        return Closed(
            f"{said} is healthy in {place}, but not known since when, and must be for {length(soak)}. "
            "The bot notes that once a minute while it serves.",
            wait,
        )
    opens = standing.since + soak
    if now >= opens:
        return Open()
    done = part(max(timedelta(), now - standing.since), soak)
    return Closed(f"{said} has been healthy in {place} for {done}; it may at {clock(opens, now)}.", wait, opens)


def _is_known_well(standing: Standing, version: str, now: datetime) -> bool:
    return standing.version == version and standing.health is Health.HEALTHY and now - standing.seen <= GAP


def _words(target: Target, version: str) -> str:
    return f"promote {target.service} {version} to {target.environment}"


def _anyway(target: Target, version: str) -> str:
    return f"To promote it all the same, say: {_words(target, version)} anyway because …"


def length(period: timedelta) -> str:
    """A time span in full: `1 hour 30 minutes`."""
    seconds, parts = int(period.total_seconds()), []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts) or "0 seconds"


def part(done: timedelta, whole: timedelta) -> str:
    """`12 minutes of 30`, `2 hours of 1 day`: how much of a time span has passed."""
    said, asked = wording.lasted(done), length(whole)
    count, _, unit = asked.partition(" ")
    return f"{said} of {count if said.split()[-1].rstrip('s') == unit.rstrip('s') else asked}"


def clock(when: datetime, now: datetime) -> str:
    """`14:32 UTC`, with the date where it is another day."""
    there = wording.moment(when)
    return there.partition(" ")[2] if there.split()[0] == wording.moment(now).split()[0] else there
