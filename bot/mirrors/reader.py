"""Reads for commands: the newest commit of each repository, and what was told from it and from those before."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import targets
from bot.errors import Refusal
from bot.manifests import layout
from bot.mirrors.commits import Commits
from bot.mirrors.contents import Contents
from bot.mirrors.history import History
from bot.mirrors.latest import Latest
from bot.mirrors.mirror import Mirror
from bot.mirrors.notes import Notes
from bot.mirrors.revert import revert
from bot.mirrors.tree import CommitTree
from bot.mirrors.versions import Version, Versions
from bot.model.catalog import Catalog, Environment, Reading, Target
from bot.model.change import Commit, Edit, Move

MANY = 50
"""Targets of which one walk along the whole branch tells the newest moves sooner than a walk of each."""


class Archive:
    """One repository's mirror, and what is known of it. Made once a process; threads share it."""

    def __init__(self, mirror: Mirror, notes: Path, version: Version, meaning: str) -> None:
        self.mirror = mirror
        self.notes = Notes(notes, meaning)
        self.contents = Contents(mirror)
        self.commits = Commits(mirror)
        self.versions = Versions(self.contents, version, self.notes)
        self.history = History(mirror, self.commits, self.versions, self.notes)
        self.latest = Latest(self.commits, self.history, self.notes)

    def services(self, commit: str, environment: Environment) -> Mapping[str, tuple[str, ...]]:
        """The services of an environment by name, each with its folders, as `layout.services` finds them."""
        noted = self.notes.find("services", *environment.paths)
        if noted and self.has_same_names(noted["commit"], commit):
            return {name: tuple(folders) for name, folders in noted["services"].items()}
        self.contents.list(commit)
        found = layout.services(self.contents.tree(commit), environment)
        self.notes.keep({"commit": commit, "services": found}, "services", *environment.paths)
        return found

    def has_same_names(self, before: str, after: str) -> bool:
        """Whether files were changed only, and none came, went or became something else: then services are the same."""
        if before == after:
            return True
        if not self.mirror.holds(before):
            return False
        changed = self.mirror.difference(before, after).values()
        return all(old and new and old.mode == new.mode for old, new in changed)


@dataclass(frozen=True, slots=True)
class Found:
    """The targets of a catalog at commits of its repositories."""

    catalog: Catalog
    commits: Mapping[str, str]
    targets: tuple[Target, ...]


class Archives(dict[str, Archive]):
    """By the repository's name; with the targets found last, since the next command mostly finds the same."""

    found: Found | None = None


class Reader:
    """Implements `bot.ports.Git` for one command, in one thread."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._began = time.monotonic()
        self._heads: dict[str, CommitTree] = {}

    def head(self, repository: str) -> CommitTree:
        if repository not in self._heads:
            archive = self._archives[repository]
            archive.mirror.fetch(self._began)
            branch = archive.mirror.remote.repository.branch
            self._heads[repository] = archive.contents.tree(archive.mirror.newest(branch))
        return self._heads[repository]

    def at(self, repository: str, commit: str) -> CommitTree:
        """Refusal if there is no such commit; the whole id, in small letters, is needed."""
        mirror = self._archives[repository].mirror
        if not mirror.holds(commit):
            mirror.fetch(self._began)
            if not mirror.holds(commit):
                raise Refusal(f"There is no commit {commit[:40]!r} in {repository}.")
        return CommitTree(mirror, commit)

    def targets(self, catalog: Catalog) -> tuple[Target, ...]:
        last = self._archives.found
        if last and last.catalog is catalog and self._is_so_still(last):
            return last.targets
        commits: dict[str, str] = {}

        def services(repository: str, environment: Environment) -> Mapping[str, tuple[str, ...]]:
            commits[repository] = self._newest(repository)
            return self._archives[repository].services(commits[repository], environment)

        found = targets.listed(catalog, services)
        self._archives.found = Found(catalog, commits, found)
        return found

    def versions(self, targets: Sequence[Target]) -> Mapping[Target, Reading]:
        told: dict[Target, Reading] = {}
        for repository in {target.repository: None for target in targets}:
            there = [target for target in targets if target.repository == repository]
            told |= self._archives[repository].versions.all(self._newest(repository), there)
        return told

    def log(self, repository: str, folders: Sequence[str]) -> Iterator[Commit]:
        return self._archives[repository].commits.log(self._newest(repository), folders)

    def moves(self, target: Target) -> Iterator[Move]:
        return self._archives[target.repository].history.moves(self._newest(target.repository), target)

    def revert(
        self, repository: str, commits: Sequence[str], onto: str, folders: Sequence[str]
    ) -> tuple[tuple[Edit, ...], ...] | None:
        for commit in (onto, *commits):
            self.at(repository, commit)
        return revert(self._archives[repository].mirror, commits, onto, folders)

    def unmerged(self, repository: str, commit: str) -> tuple[Commit, ...]:
        self.at(repository, commit)
        brought = self._archives[repository].commits.brought(commit, self._newest(repository), first_parents=False)
        return tuple(brought)

    def contains(self, repository: str, commit: str, earlier: str) -> bool:
        mirror = self._archives[repository].mirror
        self._newest(repository)
        if commit == earlier or not (mirror.holds(commit) and mirror.holds(earlier)):
            return commit == earlier and mirror.holds(commit)
        # None is between them, but for those that lead to the earlier one alone.
        return not mirror.run("rev-list", "--max-count=1", f"{commit}..{earlier}").strip()

    def latest(self, targets: Sequence[Target]) -> Mapping[Target, Move]:
        told: dict[Target, Move] = {}
        for repository in {target.repository: None for target in targets}:
            there = [target for target in targets if target.repository == repository]
            if len(there) < MANY:
                found = ((target, next(self.moves(target), None)) for target in there)
                told |= {target: move for target, move in found if move is not None}
            else:
                told |= self._archives[repository].latest.all(self._newest(repository), there)
        return told

    def find_change(self, target: Target, change: str) -> str | None:
        return self._archives[target.repository].history.find_change(self._newest(target.repository), target, change)

    def _is_so_still(self, found: Found) -> bool:
        return all(
            self._archives[repository].has_same_names(commit, self._newest(repository))
            for repository, commit in found.commits.items()
        )

    def _newest(self, repository: str) -> str:
        return self.head(repository).commit
