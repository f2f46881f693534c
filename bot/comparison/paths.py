"""Where in an object a difference is: for people as text, for ignore rules as a JSON pointer."""

import re
from dataclasses import dataclass

from bot.comparison.showing import clean


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list: what people call the item, and its index (in Git, where it is declared)."""

    label: str
    index: int


Path = tuple[str | Item, ...]

_PLAIN = re.compile(r"[\w-]+", re.ASCII)


def spell(path: Path) -> str:
    """`spec.containers[name=app].image`; a name with dots or slashes stands in brackets: `metadata.labels[a.b/c]`."""
    text = ""
    for step in path:
        if isinstance(step, Item):
            text += f"[{clean(step.label)}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{clean(step)}]"
    return text


def names(path: Path) -> tuple[str, ...]:
    """The field names alone."""
    return tuple(step for step in path if isinstance(step, str))


def under(path: Path, pointer: str) -> bool:
    """Whether a JSON pointer (RFC 6901) names the path or a place above it.

    An item of a list is named by its index in Git, or by what people call it (`/containers/name=app`), which holds
    when items are added or moved.
    """
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")] if pointer else []
    return len(parts) <= len(path) and all(map(_named, path, parts))


def _named(step: str | Item, part: str) -> bool:
    return part in {step.label, str(step.index)} if isinstance(step, Item) else part == step
