"""YAML as kubectl reads it: go-yaml's words, numbers and keys, parsed by libyaml.

The rules are those of go-yaml v3 in kustomize (`resolve.go`): `0644` is octal, `1e3` a number, `NO` and dates are
text. Builds values from libyaml's events instead of letting it compose, which overflows the stack on deep nesting.
Knows nothing of Kubernetes.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from bot.errors import Refusal

_DEPTH = 200
_VALUES = 1_000_000
"""Values of a file once its aliases are written out: far above any manifest, far below what hurts."""

_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a file, as JSON values, and the line where it begins, from 1."""

    line: int
    value: Any


def parse(content: bytes, file: str) -> tuple[Document, ...]:
    """The documents of a file, empty ones left out. Refusal with file and line for what kubectl would not read."""
    if file.endswith(".json"):
        return (Document(1, _json(content, file)),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{file} is no UTF-8 text, so it can't be read as a manifest: save it as UTF-8.") from None
    try:
        return tuple(document for document in _Reader(text, file).documents() if document.value is not None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else file
        raise Refusal(_malformed(place, text, error.problem)) from None
    except yaml.YAMLError:
        raise Refusal(_malformed(file, text, "a character that YAML does not allow")) from None


def scalar(text: str) -> Any:
    """What go-yaml makes of a plain (unquoted) scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "0123456789+-.":
        return text
    digits = text.replace("_", "")
    if match := _INTEGER.fullmatch(digits):
        return _integer(match[1], match[2], digits)
    if _FLOAT.fullmatch(digits):
        return _float(digits, text)
    return text


class _Reader:
    """Values from libyaml's events. One a file: the number of values is counted over its documents."""

    def __init__(self, text: str, file: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._file = file
        self._anchors: dict[str, Any] = {}
        self._left = _VALUES

    def documents(self) -> Iterator[Document]:
        for event in self._events:
            if isinstance(event, StreamEndEvent):
                return
            if isinstance(event, DocumentStartEvent):
                self._anchors = {}
                first = next(self._events)
                yield Document(_line(first), self._value(first, 0))

    def _value(self, event: NodeEvent, depth: int) -> Any:
        self._count(1, event)
        if depth > _DEPTH:
            raise self._refuse(event, f"is nested more than {_DEPTH} deep")
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if isinstance(event, MappingStartEvent):
            value: Any = self._mapping(event, depth)
        elif isinstance(event, SequenceStartEvent):
            value = []
            while not isinstance(item := next(self._events), SequenceEndEvent):
                value.append(self._value(item, depth + 1))
        else:
            value = self._scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _mapping(self, start: NodeEvent, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._value(event, depth + 1)
            merges = key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]
            name = self._key(key, event)
            value = self._value(next(self._events), depth + 1)
            if merges:
                for part in value if isinstance(value, list) else [value]:
                    if not isinstance(part, dict):
                        raise self._refuse(event, "merges (`<<`) what is no mapping")
                    merged = {**part, **merged}
            elif name in found:
                raise self._refuse(event, f"gives the key {name!r} twice in one mapping")
            else:
                found[name] = value
        if merged:
            self._count(len(merged), start)
        return {**merged, **found}

    def _alias(self, event: NodeEvent) -> Any:
        if event.anchor not in self._anchors:
            raise self._refuse(event, f"uses *{event.anchor}, which no &{event.anchor} before it gives")
        value = self._anchors[event.anchor]
        self._count(_size(value, self._left), event)
        return value

    def _scalar(self, event: Any) -> Any:
        tag = (event.tag or "").removeprefix(_TAG)
        if tag == "binary":
            try:
                return base64.b64decode(event.value).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise self._refuse(event, "has a !!binary value that is no text in base64") from None
        if not event.implicit[0] and tag not in {"int", "float", "bool", "null"}:
            return event.value
        if _NOT_JSON.fullmatch(event.value):
            raise self._refuse(event, f"has the number {event.value}, which no API takes")
        return scalar(event.value)

    def _key(self, key: Any, event: NodeEvent) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, dict):
            raise self._refuse(event, "has a mapping for a key (or is a template, `{{ }}`, and no YAML)")
        if key is None or isinstance(key, list):
            raise self._refuse(event, "has a key that is no text")
        return json.dumps(key)

    def _count(self, values: int, event: NodeEvent) -> None:
        self._left -= values
        if self._left < 0:
            raise self._refuse(event, f"stands for more than {_VALUES:,} values once its aliases are written out")

    def _refuse(self, event: NodeEvent, why: str) -> Refusal:
        return Refusal(f"{self._file}:{_line(event)} {why}: correct it there.")


def _line(event: NodeEvent) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _json(content: bytes, file: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
            raise Refusal(f"{file} gives the key {twice!r} twice in one mapping: correct it there.")
        return found

    def no_number(text: str) -> Any:
        raise Refusal(f"{file} has the number {text}, which no API takes: correct it there.")

    try:
        value = json.loads(content, object_pairs_hook=once, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise Refusal(f"{file}:{error.lineno} is no JSON ({error.msg}): correct it there.") from None
    except (UnicodeDecodeError, RecursionError):
        raise Refusal(f"{file} is no JSON that a manifest could be: correct it.") from None
    level, depth = [value], 0
    while level := [item for each in level for item in _items(each)]:
        depth += 1
        if depth > _DEPTH:
            raise Refusal(f"{file} is nested more than {_DEPTH} deep: correct it there.")
    return value


def _malformed(place: str, text: str, problem: str | None) -> str:
    if "{{" in text:
        return f"{place} is no YAML but a template (`{{{{ }}}}`): only rendered manifests can be read here."
    return f"{place} is no valid YAML ({problem or 'unreadable'}): correct it there."


def _integer(sign: str, digits: str, text: str) -> int | float:
    """Go's ParseInt with base 0: a leading 0 is octal. Beyond 64 bits go-yaml reads a float."""
    base = {"x": 16, "b": 2, "o": 8}.get(digits[1:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10)
    number = int(digits[2:] if digits[1:2].isalpha() else digits, base)
    number = -number if sign == "-" else number
    return number if -(2**63) <= number < 2**64 else float(text) if base == 10 else number


def _float(digits: str, text: str) -> int | float | str:
    """A whole number becomes an integer, as in JSON; one too large for a float stays text (a short commit id)."""
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _size(value: Any, limit: int) -> int:
    """How many values a value is made of; stops counting above the limit."""
    total, left = 0, [value]
    while left and total <= limit:
        item = left.pop()
        total += 1
        left.extend(_items(item))
    return total


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
