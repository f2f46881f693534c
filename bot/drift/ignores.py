"""The ignore rules that a config repository keeps for itself, in `.quarterdeck/ignore.yaml`: a list, written by people.

They are reviewed like any other change, and only Git's copy counts: whoever can write to a cluster can't hide anything
by it. Pure but for the tree that it reads; must not know what a rule matches.
"""

import json
import re
from collections.abc import Iterable, Iterator

from bot.errors import Refusal
from bot.manifests.splice import reads_as_string
from bot.manifests.yamltext import Node, Text, decode, encode, scalar
from bot.model.rules import Ignore
from bot.ports import Tree

FILE = ".quarterdeck/ignore.yaml"

_KEYS = {
    "kind": "kind",
    "name": "name",
    "path": "path",
    "manager": "manager",
    "service": "service",
    "in": "environment",
    "why": "why",
}
"""The keys of a rule, in the order they are written, and what `Ignore` calls them."""
_NARROWING = ("kind", "name", "path", "manager")
_PLAIN = re.compile(r"[\w/](?:[\w/.,=~ -]*[\w/.~])?", re.ASCII)
_HEADER = (
    "# Differences between Git and the clusters that nobody wants to hear of. An entry says at least one of kind,\n"
    "# name, path (a JSON pointer) and manager, and why; service and in narrow it. `drift ignore` proposes entries.\n"
)


def of(tree: Tree) -> tuple[Ignore, ...]:
    """The rules of a repository; none where there is no file. Refusal, with file and line, as `read`."""
    content = tree.read(FILE)
    return () if content is None else read(content)


def read(content: bytes) -> tuple[Ignore, ...]:
    """The rules of the file's bytes. Refusal, with file and line, for the first that is none: then none counts."""
    text = decode(content, FILE)
    return tuple(_rule(text, node) for node in _items(text))


def added(content: bytes | None, rules: Iterable[Ignore]) -> bytes:
    """The file with more rules at its end, those that it has left out; every byte before them stays.

    Refusal, with the file, where nothing can be added by lines.
    """
    text = decode(content, FILE) if content is not None else Text(FILE, _HEADER)
    had = tuple(_rule(text, node) for node in _items(text))
    new = [rule for rule in dict.fromkeys(rules) if rule not in had]
    roots = text.documents
    indent = " " * (roots[0].start_mark.column if roots and roots[0].value else 0)
    lines = [f"{indent}{line}" for rule in new for line in _lines(rule)]
    begun = text.content if text.content.endswith("\n") or not text.content else text.content + text.newline
    after = Text(FILE, begun + "".join(line + text.newline for line in lines), text.bom)
    try:
        has = tuple(_rule(after, node) for node in _items(after))
    except (Refusal, UnicodeEncodeError):  # half a surrogate pair, which JSON may hold and no file
        has = ()
    if has != (*had, *new):
        raise Refusal(f"{FILE} is written in a way that nothing can be added to by lines; add the rules by hand.")
    return encode(after)


def _items(text: Text) -> Iterator[Node]:
    roots = [root for root in text.documents if root.id != "scalar" or scalar(root)]
    if len(roots) > 1 or any(root.id != "sequence" for root in roots):
        raise Refusal(f"{FILE}:{text.line(roots[-1])} is no list of rules; each entry is one, with kind, path and why.")
    return (item for root in roots for item in root.value)


def _rule(text: Text, node: Node) -> Ignore:
    if node.id != "mapping":
        raise Refusal(f"{FILE}:{text.line(node)} is no rule; one has keys such as kind, path and why.")
    said: dict[str, str] = {}
    for key, value in node.value:
        place, name = f"{FILE}:{text.line(key)}", str(key.value) if key.id == "scalar" else "…"
        if name not in _KEYS:
            raise Refusal(f"{place} has the key {name[:40]!r}, which no rule has; known are {', '.join(_KEYS)}.")
        words = scalar(value)
        if name in said or words is None or not words.isprintable():
            raise Refusal(f"{place}: {name} must hold a text of one line, once.")
        said[name] = words
    place = f"{FILE}:{text.line(node)}"
    if "why" not in said:
        raise Refusal(f"{place} does not say why; add why: with the reason.")
    if not any(name in said for name in _NARROWING):
        raise Refusal(f"{place} would ignore everything; say which kind, name, path or manager.")
    if not said.get("path", "/").startswith("/"):
        raise Refusal(f"{place}: {said['path'][:60]!r} is no JSON pointer; one is such as /spec/replicas.")
    return Ignore(**{_KEYS[name]: words for name, words in said.items()})


def _lines(rule: Ignore) -> Iterator[str]:
    pairs = [(name, value) for name, field in _KEYS.items() if (value := getattr(rule, field))]
    for number, (name, value) in enumerate(pairs):
        yield f"{'  ' if number else '- '}{name}: {_written(value)}"


def _written(value: str) -> str:
    plain = _PLAIN.fullmatch(value) and reads_as_string(value)
    return value if plain else json.dumps(value, ensure_ascii=False)
