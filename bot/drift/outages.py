"""Why targets can't be checked, over a course of checks: one cause is one thing to tell, however many it hides.

Pure, as `bot.drift.episodes` is, and by the same measure: two checks in a row begin it, two end it.
"""

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.model.catalog import Target
from bot.model.episode import Outage
from bot.model.sync import Kind, Sighting, SyncState

_TIMES = re.compile(r"\d+(\.\d+)? ?s\b")
_TAIL = re.compile(r" (?:for|when asked for) .*| \(.*", re.DOTALL)
"""What an answer was about; of an API server that is down there is one for each kind."""


class Turn(StrEnum):
    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Blindness:
    """A cause as one check met it: the sentence, as it was first heard, and the targets that it hides (parts of)."""

    why: str
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class OutageStep:
    """What a check makes of an outage; `after` is None where there is nothing more to know."""

    before: Outage | None
    after: Outage | None
    turn: Turn | None = None
    now: Blindness | None = None


def causes(sightings: Sequence[Sighting], key: bytes) -> Mapping[str, Blindness]:
    """What the targets of one check could not be read for, by the cause's fingerprint.

    What is wrong with one target's own files is that target's: see `bot.drift.episodes.findings`.
    """
    whys: dict[str, str] = {}
    hidden: dict[str, list[Target]] = defaultdict(list)
    for sighting in sightings:
        reasons = sorted(set(sighting.unread.values())) or ([sighting.why] if _is_unjudged(sighting) else [])
        for why in reasons:
            cause = fingerprint(_of_all(sighting, why), key)
            whys.setdefault(cause, why)
            if sighting.target not in hidden[cause]:
                hidden[cause].append(sighting.target)
    own = {fingerprint(each.why, key) for each in sightings if _is_unseen(each)}
    return {
        cause: Blindness(whys[cause], tuple(targets))
        for cause, targets in hidden.items()
        if len(targets) > 1 or cause not in own
    }


def hidden(sightings: Sequence[Sighting], found: Mapping[str, Blindness], key: bytes) -> frozenset[Target]:
    """The targets of which nothing at all is known for a cause that they share."""
    return frozenset(each.target for each in sightings if _is_unseen(each) and fingerprint(each.why, key) in found)


def follow(
    known: Sequence[Outage], found: Mapping[str, Blindness], environment: str, now: datetime
) -> tuple[OutageStep, ...]:
    """The next state of each outage of an environment, and of those that are new."""
    before = {each.cause: each for each in known}
    steps = [
        _present(before.get(cause), Outage(environment, cause, now, seen=0), now, each) for cause, each in found.items()
    ]
    return (*steps, *(_absent(each, now) for each in known if each.cause not in found))


def fingerprint(why: str, key: bytes) -> str:
    """The same for the same trouble, however long it took and whatever was being read."""
    said = _TIMES.sub("", _TAIL.sub("", why))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:32]


def _is_unseen(sighting: Sighting) -> bool:
    """Whether it could not be compared at all, though its cluster may be read."""
    return sighting.sync is SyncState.UNKNOWN and not sighting.unread and not sighting.differences


def _is_unjudged(sighting: Sighting) -> bool:
    """Whether it, or a part of it, could not be compared, and nothing of it is wrong as such."""
    wrong = any(each.kind is Kind.CONFIG_ERROR for each in sighting.differences)
    return sighting.sync is SyncState.UNKNOWN and not sighting.unread and not wrong


def _of_all(sighting: Sighting, why: str) -> str:
    """The reason without what names this target alone."""
    return why.replace(str(sighting.deployed.object), "") if sighting.deployed else why


def _present(known: Outage | None, new: Outage, now: datetime, found: Blindness) -> OutageStep:
    # One that was told to have ended, and has not been forgotten yet, is over all the same: this is another.
    outage = replace(new, version=known.version) if known and known.missed >= 2 else known or new
    after = replace(outage, seen=min(outage.seen + 1, 2) if not outage.missed else 1, missed=0, left=None)
    if after.opened is None and after.seen >= 2:
        return OutageStep(known, replace(after, opened=now), Turn.BEGAN, found)
    return OutageStep(known, after, None, found)


def _absent(known: Outage, now: datetime) -> OutageStep:
    if known.opened is None or known.missed >= 2:
        return OutageStep(known, None)
    after = replace(known, seen=0, missed=known.missed + 1, left=known.left or now)
    return OutageStep(known, after, Turn.ENDED if after.missed == 2 else None)
