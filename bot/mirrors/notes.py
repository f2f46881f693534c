"""What was told from commits once, kept on disk so that other processes need not tell it again.

Nothing here is needed: a note that is missing, broken, half written or of another reading of the files costs time only.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from bot import manifests, pins, targets

_KEPT = 3
"""Readings whose notes stay: a new program and the old one may share the folder for a while."""


class Notes:
    """A folder of JSON files for one mirror. Threads and processes may share it: files appear whole or not at all.

    `meaning` names all that the notes depend on beside the commits: under another one nothing noted counts.
    """

    def __init__(self, folder: Path, meaning: str) -> None:
        self._folder = folder / _name(meaning)

    def find(self, *key: str) -> Any:
        """What was kept under a key; None if nothing readable was."""
        try:
            seal, _, kept = self._place(key).read_bytes().partition(b"\n")
            return json.loads(kept) if seal == _seal(kept) else None
        except (OSError, ValueError):
            return None

    def keep(self, value: Any, *key: str) -> None:
        """Keep a JSON value, in place of the former. A disk that can't be written costs speed, never the answer."""
        kept = json.dumps(value, separators=(",", ":")).encode()
        place = self._place(key)
        with suppress(OSError):
            if not self._folder.is_dir():
                # Readable by its owner alone: what a repository holds may be secret.
                self._folder.mkdir(parents=True, mode=0o700)
                self._prune()
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".new", delete=False) as new:
                new.write(_seal(kept) + b"\n" + kept)
            Path(new.name).replace(place)

    def _place(self, key: Iterable[str]) -> Path:
        return self._folder / f"{_name(*key)}.json"

    def _prune(self) -> None:
        folders = sorted(self._folder.parent.iterdir(), key=lambda each: each.stat().st_mtime_ns, reverse=True)
        for folder in folders[_KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)


def logic() -> str:
    """Changes with the source of all that decides what a version is, so that no release needs to remember to say so."""
    sources = [source for module in (manifests, pins, targets) for source in _sources(module)]
    return sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def _sources(module: ModuleType) -> list[Path]:
    file = Path(str(module.__file__))
    return sorted(file.parent.glob("*.py")) if file.name == "__init__.py" else [file]


def _seal(kept: bytes) -> bytes:
    return sha256(kept).hexdigest().encode()


def _name(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:40]
