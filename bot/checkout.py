"""A folder of this machine as a tree: a checkout, as continuous integration has it, changes not committed included."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Refusal


@dataclass(frozen=True)
class Checkout:
    """Implements `bot.ports.Tree`. Symlinks are left out, and refused when read; `.git` is not there."""

    root: Path
    commit: str = "checkout"

    def read(self, path: str) -> bytes | None:
        place = self.root / path
        if place.is_symlink():
            raise Refusal(f"{path} is a symlink, and those are not followed; name the file itself.")
        return place.read_bytes() if place.is_file() else None

    def files(self, folder: str) -> tuple[str, ...]:
        found = []
        for parent, folders, names in os.walk(self.root / folder):
            folders[:] = [name for name in folders if name != ".git"]
            found += [Path(parent, name) for name in names]
        return tuple(sorted(place.relative_to(self.root).as_posix() for place in found if not place.is_symlink()))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = len(folder) + 1 if folder else 0
        inside = {path[start:].partition("/")[0] for path in self.files(folder) if "/" in path[start:]}
        return tuple(sorted(inside))

    def identity(self, path: str) -> str | None:
        content = self.read(path)
        if content is not None:
            return hashlib.sha256(content).hexdigest()
        files = self.files(path)
        named = [(file, self.identity(file)) for file in files]
        return hashlib.sha256(repr(named).encode()).hexdigest() if files else None
