"""Flux: images in a HelmRelease's values and post-renderers, and in a Flux Kustomization's `images:`.

https://fluxcd.io/flux/components/helm/helmreleases/#values: inline values win over those from ConfigMaps and Secrets.
What is read from another object is named here and looked up by whoever has the files.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from bot.manifests import helm_values, kustomize
from bot.manifests.helm_values import Layer
from bot.manifests.yamltext import Node, Path, Text, follow, get, scalar
from bot.model.catalog import Pin

FORMAT = "flux"

_HELM = ("helm.toolkit.fluxcd.io/", "helm.fluxcd.io/", "flux.weave.works/")
_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/"


class ValuesFrom(NamedTuple):
    """An object whose text a HelmRelease takes values from, and the line that says so."""

    kind: str
    name: str
    key: str
    line: int
    target: str | None
    """The one key that the whole text becomes; None if it is a file of values."""


def find(text: Text) -> tuple[Pin, ...]:
    """The images of every HelmRelease and Flux Kustomization, in the file's order."""
    found: list[Pin] = []
    for number, root in _objects(text, *_HELM, kind="HelmRelease"):
        pins = [*helm_values.values(text, number, ("spec", "values")), *_post_rendered(text, number, root)]
        found += (_named(pin, root) for pin in pins)
    for number, root in _objects(text, _KUSTOMIZE, kind="Kustomization"):
        found += (_named(pin, root) for pin in kustomize.entries(text, number, ("spec", "images")))
    return tuple(found)


def releases(text: Text) -> tuple[int, ...]:
    """The documents that are HelmReleases."""
    return tuple(number for number, _ in _objects(text, *_HELM, kind="HelmRelease"))


def values_from(text: Text, document: int) -> tuple[ValuesFrom, ...]:
    """The objects that a HelmRelease takes values from, those that win last."""
    return tuple(
        ValuesFrom(
            kind=scalar(get(each, "kind")) or "",
            name=scalar(get(each, "name")) or "",
            key=scalar(get(each, "valuesKey")) or "values.yaml",
            line=text.line(each),
            target=scalar(get(each, "targetPath")),
        )
        for _, each in _items(text.documents[document], ("spec", "valuesFrom"))
    )


def in_config_map(text: Text, name: str, key: str) -> Layer:
    """The values that a ConfigMap of that name holds as text; nothing if it is not in the file."""
    for number, root in _objects(text, "v1", kind="ConfigMap"):
        held = follow(root, ("data", key))
        if scalar(follow(root, ("metadata", "name"))) == name and held is not None and scalar(held):
            return helm_values.written(text, number, ("data", key))
    return Layer((), {})


def _post_rendered(text: Text, number: int, root: Node) -> Iterator[Pin]:
    for path, _ in _items(root, ("spec", "postRenderers")):
        yield from kustomize.entries(text, number, (*path, "kustomize", "images"))


def _named(pin: Pin, root: Node) -> Pin:
    metadata = get(root, "metadata")
    name = f"{scalar(get(root, 'kind'))} {scalar(get(metadata, 'name'))}"
    return replace(pin, object=name, namespace=scalar(get(metadata, "namespace")))


def _items(root: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    node = follow(root, path)
    for index, item in enumerate(node.value if node is not None and node.id == "sequence" else ()):
        yield (*path, index), item


def _objects(text: Text, *groups: str, kind: str) -> Iterator[tuple[int, Node]]:
    if kind in text.content:
        for number, root in enumerate(text.documents):
            if scalar(get(root, "kind")) == kind and (scalar(get(root, "apiVersion")) or "").startswith(groups):
                yield number, root
