"""What an API server publishes of its kinds, read by the kind: a definition of custom resources where it may be read,
else OpenAPI v3, else v2. What can't be read is left out: then others judge by what they know without.

Knows where schemas are and how large documents are kept small; what they mean is for `bot.comparison.openapi`.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery
from bot.comparison.kinds import built_in
from bot.model.sync import Schemas

KEPT_SECONDS = 600.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_KEPT_AS_IT_IS = frozenset(("default", "enum", "example"))
"""Values, not schemas: what is called `description` there is none."""

Name = tuple[str, str]
"""API version and kind."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a kind. `source` is the address with its hash: while that stands, the schema is the same."""

    at: float
    schema: Mapping[str, Any] | None = None
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""


class Published:
    """The schemas of one cluster's kinds, kept for some minutes without their prose. Threads may share it."""

    def __init__(
        self, connection: Connection, discovery: Discovery, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection, self._discovery, self._clock = connection, discovery, clock
        self._kept: dict[Name, _Kept] = {}
        self._lock = threading.Lock()

    def schemas(self, kinds: Collection[Name], budget: Budget) -> Schemas:
        """Those of some kinds, and what they refer to. Never raises."""
        with self._lock:
            left = {name for name in kinds if not self._is_fresh(name)}
            left -= {name for name in sorted(left) if not built_in(_group(name)) and self._defined(name, budget)}
            if left:
                try:
                    self._openapi(left, budget)
                except Trouble as trouble:
                    self._note_refused(left, trouble)
            known = {name: self._kept[name] for name in kinds if name in self._kept}
        found = {name: kept.schema for name, kept in known.items() if kept.schema is not None}
        return Schemas(found, {name: each for kept in known.values() for name, each in kept.definitions.items()})

    def _is_fresh(self, name: Name) -> bool:
        return name in self._kept and self._clock() - self._kept[name].at < KEPT_SECONDS

    def _note_refused(self, names: Iterable[Name], trouble: Trouble) -> None:
        """What is refused or absent now is so for a while; what failed may work the next time."""
        if trouble.status in {403, 404}:
            self._kept |= dict.fromkeys(names, _Kept(self._clock()))

    def _defined(self, name: Name, budget: Budget) -> bool:
        """Look for the kind's CustomResourceDefinition, which alone has all: whether it was found and may be read."""
        version, kind = name
        try:
            resource = self._discovery.resources(version, {kind}, budget).get(kind)
            if resource is None:
                return False
            path = f"{_DEFINITIONS}/{quote(f'{resource.plural}.{_group(name)}', safe='')}"
            definition = self._connection.get(path, f"the definition of {kind}", budget)
        except Trouble:
            return False
        schema = _of_version(_mapping(definition.get("spec")), version.rpartition("/")[2])
        if schema is not None:
            self._kept[name] = _Kept(self._clock(), _plain(schema))
        return schema is not None

    def _openapi(self, names: Collection[Name], budget: Budget) -> None:
        try:
            index = self._connection.get("/openapi/v3", "its list of schemas", budget)
        except Trouble as trouble:
            if trouble.status != 404:
                raise
            document = self._connection.get("/openapi/v2", "its schemas", budget)
            self._keep(names, _mapping(document.get("definitions")), "")
            return
        by_version: dict[str, set[Name]] = {}
        for name in names:
            by_version.setdefault(name[0], set()).add(name)
        for version, found in by_version.items():
            key = f"apis/{version}" if "/" in version else f"api/{version}"
            address = _mapping(_mapping(index.get("paths")).get(key)).get("serverRelativeURL")
            self._group_version(found, str(address or ""), budget)

    def _group_version(self, names: Collection[Name], address: str, budget: Budget) -> None:
        same = {name for name in names if address and name in self._kept and self._kept[name].source == address}
        self._kept |= {name: replace(self._kept[name], at=self._clock()) for name in same}
        if len(same) == len(names):
            return
        if not address.startswith("/openapi/v3/"):
            self._keep(names, {}, "")
            return
        parts = urlsplit(address)
        try:
            document = self._connection.get(parts.path, "its schemas", budget, **dict(parse_qsl(parts.query)))
        except Trouble as trouble:
            self._note_refused(names, trouble)
            return
        self._keep(names, _mapping(_mapping(document.get("components")).get("schemas")), address)

    def _keep(self, names: Iterable[Name], schemas: Mapping[str, Any], source: str) -> None:
        """Keep of a document what some kinds need."""
        roots = {name: schema for schema in schemas.values() for name in _names(schema)}
        plain: dict[str, Mapping[str, Any]] = {}
        for name in names:
            schema = _plain(roots[name]) if name in roots else None
            needed = _reached(schema, schemas, plain)
            self._kept[name] = _Kept(self._clock(), schema, needed, source)


def _reached(
    schema: object, schemas: Mapping[str, Any], plain: dict[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """What a schema refers to, and what that refers to. `plain` has what was met before, without its prose."""
    found: dict[str, Mapping[str, Any]] = {}
    open_: list[object] = [schema]
    while open_:
        for name in _references(open_.pop()):
            if name not in found and isinstance(schemas.get(name), dict):
                if name not in plain:
                    plain[name] = _plain(schemas[name])
                found[name] = plain[name]
                open_.append(plain[name])
    return found


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        pointer = schema.get("$ref")
        if isinstance(pointer, str):
            yield pointer.rpartition("/")[2]
        for below in schema.values():
            yield from _references(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from _references(below)


def _plain(schema: Any) -> Any:
    """Without descriptions, which are three quarters of all."""
    if isinstance(schema, dict):
        return {
            name: below if name in _KEPT_AS_IT_IS else _plain(below)
            for name, below in schema.items()
            if name != "description" or isinstance(below, dict)
        }
    return [_plain(below) for below in schema] if isinstance(schema, list) else schema


def _names(schema: object) -> Iterator[Name]:
    """The kinds that a schema is of."""
    said = _mapping(schema).get("x-kubernetes-group-version-kind")
    for each in said if isinstance(said, list) else ():
        group, version, kind = (_mapping(each).get(part) for part in ("group", "version", "kind"))
        yield (f"{group}/{version}" if group else str(version)), str(kind)


def _of_version(spec: Mapping[str, Any], version: str) -> Mapping[str, Any] | None:
    """The schema of a version in a definition of custom resources; an open one where nothing is ever pruned."""
    versions = spec.get("versions")
    for each in map(_mapping, versions if isinstance(versions, list) else ()):
        if each.get("name") == version:
            if spec.get("preserveUnknownFields") is True:
                return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            schema = _mapping(each.get("schema")).get("openAPIV3Schema")
            return schema if isinstance(schema, dict) else None
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _group(name: Name) -> str:
    return name[0].rpartition("/")[0]
