"""What of a render can't be known from Git alone, found by rendering twice.

A chart may draw random passwords and certificates or read the clock; a generator may be given a file that SOPS has
encrypted. Whatever differs between two renders depends on such things. Knows nothing of Kubernetes or Helm.
"""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from bot.errors import Refusal
from bot.model.sync import Manifest

UNSETTLED = "${known_when_deployed}"
"""Stands for such a value, in the form of what an engine fills in when it deploys: compared with nothing."""

_ENCRYPTED = b"ENC[AES256_GCM,data:"
_BESIDE = re.compile(rb"^sops_\w+=.*\n?", re.MULTILINE)


def is_encrypted(content: bytes) -> bool:
    """Whether SOPS has encrypted values of a file."""
    return _ENCRYPTED in content


def altered(content: bytes) -> bytes:
    """An encrypted file as if its values were others, and without what SOPS notes in it as if it were a value."""
    return _BESIDE.sub(b"", content).replace(_ENCRYPTED, _ENCRYPTED + b"0")


def settled(first: Sequence[Manifest], second: Sequence[Manifest], what: str) -> tuple[Manifest, ...]:
    """The objects of a render with `UNSETTLED` for all that another render has different.

    Refusal if the two don't even hold the same kinds of objects.
    """
    if list(map(_kind, first)) != list(map(_kind, second)):
        raise Refusal(f"{what} renders to other objects each time, so it can't be compared: see what it draws by lot.")
    return tuple(_settled(one, other) for one, other in zip(first, second, strict=True))


def _settled(one: Any, other: Any) -> Any:
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _settled(value, other[key]) for key, value in one.items() if key in other}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_settled(*pair) for pair in zip(one, other, strict=True)]
    if isinstance(one, str) and isinstance(other, str):
        # What stands before a hash in a name. Without the dash, lots that begin alike by chance would count.
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
        return one[: one.rfind("-", 0, alike) + 1] + UNSETTLED
    return UNSETTLED


def _kind(manifest: Manifest) -> tuple[Any, Any]:
    return manifest.get("apiVersion"), manifest.get("kind")
