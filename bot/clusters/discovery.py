"""Which resources a cluster serves, asked one API version at a time.

By hand on raw JSON, since "can't tell" and "isn't served" must stay apart: an API that is down for a moment is not
an API without kinds.
"""

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.clusters.connection import Budget, Connection, Trouble

KEPT_SECONDS = 300.0
_API_VERSION = re.compile(r"(?:[a-z0-9][a-z0-9.-]*/)?[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the cluster serves it: where its objects are."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The URL's path of one object, or of a list; without a namespace, of the whole cluster."""
        parts = [_root(self.api_version)]
        if self.namespaced and namespace is not None:
            parts.append(f"namespaces/{_segment(namespace)}")
        parts.append(self.plural)
        return "/".join(parts if name is None else [*parts, _segment(name)])

    def illegal(self, namespace: str, name: str) -> str | None:
        """The one of the two that no object can have, and that no path may hold."""
        return next((each for each in ((namespace, name) if self.namespaced else (name,)) if not _legal(each)), None)


class Discovery:
    """What one cluster serves, kept for a few minutes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[float, Mapping[str, Resource]]] = {}
        self._groups: tuple[float, Mapping[str, tuple[str, ...]]] = (0.0, {})

    def resources(self, api_version: str, kinds: set[str], budget: Budget) -> Mapping[str, Resource]:
        """The kinds of an API version. Asked again if a wanted one is not among those kept: it may be new."""
        at, known = self._known.get(api_version, (0.0, {}))
        if known and kinds <= set(known) and time.monotonic() - at < KEPT_SECONDS:
            return known
        if not _API_VERSION.fullmatch(api_version):
            raise Trouble(f"{api_version!r} is not an apiVersion such as v1 or apps/v1")
        try:
            document = self._connection.get(_root(api_version), f"the API {api_version}", budget)
        except Trouble as trouble:
            if trouble.status == 404:
                raise Trouble(f"{self._connection.cluster} doesn't serve the API {api_version}", 404) from trouble
            raise
        known = {found.kind: found for found in _resources(api_version, document)}
        self._known[api_version] = (time.monotonic(), known)
        return known

    def versions(self, group: str, budget: Budget) -> tuple[str, ...]:
        """The API versions of a group that the cluster serves; none if it does not have the group.

        By its list of all groups, which tells that apart from a 404 that a proxy made.
        """
        at, groups = self._groups
        if not groups or time.monotonic() - at > KEPT_SECONDS:
            groups = _groups(self._connection.get("/apis", "its list of APIs", budget))
            self._groups = time.monotonic(), groups
        return groups.get(group, ()) if group else ("v1",)

    def others(self, api_version: str, kind: str, budget: Budget) -> tuple[str, ...]:
        """The other versions of its group at which the cluster serves a kind, as far as it can tell."""
        found = []
        for other in self.versions(api_version.rpartition("/")[0], budget):
            try:
                if other != api_version and kind in self.resources(other, {kind}, budget):
                    found.append(other)
            except Trouble:
                continue  # one that is down for a moment: the others are still worth naming
        return tuple(found)


def _resources(api_version: str, document: Mapping[str, Any]) -> list[Resource]:
    entries = document.get("resources")
    if not isinstance(entries, list):
        raise Trouble(f"the cluster's list of the API {api_version} is not one")
    return [
        Resource(api_version, entry["kind"], entry["name"], bool(entry.get("namespaced")))
        for entry in entries
        if "/" not in entry["name"] and {"get", "list"} & set(entry.get("verbs") or ())
    ]


def _versions(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    groups = document.get("groups")
    if not isinstance(groups, list):
        raise Trouble("the cluster's list of its APIs is not one")
    found: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        found[group["name"]] += [each["version"] for each in group.get("versions") or ()]
    return {name: tuple(versions) for name, versions in found.items()}


def _groups(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    entries = document.get("groups")
    if not isinstance(entries, list):
        raise Trouble("the cluster's list of its APIs is not one")
    found: dict[str, list[str]] = defaultdict(list)
    for group in entries:
        found[group["name"]] += [each["groupVersion"] for each in group["versions"]]
    return {name: tuple(versions) for name, versions in found.items()}


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _segment(name: str) -> str:
    """A name as one segment of a path; what an API server takes for no name must not climb to another path."""
    if not _legal(name):
        raise Trouble(f"{name!r} is not a legal name of an object")
    return quote(name, safe="")


def _legal(name: str) -> bool:
    """Whether any kind may have such names: by length, and by what stands in a path or in a sentence."""
    shown = len(name) <= 253 and name.isprintable() and " " not in name
    return shown and name not in {"", ".", ".."} and "/" not in name and "%" not in name
