"""Promotions that wait for their gates: each is said, as whoever asked would, as soon as its gates are open.

Knows no gate and no verb: `bot.gatekeeper` says whether it may go, and the conversation judges everything anew. May
stop at any time. What goes is moved from the queue to the inbox in one step, and is done from there once; what may no
longer wait is taken out before it is told, so at most once too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import gatekeeper, wording
from bot.command import Context
from bot.errors import Gone, Refusal, Unavailable
from bot.gates import Closed, Verdict
from bot.model.catalog import Target
from bot.model.promotion import Waiting
from bot.model.reply import Outcome, Reply
from bot.model.request import Message, Place
from bot.ports import Audit, Chat, Queue

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)


@dataclass(frozen=True)
class Departures:
    """What leaves the queue. `run` every few seconds."""

    queue: Queue
    look: Callable[[Message], Context]
    """What a command may look at, all of it fresh."""
    say: Callable[[Message], None]
    """Works on a message of the inbox, as if it had just been said."""
    chat: Chat
    audit: Audit

    def run(self, now: datetime) -> None:
        """One round. Refusal or Unavailable where nothing could be looked at: then everything waits on."""
        waiting = self.queue.waiting()
        if not waiting:
            return
        ctx = self.look(waiting[0].message)
        places = {each: self._target(ctx, each) for each in waiting}
        there = {each: place for each, place in places.items() if isinstance(place, Target)}
        verdicts = gatekeeper.judged(ctx, {place: each.version for each, place in there.items()})
        for each, place in places.items():
            try:
                self._one(ctx, each, place, verdicts, now)
            except (Refusal, Unavailable) as trouble:
                log.warning("%s waits on: %s", _named(each), trouble)

    def _one(
        self, ctx: Context, waiting: Waiting, place: Target | str, verdicts: dict[Target, Verdict], now: datetime
    ) -> None:
        if isinstance(place, str):
            self._drop(ctx, waiting, None, place)
            return
        verdict = verdicts[place]
        if why := self._overtaken(ctx, waiting, place, now):
            self._drop(ctx, waiting, place, why)
        elif isinstance(verdict, Closed) and verdict.final:
            self._drop(ctx, waiting, place, str(verdict))
        elif waiting.expires <= now:
            last = f" {verdict.why}" if isinstance(verdict, Closed) else ""
            self._drop(ctx, waiting, place, f"The time that it was to wait is over.{last}")
        elif not isinstance(verdict, Closed):
            message = replace(waiting.message, at=now, place=_answered(ctx, waiting))
            if self.queue.say(waiting, message):
                self.say(message)

    def _target(self, ctx: Context, waiting: Waiting) -> Target | str:
        """The target, or why it is none any more."""
        try:
            return ctx.target(waiting.service, waiting.environment)
        except Refusal as refusal:
            return str(refusal)

    def _overtaken(self, ctx: Context, waiting: Waiting, target: Target, now: datetime) -> str:
        """Whether somebody has moved the service meanwhile: what was asked for was asked about another state."""
        move = next(ctx.git.moves(target), None)
        if move is None or move.commit.at <= waiting.since:
            return ""
        return f"{target} was moved to {wording.short(move.to_version)} meanwhile, {wording.by(move, now)}."

    def _drop(self, ctx: Context, waiting: Waiting, target: Target | None, why: str) -> None:
        """Take it out, and tell whoever asked."""
        if not self.queue.take(waiting):
            return
        text = f"{_named(waiting)} no longer waits, and nothing was done. {why}"
        place, asker = _answered(ctx, waiting), waiting.message.actor.id
        if place.channel is not None:
            try:
                self.chat.post(place, Reply(Outcome.ANSWERED, text, mentions=(asker,)), to=asker)
            except Unavailable as trouble:
                if not trouble.unsure and not isinstance(trouble, Gone):
                    self.queue.put(waiting)  # the next round tells it
                    raise
                log.warning("%s It may not have been told: %s", text, trouble)
        self.audit.record(waiting.message, "promote", target, Outcome.WITHDRAWN, text)


def _answered(ctx: Context, waiting: Waiting) -> Place:
    """Where it was asked for; of what was said at a terminal, the environment's channel."""
    place, environment = waiting.message.place, ctx.catalog.environments.get(waiting.environment)
    return place if place.channel is not None or environment is None else replace(place, channel=environment.channel)


def _named(waiting: Waiting) -> str:
    return f"{waiting.service} {wording.short(waiting.version)}, which was to go to {waiting.environment},"
