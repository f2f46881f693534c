"""Secrets: what the server makes of one, and that nothing but the names of its keys is ever shown."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.comparison.paths import Path, names
from bot.comparison.schema import section
from bot.model.sync import ObjectRef

_SHOWN = {("type",), ("immutable",)}
_LABELS = ("metadata", "labels")
_HELD = frozenset(("data", "stringData"))
_MENTIONED = re.compile(rb"\b(Secret|secretGenerator|stringData)\b")


def as_stored(secret: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """`stringData` becomes part of `data`, and wins there, as the server does on every write.

    What SOPS has encrypted can't be read: live's values stand in for it, so that only its keys are compared (SOPS
    encrypts values alone).
    """
    if not isinstance(secret.get("data"), Mapping | None):
        return secret
    given = {**section(secret, "data"), **section(secret, "stringData")}
    sealed = {key for key, value in given.items() if "sops" in secret and is_sealed(value)}
    plain = {key: _encode(value) for key, value in section(secret, "stringData").items()}
    held = section(live, "data")
    data = {**section(secret, "data"), **plain, **{key: held.get(key, "") for key in sealed}}
    return {**{name: value for name, value in secret.items() if name not in {"stringData", "sops"}}, "data": data}


def is_sealed(value: object) -> bool:
    """Whether SOPS has encrypted a value."""
    return isinstance(value, str) and value.startswith("ENC[")


def decode(value: object) -> bytes | None:
    """The bytes that base64 text stands for, line breaks aside; None where it is no base64 text."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def may_be_in(content: bytes) -> bool:
    """Whether a file may declare, patch or generate a Secret, so that no line of it may be shown."""
    return _MENTIONED.search(content) is not None


def hides(ref: ObjectRef, path: Path) -> bool:
    """Whether the values below a path must not be shown: annotations too, as tools keep whole copies in them."""
    return is_one(ref) and names(path)[:1] not in _SHOWN and names(path)[:2] != _LABELS


def is_one(ref: ObjectRef) -> bool:
    return (ref.group, ref.kind) == ("", "Secret")


def nested(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where whole Secrets stand in a value, down to the first list: custom resources may hold objects.

    Which item of a list a difference is in is another matter, so all of it counts.
    """
    if isinstance(value, Mapping):
        if value.get("kind") == "Secret" and not value.keys().isdisjoint(_HELD):
            yield path
        else:
            for name, below in value.items():
                yield from nested(below, (*path, name))
    elif isinstance(value, list) and any(any(True for _ in nested(item)) for item in value):
        yield path


def _encode(value: object) -> object:
    return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
