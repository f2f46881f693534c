"""Proves what cuts do to a text, before anything of it is written: two readers see what is meant, and nothing else.

libyaml reads the whole text and compares every node. ruamel.yaml, which differs from it in its rules and is sixty times
slower, reads what surrounds the cuts. Knows nothing of images, and changes nothing: `splice` does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from bot.errors import Refusal
from bot.manifests.yamltext import STRING, Node, Text

_SECOND_READING = 4096
"""How many characters ruamel.yaml is given at most, if they can be parted: it takes a second for 60,000."""


class Cut(NamedTuple):
    """The characters from `start` up to `end` of a text, and what takes their place."""

    start: int
    end: int
    new: str


class Draft(NamedTuple):
    """Cuts that are not made yet, and what they mean: scalars to other values, or (None) gone; and pairs of scalars
    that mappings are to have after all others."""

    cuts: Sequence[Cut] = ()
    meant: Mapping[Node, str | None] = {}
    added: Mapping[Node, Sequence[tuple[str, str]]] = {}


def made(content: str, cuts: Sequence[Cut], at: int = 0) -> str:
    """A text, which begins `at` some place of a longer one, with cuts of that made, which stand in their order."""
    parts, last = [], at
    for cut in cuts:
        parts += [content[last - at : cut.start - at], cut.new]
        last = cut.end
    return "".join([*parts, content[last - at :]])


def does_as_meant(before: Text, after: Text, draft: Draft) -> bool:
    """Whether the text after the draft's cuts differs from the one before in what the draft means, and in that alone.

    The cuts stand in their order and don't overlap: `after` is `before` with them made.
    """
    try:
        roots = after.documents
    except Refusal:
        return False
    if len(roots) != len(before.documents) or not _Comparison(draft).holds(before.documents, roots):
        return False
    parts = list(_windows(before, draft.cuts))
    if any(_libyaml(old) is None for old, _ in parts):  # then they can't be read by themselves
        parts = [(before.content, after.content)]
    return all(_readers_agree(old, new) for old, new in parts)


def only_adds(before: str, after: str, instead: tuple[int, int] | None) -> bool:
    """Whether each reader sees only more after than before, all of it in one place; where the second argument spans an
    empty scalar, it may take that scalar's place."""
    gone: int | None = None
    for read in (_libyaml, _ruamel):
        old = read(before)
        if old is None:
            continue
        if gone is None:  # the first reader that can read it is the one whose marks the nodes carry
            spans = ((n, span) for n, (span, event) in enumerate(old) if event.kind == "ScalarEvent")
            gone = next((n for n, span in spans if span == instead), -1)
        was = [event for n, (_, event) in enumerate(old) if n != gone]
        now = [event for _, event in read(after) or ()]
        same = next((n for n, (one, two) in enumerate(zip(was, now, strict=False)) if one != two), len(was))
        if len(now) <= len(was) or was[same:] != now[len(now) - len(was) + same :]:
            return False
    return True


class _Comparison:
    """Two trees walked side by side. An alias leads to one node from several places, and must do so in both."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.left = {node for node, value in draft.meant.items() if value is not None} | set(draft.added)
        self.twins: dict[Node, Node] = {}
        self.met: set[Node] = set()

    def holds(self, before: Sequence[Node], after: Sequence[Node]) -> bool:
        todo = list(zip(before, after, strict=True))
        while todo:
            old, new = todo.pop()
            if old in self.twins or new in self.met:
                if self.twins.get(old) is not new:
                    return False
                continue
            self.twins[old] = new
            self.met.add(new)
            below = self._below(old, new)
            if below is None:
                return False
            todo += below
        return not self.left - self.twins.keys()

    def _below(self, old: Node, new: Node) -> list[tuple[Node, Node]] | None:
        """What must be alike below two nodes; None if they themselves aren't."""
        if old.id != new.id:
            return None
        if old.id == "scalar":
            alike = (old.value, old.tag, old.style) == (new.value, new.tag, new.style)
            if old in self.draft.meant:
                alike = new.value == self.draft.meant[old] and new.tag in (old.tag, STRING)
            return [] if alike else None
        if (old.tag, old.flow_style) != (new.tag, new.flow_style):
            return None
        was, now = (_children(node) for node in (old, new))
        meant = self.draft.meant
        was = [pair for pair in was if meant.get(pair[0], "") is not None] if None in meant.values() else was
        more = [tuple(node.value for node in pair) for pair in now[len(was) :]]
        if len(was) > len(now) or more != list(self.draft.added.get(old, ())):
            return None
        return [each for pair in zip(was, now[: len(was)], strict=True) for each in zip(*pair, strict=True)]


