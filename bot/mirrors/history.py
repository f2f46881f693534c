"""What the branch's commits say and did: who moved which version, and when. Reads only, and judges nothing."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.errors import Refusal
from bot.mirrors.mirror import Mirror
from bot.mirrors.tree import CommitTree
from bot.model.catalog import Target
from bot.model.change import Commit, Move
from bot.ports import Tree

Version = Callable[[Tree, Target], str | None]
"""Tells the version at a target, as `bot.pins.current` does; may raise Refusal."""

_FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%(trailers:only,unfold)", "%B")
_PULL = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")
_CHUNK = 65536

_Place = tuple[Target, tuple[str | None, ...]]
"""A target and the ids of its folders."""


class History:
    """One mirror's. Remembers each version with the Git ids of all it was told from, so looking again is cheap."""

    def __init__(self, mirror: Mirror, version: Version) -> None:
        self._mirror = mirror
        self._version = version
        self._versions: dict[_Place, list[tuple[dict[str, str | None], str | None]]] = {}

    def log(self, start: str, folders: Sequence[str]) -> Iterator[Commit]:
        """Commits from `start` back that touched the folders: first parents only, newest first, read as they come.

        A commit is dated by when it landed, not by when it was written.
        """
        return self._log(start, folders, "--first-parent")

    def _log(self, start: str, folders: Sequence[str], *options: str) -> Iterator[Commit]:
        form = "--format=" + "%x00".join(_FIELDS)
        fixed = ["-z", form, "--encoding=UTF-8", "--no-show-signature"]
        paths = [folder.strip("/") for folder in folders]
        paths = [] if "" in paths else paths
        with self._mirror.stream("log", *fixed, *options, "--end-of-options", start, "--", *paths) as out:
            fields: list[str] = []
            rest = b""
            # Messages can't hold a NUL, so counting fields is safe whatever people write.
            while chunk := out.read1(_CHUNK):
                *whole, rest = (rest + chunk).split(b"\0")
                fields += [field.decode(errors="replace") for field in whole]
                while len(fields) >= len(_FIELDS):
                    yield _commit(fields[: len(_FIELDS)])
                    del fields[: len(_FIELDS)]

    def unmerged(self, commit: str, branch: str) -> Iterator[Commit]:
        """Commits that lead to `commit` and not to `branch`, newest first."""
        return self._log(commit, [""], f"^{branch}")

    def moves(self, start: str, target: Target) -> Iterator[Move]:
        """How the target's version came about, newest first. Where it can't be told it counts as None."""
        for commit in self.log(start, target.folders):
            after = self._version_at(commit.sha, target)
            before = self._version_at(commit.parents[0], target) if commit.parents else None
            if before != after:
                yield self._move(commit, target, before, after)

    def find_change(self, start: str, target: Target, change: str) -> str | None:
        """The newest commit with the trailer `Quarterdeck-Change: <change>` among those that touched the target, be it
        on the branch or brought by a merge."""
        found = self._log(start, target.folders, "--fixed-strings", f"--grep={change}")
        return next((commit.sha for commit in found if commit.trailers.get("Quarterdeck-Change") == change), None)

    def _move(self, commit: Commit, target: Target, before: str | None, after: str | None) -> Move:
        if len(commit.parents) > 1:
            # A merge says little itself; the trailers stand in what it brought.
            brought = next(
                self._log(commit.parents[1], target.folders, "--first-parent", f"^{commit.parents[0]}"), None
            )
            commit = replace(commit, trailers=(brought.trailers if brought else {}) | commit.trailers)
        pull = _PULL.search(commit.subject)
        return Move(
            target=target,
            from_version=before,
            to_version=after,
            commit=commit,
            by=commit.trailers.get("Requested-by") or commit.author,
            pull=int(pull[1] or pull[2]) if pull else None,
        )

    def _version_at(self, commit: str, target: Target) -> str | None:
        tree = CommitTree(self._mirror, commit)
        folders = tuple(tree.identity(folder) for folder in target.folders)
        if not any(folders):
            return None
        known = self._versions.setdefault((target, folders), [])
        for seen, version in known:
            if all(tree.identity(path) == identity for path, identity in seen.items()):
                return version
        watched = _Watched(tree)
        try:
            told = self._version(watched, target)
        except Refusal:
            told = None
        known.append((watched.seen, told))
        return told


class _Watched:
    """A tree that notes what was looked at: bases outside the target's folders count as well."""

    def __init__(self, tree: Tree) -> None:
        self.commit = tree.commit
        self.seen: dict[str, str | None] = {}
        self._tree = tree

    def read(self, path: str) -> bytes | None:
        self.identity(path)
        return self._tree.read(path)

    def files(self, folder: str) -> tuple[str, ...]:
        self.identity(folder)
        return self._tree.files(folder)

    def folders(self, folder: str) -> tuple[str, ...]:
        self.identity(folder)
        return self._tree.folders(folder)

    def identity(self, path: str) -> str | None:
        return self.seen.setdefault(path, self._tree.identity(path))


def _commit(fields: Sequence[str]) -> Commit:
    sha, parents, author, email, seconds, trailers, message = fields
    pairs = (line.partition(": ") for line in trailers.split("\n"))
    return Commit(
        sha=sha,
        parents=tuple(parents.split()),
        author=author,
        email=email,
        at=_instant(seconds),
        message=message.rstrip("\n"),
        trailers={key: value.strip() for key, colon, value in pairs if colon},
    )


def _instant(seconds: str) -> datetime:
    """The epoch where the commit holds nonsense."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
