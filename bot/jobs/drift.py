"""The scheduled drift check: looks, has it judged what is news, and tells that; one message a target, kept up to date.

Knows neither how targets are looked at nor when it is called. May stop between any two steps: what is known is written
before and after each message (`bot.jobs.telling`), and what is not yet told is found again by the next check.
"""

import hashlib
import hmac
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from bot.drift import episodes, news, outages
from bot.drift.episodes import AGAIN, Event, Step
from bot.drift.outages import Blindness, OutageStep, Turn
from bot.errors import Refusal, Unavailable
from bot.jobs.telling import Teller
from bot.model.episode import Episode, Outage
from bot.model.reply import Outcome, Reply
from bot.model.request import Place
from bot.model.rules import Mute
from bot.model.sync import Severity, Sighting
from bot.ports import Chat, Episodes, Mutes

log = logging.getLogger(__name__)

Survey = Callable[[str], Sequence[Sighting]]
"""All targets of an environment, looked at now."""

Heal = Callable[[Sighting], str]
"""Ask a target's engine to heal it; what came of it, in a sentence."""

MANY = 5
"""Targets that may open in one check with a message each; more get one together."""


class Store(Episodes, Mutes, Protocol):
    """What a check keeps."""


@dataclass(frozen=True)
class DriftCheck:
    """One environment's check. `key` makes fingerprints that tell nothing to whoever reads them."""

    environment: str
    channel: str
    survey: Survey
    chat: Chat
    episodes: Store
    key: bytes
    offer: bool = True
    """Whether a message says how to heal, and has buttons for that."""
    heal: Heal | None = None
    """What is asked once an episode opens, where the engine may heal by itself."""

    def run(self, now: datetime) -> None:
        """Look, and tell what is news.

        Raises Unavailable if the chat or the store can't be reached; the next check tells what is left. A look that
        breaks raises what it broke with, once that is told: a check that is silent must not look like one that is well.
        """
        dark = [replace(each, telling=False) for each in self.episodes.outages(self.environment)]
        try:
            sightings = self.survey(self.environment)
        except (Refusal, Unavailable) as trouble:
            self._tell_dark(dark, str(trouble), now)
            return
        except Exception as fault:
            self._tell_dark(dark, f"the check broke ({type(fault).__name__}); the bot's log says where", now)
            raise
        hidden = outages.causes(sightings, self.key)
        steps = outages.follow(dark, hidden, self.environment, now)
        self._tell_outages(steps, len(sightings), now)
        blind = outages.hidden(sightings, hidden, self.key)
        _Round(self, tuple(each for each in sightings if each.target not in blind), sightings, now).tell()

    def _tell_dark(self, dark: Sequence[Outage], why: str, now: datetime) -> None:
        """Tell that the whole environment can't be looked at."""
        whole = [each for each in dark if not each.cause]
        steps = outages.follow(whole, {"": Blindness(why)}, self.environment, now)
        self._tell_outages(steps, 0, now)

    @cached_property
    def teller(self) -> Teller:
        return Teller(self.chat, self.episodes, self.channel)

    def shown(self, reply: Reply) -> str:
        """A fingerprint of what a message says."""
        return hmac.new(self.key, repr(reply).encode(), hashlib.sha256).hexdigest()[:32]

    def _tell_outages(self, steps: Sequence[OutageStep], total: int, now: datetime) -> None:
        changed = [each.after for each in steps if each.after and not each.turn and each.after != each.before]
        over = [each.before for each in steps if each.before and not each.after]
        if (changed or over) and not self.episodes.write(changed, over):
            return
        for step in steps:
            if step.turn is Turn.BEGAN and step.after and step.now:
                reply = news.outage(step.after, step.now, total)
                self.teller.open(reply, self.shown(reply), [step.before], [step.after])
            elif step.turn is Turn.ENDED and step.after:
                self._end(step.before, step.after, Reply(Outcome.ANSWERED, news.outage_ended(step.after, now)))

    def _end(self, before: Outage | None, after: Outage, reply: Reply) -> None:
        if not after.message:
            self.teller.open(reply, self.shown(reply), [before], [after])
        elif told := self.teller.add(reply, [before], [after]):
            self.teller.renew(reply, self.shown(reply), told)


