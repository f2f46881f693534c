"""Sightings of a moment ago, for those who only want to know how things stand.

A look at thousands of targets takes seconds, and is the same for everybody who asks meanwhile. Knows time and
sightings, nothing else: who is about to change something, or judges what did change, looks afresh instead.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from bot.model.catalog import Target
from bot.model.sync import Sighting

KEPT = timedelta(seconds=15)
"""How long a look counts as how things stand."""

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


@dataclass(frozen=True)
class _Running:
    """A look that somebody has begun, at these commits."""

    heads: Mapping[str, str]
    targets: frozenset[Target]
    over: Event = field(default_factory=Event)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Recent:
    """Threads share it. Nothing outlives the process: another one's looks are its own."""

    def __init__(self, now: Callable[[], datetime] = _utc_now, kept: timedelta = KEPT) -> None:
        self._now = now
        self._for = kept
        self._kept: dict[Target, _Kept] = {}
        self._running: list[_Running] = []
        self._forgotten = 0
        self._lock = Lock()

    def look(self, heads: Mapping[str, str], targets: Sequence[Target], look: Look) -> Seen:
        """The sightings of some targets, in their order: those that are kept where each is of its repository's newest
        commit (`heads`), else by a `look`, which whoever asks for the same meanwhile waits for. Raises as it does."""
        mine = _Running(heads, frozenset(targets))
        while True:
            with self._lock:
                if (known := self._known(heads, targets)) is not None:
                    return known
                others = (each for each in self._running if each.heads == heads and mine.targets <= each.targets)
                if (running := next(others, None)) is None:
                    self._running.append(mine)
                    break
            running.over.wait()  # should it fail, the next of those who wait looks
        began, forgotten = self._now(), self._forgotten
        try:
            found = tuple(look(targets))
            if forgotten == self._forgotten:
                self.feed(found, began)
            return Seen(found, began)
        finally:
            with self._lock:
                self._running.remove(mine)
            mine.over.set()

    def feed(self, sightings: Iterable[Sighting], began: datetime) -> None:
        """Keep what somebody else saw, in a look that began then."""
        with self._lock:
            now = self._now()
            self._kept = {target: each for target, each in self._kept.items() if each.until > now}
            self._kept |= {each.target: _Kept(each, began, now + self._for) for each in sightings}

    def forget(self) -> None:
        """Something is about to change: what was seen before, or is being looked at, is not kept."""
        with self._lock:
            self._forgotten += 1
            self._kept = {}

    def _known(self, heads: Mapping[str, str], targets: Sequence[Target]) -> Seen | None:
        now, found = self._now(), []
        for target in targets:
            each = self._kept.get(target)
            if each is None or each.until <= now or each.sighting.revision != heads[target.repository]:
                return None
            found.append(each)
        at = min((each.at for each in found), default=now)
        return Seen(tuple(each.sighting for each in found), at, fresh=not found)
