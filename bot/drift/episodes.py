"""From one check of a target to the next: what is worth telling, and what is known afterwards.

Pure: no clock, no store, no chat, no words. A finding counts once two checks in a row saw it (at once if it is high,
and what else there is with it), and is gone once two did not; a target that nobody could look at is neither drifted
nor healed.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.episode import Episode, Finding, Silence
from bot.model.rules import Mute
from bot.model.sync import Difference, Kind, ObjectRef, Severity, Sighting, SyncState

AGAIN = timedelta(hours=1)
"""What comes back within this is the same episode; what stays as it is for so long has settled."""

RESTLESS = 3
"""Returns, each within `AGAIN` of the last, after which it is only said that it comes and goes."""

REMINDERS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))

LOST = timedelta(hours=1)
"""When an episode is told again of which nobody knows whether its message arrived."""

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Event(StrEnum):
    OPENED = "opened"
    AGAIN = "again"
    CHANGED = "changed"
    RESTLESS = "restless"
    SETTLED = "settled"
    """It came and went, and has now been there for a while."""
    REMINDED = "reminded"
    WORSE = "worse"
    """Its mute ends early."""
    UNMUTED = "unmuted"
    """Its mute has run out."""
    HEALED = "healed"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a finding must be there before it counts, and be gone before it is, besides two checks in a row."""

    there: Callable[[Difference], timedelta] = lambda _: timedelta()
    gone: timedelta = timedelta()


NONE = Patience()


@dataclass(frozen=True, slots=True)
class Step:
    """What a check makes of an episode. Without events nothing is to be told; without an episode nothing be known."""

    episode: Episode | None
    events: tuple[Event, ...] = ()
    new: tuple[Difference, ...] = ()
    again: tuple[Difference, ...] = ()
    changed: tuple[Difference, ...] = ()
    gone: tuple[Finding, ...] = ()
    unmute: bool = False
    """The target's mute is to be taken back."""


def follow(
    known: Episode | None, sighting: Sighting, mute: Mute | None, now: datetime, key: bytes, patience: Patience = NONE
) -> Step:
    """The next state of a target's episode after a check of it. `mute` may have run out."""
    target = sighting.target
    busy = _is_busy(sighting)
    nothing = Episode(target.environment, target.service, now)
    known = _by_now(known, now) if known else None
    before = known or nothing
    if known and known.healed and now - known.healed >= AGAIN and not known.restless:
        before = replace(nothing, silence=known.silence, version=known.version)
    if busy and not before.held:
        # An engine at work leaves things half done; one that never ends must not hide them.
        return Step(replace(before, held=True))
    if not findings(sighting) and _is_unseen(before, sighting):
        return Step(known)
    course = _course(before, sighting, now, key, patience)
    after = _stirred(before, course, now)
    after = replace(after, held=busy, findings=course.findings, inherited=False)
    if any(finding.open for finding in course.findings):
        if not before.is_open and not before.restless:
            first = min(finding.first for finding in course.findings if finding.open)
            after = replace(after, opened=now, began=first)
        after = replace(after, healed=None, undeclared=False)
    elif before.is_open:
        after = replace(after, healed=max((each.left or now for each in course.gone), default=now))
    return _settle(_told(before, after, course, mute, now))


def _by_now(known: Episode, now: datetime) -> Episode:
    """As it is known, of a clock that was set back: what is yet to come counts as just been, and not for a day more."""

    def by_then(time: datetime | None) -> datetime | None:
        return time and min(time, now)

    return replace(
        known,
        began=min(known.began, now),
        opened=by_then(known.opened),
        healed=by_then(known.healed),
        stirred=by_then(known.stirred),
    )


def undeclared(known: Episode, now: datetime) -> Step:
    """The target is no longer in Git. One that nobody was told of is forgotten; a message of it says so at last."""
    if known.healed or not (known.told or known.message):
        return Step(None)
    after = replace(known, healed=now, undeclared=True, findings=(), told=False)
    return Step(after, (Event.UNDECLARED,) if known.told else ())


def dated(sightings: Sequence[Sighting], episodes: Iterable[Episode], key: bytes) -> tuple[Sighting, ...]:
    """Sightings that also say since when, where no writer is known, by the first check that saw it."""
    first = {finding.id: finding.first for each in episodes for finding in each.findings if not finding.missed}

    def fill(sighting: Sighting, difference: Difference) -> Difference:
        if difference.since is not None:
            return difference
        return replace(difference, since=first.get(identity(sighting, difference, key)))

    return tuple(
        replace(each, differences=tuple(fill(each, difference) for difference in each.differences)) if first else each
        for each in sightings
    )


def findings(sighting: Sighting) -> tuple[Difference, ...]:
    """Those differences that count: where Git's side can't be read at all, that is one.

    None where something differs and nobody can say what of it is wrong, since the engine deploys something else.
    """
    if sighting.sync is SyncState.DRIFTED or _is_busy(sighting):
        # What differs while an engine is at work is called pending.
        return tuple(each for each in sighting.differences if _counts(each))
    if sighting.sync is not SyncState.UNKNOWN or sighting.unread:
        return ()
    if not sighting.differences:
        nowhere = ObjectRef("", "", "", sighting.target.service)
        return (Difference(nowhere, Kind.CONFIG_ERROR, "", sighting.why, None, Severity.MEDIUM),)
    counted = tuple(each for each in sighting.differences if _counts(each))
    return counted if all(each.kind is Kind.CONFIG_ERROR for each in counted) else ()


