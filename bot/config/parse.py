"""YAML as typed: every scalar is the text that stands there, and every key knows its line.

No value is guessed to be a number, a date or a boolean, so `1.10`, `on`, `no` and `0123` mean themselves. Knows
nothing of what the keys mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

Typed = str | list["Typed"] | dict[str, "Typed"]
"""What stands there. Nothing at all, and `null`, are the empty text."""

Step = str | int
_NULL = "tag:yaml.org,2002:null"
_DEEPEST = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST = 20_000
_TOO_MUCH = "the file is nested too deeply or repeats itself too often"


class Malformed(Exception):  # noqa: N818 - it is an answer to the person, as bot.errors.Refusal
    """`problems` are (line, sentence) pairs."""

    def __init__(self, *problems: tuple[int, str]) -> None:
        super().__init__("; ".join(sentence for _, sentence in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    data: Typed
    lines: Mapping[tuple[Step, ...], int]

    def line(self, place: tuple[Step, ...]) -> int:
        """The line, from 1, of a key or an item; of the nearest one around it where it isn't there."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


def parse(text: str) -> Document:
    """Read one YAML document. Malformed if it is not YAML, or has a key twice."""
    try:
        _limit_nesting(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed((mark.line + 1 if mark else 1, _explain(error.problem, text))) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Malformed((line, "a control character has no place in YAML")) from None
    reader = _Reader({}, [])
    data = reader.read(root, ()) if root else ""
    if reader.problems:
        raise Malformed(*reader.problems)
    return Document(data, reader.lines)


@dataclass(frozen=True, slots=True)
class _Reader:
    lines: dict[tuple[Step, ...], int]
    problems: list[tuple[int, str]]

    def read(self, node: yaml.Node, place: tuple[Step, ...]) -> Typed:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        # Aliases may repeat or contain themselves: a small file can stand for an endless one.
        if len(place) > _DEEPEST or len(self.lines) > _LARGEST:
            raise Malformed((line, _TOO_MUCH))
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place)
            case yaml.SequenceNode():
                return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        return "" if node.tag == _NULL else str(node.value)

    def _mapping(self, node: yaml.MappingNode, place: tuple[Step, ...]) -> Typed:
        found: dict[str, Typed] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append((line, "a key must be a word; quote it if it begins with { or ["))
            elif key.value in found:
                first = self.lines[*place, key.value]
                self.problems.append((line, f"key {key.value!r} stands here again; first on line {first}"))
            else:
                self.lines[*place, key.value] = line
                found[key.value] = self.read(value, (*place, key.value))
        return found


def _limit_nesting(text: str) -> None:
    """Before composing, since libyaml's composer recurses in C and takes the process down on 100,000 brackets."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise Malformed((event.start_mark.line + 1 if event.start_mark else 1, _TOO_MUCH))


def _explain(problem: str | None, text: str) -> str:
    if "{{" in text:
        return "this is a template, not YAML: render it first"
    hint = "; text with braces in it needs quotes here" if problem and "expected ','" in problem else ""
    return f"not YAML: {problem or 'it ends too early'}{hint}"
