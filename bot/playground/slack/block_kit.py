"""Block Kit as Slack checks it, in Slack's words for what is wrong."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bot.playground.slack.block_types import Block

MOST_TEXT = 13_200
"""Characters over all blocks of a message; not in Slack's pages, but enforced (slackapi/bolt-js#2509)."""

_BLOCKS: TypeAdapter[Any] = TypeAdapter(Annotated[list[Block], Field(max_length=50)])


def faults(blocks: Sequence[Any]) -> list[str]:
    """What Slack would say against the blocks, in its words; empty if it would take them."""
    try:
        _BLOCKS.validate_python(blocks)
    except ValidationError as error:
        return [_sentence(detail, blocks) for detail in error.errors(include_url=False)]
    found = [
        f"[ERROR] must define either `text` or `fields` [json-pointer:/blocks/{index}]"
        for index, block in enumerate(blocks)
        if block["type"] == "section" and not (block.get("text") or block.get("fields"))
    ]
    found += [f"[ERROR] `block_id` {name} already exists" for name in _twice(block.get("block_id") for block in blocks)]
    for index, block in enumerate(blocks):
        names = _twice(element.get("action_id") for element in block.get("elements", ()) if isinstance(element, dict))
        found += [f"[ERROR] `action_id` {name} already exists [json-pointer:/blocks/{index}]" for name in names]
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append("[ERROR] only one table is allowed")
    return found


def length(value: Any) -> int:
    """Characters of every text in the blocks."""
    return sum(map(len, _texts(value)))


def named(blocks: Sequence[Any]) -> tuple[dict[str, Any], ...]:
    """A copy in which every block has a `block_id` and every button an `action_id`, as Slack gives them."""
    copy = deepcopy(list(blocks))
    for block in copy:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in (*block.get("elements", ()), block.get("accessory")):
            if element and element.get("type") == "button":
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return tuple(copy)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _twice(names: Iterator[Any]) -> list[str]:
    return [name for name, count in Counter(names).items() if name is not None and count > 1]


def _sentence(detail: ErrorDetails, blocks: Sequence[Any]) -> str:
    """A finding in the words that Slack uses for it."""
    path, context = _pointer(detail["loc"], blocks), detail.get("ctx", {})
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    kind = "unsupported" if detail["type"] == "literal_error" and last == "type" else detail["type"]
    match kind:
        case "missing":
            words, path = f"missing required field: {last}", path.rpartition("/")[0]
        case "extra_forbidden":
            words, path = f"invalid additional property: {last}", path.rpartition("/")[0]
        case "union_tag_not_found":
            words = "missing required field: type"
        case "union_tag_invalid":
            words, path = f"unsupported type: {context['tag']}", f"{path}/type"
        case "unsupported":
            words = f"unsupported type: {detail['input']}"
        case "string_too_long":
            words = f"must be less than {context['max_length'] + 1} characters"
        case "string_too_short":
            words = f"must be more than {context['min_length'] - 1} characters"
        case "too_long":
            words = f"no more than {context['max_length']} items allowed"
        case "too_short":
            words = f"no fewer than {context['min_length']} items allowed"
        case _:
            words = detail["msg"].lower()
    return f"[ERROR] {words} [json-pointer:{path}]"


def _pointer(location: tuple[int | str, ...], blocks: Sequence[Any]) -> str:
    """A JSON pointer of pydantic's location, which names a part's type after the way to it."""
    pointer, untyped = "/blocks", True
    node: Any = blocks
    for step in location:
        if untyped and isinstance(node, dict) and step == node.get("type"):
            untyped = False
            continue
        untyped = True
        pointer += f"/{step}"
        try:
            node = node[step]
        except (LookupError, TypeError):
            node = ()
    return pointer
