"""A manifest file as text and as YAML nodes whose marks lead back into that text.

Files are read by libyaml for its speed, and by ruamel.yaml where only it reads them. Knows nothing of images or
Kubernetes, and changes nothing: `splice` does.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

import yaml

from bot.errors import Refusal

Path = tuple[str | int, ...]

STRING = "tag:yaml.org,2002:str"
"""The tag of what is neither null nor a truth, as far as is looked here."""


class Node(Protocol):
    """What the nodes of PyYAML and of ruamel.yaml have in common. `id` is `scalar`, `sequence` or `mapping`."""

    id: str
    tag: str
    value: Any
    start_mark: Any
    end_mark: Any
    style: str | None
    flow_style: bool | None

    def __hash__(self) -> int:
        """By identity: a node is a place."""


_BOM = "\ufeff"
_DEEPEST = 250
"""libyaml's loader recurses in C: far deeper files end the process, not the parse."""

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_ANCHOR = re.compile(r"&(\S+)")
_SUBSTITUTED = re.compile(r"\$\{|\$\(")


@dataclass(frozen=True)
class Text:
    """A manifest file's text. Line ends are as in the file; a byte order mark stands apart, since parsers count it
    differently."""

    file: str
    content: str
    bom: bool = False
    lines: tuple[int, ...] = ()
    """For YAML text inside a file, the file's line, counted from 1, that each of its own lines stands on."""

    @cached_property
    def documents(self) -> tuple[Node, ...]:
        """The YAML documents' root nodes. Refusal, with file and line, for a template or what no reader can parse."""
        return tuple(_compose(self))

    def line(self, node: Node) -> int:
        """The line, counted from 1, on which a node's value stands. Readers count lines differently; this counts LF."""
        return self.line_at(self.start(node))

    def line_at(self, index: int) -> int:
        """The file's line, counted from 1, on which a character of the content stands."""
        number = bisect_left(self._newlines, index)
        return self.lines[min(number, len(self.lines) - 1)] if self.lines else number + 1

    @cached_property
    def _newlines(self) -> tuple[int, ...]:
        return tuple(match.start() for match in re.finditer("\n", self.content))

    @property
    def newline(self) -> str:
        """How the file ends its lines."""
        return "\r\n" if "\r\n" in self.content else "\n"

    def column(self, index: int) -> int:
        """How many characters stand before one on its line."""
        return index - self.content.rfind("\n", 0, index) - 1

    def line_end(self, index: int) -> int:
        """Where a character's line ends, before its newline."""
        end = self.content.find("\n", index)
        return len(self.content) if end < 0 else end - self.content.startswith("\r\n", end - 1)

    def start(self, node: Node) -> int:
        """Where a node's value begins: its mark covers the anchor and tag before it."""
        properties = _PROPERTIES.match(self.content, node.start_mark.index, node.end_mark.index)
        return properties.end() if properties else int(node.start_mark.index)

    @cached_property
    def has_anchors(self) -> bool:
        """Whether there may be any: without, no value stands in two places."""
        return bool(re.search(r"(?:^|[\s\[{,])&[^\s&]", self.content))

    def aliased(self, node: Node) -> tuple[str, ...]:
        """A sentence that says on which lines a YAML alias stands for a node, if one does."""
        anchor = _ANCHOR.search(self.content, node.start_mark.index, self.start(node))
        if anchor is None:
            return ()
        uses = re.finditer(rf"\*{re.escape(anchor[1])}(?=[\s,\]}}]|$)", self.content)
        places = ", ".join(f"{self.file}:{self.line_at(use.start())}" for use in uses)
        if not places:
            return ()
        return (f"The value of {self.file}:{self.line(node)} is used by a YAML alias in {places} as well.",)


def end(node: Node) -> int:
    """Where a node's last value ends: a block's own mark covers the comments after it too."""
    while node.id != "scalar" and node.value and not node.flow_style:
        child = node.value[-1] if node.id == "sequence" else node.value[-1][1]
        if child.start_mark.index < node.start_mark.index:  # an alias: what it stands for is written elsewhere
            break
        node = child
    return int(node.end_mark.index)


