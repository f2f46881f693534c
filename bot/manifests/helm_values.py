"""Helm values: the images that a chart takes from a values file, or from values written into another manifest.

Kinds that carry values of their own come here for them. Which keys mean an image is `helm_keys`' to know.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import helm_keys, images, nested, splice
from bot.manifests.helm_keys import Field, Place
from bot.manifests.proof import Draft
from bot.manifests.yamltext import Node, Path, Text, follow, get, literal, scalar
from bot.model.catalog import Image, Pin

FORMAT = "helm-values"

_OF_CI = re.compile(r"(?:^|/)\.(?:github|gitea|forgejo|gitlab|circleci|woodpecker)/")
_NO_VALUES = re.compile(r"kustomization\.ya?ml|Kustomization|Chart\.ya?ml|requirements\.ya?ml|quarterdeck\.ya?ml|\..*")


def find(text: Text) -> tuple[Pin, ...]:
    """Every image of a values file, in its order; none in a file of another kind.

    Refusal, with file and line, for a template.
    """
    documents = range(len(text.documents)) if is_values(text) else ()
    return tuple(pin for number in documents if _is_bare(text.documents[number]) for pin in values(text, number))


def is_values(text: Text) -> bool:
    """Whether a file holds Helm values: a mapping of no kind, under no name that means something else."""
    if _OF_CI.search(text.file) or _NO_VALUES.fullmatch(text.file.rpartition("/")[2]):
        return False
    return any(map(_is_bare, text.documents))


def values(text: Text, document: int = 0, base: Path = ()) -> tuple[Pin, ...]:
    """The images of the values at a place of a document, whatever kind of file it is in."""
    return layer(text, document, base).pins


class Layer(NamedTuple):
    """Values that others override, or that override others."""

    pins: tuple[Pin, ...]
    """In the file's order. An image's name is empty where the values hold its version alone."""
    names: Mapping[str, str]
    """The images that are named, also without a version, by Helm's name of the place."""


def layer(text: Text, document: int = 0, base: Path = ()) -> Layer:
    """The values at a place of a document. Lone tags count where there is nothing better."""
    root = follow(text.documents[document], base) if document < len(text.documents) else None
    if root is None:
        return Layer((), {})
    names: dict[str, str] = {}
    found: dict[int, Pin] = {}
    sure: set[int] = set()
    for path, place in helm_keys.places(root, base):
        key = helm_keys.dotted(root, path[len(base) :], place)
        if place.image.name:
            names.setdefault(key, place.image.name)
        if field := place.version:  # one that aliases lead to from several places is one pin
            found.setdefault(id(field.value), _pin(text, document, (*path, *field.path), key, place, field))
            sure |= {id(field.value)} if place.sure else set()
    pins = (pin for number, pin in found.items() if number in sure or not sure)
    return Layer(tuple(sorted(pins, key=lambda pin: pin.line)), names)


def written(text: Text, document: int, path: Path) -> Layer:
    """The values in the text of the scalar at a place; nothing where no text is."""
    node = follow(text.documents[document], path)
    if node is None or not scalar(node):
        return Layer((), {})
    return Layer(nested.find(text, document, path, values), layer(nested.inside(text, node)).names)


def ruling(layers: Sequence[Layer]) -> tuple[Pin, ...]:
    """The pins that decide where later values override earlier ones, as Helm merges them, with what they overrule.

    One that holds a version alone gets the name that other layers give the place.
    """
    names = {key: name for each in layers for key, name in each.names.items()}
    decide: tuple[Pin, ...] = ()
    for each in layers:
        keys = {pin.key for pin in each.pins}
        mine = (replace(pin, overrules=_overruled(decide, pin.key)) for pin in each.pins)
        decide = (*(pin for pin in decide if pin.key not in keys), *mine)
    named = (replace(pin, image=replace(pin.image, name=pin.image.name or names.get(pin.key, ""))) for pin in decide)
    return tuple(named)


def _overruled(pins: Iterable[Pin], key: str) -> tuple[str, ...]:
    return tuple(place for pin in pins if pin.key == key for place in (*pin.overrules, f"{pin.file}:{pin.line}"))


