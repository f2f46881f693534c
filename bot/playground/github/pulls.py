"""What a forge knows beyond Git: people, and pull requests with their reviews and comments. Plain data."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.model.secret import Secret
from bot.playground.github.bare import Signature


@dataclass(frozen=True, slots=True)
class Person:
    """An account. Its token opens both the API and Git."""

    id: int
    login: str
    name: str
    token: Secret
    bot: bool = False
    host: str = "github.com"

    def signature(self, at: datetime) -> Signature:
        """As commits made on the website name them."""
        return Signature(self.name, f"{self.id}+{self.login}@users.noreply.{self.host}", at)


@dataclass(frozen=True, slots=True)
class Review:
    id: int
    person: Person
    state: str
    """APPROVED, CHANGES_REQUESTED or COMMENTED."""
    body: str
    at: datetime
    commit: str


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    person: Person
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who wants it merged, how and since when: by auto-merge, once nothing is missing, or by the merge queue."""

    by: Person
    method: str
    since: datetime


@dataclass(slots=True)
class Pull:
    """`head` and `base_commit` follow the refs while it is open, and stay as they were from then on."""

    number: int
    title: str
    body: str
    branch: str
    base: str
    author: Person
    created: datetime
    updated: datetime
    head: str
    base_commit: str
    draft: bool = False
    assignees: list[Person] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    reviewers: list[Person] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    closed: datetime | None = None
    merged: datetime | None = None
    closed_by: Person | None = None
    merged_by: Person | None = None
    merge_commit: str | None = None
    auto_merge: Waiting | None = None
    queued: Waiting | None = None
    looks: int = 0
    """At its present head, by whoever asked whether it can be merged."""

    @property
    def state(self) -> str:
        return "closed" if self.closed else "open"
