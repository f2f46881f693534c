"""Reads objects as they come: half-written and hand-written ones must not be too odd for a verdict."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.model.sync import Manifest
from bot.quoting import quoted


def part(value: Manifest, *path: str) -> Manifest:
    """A mapping some levels down; empty where there is none."""
    for key in path:
        inner = value.get(key)
        value = inner if isinstance(inner, Mapping) else {}
    return value


def listed(value: Manifest, key: str) -> list[Manifest]:
    """The mappings of a list; none where it is no list."""
    items = value.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def number(value: Any) -> int | None:
    """A whole number, be it written as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """A time as API servers write it; None for anything else."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def condition(status: Manifest, kind: str) -> Manifest:
    """A condition of the status by its type; empty where there is none."""
    return next((each for each in listed(status, "conditions") if each.get("type") == kind), {})


def is_true(status: Manifest, kind: str) -> bool:
    return condition(status, kind).get("status") == "True"


def since(found: Manifest) -> datetime | None:
    """When a condition came to be as it is."""
    return moment(found.get("lastTransitionTime"))


def why(found: Manifest) -> str:
    """What a condition says for itself: its reason, and its message where that says more."""
    reason, message = text(found.get("reason")), quoted(text(found.get("message")))
    if message and message != reason:
        return f"{reason}: {message}" if reason and reason not in message else message
    return reason or "no reason given"


def is_observed(manifest: Manifest) -> bool:
    """Whether a status that counts generations is of the spec as it is now."""
    generation = number(part(manifest, "metadata").get("generation"))
    observed = number(part(manifest, "status").get("observedGeneration"))
    return generation is None or observed is None or observed >= generation


def many(number_of: int, noun: str) -> str:
    """`1 replica`, `3 replicas`."""
    return f"{number_of} {noun}{'' if number_of == 1 else 's'}"
