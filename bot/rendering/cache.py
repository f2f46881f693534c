"""Renders that need not be made again, in memory and on disk.

A render is found by its folder's identity in Git, and holds while every file that it was made of has the identity it
had then: content is never compared. The clock only says what nobody used for a month, and may go.
"""

import json
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

from bot.model.sync import Manifest

_FORMAT = "2"
"""Another number for every change of what we make of the same files."""
_IN_MEMORY = 30_000
"""Objects, of about 5 kB each."""
_PER_FOLDER = 4
"""Renders kept on disk of one folder: what Git says now, what was deployed last, and two to spare."""
_KEPT = ".json"
_UNUSED = 30 * 24 * 3600
"""Seconds after which what was not asked for is thrown away; folders that Git no longer has end so too."""

Key = tuple[str, ...]
"""How it is rendered, the folder, and the identities of what is looked at to tell that."""


@dataclass(frozen=True, slots=True)
class Render:
    """Objects, and the identities of the files or the folder that they were made of (None: not there)."""

    identities: Mapping[str, str | None]
    objects: tuple[Manifest, ...]


@dataclass(slots=True)
class _Known:
    render: Render
    root: str | None
    """The repository's whole tree when it was last seen to hold: with that again, no file need be looked at."""


class Cache:
    """Threads and processes may share a folder: files appear whole or not at all, and a broken one counts as absent."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[Key, tuple[_Known, ...]] = OrderedDict()
        self._objects = 0
        self._lock = Lock()
        self._swept = folder is None

    def find(self, key: Key, identity: Callable[[str], str | None]) -> Render | None:
        """The render under a key, if the files it was made of are still the same."""
        root = identity("")
        with self._lock:
            known = self._memory.get(key, ())
        for each in known:
            if each.root == root or _holds(each.render, identity):
                each.root = root
                return each.render
        for render in self._load(key):
            if _holds(render, identity):
                self._remember(key, render, root)
                return render
        return None

    def keep(self, key: Key, render: Render) -> None:
        """Keep a render. A disk that can't be written costs speed, never the answer."""
        self._remember(key, render, None)
        if self._folder is None:
            return
        place = self._places(key) / f"{_name(*key)}-{_name(*map(str, render.identities.items()))}{_KEPT}"
        try:
            self._sweep(self._folder)
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Readable by its owner alone: what a repository holds may be secret.
            with tempfile.NamedTemporaryFile("w", dir=place.parent, suffix=".new", delete=False) as new:
                json.dump(asdict(render), new)
            Path(new.name).replace(place)
            _prune(place.parent)
        except OSError:
            return

    def _load(self, key: Key) -> Iterator[Render]:
        if self._folder is None:
            return
        name, place = f"{_name(*key)}-", self._places(key)
        try:
            kept = [path for path in os.listdir(place) if path.startswith(name) and path.endswith(_KEPT)]  # noqa: PTH208 - glob compiles its pattern anew for each of thousands
        except OSError:
            return
        for path in kept:
            try:
                found = json.loads((place / path).read_bytes())
                os.utime(place / path)
                yield Render(found["identities"], tuple(found["objects"]))
            except (OSError, ValueError, KeyError, TypeError):
                continue

    def _places(self, key: Key) -> Path:
        return (self._folder or Path()) / _name(*key[:2])

    def _remember(self, key: Key, render: Render, root: str | None) -> None:
        """The newest first, and few of one key: a base that changed leaves the overlay's own key as it was."""
        with self._lock:
            known = self._memory.pop(key, ())
            self._objects -= sum(map(_size, known))
            kept = (_Known(render, root), *known)[:_PER_FOLDER]
            self._memory[key] = kept
            self._objects += sum(map(_size, kept))
            while self._objects > _IN_MEMORY and len(self._memory) > 1:
                self._objects -= sum(map(_size, self._memory.popitem(last=False)[1]))

    def _sweep(self, folder: Path) -> None:
        """Once a process, throw away what nobody asked for in a long time."""
        if self._swept:
            return
        self._swept = True
        before = time.time() - _UNUSED
        for below in folder.iterdir() if folder.is_dir() else ():
            if below.is_dir() and all(path.stat().st_mtime < before for path in (below, *below.iterdir())):
                shutil.rmtree(below, ignore_errors=True)


def _prune(folder: Path) -> None:
    renders = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in renders[_PER_FOLDER:]:
        path.unlink(missing_ok=True)


def _size(known: _Known) -> int:
    return 1 + len(known.render.objects)


def _holds(render: Render, identity: Callable[[str], str | None]) -> bool:
    return all(identity(path) == before for path, before in render.identities.items())


def _name(*parts: str) -> str:
    return sha256("\0".join((_FORMAT, *parts)).encode()).hexdigest()[:40]
