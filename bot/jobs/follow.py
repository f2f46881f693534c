"""The follower: looks at every promotion that is underway, has its course judged, and has each step told once.

Knows neither words nor gates. May stop between any two steps: what is known is written before and after it is told
(`bot.jobs.announcing`), and what is left is found again by the next round, here or in another process.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.errors import Gone, Refusal, Unavailable
from bot.jobs.announcing import Announcer
from bot.jobs.gathering import Gathering, Key, key_of
from bot.model.catalog import Catalog
from bot.model.promotion import Promotion
from bot.model.pull import PullRequest
from bot.model.verification import Verification
from bot.ports import Forge, Promotions
from bot.promotions import course
from bot.promotions.evidence import Evidence

log = logging.getLogger(__name__)

ASKED = timedelta(seconds=15)
"""How often the forge is asked unless it nudges: people wait for an answer, and it allows few requests."""
LOOKED = timedelta(seconds=10)
"""How often clusters are looked at."""
NUDGED = timedelta(seconds=2)
"""How often they are, however often somebody nudges."""
SEARCHED = timedelta(minutes=1)
"""How often pull requests are looked for that nobody follows."""
PATIENCE = 3
"""Messages one after the other that the chat did not take, after which the rest waits for the next round."""
CLOSED = timedelta(hours=1)
"""How long one that was closed is still asked about, since whoever reopens it may merge it at once."""


@dataclass
class Follow:
    """`run` every few seconds; `nudge` when something is known to have happened. One for the life of the process."""

    catalog: Catalog
    promotions: Promotions
    gathering: Gathering
    announcer: Announcer
    forge: Callable[[], Forge | None]
    _running: threading.Lock = field(default_factory=threading.Lock, init=False)
    _nudged: threading.Event = field(default_factory=threading.Event, init=False)
    _last: dict[str, datetime] = field(default_factory=dict, init=False)
    """When each thing was done."""
    _closed: dict[Key, datetime] = field(default_factory=dict, init=False)
    """When each was seen to be closed."""
    _strange: set[Key] = field(default_factory=set, init=False)
    """Open pull requests that nobody followed at the last search."""
    _untold: set[Key] = field(default_factory=set, init=False)
    """Those that the chat did not take, and that must not keep the others from being told."""
    _quiet: tuple[datetime, datetime] | None = field(default=None, init=False)
    """From when until when the chat wants to be left alone."""

    def run(self, now: datetime) -> None:
        """One round, unless one is running. Unavailable if the store can't be used; the next round goes on."""
        if self._running.acquire(blocking=False):
            try:
                self._run(now)
            finally:
                self._running.release()

    def nudge(self) -> bool:
        """Something happened: the next round asks everybody, whenever it asked last. Whether none is running now."""
        self._nudged.set()
        return not self._running.locked()

    def _run(self, now: datetime) -> None:
        nudged = self._nudged.is_set() and self._is_due("nudged", NUDGED, now)
        if nudged:
            self._nudged.clear()
        if self._is_due("searched", SEARCHED, now):
            self._search(now)
        underway = [each for each in self.promotions.promotions() if not self.announcer.is_early(each, now)]
        known = {key_of(each): each for each in (*underway, *self._reopenable(now))}
        after = dict(known)
        if self._is_due("asked", ASKED, now) or nudged:
            proposed = [each for each in known.values() if each.pull is not None and not each.commit]
            self._follow(after, self.gathering.proposed(proposed, known.values(), now), now)
            self.announcer.catch_up()
        if self._is_due("looked", LOOKED, now) or nudged:
            merged = [each for each in after.values() if each.commit and not each.stage.is_end]
            self._follow(after, self.gathering.landed(merged, now), now)
            self._prove(after, merged, now)
        self._announce(known, after, now)

    def _is_due(self, what: str, every: timedelta, now: datetime) -> bool:
        last = self._last.get(what)
        if last is not None and timedelta() <= now - last < every:
            return False
        self._last[what] = now
        return True

    def _follow(self, after: dict[Key, Promotion], found: Mapping[Key, Evidence], now: datetime) -> None:
        for place, seen in found.items():
            self._judge(after, place, seen, now)

    def _judge(self, after: dict[Key, Promotion], place: Key, seen: Evidence, now: datetime) -> None:
        try:
            after[place] = course.follow(after[place], seen, self._verification(after[place]), now)
        except Exception:  # the others go on
            log.exception("%s of %s could not be judged", place[1], place[0])

    def _prove(self, after: dict[Key, Promotion], merged: Iterable[Promotion], now: datetime) -> None:
        for place in map(key_of, merged):
            promotion, verification = after[place], self._verification(after[place])
            if services := course.due(promotion, verification, now):
                self._judge(after, place, self.gathering.proofs(promotion, services, verification.probes), now)

    def _announce(self, known: Mapping[Key, Promotion], after: Mapping[Key, Promotion], now: datetime) -> None:
        if self._quiet and self._quiet[0] <= now < self._quiet[1]:
            return
        troubles = 0
        for place in sorted(known, key=self._untold.__contains__):
            before = known[place]
            if before.stage.is_end and after[place] == before and not before.telling:
                continue
            try:
                kept = self.announcer.step(before, after[place])
            except (Refusal, Unavailable) as trouble:
                log.warning("%s of %s is not told: %s", before.key, before.repository, trouble)
                self._untold.add(place)
                if isinstance(trouble, Unavailable) and not isinstance(trouble, Gone):
                    troubles += 1
                    self._quiet = now, now + timedelta(seconds=trouble.retry_after or 0)
                    if trouble.retry_after or troubles >= PATIENCE:
                        return
            except Exception:
                log.exception("%s of %s could not be told", before.key, before.repository)
            else:
                troubles = 0
                self._untold.discard(place)
                if course.may_reopen(kept):
                    self._closed.setdefault(place, now)

    def _reopenable(self, now: datetime) -> Iterable[Promotion]:
        """Those that were closed lately."""
        self._closed = {place: at for place, at in self._closed.items() if now - at < CLOSED}
        found = [self.promotions.promotion(*place) for place in self._closed]
        return [each for each in found if each and course.may_reopen(each)]

    def _search(self, now: datetime) -> None:
        """Find changes of ours that nobody follows: the store was lost, or a pull request was opened again."""
        before, self._strange = self._strange, set()
        for repository in self.catalog.repositories:
            try:
                for found in (*self._proposed(repository, before, now), *self.announcer.hooks.pushed(repository, now)):
                    self.promotions.begin(found)
            except (Refusal, Unavailable) as trouble:
                log.info("what nobody follows in %s can't be looked for: %s", repository, trouble)
            except Exception:  # the other repositories go on
                log.exception("what nobody follows in %s could not be looked for", repository)

    def _proposed(self, repository: str, before: Collection[Key], now: datetime) -> Iterator[Promotion]:
        """`before`: the pull requests that nobody followed at the last search. Others are perhaps just being opened."""
        forge = self.forge()
        for pull in forge.pulls(repository) if forge else ():
            place = (repository, f"#{pull.number}")
            known = self.promotions.promotion(*place) if pull.ours else None
            if known and course.may_reopen(known):
                self._closed[place] = now
            elif pull.ours and known is None and place not in before:
                self._strange.add(place)
            elif pull.ours and known is None and (found := self._adopted(repository, pull)):
                yield found

    def _adopted(self, repository: str, pull: PullRequest) -> Promotion | None:
        """One that can't be read is left for the next search, and keeps the others from nothing."""
        try:
            return self.announcer.hooks.adopt(repository, pull)
        except Refusal as refusal:
            log.info("#%d of %s can't be followed: %s", pull.number, repository, refusal)
            return None

    def _verification(self, promotion: Promotion) -> Verification:
        place = self.catalog.environments.get(promotion.environment)
        return place.verification if place else Verification()
