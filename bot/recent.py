"""Sightings of a moment ago, for those who only want to know how things stand.

A look at thousands of targets takes seconds, and is the same for everybody who asks meanwhile. Of a few, and of those
that are on the move, people ask to see them move: these are looked at afresh. Knows time and sightings, nothing else:
who is about to change something, or judges what did change, asks elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from bot.model.catalog import Target
from bot.model.sync import Health, Sighting, SyncState

KEPT = timedelta(seconds=15)
"""How long a look counts as how things stand."""
FEW = 20
"""Targets that are looked at in about the time that Git is asked whether it has moved."""

Look = Callable[[Sequence[Target]], Sequence[Sighting]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked for. `at` is when the oldest of it was looked for; `fresh`, that it was just now."""

    sightings: tuple[Sighting, ...]
    at: datetime
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class _Kept:
    sighting: Sighting
    at: datetime
    until: datetime

    def counts(self, heads: Mapping[str, str], now: datetime) -> bool:
        return now < self.until and self.sighting.revision == heads[self.sighting.target.repository]


@dataclass
class _Running:
    """A look that somebody has begun, at these commits."""

    heads: Mapping[str, str]
    targets: frozenset[Target]
    found: dict[Target, _Kept] = field(default_factory=dict)
    over: Event = field(default_factory=Event)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Recent:
    """Threads share it. Nothing outlives the process: another one's looks are its own."""

    def __init__(self, now: Callable[[], datetime] = _utc_now, kept: timedelta = KEPT, few: int = FEW) -> None:
        self._now = now
        self._for = kept
        self._few = few
        self._kept: dict[Target, _Kept] = {}
        self._running: list[_Running] = []
        self._forgotten = 0
        self._lock = Lock()

    def look(self, heads: Mapping[str, str], targets: Sequence[Target], look: Look) -> Seen:
        """The sightings of some targets, in their order: those that are kept where each is of its repository's newest
        commit (`heads`), else by a `look`, which whoever asks for the same meanwhile waits for. Raises as it does."""
        while True:
            with self._lock:
                known = self._known(heads, targets)
                again = [target for target in targets if target not in known]
                running = self._begun(heads, again) if again else None
                if again and running is None:
                    self._running.append(mine := _Running(heads, frozenset(again)))
                    break
            if running is None:
                return _seen(targets, known, fresh=not targets)
            running.over.wait()
            if running.found:  # else it failed: the next of those who wait looks
                return _seen(targets, known | running.found, fresh=not known)
        try:
            began, forgotten = self._now(), self._forgotten
            found = look(again)
            mine.found = self._taken(found, began)
            with self._lock:
                if forgotten == self._forgotten:
                    self._kept |= mine.found
        finally:
            with self._lock:
                self._running.remove(mine)
            mine.over.set()
        return _seen(targets, known | mine.found, fresh=not known)

    def feed(self, sightings: Iterable[Sighting], began: datetime) -> None:
        """Keep what somebody else saw, in a look that began then."""
        taken = self._taken(sightings, began)
        with self._lock:
            self._kept |= taken

    def forget(self) -> None:
        """Something is about to change: what was seen before, or is being looked at, is not kept."""
        with self._lock:
            self._forgotten += 1
            self._kept = {}

    def _known(self, heads: Mapping[str, str], targets: Sequence[Target]) -> dict[Target, _Kept]:
        """What need not be looked at again."""
        now = self._now()
        self._kept = {target: each for target, each in self._kept.items() if now < each.until}
        if len(targets) <= self._few:
            return {}
        kept = ((target, self._kept.get(target)) for target in targets)
        known = {target: each for target, each in kept if each is not None and each.counts(heads, now)}
        moving = [target for target, each in known.items() if _is_moving(each.sighting)]
        for target in moving if len(moving) <= self._few else ():
            del known[target]
        return known

    def _begun(self, heads: Mapping[str, str], targets: Iterable[Target]) -> _Running | None:
        wanted = frozenset(targets)
        return next((each for each in self._running if each.heads == heads and wanted <= each.targets), None)

    def _taken(self, sightings: Iterable[Sighting], began: datetime) -> dict[Target, _Kept]:
        until = self._now() + self._for
        return {each.target: _Kept(each, began, until) for each in sightings}


def _seen(targets: Sequence[Target], known: Mapping[Target, _Kept], *, fresh: bool) -> Seen:
    found = [known[target] for target in targets]
    at = min((each.at for each in found), default=datetime.min.replace(tzinfo=UTC))
    return Seen(tuple(each.sighting for each in found), at, fresh)


def _is_moving(seen: Sighting) -> bool:
    return seen.sync is SyncState.PENDING or seen.health is Health.PROGRESSING