class _Round:
    """One check of the targets that could be looked at."""

    def __init__(
        self, check: DriftCheck, seen: Sequence[Sighting], declared: Sequence[Sighting], now: datetime
    ) -> None:
        self.check = check
        self.now = now
        self.store = check.episodes
        self.sightings = {each.target.service: _undated(each) for each in seen}
        self.known = {each.service: replace(each, telling=False) for each in self.store.underway(check.environment)}
        self.mutes: Mapping[str, Mute] = {each.service: each for each in self.store.mutes(check.environment)}
        self.after: dict[str, Episode] = dict(self.known)
        self.troubles: dict[str, Unavailable | Refusal] = {}
        """Messages of which something could not be told, and why."""
        there = {each.target.service for each in declared}
        self.steps: dict[str, Step] = {
            name: episodes.follow(self.known.get(name), each, self.mutes.get(name), now, check.key)
            for name, each in self.sightings.items()
        } | {name: episodes.undeclared(each, now) for name, each in self.known.items() if name not in there}

    def tell(self) -> None:
        if not self._write_quietly():
            log.info("another process checks %s as well", self.check.environment)
            return
        self._open()
        self._add()
        self._unmute()
        self._heal()
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
            self._post(news.together(shared), shared)
            opened = [each for each in opened if each not in many]
        for name, episode, step in opened:
            alone = replace(episode, shared=False)
            self._post(self._parent(name, alone), [alone], news.why_now(step, alone))

    def _add(self) -> None:
        """Tell what is new in the threads of messages that stand: one line for all that share one."""
        threads: dict[str, list[str]] = defaultdict(list)
        for name, step in self.steps.items():
            if step.events and step.episode and step.episode.message:
                threads[step.episode.message].append(name)
        for message, names in threads.items():
            steps = [self.steps[name] for name in names]
            after = [step.episode for step in steps if step.episode]
            reply = news.news(steps, after, self.now)
            try:
                self._keep(self.check.teller.add(reply, [self.known.get(name) for name in names], after))
            except (Refusal, Unavailable) as trouble:
                self._note(message, trouble)

    def _post(self, reply: Reply, after: Sequence[Episode], besides: str = "") -> None:
        said = replace(reply, text=reply.text + besides)
        before = [self.known.get(each.service) for each in after]
        self._keep(self.check.teller.open(said, self.check.shown(reply), before, after))

    def _keep(self, told: Iterable[Episode] | None) -> None:
        self.after |= {each.service: each for each in told or ()}

    def _unmute(self) -> None:
        """Take back the mutes that ended, unless somebody muted anew meanwhile."""
        ended = {name for name, step in self.steps.items() if step.unmute}
        if ended:
            for mute in self.store.mutes(self.check.environment):
                if mute.service in ended and mute == self.mutes.get(mute.service):
                    self.store.unmute(mute.environment, mute.service)

    def _heal(self) -> None:
        """Ask the engines of what has opened, once an episode, and say so in its thread."""
        heal = self.check.heal
        if heal is None:
            return
        said: dict[Place, list[str]] = defaultdict(list)
        for name, episode in sorted(self.after.items()):
            sighting = self.sightings.get(name)
            silent = episode.silence and not episode.silence.over
            if not (sighting and sighting.deployed and episode.is_open and episode.told) or episode.asked or silent:
                continue
            if sighting.deployed.busy:
                continue  # one request an episode is not to be spent on an engine that is at it
            asked = replace(episode, asked=True)
            if not self.store.write([asked]):
                continue
            self.after[name] = replace(asked, version=asked.version + 1)
            try:
                sentence = heal(sighting)
            except (Refusal, Unavailable) as trouble:
                sentence = f"{sighting.target} could not be healed: {trouble}"
            place = Place(channel=episode.channel or self.check.channel, thread=episode.message or None)
            said[place].append(sentence)
        for place, sentences in said.items():
            self.check.chat.post(place, Reply(Outcome.ANSWERED, " ".join(sentences)))

    def _renew(self, members: Sequence[Episode]) -> None:
        """Bring a message up to date, if all that it says is known."""
        if any(each.shared for each in members):
            reply = news.together(members)
        elif self._is_told_whole(members[0]):
            reply = self._parent(members[0].service, members[0])
        else:
            return
        self._keep(self.check.teller.renew(reply, self.check.shown(reply), members))

    def _is_told_whole(self, episode: Episode) -> bool:
        """Whether this check saw all of it: of the rest, only a check that sees it knows the values."""
        if not episode.is_open:
            return True
        there = self.steps.get(episode.service)
        seen = there is not None and episode.service in self.sightings
        return seen and not any(each.open and each.missed for each in episode.findings) and not self._partly(episode)

    def _partly(self, episode: Episode) -> bool:
        sighting = self.sightings[episode.service]
        found = episodes.held_open(episode, sighting, self.check.key)
        named = {episodes.identity(sighting, each, self.check.key) for each in found}
        return any(each.open and each.id not in named for each in episode.findings)

    def _parent(self, name: str, episode: Episode) -> Reply:
        sighting = self.sightings.get(name)
        found = episodes.held_open(episode, sighting, self.check.key) if sighting else ()
        return news.parent(episode, found, sighting.deployed if sighting else None, offer=self.check.offer)


def _undated(sighting: Sighting) -> Sighting:
    """Without since when: an episode knows better, and what is new need not say so."""
    return replace(sighting, differences=tuple(replace(each, since=None) for each in sighting.differences))


def _worst(episode: Episode) -> int:
    found = [list(Severity).index(each) for each in episodes.by_severity(episode)]
    return min(found, default=len(Severity))
