"""Which resources a cluster serves, asked one API version at a time.

By hand on raw JSON, since "can't tell" and "isn't served" must stay apart: an API that is down for a moment is not
an API without kinds.
"""

import re
import time
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


class Discovery:
    """What one cluster serves, kept for a few minutes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[float, Mapping[str, Resource]]] = {}

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


def _resources(api_version: str, document: Mapping[str, Any]) -> list[Resource]:
    entries = document.get("resources")
    if not isinstance(entries, list):
        raise Trouble(f"the cluster's list of the API {api_version} is not one")
    return [
        Resource(api_version, entry["kind"], entry["name"], bool(entry.get("namespaced")))
        for entry in entries
        if "/" not in entry["name"] and {"get", "list"} & set(entry.get("verbs") or ())
    ]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _segment(name: str) -> str:
    """A name as one segment of a path; what an API server takes for no name must not climb to another path."""
    if name in {"", ".", ".."} or "/" in name or "%" in name:
        raise Trouble(f"{name!r} is not a legal name of an object")
    return quote(name, safe="")
