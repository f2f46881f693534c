"""A commit's files given as a mapping: what the mirror offers, without Git."""

import hashlib
from collections.abc import Mapping


class Files:
    """A `bot.ports.Tree` of the given files."""

    commit = "0" * 40

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
        self.reads: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        return self._files.get(path)

    def files(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self._files if not folder or path.startswith(f"{folder}/")))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = f"{folder}/" if folder else ""
        return tuple(
            sorted({path[len(start) :].split("/")[0] for path in self.files(folder) if "/" in path[len(start) :]})
        )

    def identity(self, path: str) -> str | None:
        below = [(name, self._files[name]) for name in sorted(self._files) if name == path or name in self.files(path)]
        return hashlib.sha1(repr(below).encode(), usedforsecurity=False).hexdigest() if below else None
