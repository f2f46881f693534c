"""Adds the missing entry of an image to a kustomization's `images:`, worded as its author words the others.

The lines are put into the text; nothing that stands there is dumped again. Where a list has entries, the new one takes
their indentation, dashes, braces, quotes and order of keys; where it has none, those of the file's other lists.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import images, kustomize, splice
from bot.manifests.proof import Cut
from bot.manifests.yamltext import Node, Text, end, get
from bot.model.catalog import Image

_END = re.compile(r"^(?:\.\.\.|---)(?=\s|$)", re.MULTILINE)


class _Style(NamedTuple):
    """How entries are written. `dash` is the dash's column, `keys` that of the keys."""

    dash: int = 0
    keys: int = 2
    flow: bool = False
    padded: bool = False
    tag_first: bool = False
    quotes: Mapping[str, str] = {}
    key_quote: str = ""


def add(text: Text, name: str, version: str) -> Text:
    """The kustomization with an entry that sets an image to a version, as the last of `images:`; one that is there
    without a version, since it only renames, gets it.

    Refusal, with file and line, where the list can't be added to exactly.
    """
    if len(text.documents) != 1 or text.documents[0].id != "mapping":
        raise Refusal(f"{text.file} must hold one YAML document with a mapping; add images: there by hand.")
    for pin in kustomize.find(text):
        if pin.image.version is None and name in {pin.renames, pin.image.name}:
            return splice.apply(text, [kustomize.draft(text, pin, version)])
    root = text.documents[0]
    wanted = images.moved(Image(name), version)
    after = splice.insert(text, _cut(text, root, wanted), get(root, "images"))
    found = kustomize.find(after)
    if [pin.image for pin in found] != [*(pin.image for pin in kustomize.find(text)), wanted]:
        raise Refusal(f"{text.file} can't be added to without changing more; add {name} to its images: by hand.")
    return after


def _cut(text: Text, root: Node, image: Image) -> Cut:
    listed = get(root, "images")
    if listed is None:
        return _key(text, root, image)
    if listed.id == "sequence" and listed.value:
        return (_flow_item if listed.flow_style else _block_item)(text, listed, image)
    start, stop = text.start(listed), listed.end_mark.index
    if root.flow_style:
        return Cut(start, stop, f"[{_entry(image, _style_of_keys(root))}]")
    start = start if text.content[:start].endswith("\n") else len(text.content[:start].rstrip(" "))
    line_end = text.line_end(stop)  # a comment may stand before it
    return Cut(start, line_end, text.content[stop:line_end] + text.newline + _lines(text, image, _style(root)))


def _key(text: Text, root: Node, image: Image) -> Cut:
    """The whole list, as the mapping's last key."""
    if root.flow_style:
        style = _style_of_keys(root)
        at = root.value[-1][1].end_mark.index if root.value else root.start_mark.index + 1
        lead = ", " if root.value else ""
        return Cut(at, at, f"{lead}{_quoted('images', style.key_quote)}: [{_entry(image, style)}]")
    content, newline = text.content, text.newline
    marker = _END.search(content, end(root))
    at = marker.start() if marker else len(content)
    lines = f"images:{newline}{_lines(text, image, _style(root))}"
    if at and content[at - 1] != "\n":
        return Cut(at, at, newline + lines)
    return Cut(at, at, lines + newline)


def _block_item(text: Text, listed: Node, image: Image) -> Cut:
    style = _style_of_entry(text, listed)
    at = end(listed)
    if text.content[at - 1] == "\n":
        return Cut(at, at, _lines(text, image, style) + text.newline)
    at = text.line_end(at)
    return Cut(at, at, text.newline + _lines(text, image, style))


def _flow_item(text: Text, listed: Node, image: Image) -> Cut:
    style, items = _style_of_entry(text, listed)._replace(flow=True), listed.value
    between = text.content[items[-2].end_mark.index : items[-1].start_mark.index] if len(items) > 1 else ", "
    if between.strip() != ",":
        raise Refusal(f"{text.file}:{text.line(listed)} has comments inside its list; add {image.name} to it by hand.")
    at = items[-1].end_mark.index
    return Cut(at, at, between + _entry(image, style))


def _lines(text: Text, image: Image, style: _Style) -> str:
    """The entry as lines of a block list, without the last newline."""
    dash = f"{' ' * style.dash}-{' ' * max(1, style.keys - style.dash - 1)}"
    if style.flow:
        return dash + _entry(image, style)
    indent = text.newline + " " * len(dash)
    return dash + indent.join(f"{key}: {value}" for key, value in _pairs(image, style))


def _entry(image: Image, style: _Style) -> str:
    padding = " " if style.padded else ""
    return f"{{{padding}{', '.join(f'{key}: {value}' for key, value in _pairs(image, style))}{padding}}}"


def _pairs(image: Image, style: _Style) -> Iterator[tuple[str, str]]:
    pairs = [("name", image.name), ("newTag", image.tag), ("digest", image.digest)]
    for key, value in (pairs[1:2] + pairs[:1] + pairs[2:]) if style.tag_first else pairs:
        if value:
            quote = style.quotes.get(key, "") or ("" if splice.reads_as_string(value) else '"')
            yield _quoted(key, style.key_quote), _quoted(value, quote)


def _quoted(word: str, quote: str) -> str:
    return f"{quote}{word}{quote}"


def _style_of_entry(text: Text, listed: Node) -> _Style:
    """As the last entry is written that is a mapping; one that an alias stands for is written elsewhere."""
    last = next((item for item in reversed(listed.value) if item.id == "mapping" and item.value), None)
    if last is None or not listed.start_mark.index <= last.start_mark.index < listed.end_mark.index:
        raise Refusal(f"{text.file}:{text.line(listed)} has entries that are no mappings; add to it by hand.")
    pairs = {key.value: (key, value) for key, value in last.value}
    order = [key.value for key, _ in last.value if key.value in {"name", "newTag"}]
    return _Style(
        dash=text.column(text.content.rfind("-", 0, last.start_mark.index)),
        keys=text.column(text.start(last)),
        flow=bool(last.flow_style),
        padded=bool(last.flow_style) and text.content[text.start(last) + 1] == " ",
        tag_first=order == ["newTag", "name"],
        quotes={name: value.style for name, (_, value) in pairs.items() if value.style in ("'", '"')},
        key_quote=last.value[0][0].style or "",
    )


def _style(root: Node) -> _Style:
    """As the file's other lists are indented, `resources:` first."""
    lists = [value for _, value in root.value if value.id == "sequence" and value.value and not value.flow_style]
    if not lists:
        return _Style()
    dash = lists[0].start_mark.column
    return _Style(dash, lists[0].value[0].start_mark.column if lists[0].value[0].start_mark.column > dash else dash + 2)


def _style_of_keys(root: Node) -> _Style:
    quote = (root.value[0][0].style or "") if root.value else ""
    return _Style(flow=True, key_quote=quote, quotes=dict.fromkeys(("name", "newTag", "digest"), quote))
