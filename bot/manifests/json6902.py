"""Images that JSON patches set: lists of operations, in a file or inline. https://www.rfc-editor.org/rfc/rfc6902

The operation tells only a container's index; whose image it is, its value says.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.manifests import images, place
from bot.manifests.yamltext import Node, Path, Text, get, scalar, walk
from bot.model.catalog import Pin

FORMAT = "json6902"

_SETS = frozenset(("add", "replace"))
_VALUE = re.compile(r"/spec/values/(.+)/tag")
_IMAGE = re.compile(r"/(?:image|image/reference)$")
_CONTAINERS = re.compile(r"/(?:containers|initContainers|ephemeralContainers)(?:/|$)|/(?:template|spec)$")

read = place.read
draft = place.draft
notes = place.notes


def find(text: Text) -> tuple[Pin, ...]:
    """The images that operations set, alone or as part of a container, and the tags that they set in a HelmRelease's
    values, in the file's order."""
    if "op" not in text.content:
        return ()
    return tuple(
        pin
        for number, root in enumerate(text.documents)
        if root.id == "sequence"
        for index, operation in enumerate(root.value)
        if scalar(get(operation, "op")) in _SETS
        for pin in _pins(text, number, index, operation)
    )


def _pins(text: Text, document: int, index: int, operation: Node) -> Iterator[Pin]:
    target, value = scalar(get(operation, "path")) or "", get(operation, "value")
    if value is None:
        return
    if (tag := _VALUE.fullmatch(target)) and (pin := place.at(text, document, (index, "value"))):
        yield replace(pin, format=FORMAT, key=tag[1].replace("/", "."))
    for path, node in _images(target, value, (index, "value")):
        yield Pin(text.file, FORMAT, document, path, text.line(node), images.split(str(node.value).strip()))


def _images(target: str, value: Node, base: Path) -> Iterator[tuple[Path, Node]]:
    if _IMAGE.search(target) and scalar(value):
        yield base, value
    for path, parent in walk(value) if _CONTAINERS.search(target) else ():
        node = get(parent, "image")
        if node is not None and scalar(node):
            yield (*base, *path, "image"), node
