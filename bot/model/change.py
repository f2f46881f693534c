"""Changes as values: what should happen to Git, and what came of it."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.model.catalog import Delivery, Merge, Target
from bot.model.promotion import Waiting
from bot.model.pull import PullRequest
from bot.model.reply import Choice
from bot.model.rules import Mute
from bot.model.secret import Secret
from bot.model.sync import Deployed, Difference

PREFIX = "quarterdeck/"
"""Branches under it are ours."""
CHANGE = "Quarterdeck-Change"
"""The trailer that names what was asked for."""


@dataclass(frozen=True, slots=True)
class Author:
    """Whom the bot's commits name as author and committer. The e-mail address is how it knows its own again."""

    name: str = "Quarterdeck"
    email: str = "quarterdeck@noreply.invalid"
    sign: Literal["ssh", "gpg", "github"] | None = None
    """How commits are signed; `github` has GitHub make and sign them. With it, none is made unsigned."""
    key: Secret | None = None
    """The private key for that, as its program writes it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file before and after. None is "not there". Bytes, since a promotion keeps every byte but the version's."""

    path: str
    before: bytes | None
    after: bytes | None


def net(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits one after the other as what they come to: one edit a file."""
    merged: dict[str, Edit] = {}
    for edit in edits:
        merged[edit.path] = Edit(edit.path, merged.get(edit.path, edit).before, edit.after)
    return tuple(merged.values())


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to make: its whole message, trailers included, and its edits."""

    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A service moves in an environment."""

    target: Target
    from_version: str | None
    to_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(ABC):
    """Files of one environment and repository should change, in one pull request or one push.

    Performing it twice has the effect of once.
    """

    verb: str
    delivery: Delivery
    base: str
    """The commit it was planned on."""
    drafts: tuple[Draft, ...]
    branch: str
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    draft: bool = False
    merge: Merge = Merge.BY_HAND
    notes: tuple[str, ...] = ()
    """Sentences the reply must carry, such as that a revert would have conflicted."""
    confirm: str | None = None
    """Why a person must confirm first; None where the pull request is confirmation enough."""
    sure: bool = False
    """Whether all there is to confirm is that it is done at once: then nobody needs to where the config asks for it."""
    because: str = ""
    """Why it goes against a rule, where it does: that needs the permission to override."""
    also: tuple[Target, ...] = ()
    """What the same files move as well: whoever asks must be allowed to move it there."""
    gated: bool = False
    """Whether a gate was open when it was planned, and must be so still when the bot merges it."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for draft in self.drafts for edit in draft.edits)

    @property
    @abstractmethod
    def targets(self) -> tuple[Target, ...]: ...

    @property
    def environment(self) -> str:
        return self.targets[0].environment

    @property
    def repository(self) -> str:
        return self.targets[0].repository

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """The same for the same effect on the same files, whatever the base commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Change):
    """Services of one environment and repository should move; mostly it is one."""

    steps: tuple[Step, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(step.target for step in self.steps)

    @property
    def fingerprint(self) -> str:
        """As of any change."""
        return hashlib.sha256(repr((self.verb, self.steps, self.also, self.edits)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment(Change):
    """Files should be put right after the drift of a target: nothing is promoted."""

    target: Target
    summary: str
    """What it does, as the end of a sentence that begins with the target: `2 live values written into Git`."""
    findings: tuple[Difference, ...]
    """What it is about. Values of Secrets are masked."""

    @property
    def targets(self) -> tuple[Target, ...]:
        return (self.target,)

    @property
    def fingerprint(self) -> str:
        """As of any change."""
        return hashlib.sha256(repr((self.verb, self.target, self.edits)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal(Proposal):
    """A proposal to go back: a revert for each draft, newest first, or one that only sets the version back."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A service that was asked for and stays as it is: there already, or refused."""

    service: str
    environment: str
    why: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Release:
    """What several services asked for together come to: the proposals, and those that can't or needn't go."""

    proposals: tuple[Proposal, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The same for the same effects, whatever the base commits."""
        return hashlib.sha256("".join(each.fingerprint for each in self.proposals).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An open pull request of ours should be closed, and its branch go."""

    verb: str
    environment: str
    repository: str
    pull: PullRequest
    comment: str
    """What the pull request is told, in Markdown."""
    text: str
    """What whoever asked is told once it is done."""
    targets: tuple[Target, ...] = ()
    """Which services it would have moved, where that is known."""
    confirm: str | None = None

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr((self.verb, self.repository, self.pull.number, self.pull.head)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    verb: str
    target: Target
    would: str
    """What would be done, as a clause with “would”."""
    text: str
    """What whoever asked is told once it is done."""
    choices: tuple[Choice, ...] = ()
    """The buttons of that answer."""

    @property
    def targets(self) -> tuple[Target, ...]:
        return (self.target,)

    @property
    def environment(self) -> str:
        return self.target.environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Muting(_Errand):
    """The drift of a target should not be told for a while; without a `mute`, it should be told again."""

    mute: Mute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest(_Errand):
    """The engine that deploys a target should be asked to bring its cluster to what Git says."""

    deployed: Deployed


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing(_Errand):
    """A promotion should be said as soon as its gates are open."""

    waiting: Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Unqueueing(_Errand):
    """A promotion should no longer wait for its gates."""

    waiting: Waiting


Errand = Muting | SyncRequest | Queueing | Unqueueing
"""What is asked of our store or of an engine: Git stays as it is."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as the bot reads it. `trailers` holds the last value of each key."""

    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    at: datetime
    message: str
    trailers: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    @property
    def is_ours(self) -> bool:
        """Whether it has the trailer of the bot's commits; a hint, since anybody can write one."""
        return CHANGE in self.trailers


@dataclass(frozen=True, slots=True)
class Move:
    """A commit of the branch that changed a service's version in an environment (first parents only)."""

    target: Target
    from_version: str | None
    to_version: str | None
    commit: Commit
    by: str
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit of a service's source. `author` is a login where the forge knows one, else the name in the commit."""

    sha: str
    subject: str
    author: str
    url: str
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one version of a service's source has that another lacks, newest first.

    `entries` may be cut; `total` is never. `missing` commits of the older version are not in the newer one: where that
    is more than 0, going there takes something away.
    """

    url: str
    entries: tuple[Entry, ...]
    total: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """`superseded` are older pull requests for the same targets, which the new one takes the place of.

    `why` says why it is a pull request where the environment is pushed to.
    """

    pull: PullRequest
    superseded: tuple[PullRequest, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The pull request was there already; it now holds what was asked for, on the present base."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class Committed:
    commit: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What was asked for is so already."""

    why: str


@dataclass(frozen=True, slots=True)
class Contested:
    """Another open pull request moves the same target, and may not be taken the place of; nothing was done."""

    target: Target
    pull: PullRequest


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The pull request is closed."""

    pull: PullRequest


@dataclass(frozen=True, slots=True)
class Done:
    """An errand is run."""

    text: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    why: str


Outcome = Opened | Adopted | Committed | Unchanged | Contested | Withdrawn | Failed
