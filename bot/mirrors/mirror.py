"""A bare copy of one config repository, kept by fetch, and the one way to its objects and to its remote.

The branch that clusters follow and our own branches stand in a private namespace (`refs/upstream/`), so nothing made
here collides with them; commits made here are loose objects that no ref names until they are pushed. What commits
mean is not known here.
"""

import fcntl
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BufferedReader, BufferedWriter, BytesIO
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

from git import Git, GitError
from gitdb import IStream, LooseObjectDB  # type: ignore[import-untyped] # it publishes no types

from bot.errors import Unavailable
from bot.mirrors.process import SECONDS, Failed, environment, run, stream
from bot.mirrors.remote import Remote
from bot.mirrors.tree import Entry, parse
from bot.model.change import PREFIX

_NAME = "upstream"
_UPSTREAM = f"refs/{_NAME}/"
_CHUNK = 1 << 20
_ASK_SECONDS = 20.0
_FIRST_FETCH_SECONDS = 900.0
_ID = re.compile(r"[0-9a-f]{40}")
_MANY_PACKS = 30
_NOTED_COMMITS = 20_000
"""Whose changed paths are noted at once: some seconds' work."""
_NOTED_AT_FIRST = 10
"""Times that many of a new mirror; of a longer history the rest is noted bit by bit."""
_UNREADABLE = (ValueError, OSError, GitError)
"""What GitPython raises when there is no such object, or its process has died over a damaged one."""
_RACE = (
    "non-fast-forward",
    "fetch first",
    "cannot lock ref",
    "incorrect old value",
    "stale info",
    "failed to update ref",
)