def _children(node: Node) -> list[tuple[Node, ...]]:
    return list(node.value) if node.id == "mapping" else [(item,) for item in node.value]


class _Window(NamedTuple):
    """A part of a text that can be read by itself, between braces or behind the spaces that it stands behind."""

    start: int
    end: int
    lead: str = ""
    tail: str = ""

    def around(self, cut: Cut) -> bool:
        """Whether a cut is inside, and leaves what the part begins with."""
        return self.start < cut.start and cut.end <= self.end


def _windows(text: Text, cuts: Sequence[Cut]) -> Iterator[tuple[str, str]]:
    """The parts of a text that hold the cuts, before and after: the largest that together are short enough."""
    most = _SECOND_READING // max(1, len(cuts))
    found: list[_Window] = []
    for cut in cuts:
        if not found or not found[-1].around(cut):
            window = _window(text, cut, most)
            found = [each for each in found if each.start < window.start] + [window]
    for start, end, lead, tail in found:
        before = text.content[start:end]
        inside = [cut for cut in cuts if start <= cut.start and cut.end <= end]
        yield f"{lead}{before}{tail}", f"{lead}{made(before, inside, start)}{tail}"


def _window(text: Text, cut: Cut, most: int) -> _Window:
    window = _Window(0, len(text.content))
    parts = [(_Window(root.start_mark.index, root.end_mark.index, _lead(text, root)), root) for root in text.documents]
    while window.end - window.start > most:
        inner = next(((part, node) for part, node in parts if part.around(cut)), None)
        if inner is None:
            break
        window, node = inner
        parts = list(_parts(text, node, window.end))
    return window


def _parts(text: Text, node: Node, end: int) -> Iterator[tuple[_Window, Node]]:
    """The pairs or items of a node, which ends there, that can be read by themselves, each with what stands in it."""
    children = [] if node.id == "scalar" else _children(node)
    for number, child in enumerate(children):
        start = child[0].start_mark.index
        if node.flow_style:
            braces = ("{", "}") if node.id == "mapping" else ("", "")
            yield _Window(start, child[-1].end_mark.index, *braces), child[-1]
        elif number + 1 < len(children):
            following = children[number + 1][0].start_mark.index
            if node.id == "sequence":
                following = text.content.rfind("-", 0, following)
            yield _Window(start, text.content.rfind("\n", 0, following) + 1, _lead(text, child[0])), child[-1]
        else:
            yield _Window(start, end, _lead(text, child[0])), child[-1]


def _lead(text: Text, node: Node) -> str:
    return " " * text.column(node.start_mark.index)


def _readers_agree(old: str, new: str) -> bool:
    """Whether ruamel.yaml, if it can read it at all, sees a text change as libyaml does."""
    was, seen = _libyaml(old), _ruamel(old)
    if was is None or seen is None:  # then only one of them can read this file
        return True
    one, two, one_after, two_after = map(_said, (was, seen, _libyaml(new), _ruamel(new)))
    if one == two:
        return one_after == two_after
    if not len(one) == len(two) == len(one_after) == len(two_after):
        return False
    meant = [b if a == c else c for a, b, c in zip(one, two, one_after, strict=True)]
    return two_after == meant


class _Event(NamedTuple):
    """What a reader makes of a piece of the file, without where it stands."""

    kind: str
    anchor: str | None
    tag: str | None
    value: str | None
    style: str | None


_Events = list[tuple[tuple[int, int], _Event]]
"""Each with the span of characters it stands at."""


def _libyaml(content: str) -> _Events | None:
    try:
        return [_event(event) for event in yaml.parse(content, Loader=yaml.CSafeLoader)]
    except yaml.YAMLError:
        return None


def _ruamel(content: str) -> _Events | None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only writes need it, and it costs 50 ms to import
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - as above

    try:
        return [_event(event) for event in YAML(typ="safe", pure=True).parse(content)]
    except YAMLError:
        return None


def _said(events: _Events | None) -> list[_Event]:
    return [event for _, event in events or ()]


def _event(event: Any) -> tuple[tuple[int, int], _Event]:
    said = (getattr(event, name, None) or None for name in _Event._fields[1:])
    return (event.start_mark.index, event.end_mark.index), _Event(type(event).__name__, *said)
