"""Git's trees as bytes: reading one commit's files, and making a new tree from an old one path by path.

Entries that aren't touched keep their bytes, whatever their names and modes are. Knows nothing of remotes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, Protocol, cast

from bot.errors import Refusal

FOLDER, FILE, LINK, SUBMODULE = b"40000", b"100644", b"120000", b"160000"
_LIMIT = 10_000_000
"""Bytes. No manifest is so big; without a limit one such file could take all memory."""


class Entry(NamedTuple):
    """A line of a tree object: its mode in octal, as Git writes it, and the object's id."""

    mode: bytes
    sha: str

    @property
    def is_file(self) -> bool:
        return self.mode not in {FOLDER, LINK, SUBMODULE}


class Objects(Protocol):
    """The part of a mirror that trees need."""

    def entries(self, tree: str) -> Mapping[bytes, Entry]: ...

    def root(self, commit: str) -> str: ...

    def read(self, sha: str, *, limit: int) -> bytes | None:
        """An object's bytes; None if they are more than `limit`."""

    def store(self, kind: bytes, data: bytes) -> str: ...


def parse(data: bytes) -> dict[bytes, Entry]:
    """A tree object's content: `mode SP name NUL id` again and again (git-mktree(1), gitformat-pack(5))."""
    entries, start = {}, 0
    while start < len(data):
        space = data.index(b" ", start)
        end = data.index(b"\0", space)
        entries[data[space + 1 : end]] = Entry(data[start:space], data[end + 1 : end + 21].hex())
        start = end + 21
    return entries


def serialise(entries: Mapping[bytes, Entry]) -> bytes:
    """The reverse of `parse`. Git sorts a folder as if its name ended in a slash."""

    def order(item: tuple[bytes, Entry]) -> bytes:
        return item[0] + b"/" if item[1].mode == FOLDER else item[0]

    return b"".join(
        entry.mode + b" " + name + b"\0" + bytes.fromhex(entry.sha)
        for name, entry in sorted(entries.items(), key=order)
    )


def graft(objects: Objects, tree: str | None, changes: Mapping[tuple[bytes, ...], Entry | None]) -> str | None:
    """A tree with entries set (or, for None, taken out) at paths; None if nothing is left in it.

    Raises Refusal where a path leads through something that is no folder.
    """
    if () in changes:
        whole = changes[()]
        return whole.sha if whole else None
    entries = dict(objects.entries(tree)) if tree else {}
    for name, group in groupby(sorted(changes.items()), key=lambda change: change[0][0]):
        below = {path[1:]: entry for path, entry in group}
        old = entries.pop(name, None)
        if () in below:
            new = below[()]
        elif old is not None and old.mode != FOLDER:
            raise Refusal(f"{text(name) or 'A path'} is not a folder in Git, so nothing can be written below it.")
        else:
            sha = graft(objects, old.sha if old else None, below)
            new = Entry(FOLDER, sha) if sha else None
        if new is not None:
            entries[name] = new
    return objects.store(b"tree", serialise(entries)) if entries else None


def split(path: str) -> tuple[bytes, ...]:
    """A path's names; none for the root. Raises Refusal if it could mean another place than it says."""
    names = path.strip("/").split("/") if path.strip("/") else []
    raw = tuple(map(_raw, names))
    if None in raw:
        raise Refusal(f"{path!r} is not a path inside a repository.")
    return cast("tuple[bytes, ...]", raw)


@lru_cache(maxsize=50_000)
def _raw(name: str) -> bytes | None:
    """The reverse of `text`."""
    if name in {"", ".", ".."} or name.lower() == ".git" or "\0" in name:
        return None
    try:
        return name.encode()
    except UnicodeEncodeError:
        return None


def text(name: bytes) -> str | None:
    """A name from a tree; None if it isn't UTF-8, or is one that no honest tree holds."""
    if name in {b"", b".", b".."} or name.lower() == b".git" or b"/" in name:
        return None
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class CommitTree:
    """One commit of a mirror; implements `bot.ports.Tree`.

    Files whose names aren't UTF-8 are left out: no manifest names them, and no message could.
    """

    objects: Objects
    commit: str
    known: dict[str, Mapping[bytes, Entry]] = field(default_factory=dict, repr=False, compare=False)
    """Folders by path, at least those that were asked before: a look asks the same ones again and again."""

    def read(self, path: str) -> bytes | None:
        entry = self.find(path)
        if entry is None or entry.mode == FOLDER:
            return None
        if not entry.is_file:
            kind = "symlink" if entry.mode == LINK else "submodule"
            raise Refusal(f"{path} is, or is reached through, a {kind}, which is not followed: name the file itself.")
        data = self.objects.read(entry.sha, limit=_LIMIT)
        if data is None:
            raise Refusal(f"{path} has more than {_LIMIT // 1_000_000} MB, too much for a manifest.")
        return data

    def files(self, folder: str) -> tuple[str, ...]:
        entry = self.find(folder)
        if entry is None or entry.mode != FOLDER:
            return ()
        prefix = folder.strip("/")
        return tuple(sorted(self._walk(entry.sha, f"{prefix}/" if prefix else "")))

    def folders(self, folder: str) -> tuple[str, ...]:
        entry = self.find(folder)
        if entry is None or entry.mode != FOLDER:
            return ()
        inside = self.objects.entries(entry.sha).items()
        return tuple(sorted(name for raw, below in inside if below.mode == FOLDER and (name := text(raw)) is not None))

    def identity(self, path: str) -> str | None:
        entry = self.find(path)
        return entry.sha if entry and (entry.is_file or entry.mode == FOLDER) else None

    def find(self, path: str) -> Entry | None:
        """The entry at a path, or the symlink or submodule that stands in its way."""
        above, _, last = path.strip("/").rpartition("/")
        name = _raw(last)
        if above not in self.known or name is None:
            entry = Entry(FOLDER, self.objects.root(self.commit))
            names = split(path)
            for name in names[:-1]:
                below = self.objects.entries(entry.sha).get(name)
                if below is None or below.mode != FOLDER:
                    return below if below and not below.is_file else None
                entry = below
            if not names:
                return entry
            self.known[above], name = self.objects.entries(entry.sha), names[-1]
        return self.known[above].get(name)

    def _walk(self, tree: str, prefix: str) -> Iterator[str]:
        for raw, entry in self.objects.entries(tree).items():
            name = text(raw)
            if name is None:
                continue
            if entry.mode == FOLDER:
                yield from self._walk(entry.sha, f"{prefix}{name}/")
            elif entry.is_file:
                yield prefix + name
