"""Types of kinds as a server's schemas and the table of `bot.comparison.kinds` tell them together.

The table knows defaults and owners, which no schema of a built-in kind tells: OpenAPI v2 has no defaults, v3 mixes
them with Go's zero values. A schema knows which fields there are, what tells the items of a list apart, and which
values are amounts; one of a custom resource knows its defaults too, as the server itself completes it by them.
Neither needs to know all: what one of them lacks costs the rest nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.comparison import kinds
from bot.comparison.kinds.metadata import METADATA
from bot.comparison.kinds.pods import POD_TEMPLATE, RESOURCES
from bot.comparison.schema import ANY, CUSTOM, Scalar, Type, section
from bot.model.sync import Schemas

Schema = Mapping[str, Any]

_DEEPEST = 50
"""Lists of lists of lists: what a hostile schema may nest without naming a field."""
_IDENTITY = frozenset(("apiVersion", "kind", "metadata"))
_AMOUNT = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def type_of(group: str, version: str, kind: str, schemas: Schemas | None = None) -> Type:
    """What is known of a kind; without a schema of it, what the table says.

    A field's type is made when it is first looked at, so that schemas which contain themselves come to an end.
    """
    table = kinds.type_of(group, kind, version)
    schema = schemas.kinds.get((f"{group}/{version}" if group else version, kind)) if schemas is not None else None
    if schemas is None or schema is None:
        return table
    return _Reader(schemas.definitions, custom=not kinds.built_in(group)).read(table, schema, whole=True)


@dataclass(frozen=True)
class _Reader:
    definitions: Mapping[str, Schema]
    custom: bool
    """Whether the kind is stored as a definition of it says (defaults, pruning), not as a program of the server's."""

    def read(self, table: Type, published: object, *, name: str = "", whole: bool = False, depth: int = 0) -> Type:
        """`table` with what a schema adds; itself where that is nothing. `whole`: it is an object with metadata."""
        schema, reference = self._resolved(published if isinstance(published, Mapping) else {})
        if depth > _DEEPEST:
            return table
        if self.custom and table is CUSTOM:
            table = _looks_like(name, schema)
        whole = whole or schema.get("x-kubernetes-embedded-resource") is True
        found = self._mapping(table, schema, whole=whole, depth=depth) or self._list(table, schema, depth)
        if found is None:
            scalar = table.scalar or self._scalar(schema, reference)
            found = table if scalar is table.scalar else replace(table, scalar=scalar)
        return found

    def _mapping(self, table: Type, schema: Schema, *, whole: bool, depth: int) -> Type | None:
        properties, rest = section(schema, "properties"), schema.get("additionalProperties")
        keeps = schema.get("x-kubernetes-preserve-unknown-fields") is True
        if isinstance(rest, Mapping) and rest:
            values = self.read(table.values or self._unknown, rest, depth=depth + 1)
            return replace(table, values=values, known=None if table.values is not None else frozenset())
        is_empty = self.custom and schema.get("type") == "object" and "additionalProperties" not in schema
        if not (properties or whole or (is_empty and not keeps)):
            return None
        own = _IDENTITY if whole else frozenset[str]()
        defaults = {name: found["default"] for name, found in _defaulted(properties)} if self.custom else {}
        fields = _Fields(self, table, {name: found for name, found in properties.items() if name not in own})
        return replace(
            table,
            fields=fields if "metadata" not in own else _Fields(self, _with_metadata(table), fields.properties),
            defaults={**table.defaults, **defaults},
            served=None if keeps or rest else frozenset(properties) | own,
            known=table.known if table.values is not None else frozenset(table.fields),
        )

    def _list(self, table: Type, schema: Schema, depth: int) -> Type | None:
        if schema.get("type") != "array" and "items" not in schema:
            return None
        items = self.read(table.items or self._unknown, section(schema, "items"), depth=depth + 1)
        kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys")
        if table.keys or not table.ordered:
            return replace(table, items=items)
        if kind == "map" and isinstance(keys, list):
            return replace(table, items=items, keys=tuple(str(key) for key in keys), known=frozenset())
        return (
            replace(table, items=items, ordered=False, known=frozenset())
            if kind == "set"
            else replace(table, items=items)
        )

    def _scalar(self, schema: Schema, reference: str) -> Scalar | None:
        if reference == _AMOUNT or (self.custom and schema.get("x-kubernetes-int-or-string") is True):
            return Scalar.QUANTITY
        if self.custom:
            return None  # stored as written, whatever its format
        return {"byte": Scalar.BYTES, "date-time": Scalar.TIME}.get(str(schema.get("format")))

    def _resolved(self, schema: Schema) -> tuple[Schema, str]:
        """A schema in place of references to it, and the last reference's name. What can't be found is not known."""
        reference = ""
        for _ in range(_DEEPEST):
            several = schema.get("allOf")
            target = several[0] if isinstance(several, list) and len(several) == 1 else schema
            pointer = target.get("$ref") if isinstance(target, Mapping) else None
            if not isinstance(pointer, str):
                break
            reference = pointer.rpartition("/")[2]
            beside = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
            schema = {**section(self.definitions, reference), **beside}
        return schema, reference

    @property
    def _unknown(self) -> Type:
        return CUSTOM if self.custom else ANY


class _Fields(Mapping[str, Type]):
    """The fields of the table and of a schema, each made when it is first looked at."""

    def __init__(self, reader: _Reader, table: Type, properties: Mapping[str, Schema]) -> None:
        self._reader, self._table, self.properties = reader, table, properties
        self._made: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        if name not in self._made:
            if name in self.properties:
                self._made[name] = self._reader.read(self._table.of(name), self.properties[name], name=name)
            else:
                self._made[name] = self._table.fields[name]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._table.fields, **self.properties})

    def __len__(self) -> int:
        return len({**self._table.fields, **self.properties})


def _defaulted(properties: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    for name, schema in properties.items():
        if isinstance(schema, Mapping) and schema.get("default") is not None:
            yield name, schema


def _with_metadata(table: Type) -> Type:
    return table if "metadata" in table.fields else replace(table, fields={**table.fields, "metadata": METADATA})


def _looks_like(name: str, schema: Schema) -> Type:
    """The built-in type that a field of a custom resource has by its looks, as `guess` finds by a value."""
    properties = section(schema, "properties")
    if "emplate" in name and "containers" in section(section(properties, "spec"), "properties"):
        return POD_TEMPLATE
    if name == "resources" and properties and properties.keys() <= RESOURCES.fields.keys():
        return RESOURCES
    return CUSTOM
