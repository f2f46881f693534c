"""A commit's files given as a mapping: what the mirror offers, without Git."""

import hashlib
from collections.abc import Collection, Mapping

from bot.errors import Refusal


class Files:
    """A `bot.ports.Tree` of the given files."""

    commit = "0" * 40

    @property
    def content(self) -> Mapping[str, bytes]:
        return self._files

    def __init__(self, files: Mapping[str, str | bytes], symlinks: Collection[str] = ()) -> None:
        self._symlinks = symlinks
        self._files = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
        self.reads: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        if path in self._symlinks:
            raise Refusal(f"{path} is a symbolic link; it is not followed.")
        return self._files.get(path)

    def files(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self._files if not folder or path.startswith(f"{folder}/")))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = f"{folder}/" if folder else ""
        return tuple(
            sorted({path[len(start) :].split("/")[0] for path in self.files(folder) if "/" in path[len(start) :]})
        )

    def identity(self, path: str) -> str | None:
        if path in self._symlinks:
            return None
        below = [(name, self._files[name]) for name in sorted(self._files) if name == path or name in self.files(path)]
        return hashlib.sha1(repr(below).encode(), usedforsecurity=False).hexdigest() if below else None