def read(text: Text, pin: Pin) -> Image:
    """The image at a pin; one without a version runs the chart's own. Refusal, with file and line, for a template or
    what is no legal reference."""
    place = _place(text, pin)
    for field in place.fields.values():
        if scalar(field.value):
            literal(text, field.value)
    name = place.image.name or pin.image.name
    try:
        return replace(images.parse(str(replace(place.image, name=name or "unnamed"))), name=name)
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None


def draft(text: Text, pin: Pin, version: str) -> Draft:
    """What moves the image to a version, tag and digest together: a digest that stayed would win over a new tag.

    What the version doesn't name becomes empty, since a key that is gone would bring the chart's own value back.
    Refusal, with file and line, as `read`; where a digest alone can't stand; and where an anchor shares the value.
    """
    image = images.moved(read(text, pin), version)
    place = _place(text, pin)
    tag, digest = (place.fields[role].value if role in place.fields else None for role in ("tag", "digest"))
    if tag is not None and digest is not None and (scalar(digest) or "@" not in str(tag.value)):
        wanted = {tag: image.tag or "", digest: _digest(digest, image)}
        return _draft(text, pin, {node: value for node, value in wanted.items() if value or scalar(node)})
    if tag is not None:
        if image.tag is None:
            raise Refusal(
                f"{pin.file}:{pin.line} has room for a tag alone, or for both; name both, like v1.3.0@{version[:14]}…"
            )
        return _draft(text, pin, {tag: str(image.version)})
    if digest is not None:
        label = place.fields["digest"].label
        if image.tag is None or label is None:
            return _draft(text, pin, {digest: _digest(digest, image)})
        return _draft(text, pin, {digest: str(image.version), label: _named_tag(str(label.value))})
    name = place.fields["name"].value
    own = replace(images.split(str(name.value)), tag=image.tag, digest=image.digest)
    return _draft(text, pin, {name: str(own)})


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """That the chart's own version ran before, and where else the value is used by a YAML alias."""
    node = follow(text.documents[pin.document], pin.path)
    own = f"{pin.file}:{pin.line} was empty, so the chart's own version ran."
    return (*([own] if pin.image.version is None else []), *(text.aliased(node) if node is not None else ()))


def _is_bare(root: Node) -> bool:
    return root.id == "mapping" and get(root, "kind") is None and get(root, "apiVersion") is None


def _pin(text: Text, document: int, path: Path, key: str, place: Place, field: Field) -> Pin:
    name = images.split(place.said("name") or "").name
    return Pin(
        file=text.file,
        format=FORMAT,
        document=document,
        path=path,
        line=text.line(field.value),
        image=place.image,
        renames=name if name != place.image.name else None,
        key=key,
    )


def _place(text: Text, pin: Pin) -> Place:
    """The place that a pin is at; by its keys' stem once its version has moved to another key."""
    root = text.documents[pin.document] if pin.document < len(text.documents) else None
    for length in (1, 2):
        path, rest = pin.path[:-length], pin.path[-length:]
        holder = follow(root, path)
        found = list(helm_keys.held(holder, path)) if holder is not None else []
        exact = [place for place in found if any(field.path == rest for field in place.fields.values())]
        near = [place for place in found if place.stem == helm_keys.stem(str(rest[0]))]
        for place in (*exact, *near):
            if place.version:
                return place
    raise Refusal(f"{pin.file}:{pin.line} no longer holds an image; ask again.")


def _digest(node: Node, image: Image) -> str:
    """A digest as the place is used to it: some charts' `sha` is without the algorithm."""
    old = scalar(node)
    return (image.digest or "").removeprefix("sha256:") if old and ":" not in old else image.digest or ""


def _named_tag(key: str) -> str:
    """The key for a tag where one for a digest stands: `imageTag` for `imageDigest`."""
    start = re.sub("(?i:digest|sha)$", "", key)
    return f"{start}{'Tag' if key[len(start)].isupper() else 'tag'}"


def _draft(text: Text, pin: Pin, wanted: Mapping[Node, str]) -> Draft:
    changed = {id(node) for node, value in wanted.items() if node.value != value}
    for _, other in helm_keys.places(text.documents[pin.document]) if text.has_anchors else ():
        names = {other.image.name, pin.image.name} - {""}
        if len(names) > 1 and any(id(field.value) in changed for field in other.fields.values()):
            raise Refusal(
                f"{pin.file}:{pin.line} shares its value, by a YAML anchor, with {other.image.name}; "
                "give each image its own value."
            )
    return splice.draft(text, wanted)
