"""A change on its way: from asked for to healthy, or to wherever it ended. Holds no value of any object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.pull import Checks, Review
from bot.model.request import Actor, Message
from bot.model.sync import Health
from bot.model.verification import Proof


class Stage(StrEnum):
    """How far a change is, in the order it gets there; then the ends."""

    REQUESTED = "requested"
    OPEN = "open"
    """Its pull request is."""
    CHECKS = "checks"
    """They have passed."""
    APPROVED = "approved"
    MERGED = "merged"
    """The branch has it."""
    SYNCED = "synced"
    """The cluster has it."""
    HEALTHY = "healthy"
    FAILED = "failed"
    CLOSED = "closed"
    """Unmerged."""
    SUPERSEDED = "superseded"
    """Something newer, or that took it back, came before it was healthy."""
    TIMED_OUT = "timed-out"
    UNWATCHED = "unwatched"
    """Merged where no cluster is configured: nobody here can tell what comes of it."""

    @property
    def is_end(self) -> bool:
        return self in {Stage.HEALTHY, Stage.FAILED, Stage.CLOSED, Stage.SUPERSEDED, Stage.TIMED_OUT, Stage.UNWATCHED}

    @property
    def is_lost(self) -> bool:
        """Whether it ended without the version being healthy, though the branch has it."""
        return self in {Stage.FAILED, Stage.TIMED_OUT}


@dataclass(frozen=True, slots=True)
class Leg:
    """One service of a change, once the branch has it."""

    service: str
    from_version: str | None
    to_version: str
    stage: Stage = Stage.REQUESTED
    why: str = ""
    """What it waits for, or why it ended, in words without a time that passes."""
    well: datetime | None = None
    """Since when it has been healthy without a break."""
    ailing: datetime | None = None
    """Since when it has been degraded without a break."""
    proofs: tuple[Proof, ...] = ()
    there: datetime | None = None
    """When its cluster was first seen to have it."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change that is followed: a promotion or a rollback, of one service or several."""

    repository: str
    key: str
    """What it is known by in its repository: `#12`, or the commit where it was pushed."""
    environment: str
    verb: str
    legs: tuple[Leg, ...]
    by: Actor
    asked: datetime
    title: str = ""
    stage: Stage = Stage.REQUESTED
    reached: Mapping[Stage, datetime] = field(default_factory=dict)
    """When it got to each stage."""
    pull: int | None = None
    url: str = ""
    head: str = ""
    """The commit that the pull request leads to: one that somebody else pushed is not what was asked for."""
    commit: str = ""
    """The commit of the branch that has it."""
    merged_by: str = ""
    why: str = ""
    """What it waits for, or why it ended: a clause such as `it waits for build and lint`, without a full stop."""
    trouble: str = ""
    """What somebody must put right before it goes on, as a clause: `build failed`, `ben asks for changes`. The thread
    is told when it comes, and when it changes."""
    notes: tuple[str, ...] = ()
    """What whoever asked was told besides, in sentences."""
    checks: Checks | None = None
    """What its checks come to, and its reviews: None where nobody has looked yet."""
    review: Review | None = None
    approvers: tuple[str, ...] = ()
    automatic: bool = False
    """Whether the bot rolls back by itself, as the config says."""
    after: str = ""
    """The key of the promotion that it takes back, if it is such a rollback."""
    channel: str = ""
    message: str = ""
    """The message that tells it; "" where there is none, or nobody knows which it is."""
    thread: str = ""
    """The thread that this message is in, "" if it begins its own."""
    link: str = ""
    """Where people read it."""
    shown: str = ""
    """A fingerprint of what the message says."""
    telling: bool = False
    """Its news were being told when it was written down, and perhaps were."""
    reported: str = ""
    """What the forge was told of it last."""
    version: int = 0
    """How often it was written; 0 for what is not in the store."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a version has done in an environment."""

    environment: str
    service: str
    version: str
    health: Health
    since: datetime
    """Since when its health is that, without a break."""
    seen: datetime
    """The last look."""
    proven: datetime | None = None
    """When it was healthy last, if ever."""
    stirring: datetime | None = None
    """Since when it has been progressing, too short yet to count as anything else than its health."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A promotion that somebody wants as soon as its gates are open."""

    environment: str
    service: str
    version: str
    message: Message
    """The words, as they are to be said then, and by whom."""
    expires: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What a forge is told of a change: a deployment's state, and a commit's status."""

    repository: str
    commit: str
    environment: str
    state: str
    """`queued`, `in_progress`, `success`, `failure`, `error` or `inactive`: as the forge's deployments have it."""
    description: str
    url: str = ""
    """Where people read more: the thread in the chat."""
    production: bool = False
