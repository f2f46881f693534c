"""A commit's files, kept in memory: the port `Tree` for tests that need no Git."""

from dataclasses import dataclass
from hashlib import sha1


@dataclass(frozen=True)
class Files:
    """Paths and what they hold."""

    content: dict[str, str | bytes]
    commit: str = "0" * 40

    def read(self, path: str) -> bytes | None:
        found = self.content.get(path)
        return found.encode() if isinstance(found, str) else found

    def files(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.content if not folder or path.startswith(f"{folder}/")))

    def folders(self, folder: str) -> tuple[str, ...]:
        below = (path.removeprefix(f"{folder}/" if folder else "") for path in self.files(folder))
        return tuple(sorted({path.partition("/")[0] for path in below if "/" in path}))

    def identity(self, path: str) -> str | None:
        if path in self.content:
            return _id(self.read(path) or b"")
        below = [(each, self.identity(each)) for each in self.files(path)]
        return _id(repr(below).encode()) if below else None

    def writing(self, path: str, content: str) -> "Files":
        """The same with one file written anew."""
        return Files({**self.content, path: content})


def _id(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()
