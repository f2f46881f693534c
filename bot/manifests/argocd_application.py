"""Argo CD: the images that an Application's sources set, and those of the Applications that an ApplicationSet makes.

Parameters win over valuesObject, that over values, those over valueFiles, of which later ones win:
https://argo-cd.readthedocs.io/en/stable/user-guide/helm/. A file `.argocd-source-<application>.yaml` beside the
manifests overrides the Application: https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import argocd_generators, helm_values, images, splice
from bot.manifests.argocd_generators import Source
from bot.manifests.helm_values import Layer
from bot.manifests.proof import Draft
from bot.manifests.yamltext import Node, Path, Text, follow, get, literal, scalar
from bot.model.catalog import Image, Pin

FORMAT = "argocd"

_OVERRIDES = re.compile(r"\.argocd-source(?:-.+)?\.yaml")
_UPDATED = "argocd-image-updater.argoproj.io/image-list"


class ValueFile(NamedTuple):
    """A values file that a source names, as it is written, and the line; `folder` is the source's own path."""

    path: str
    folder: str
    line: int


def is_override(file: str) -> bool:
    """Whether a file overrides what Applications say of the folder it is in."""
    return bool(_OVERRIDES.fullmatch(file.rpartition("/")[2]))


def find(text: Text) -> tuple[Pin, ...]:
    """The images that Applications set in their own file, in its order; of several places that set one, the winner."""
    pins: list[Pin] = []
    for source in sources(text):
        found = (*helm_values.ruling(layers(text, source)), *_kustomized(text, source))
        pins += (_named(each, source.root) for pin in found for each in argocd_generators.filled(text, source, pin))
    return tuple({(pin.within, pin.document, pin.path): pin for pin in pins}.values())


def sources(text: Text) -> tuple[Source, ...]:
    """The sources of every Application in a file, and of the template of an ApplicationSet."""
    if is_override(text.file):
        return tuple(Source(number, (), root) for number, root in enumerate(text.documents) if root.id == "mapping")
    found = []
    for number, root in enumerate(text.documents) if "Application" in text.content else ():
        base: Path = {"Application": ("spec",), "ApplicationSet": ("spec", "template", "spec")}.get(_kind(root), ())
        several = follow(root, (*base, "sources")) if base else None
        if several is not None and several.id == "sequence":  # then Argo CD ignores the single one
            found += [Source(number, (*base, "sources", index), root) for index in range(len(several.value))]
        elif base and follow(root, (*base, "source")) is not None:
            found.append(Source(number, (*base, "source"), root))
    return tuple(found)


def layers(text: Text, source: Source) -> tuple[Layer, ...]:
    """The Helm values that a source has in the file itself, those that win last."""
    helm = (*source.path, "helm")
    written = helm_values.written(text, source.document, (*helm, "values"))
    own = (helm_values.layer(text, source.document, (*helm, key)) for key in ("valuesObject", "parameters"))
    return (written, *own)


def value_files(text: Text, source: Source) -> tuple[ValueFile, ...]:
    """The values files that a source names, those that win last."""
    holder = follow(text.documents[source.document], source.path)
    listed = follow(holder, ("helm", "valueFiles"))
    folder = scalar(get(holder, "path")) or ""
    return tuple(
        ValueFile(str(node.value), folder, text.line(node))
        for node in (listed.value if listed is not None and listed.id == "sequence" else ())
        if scalar(node)
    )


def read(text: Text, pin: Pin) -> Image:
    """The image of an entry of `kustomize.images`. Refusal, with file and line, as every format's."""
    name, image = _entry(literal(text, _scalar(text, pin)))
    try:
        return images.parse(str(replace(image, name=name if image.name == "*" else image.name)))
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None


def draft(text: Text, pin: Pin, version: str) -> Draft:
    """What moves the entry to a version, tag and digest together. Refusal as `read`."""
    read(text, pin)
    node = _scalar(text, pin)
    lead, equals, _ = str(node.value).partition("=")
    _, image = _entry(str(node.value))
    return splice.draft(text, {node: (lead + equals if equals else "") + str(images.moved(image, version))})


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """Where else the value is used by a YAML alias."""
    return text.aliased(_scalar(text, pin))


def manages(text: Text, pin: Pin) -> tuple[str, ...]:
    """That Argo CD Image Updater may set another version in an Application, where it is told to."""
    number = pin.within[0][0] if pin.within else pin.document
    root = text.documents[number] if number < len(text.documents) else None
    listed = get(follow(root, ("metadata", "annotations")), _UPDATED)
    if root is None or listed is None or not scalar(listed) or not _kind(root).startswith("Application"):
        return ()
    name = scalar(follow(root, ("metadata", "name")))
    said = (
        f"Argo CD Image Updater manages {name} ({pin.file}:{text.line(listed)}) and may set its own choice again; "
        "take the image from that annotation while this version should stay."
    )
    return (said,)


def _kustomized(text: Text, source: Source) -> Iterator[Pin]:
    listed = follow(text.documents[source.document], (*source.path, "kustomize", "images"))
    for index, node in enumerate(listed.value if listed is not None and listed.id == "sequence" else ()):
        name, image = _entry(scalar(node) or "")
        if image.version:
            given = name if image.name == "*" else image.name
            yield Pin(
                file=text.file,
                format=FORMAT,
                document=source.document,
                path=(*source.path, "kustomize", "images", index),
                line=text.line(node),
                image=replace(image, name=given),
                renames=name if name != given else None,
            )


def _entry(value: str) -> tuple[str, Image]:
    """The name in the manifests and what takes its place, where `*` stands for the same name."""
    name, equals, new = value.partition("=")
    image = images.split(new if equals else value)
    return (name if equals else image.name), image


def _named(pin: Pin, root: Node) -> Pin:
    metadata = get(root, "metadata")
    return replace(pin, object=f"{_kind(root)} {scalar(get(metadata, 'name'))}") if metadata else pin


def _kind(root: Node) -> str:
    group = scalar(get(root, "apiVersion")) or ""
    return (scalar(get(root, "kind")) or "") if group.startswith("argoproj.io/") else ""


def _scalar(text: Text, pin: Pin) -> Node:
    node = follow(text.documents[pin.document], pin.path)
    if node is None or not scalar(node):
        raise Refusal(f"{pin.file}:{pin.line} no longer holds an image; ask again.")
    return node
