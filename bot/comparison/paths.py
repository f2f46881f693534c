"""Where in an object a difference is: for people as text, for ignore rules as a JSON pointer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.comparison.showing import clean


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list: what people call the item, and its index (in Git, where it is declared)."""

    label: str
    index: int


Path = tuple[str | Item, ...]

_PLAIN = re.compile(r"[\w-]+", re.ASCII)


class Places:
    """Places in an object; a place is in them if it is one of them, or within one, or one is within it.

    A list without keys is one place: its items have no names.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._named = {_steps(path) for path in paths}
        self._above = {steps[:depth] for steps in self._named for depth in range(len(steps) + 1)}

    def __contains__(self, path: Path) -> bool:
        steps = _steps(path)
        return steps in self._above or any(steps[:depth] in self._named for depth in range(len(steps)))

    def __bool__(self) -> bool:
        return bool(self._named)


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


def pointer(path: Path) -> str:
    """The path as a JSON pointer (RFC 6901), an item of a list by what people call it: `/containers/name=app/image`.

    Exact, so that a rule may be made of it; whoever shows it cleans it.
    """
    steps = (step.label if isinstance(step, Item) else step for step in path)
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def parts(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer; none for the whole."""
    named = pointer.strip("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in named.split("/")) if named else ()


def reaches(path: Path, named: tuple[str, ...]) -> bool:
    """Whether the steps of a pointer name the path, a place above it, or one below it.

    An item of a list is named by its index in Git, or by what people call it (`/containers/name=app`), which holds
    when items are added or moved.
    """
    return all(map(_named, path, named))


def _named(step: str | Item, part: str) -> bool:
    return part in {step.label, str(step.index)} if isinstance(step, Item) else part == step


def _steps(path: Path) -> tuple[str, ...]:
    steps: list[str] = []
    for step in path:
        if isinstance(step, Item) and step.label == str(step.index):
            break
        steps.append(step.label if isinstance(step, Item) else step)
    return tuple(steps)
