"""Images of containers: in every object that has them, at any depth, custom resources with a pod template included.

Which fields hold images: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (containers,
initContainers, ephemeralContainers, and image volumes' `reference`); custom resources have a few more.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import images, splice
from bot.manifests.proof import Draft
from bot.manifests.yamltext import Node, Path, Text, follow, get, literal, scalar, walk
from bot.model.catalog import Image, Pin

FORMAT = "workload"

_PLACES: Mapping[str, Path] = {
    "containers": ("image",),
    "initContainers": ("image",),
    "ephemeralContainers": ("image",),
    "volumes": ("image", "reference"),
    "steps": ("image",),
    "sidecars": ("image",),
}
"""Lists, and where an image stands in each item. The last two are Tekton's."""
_CONTAINERS = frozenset(("container", "script", "stepTemplate", "containerDisk"))
"""Mappings that are one container: of Argo Workflows, Tekton and KubeVirt."""
_STRAYS: tuple[Path, ...] = (("image",), ("image", "repository"), ("image", "name"), ("imageName",))


def find(text: Text) -> tuple[Pin, ...]:
    """Every container's image, in the file's order. One that several places share by an alias is one pin.

    Values are not judged here: a neighbour's odd image must not stand in the way. Refusal if the file can't be parsed.
    """
    return tuple(_pin(text, place) for place in _containers(text).values())


def strays(text: Text) -> tuple[Pin, ...]:
    """Fields that hold an image and are no container's: worth telling about, never edited on a guess."""
    known = _containers(text)
    found = (
        _Place(number, (*base, *path, *below), node, each)
        for number, base, each in _objects(text)
        for path, parent in walk(each)
        for below in _STRAYS
        if (node := follow(parent, below)) is not None and scalar(node) and id(node) not in known
    )
    return tuple(_pin(text, place) for place in found)


def read(text: Text, pin: Pin) -> Image:
    """The image at a pin. Refusal, with file and line, if it is a template, substituted or no legal reference."""
    value = literal(text, _scalar(text, pin))
    try:
        return images.parse(value)
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None


def draft(text: Text, pin: Pin, version: str) -> Draft:
    """What moves the pin's image to a version: tag and digest are replaced together. Refusal as `read`."""
    moved = images.moved(read(text, pin), version)
    return splice.draft(text, {_scalar(text, pin): str(moved)})


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """That the image had no tag before, and where else its value is used by a YAML alias."""
    untagged = f"{pin.image.name} was untagged (latest) in {pin.file}:{pin.line}."
    return (*([untagged] if pin.image.version is None else []), *text.aliased(_scalar(text, pin)))


_SCREEN = re.compile("|".join((*_PLACES, *_CONTAINERS)))


class _Place(NamedTuple):
    document: int
    path: Path
    node: Node
    object: Node


def _containers(text: Text) -> dict[int, _Place]:
    """By the scalar's identity, since aliases lead to one scalar from several places."""
    places: dict[int, _Place] = {}
    if not _SCREEN.search(text.content):
        return places
    for number, base, each in _objects(text):
        for path, parent in walk(each):
            for key, held in parent.value if parent.id == "mapping" else ():
                for below in _below(key, held):
                    node = follow(held, below)
                    if node is not None and scalar(node):
                        place = _Place(number, (*base, *path, key.value, *below), node, each)
                        places.setdefault(id(node), place)
    return places


def _below(key: Node, held: Node) -> Iterator[Path]:
    """Where below a key images of containers would stand."""
    if held.id == "scalar" or key.id != "scalar":
        return
    if held.id == "sequence" and key.value in _PLACES:
        yield from ((index, *_PLACES[key.value]) for index in range(len(held.value)))
    elif held.id == "mapping" and key.value in _CONTAINERS:
        yield ("image",)


def _objects(text: Text) -> Iterator[tuple[int, Path, Node]]:
    """The Kubernetes objects of a file, those in a List one by one, with document number and path."""
    if "image" not in text.content:
        return
    for number, root in enumerate(text.documents):
        kind, items = scalar(get(root, "kind")), get(root, "items")
        if kind and kind.endswith("List") and items is not None and items.id == "sequence":
            yield from ((number, ("items", index), item) for index, item in enumerate(items.value))
        elif kind:
            yield number, (), root


def _pin(text: Text, place: _Place) -> Pin:
    metadata = get(place.object, "metadata")
    return Pin(
        file=text.file,
        format=FORMAT,
        document=place.document,
        path=place.path,
        line=text.line(place.node),
        image=images.split(str(place.node.value).strip()),
        object=f"{scalar(get(place.object, 'kind'))} {scalar(get(metadata, 'name'))}",
        namespace=scalar(get(metadata, "namespace")),
    )


def _scalar(text: Text, pin: Pin) -> Node:
    node = follow(text.documents[pin.document], pin.path)
    if node is None:
        raise Refusal(f"{pin.file}:{pin.line} no longer holds an image; ask again.")
    return node
