"""A commit's tree as it would be after edits, so that a change can be judged before it is made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.change import Edit
from bot.ports import Tree


@dataclass(frozen=True)
class Preview:
    """Implements `Tree`. `commit` stays the base's: nothing was committed."""

    base: Tree
    edits: Sequence[Edit]

    @property
    def commit(self) -> str:
        return self.base.commit

    @property
    def _after(self) -> dict[str, bytes | None]:
        return {edit.path: edit.after for edit in self.edits}

    def read(self, path: str) -> bytes | None:
        after = self._after
        return after[path] if path in after else self.base.read(path)

    def files(self, folder: str) -> tuple[str, ...]:
        after = self._after
        inside = {path for path, content in after.items() if content is not None and _is_below(path, folder)}
        return tuple(sorted({path for path in self.base.files(folder) if path not in after} | inside))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = len(folder) + 1 if folder else 0
        inside = {path[start:].partition("/")[0] for path in self.files(folder) if "/" in path[start:]}
        return tuple(sorted(inside))

    def identity(self, path: str) -> str | None:
        """Git's own where no edit touches the path; else made of the edits, since Git has no object for it yet."""
        touching = [edit for edit in self.edits if edit.path == path or _is_below(edit.path, path)]
        if not touching:
            return self.base.identity(path)
        if self.read(path) is None and not self.files(path):
            return None
        return f"preview:{hashlib.sha256(repr((self.base.identity(path), touching)).encode()).hexdigest()}"


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
