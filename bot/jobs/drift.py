"""The scheduled drift check: looks, has it judged what is news, and tells that; one message a target, kept up to date.

Knows neither how targets are looked at nor when it is called. What is news is told by `bot.jobs.rounds`, and may stop
anywhere: what is not yet told is found again by the next check.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from bot.drift import episodes, news, outages
from bot.drift.episodes import Step
from bot.drift.outages import Blindness, OutageStep, Turn
from bot.errors import Refusal, Unavailable
from bot.jobs.rounds import Round
from bot.jobs.telling import Teller, fingerprint
from bot.model.episode import Episode, Outage
from bot.model.reply import Outcome, Reply
from bot.model.request import Place
from bot.model.rules import Mute
from bot.model.sync import Difference, Sighting
from bot.ports import Chat, Episodes, Mutes

Survey = Callable[[str], Sequence[Sighting]]
"""All targets of an environment, looked at now."""

Heal = Callable[[Sighting], str]
"""Ask a target's engine to heal it; what came of it, in a sentence."""


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
        self._tell([each for each in sightings if each.target not in blind], sightings, now)

    def _tell(self, visible: Sequence[Sighting], declared: Sequence[Sighting], now: datetime) -> None:
        """Tell what has become of the targets that could be looked at."""
        seen = {each.target.service: _undated(each) for each in visible}
        known = {each.service: replace(each, telling=False) for each in self.episodes.underway(self.environment)}
        mutes = {each.service: each for each in self.episodes.mutes(self.environment)}
        there = {each.target.service for each in declared}
        steps: dict[str, Step] = {
            name: episodes.follow(known.get(name), each, mutes.get(name), now, self.key) for name, each in seen.items()
        } | {name: episodes.undeclared(each, now) for name, each in known.items() if name not in there}

        def act(told: Round) -> None:
            self._unmute(steps, mutes)
            self._heal(told)

        Round(self.teller, self.key, _Words(self.offer), known, steps, seen, now).tell(act)

    def _unmute(self, steps: Mapping[str, Step], mutes: Mapping[str, Mute]) -> None:
        """Take back the mutes that ended, unless somebody muted anew meanwhile."""
        ended = {name for name, step in steps.items() if step.unmute}
        if ended:
            for mute in self.episodes.mutes(self.environment):
                if mute.service in ended and mute == mutes.get(mute.service):
                    self.episodes.unmute(mute.environment, mute.service)

    def _heal(self, told: Round) -> None:
        """Ask the engines of what has opened, once an episode, and say so in its thread."""
        if self.heal is None:
            return
        said: dict[Place, list[str]] = defaultdict(list)
        for name, episode in sorted(told.after.items()):
            sighting = told.sightings.get(name)
            silent = episode.silence and not episode.silence.over
            if not (sighting and sighting.deployed and episode.is_open and episode.told) or episode.asked or silent:
                continue
            if sighting.deployed.busy:
                continue  # one request an episode is not to be spent on an engine that is at it
            asked = replace(episode, asked=True)
            if not self.episodes.write([asked]):
                continue
            told.after[name] = replace(asked, version=asked.version + 1)
            try:
                sentence = self.heal(sighting)
            except (Refusal, Unavailable) as trouble:
                sentence = f"{sighting.target} could not be healed: {trouble}"
            place = Place(channel=episode.channel or self.channel, thread=episode.message or None)
            said[place].append(sentence)
        for place, sentences in said.items():
            self.chat.post(place, Reply(Outcome.ANSWERED, " ".join(sentences)))

    def _tell_dark(self, dark: Sequence[Outage], why: str, now: datetime) -> None:
        """Tell that the whole environment can't be looked at."""
        whole = [each for each in dark if not each.cause]
        steps = outages.follow(whole, {"": Blindness(why)}, self.environment, now)
        self._tell_outages(steps, 0, now)

    @cached_property
    def teller(self) -> Teller:
        return Teller(self.chat, self.episodes, self.channel)

    def _tell_outages(self, steps: Sequence[OutageStep], total: int, now: datetime) -> None:
        changed = [each.after for each in steps if each.after and not each.turn and each.after != each.before]
        over = [each.before for each in steps if each.before and not each.after]
        if (changed or over) and not self.episodes.write(changed, over):
            return
        for step in steps:
            if step.turn is Turn.BEGAN and step.after and step.now:
                reply = news.outage(step.after, step.now, total)
                self.teller.open(reply, fingerprint(self.key, reply), [step.before], [step.after])
            elif step.turn is Turn.ENDED and step.after:
                self._end(step.before, step.after, Reply(Outcome.ANSWERED, news.outage_ended(step.after, now)))

    def _end(self, before: Outage | None, after: Outage, reply: Reply) -> None:
        if not after.message:
            self.teller.open(reply, fingerprint(self.key, reply), [before], [after])
        elif told := self.teller.add(reply, [before], [after]):
            self.teller.renew(reply, fingerprint(self.key, reply), told)


@dataclass(frozen=True, slots=True)
class _Words:
    """How drift is told: `bot.jobs.rounds.Words`."""

    offer: bool

    together = staticmethod(news.together)
    why_now = staticmethod(news.why_now)
    news = staticmethod(news.news)

    def parent(self, episode: Episode, found: Sequence[Difference], sighting: Sighting | None) -> Reply:
        return news.parent(episode, found, sighting.deployed if sighting else None, offer=self.offer)


def _undated(sighting: Sighting) -> Sighting:
    """Without since when: an episode knows better, and what is new need not say so."""
    return replace(sighting, differences=tuple(replace(each, since=None) for each in sighting.differences))
