"""What is said of one object's health, and which of several verdicts speaks for all."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from bot.model.sync import Health


class Verdict(NamedTuple):
    """The health of an object."""

    health: Health
    reason: str
    """Why, in words without a time that passes; of what is healthy, what there is to say, if anything."""
    since: datetime | None = None
    """When it came to be so, by the object's own word."""


WORST_FIRST = (
    Health.DEGRADED,
    Health.MISSING,
    Health.UNKNOWN,
    Health.PROGRESSING,
    Health.SUSPENDED,
    Health.HEALTHY,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that speaks for several objects; healthy if there are none."""
    return min(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.health), default=healthy())


def healthy(reason: str = "") -> Verdict:
    return Verdict(Health.HEALTHY, reason)


def progressing(reason: str, since: datetime | None = None) -> Verdict:
    return Verdict(Health.PROGRESSING, reason, since)


def suspended(reason: str, since: datetime | None = None) -> Verdict:
    return Verdict(Health.SUSPENDED, reason, since)


def degraded(reason: str, since: datetime | None = None) -> Verdict:
    return Verdict(Health.DEGRADED, reason, since)