def decode(data: bytes, file: str) -> Text:
    """A file's bytes as text. Refusal for what is no UTF-8 text, such as a Git LFS pointer or an encrypted file."""
    if data.startswith(b"\0GITCRYPT\0"):
        raise Refusal(f"{file} is encrypted by git-crypt; it is not a text manifest.")
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise Refusal(f"{file} is a Git LFS pointer; it is not a text manifest.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise Refusal(f"{file} is encoded in UTF-16 or UTF-32; save it as UTF-8.")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refusal(f"{file}:{line} is not UTF-8 (perhaps Windows-1252 or ISO-8859-1); save it as UTF-8.") from None
    return Text(file, content.removeprefix(_BOM), content.startswith(_BOM))


def encode(text: Text) -> bytes:
    """The file's bytes again; `encode(decode(data, file))` is `data`."""
    return ((_BOM if text.bom else "") + text.content).encode()


def get(node: Node | None, key: str) -> Node | None:
    """A mapping's value, also one that it merges in by `<<`; None where there is none or the node is no mapping."""
    if node is None or node.id != "mapping":
        return None
    merged: Node | None = None
    for name, value in reversed(node.value):
        if name.value == key and name.id == "scalar":
            return cast("Node", value)
        if name.value == "<<" and merged is None:
            merged = value
    if merged is None:
        return None
    sources = [each for each in (merged.value if merged.id == "sequence" else [merged]) if each.id == "mapping"]
    own = (value for source in sources for name, value in reversed(source.value) if name.value == key)
    return next(own, None)


def scalar(node: Node | None) -> str | None:
    """A scalar's text as written, numbers included; None for a null, an empty one, or no scalar."""
    if node is None or node.id != "scalar" or node.tag == "tag:yaml.org,2002:null":
        return None
    return str(node.value) or None


def follow(node: Node | None, path: Path) -> Node | None:
    """The node at a path below another, if it is there."""
    for step in path:
        if isinstance(step, str):
            node = get(node, step)
        else:
            node = node.value[step] if node and node.id == "sequence" and step < len(node.value) else None
    return node


def walk(root: Node) -> Iterator[tuple[Path, Node]]:
    """Every mapping and sequence below a node once, in the file's order, however often aliases name it."""
    seen: set[int] = set()
    todo: list[tuple[Path, Node]] = [] if root.id == "scalar" else [((), root)]
    while todo:
        path, node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield path, node
        if node.id == "sequence":
            below = [((*path, step), child) for step, child in enumerate(node.value) if child.id != "scalar"]
        else:
            pairs = [(key.value, child) for key, child in node.value if child.id != "scalar"]
            below = [((*path, step), child) for step, child in pairs if isinstance(step, str)]
        todo.extend(reversed(below))


def literal(text: Text, node: Node) -> str:
    """A scalar's value, if it stands there itself. Refusal for a template's or a substituted variable's place."""
    value = str(node.value)
    if "{{" in value:
        raise Refusal(f"{text.file}:{text.line(node)} is a template (“{{{{ }}}}”); change the value that fills it.")
    if _SUBSTITUTED.search(value):
        raise Refusal(
            f"{text.file}:{text.line(node)} is substituted when it is applied (“{value}”); "
            "set the variable where it is defined."
        )
    return value


_TAGS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "tag:yaml.org,2002:null"),
    **{
        spelling: "tag:yaml.org,2002:bool"
        for word in ("yes", "no", "on", "off", "true", "false")
        for spelling in (word, word.title(), word.upper())
    },
}


class _Reader(yaml.CSafeLoader):
    """libyaml's reader, telling of plain scalars only what is asked here: nulls and booleans. To match each against all
    of YAML 1.1's types takes a third of the time that a file needs."""

    depth = 0

    def resolve(self, kind: type[Any], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _TAGS.get(value, STRING) if implicit[0] else STRING
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ARG002 - PyYAML's names
        """Count the levels; a type doesn't depend on where a node stands."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RecursionError

    def ascend_resolver(self) -> None:
        """Count, as above."""
        self.depth -= 1


def _compose(text: Text) -> list[Node]:
    braces = text.content.find("{{")
    try:
        roots = cast("list[Node]", list(yaml.compose_all(text.content, Loader=_Reader)))
    except RecursionError:
        raise Refusal(f"{text.file} is nested more than {_DEEPEST} levels deep; it is not read.") from None
    except yaml.YAMLError as error:
        if braces >= 0:
            raise _template(text, braces) from None
        return _compose_as_ruamel(text, error)
    for root in roots if braces >= 0 else ():
        for _, node in walk(root):
            start = node.start_mark.index
            # Readers take an unquoted `{{ .Values.tag }}` for a mapping whose key is a mapping.
            if text.content.startswith("{{", start) and node.value[0][0].id == "mapping":
                raise _template(text, start)
    return roots


def _compose_as_ruamel(text: Text, error: yaml.YAMLError) -> list[Node]:
    """Some legal files only ruamel.yaml reads, such as those with U+2028 in a value, or that name an anchor twice."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - rarely needed, and it costs 50 ms to import
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - as above

    reader = YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False
    try:
        return list(reader.compose_all(text.content))
    except (YAMLError, ValueError, RecursionError):
        raise Refusal(_unreadable(text, error)) from None


def _unreadable(text: Text, error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.line_at(len(text.content.encode()[: error.position].decode(errors="ignore")))
        return f"{text.file}:{line} is not YAML: {error.reason}."
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = f"{text.file}:{text.line_at(mark.index)}:{mark.column + 1}" if mark else text.file
    return f"{place} is not YAML: {problem or 'no reader understands it'}."


def _template(text: Text, index: int) -> Refusal:
    place = f"{text.file}:{text.line_at(index)}"
    return Refusal(f"{place} is a template (“{{{{ }}}}”), not a manifest; change the value that fills it.")
