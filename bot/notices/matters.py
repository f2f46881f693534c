"""What there is to tell of a service besides its drift: it is degraded, its sync failed, its engine is switched off.

Pure. Told as differences, since the machine of drift's episodes (`bot.drift.episodes`) follows those from one look to
the next, and so tells each once, damps what comes and goes, and says when it is over. Their path is the matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot import wording
from bot.drift import episodes
from bot.drift.episodes import Patience, Step
from bot.model.episode import Episode
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState

DEGRADED = "health"
UNSYNCED = "sync"
PAUSED = "engine"

TRANSIENT = timedelta(minutes=2)
"""What is over sooner was none; and what is gone for less may only come and go."""
TOO_LONG = timedelta(hours=4)
"""How long somebody may have switched an engine off for their work."""
_EVER = datetime.min.replace(tzinfo=UTC)


def _lasts(matter: Difference) -> timedelta:
    return TOO_LONG if matter.path == PAUSED else TRANSIENT


PATIENCE = Patience(_lasts, TRANSIENT)


def matters(sighting: Sighting) -> tuple[Difference, ...]:
    """What is wrong with a service now, whatever of it will be told. `note` says it, without a time that passes."""
    engine = sighting.deployed
    found = []
    if engine and engine.trouble:
        found.append(_matter(engine.object, UNSYNCED, engine.trouble))
    if engine and engine.paused:
        found.append(_matter(engine.object, PAUSED, engine.paused, engine.paused_since))
    sick = [each for each in sighting.ailments if each.health is Health.DEGRADED]
    own = [each for each in sick if engine is None or each.object != engine.object]
    # What an engine says of the whole tells nothing more where the objects speak, or its sync failed.
    for each in own or ([] if engine and engine.trouble else sick):
        begun = each.since or each.symptoms.since
        found.append(_matter(each.object, DEGRADED, wording.said(each, begun or _EVER), begun))
    return tuple(found)


def follow(
    known: Mapping[str, Episode], sightings: Sequence[Sighting], busy: frozenset[str], now: datetime, key: bytes
) -> tuple[Mapping[str, Step], Mapping[str, Sighting]]:
    """What became of an environment's episodes in a look at all its services, and what was seen of each.

    `busy` are the services of which a message tells anyway. What could not be looked at is as it was.
    """
    there = {each.target.service for each in sightings}
    seen = {
        each.target.service: _told(each, known.get(each.target.service))
        for each in sightings
        if each.target.service not in busy and not _is_unseen(each)
    }
    steps = {name: episodes.follow(known.get(name), each, None, now, key, PATIENCE) for name, each in seen.items()}
    gone = {name: episodes.undeclared(each, now) for name, each in known.items() if name not in there}
    return steps | gone, seen


def _told(sighting: Sighting, known: Episode | None) -> Sighting:
    """The sighting as the machine takes it."""
    found = matters(sighting)
    unread = dict(sighting.unread)
    if sighting.deployed is None and known:
        # An engine that is not found may only be one that nobody could ask.
        asked = [each.object for each in known.findings if each.path in {UNSYNCED, PAUSED}]
        unread |= {_reference(each): "its engine was not found" for each in asked}
    sync = SyncState.DRIFTED if found else SyncState.SYNCED
    return replace(sighting, sync=sync, differences=found, deployed=None, unread=unread)


def _is_unseen(sighting: Sighting) -> bool:
    return sighting.health is Health.UNKNOWN and not matters(sighting)


def _matter(ref: ObjectRef, path: str, note: str, since: datetime | None = None) -> Difference:
    return Difference(ref, Kind.DRIFT, path, None, None, Severity.MEDIUM, since=since, note=note)


def _reference(said: str) -> ObjectRef:
    """An object by its words, as far as they go."""
    kind, _, name = said.partition(" ")
    namespace, _, name = name.rpartition("/")
    return ObjectRef("", kind, namespace, name)