class Mirror:
    """Safe to share between threads; other processes may use the same folder."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self.folder = folder
        self.remote = remote
        self._environment = environment(folder)
        self._fetched = float("-inf")
        self._changing = Lock()
        self._reading = Lock()
        self._git: Git | None = None
        self.entries = lru_cache(maxsize=8192)(self._entries)
        self.root = lru_cache(maxsize=8192)(self._root)

    def close(self) -> None:
        """Stop the process that reads objects; the next read starts another."""
        with self._reading:
            self._stop_reading()

    # --- from and to the remote

    def fetch(self, since: float) -> None:
        """Bring the mirror up to date, unless a fetch began at or after `since` (`time.monotonic()`).

        Makes the mirror where there is none, and makes it anew, once, where it is damaged: that is, where fetching
        fails though the remote answers. Raises Unavailable.
        """
        with self._lock() as lock:
            if self._fetched >= since and self.folder.is_dir():
                return
            began = time.monotonic()
            try:
                if self.folder.is_dir():
                    try:
                        self._fetch(self.folder, lock)
                    except Failed as failed:
                        if failed.status is None:
                            raise
                        self._make(lock)
                else:
                    self._make(lock)
            except Failed as failed:
                raise self.remote.explain(failed) from None
            self._fetched = began
            if len(list(self.folder.glob("objects/pack/*.pack"))) > _MANY_PACKS:
                _tidy(self.folder)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One writer after the other, among threads and processes: held from the last look at a branch to its push,
        none of them pushes in vain. Reading and fetching go on meanwhile."""
        with self._flocked("turn"):
            yield

    def push(self, commit: str, branch: str, *, lease: str | None = None) -> bool:
        """Push to a branch. False if somebody was faster.

        Without `lease` the branch only moves forward. With it, it moves anywhere, but from that commit only; "" means
        that the branch must not exist yet. Raises Refusal where the remote's rules forbid it (Protected where a pull
        request may do it), or Unavailable.
        """
        to = f"refs/heads/{branch}"
        leased = [] if lease is None else [f"--force-with-lease={to}:{lease}"]
        arguments = ["push", "--porcelain", "--no-verify", *leased, "--", _NAME, f"{commit}:{to}"]
        # Pushing to a remote that has a name notes its branch here: whoever has the next turn sees it, and the next
        # fetch need not prove what is known to be here.
        tracking = {f"remote.{_NAME}.url": self.remote.url, f"remote.{_NAME}.fetch": f"+refs/heads/*:{_UPSTREAM}*"}
        with self._lock() as lock:
            if not self.holds(commit):
                raise Unavailable(f"The copy of {self.remote.repository.url} was made anew meanwhile; try again.")
            try:
                run(arguments, self._outward(self.folder, tracking), keep_open=[lock])
            except Failed as failed:
                rejected = "\n".join(line for line in failed.out.splitlines() if line.startswith("!"))
                if any(word in rejected for word in _RACE):
                    return False
                raise self.remote.explain_rejection(failed, rejected, branch) from None
        return True

    def tip(self, branch: str) -> str | None:
        """Where the remote's branch was at the last fetch; only the followed branch and ours are known."""
        try:
            return self._object(f"{_UPSTREAM}{branch}")[0]
        except _UNREADABLE:
            return None

    def newest(self, branch: str) -> str:
        """The same, where there must be one. Raises Unavailable."""
        tip = self.tip(branch)
        if tip is None:
            raise Unavailable(f"{self.remote.repository.url} has no branch `{branch}`.")
        return tip

    # --- objects

    def holds(self, commit: str) -> bool:
        """Whether there is a commit of that (whole) id."""
        try:
            return _ID.fullmatch(commit) is not None and self._object(commit)[1] == "commit"
        except _UNREADABLE:
            return False

    def read(self, sha: str, *, limit: int | None = None) -> bytes | None:
        """An object that the mirror must hold; None if it has more bytes than `limit`.

        Makes a damaged mirror anew, once. Raises Unavailable if that doesn't help.
        """
        try:
            return self._object(sha, limit)[2]
        except _UNREADABLE:
            with self._lock() as lock:
                try:
                    self._make(lock)
                except Failed as failed:
                    raise self.remote.explain(failed) from None
        try:
            return self._object(sha, limit)[2]
        except _UNREADABLE:
            raise Unavailable(f"{self.remote.repository.url} lacks the object {sha[:12]} of its own history.") from None

    def store(self, kind: bytes, data: bytes) -> str:
        """Write a loose object; its id."""
        try:
            stored = LooseObjectDB(str(self.folder / "objects")).store(IStream(kind, len(data), BytesIO(data)))
        except OSError as error:
            why = error.strerror or "no space left"  # gitdb's own words for a write that stopped half way
            raise Unavailable(f"The copy in {self.folder} can't be written: {why}.") from None
        return str(stored.hexsha.decode())

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """A git command on the mirror alone. Raises Failed where git's answer is no (status 1), else Unavailable."""
        try:
            return run(arguments, self._environment, stdin=stdin)
        except Failed as failed:
            if failed.status == 1:
                raise
            raise self.remote.explain(failed) from None

    @contextmanager
    def stream(self, *arguments: str) -> Iterator[BufferedReader]:
        """The same, read while it runs. Raises Unavailable."""
        try:
            with stream(arguments, self._environment) as out:
                yield out
        except Failed:
            raise Unavailable(f"The history of {self.remote.repository.url} can't be read here; try again.") from None

    def difference(self, before: str, after: str) -> dict[bytes, tuple[Entry | None, Entry | None]]:
        """Every path that differs between two commits or trees, with its entry in each."""
        raw = self.run(
            "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--end-of-options", before, after
        )
        fields = iter(raw.split(b"\0")[:-1])
        found = {}
        for meta in fields:
            old_mode, new_mode, old, new, _ = meta.removeprefix(b":").decode().split(" ")
            found[next(fields)] = (_entry(old_mode, old), _entry(new_mode, new))
        return found

    # --- inside

    def _object(self, name: str, limit: int | None = None) -> tuple[str, str, bytes | None]:
        with self._reading:
            try:
                if self._git is None:
                    self._git = Git(str(self.folder))
                    self._git.update_environment(**self._environment)
                answer: Any = self._git.stream_object_data(name)  # declared as str, in truth bytes
                sha, kind, size, content = answer
                if limit is not None and size > limit:
                    while content.read(_CHUNK):  # git says all of it before it says anything else
                        pass
                    return sha.decode(), kind.decode(), None
                data = content.read()
                if len(data) != size:
                    raise ValueError(name)
            except _UNREADABLE:
                self._stop_reading()
                raise
            return sha.decode(), kind.decode(), data

    def _stop_reading(self) -> None:
        if self._git is not None:
            self._git.clear_cache()
            self._git = None

    def _entries(self, tree: str) -> Mapping[bytes, Entry]:
        return MappingProxyType(parse(self.read(tree) or b""))

    def _root(self, commit: str) -> str:
        header = self.read(commit) or b""
        return header[len(b"tree ") : header.index(b"\n")].decode()

    @contextmanager
    def _lock(self) -> Iterator[int]:
        """One change of the mirror at a time, among threads and processes.

        Git holds the lock's file descriptor too: should this process be killed, the lock lasts until its git ends.
        """
        with self._changing, self._flocked("lock") as file:
            yield file.fileno()

    def _flocked(self, suffix: str) -> BufferedWriter:
        """A file beside the mirror, locked until it is closed. Raises Unavailable."""
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = Path(f"{self.folder}.{suffix}").open("ab")  # noqa: SIM115 - the caller closes it
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise Unavailable(
                f"The copies of repositories in {self.folder.parent} can't be kept: {error.strerror}."
            ) from None
        return file

    def _outward(self, folder: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        return environment(folder, {**self.remote.settings, **(settings or {})}) | dict(self.remote.variables)

    def _fetch(self, folder: Path, lock: int, seconds: float = SECONDS) -> None:
        refspecs = [
            f"+refs/heads/{branch}:{_UPSTREAM}{branch}" for branch in (self.remote.repository.branch, f"{PREFIX}*")
        ]
        quietly = ["--quiet", "--prune", "--no-tags", "--no-write-fetch-head"]
        arguments = ["fetch", *quietly, "--", self.remote.url, *refspecs]
        run(arguments, self._outward(folder), seconds=seconds, keep_open=[lock])

    def _make(self, lock: int) -> None:
        """A new mirror in place of the old one, if any; all or nothing, however it ends. Raises Failed."""
        for leftover in self.folder.parent.glob(f"{self.folder.name}.*.new"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.", suffix=".new", dir=self.folder.parent))
        try:
            run(["init", "--quiet", "--bare", "--template=", "--object-format=sha1"], environment(new))
            # Asked first, since whoever can't answer this quickly would keep the long fetch waiting.
            branch = f"refs/heads/{self.remote.repository.branch}"
            run(
                ["ls-remote", "--", self.remote.url, branch], self._outward(new), seconds=_ASK_SECONDS, keep_open=[lock]
            )
            self._fetch(new, lock, _FIRST_FETCH_SECONDS)
            commits = int(run(["rev-list", "--count", "--all"], environment(new)))
            _tidy(new, min(1 + commits // _NOTED_COMMITS, _NOTED_AT_FIRST))
            with self._reading:
                self._stop_reading()
                if self.folder.exists():
                    self.folder.rename(new.with_suffix(".old.new"))
                new.rename(self.folder)
        finally:
            for rest in (new, new.with_suffix(".old.new")):
                shutil.rmtree(rest, ignore_errors=True)


def _tidy(folder: Path, times: int = 1) -> None:
    """Few packs, and notes of which commit touched which paths, without which every history is a walk through all.

    Geometric packing keeps the cost in proportion to what came in since. A failure only costs speed.
    """
    with suppress(Failed):
        run(["repack", "--quiet", "-d", "--geometric=2"], environment(folder))
        graph = ["commit-graph", "write", "--reachable", "--changed-paths", f"--max-new-filters={_NOTED_COMMITS}"]
        for _ in range(times):
            run(graph, environment(folder))


def _entry(mode: str, sha: str) -> Entry | None:
    return None if set(mode) == {"0"} else Entry(mode.lstrip("0").encode(), sha)
