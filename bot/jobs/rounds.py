"""One round of telling what became of episodes: quietly what is not news, then new messages, threads, and updates.

Knows neither what the findings are about nor their words. May stop between any two steps: what is known is written
before and after each message (`bot.jobs.telling`), and what is not yet told is found again by the next round.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot.drift import episodes
from bot.drift.episodes import AGAIN, Event, Step
from bot.errors import Refusal, Unavailable
from bot.jobs.telling import Teller, fingerprint
from bot.model.episode import Episode
from bot.model.reply import Reply
from bot.model.sync import Difference, Severity, Sighting

log = logging.getLogger(__name__)

MANY = 5
"""Targets that may open in one round with a message each; more get one together."""


class Words(Protocol):
    """How episodes are told."""

    def parent(self, episode: Episode, found: Sequence[Difference], sighting: Sighting | None) -> Reply:
        """The message of one target, as things stand."""

    def together(self, episodes: Sequence[Episode]) -> Reply:
        """One message of many targets."""

    def news(self, steps: Sequence[Step], episodes: Sequence[Episode], now: datetime) -> Reply:
        """What is new of some, for the thread of their message."""

    def why_now(self, step: Step, episode: Episode) -> str:
        """What a message that opens says besides."""


def _nothing(_: "Round") -> None:
    """Nothing is done besides."""


class Round:
    """One round of one environment's episodes. `known` are those that there were, `steps` what became of them."""

    def __init__(
        self, teller: Teller, key: bytes, words: Words, known: Mapping[str, Episode], steps: Mapping[str, Step],
        sightings: Mapping[str, Sighting], now: datetime,
    ) -> None:  # fmt: skip
        self.teller, self.key, self.words, self.now = teller, key, words, now
        self.known, self.steps, self.sightings = known, steps, sightings
        self.store = teller.store
        self.after: dict[str, Episode] = dict(known)
        self.troubles: dict[str, Unavailable | Refusal] = {}
        """Messages of which something could not be told, and why."""

    def tell(self, besides: Callable[["Round"], None] = _nothing) -> None:
        """Tell what is news; `besides` is done before messages are brought up to date."""
        if not self._write_quietly():
            log.info("another process tells the same episodes as well")
            return
        self._open()
        self._add()
        besides(self)
        for message in sorted({each.message for each in self.after.values()} - {"", *self.troubles}):
            try:
                self._renew([each for each in self.after.values() if each.message == message])
            except (Refusal, Unavailable) as trouble:
                self._note(message, trouble)
        if self.troubles:
            raise next(iter(self.troubles.values()))

    def _note(self, message: str, trouble: Unavailable | Refusal) -> None:
        """What is wrong with one message, of a channel that was archived, keeps nothing of the others back; a chat
        that takes nothing does."""
        self.troubles[message] = trouble
        if len(self.troubles) > 2 and isinstance(trouble, Unavailable) and trouble.retry_after:
            raise trouble

    def _write_quietly(self) -> bool:
        """Note what was seen and is not to be told, and forget what is over."""
        changed, forgotten = [], []
        for name, step in self.steps.items():
            known = self.known.get(name)
            if step.events:
                continue
            if step.episode is None:
                if known and not self._is_needed(known):
                    forgotten.append(known)
                    del self.after[name]
            elif step.episode != known:
                changed.append(step.episode)
                self.after[name] = replace(step.episode, version=step.episode.version + 1)
        return self.store.write(changed, forgotten) if changed or forgotten else True

    def _is_needed(self, known: Episode) -> bool:
        """Whether others share its message, which counts it for as long as it is about any of them."""
        others = [each for each in self.known.values() if each.message == known.message and each is not known]
        return known.shared and any(
            each.healed is None or self.now - each.healed < AGAIN for each in others if each.message
        )

    def _open(self) -> None:
        """Post what has no message yet: of many targets at once, one for all."""
        new = [(name, step) for name, step in self.steps.items() if step.events and step.episode]
        opened = [(name, step.episode, step) for name, step in new if step.episode and not step.episode.message]
        opened.sort(key=lambda each: (_worst(each[1]), each[0]))
        many = [each for each in opened if Event.OPENED in each[2].events]
        if len(many) > MANY:
            shared = [replace(episode, shared=True) for _, episode, _ in many]
            self._post(self.words.together(shared), shared)
            opened = [each for each in opened if each not in many]
        for name, episode, step in opened:
            alone = replace(episode, shared=False)
            self._post(self._parent(name, alone), [alone], self.words.why_now(step, alone))

    def _add(self) -> None:
        """Tell what is new in the threads of messages that stand: one line for all that share one."""
        threads: dict[str, list[str]] = defaultdict(list)
        for name, step in self.steps.items():
            if step.events and step.episode and step.episode.message:
                threads[step.episode.message].append(name)
        for message, names in threads.items():
            steps = [self.steps[name] for name in names]
            after = [step.episode for step in steps if step.episode]
            reply = self.words.news(steps, after, self.now)
            try:
                self._keep(self.teller.add(reply, [self.known.get(name) for name in names], after))
            except (Refusal, Unavailable) as trouble:
                self._note(message, trouble)

    def _post(self, reply: Reply, after: Sequence[Episode], besides: str = "") -> None:
        said = replace(reply, text=reply.text + besides)
        before = [self.known.get(each.service) for each in after]
        self._keep(self.teller.open(said, fingerprint(self.key, reply), before, after))

    def _keep(self, told: Iterable[Episode] | None) -> None:
        self.after |= {each.service: each for each in told or ()}

    def _renew(self, members: Sequence[Episode]) -> None:
        """Bring a message up to date, if all that it says is known."""
        if any(each.shared for each in members):
            reply = self.words.together(members)
        elif self._is_told_whole(members[0]):
            reply = self._parent(members[0].service, members[0])
        else:
            return
        self._keep(self.teller.renew(reply, fingerprint(self.key, reply), members))

    def _is_told_whole(self, episode: Episode) -> bool:
        """Whether this check saw all of it: of the rest, only a check that sees it knows the values."""
        if not episode.is_open:
            return True
        there = self.steps.get(episode.service)
        seen = there is not None and episode.service in self.sightings
        return seen and not any(each.open and each.missed for each in episode.findings) and not self._partly(episode)

    def _partly(self, episode: Episode) -> bool:
        sighting = self.sightings[episode.service]
        found = episodes.held_open(episode, sighting, self.key)
        named = {episodes.identity(sighting, each, self.key) for each in found}
        return any(each.open and each.id not in named for each in episode.findings)

    def _parent(self, name: str, episode: Episode) -> Reply:
        sighting = self.sightings.get(name)
        found = episodes.held_open(episode, sighting, self.key) if sighting else ()
        return self.words.parent(episode, found, sighting)


def _worst(episode: Episode) -> int:
    found = [list(Severity).index(each) for each in episodes.by_severity(episode)]
    return min(found, default=len(Severity))