def held_open(episode: Episode, sighting: Sighting, key: bytes) -> tuple[Difference, ...]:
    """Those differences that are no mere suspicion; since when, of those that came later than the episode."""
    there = {each.id: each.first for each in episode.findings if each.open}
    named = ((identity(sighting, each, key), each) for each in findings(sighting))
    return tuple(
        replace(each, since=there[name] if there[name] != episode.began else None)
        for name, each in named
        if name in there
    )


def identity(sighting: Sighting, difference: Difference, key: bytes) -> str:
    """The finding's fingerprint: the same whatever the values are, and whatever version of its API the object has."""
    target, ref = sighting.target, difference.object
    return _fingerprint(
        key,
        [
            target.environment,
            target.service,
            ref.group,
            ref.kind,
            ref.namespace,
            ref.name,
            difference.kind,
            difference.path,
        ],
    )


def _is_busy(sighting: Sighting) -> bool:
    return bool(sighting.deployed and sighting.deployed.busy)


def _counts(difference: Difference) -> bool:
    return difference.severity is not Severity.INFO and difference.kind not in {Kind.PENDING, Kind.UNKNOWN}


def _fingerprint(key: bytes, said: Sequence[object]) -> str:
    return hmac.new(key, json.dumps(said).encode(), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Course:
    """What became of the findings in one check."""

    findings: tuple[Finding, ...]
    new: tuple[Difference, ...] = ()
    again: tuple[Difference, ...] = ()
    changed: tuple[Difference, ...] = ()
    gone: tuple[Finding, ...] = ()


def _course(before: Episode, sighting: Sighting, now: datetime, key: bytes, patience: Patience) -> _Course:
    seen: dict[str, list[Difference]] = {}
    for each in findings(sighting):
        seen.setdefault(identity(sighting, each, key), []).append(each)
    kept: list[Finding] = []
    told: dict[str, list[Difference]] = {"new": [], "again": [], "changed": []}
    gone: list[Finding] = []
    known = {each.id: each for each in before.findings}
    # What is grave is told at once, and what else there is with it.
    grave = {name for name, several in seen.items() if any(each.severity is Severity.HIGH for each in several)}
    at_once = any(name not in known or not known[name].open for name in grave)
    for name, differences in seen.items():
        finding, news = _present(known.get(name), name, differences, now, key, patience)
        if at_once and not finding.open:
            finding, news = _opened(finding)
        if before.inherited:
            finding, news = replace(finding, open=True), ""
        kept.append(finding)
        if news:
            told[news] += differences
    for former in before.findings:
        if former.id in seen:
            continue
        after = former if _unseen(former, sighting) else _absent(former, now, patience.gone)
        if after is not None:
            kept.append(after)
        if former.open and not (after and after.open):
            gone.append(after or former)
    return _Course(tuple(kept), tuple(told["new"]), tuple(told["again"]), tuple(told["changed"]), tuple(gone))


def _present(
    known: Finding | None, name: str, differences: Sequence[Difference], now: datetime, key: bytes, patience: Patience
) -> tuple[Finding, str]:
    one = min(differences, key=lambda each: _RANKS[each.severity])
    value = _fingerprint(key, [name, sorted([str(each.desired), str(each.live)] for each in differences)])
    if known is None:
        begun = min([now, *(each.since for each in differences if each.since)])
        known = Finding(
            name, value, str(one.object) if one.object.kind else "", one.path, one.kind, one.severity, begun, 0
        )
    was_open, left = known.open, known.left
    seen = min(known.seen + 1, 2) if not known.missed else 1
    changed = known.value != value
    first = now if left is not None and not was_open and seen == 1 else known.first
    after = replace(known, value=value, severity=one.severity, first=first, seen=seen, missed=0)
    if was_open:
        return replace(after, left=None), "changed" if changed else ""
    lasts = max(patience.there(each) for each in differences)
    return _opened(after) if seen >= 2 and (not lasts or now - first >= lasts) else (after, "")


def _opened(suspect: Finding) -> tuple[Finding, str]:
    """A finding that is no mere suspicion any more, and whether it was there before."""
    return replace(suspect, open=True, left=None), "new" if suspect.left is None else "again"


def _absent(known: Finding, now: datetime, patience: timedelta) -> Finding | None:
    """A finding that the check looked for in vain; None if it is to be forgotten."""
    if known.open:
        left = known.left if known.missed else now
        stays = known.missed < 1 or bool(left and now - left < patience)
        return replace(known, seen=0, missed=known.missed + 1, left=left, open=stays)
    if known.left is None or now - known.left > AGAIN:
        return None
    return replace(known, seen=0, missed=min(known.missed + 1, 2))


def _unseen(known: Finding, sighting: Sighting) -> bool:
    """Whether the check could not look there, or could not judge what it saw."""
    if known.object in {str(ref) for ref in sighting.unread}:
        return True
    if any(
        each.kind is Kind.UNKNOWN and str(each.object) == known.object and each.path in {"", known.path}
        for each in sighting.differences
    ):
        return True
    if sighting.sync is not SyncState.UNKNOWN or sighting.unread:
        return False
    if not sighting.differences:
        return known.kind is not Kind.CONFIG_ERROR
    return any(_counts(each) and each.kind is not Kind.CONFIG_ERROR for each in sighting.differences)


def _is_unseen(known: Episode, sighting: Sighting) -> bool:
    """Whether the check could look nowhere that matters."""
    return sighting.sync is SyncState.UNKNOWN and all(_unseen(each, sighting) for each in known.findings)


def _stirred(before: Episode, course: _Course, now: datetime) -> Episode:
    """How restless it is: what came back or changed within a while of the last such thing is counted."""
    recent = before.stirred is not None and now - before.stirred < AGAIN
    calm = replace(before, returns=before.returns if recent or before.restless else 0)
    if not (course.new or course.again or course.changed or course.gone):
        return calm
    back = bool(course.again or course.changed)
    return replace(calm, returns=calm.returns + back, stirred=now)


def _told(before: Episode, after: Episode, course: _Course, mute: Mute | None, now: datetime) -> Step:
    """What of it is told: nothing while it is muted, little while it is restless."""
    after, mute_event, unmute = _muted(before, after, mute, now)
    silence = after.silence
    if silence and not silence.over:
        return Step(replace(after, told=before.told and after.is_open), unmute=unmute)
    events: list[Event] = [mute_event] if mute_event and after.is_open else []
    restless = before.restless
    if not restless and after.returns >= RESTLESS:
        after = replace(after, restless=True)
    settled = restless and after.stirred is not None and now - after.stirred >= AGAIN
    if settled:
        after = replace(after, restless=False)
    if after.is_open and not before.told:
        events.insert(0, Event.AGAIN if before.message else Event.OPENED)
    elif after.is_open and course != _Course(course.findings):
        events.append(Event.CHANGED)
    elif before.told and not after.is_open:
        events.append(Event.HEALED)
    if after.restless:
        # Only what was never there before is told, besides that it comes and goes.
        events = [event for event in events if event in {Event.OPENED, Event.WORSE, Event.UNMUTED}]
        events += [Event.CHANGED] if course.new and before.restless and Event.WORSE not in events else []
        events += [Event.RESTLESS] if not before.restless else []
        return Step(replace(after, told=True), tuple(events), course.new, unmute=unmute)
    if settled:
        events = [Event.SETTLED] if after.is_open else [Event.HEALED]
    after, reminder = _reminded(after, now)
    if reminder and not events:
        events.append(Event.REMINDED)
    step = Step(
        replace(after, told=after.is_open), tuple(events), course.new, course.again, course.changed, course.gone
    )
    return replace(step, unmute=unmute)


def _muted(before: Episode, after: Episode, mute: Mute | None, now: datetime) -> tuple[Episode, Event | None, bool]:
    """With its mute: the one that there is, unless it ends now."""
    was = before.silence
    if mute is not None and was and was.at == mute.at and was.over:
        return after, None, True
    if mute is None or mute.until <= now:
        ended = was is not None and not was.over and was.until <= now
        return replace(after, silence=None), Event.UNMUTED if ended else None, mute is not None
    there = tuple(each.id for each in after.findings if each.first <= mute.at and each.left is None)
    silence = was if was and was.at == mute.at else Silence(mute.at, mute.until, mute.by, mute.because, there)
    found = [each for each in after.findings if each.open and not each.missed]
    if found and not silence.known:
        # It was muted before there was anything: what comes first is what was meant.
        silence = replace(silence, known=tuple(each.id for each in after.findings if not each.missed))
    grave = {Severity.HIGH, Severity.MEDIUM}
    if any(each.id not in silence.known and each.severity in grave for each in found):
        return replace(after, silence=replace(silence, over=True)), Event.WORSE, True
    return replace(after, silence=replace(silence, until=mute.until)), None, False


def _reminded(episode: Episode, now: datetime) -> tuple[Episode, bool]:
    """Those reminders that are due count as one."""
    if not episode.is_open or episode.opened is None:
        return replace(episode, reminded=0), False
    age = now - episode.opened
    due = sum(age >= period for period in REMINDERS)
    lost = not episode.message and episode.told and age >= LOST
    return replace(episode, reminded=max(due, episode.reminded)), due > episode.reminded or lost


def _settle(step: Step) -> Step:
    """Forget what there is nothing to know of."""
    episode = step.episode
    if episode is None or episode.findings or episode.healed or episode.held:
        return step
    if episode.silence and (episode.silence.known or episode.silence.over):
        return step
    return replace(step, episode=None)


def by_severity(episode: Episode) -> Mapping[Severity, int]:
    """How many open findings there are of each severity, worst first; none of those that there are none of."""
    found = [each.severity for each in episode.findings if each.open]
    return {severity: found.count(severity) for severity in Severity if severity in found}
