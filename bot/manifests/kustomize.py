"""Kustomizations: the versions in their `images:`, and the files and folders they name.

The fields: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. An entry's digest wins over its tag
at the runtime, and of two entries with one name the last wins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from bot.errors import Refusal
from bot.manifests import images, splice
from bot.manifests.proof import Cut, Draft
from bot.manifests.yamltext import Node, Path, Text, end, follow, get, literal, scalar, walk
from bot.model.catalog import Image, Pin

FORMAT = "kustomize"
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_API = "kustomize.config.k8s.io/"
_VERSIONS = ("newTag", "digest")
_IMAGE = re.compile(r"\bimage\b")


def is_kustomization(text: Text) -> bool:
    """By its name, as Kustomize tells it, or by what it says it is; no text inside one is."""
    if text.lines:
        return False
    if text.file.rpartition("/")[2] in NAMES:
        return True
    said = (scalar(get(root, "apiVersion")) or "" for root in text.documents) if _API in text.content else ()
    return any(each.startswith(_API) for each in said)


class Reference(NamedTuple):
    """A file or folder that a kustomization names, as written there, and the line it stands on."""

    path: str
    line: int


class Replacement(NamedTuple):
    """Where an image is set by a replacement: the field and object it takes the value from, and the line."""

    source: str
    line: int


def find(text: Text) -> tuple[Pin, ...]:
    """The entries of `images:`, in the file's order; one without tag and digest gives a pin without a version."""
    if not is_kustomization(text):
        return ()
    return tuple(pin for number in range(len(text.documents)) for pin in entries(text, number, ("images",)))


def entries(text: Text, document: int, path: Path) -> tuple[Pin, ...]:
    """The entries of a list like `images:`, wherever it stands: other kinds have such lists too."""
    return tuple(
        pin
        for index, entry in enumerate(_items(follow(text.documents[document], path[:-1]), path[-1]))
        if (pin := _pin(text, document, (*path, index), entry))
    )


def read(text: Text, pin: Pin) -> Image:
    """What an entry makes of its image; without a version it only renames. Refusal, with file and line, for substituted
    values and illegal references."""
    entry = _entry(text, pin)
    for field in ("newName", *_VERSIONS):
        node = get(entry, field)
        if node is not None and scalar(node):
            literal(text, node)
    image = _image(entry)
    try:
        if not scalar(get(entry, "newName")):  # then it only looks for a name, which may be a placeholder
            images.parse(str(replace(image, name="name")))
            return image
        return images.parse(str(image))
    except Refusal as refusal:
        raise Refusal(f"{pin.file}:{pin.line}: {refusal}") from None


def draft(text: Text, pin: Pin, version: str) -> Draft:
    """What moves the entry to a version, tag and digest together: an old digest beside a new tag runs old code.

    An entry holding the kind of version that isn't asked for gets that line's key replaced too; one that has no version
    gets the keys. Refusal, with file and line, as `read`, and where an anchor shares the value with another image.
    """
    image = images.moved(read(text, pin), version)
    entry = _entry(text, pin)
    there = {field: node for field in _VERSIONS if (node := get(entry, field)) is not None and scalar(node)}
    wanted = {field: value for field, value in zip(_VERSIONS, (image.tag, image.digest), strict=True) if value}
    name = get(entry, "newName")
    if not there and name is not None and images.split(str(name.value)).version:
        return _draft(text, pin, {name: str(image)})
    if not there:
        return _extended(text, entry, wanted)
    if len(there) == 1 and there.keys() != wanted.keys():
        (old, node), (new, _) = next(iter(there.items())), next(iter(wanted.items()))
        values = {node: version}
        if old != new:
            values[_key(text, pin, old)] = new
        return _draft(text, pin, values)
    surplus = [splice.Removal(entry, _key(text, pin, field).value) for field in there if field not in wanted]
    return _draft(text, pin, {there[field]: value for field, value in wanted.items()}, surplus)


