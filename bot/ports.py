"""What the inside needs of the outside: reads and writes apart, each as narrow as its callers.

Adapters raise `Unavailable` when the world is against it and `Refusal` when a person can put it right; no other
error of theirs passes here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from bot.model.catalog import Catalog, Reading, Target
from bot.model.change import (
    Author,
    Commit,
    Comparison,
    Draft,
    Edit,
    Move,
)
from bot.model.episode import Episode, Outage
from bot.model.promotion import Promotion, Report, Standing, Waiting
from bot.model.pull import Nudge, Progress, PullRequest
from bot.model.reply import Reply
from bot.model.request import Message, Place
from bot.model.rules import Mute
from bot.model.sync import Content, Deployed, Live, Manifest, ObjectRef, Rehearsal, Schemas, Symptoms
from bot.model.verification import Probe, Proof


class Tree(Protocol):
    """One commit of a repository, read from the mirror. Paths use `/` and are relative to its root."""

    @property
    def commit(self) -> str: ...

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is none. Symlinks are not followed: Refusal."""

    def files(self, folder: str) -> tuple[str, ...]:
        """Paths of all files below a folder, sorted; symlinks and submodules are left out."""

    def folders(self, folder: str) -> tuple[str, ...]:
        """Names of the folders directly in a folder, sorted; "" is the root."""

    def identity(self, path: str) -> str | None:
        """The Git object id of a file or folder: the same id is the same content."""


class Git(Protocol):
    """Reads of the config repositories' mirrors. `repository` is a name of the catalog."""

    def head(self, repository: str) -> Tree:
        """The branch's newest commit, fetched once per command. Unavailable if the remote can't be reached."""

    def at(self, repository: str, commit: str) -> Tree: ...

    def targets(self, catalog: Catalog) -> tuple[Target, ...]:
        """Every target of a catalog at the branches' newest commits, in order of promotion, then by name."""

    def versions(self, targets: Sequence[Target]) -> Mapping[Target, Reading]:
        """What the newest commit says of each target's version: one call for thousands."""

    def log(self, repository: str, folders: Sequence[str]) -> Iterator[Commit]:
        """Commits of the branch that touched the folders: first parents only, newest first."""

    def moves(self, target: Target) -> Iterator[Move]:
        """How the target's version came about, newest first: by changes of any file that it is made of."""

    def revert(
        self, repository: str, commits: Sequence[str], onto: str, folders: Sequence[str]
    ) -> tuple[tuple[Edit, ...], ...] | None:
        """What `git revert` of each commit in turn does to the folders, on top of `onto`; None if it conflicts.

        A merge is reverted against its first parent. Nothing but loose objects in the mirror is written.
        """

    def unmerged(self, repository: str, commit: str) -> tuple[Commit, ...]:
        """The commits that lead to this one and are not on the branch, newest first."""

    def contains(self, repository: str, commit: str, earlier: str) -> bool:
        """Whether a commit has another in its past, or is it. False for commits that aren't there."""

    def latest(self, targets: Sequence[Target]) -> Mapping[Target, Move]:
        """The move by which each target came to its version: one call for thousands. Those never moved are left out."""

    def find_change(self, target: Target, change: str) -> str | None:
        """The commit, pushed or merged, that carries the trailer `Quarterdeck-Change: <change>`, if there is one."""


class GitWrites(Protocol):
    """Writes to config repositories. Called by `bot.perform` alone."""

    def commit(self, repository: str, base: str, drafts: Sequence[Draft]) -> str:
        """Make the drafts' commits on `base`, one after the other, in the mirror; the last one's id.

        Proves afterwards that exactly the drafts' paths changed, to exactly their bytes.
        """

    def turn(self, repository: str) -> AbstractContextManager[str]:
        """Wait for all who are about to push through the same mirror, and keep the others waiting until the block ends.

        Gives the newest commit of the followed branch, as far as the mirror knows.
        """

    def push_base(self, repository: str, commit: str) -> bool:
        """Push to the followed branch, never by force. False if the branch has moved since."""

    def push_branch(self, repository: str, branch: str, commit: str) -> str:
        """Create or move a branch of ours with a lease; the commit it is at then, which was there before where that
        does the same. Refusal if it holds anyone else's commits."""


class Committer(Protocol):
    """Has the forge make commits, which it signs with its own key. `bot.mirrors` proves what came of them."""

    def author(self, repository: str) -> Author:
        """Whom those commits name as author."""

    def signed(self, repository: str, base: str, drafts: Sequence[Draft]) -> AbstractContextManager[tuple[str, ...]]:
        """The drafts' commits on `base`, on a branch under our prefix that is there to be fetched until the block ends.

        Files become plain ones (mode 100644), whatever they were.
        """


