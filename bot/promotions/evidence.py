"""What was seen of a promotion in one look, for `bot.promotions.course` to judge. Who looked is not known here.

What could not be seen is None or absent, and changes nothing: an outage is no verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.change import Move
from bot.model.pull import Progress
from bot.model.sync import Sighting
from bot.model.verification import Proof


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a commit, that somebody else made, has of the services."""

    versions: Mapping[str, str | None]
    """By service; None where it has none, or none that could be told."""
    by: tuple[str, ...] = ()
    """Who wrote commits that are not ours."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What the branch says now of one service."""

    version: str | None
    holds: bool
    """Whether the branch has the promotion's commit in its past."""
    move: Move | None = None
    """How it came to that version."""


@dataclass(frozen=True, slots=True)
class Look:
    """One service, looked at in its cluster."""

    sighting: Sighting
    since: datetime
    """Since when looks were made without a gap. What was before that, nobody saw."""
    applied: bool | None = None
    """Whether the commit that its engine applied last has the promotion's in its past; None where it says no commit."""
    attempted: bool | None = None
    """The same of the commit that its engine tried last."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at a promotion."""

    progress: Progress | None = None
    gone: bool = False
    """The forge answered, and has no such pull request."""
    pushed: Pushed | None = None
    """Of the pull request's head, or once it is merged of the commit it became; where that is another than is known."""
    newer: str = ""
    """The key of a later promotion that moves all the same services."""
    branch: Mapping[str, Branch] = field(default_factory=dict)
    """By service."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    proofs: Mapping[str, tuple[Proof, ...]] = field(default_factory=dict)
    """What came of the probes, all of them, of services whose probes were tried now."""
    blind: str = ""
    """Why the services could not be looked at, in words."""
