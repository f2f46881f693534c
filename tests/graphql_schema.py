"""Holds GraphQL requests and answers against GitHub's published schema (contracts/github/graphql-extract.json)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.playground.github.selection import Field, NotGraphQL, On, Operation, Selection, Spread, Variable, parse

EXTRACT = json.loads(Path(__file__).with_name("contracts").joinpath("github/graphql-extract.json").read_text("utf-8"))
PLAIN = {
    **dict.fromkeys(("String", "ID", "GitObjectID", "Base64String", "DateTime", "URI"), str),
    "Boolean": bool,
    "Int": int,
}


def problems(asked: dict[str, Any], answered: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a request and, as far as it succeeded, with its answer."""
    try:
        operation = parse(asked["query"])
    except NotGraphQL as problem:
        yield f"{problem}: {asked['query'][:80]}"
        return
    variables = asked.get("variables") or {}
    for name, kind in operation.variables.items():
        yield from _input(kind, variables.get(name), name)
    errors = answered.get("errors", [])
    if not all(isinstance(error.get("message"), str) for error in errors):
        yield "an error without a message"
    data = answered.get("data")
    if operation.kind == "mutation":
        yield from _mutation(operation, data or {})
    else:
        missing = {tuple(error["path"]) for error in errors if "path" in error}
        yield from _Query(operation, missing).selections("Query", operation.within, data, ())


def _mutation(operation: Operation, data: Mapping[str, Any]) -> Iterator[str]:
    for field in operation.within:
        assert isinstance(field, Field)
        expected, payload = EXTRACT["mutations"][field.name]
        if list(operation.variables.values()) != [f"{expected}!"]:
            yield f"{field.name} takes {expected}, not {operation.variables}"
        yield from _Query(operation, set()).selections(payload, field.within, data.get(field.name), (field.name,))


def _input(kind: str, value: Any, where: str) -> Iterator[str]:
    described = EXTRACT["inputs"].get(kind.strip("[]!")) or EXTRACT["enums"].get(kind.strip("[]!"))
    if kind.endswith("!") and value is None:
        yield f"{where} is required"
    elif value is None:
        return
    elif kind.startswith("["):
        for number, each in enumerate(value):
            yield from _input(kind.rstrip("!")[1:-1], each, f"{where}[{number}]")
    elif isinstance(described, list):
        if value not in described:
            yield f"{where} is {value!r}, none of {described}"
    elif described is not None:
        yield from (f"{where}.{name} is not in {kind}" for name in value.keys() - described.keys())
        for name, each in described.items():
            yield from _input(each, value.get(name), f"{where}.{name}")
    elif not isinstance(value, PLAIN.get(kind.rstrip("!"), ())):
        yield f"{where} is no {kind}"


class _Query:
    """`missing` are the paths that errors account for."""

    def __init__(self, operation: Operation, missing: set[tuple[Any, ...]]) -> None:
        self._operation = operation
        self._missing = missing

    def selections(self, kind: str, within: tuple[Selection, ...], value: Any, path: tuple[Any, ...]) -> Iterator[str]:
        """What was asked for of a kind, and what was given: None where nothing was."""
        for each in within:
            if isinstance(each, Field):
                yield from self._field(kind, each, value, path)
                continue
            on = self._operation.fragments[each.fragment] if isinstance(each, Spread) else each
            assert isinstance(on, On)
            concrete = (value or {}).get("__typename")
            possible = EXTRACT["kinds"].get(on.kind, [on.kind])
            if on.kind != kind and not {on.kind, *possible} & {kind, *EXTRACT["kinds"].get(kind, [])}:
                yield f"{'.'.join(map(str, path))}: no {kind} is a {on.kind}"
            applies = on.kind == kind or concrete is None or concrete in possible
            yield from self.selections(on.kind, on.within, value if applies and value else None, path)

    def _field(self, kind: str, field: Field, value: Any, path: tuple[Any, ...]) -> Iterator[str]:
        here, name = (*path, field.alias), f"{kind}.{field.name}"
        if field.name == "__typename":
            return
        described = EXTRACT["objects"].get(kind, {}).get(field.name)
        if described is None:
            yield f"{name} is not in the schema"
            return
        takes = EXTRACT["arguments"].get(name, {})
        yield from (f"{name} takes no {given}" for given in field.arguments.keys() - takes.keys())
        for argument, expected in takes.items():
            given = field.arguments.get(argument)
            if isinstance(given, Variable):
                if self._operation.variables.get(given.name, "").rstrip("!") != expected.rstrip("!"):
                    yield f"{name}({argument}) is no {expected}"
            elif given is not None or expected.endswith("!"):
                yield from _input(expected, given, f"{name}({argument})")
        if described.strip("[]!").endswith("Connection") and not {"first", "last"} & field.arguments.keys():
            yield f"{name} needs first or last"
        if value is not None and here not in self._missing:
            yield from self._value(described, field, value.get(field.alias), here)
        elif field.within:
            yield from self.selections(described.strip("[]!"), field.within, None, here)

    def _value(self, kind: str, field: Field, value: Any, path: tuple[Any, ...]) -> Iterator[str]:
        where = ".".join(map(str, path))
        inner = kind.rstrip("!")
        if value is None:
            if kind.endswith("!"):
                yield f"{where} must not be null"
            elif field.within:
                yield from self.selections(inner.strip("[]!"), field.within, None, path)
        elif inner.startswith("["):
            for index, each in enumerate(value):
                yield from self._value(inner[1:-1], field, each, (*path, index))
        elif field.within:
            yield from self.selections(inner, field.within, value, path)
        elif choices := EXTRACT["enums"].get(inner):
            if value not in choices:
                yield f"{where} is {value!r}, none of {choices}"
        elif inner not in PLAIN or not isinstance(value, PLAIN[inner]):
            yield f"{where} is no {inner}, or not asked for as one"
