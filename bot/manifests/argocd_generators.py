"""Argo CD: what the list generators of an ApplicationSet fill into its template.

https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-List/. What other generators bring
stands in no file, or in one that the template does not tell, so their template is refused as every template is.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.manifests import images, place
from bot.manifests.yamltext import Node, Path, Text, follow, scalar, walk
from bot.model.catalog import Image, Pin

_PARAMETER = re.compile(r"\{\{-?\s*\.?(?P<name>[\w.-]+)\s*-?\}\}")


class Source(NamedTuple):
    """One source of an Application: where it stands, and the Application."""

    document: int
    path: Path
    root: Node


def filled(text: Text, source: Source, pin: Pin) -> Iterator[Pin]:
    """The pin itself, or the elements of lists that fill in its version, where that is a parameter of the template."""
    parameter = _PARAMETER.fullmatch(pin.image.version or "")
    steps = _steps(parameter) if parameter else ()
    held = [(path, each, node) for path, each in _elements(source) if steps and (node := follow(each, steps))]
    if not held:
        yield pin
    for path, each, node in held:
        name = _fill(pin.image.name, each)
        yield Pin(
            file=text.file,
            format=place.FORMAT,
            document=source.document,
            path=(*path, *steps),
            line=text.line(node),
            image=images.moved(Image("" if "{{" in name else name), str(node.value)),
            renames=pin.renames,
            key=pin.key,
            labels=tuple(str(other.value) for _, other in each.value if other.id == "scalar" and other is not node),
        )


def _fill(template: str, element: Node) -> str:
    return _PARAMETER.sub(lambda match: scalar(follow(element, _steps(match))) or match[0], template)


def _steps(match: re.Match[str]) -> Path:
    return tuple(match["name"].split("."))


def _elements(source: Source) -> Iterator[tuple[Path, Node]]:
    generators = follow(source.root, ("spec", "generators"))
    for path, node in walk(generators) if generators is not None else ():
        if path[-1:] == ("elements",) and node.id == "sequence":
            for index, element in enumerate(node.value):
                if element.id == "mapping":
                    yield ("spec", "generators", *path, index), element
