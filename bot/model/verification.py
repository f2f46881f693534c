"""What an environment asks of a version before it counts as healthy there, and what came of that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class OnFailure(StrEnum):
    """What is done where a version fails."""

    OFFER = "offer"
    """The message has a button that rolls back."""
    ROLLBACK = "rollback"
    """The bot rolls back by itself, where that is safe."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class UrlProbe:
    """A page must answer. `url` may hold `{service}`, `{environment}` and `{version}`."""

    url: str
    status: int = 200
    contains: str = ""


@dataclass(frozen=True, slots=True)
class QueryProbe:
    """Every value that a Prometheus query gives must be between the bounds. Placeholders as in a page's address."""

    prometheus: str
    query: str
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class JobProbe:
    """A Job of the service must have completed since the version was there. It is read, never made."""

    job: str


Probe = UrlProbe | QueryProbe | JobProbe


@dataclass(frozen=True, slots=True)
class Verification:
    """What makes a version healthy in an environment, and what happens where it isn't."""

    healthy_for: timedelta = timedelta(seconds=30)
    """How long it must have been healthy without a break."""
    timeout: timedelta = timedelta(minutes=30)
    """How long after the merge it may take at most."""
    probes: tuple[Probe, ...] = ()
    on_failure: OnFailure = OnFailure.OFFER


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one probe."""

    what: str
    """Which it is, in words: `GET https://pay.example.com/healthz`."""
    passed: bool | None
    """None: nobody can tell yet."""
    evidence: str
    """What was seen, in words, quoted where it is another's: `answered 503 “upstream is down”`."""
    at: datetime
