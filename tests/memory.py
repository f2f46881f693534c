"""The ports of `bot/ports.py` in memory, each as honest as its contract and no more, to try the inner rooms on."""

# ruff: noqa: ARG002 - the signatures are the ports'

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trees import Files

from bot import pins, targets
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Catalog, Reading, Target
from bot.model.change import (
    Commit,
    Comparison,
    Draft,
    Edit,
    Move,
)
from bot.model.promotion import Promotion, Report, Standing, Waiting
from bot.model.pull import Nudge, Progress, PullRequest
from bot.model.request import Message
from bot.model.rules import Mute
from bot.model.sync import Content, Deployed, Live, Manifest, ObjectRef, Rehearsal, Schemas, Symptoms

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ME = "Quarterdeck"


class Git:
    """`Git` and `GitWrites` of one repository whose branch is a line of commits."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.trees: dict[str, Files] = {}
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.races: list[Callable[[], object]] = []
        """What others do just before each push."""
        self.pushes = 0
        self.write(files, "Begin")

    @property
    def newest(self) -> str:
        return self.branches["main"]

    def write(self, files: Mapping[str, str | None], message: str = "Change", author: str = "Ana") -> str:
        """Someone's commit on the branch; None deletes."""
        edits = {path: None if text is None else text.encode() for path, text in files.items()}
        self.branches["main"] = self._made(self.branches.get("main"), edits, message, author)
        return self.newest

    def head(self, repository: str) -> Files:
        return self.trees[self.newest]

    def at(self, repository: str, commit: str) -> Files:
        if commit not in self.trees:
            raise Refusal(f"There is no commit {commit[:40]!r} in {repository}.")
        return self.trees[commit]

    def targets(self, catalog: Catalog) -> tuple[Target, ...]:
        return targets.find(catalog, self.head)

    def versions(self, targets: Sequence[Target]) -> dict[Target, Reading]:
        return {target: self._reading(target) for target in targets}

    def _reading(self, target: Target) -> Reading:
        try:
            return Reading(pins.current(self.head(target.repository), target))
        except Refusal as refusal:
            return Reading(None, str(refusal))

    def log(self, repository: str, folders: Sequence[str]) -> Iterator[Commit]:
        commit = self.commits[self.newest]
        while True:
            before = self.trees[commit.parents[0]] if commit.parents else Files({})
            after = self.trees[commit.sha]
            if any(before.identity(folder) != after.identity(folder) for folder in folders):
                yield commit
            if not commit.parents:
                return
            commit = self.commits[commit.parents[0]]

    def moves(self, target: Target) -> Iterator[Move]:
        for commit in self.log(target.repository, target.folders):
            before = self._version(commit.parents[0], target) if commit.parents else None
            after = self._version(commit.sha, target)
            if before != after:
                yield Move(target, before, after, commit, commit.trailers.get("Requested-by", commit.author))

    def latest(self, targets: Sequence[Target]) -> dict[Target, Move]:
        found = ((target, next(self.moves(target), None)) for target in targets)
        return {target: move for target, move in found if move is not None}

    def revert(
        self, repository: str, commits: Sequence[str], onto: str, folders: Sequence[str]
    ) -> tuple[tuple[Edit, ...], ...] | None:
        files = dict(self.trees[onto].content)
        reverted = []
        for sha in commits:
            before, after = self.trees[self.commits[sha].parents[0]].content, self.trees[sha].content
            paths = [
                path
                for path in sorted(before.keys() | after.keys())
                if before.get(path) != after.get(path) and any(path.startswith(f"{folder}/") for folder in folders)
            ]
            if any(files.get(path) != after.get(path) for path in paths):
                return None
            reverted.append(tuple(Edit(path, after.get(path), before.get(path)) for path in paths))
            files |= {path: before[path] for path in paths if path in before}
        return tuple(reverted)

    def unmerged(self, repository: str, commit: str) -> tuple[Commit, ...]:
        self.at(repository, commit)
        above = []
        on_branch = {each.sha for each in self.log(repository, [""])} | {self.newest}
        while commit not in on_branch:
            above.append(self.commits[commit])
            commit = self.commits[commit].parents[0]
        return tuple(above)

    def contains(self, repository: str, commit: str, earlier: str) -> bool:
        while commit != earlier:
            known = self.commits.get(commit)
            if known is None or not known.parents:
                return False
            commit = known.parents[0]
        return commit in self.commits

    def find_change(self, target: Target, change: str) -> str | None:
        found = self.log(target.repository, target.folders)
        return next((each.sha for each in found if each.trailers.get("Quarterdeck-Change") == change), None)

    def commit(self, repository: str, base: str, drafts: Sequence[Draft]) -> str:
        for draft in drafts:
            for edit in draft.edits:
                assert self.trees[base].content.get(edit.path) == edit.before
            base = self._made(base, {edit.path: edit.after for edit in draft.edits}, draft.message, ME)
        return base

    @contextmanager
    def turn(self, repository: str) -> Iterator[str]:
        yield self.newest

    def push_base(self, repository: str, commit: str) -> bool:
        self.pushes += 1
        if self.races:
            self.races.pop(0)()
        above = [commit]
        while above[-1] != self.newest:
            parents = self.commits[above[-1]].parents
            if not parents:
                return False
            above.append(parents[0])
        self.branches["main"] = commit
        return True

    def push_branch(self, repository: str, branch: str, commit: str) -> str:
        there = self.branches.get(branch)
        if there and self.commits[there].author != ME:
            raise Refusal(f"Branch {branch} holds commits of {self.commits[there].author}.")
        if there is None or self._does(there) != self._does(commit):
            self.branches[branch] = commit
        return self.branches[branch]

    def _does(self, commit: str) -> object:
        """The same for the same changes on the same commit."""
        return self.trees[commit].content, self.commits[commit].parents

    def _version(self, commit: str, target: Target) -> str | None:
        try:
            return pins.current(self.trees[commit], target)
        except Refusal:
            return None

    def _made(self, parent: str | None, edits: Mapping[str, bytes | None], message: str, author: str) -> str:
        files = dict(self.trees[parent].content) if parent else {}
        for path, content in edits.items():
            files.pop(path, None)
            if content is not None:
                files[path] = content
        sha = hashlib.sha1(f"{len(self.commits)} {message}".encode(), usedforsecurity=False).hexdigest()
        trailers = dict(
            line.split(": ", 1) for line in message.rsplit("\n\n", maxsplit=1)[-1].splitlines() if ": " in line
        )
        at = NOW - timedelta(days=1) + timedelta(minutes=len(self.commits))
        self.commits[sha] = Commit(sha, (parent,) if parent else (), author, "", at, message, trailers)
        self.trees[sha] = Files(files)
        self.trees[sha].commit = sha
        return sha


