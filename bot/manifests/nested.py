"""YAML text inside a scalar of a file: an inline Kustomize patch, an Argo CD Application's Helm values.

Such text is read like a file of its own, whose lines are the outer file's, and what is changed in it is carried outward
character by character, so that the outer file keeps every other byte: indentation, line ends and escapes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from bot.errors import Refusal
from bot.manifests.proof import Cut, Draft
from bot.manifests.yamltext import Node, Path, Text, follow, scalar
from bot.model.catalog import Pin

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}

_Span = tuple[int, int]


def find(text: Text, document: int, path: Path, look: Callable[[Text], Iterable[Pin]]) -> tuple[Pin, ...]:
    """The pins that `look` finds in the text of the scalar at a place; none where no text is. Refusal as `look`."""
    node = follow(text.documents[document], path)
    if node is None or not scalar(node):
        return ()
    return tuple(replace(pin, within=((document, path), *pin.within)) for pin in look(inside(text, node)))


@lru_cache(maxsize=16)  # a file's pins are read one by one, and many may stand in one scalar
def inside(text: Text, node: Node) -> Text:
    """A scalar's text, which must not be empty, as a file of its own whose lines are counted as the outer file's."""
    spans, value = _spans(text, node), str(node.value)
    if spans is None:
        return Text(text.file, value, lines=(text.line(node),))
    starts = [spans[0][0], *(end for (_, end), sign in zip(spans, value, strict=True) if sign == "\n")]
    return Text(text.file, value, lines=tuple(map(text.line_at, starts)))


def outside(text: Text, node: Node, after: Text) -> Draft:
    """What makes a scalar's text `after`. Refusal, with file and line, where that can't be exact."""
    before = str(node.value)
    if after.content == before:
        return Draft()
    spans = _spans(text, node)
    if spans is None:
        raise Refusal(f"{text.file}:{text.line(node)} is YAML in a string with escapes; edit it by hand.")
    cuts = [_outer(cut, before, spans, node.style) for cut in _cuts(before, after.content)]
    return Draft(cuts, {node: after.content})


def _spans(text: Text, node: Node) -> list[_Span] | None:
    """Where in the outer text each character of a scalar's value stands; None if a reader made it of something else.

    A value's characters stand in the file in their order, with nothing but white space between them, which readers drop
    (indentation, CR) or fold, except for what is escaped in double quotes.
    """
    content = text.content
    at, end = text.start(node), node.end_mark.index
    if node.style in ("|", ">"):
        at = content.index("\n", at) + 1
    elif node.style in ("'", '"'):
        at, end = at + 1, end - 1
    spans = []
    for sign in str(node.value):
        while at < end and content[at] != sign and content[at].isspace():
            at += 1
        escaped = node.style == '"' and content[at] == "\\" and _ESCAPES.get(content[at + 1]) == sign
        if at >= end or not (content[at] == sign or escaped):
            # The newline at a block's end may be implied, and a folded one be written as none.
            if sign.isspace():
                spans.append((at, at))
                continue
            return None
        spans.append((at, at + (2 if escaped else 1)))
        at = spans[-1][1]
    return spans


def _cuts(before: str, after: str) -> Iterator[Cut]:
    """The differences, each as few characters as can be."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    at = [0]
    for line in old:
        at.append(at[-1] + len(line))
    for tag, start, end, low, high in _opcodes(old, new):
        if tag == "replace" and end - start == high - low:
            pairs = [(at[start + n], old[start + n], new[low + n]) for n in range(end - start)]
        elif tag != "equal":
            pairs = [(at[start], "".join(old[start:end]), "".join(new[low:high]))]
        else:
            continue
        for place, was, now in pairs:
            head = _common(was, now)
            tail = _common(was[head:][::-1], now[head:][::-1])
            yield Cut(place + head, place + len(was) - tail, now[head : len(now) - tail])


def _opcodes(old: list[str], new: list[str]) -> Iterable[tuple[str, int, int, int, int]]:
    """As difflib's, which is slow where many lines are alike: most often no line is added or gone."""
    if len(old) == len(new):
        return (
            ("replace", n, n + 1, n, n + 1) for n, (one, two) in enumerate(zip(old, new, strict=True)) if one != two
        )
    from difflib import SequenceMatcher  # noqa: PLC0415 - rarely needed

    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _common(one: str, two: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _outer(cut: Cut, before: str, spans: list[_Span], style: str | None) -> Cut:
    new = cut.new.replace("\\", "\\\\").replace('"', '\\"') if style == '"' else cut.new
    lines_go = not new and before[: cut.start].endswith("\n") and before[: cut.end].endswith("\n")
    after_former = cut.start > 0 and (lines_go or cut.start == cut.end)
    start = spans[cut.start - 1][1] if after_former else spans[cut.start][0]
    return Cut(start, spans[cut.end - 1][1] if cut.end > cut.start else start, new)
