"""A mirror's objects, remembered by id: what an id names never changes. Reads thousands in one go where all are needed.

A look at every service walks tens of thousands of folders: asked one by one that takes seconds, as one list a tenth.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from bot.mirrors.tree import FOLDER, CommitTree, Entry, parse

_LINE = re.compile(rb"(\d+) \w+ ([0-9a-f]+)\t([^\0]*)\0")
"""`git ls-tree -z`: mode, kind, id, path."""
_PLAIN = re.compile(rb"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/|$))*")
"""Paths of folders that anybody may ask for by just this spelling."""
_ROOM = 20_000
"""Entries of folders remembered beside the whole list, at least; when more come in, all are forgotten."""
_SMALL = 1_000_000
"""Bytes of a file that may be read as one of thousands."""


class Source(Protocol):
    """The part of a mirror that this room needs."""

    def read(self, sha: str, *, limit: int | None = None) -> bytes | None: ...

    def root(self, commit: str) -> str: ...

    def store(self, kind: bytes, data: bytes) -> str: ...

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes: ...


class Contents:
    """Implements `bot.mirrors.tree.Objects`. Threads share it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._listed: Mapping[str, Mapping[bytes, Entry]] = {}
        self._paths: tuple[str, dict[str, Mapping[bytes, Entry]]] = ("", {})
        self._since: dict[str, Mapping[bytes, Entry]] = {}
        self._room = _ROOM
        self._lock = Lock()
        self._listing = Lock()

    def tree(self, commit: str) -> CommitTree:
        root, paths = self._paths
        return CommitTree(self, commit, paths if root and root == self.root(commit) else {})

    def entries(self, tree: str) -> Mapping[bytes, Entry]:
        found = self._listed.get(tree) or self._since.get(tree)
        if found is None:
            found = parse(self._source.read(tree) or b"")
            with self._lock:
                if self._room < len(found):
                    self._listed, self._since, self._room, self._paths = {}, {}, _ROOM, ("", {})
                self._since[tree] = found
                self._room -= len(found)
        return found

    def root(self, commit: str) -> str:
        return self._source.root(commit)

    def read(self, sha: str, *, limit: int) -> bytes | None:
        return self._source.read(sha, limit=limit)

    def store(self, kind: bytes, data: bytes) -> str:
        return self._source.store(kind, data)

    def list(self, commit: str) -> None:
        """Learn every folder of a commit at once; of the commits after it only those that changed are to be read."""
        with self._listing:
            if not self._listed:
                root = self.root(commit)
                listed, paths = _listed(root, self._source.run("ls-tree", "-r", "-t", "-z", "--full-tree", root))
                room = max(_ROOM, sum(map(len, listed.values())) // 2)
                with self._lock:
                    self._listed, self._since, self._room = listed, {}, room
                    self._paths = root, paths

    def ahead(self, tree: CommitTree, folders: Iterable[str]) -> CommitTree:
        """The same tree, with the files directly in these folders in memory."""
        wanted = set()
        for folder in folders:
            entry = tree.find(folder)
            if entry and entry.mode == FOLDER:
                wanted |= {below.sha for below in self.entries(entry.sha).values() if below.is_file}
        return CommitTree(_Ahead(self, self._blobs(wanted)), tree.commit, tree.known)

    def _blobs(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """By id; those too big to be one of thousands, and those that are missing, are left to be read alone."""
        asked = "\n".join(ids).encode()
        sized = self._source.run("cat-file", "--batch-check=%(objecttype) %(objectsize) %(objectname)", stdin=asked)
        lines = (line.split(b" ") for line in sized.splitlines())
        small = [words[2] for words in lines if words[0] == b"blob" and int(words[1]) <= _SMALL]
        raw = self._source.run("cat-file", "--batch", "--buffer", stdin=b"\n".join(small))
        found, start = {}, 0
        while start < len(raw):
            end = raw.index(b"\n", start)
            sha, _, size = raw[start:end].split(b" ")
            found[sha.decode()] = raw[end + 1 : end + 1 + int(size)]
            start = end + 2 + int(size)
        return found


@dataclass(frozen=True, slots=True)
class _Ahead:
    contents: Contents
    blobs: Mapping[str, bytes]

    def entries(self, tree: str) -> Mapping[bytes, Entry]:
        return self.contents.entries(tree)

    def root(self, commit: str) -> str:
        return self.contents.root(commit)

    def read(self, sha: str, *, limit: int) -> bytes | None:
        found = self.blobs.get(sha)
        return self.contents.read(sha, limit=limit) if found is None else found

    def store(self, kind: bytes, data: bytes) -> str:
        return self.contents.store(kind, data)


def _listed(root: str, raw: bytes) -> tuple[dict[str, Mapping[bytes, Entry]], dict[str, Mapping[bytes, Entry]]]:
    """Every folder of a list, by id, and those with plain names by path as well. A folder's line stands before the
    lines of what is in it."""
    top: dict[bytes, Entry] = {}
    by_id: dict[str, Mapping[bytes, Entry]] = {root: top}
    by_path = {b"": top}
    for mode, sha, path in _LINE.findall(raw):
        parent, _, name = path.rpartition(b"/")
        entry = Entry(FOLDER if mode == b"040000" else mode, sha.decode())
        if parent not in by_path:
            continue  # a name with a slash in it, which no honest tree holds
        by_path[parent][name] = entry
        if entry.mode is FOLDER:
            below: dict[bytes, Entry] = {}
            by_path[path] = below
            by_id[entry.sha] = below
    return by_id, {path.decode(): inside for path, inside in by_path.items() if _PLAIN.fullmatch(path)}
