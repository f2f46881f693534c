"""The folder of mirrors: one for each repository of the catalog, and what is read from and written through them."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from bot import pins
from bot.errors import Refusal
from bot.mirrors.history import History, Version
from bot.mirrors.mirror import Mirror
from bot.mirrors.remote import Remote
from bot.mirrors.revert import revert
from bot.mirrors.tree import CommitTree
from bot.mirrors.work import Writer, clock
from bot.model.catalog import Repository, Target
from bot.model.change import Author, Commit, Edit, Move
from bot.model.secret import Secret


class Mirrors:
    """Made once a process; threads share it. `close` it to end the processes that read objects.

    `data` is the folder for everything kept (`QUARTERDECK_DATA`); several processes may use it at once.
    """

    def __init__(
        self,
        data: Path,
        repositories: Mapping[str, Repository],
        *,
        token: Secret | None = None,
        author: Author | None = None,
        now: Callable[[], datetime] = clock,
        version: Version = pins.current,
        trusted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`trusted` says of an address whether the token is meant for it; others are asked without."""
        self._mirrors = {
            name: Mirror(_place(data, repository), Remote(repository, token if trusted(repository.url) else None))
            for name, repository in repositories.items()
        }
        self._histories = {name: History(mirror, version) for name, mirror in self._mirrors.items()}
        self._writer = Writer(self._mirrors, author or Author(), now)

    def reader(self) -> "Reader":
        """Reads for one command: it fetches each repository once, at the first look, and stays with what it saw."""
        return Reader(self._mirrors, self._histories)

    def writer(self) -> Writer:
        return self._writer

    def close(self) -> None:
        for mirror in self._mirrors.values():
            mirror.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Reader:
    """Implements `bot.ports.Git` for one command, in one thread."""

    def __init__(self, mirrors: Mapping[str, Mirror], histories: Mapping[str, History]) -> None:
        self._mirrors = mirrors
        self._histories = histories
        self._began = time.monotonic()
        self._heads: dict[str, CommitTree] = {}

    def head(self, repository: str) -> CommitTree:
        if repository not in self._heads:
            mirror = self._mirrors[repository]
            mirror.fetch(self._began)
            branch = mirror.remote.repository.branch
            self._heads[repository] = CommitTree(mirror, mirror.newest(branch))
        return self._heads[repository]

    def at(self, repository: str, commit: str) -> CommitTree:
        """Refusal if there is no such commit; the whole id, in small letters, is needed."""
        mirror = self._mirrors[repository]
        if not mirror.holds(commit):
            mirror.fetch(self._began)
            if not mirror.holds(commit):
                raise Refusal(f"There is no commit {commit[:40]!r} in {repository}.")
        return CommitTree(mirror, commit)

    def log(self, repository: str, folders: Sequence[str]) -> Iterator[Commit]:
        return self._histories[repository].log(self.head(repository).commit, folders)

    def moves(self, target: Target) -> Iterator[Move]:
        return self._histories[target.repository].moves(self.head(target.repository).commit, target)

    def revert(
        self, repository: str, commits: Sequence[str], onto: str, folders: Sequence[str]
    ) -> tuple[tuple[Edit, ...], ...] | None:
        for commit in (onto, *commits):
            self.at(repository, commit)
        return revert(self._mirrors[repository], commits, onto, folders)

    def unmerged(self, repository: str, commit: str) -> tuple[Commit, ...]:
        self.at(repository, commit)
        return tuple(self._histories[repository].unmerged(commit, self.head(repository).commit))

    def find_change(self, target: Target, change: str) -> str | None:
        head = self.head(target.repository).commit
        return self._histories[target.repository].find_change(head, target, change)


def _place(data: Path, repository: Repository) -> Path:
    """Readable by its name, one's own by its URL: a repository that moved gets a new mirror."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", repository.name)[:40]
    return data.absolute() / "mirrors" / f"{name}-{sha256(repository.url.encode()).hexdigest()[:12]}.git"
