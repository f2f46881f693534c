"""The formats of manifest files, told apart by looking.

A new format is a module with the functions of `Format`, and a line in `FORMATS`; a kind that only carries places of
other formats is a function in `_FINDERS`. Each sees one text: that one may stand inside another file's scalar is known
here and in `nested` alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from bot.errors import Refusal
from bot.manifests import (
    argocd_application,
    flux_helmrelease,
    helm_values,
    image_policy,
    json6902,
    kustomize,
    nested,
    place,
    splice,
    workload,
)
from bot.manifests.proof import Draft
from bot.manifests.yamltext import Node, Text, follow, scalar
from bot.model.catalog import Image, Pin


class Format(Protocol):
    """What each module of a format offers."""

    def find(self, text: Text) -> tuple[Pin, ...]:
        """The pins of this format; none in a file of another. Refusal, with file and line, if it can't be parsed."""

    def read(self, text: Text, pin: Pin) -> Image:
        """The image at a pin. Refusal, with file and line, for a template or what is no legal reference."""

    def draft(self, text: Text, pin: Pin, version: str) -> Draft:
        """What moves the pin to a version, and leaves every other byte as it was. Refusal as `read`."""

    def notes(self, text: Text, pin: Pin) -> tuple[str, ...]:
        """What whoever moves the pin must hear, in sentences: who else reads the place, what decides over it."""


FORMATS: Mapping[str, Format] = {
    kustomize.FORMAT: kustomize,
    workload.FORMAT: workload,
    json6902.FORMAT: json6902,
    place.FORMAT: place,
    helm_values.FORMAT: helm_values,
    argocd_application.FORMAT: argocd_application,
}
_FINDERS = (*(form.find for form in FORMATS.values()), flux_helmrelease.find)
_TELLING = ("image", "Image", "tag", "Tag")
"""No format has a version in a text without any of them, so such a text needn't be parsed."""
_MANAGERS = (image_policy.manages, argocd_application.manages)
"""They say who else may set a place."""


def find(text: Text) -> tuple[Pin, ...]:
    """Every version in a file, in whichever formats it is of, also in patches that a kustomization has inline.

    Refusal, with file and line, if it can't be parsed.
    """
    if not any(word in text.content for word in _TELLING):
        return ()
    pins = [pin for look in _FINDERS for pin in look(text)]
    pins += [pin for patch in kustomize.inline_patches(text) for pin in nested.find(text, *patch, find)]
    pins += [pin for values in kustomize.inline_values(text) for pin in helm_values.values(text, *values)]
    places: dict[tuple[object, ...], Pin] = {}
    for pin in pins:  # a list of containers in Helm values is one to both formats
        places.setdefault((pin.within, pin.document, pin.path), pin)
    return tuple(places.values())


def read(text: Text, pin: Pin) -> Image:
    """The image at a pin, also one inside a scalar's text. Refusal as its format."""
    if not pin.within:
        return FORMATS[pin.format].read(text, pin)
    return read(nested.inside(text, _holder(text, pin)), _inner(pin))


def write(text: Text, versions: Mapping[Pin, str]) -> Text:
    """The text with each pin at its version, every other byte as it was. Refusal as the pins' formats."""
    drafts = [FORMATS[pin.format].draft(text, pin, version) for pin, version in versions.items() if not pin.within]
    held: dict[Node, dict[Pin, str]] = {}
    for pin, version in versions.items():
        if pin.within:
            held.setdefault(_holder(text, pin), {})[_inner(pin)] = version
    drafts += [nested.outside(text, node, write(nested.inside(text, node), inner)) for node, inner in held.items()]
    return splice.apply(text, drafts)


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """What whoever moves the pin must hear, in sentences."""
    said = [sentence for manages in _MANAGERS for sentence in manages(text, pin)]
    if pin.within:
        return (*notes(nested.inside(text, _holder(text, pin)), _inner(pin)), *said)
    if pin.overrules:
        rest = "which stays as it is" if len(pin.overrules) == 1 else "which stay as they are"
        said.append(f"{pin.file}:{pin.line} decides over {', '.join(pin.overrules)}, {rest}.")
    return (*FORMATS[pin.format].notes(text, pin), *said)


def _holder(text: Text, pin: Pin) -> Node:
    document, path = pin.within[0]
    node = follow(text.documents[document], path) if document < len(text.documents) else None
    if node is None or not scalar(node):
        raise Refusal(f"{pin.file}:{pin.line} no longer holds an image; ask again.")
    return node


def _inner(pin: Pin) -> Pin:
    return replace(pin, within=pin.within[1:])
