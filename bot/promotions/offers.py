"""The buttons under the message of a promotion, by how far it is: what whoever reads it may want to say next. Pure."""

from collections.abc import Mapping
from typing import Final

from bot.model.catalog import Environment
from bot.model.promotion import Promotion, Stage
from bot.model.reply import Choice
from bot.model.verification import OnFailure
from bot.promotions import failing
from bot.saying import say, sayable

MOST: Final = 3
"""Services that a message has buttons for, of each kind."""

_UNDERWAY: Final = {Stage.REQUESTED, Stage.OPEN, Stage.CHECKS, Stage.APPROVED}
_OVER: Final = {Stage.CLOSED, Stage.SUPERSEDED}


def offers(promotion: Promotion, environments: Mapping[str, Environment]) -> tuple[Choice, ...]:
    """None once it is over; where it is going on, its pull request; then what comes next, or the way back."""
    if promotion.stage in _OVER:
        return ()
    choices = [Choice(f"Open #{promotion.pull}", url=promotion.url)] if promotion.pull and promotion.url else []
    if promotion.stage in _UNDERWAY and promotion.pull:
        choices.append(say("Cancel", f"cancel pr {promotion.pull}"))
    if promotion.stage.is_lost:
        choices += _ways_back(promotion, environments)
    if promotion.stage is Stage.HEALTHY:
        choices += _next_steps(promotion, environments)
    return tuple(choices)


def _ways_back(promotion: Promotion, environments: Mapping[str, Environment]) -> tuple[Choice, ...]:
    """None where the config rolls back by itself: that tells what stands against it, and has the button then."""
    place = environments.get(promotion.environment)
    if place and place.verification.on_failure is not OnFailure.OFFER:
        return ()
    return failing.ways_back(promotion)[:MOST]


def _next_steps(promotion: Promotion, environments: Mapping[str, Environment]) -> list[Choice]:
    """To every environment that waits for this one, or else to the next in order. A rollback leads nowhere."""
    if promotion.verb != "promote":
        return []
    waiting = [each for each in environments.values() if each.after == promotion.environment]
    order = list(environments)
    if not waiting and promotion.environment in order[:-1]:
        following = environments[order[order.index(promotion.environment) + 1]]
        waiting = [following] if following.after is None else []
    several = len(promotion.legs) > 1
    return [
        say(
            f"Promote {leg.service} to {place.name}" if several else f"Promote to {place.name}",
            f"promote {leg.service} {leg.to_version} to {place.name}{_gated(place, promotion.environment)}",
        )
        for place in waiting[:MOST]
        for leg in promotion.legs[:MOST]
        if sayable(leg.service, leg.to_version, place.name)
    ]


def _gated(place: Environment, before: str) -> str:
    """A version that has to soak first waits for that, and then goes by itself: where nothing stands against it, at
    once. Even without a soak, the look that notes since when it does well may come a minute after this message."""
    return " when healthy" if place.after == before else ""
