"""What a repository's owner has set up: how pull requests are merged, and what its branches ask for first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

METHODS = ("merge", "squash", "rebase")


@dataclass(slots=True)
class Settings:
    """`drafts` are missing from private repositories of the free plan."""

    methods: tuple[str, ...] = METHODS
    auto_merge: bool = True
    delete_branch_on_merge: bool = False
    drafts: bool = True
    judging: int = 0
    """How many looks at a new head find its mergeability still being worked out."""
    checks: Mapping[str, timedelta | None] = field(default_factory=dict)
    """What runs on each new head of a pull request, and how long; None is until somebody says how it ended."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Of one branch. `pulls`: it changes by pull request only. `queue`: those are merged by the queue only."""

    pulls: bool = True
    approvals: int = 0
    signed: bool = False
    queue: bool = False
    checks: tuple[str, ...] = ()


OPEN = Protection(pulls=False)
"""A branch that nobody protects."""