@dataclass
class Forge:
    """`Forge` and `ForgeWrites`. What is in `rejected` can't be done: a method, or `method argument`."""

    open_pulls: list[PullRequest] = field(default_factory=list)
    rejected: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    closed_pulls: list[PullRequest] = field(default_factory=list)
    heads: Callable[[str], str] = lambda _: "a" * 40
    compared: Comparison | None = None
    """What any two versions come to; None is no answer."""
    told: list[Report] = field(default_factory=list)

    def pulls(self, repository: str) -> tuple[PullRequest, ...]:
        if f"pulls {repository}" in self.rejected:
            raise Unavailable("GitHub is away.")
        return tuple(self.open_pulls)

    def pull(self, repository: str, number: int) -> PullRequest:
        found = [each for each in (*self.open_pulls, *self.closed_pulls) if each.number == number]
        if not found:
            raise Refusal(f"There is no pull request #{number}.")
        return found[0]

    def progress(self, repository: str, numbers: Collection[int]) -> Mapping[int, Progress]:
        known = {each.number: each for each in (*self.open_pulls, *self.closed_pulls)}
        return {number: Progress(known[number]) for number in sorted(numbers) if number in known}

    def forget(self, nudge: Nudge) -> None:
        """Nothing is remembered."""

    def compare(self, source: str, older: str, newer: str) -> Comparison:
        if self.compared is None:
            raise Unavailable("GitHub is away.")
        return self.compared

    def open(self, repository: str, *, title: str, body: str, branch: str, draft: bool = False) -> PullRequest:
        self._do("open", branch)
        number = len(self.open_pulls) + len(self.closed_pulls) + 1
        self.open_pulls.append(pull(branch, number=number, title=title, body=body, head=self.heads(branch)))
        return self.open_pulls[-1]

    def edit(self, repository: str, number: int, *, title: str, body: str) -> None:
        self._do("edit", str(number))
        self.open_pulls = [
            replace(each, title=title, body=body) if each.number == number else each for each in self.open_pulls
        ]

    def comment(self, repository: str, number: int, text: str) -> None:
        self._do("comment", f"{number} {text}")

    def close(self, repository: str, number: int, *, delete_branch: bool = False) -> None:
        self._do("close", str(number))
        self.closed_pulls += [replace(each, state="closed") for each in self.open_pulls if each.number == number]
        self.open_pulls = [each for each in self.open_pulls if each.number != number]

    def assign(self, repository: str, number: int, people: Sequence[str]) -> None:
        self._do("assign", " ".join(people))

    def merge_when_ready(self, repository: str, number: int, *, head: str) -> str | None:
        self._do("merge", str(number))
        return None

    def report(self, report: Report) -> None:
        self._do("report", f"{report.environment} {report.state}")
        self.told.append(report)

    def label(self, repository: str, number: int, labels: Sequence[str]) -> None:
        self._do("label", " ".join(labels))

    def request_review(self, repository: str, number: int, reviewers: Sequence[str]) -> None:
        self._do("review", " ".join(reviewers))

    def _do(self, what: str, of: str) -> None:
        if what in self.rejected or f"{what} {of}" in self.rejected:
            raise Unavailable("GitHub is away.")
        self.asked.append(f"{what} {of}")


