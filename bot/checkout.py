"""A folder of this machine as a tree: a checkout, as continuous integration has it, changes not committed included."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.errors import Refusal


@dataclass(frozen=True)
class Checkout:
    """Implements `bot.ports.Tree`. Symlinks are left out, and refused when read; `.git` is not there."""

    root: Path
    commit: str = "checkout"

    def read(self, path: str) -> bytes | None:
        if self._is_linked(path):
            raise Refusal(f"{path} is, or is reached through, a symlink, which is not followed: name the file itself.")
        place = self.root / path
        return place.read_bytes() if place.is_file() else None

    def files(self, folder: str) -> tuple[str, ...]:
        found = []
        for parent, folders, names in () if self._is_linked(folder) else os.walk(self.root / folder):
            folders[:] = [name for name in folders if name != ".git"]
            found += [Path(parent, name) for name in names if name != ".git"]
        return tuple(sorted(place.relative_to(self.root).as_posix() for place in found if not place.is_symlink()))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = len(folder) + 1 if folder else 0
        inside = {path[start:].partition("/")[0] for path in self.files(folder) if "/" in path[start:]}
        return tuple(sorted(inside))

    def identity(self, path: str) -> str | None:
        if self._is_linked(path):
            return None
        content = self.read(path)
        if content is not None:
            return hashlib.sha256(content).hexdigest()
        files = self.files(path)
        named = [(file, self.identity(file)) for file in files]
        return hashlib.sha256(repr(named).encode()).hexdigest() if files else None

    def _is_linked(self, path: str) -> bool:
        """Whether a symlink stands anywhere in the path. Refusal for a path that leads out, or into `.git`."""
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or ".git" in parts:
            raise Refusal(f"{path} is not a path inside a repository.")
        return any(self.root.joinpath(*parts[:end]).is_symlink() for end in range(1, len(parts) + 1))