def notes(text: Text, pin: Pin) -> tuple[str, ...]:
    """That another entry of the same name stands before this one, and counts for nothing."""
    name = pin.renames or pin.image.name
    beside = entries(text, pin.document, pin.path[:-2])
    others = [other for other in beside if name == (other.renames or other.image.name) and other.path < pin.path]
    if not others:
        return ()
    lines = " and ".join(f"{other.file}:{other.line}" for other in others)
    return (f"{name} has several entries in images:; the last one, {pin.file}:{pin.line}, counts, not {lines}.",)


def _extended(text: Text, entry: Node, wanted: Mapping[str, str]) -> Draft:
    """What sets keys that an entry has not, or has empty."""
    for field, value in wanted.items():
        empty = get(entry, field)
        if empty is not None:
            return splice.draft(text, {empty: value})
    key = entry.value[0][0]
    quote = key.style or ""
    plain = {field: value if splice.reads_as_string(value) else f'"{value}"' for field, value in wanted.items()}
    pairs = [f"{quote}{field}{quote}: {plain[field]}" for field in wanted]
    at = end(entry.value[-1][1])
    if entry.flow_style:
        return Draft([Cut(at, at, "".join(f", {pair}" for pair in pairs))], added={entry: tuple(wanted.items())})
    indent = text.newline + " " * text.column(key.start_mark.index)
    at = text.line_end(at)
    return Draft([Cut(at, at, "".join(indent + pair for pair in pairs))], added={entry: tuple(wanted.items())})


def resources(text: Text) -> tuple[Reference, ...]:
    """The files and folders that bring objects."""
    return _references(text, "resources", "bases")


def components(text: Text) -> tuple[Reference, ...]:
    """The folders whose kustomizations are applied to what the resources bring, each to what the one before made."""
    return _references(text, "components")


def patches(text: Text) -> tuple[Reference, ...]:
    """The files that patch."""
    return tuple(Reference(str(node.value), text.line(node)) for _, _, node in _patches(text, "path"))


def inline_patches(text: Text) -> tuple[tuple[int, Path], ...]:
    """Document and path of each patch written into a kustomization; none in another file."""
    if not is_kustomization(text):
        return ()
    return tuple((number, path) for number, path, _ in _patches(text, "patch"))


def _patches(text: Text, wanted: str) -> Iterator[tuple[int, Path, Node]]:
    """Those in a file (`path`) or inline (`patch`): patchesStrategicMerge has both, told apart as Kustomize does."""
    for number, path, each in _listed(text, "patches", "patchesJson6902"):
        node = get(each, wanted)
        if node is not None and scalar(node):
            yield number, (*path, wanted), node
    for number, path, node in _listed(text, "patchesStrategicMerge"):
        if scalar(node) and ("patch" if "\n" in node.value or "{" in node.value else "path") == wanted:
            yield number, path, node


def values_files(text: Text) -> tuple[Reference, ...]:
    """The files of Helm values for its `helmCharts`."""
    charts = (chart for _, _, chart in _listed(text, "helmCharts"))
    named = (node for chart in charts for node in (get(chart, "valuesFile"), *_items(chart, "additionalValuesFiles")))
    return tuple(Reference(str(node.value), text.line(node)) for node in named if node is not None and scalar(node))


def inline_values(text: Text) -> tuple[tuple[int, Path], ...]:
    """Document and path of the Helm values written into a kustomization for its `helmCharts`."""
    if not is_kustomization(text):
        return ()
    return tuple(
        (number, (*path, "valuesInline"))
        for number, path, chart in _listed(text, "helmCharts")
        if get(chart, "valuesInline") is not None
    )


def generated(text: Text, name: str, key: str) -> str | None:
    """The file, as written there, that a configMapGenerator makes a key of a ConfigMap from."""
    for _, _, each in _listed(text, "configMapGenerator"):
        for node in _items(each, "files") if scalar(get(each, "name")) == name else ():
            label, equals, file = (scalar(node) or "").partition("=")
            if (label if equals else label.rpartition("/")[2]) == key:
                return file or label
    return None


