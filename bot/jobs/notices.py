"""Tell an environment's channel which of its services do badly, at each look at all of them.

Knows neither who looks nor what is worth telling (`bot.notices.matters`), nor its words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.jobs.rounds import Round
from bot.jobs.telling import Teller
from bot.model.catalog import Target
from bot.model.change import Move
from bot.model.promotion import Stage
from bot.model.sync import Sighting
from bot.notices import matters
from bot.notices.news import Words
from bot.ports import Chat, Episodes, Promotions

TOLD = timedelta(hours=1)
"""How long the message of a promotion that failed stands for what is wrong with its version."""


@dataclass(frozen=True)
class Notices:
    """What a look at an environment is given to. `channels` are those of the environments that have one."""

    channels: Mapping[str, str]
    chat: Chat
    store: Episodes
    promotions: Promotions
    moves: Callable[[Sequence[Target]], Mapping[Target, Move]]
    """The newest moves of some targets: asked for those alone that do badly."""
    key: bytes

    def __call__(self, environment: str, sightings: Sequence[Sighting], now: datetime) -> None:
        """Tell what is news. `sightings` are of all services there, and folders that are only watched.

        Unavailable if the chat or the store can't be reached; the next look tells what is left.
        """
        channel = self.channels.get(environment)
        if channel is None:
            return
        known = {each.service: replace(each, telling=False) for each in self.store.underway(environment)}
        steps, seen = matters.follow(known, sightings, self._busy(environment, sightings, now), now, self.key)
        open_ones = {name for name, step in steps.items() if step.episode and step.episode.is_open}
        moves = self.moves(
            [each.target for name, each in seen.items() if name in open_ones and not each.target.watched]
        )
        words = Words(now, {target.service: move for target, move in moves.items()})
        Round(Teller(self.chat, self.store, channel), self.key, words, known, steps, seen, now).tell()

    def _busy(self, environment: str, sightings: Sequence[Sighting], now: datetime) -> frozenset[str]:
        """The services that a promotion brings a version to, or has just failed to: its own message tells of them."""
        rolling = {
            leg.service
            for each in self.promotions.promotions()
            if each.environment == environment and Stage.MERGED in each.reached
            for leg in each.legs
        }
        failed = {
            each.target.service
            for each in sightings
            if each.target.service not in rolling and matters.matters(each) and self._has_failed(each, now)
        }
        return frozenset(rolling | failed)

    def _has_failed(self, sighting: Sighting, now: datetime) -> bool:
        target = sighting.target
        last = self.promotions.ended(target.environment, target.service)
        if last is None or not last.stage.is_lost:
            return False
        ended = last.reached.get(last.stage)
        there = any(leg.service == target.service and leg.to_version == sighting.desired for leg in last.legs)
        return there and ended is not None and now - ended < TOLD
