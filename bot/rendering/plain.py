"""Plain manifests: a file, or every YAML or JSON file directly in a folder, as `kubectl apply -f` takes them."""

import posixpath
from collections.abc import Mapping
from typing import Any

from bot.errors import Refusal
from bot.model.sync import Manifest
from bot.ports import Tree
from bot.rendering.dialect import Document, parse

_MANIFESTS = (".yaml", ".yml", ".json")


def render(tree: Tree, folder: str) -> tuple[Manifest, ...]:
    """The objects of a folder, file by file, or of one file, Lists taken apart. Refusal with file and line for what is
    no object, and for a file that holds versions alone."""
    if (alone := tree.read(folder)) is not None:
        return _alone(alone, folder)
    files = [path for path in tree.files(folder) if posixpath.dirname(path) == folder and path.endswith(_MANIFESTS)]
    return tuple(
        found
        for path in files
        if not posixpath.basename(path).startswith(".")
        for document in parse(tree.read(path) or b"", path)
        for found in objects(document, path)
    )


def _alone(data: bytes, file: str) -> tuple[Manifest, ...]:
    documents = parse(data, file)
    if not any(isinstance(each.value, Mapping) and "kind" in each.value for each in documents):
        raise Refusal(
            f"{file} holds values, not Kubernetes objects: its versions can be moved, but what they deploy can't be "
            "compared with a cluster."
        )
    return tuple(found for document in documents for found in objects(document, file))


def objects(document: Document, file: str) -> tuple[Manifest, ...]:
    """A document's object, or those of a List. Refusal if it has not what every object has."""
    place = f"{file}:{document.line}"
    value = document.value
    if not isinstance(value, Mapping) or not all(_word(value.get(name)) for name in ("apiVersion", "kind")):
        raise Refusal(
            f"{place} is no Kubernetes object (no apiVersion and kind): move it out of the folder, or fix it."
        )
    if value["kind"].endswith("List") and isinstance(value.get("items"), list):
        below = (Document(document.line, item) for item in value["items"])
        return tuple(found for item in below for found in objects(item, file))
    if value["kind"].startswith("ENC["):
        raise Refusal(
            f"{place} is encrypted as a whole, so not even its kind is known: let SOPS encrypt values alone "
            "(--encrypted-regex '^(data|stringData)$')."
        )
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or not (_word(metadata.get("name")) or _word(metadata.get("generateName"))):
        raise Refusal(f"{place} is a {value['kind']} without metadata.name: name it there.")
    if not isinstance(metadata.get("namespace", ""), str | None):
        raise Refusal(f"{place} has a metadata.namespace that is no text: put it in quotes.")
    return (value,)


def _word(value: Any) -> bool:
    return isinstance(value, str) and value != ""
