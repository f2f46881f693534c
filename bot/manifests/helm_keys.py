"""Which keys of Helm values hold an image: a chart is free in what it calls them, so the habits of the field decide.

`repository` and `tag` in a mapping `image`, `imageTag` beside `image`, whole references at keys that end in `image` or
below `images`, and the dotted names of `--set` parameters. https://helm.sh/docs/chart_best_practices/values/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import images
from bot.manifests.yamltext import Node, Path, follow, get, scalar, walk
from bot.model.catalog import Image

_ROLES = {
    "registry": ("registry",),
    "name": ("repository", "image", "repo", "name", ""),
    "tag": ("tag", "version"),
    "digest": ("digest", "sha"),
}
"""The words for each part of a reference, the better first; "" is `image` itself, beside `imageTag`."""

_WORD = "|".join(word for words in _ROLES.values() for word in words if word)
_KEY = re.compile(rf"(?P<stem>.*image)(?:[._-]?(?P<word>{_WORD}))?|(?P<lone>(?:.*\.)?)(?P<last>{_WORD})", re.IGNORECASE)
_IMAGE = re.compile(r".*images?", re.IGNORECASE)
_IMAGES = re.compile(r".*images", re.IGNORECASE)
_PARAMETERS = ("parameters", "set")
"""What Argo CD and helmfile call them."""
_OF_GIT = frozenset(("url", "repo", "branch", "ref", "commit", "semver"))
_TEMPLATE = re.compile(r"\{\{|\$\{|\$\(")
_TRUTHS = frozenset(("true", "false"))


class Field(NamedTuple):
    """A scalar that holds a part of a reference, and where it stands below the mapping or list that holds it."""

    path: Path
    value: Node
    label: Node | None = None
    """The scalar that says what it is: its key, or its parameter's name."""


@dataclass(frozen=True, slots=True)
class Place:
    """The fields of one mapping or list that say together which image runs, by role: registry, name, tag, digest.

    A name alone is a whole reference, or the name of an image whose version stands in other values.
    """

    stem: str
    """What the fields' keys have in common: `sidecarImage` of `sidecarImageTag`; empty for `repository` and `tag`."""
    fields: Mapping[str, Field]
    sure: bool = True
    """Whether it is an image's beyond doubt; a lone `tag` may be anything's."""

    @property
    def version(self) -> Field | None:
        """The field that the version stands in, or would."""
        there = [self.fields[role] for role in ("tag", "digest") if role in self.fields]
        if not there and self.sure and self.image.version:
            return self.fields["name"]
        return next((field for field in there if scalar(field.value)), next(iter(there), None))

    @property
    def image(self) -> Image:
        registry, name, tag, digest = (self.said(role) for role in _ROLES)
        image = images.split(name or "")
        if registry and name and not name.startswith(f"{registry}/"):
            image = replace(image, name=f"{registry.rstrip('/')}/{image.name}")
        if tag or digest:
            own_tag, _, own_digest = (tag or "").partition("@")
            digest = f"sha256:{digest}" if digest and ":" not in digest else digest
            image = Image(image.name, own_tag or None, digest or own_digest or None)
        return image

    def said(self, role: str) -> str | None:
        """What the field of a role says; None if there is none or it is empty."""
        return scalar(self.fields[role].value) if role in self.fields else None


def places(root: Node, base: Path = ()) -> Iterator[tuple[Path, Place]]:
    """Every place below a node, with the path of what holds it; `base` is the node's own path."""
    for path, node in walk(root):
        for place in held(node, (*base, *path)):
            yield (*base, *path), place


def held(node: Node, path: Path) -> Iterator[Place]:
    """The places whose fields one mapping or list holds."""
    parent = next((step for step in reversed(path) if isinstance(step, str)), "")
    of_images = bool(_IMAGES.fullmatch(parent))
    if node.id == "mapping":
        fields = _keys(node)
        if of_images:
            whole = ((key, field) for key, field in fields.items() if not _KEY.fullmatch(key))
            yield from (Place(key, {"name": field}) for key, field in whole if _is_reference(field))
        yield from _grouped(fields, parent)
    elif node.id == "sequence" and parent in _PARAMETERS:
        yield from _grouped(_parameters(node), "")
    elif node.id == "sequence" and of_images:
        items = (Field((index,), item) for index, item in enumerate(node.value) if item.id == "scalar")
        yield from (Place(str(field.path[0]), {"name": field}) for field in items if _is_reference(field))


def dotted(root: Node, path: Path, place: Place) -> str:
    """What Helm calls a place, with an item of a list by its `name`, if it has one: `apps.payment.image`."""
    steps = []
    for step in path:
        below = follow(root, (step,))
        called = scalar(get(below, "name")) if isinstance(step, int) else None
        steps.append(called or str(step))
        root = below or root
    return ".".join([*steps, *filter(None, [place.stem.rstrip(".")])])