def pull(
    branch: str, *, number: int = 1, title: str = "Promote it", body: str = "", ours: bool = True, head: str = "a" * 40
) -> PullRequest:
    author = "quarterdeck-bot" if ours else "eve"
    url = f"https://github.example/pull/{number}"
    return PullRequest(number, url, title, body, branch, head, "main", "open", author, ours=ours)


@dataclass
class Clusters:
    """What each cluster holds; all that is asked of one that is `down` can't be read."""

    held: dict[str, dict[ObjectRef, Manifest]] = field(default_factory=dict)
    unchecked: dict[ObjectRef, str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    rehearsals: dict[ObjectRef, Rehearsal] = field(default_factory=dict)
    ailing: dict[ObjectRef, Symptoms] = field(default_factory=dict)
    closer: dict[ObjectRef, Symptoms] = field(default_factory=dict)
    """What is to be seen closely."""
    reads: int = 0
    examined: list[tuple[str, set[ObjectRef], bool]] = field(default_factory=list)

    def apply(self, cluster: str, *manifests: Manifest) -> None:
        for each in manifests:
            metadata = each["metadata"]
            ref = ObjectRef(each["apiVersion"], each["kind"], metadata.get("namespace", ""), metadata["name"])
            self.held.setdefault(cluster, {})[ref] = each

    def read(self, cluster: str, wanted: Iterable[ObjectRef]) -> Live:
        self.reads += 1
        refs = list(wanted)
        if cluster in self.down:
            return Live({}, dict.fromkeys(refs, f"{cluster} can't be reached"))
        held = self.held.get(cluster, {})
        unchecked = {ref: self.unchecked[ref] for ref in refs if ref in self.unchecked}
        return Live({ref: held[ref] for ref in refs if ref in held and ref not in unchecked}, unchecked)

    def schemas(self, cluster: str, kinds: Collection[tuple[str, str]]) -> Schemas:
        return Schemas()

    def rehearse(
        self,
        cluster: str,
        manifests: Mapping[ObjectRef, Manifest],
        manager: str,
    ) -> Mapping[ObjectRef, Rehearsal]:
        return self.rehearsals

    def symptoms(
        self, cluster: str, ailing: Mapping[ObjectRef, Manifest], *, closely: bool = False
    ) -> Mapping[ObjectRef, Symptoms]:
        self.examined.append((cluster, set(ailing), closely))
        return {ref: found for ref, found in (self.closer if closely else self.ailing).items() if ref in ailing}


class Synced:
    """`SyncedContents`."""

    def __init__(self) -> None:
        self.known: dict[Target, Content] = {}

    def last(self, targets: Collection[Target]) -> Mapping[Target, Content]:
        return {target: self.known[target] for target in targets if target in self.known}

    def remember(self, contents: Mapping[Target, Content]) -> None:
        self.known |= contents


@dataclass
class Engines:
    """`Engines` and `EngineWrites`: what each target's engine says, and which were asked to sync."""

    found: dict[Target, Deployed] = field(default_factory=dict)
    synced: list[Deployed] = field(default_factory=list)

    def deployed(self, targets: Sequence[Target]) -> Mapping[Target, Deployed]:
        return {target: self.found[target] for target in targets if target in self.found}

    def sync(self, deployed: Deployed) -> None:
        self.synced.append(deployed)


class Mutes:
    """By target."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Mute] = {}

    def mutes(self, environment: str) -> tuple[Mute, ...]:
        return tuple(each for each in self.kept.values() if each.environment == environment)

    def mute(self, mute: Mute) -> None:
        self.kept[mute.environment, mute.service] = mute

    def unmute(self, environment: str, service: str) -> bool:
        return self.kept.pop((environment, service), None) is not None


class Promotions:
    """By repository and key. `full` is a store that can't be used."""

    def __init__(self, *known: Promotion) -> None:
        self.kept = {(each.repository, each.key): replace(each, version=max(1, each.version)) for each in known}
        self.full = False

    def begin(self, promotion: Promotion) -> bool:
        self._open()
        if (promotion.repository, promotion.key) in self.kept:
            return False
        self.kept[promotion.repository, promotion.key] = replace(promotion, version=1)
        return True

    def promotion(self, repository: str, key: str) -> Promotion | None:
        self._open()
        return self.kept.get((repository, key))

    def promotions(self) -> tuple[Promotion, ...]:
        self._open()
        going = (each for each in self.kept.values() if not each.stage.is_end or each.telling)
        return tuple(sorted(going, key=lambda each: (each.asked, each.repository, each.key)))

    def ended(self, environment: str, service: str) -> Promotion | None:
        self._open()
        ended = (
            each
            for each in self.kept.values()
            if each.environment == environment
            and each.stage.is_end
            and not each.telling
            and any(leg.service == service for leg in each.legs)
        )
        return max(ended, key=lambda each: (each.reached.get(each.stage, NOW), each.asked), default=None)

    def keep(self, promotion: Promotion) -> bool:
        self._open()
        known = self.kept.get((promotion.repository, promotion.key))
        if known is None or known.version != promotion.version:
            return False
        self.kept[promotion.repository, promotion.key] = replace(promotion, version=promotion.version + 1)
        return True

    def _open(self) -> None:
        if self.full:
            raise Unavailable("The store is full.")


class Standings:
    """`bot.ports.Standings`."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], Standing] = {}

    def standings(self, environment: str) -> Mapping[str, Standing]:
        mine = [each for each in self.known.values() if each.environment == environment]
        return {each.service: each for each in sorted(mine, key=lambda each: each.seen)}

    def standing(self, environment: str, service: str, version: str) -> Standing | None:
        return self.known.get((environment, service, version))

    def note(self, standings: Collection[Standing]) -> None:
        self.known |= {(each.environment, each.service, each.version): each for each in standings}


class Queue:
    """`bot.ports.Queue`; what is said goes to `inbox`."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Waiting] = {}
        self.inbox: list[Message] = []

    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(sorted(self.known.values(), key=lambda each: each.since))

    def put(self, waiting: Waiting) -> None:
        self.known[waiting.environment, waiting.service] = waiting

    def take(self, waiting: Waiting) -> bool:
        key = (waiting.environment, waiting.service)
        there = self.known.get(key)
        if there is None or (there.version, there.since) != (waiting.version, waiting.since):
            return False
        del self.known[key]
        return True

    def say(self, waiting: Waiting, message: Message) -> bool:
        if taken := self.take(waiting):
            self.inbox.append(message)
        return taken


class Confirmations:
    """Questions by their number."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[Message, str, datetime]] = {}

    def ask(self, message: Message, fingerprint: str, expires: datetime) -> str:
        number = str(len(self.asked) + 1)
        self.asked[number] = (replace(message, press=None), fingerprint, expires)
        return number

    def waiting(self, confirmation: str, now: datetime) -> tuple[Message, str] | None:
        message, fingerprint, expires = self.asked.get(confirmation, (None, "", NOW))
        return (message, fingerprint) if message and now < expires else None

    def settle(self, confirmation: str) -> None:
        message, fingerprint, _ = self.asked[confirmation]
        self.asked[confirmation] = (message, fingerprint, datetime.min.replace(tzinfo=UTC))


class Audit:
    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str, str]] = []
        self.full = False

    def record(self, message: Message, verb: str, target: Target | None, outcome: str, detail: str) -> None:
        if self.full:
            raise Unavailable("The store is full.")
        self.kept.append((message.actor.name, verb, str(target), str(outcome)))
