"""What one look has found so far, from several threads. Knows neither requests nor plans."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.clusters.discovery import Resource
from bot.comparison.marks import marks, trimmed
from bot.model.sync import Live, Manifest, ObjectRef

MOST_TRACKED = 20_000
"""Marked objects that nobody asked for are kept up to here, so that memory stays bounded."""

_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)
Place = tuple[str, str]
"""Namespace ("" for cluster-scoped) and name."""
Wanted = Mapping[Place, tuple[ObjectRef, ...]]
Tell = Callable[[int, int], None]
"""Told how many of the objects that were asked for are settled, and how many there are."""


class Findings:
    """Objects found and objects that could not be read; the rest is missing once the look is over."""

    def __init__(self, wanted: int, tell: Tell | None = None) -> None:
        self._wanted, self._tell = wanted, tell
        self._lock = threading.Lock()
        self._objects: dict[ObjectRef, Manifest] = {}
        self._managed: dict[ObjectRef, bytes] = {}
        self._unchecked: dict[ObjectRef, str] = {}
        self._unserved: dict[ObjectRef, tuple[str, ...]] = {}
        self._tracked: dict[ObjectRef, Manifest] = {}
        self._missing = 0

    def take(self, resource: Resource, items: Iterable[Mapping[str, Any]], places: Wanted) -> set[Place]:
        """Keep of a page what is asked for, and the metadata of what bears an engine's mark; the places found."""
        found: set[Place] = set()
        for item in items:
            metadata = item["metadata"]
            place = (metadata.get("namespace", ""), metadata["name"])
            if refs := places.get(place):
                found.add(place)
                # The items of a list don't repeat what they are.
                self.found(refs, {"apiVersion": resource.api_version, "kind": resource.kind, **item})
            elif marks(metadata) and len(self._tracked) < MOST_TRACKED:
                ref = ObjectRef(resource.api_version, resource.kind, *place)
                self._tracked[ref] = trimmed(resource.api_version, resource.kind, metadata)
        self._say()
        return found

    def found(self, refs: Iterable[ObjectRef], manifest: dict[str, Any]) -> None:
        managed = manifest["metadata"].pop("managedFields", None)
        written = _JSON.encode(managed).encode() if managed else b""
        for ref in refs:
            self._objects[ref] = manifest
            if written:
                self._managed[ref] = written

    def leave(self, refs: Iterable[ObjectRef], why: str) -> None:
        """These can't be read."""
        self._unchecked.update(dict.fromkeys(refs, why))
        self._say()

    def unserved(self, refs: Iterable[ObjectRef], others: tuple[str, ...]) -> None:
        """Nor are they served at that version."""
        self._unserved.update(dict.fromkeys(refs, others))

    def missing(self, refs: tuple[ObjectRef, ...]) -> tuple[()]:
        """These are not there, by the cluster's word."""
        with self._lock:
            self._missing += len(refs)
        self._say()
        return ()

    def namespaces(self) -> set[str]:
        """Those that anything was found in."""
        return {manifest["metadata"].get("namespace", "") for manifest in self._objects.values()}

    def live(self, absent_namespaces: frozenset[str] = frozenset()) -> Live:
        return Live(
            self._objects,
            self._unchecked,
            unserved=self._unserved,
            managed=self._managed,
            tracked=self._tracked,
            absent_namespaces=absent_namespaces,
        )

    def _say(self) -> None:
        if self._tell is not None:
            settled = len(self._objects) + len(self._unchecked) + self._missing
            self._tell(min(settled, self._wanted), self._wanted)