def stem(key: str) -> str:
    """What a key shares with the others of its place."""
    match = _KEY.fullmatch(key)
    return (match["stem"] or match["lone"] or "") if match else key


def _keys(mapping: Node) -> dict[str, Field]:
    """The scalars of a mapping, those that it merges in by `<<` last, unless its own say otherwise."""
    own: dict[str, Field] = {}
    for each in _merged(mapping):
        own = {key.value: Field((key.value,), node, key) for key, node in each.value if _speaks(key, node)} | own
    return own


def _merged(mapping: Node) -> Iterator[Node]:
    """The mapping and all that it merges in, directly or not, those that decide first. Each once: aliases can name it
    a billion times, or lead back to it."""
    waiting, seen = [mapping], set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            merged = get(each, "<<")
            sources = [] if merged is None else merged.value if merged.id == "sequence" else [merged]
            waiting += [source for source in reversed(sources) if source.id == "mapping"]


def _speaks(key: Node, node: Node) -> bool:
    return key.id == "scalar" and node.id == "scalar" and node.value not in _TRUTHS


def _parameters(items: Node) -> dict[str, Field]:
    """Helm's `--set` as a list: the last of a name counts."""
    pairs = ((index, get(item, "name"), get(item, "value")) for index, item in enumerate(items.value))
    return {
        str(name.value): Field((index, "value"), value, name)
        for index, name, value in pairs
        if name is not None and value is not None and name.id == value.id == "scalar"
    }


def _grouped(fields: Mapping[str, Field], parent: str) -> Iterator[Place]:
    groups: dict[str, dict[str, Field]] = {}
    for key, field in fields.items():
        if match := _KEY.fullmatch(key):
            start, word = (match["stem"], match["word"] or "") if match["stem"] else (match["lone"], match["last"])
            groups.setdefault(start, {})[word.lower()] = field
    # Those without `image` in their keys come first, since they take the `image` beside them.
    for start in sorted(groups, key=lambda start: bool(start) and not start.endswith(".")):
        if start and not start.endswith("."):
            place = _flat(start, groups[start])
        else:
            of_git = any(f"{start}{word}" in fields for word in _OF_GIT)
            place = None if of_git and not _IMAGE.fullmatch(parent) else _imageless(groups, start, parent)
        if place:
            yield place


def _flat(start: str, words: Mapping[str, Field]) -> Place | None:
    """`image`, `imageTag`, `image.repository`: keys that say themselves that they are an image's."""
    fields = _roles(words)
    if {"tag", "digest"} & fields.keys() or _is_reference(fields.get("name")):
        return Place(start, fields)
    return Place(start, fields, sure=False) if "name" in fields else None


def _imageless(groups: dict[str, dict[str, Field]], start: str, parent: str) -> Place | None:
    """`repository` and `tag` in a mapping, or `tag` beside `image`: keys that are an image's by their company."""
    words = dict(groups[start])
    beside = groups.get(f"{start}image", {})
    of_image = bool(_IMAGE.fullmatch(parent))
    if "tag" not in words and "digest" not in words and not of_image and "repository" not in words:
        return None
    if set(beside) == {""} and "repository" not in words and not _is_reference(beside[""]):
        words["image"] = beside.pop("")
    if not of_image:  # elsewhere these are words of everything, while `tag` is an image's almost always
        words = {word: field for word, field in words.items() if word not in {"name", "repo", "version", "sha"}}
    fields = _roles(words)
    name = scalar(fields["name"].value) if "name" in fields else None
    if name and "://" in name:
        return None
    if "tag" in fields or "digest" in fields:
        sure = "name" in fields or of_image
        return Place(start, fields, sure) if sure or _is_lone_tag(fields) else None
    return Place(start, fields, _is_reference(fields["name"])) if "name" in fields and of_image else None


def _roles(words: Mapping[str, Field]) -> dict[str, Field]:
    found = ((role, next((words[word] for word in those if word in words), None)) for role, those in _ROLES.items())
    return {role: field for role, field in found if field is not None}


def _is_reference(field: Field | None) -> bool:
    value = scalar(field.value) if field else None
    if not value or images.split(value).version is None:
        return False
    if _TEMPLATE.search(value):
        return True
    try:
        images.parse(value)
    except Refusal:
        return False
    return True


def _is_lone_tag(fields: Mapping[str, Field]) -> bool:
    if "tag" not in fields:
        return False
    try:
        images.version((scalar(fields["tag"].value) or "latest").partition("@")[0])
    except Refusal:
        return False
    return True