class Forge(Protocol):
    """Reads of pull requests, and of the sources of services."""

    def pulls(self, repository: str) -> tuple[PullRequest, ...]:
        """Open pull requests under our branch prefix that lead to the followed branch."""

    def pull(self, repository: str, number: int) -> PullRequest:
        """One pull request, whatever its state, branch or author. Refusal if there is none of that number."""

    def progress(self, repository: str, numbers: Collection[int]) -> Mapping[int, Progress]:
        """How far pull requests are: few requests for hundreds, and next to none where nothing has changed.

        Those that aren't there are left out. Unavailable, with `retry_after` where the forge says when.
        """

    def forget(self, nudge: Nudge) -> None:
        """Have the next `progress` look at what the nudge is about, however short ago it was looked at."""

    def compare(self, source: str, older: str, newer: str) -> Comparison:
        """What `newer` has that `older` lacks, in `owner/name`, the repository a service is built from.

        Versions are tags, with or without a leading `v`, or commits. Refusal where one of them is neither.
        """


class ForgeWrites(Forge, Protocol):
    """Writes to pull requests, and the reads that tell which are needed. Called by `bot.perform` alone."""

    def open(self, repository: str, *, title: str, body: str, branch: str, draft: bool = False) -> PullRequest:
        """Open it, or give the one that is open already. `draft` is False in the answer where there are no drafts."""

    def edit(self, repository: str, number: int, *, title: str, body: str) -> None: ...

    def comment(self, repository: str, number: int, text: str) -> None: ...

    def close(self, repository: str, number: int, *, delete_branch: bool = False) -> None:
        """Close it unmerged; a branch that is gone already is fine."""

    def assign(self, repository: str, number: int, people: Sequence[str]) -> None:
        """Refusal that names those whom the forge did not accept; the others are assigned."""

    def merge_when_ready(self, repository: str, number: int, *, head: str) -> str | None:
        """Merge it as soon as its base's rules allow: the commit if that is now, None if it will be later.

        By the method the repository allows, or through its merge queue. Refusal if it can't be, or `head` has moved.
        """

    def report(self, report: Report) -> None:
        """Tell of a commit how its deployment stands; the same told twice is told once. Refusal where we may not."""

    def label(self, repository: str, number: int, labels: Sequence[str]) -> None: ...

    def request_review(self, repository: str, number: int, reviewers: Sequence[str]) -> None:
        """Ask people (`ana`) and teams (`acme/sre`), one call each, since one bad name spoils a whole call."""


