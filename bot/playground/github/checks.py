"""Checks, statuses and deployments of commits: what CI, and anybody with a token, says of them. Plain data.

https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.playground.github.pulls import Person

STATES = ("error", "failure", "pending", "success")


@dataclass(slots=True)
class Check:
    """A check run. It ends by itself after a while, if it has one; otherwise it runs until somebody says."""

    name: str
    began: datetime
    lasts: timedelta | None
    conclusion: str = "SUCCESS"
    """What it ends with."""

    def is_done(self, now: datetime) -> bool:
        return self.lasts is not None and now - self.began >= self.lasts


@dataclass(frozen=True, slots=True)
class Status:
    id: int
    context: str
    state: str
    description: str
    url: str
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a deployment stood at a time."""

    id: int
    state: str
    description: str
    url: str
    by: Person
    at: datetime


@dataclass(slots=True)
class Deployment:
    id: int
    ref: str
    sha: str
    environment: str
    task: str
    description: str
    production: bool
    by: Person
    at: datetime
    told: list[Deployed] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.told[-1].state if self.told else "pending"


def rolled_up(checks: list[Check], statuses: list[Status], now: datetime) -> str | None:
    """What all of them come to; None where there are none."""
    said = [each.conclusion if each.is_done(now) else "PENDING" for each in checks]
    said += [each.state.upper() for each in statuses]
    if not said:
        return None
    if any(each not in ("SUCCESS", "NEUTRAL", "SKIPPED", "PENDING") for each in said):
        return "FAILURE"
    return "PENDING" if "PENDING" in said else "SUCCESS"
