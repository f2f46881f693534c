"""Edits YAML without dumping it: replaces a scalar's own characters, then proves that nothing else changed.

Parsing a file and dumping it again moves comments, quotes and indentation; people review these diffs, so nothing may
change but the value. Knows nothing of images or Kubernetes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import yaml

from bot.errors import Refusal
from bot.manifests.yamltext import Node, Text, get, scalar

_NOT_A_STRING = re.compile(
    r"""(?xi)
      ~ | null | y | yes | n | no | on | off | true | false | << | =
      | [-+]? (?: 0b[01]+ | 0o?[0-7]+ | 0x[0-9a-f]+ )
      | [-+]? (?: \.\d+ | \d+ (?:\.\d*)? ) (?: e[-+]?\d+ )?
      | [-+]? \d+ (?: :[0-5]?\d )+ (?:\.\d*)?
      | [-+]? \.inf | \.nan
      | \d{4}-\d{1,2}-\d{1,2} (?: (?: t | [ \t]+ ) .* )?
    """
)

_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


class Removal(NamedTuple):
    """A key of a mapping that should go, with its value."""

    mapping: Node
    key: str


class Cut(NamedTuple):
    """The characters from `start` up to `end` of a text, and what takes their place."""

    start: int
    end: int
    new: str


def rewrite(text: Text, values: Mapping[Node, str], removals: Sequence[Removal] = ()) -> Text:
    """The text with some scalars' values replaced and some keys gone, and every other character as it was.

    Quotes stay; they are added only where a reader of YAML 1.1 or 1.2 would take the new value for something else than
    a string. Refusal, with file and line, where a value can't be replaced on its own.
    """
    pairs = [_pair(removal) for removal in removals]
    cuts = [_replacement(text, node, value) for node, value in values.items() if node.value != value]
    cuts += [
        _removal(text, removal.mapping, position) for removal, (position, _, _) in zip(removals, pairs, strict=True)
    ]
    gone = [node for _, key, value in pairs for node in (key, value)]
    return cut(text, cuts, {**dict.fromkeys(gone), **values})


def cut(text: Text, cuts: Iterable[Cut], meant: Mapping[Node, str | None]) -> Text:
    """The text after the cuts, which must do exactly what is meant: scalars to other values, or (None) gone.

    Refusal, with the file, if they do anything else, or if the file is sealed.
    """
    _refuse_sealed(text)
    content = text.content
    for start, end, new in sorted(cuts, reverse=True):
        content = content[:start] + new + content[end:]
    after = replace(text, content=content)
    _prove(text, after, meant)
    return after


def insert(text: Text, new: Cut, instead: Node | None = None) -> Text:
    """The text with something put in; `instead` is an empty node whose place it may take.

    Refusal, with the file, if a reader sees anything changed but what is put in.
    """
    _refuse_sealed(text)
    after = replace(text, content=text.content[: new.start] + new.new + text.content[new.end :])
    empty = (instead.start_mark.index, instead.end_mark.index) if instead is not None and not scalar(instead) else None
    gone: int | None = None
    for read in (_libyaml, _ruamel):
        old = read(text.content)
        if old is None:
            continue
        if gone is None:  # as in _prove: the first reader's marks are the nodes'
            spans = ((n, span) for n, (span, event) in enumerate(old) if event.kind == "ScalarEvent")
            gone = next((n for n, span in spans if span == empty), -1)
        was = [event for n, (_, event) in enumerate(old) if n != gone]
        now = [event for _, event in read(after.content) or ()]
        same = next((n for n, (one, two) in enumerate(zip(was, now, strict=False)) if one != two), len(was))
        if len(now) <= len(was) or was[same:] != now[len(now) - len(was) + same :]:
            raise Refusal(f"{text.file} can't be added to without changing more; edit it by hand.")
    return after


def reads_as_string(value: str) -> bool:
    """Whether a plain scalar is a string to readers of YAML 1.1 (with go-yaml's own readings) and of YAML 1.2.

    https://yaml.org/type/ and https://yaml.org/spec/1.2.2/#103-core-schema; go-yaml drops underscores from numbers.
    """
    digits = value.replace("_", "") if value[:1] in tuple("+-.0123456789") else value
    return bool(value) and not _NOT_A_STRING.fullmatch(digits)


def _refuse_sealed(text: Text) -> None:
    for root in text.documents:
        sops = get(root, "sops")
        if sops is not None and sops.id == "mapping" and scalar(get(sops, "mac_only_encrypted")) != "true":
            raise Refusal(
                f"{text.file}:{text.line(sops)} is a SOPS file: changing a plain value breaks its MAC. "
                "Edit it with sops, or set mac_only_encrypted: true there."
            )


def _pair(removal: Removal) -> tuple[int, Node, Node]:
    pairs = enumerate(removal.mapping.value)
    return next((number, key, value) for number, (key, value) in pairs if key.value == removal.key)


def _replacement(text: Text, node: Node, value: str) -> Cut:
    content, place = text.content, f"{text.file}:{text.line(node)}"
    start, end = text.start(node), node.end_mark.index
    raw = content[start:end]
    if node.style in ("|", ">"):
        body, old = start + raw.index("\n"), str(node.value).strip()
        if not old or content.count(old, body, end) != 1:
            raise Refusal(f"{place} is a block whose value spans lines; edit it by hand.")
        start = content.index(old, body, end)
        return Cut(start, start + len(old), value)
    if node.style in ("'", '"'):
        if raw[1:-1] != node.value:
            raise Refusal(f"{place} is a quoted value with escapes or on several lines; edit it by hand.")
        return Cut(start + 1, end - 1, value)
    if raw != node.value:
        raise Refusal(f"{place} is a value that spans lines; edit it by hand.")
    plain = value if reads_as_string(value) else f'"{value}"'
    return Cut(start, end, plain if raw else f" {plain}")


def _removal(text: Text, mapping: Node, position: int) -> Cut:
    """What to cut: the key's line, or up to its neighbour on the same line."""
    content, pairs = text.content, mapping.value
    key, value = pairs[position]
    start, end = key.start_mark.index, value.end_mark.index
    if mapping.flow_style and position:
        return Cut(pairs[position - 1][1].end_mark.index, end, "")
    line = content.rfind("\n", 0, start) + 1
    if content[line:start].strip():  # after a dash or a brace: the next key takes its place
        following = pairs[position + 1][0].start_mark.index if position + 1 < len(pairs) else start
        if content[end:following].strip(" \t\r\n,") or following == start:
            raise Refusal(f"{text.file}:{text.line(key)} can't be removed on its own; edit it by hand.")
        return Cut(start, following, "")
    stop = content.find("\n", end) + 1
    if stop:
        return Cut(line, stop, "")
    return Cut(len(content[:line].rstrip("\r\n")), len(content), "")  # there is still no newline at the end


class _Event(NamedTuple):
    """What a reader makes of a piece of the file, without where it stands."""

    kind: str
    anchor: str | None
    tag: str | None
    value: str | None
    style: str | None


_Events = list[tuple[tuple[int, int], _Event]]
"""Each with the span of characters it stands at."""


def _prove(before: Text, after: Text, edits: Mapping[Node, str | None]) -> None:
    """Every reader that can read the file sees exactly the intended scalars changed (None: gone), and nothing else.

    The readers count marks differently, but they must agree on the order of events.
    """
    old_content, new_content, skipped = _changed_documents(before.content, after.content, edits)
    wanted = {(node.start_mark.index - skipped, node.end_mark.index - skipped): value for node, value in edits.items()}
    edited: dict[int, str | None] = {}
    for read in (_libyaml, _ruamel):
        old = read(old_content)
        if old is None:
            continue
        if not edited:  # the first reader that can read it is also the one whose marks the nodes carry
            spans = ((number, span) for number, (span, event) in enumerate(old) if event.kind == "ScalarEvent")
            edited = {number: wanted[span] for number, span in spans if span in wanted}
        new = [event for _, event in read(new_content) or ()]
        kept = [(number, event) for number, (_, event) in enumerate(old) if edited.get(number, "") is not None]
        if len(edited) != len(wanted) or len(new) != len(kept):
            break
        if not all(_as_meant(event, found, number, edited) for (number, event), found in zip(kept, new, strict=True)):
            break
    else:
        return
    raise Refusal(f"{before.file} can't be edited without changing more than the version; edit it by hand.")


def _changed_documents(before: str, after: str, edits: Iterable[Node]) -> tuple[str, str, int]:
    """The YAML documents that hold the edits, before and after, and how many characters stand before them.

    A line that begins with `---` parts documents whatever it stands in, so what is the same outside can't be read
    otherwise, and the slow reader is spared it. https://yaml.org/spec/1.2.2/#document-markers. Not so where directives,
    which belong to the document after them, or marks of ruamel.yaml, which are its own, come in.
    """
    marks = [(node.start_mark.index, node.end_mark.index) for node in edits if isinstance(node, yaml.Node)]
    if not marks or len(marks) != len(list(edits)) or re.search("^%", before, re.MULTILINE):
        return before, after, 0
    lines = [line.start() for line in _MARKER.finditer(before)]
    low = max((line for line in lines if line <= min(marks)[0]), default=0)
    high = min((line for line in lines if line >= max(end for _, end in marks)), default=len(before))
    rest = len(before) - high
    if before[:low] != after[:low] or before[high:] != after[len(after) - rest :]:
        return before, after, 0
    return before[low:high], after[low : len(after) - rest], low


def _as_meant(old: _Event, new: _Event, number: int, edited: Mapping[int, str | None]) -> bool:
    return new == (old._replace(value=edited[number], style=new.style) if number in edited else old)


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


def _event(event: Any) -> tuple[tuple[int, int], _Event]:
    said = (getattr(event, name, None) for name in _Event._fields[1:])
    return (event.start_mark.index, event.end_mark.index), _Event(type(event).__name__, *said)
