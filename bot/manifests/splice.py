"""Edits YAML without dumping it: replaces a scalar's own characters, once it is proven that nothing else changes.

Parsing a file and dumping it again moves comments, quotes and indentation; people review these diffs, so nothing may
change but the value. Knows nothing of images or Kubernetes.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import proof
from bot.manifests.proof import Cut, Draft
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


_SPECIAL = re.compile(r"\A[\s\-?:#&*!|>'\"%@`]|[,\[\]{}\n\r\t]|: | #|[:\s]\Z")
"""What makes a plain scalar something else, or end early, in some place: https://yaml.org/spec/1.2.2/#733-plain-style"""


class Removal(NamedTuple):
    """A key of a mapping that should go, with its value."""

    mapping: Node
    key: str


def draft(text: Text, values: Mapping[Node, str], removals: Sequence[Removal] = (), *, plain: bool = False) -> Draft:
    """What replaces some scalars' values and takes some keys out, and leaves every other character as it is.

    Quotes stay; they are added only where a reader of YAML 1.1 or 1.2 would take the new value for something else than
    a string; `plain` values are numbers and truths, and get none. Refusal, with file and line, where a value can't be
    replaced on its own.
    """
    pairs = [_pair(removal) for removal in removals]
    cuts = [_replacement(text, node, value, plain=plain) for node, value in values.items() if node.value != value]
    cuts += [
        _removal(text, removal.mapping, position) for removal, (position, _, _) in zip(removals, pairs, strict=True)
    ]
    gone = [node for _, key, value in pairs for node in (key, value)]
    return Draft(cuts, {**dict.fromkeys(gone), **values})


def apply(text: Text, drafts: Iterable[Draft]) -> Text:
    """The text after all the drafts, which are of this text and don't overlap: one proof serves them all.

    Refusal, with the file, if together they do anything else than they mean, or if the file is sealed.
    """
    _refuse_sealed(text)
    several = list(drafts)
    cuts = sorted({cut for each in several for cut in each.cuts})
    if not cuts:
        return text
    meant = {node: value for each in several for node, value in each.meant.items()}
    added = {node: pairs for each in several for node, pairs in each.added.items()}
    after = replace(text, content=proof.made(text.content, cuts))
    apart = all(one.end <= two.start for one, two in pairwise(cuts))
    if not apart or not proof.does_as_meant(text, after, Draft(cuts, meant, added)):
        raise Refusal(f"{text.file} can't be edited without changing more than the version; edit it by hand.")
    return after


def insert(text: Text, new: Cut, instead: Node | None = None) -> Text:
    """The text with something put in; `instead` is an empty node whose place it may take.

    Refusal, with the file, if a reader sees anything changed but what is put in.
    """
    _refuse_sealed(text)
    after = replace(text, content=proof.made(text.content, [new]))
    empty = (instead.start_mark.index, instead.end_mark.index) if instead is not None and not scalar(instead) else None
    if not proof.only_adds(text.content, after.content, empty):
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


def _replacement(text: Text, node: Node, value: str, *, plain: bool) -> Cut:
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
    bare = plain or (reads_as_string(value) and not _SPECIAL.search(value))
    written = value if bare else json.dumps(value, ensure_ascii=False)
    return Cut(start, end, written if raw else f" {written}")


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