class Renderer(Protocol):
    def render(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[Manifest, ...]:
        """The objects a folder declares. Refusal with file (and line) if it can't be rendered, or must not be.

        `target` is whose folder it is: a chart's objects depend on that.
        """

    def inputs(self, tree: Tree, folder: str, target: Target | None = None) -> tuple[str, ...]:
        """The files and folders that the objects are made of: while all are the same, so is the render."""


class Clusters(Protocol):
    def read(self, cluster: str, wanted: Iterable[ObjectRef]) -> Live:
        """One look at the objects asked for, in few calls. Never raises: what can't be read is in `unchecked`."""

    def schemas(self, cluster: str, kinds: Collection[tuple[str, str]]) -> Schemas:
        """What the cluster publishes of kinds, by API version and kind. Never raises: what can't be read is absent."""

    def rehearse(
        self, cluster: str, manifests: Mapping[ObjectRef, Manifest], manager: str
    ) -> Mapping[ObjectRef, Rehearsal]:
        """What would come of applying objects as this field manager: dry runs, nothing is changed. Never raises."""

    def symptoms(
        self, cluster: str, ailing: Mapping[ObjectRef, Manifest], *, closely: bool = False
    ) -> Mapping[ObjectRef, Symptoms]:
        """What is to be seen of workloads that don't do well, from their pods; `closely`, from events and logs too.

        Never raises: what can't be read is left out.
        """


class Engines(Protocol):
    def deployed(self, targets: Sequence[Target]) -> Mapping[Target, Deployed]:
        """Which engine's object deploys each target, and what it says; those that none is found for are left out.

        Never raises: an engine that can't be read is not found.
        """


class EngineWrites(Protocol):
    """The one write to a cluster. Called by `bot.perform` alone."""

    def sync(self, deployed: Deployed) -> None:
        """Ask the engine, by its annotation, to bring the cluster to what Git says. Refusal where we may not."""


class Chat(Protocol):
    """Where answers go. Called by the conversation's host and the jobs."""

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        """Say it, in the thread if the place has one; the message's id, for `update`. `to` is the asker's id."""

    def channel(self, name: str) -> str:
        """The id of a channel that something was posted to, for `update` after a restart; else its name."""

    def link(self, channel: str, message: str, thread: str = "") -> str:
        """Where people read a message; "" where nobody knows."""

    def update(self, channel: str, message: str, reply: Reply) -> None:
        """Replace what a message of ours says."""

    def attach(self, place: Place, name: str, text: str) -> None:
        """Put a text file there that is too long for a message."""


class Inbox(Protocol):
    """Messages written down before they are acknowledged, so that none is lost or run twice."""

    def receive(self, message: Message) -> bool:
        """Write it down; False if its id was seen before. Unavailable if the store can't: then don't acknowledge."""

    def unfinished(self) -> tuple[Message, ...]:
        """What a former process left undone, oldest first, marked `resumed`."""

    def finish(self, message_id: str) -> None:
        """It was answered: a restart leaves it alone."""


class Confirmations(Protocol):
    """Commands waiting for a person's yes."""

    def ask(self, message: Message, fingerprint: str, expires: datetime) -> str:
        """Keep the command; the confirmation's id."""

    def waiting(self, confirmation: str, now: datetime) -> tuple[Message, str] | None:
        """The command and its fingerprint; None if it is done, withdrawn or, at that time, expired."""

    def settle(self, confirmation: str) -> None:
        """It was pressed and done, or withdrawn: the button is dead from now on."""


class Audit(Protocol):
    def record(self, message: Message, verb: str, target: Target | None, outcome: str, detail: str) -> None:
        """Who asked what, and what came of it."""


class SyncedContents(Protocol):
    """What each target's files held when it was last seen in sync: tells `pending` from a change undone by hand.

    The last alone: a rollback returns to content that was in sync before, and is pending all the same.
    """

    def last(self, targets: Collection[Target]) -> Mapping[Target, Content]:
        """Those that were ever seen in sync."""

    def remember(self, contents: Mapping[Target, Content]) -> None:
        """All or nothing. A commit with the same content as before replaces nothing."""


class Episodes(Protocol):
    """What scheduled checks know from one to the next, so that a restart neither repeats nor swallows anything."""

    def underway(self, environment: str) -> tuple[Episode, ...]:
        """The episodes of an environment's targets."""

    def outages(self, environment: str) -> tuple[Outage, ...]:
        """What keeps its targets from being checked."""

    def write(self, known: Sequence[Episode | Outage], forgotten: Sequence[Episode | Outage] = ()) -> bool:
        """Keep some and forget others, all or nothing; what is kept is one version further then.

        False, and nothing is written, where any of them is no longer as it was read: another process checks as well.
        """


class Mutes(Protocol):
    """What people asked not to be told for a while: nobody else knows."""

    def mutes(self, environment: str) -> tuple[Mute, ...]:
        """Those of an environment, also such as have run out and were not taken back yet."""

    def mute(self, mute: Mute) -> None:
        """Keep it, in place of an earlier one of the same target."""

    def unmute(self, environment: str, service: str) -> bool:
        """Take it back; False if there was none."""


class Promotions(Protocol):
    """Changes on their way, so that a restart loses none: the forge does not know which message tells them."""

    def begin(self, promotion: Promotion) -> bool:
        """Keep it; False, and nothing is written, if one of its repository and key is known."""

    def promotion(self, repository: str, key: str) -> Promotion | None: ...

    def promotions(self) -> tuple[Promotion, ...]:
        """Those that have not ended, or whose end was being told when it was written down; oldest first."""

    def ended(self, environment: str, service: str) -> Promotion | None:
        """The one of a target that ended last."""

    def keep(self, promotion: Promotion) -> bool:
        """Write it, one version further. False where it is no longer as it was read: another process follows too."""


class Standings(Protocol):
    """How versions have done, over time: a cluster says how one does now."""

    def standings(self, environment: str) -> Mapping[str, Standing]:
        """What each service of an environment was last seen to run, by name."""

    def standing(self, environment: str, service: str, version: str) -> Standing | None:
        """How a version did there, be it the present one or an earlier one."""

    def note(self, standings: Collection[Standing]) -> None:
        """Keep them in place of what was known of the same versions."""


class Queue(Protocol):
    """Promotions that wait for their gates: nobody else knows that somebody wants them."""

    def waiting(self) -> tuple[Waiting, ...]:
        """All, oldest first, those that have expired too."""

    def put(self, waiting: Waiting) -> None:
        """Keep it, in place of an earlier one of the same target."""

    def take(self, waiting: Waiting) -> bool:
        """Take it out; False if it is gone, or another is in its place."""

    def say(self, waiting: Waiting, message: Message) -> bool:
        """Take it out and write down the message that it comes to in the inbox, both or neither; False as `take`."""


class Prober(Protocol):
    """Looks that verify a version. Nothing is changed."""

    def probe(self, probe: Probe, target: Target, version: str, since: datetime) -> Proof:
        """What came of it; never raises. `since` is when the branch had the version: what ran before is none of its."""
