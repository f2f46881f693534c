"""A scalar that holds a version or a whole image reference, wherever it stands: places that only the config knows.

Reading takes a scalar for what it looks like: a reference (`acme/app:v1`), a digest, or a tag.
"""

import re

from bot.errors import Refusal
from bot.manifests import images, splice
from bot.manifests.proof import Draft
from bot.manifests.yamltext import Node, Path, Text, follow, literal, scalar
from bot.model.catalog import Image, Pin

FORMAT = "place"

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def steps(path: str) -> Path:
    """`images[0].tag` as a path: dots part keys, brackets hold a list's index. Refusal for what is neither."""
    rest = re.sub(r"(?<=[^.\[])\[", ".[", path)
    parts = [_STEP.fullmatch(part) for part in rest.split(".")]
    if not all(parts):
        raise Refusal(f"“{path}” is no path in a file; one is like image.tag or images[0].tag.")
    return tuple(int(part[2]) if part[2] else part[1] for part in parts if part)


def resolve(node: Node, path: Path) -> Path | None:
    """The path as the file has it: nested keys first, then a key that has the dots itself (`image.tag: v1`)."""
    if not path:
        return ()
    for taken in range(1, len(path) + 1):
        if taken > 1 and not all(isinstance(step, str) for step in path[:taken]):
            return None
        key = path[0] if taken == 1 else ".".join(map(str, path[:taken]))
        below = follow(node, (key,))
        rest = None if below is None else resolve(below, path[taken:])
        if rest is not None:
            return (key, *rest)
    return None


def at(text: Text, document: int, path: Path) -> Pin | None:
    """The pin of the scalar at a place; None if there is none, or an empty one."""
    node = follow(text.documents[document], path)
    if node is None or not scalar(node):
        return None
    return Pin(text.file, FORMAT, document, path, text.line(node), _image(str(node.value).strip()))


def find(_: Text) -> tuple[Pin, ...]:
    """Nothing: what a scalar is for can't be told by looking."""
    return ()


def read(text: Text, pin: Pin) -> Image:
    """The image at a pin, without a name where only a version stands there. Refusal, with file and line, for a template
    or what is neither."""
    image = _image(literal(text, _scalar(text, pin)).strip())
    try:
        if image.name:
            return images.parse(str(image))
        images.version(image.version or "")
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None
    return image


def draft(text: Text, pin: Pin, version: str) -> Draft:
    """What moves the scalar to a version, with its name if it has one. Refusal as `read`."""
    image = images.moved(read(text, pin), version)
    return splice.draft(text, {_scalar(text, pin): str(image) if image.name else version})


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """Where else the value is used by a YAML alias."""
    return text.aliased(_scalar(text, pin))


def _image(value: str) -> Image:
    bare = value.partition("@")[0]
    if "/" in bare or (":" in bare and not bare.startswith("sha256:")):
        return images.split(value)
    return images.moved(Image(""), value)


def _scalar(text: Text, pin: Pin) -> Node:
    node = follow(text.documents[pin.document], pin.path)
    if node is None or not scalar(node):
        raise Refusal(f"{pin.file}:{pin.line} no longer holds a version; ask again.")
    return node
