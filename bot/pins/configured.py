"""Pins at the places that the config names for a service, `services.<name>.pins`: no looking, no guessing."""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from bot.errors import Refusal
from bot.manifests import formats, layout, place
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Path, Text, walk
from bot.model.catalog import Pin, Place, Target

_SHOWN = 5


def pins(text: Callable[[str], Text], target: Target, folders: Sequence[Folder]) -> Iterator[tuple[Folder, Pin]]:
    """The pin of each place in each folder. Refusal, by the setting's name, for one that is not there."""
    for number, named in enumerate(target.pins):
        setting = f"services.{target.service}.pins[{number}]"
        for folder in folders:
            try:
                yield folder, _pin(text(_file(folder, named)), named)
            except Refusal as refusal:
                raise Refusal(f"{setting}: {refusal}") from None


def _file(folder: Folder, named: Place) -> str:
    if named.file is not None:
        below = posixpath.dirname(folder.path) if folder.is_file else folder.path
        return layout.inside(posixpath.join(below, named.file), named.file)
    if not folder.is_file:
        raise Refusal(f"it names no file, and {folder.path} is a folder; say which file it is.")
    return folder.path


def _pin(text: Text, named: Place) -> Pin:
    steps = place.steps(named.path)
    for number, root in enumerate(text.documents):
        if named.document not in {None, number}:
            continue
        path = place.resolve(root, steps)
        if path is not None:
            return _at(text, number, path, named.path)
    raise Refusal(f"{text.file} has no {named.path}; {_near(text, named.path)}")


def _at(text: Text, document: int, path: Path, subject: str) -> Pin:
    """What a format makes of the place, such as a tag and the digest beside it; else the scalar alone."""
    known = [
        pin
        for pin in formats.find(text)
        if pin.document == document and not pin.within and pin.path[: len(path)] == path
    ]
    if len(known) == 1:
        return known[0]
    pin = place.at(text, document, path)
    if known or pin is None:
        raise Refusal(f"{subject} in {text.file} holds no version; name a tag, a digest, or a reference.")
    return pin


def _near(text: Text, wanted: str) -> str:
    keys = [_dotted((*path, step)) for root in text.documents for path, node in walk(root) for step in _steps(node)]
    near = get_close_matches(wanted, keys, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it has {', '.join(keys[:_SHOWN])}." if keys else "it is empty."


def _steps(node: object) -> Iterator[str | int]:
    value = getattr(node, "value", ())
    yield from ((str(key.value) for key, _ in value) if getattr(node, "id", "") == "mapping" else range(len(value)))


def _dotted(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
