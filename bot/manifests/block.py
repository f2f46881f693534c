"""Replaces the text of a YAML literal block (`|`), such as a file in a ConfigMap, line by line.

Knows nothing of images or Kubernetes; `splice` proves what comes of it.
"""

import re

from bot.errors import Refusal
from bot.manifests.proof import Cut, Draft
from bot.manifests.yamltext import Node, Text

_HEADER = re.compile(r"\|[-+]?[ \t]*(?:#[^\r\n]*)?\r?\n")


def is_block(node: Node) -> bool:
    """Whether it is a literal block of several lines."""
    return node.id == "scalar" and node.style == "|" and "\n" in str(node.value).strip("\n")


def draft(text: Text, node: Node, value: str) -> Draft:
    """What makes the block hold another text; its header, indentation and line ends stay.

    Refusal, with file and line, where the header fixes the indentation, or can't give the text its last newlines.
    """
    place = f"{text.file}:{text.line(node)}"
    start, end = text.start(node), node.end_mark.index
    header = _HEADER.match(text.content, start, end)
    old, new = str(node.value), value
    if header is None or _tail(old) != _tail(new) or not new.strip():
        raise Refusal(f"{place} is a block that can't hold the live text as it is written; edit it by hand.")
    lines = text.content[header.end() : end].rstrip().split("\n")
    indent = re.match(" *", next(line for line in lines if line.strip()))
    width = len(indent[0]) if indent else 0
    wanted = [f"{' ' * width}{line}" if line else "" for line in new.rstrip("\n").split("\n")]
    stop = header.end() + len("\n".join(lines))
    return Draft([Cut(header.end(), stop, text.newline.join(wanted))], {node: value})


def _tail(value: str) -> str:
    """The newlines at its end, which the block's header decides."""
    return value[len(value.rstrip("\n")) :]
