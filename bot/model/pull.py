"""Pull requests as a forge tells them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request of a forge. `ours`: head in the same repository, under our prefix, and written by us."""

    number: int
    url: str
    title: str
    body: str
    branch: str
    head: str
    base: str
    state: str
    """`open`, `closed` or `merged`."""
    author: str
    ours: bool
    draft: bool = False
    merged_as: str | None = None
    """The commit that it became on the base branch: of a merge, a squash, or the last of a rebase."""
    merged_by: str | None = None
    opened: datetime | None = None
    """By the forge's clock, where it says so."""


class Checks(StrEnum):
    """What the checks of a pull request's head come to."""

    NONE = "none"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class Review(StrEnum):
    """What the reviews come to, by the rules of the branch."""

    NONE = "none"
    """None is asked for."""
    WANTED = "wanted"
    APPROVED = "approved"
    CHANGES = "changes"
    """Somebody asks for changes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull request is."""

    pull: PullRequest
    checks: Checks = Checks.NONE
    named: tuple[str, ...] = ()
    """The checks that failed; where none did, those that run still."""
    review: Review = Review.NONE
    approvers: tuple[str, ...] = ()
    conflicts: bool = False
    """Whether it can't be merged, since its base says something else."""
    queued: bool = False
    """Whether it waits in the merge queue, or merges by itself as soon as the rules allow."""
    closed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Nudge:
    """Something happened in a repository of the catalog, as someone says: look, and believe what is seen.

    Without pull requests and commit it may be about any of them.
    """

    repository: str
    pulls: tuple[int, ...] = ()
    commit: str = ""
    """The newest of the branch, or of the pull requests, that it is about."""
