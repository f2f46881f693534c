"""A branch's commits, read as git tells them. Judges nothing, and knows no versions.

Git follows one path through a hundred thousand commits in a fraction of a second, by the notes of changed paths that
the mirror keeps; several paths in one walk it follows without them (before git 2.51). So each path has its own walk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.mirrors.mirror import Mirror
from bot.model.change import Commit

_FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%(trailers:only,unfold)", "%B")
_WHOLE = ("log", "-z", "--format=" + "%x00".join(_FIELDS), "--encoding=UTF-8", "--no-show-signature")
_CHUNK = 65536
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Change:
    """A commit, its first parent, and the files that differ between the two."""

    sha: str
    parent: str | None
    files: tuple[str, ...]


class Commits:
    """One mirror's. Dates are of when a commit landed, not of when it was written."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def log(self, start: str, paths: Sequence[str]) -> Iterator[Commit]:
        """Commits from `start` back that touched any path: first parents only, newest first, read as they come."""
        if len(paths) < 2:
            yield from self._read("--first-parent", *_range(start, paths=paths))
            return
        batch: list[str] = []
        for sha, _ in self.touching(start, paths):
            batch.append(sha)
            if len(batch) == _BATCH:
                yield from self.named(batch)
                batch.clear()
        yield from self.named(batch)

    def named(self, ids: Sequence[str]) -> Iterator[Commit]:
        """The commits of these ids, in their order."""
        return self._read("--no-walk=unsorted", *_range(*ids)) if ids else iter(())

    def brought(self, commit: str, onto: str, paths: Sequence[str] = (), *, first_parents: bool) -> Iterator[Commit]:
        """Commits that lead to one and not to the other, newest first; all, or those that touched the paths."""
        return self._read(*(["--first-parent"] if first_parents else []), *_range(commit, f"^{onto}", paths=paths))

    def holding(self, start: str, text: str, path: str) -> Iterator[Commit]:
        """Commits that touched a path and hold a text in their message, those that merges brought included."""
        return self._read("--fixed-strings", f"--grep={text}", *_range(start, paths=[path]))

    def touching(self, start: str, paths: Sequence[str]) -> Iterator[tuple[str, str | None]]:
        """As `log`, but ids only, each with its first parent's."""
        if len(paths) < 2:
            yield from self._walk(start, paths)
            return
        touched = {sha for path in paths for sha, _ in self._walk(start, [path])}
        if touched:
            yield from (each for each in self._walk(start) if each[0] in touched)

    def since(self, older: str, start: str) -> list[Change] | None:
        """What came to the branch after a commit, newest first; None if it is not on it: histories can be rewritten."""
        if start == older:
            return []
        if not self._mirror.holds(older):
            return None
        found = list(self.changes(start, f"^{older}"))
        return found if found and found[-1].parent == older else None

    def changes(self, *commits: str) -> Iterator[Change]:
        """Commits of the branch from one back, each with the files that it changed: newest first, read as they come."""
        options = ("--first-parent", "--diff-merges=first-parent", "--name-only", "--no-renames")
        with self._mirror.stream("log", *options, "-z", "--format=%x00%H %P", *_range(*commits)) as out:
            rest = b""
            # Names can't be empty, so an empty one stands before each commit.
            while chunk := out.read1(_CHUNK):
                *whole, rest = (rest + chunk).split(b"\0\0")
                yield from (_change(said) for said in whole)
            if rest:
                yield _change(rest)

    def _walk(self, start: str, paths: Sequence[str] = ()) -> Iterator[tuple[str, str | None]]:
        with self._mirror.stream("log", "--first-parent", "--format=%H %P", *_range(start, paths=paths)) as out:
            for line in out:
                sha, *parents = line.decode().split()
                yield sha, parents[0] if parents else None

    def _read(self, *arguments: str) -> Iterator[Commit]:
        with self._mirror.stream(*_WHOLE, *arguments) as out:
            fields: list[str] = []
            rest = b""
            # Messages can't hold a NUL, so counting fields is safe whatever people write.
            while chunk := out.read1(_CHUNK):
                *whole, rest = (rest + chunk).split(b"\0")
                fields += [field.decode(errors="replace") for field in whole]
                while len(fields) >= len(_FIELDS):
                    yield _commit(fields[: len(_FIELDS)])
                    del fields[: len(_FIELDS)]


def _range(*commits: str, paths: Sequence[str] = ()) -> list[str]:
    named = [path.strip("/") for path in paths]
    return ["--end-of-options", *commits, "--", *([] if "" in named else named)]


def _change(said: bytes) -> Change:
    """A line feed stands before a commit's first file."""
    ids, *files = said.strip(b"\0").split(b"\0")
    sha, *parents = ids.decode().split()
    names = [name.decode(errors="surrogateescape") for name in files]
    return Change(sha, parents[0] if parents else None, (*(name[1:] for name in names[:1]), *names[1:]))


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
