"""A promotion that waits for its gates, as a value: put there, and taken back.

Must not know how gates are judged, nor when they are looked at again (`bot.jobs.queue`).
"""

from dataclasses import replace
from datetime import timedelta

from bot import wording
from bot.command import Context
from bot.errors import Refusal
from bot.gates import Closed
from bot.model.catalog import Target
from bot.model.change import Queueing, Unqueueing
from bot.model.promotion import Waiting
from bot.saying import say

UNLESS_SAID = timedelta(days=1)
LONGEST = timedelta(days=14)


def put(ctx: Context, target: Target, version: str, shut: Closed, period: timedelta | None) -> Queueing:
    """Say it as soon as the gate that is shut opens. Refusal where waiting can't open it, or not for so long."""
    period = UNLESS_SAID if period is None else period
    if shut.final:
        raise Refusal(str(shut))
    if period > LONGEST:
        longest = wording.lasted(LONGEST)
        raise Refusal(f"A promotion can wait for {longest} at most, and {wording.lasted(period)} is longer.")
    expires = ctx.now + period
    until = wording.moment(expires)
    if shut.opens is not None and shut.opens > expires:
        raise Refusal(f"{shut.why} That is later than {until}, until when it would wait.")
    what = f"{target.service} {wording.short(version)}"
    words = f"promote {target.service} {version} to {target.environment}"
    message = replace(ctx.message, id=f"{ctx.message.id}:due", text=words, press=None, resumed=False, due=True)
    back, former = f"cancel {target}", _there(ctx, target)
    instead = f" It takes the place of {wording.short(former.version)}." if former else ""
    return Queueing(
        verb="promote",
        target=target,
        waiting=Waiting(target.environment, target.service, version, message, expires, ctx.now),
        would=f"{what} would wait to go to {target.environment}, until {until}",
        text=f"{what} goes to {target.environment} by itself as soon as it may, and waits until {until}.{instead} "
        f"{shut.why} To take that back, say: {back}",
        choices=(say("Cancel", back),),
    )


def take_back(ctx: Context, target: Target) -> Unqueueing | None:
    """No longer say it; None where nothing waits."""
    waiting = _there(ctx, target)
    if waiting is None:
        return None
    what = f"{waiting.service} {wording.short(waiting.version)}"
    asked = f"which {waiting.message.actor.name} asked for {wording.ago(waiting.since, ctx.now)}"
    return Unqueueing(
        verb="cancel",
        target=target,
        waiting=waiting,
        would=f"{what} would no longer wait to go to {target.environment}",
        text=f"{what} no longer waits to go to {target.environment}, {asked}.",
    )


def _there(ctx: Context, target: Target) -> Waiting | None:
    mine = (target.environment, target.service)
    return next((each for each in ctx.queue() if (each.environment, each.service) == mine), None)
