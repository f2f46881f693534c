"""What scheduled checks know of a target from one check to the next, so that a restart neither repeats nor swallows.

Holds no value of an object: what was found is known by its place, and by fingerprints made with a key.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.model.sync import Kind, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference over a course of checks."""

    id: str
    """A fingerprint of where it is and of what class: the same while the finding is the same."""
    value: str
    """A fingerprint of what Git and the cluster have there."""
    object: str
    path: str
    kind: Kind
    severity: Severity
    first: datetime
    """The first check that saw it, or earlier where it says itself since when."""
    seen: int = 1
    """Checks in a row that saw it."""
    missed: int = 0
    """Checks in a row that looked and did not see it."""
    open: bool = False
    """Whether it is more than a suspicion."""
    left: datetime | None = None
    """The first of the checks that did not see it."""

    def __str__(self) -> str:
        return f"{self.object} {self.path}".strip()


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute as it was met, and what was known then: worse than that ends it."""

    at: datetime
    until: datetime
    by: str
    because: str
    known: tuple[str, ...] = ()
    """The findings there were, by id; none where the mute came before the first."""
    over: bool = False
    """It ended early."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A target whose findings are watched: suspected (not `opened`), open, or healed and remembered for a while."""

    environment: str
    service: str
    began: datetime
    findings: tuple[Finding, ...] = ()
    opened: datetime | None = None
    healed: datetime | None = None
    told: bool = False
    """Whether people were told that it is open."""
    returns: int = 0
    """How often something of it came back, or changed, shortly after it had."""
    stirred: datetime | None = None
    """When something of it last came, went or changed."""
    restless: bool = False
    """It comes and goes, and is not told until it stays as it is."""
    reminded: int = 0
    silence: Silence | None = None
    held: bool = False
    """The last check found its engine at work and did not judge."""
    undeclared: bool = False
    """It ended because Git no longer declares the target."""
    asked: bool = False
    """The engine was asked to heal it."""
    inherited: bool = False
    """An earlier release told it, and left no findings: those there are now are no news."""
    channel: str = ""
    message: str = ""
    """The message that tells it, which others may share; "" where there is none, or nobody knows which it is."""
    shared: bool = False
    """The message tells of several targets."""
    shown: str = ""
    """A fingerprint of what the message says."""
    telling: bool = False
    """The news of this state was being told when it was written down, and perhaps was."""
    version: int = 0
    """How often it was written; 0 for what is not in the store."""

    @property
    def is_open(self) -> bool:
        return self.opened is not None and self.healed is None


@dataclass(frozen=True, slots=True)
class Outage:
    """One reason why targets of an environment can't be checked."""

    environment: str
    cause: str
    """A fingerprint of the reason; "" stands for the environment as a whole."""
    began: datetime
    seen: int = 1
    missed: int = 0
    opened: datetime | None = None
    left: datetime | None = None
    channel: str = ""
    message: str = ""
    shown: str = ""
    telling: bool = False
    version: int = 0