def replacements(text: Text) -> tuple[Reference, ...]:
    """The files that hold replacements."""
    every = (get(node, "path") for _, _, node in _listed(text, "replacements"))
    return tuple(Reference(str(path.value), text.line(path)) for path in every if path is not None and scalar(path))


def replaced_images(text: Text) -> tuple[Replacement, ...]:
    """Where replacements, of a kustomization or a file of them, set an image's version.

    They run after `images:`. One that sets only what stands before the first delimiter, such as the registry, is none.
    """
    if "fieldPaths" not in text.content:
        return ()
    return tuple(
        Replacement(_source(get(node, "source")), text.line(path))
        for root in text.documents
        for _, node in walk(root)
        for target in _items(node, "targets")
        if not _spares_the_tag(get(target, "options"))
        for path in _items(target, "fieldPaths")
        if _IMAGE.search(str(path.value))
    )


def _spares_the_tag(options: Node | None) -> bool:
    return bool(scalar(get(options, "delimiter"))) and scalar(get(options, "index")) in {None, "0", "-1"}


def _source(node: Node | None) -> str:
    kind, name, field = (scalar(get(node, key)) for key in ("kind", "name", "fieldPath"))
    return f"{field or 'metadata.name'} of {kind or 'the object'} {name or ''}".rstrip()


def _references(text: Text, *fields: str) -> tuple[Reference, ...]:
    return tuple(Reference(str(node.value), text.line(node)) for _, _, node in _listed(text, *fields) if scalar(node))


def _listed(text: Text, *fields: str) -> Iterator[tuple[int, Path, Node]]:
    """The items of some of a kustomization's lists, each with its place. Most have few: the text tells that soonest."""
    there = [field for field in fields if field in text.content]
    for number, root in enumerate(text.documents if there else ()):
        for field in there:
            yield from ((number, (field, index), item) for index, item in enumerate(_items(root, field)))


def _pin(text: Text, document: int, path: Path, entry: Node) -> Pin | None:
    name, given = scalar(get(entry, "name")), scalar(get(entry, "newName"))
    if not name:
        return None
    field = next((field for field in (*_VERSIONS, "newName") if scalar(get(entry, field))), "name")
    return Pin(
        file=text.file,
        format=FORMAT,
        document=document,
        path=(*path, field),
        line=text.line(get(entry, field) or entry),
        image=_image(entry),
        renames=name if given and given != name else None,
    )


def _items(root: Node | None, field: str | int) -> list[Node]:
    node = follow(root, (field,))
    return list(node.value) if node is not None and node.id == "sequence" else []


def _image(entry: Node) -> Image:
    name, given, tag, digest = (scalar(get(entry, field)) for field in ("name", "newName", *_VERSIONS))
    image = images.split(given or name or "")
    if not tag and not digest:
        return image
    own_tag, _, own_digest = (tag or "").partition("@")
    return Image(image.name, own_tag or None, digest or own_digest or None)


def _entry(text: Text, pin: Pin) -> Node:
    entry = follow(text.documents[pin.document], pin.path[:-1])
    if entry is None:
        raise Refusal(f"{pin.file}:{pin.line} no longer holds an image; ask again.")
    return entry


def _key(text: Text, pin: Pin, field: str) -> Node:
    """The field's own key: one merged in by `<<` has none, and can't be renamed or removed for this entry alone."""
    key: Node
    for key, _ in _entry(text, pin).value:
        if key.value == field:
            return key
    raise Refusal(f"{pin.file}:{pin.line} takes its {field} from a YAML merge; edit it by hand.")


def _draft(text: Text, pin: Pin, values: dict[Node, str], surplus: list[splice.Removal] | None = None) -> Draft:
    for other in entries(text, pin.document, pin.path[:-2]) if text.has_anchors else ():
        fields = (get(_entry(text, other), field) for field in (*_VERSIONS, "newName"))
        if other.path[:-1] != pin.path[:-1] and other.image.name != pin.image.name and any(f in values for f in fields):
            raise Refusal(
                f"{pin.file}:{pin.line} shares its value, by a YAML anchor, with {other.image.name}; "
                "give each image its own value."
            )
    return splice.draft(text, values, surplus or [])
