"""What was found of objects that have not changed since: most of them, on most looks.

An object is the same as before if its `uid` and `resourceVersion` are, and all that it was compared with is. Manifests
are taken for values: whoever hands in the very same one has not changed it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Difference, Manifest, ObjectRef, Schemas

LIMIT = 100_000
"""Objects; what was not asked for longest goes first."""

With = tuple[Any, ...]
"""What an object was compared with. Its parts are the same if they are identical; short ones if they are equal, too."""


class Memory:
    """Differences by object, for any number of threads, targets and clusters (a `uid` is one object's for ever)."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, ObjectRef], tuple[str, With, tuple[Difference, ...]]] = OrderedDict()

    def recall(self, ref: ObjectRef, live: Manifest, given: With) -> tuple[Difference, ...] | None:
        """What was found last time; None where that is not known, or anything has changed."""
        uid, version = _token(live)
        with self._lock:
            kept = self._kept.get((uid, ref))
            if kept is None or kept[0] != version or not _same(kept[1], given):
                return None
            self._kept.move_to_end((uid, ref))
        return kept[2]

    def keep(self, ref: ObjectRef, live: Manifest, given: With, found: tuple[Difference, ...]) -> None:
        """Remember it, unless the object bears no marks of a server's. What it was compared with is kept alive."""
        uid, version = _token(live)
        if not uid or not version:
            return
        with self._lock:
            self._kept[uid, ref] = (version, given, found)
            self._kept.move_to_end((uid, ref))
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


def _token(live: Manifest) -> tuple[str, str]:
    metadata = section(live, "metadata")
    return str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or "")


def _same(one: With, other: With) -> bool:
    return len(one) == len(other) and all(
        mine is yours or (not isinstance(mine, Mapping | Schemas) and mine == yours)
        for mine, yours in zip(one, other, strict=True)
    )
