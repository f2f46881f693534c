"""Images that JSON patches set: lists of operations, in a file or inline. https://www.rfc-editor.org/rfc/rfc6902

The operation tells only a container's index; whose image it is, its value says.
"""

import re
from collections.abc import Iterator

from bot.manifests import images, place
from bot.manifests.yamltext import Node, Path, Text, get, scalar, walk
from bot.model.catalog import Pin

FORMAT = "json6902"

_SETS = frozenset(("add", "replace"))
_IMAGE = re.compile(r"/(?:image|image/reference)$")
_CONTAINERS = re.compile(r"/(?:containers|initContainers|ephemeralContainers)(?:/|$)|/(?:template|spec)$")

read = place.read
write = place.write
notes = place.notes


def find(text: Text) -> tuple[Pin, ...]:
    """The images that operations set, alone or as part of a container, in the file's order."""
    if "image" not in text.content or "op" not in text.content:
        return ()
    return tuple(
        Pin(text.file, FORMAT, number, path, text.line(node), images.split(str(node.value).strip()))
        for number, root in enumerate(text.documents)
        if root.id == "sequence"
        for index, operation in enumerate(root.value)
        for path, node in _images(operation, (index, "value"))
    )


def _images(operation: Node, base: Path) -> Iterator[tuple[Path, Node]]:
    target, value = scalar(get(operation, "path")) or "", get(operation, "value")
    if scalar(get(operation, "op")) not in _SETS or value is None:
        return
    if _IMAGE.search(target) and scalar(value):
        yield base, value
    for path, parent in walk(value) if _CONTAINERS.search(target) else ():
        node = get(parent, "image")
        if node is not None and scalar(node):
            yield (*base, *path, "image"), node
