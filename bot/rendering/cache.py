"""Renders that need not be made again, in memory and on disk.

A render is found by its folder's identity in Git, and holds while every file that it was made of has the identity it
had then: content is never compared, and no clock is read.
"""

import json
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

from bot.model.sync import Manifest

_FORMAT = "1"
"""Another number for every change of what we make of the same files."""
_IN_MEMORY = 2_000
_PER_FOLDER = 4
"""Renders kept on disk of one folder: what Git says now, what was deployed last, and two to spare."""


@dataclass(frozen=True, slots=True)
class Render:
    """Objects, and the identities of the files or the folder that they were made of (None: not there)."""

    identities: Mapping[str, str | None]
    objects: tuple[Manifest, ...]


class Cache:
    """Threads and processes may share a folder: files appear whole or not at all, and a broken one counts as absent."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, Render] = OrderedDict()
        self._lock = Lock()

    def find(self, key: tuple[str, ...], identity: Callable[[str], str | None]) -> Render | None:
        """The render under a key, if the files it was made of are still the same."""
        name = _name(*key)
        with self._lock:
            render = self._memory.get(name)
        if render is None or not _holds(render, identity):
            render = self._load(key)
            if render is None or not _holds(render, identity):
                return None
        self._remember(name, render)
        return render

    def keep(self, key: tuple[str, ...], render: Render) -> None:
        """Keep a render. A disk that can't be written costs speed, never the answer."""
        self._remember(_name(*key), render)
        if self._folder is None:
            return
        place = self._place(key)
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Readable by its owner alone: what a repository holds may be secret.
            with tempfile.NamedTemporaryFile("w", dir=place.parent, suffix=".new", delete=False) as new:
                json.dump(asdict(render), new)
            Path(new.name).replace(place)
            self._prune(place.parent)
        except OSError:
            return

    def _load(self, key: tuple[str, ...]) -> Render | None:
        if self._folder is None:
            return None
        try:
            found = json.loads(self._place(key).read_bytes())
            return Render(found["identities"], tuple(found["objects"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _place(self, key: tuple[str, ...]) -> Path:
        return (self._folder or Path()) / _name(*key[:2]) / f"{_name(*key)}.json"

    def _remember(self, name: str, render: Render) -> None:
        with self._lock:
            self._memory[name] = render
            self._memory.move_to_end(name)
            while len(self._memory) > _IN_MEMORY:
                self._memory.popitem(last=False)

    def _prune(self, folder: Path) -> None:
        renders = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in renders[_PER_FOLDER:]:
            path.unlink(missing_ok=True)


def _holds(render: Render, identity: Callable[[str], str | None]) -> bool:
    return all(identity(path) == before for path, before in render.identities.items())


def _name(*parts: str) -> str:
    return sha256("\0".join((_FORMAT, *parts)).encode()).hexdigest()[:40]
