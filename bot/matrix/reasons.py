"""Why a target is not as it should be, and what keeps its engine from putting that right."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot import wording
from bot.comparison.compare import verdict
from bot.model.sync import Ailment, Deployed, Kind, Sighting, SyncState

AILMENTS = 3
"""Objects that are told of one target; of more, it says how many."""
LONGEST = 500
"""Characters; much of it is the text of others."""


def reasons(seen: Sighting, now: datetime) -> str:
    """`2 of 3 replicas ready for 6 minutes: ImagePullBackOff …; suspended in Flux for 3 days`; empty where all is well.

    On one line, without what could steer a terminal or a chat, and cut where it is longer than `LONGEST`.
    """
    told = [_why(seen, now), _drift(seen), *(_engine(seen.deployed, seen.ailments, now) if seen.deployed else ())]
    line = " ".join("; ".join(filter(None, told)).split())
    line = "".join(each for each in line if each.isprintable())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def is_flagged(seen: Sighting) -> bool:
    """Whether its engine does not do by itself what it should, though nothing may be amiss yet."""
    told = seen.deployed
    return told is not None and bool(told.paused or told.held or told.waiting or told.trouble)


def _why(seen: Sighting, now: datetime) -> str:
    """What the look says, its first ailment with all that is known of it, and the others."""
    if not seen.ailments:
        return seen.why
    first, *others = seen.ailments
    said = wording.said(first, now)
    if others:
        said = wording.named(first, said)
    known = first.reason and first.reason in seen.why
    clauses = [seen.why.replace(first.reason, said, 1) if known else "; ".join(filter(None, [seen.why, said]))]
    clauses += [wording.named(each, wording.said(each, now)) for each in others[: AILMENTS - 1]]
    if len(others) >= AILMENTS:
        clauses.append(f"{len(others) - AILMENTS + 1:,} more objects are not healthy")
    return "; ".join(clauses)


def _drift(seen: Sighting) -> str:
    """How much differs, where that is not all said already: an object that is missing ails."""
    differ = [each for each in seen.differences if verdict([each]) is SyncState.DRIFTED]
    if seen.sync is not SyncState.DRIFTED or not any(each.kind is not Kind.MISSING for each in differ):
        return ""
    return f"differs from Git in {len(differ)} place{'s' * (len(differ) > 1)}: “drift” says where"


def _engine(told: Deployed, ailments: Iterable[Ailment], now: datetime) -> Iterator[str]:
    if told.paused:
        since = told.paused_since
        yield f"{told.paused} for {wording.lasted(now - since)}" if since else told.paused
    elif told.held:
        yield told.held.rstrip(".")
    if told.waiting:
        yield f"waits for {told.waiting}"
    if told.trouble and all(told.trouble not in each.reason for each in ailments):
        yield told.trouble
