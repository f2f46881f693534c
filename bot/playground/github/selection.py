"""GraphQL as it is written (https://spec.graphql.org/October2021/#sec-Language): text to what is asked for of what.

Operations, aliases, arguments, variables and fragments; no directives, which nobody here sends.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(r'\.\.\.|[A-Za-z_]\w*|-?\d+|"(?:[^"\\]|\\.)*"|[{}()\[\]:$!=]|(?P<skipped>[\s,]+|#[^\n]*)')
NAME = re.compile(r"[A-Za-z_]\w*")


class NotGraphQL(ValueError):  # noqa: N818 - it is an answer, not a fault
    """The text can't be read."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    alias: str
    name: str
    arguments: Mapping[str, Any]
    within: "tuple[Selection, ...]"


@dataclass(frozen=True, slots=True)
class On:
    """What is asked for of one kind alone."""

    kind: str
    within: "tuple[Selection, ...]"


@dataclass(frozen=True, slots=True)
class Spread:
    fragment: str


Selection = Field | On | Spread


@dataclass(frozen=True, slots=True)
class Operation:
    kind: str
    variables: Mapping[str, str]
    """The type of each."""
    within: tuple[Selection, ...]
    fragments: Mapping[str, On]


def parse(text: str) -> Operation:
    """The one operation of a document. NotGraphQL where it is none."""
    reader = _Reader(text)
    found: tuple[str, dict[str, str], tuple[Selection, ...]] | None = None
    fragments: dict[str, On] = {}
    while reader.ahead:
        if reader.ahead == "fragment":
            reader.take("fragment")
            name = reader.name()
            reader.take("on")
            fragments[name] = On(reader.name(), reader.selections())
        elif found is None:
            found = reader.operation()
        else:
            raise NotGraphQL("more than one operation")
    if found is None:
        raise NotGraphQL("no operation")
    return Operation(*found, fragments)


def fields(operation: Operation, within: tuple[Selection, ...], is_a: Callable[[str], bool]) -> Iterator[Field]:
    """What is asked for of a value; `is_a` tells whether it is of a kind."""
    for each in within:
        if isinstance(each, Field):
            yield each
            continue
        if isinstance(each, Spread) and each.fragment not in operation.fragments:
            raise NotGraphQL(f"no fragment {each.fragment}")
        on = operation.fragments[each.fragment] if isinstance(each, Spread) else each
        if is_a(on.kind):
            yield from fields(operation, on.within, is_a)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self.ahead = next(self._tokens, "")

    def take(self, expected: str = "") -> str:
        token = self.ahead
        if not token or expected not in ("", token):
            raise NotGraphQL(f"{token or 'the end'} where {expected or 'more'} should be")
        self.ahead = next(self._tokens, "")
        return token

    def name(self) -> str:
        if not NAME.fullmatch(self.ahead):
            raise NotGraphQL(f"{self.ahead or 'the end'} where a name should be")
        return self.take()

    def operation(self) -> tuple[str, dict[str, str], tuple[Selection, ...]]:
        kind = "query" if self.ahead == "{" else self.name()
        if NAME.fullmatch(self.ahead):
            self.take()
        variables = {}
        if self.ahead == "(":
            self.take()
            while self.ahead != ")":
                self.take("$")
                name = self.name()
                self.take(":")
                variables[name] = self._type()
            self.take()
        return kind, variables, self.selections()

    def selections(self) -> tuple[Selection, ...]:
        self.take("{")
        found: list[Selection] = []
        while self.ahead != "}":
            found.append(self._selection())
        self.take()
        return tuple(found)

    def _selection(self) -> Selection:
        if self.ahead == "...":
            self.take()
            if self.ahead != "on":
                return Spread(self.name())
            self.take()
            return On(self.name(), self.selections())
        alias = name = self.name()
        if self.ahead == ":":
            self.take()
            name = self.name()
        arguments = {}
        if self.ahead == "(":
            self.take()
            while self.ahead != ")":
                argument = self.name()
                self.take(":")
                arguments[argument] = self._value()
            self.take()
        return Field(alias, name, arguments, self.selections() if self.ahead == "{" else ())

    def _type(self) -> str:
        said = self.take()
        if said == "[":
            said += self._type() + self.take("]")
        return said + (self.take() if self.ahead == "!" else "")

    def _value(self) -> Any:
        said = self.take()
        if said == "$":
            return Variable(self.name())
        if said == "[":
            items = []
            while self.ahead != "]":
                items.append(self._value())
            self.take()
            return items
        if said.lstrip("-").isdigit():
            return int(said)
        return said[1:-1] if said.startswith('"') else {"true": True, "false": False, "null": None}.get(said, said)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise NotGraphQL(f"unexpected {text[at]!r}")
        at = found.end()
        if found["skipped"] is None:
            yield found[0]
