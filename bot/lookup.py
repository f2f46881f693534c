"""Which versions an image's name means in the files of a working tree.

Files are screened by their bytes before any is parsed: a tree may hold thousands. Changes nothing, and knows no config.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from bot import files
from bot.errors import Refusal
from bot.manifests import formats, images, kustomize, template, workload
from bot.manifests.yamltext import Text, decode
from bot.model.catalog import Pin

_LISTED = 5

_MENTION = re.compile(
    r"""^[^#\n]*?\b(?P<key>image|repository|newName|name)["']?[ \t]*:[ \t]*["']?(?P<value>[^\s"',{}\[\]]+)""",
    re.MULTILINE,
)
"""A line that names an image, in a file that no reader of YAML can read."""

_IMAGE = re.compile(r"[._-]?image$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may hold an image which is asked for."""

    data: bytes
    text: Text
    pins: tuple[Pin, ...]
    is_template: bool = False


@dataclass(frozen=True, slots=True)
class Addition:
    """A kustomization whose `images:` lacks an entry, and the name that it is to have."""

    file: str
    name: str
    note: str | None = None


@dataclass(slots=True)
class Lookup:
    """The files below some paths that may hold some images, each read once.

    `unread` are those that can't be parsed and yet mention one of the images, with the reason.
    """

    paths: Sequence[str]
    sources: list[Source] = field(default_factory=list)
    unread: dict[str, Refusal] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str], paths: Sequence[str], *, templates: bool = False) -> "Lookup":
        """Refusal for a path that can't be meant, Unavailable for what can't be read.

        With `templates`, lines of templates that hold one of the images, written out, are versions too.

        A file that can't be parsed is passed over unless it mentions an image: templates of charts stand beside
        manifests everywhere.
        """
        lookup = cls([Path(path).as_posix() for path in paths])
        direct = {*lookup.paths, *lookup.kustomizations}
        words = [_last(name).encode() for name in names]
        passed_over: dict[str, Refusal] = {}
        for file in files.below(paths):
            data = files.read(file)
            if file not in direct and not any(word in data for word in words):
                continue
            try:
                text = decode(data, file)
                lookup.sources.append(_source(data, text, names, templates=templates))
            except Refusal as refusal:
                mentioned = any(_mentions(file, data.decode(errors="replace"), name) for name in names)
                (lookup.unread if mentioned else passed_over)[file] = refusal
        if not any(source.pins for source in lookup.sources):  # then what was named may be why
            lookup.unread |= {file: refusal for file, refusal in passed_over.items() if file in direct}
        return lookup

    @property
    def kustomizations(self) -> list[str]:
        """Those that the paths are, or that lie directly in the folders that they are."""
        return list(dict.fromkeys(file for path in self.paths for file in _kustomizations(path)))

    def pins(self, image: str) -> list[Pin]:
        """The versions of the image called so, else of the one whose name ends so after a slash; those without an image
        beside them by the key they stand under. Refusal, with candidates, if several images' names end so."""
        every = [pin for source in self.sources for pin in source.pins]
        found = [pin for pin in every if image in _names(pin)] or [pin for pin in every if _ends(pin, image)]
        if found and not set.intersection(*map(_names, found)) and len({pin.image.name for pin in found}) > 1:
            raise Refusal(f"{image} could be {_listed(found)}; write the whole name of the one that is meant.")
        found += [pin for pin in every if not pin.image.name and component(pin) == _last(image)]
        return list(_ruling(found or self._alone()))

    def addition(self, image: str) -> Addition:
        """Where an entry belongs for an image that is nowhere: in the one kustomization that the paths name.

        Refusal, with what is there instead, if they name none or several, or if what it builds on lacks the image too:
        such an entry would do nothing, and nobody would be told.
        """
        named = self.kustomizations
        if len(named) > 1:
            raise Refusal(f"No image {image} is in {' or '.join(named)}; name the one to add it to.")
        if not named:
            raise _stray(image, self.sources) or _nothing(image, self.paths, _pins(self.paths))
        if all(source.text.file != named[0] for source in self.sources):
            raise Refusal(f"{named[0]} can't be parsed, so no entry for {image} is added to it; add it by hand.")
        pins, is_whole = _built_on(named[0])
        found = [pin for pin in pins if image in _names(pin)] or [pin for pin in pins if _ends(pin, image)]
        names = {pin.image.name for pin in found} or {image}
        if len(names) > 1:
            raise Refusal(f"{image} could be {_listed(found)}; write the whole name of the one that is meant.")
        if not found and (_nearest(image, pins) or (pins and is_whole)):
            raise _nothing(image, [f"{named[0]} and what it builds on"], pins)
        unsure = f"Whether {named[0]} builds on {image} can't be seen; the entry counts only if it does."
        return Addition(named[0], names.pop(), None if found else unsure)

    def _alone(self) -> list[Pin]:
        """The version in the one file that was named, where no image and no other version is in it: Helm values."""
        pins = [pin for source in self.sources if self.paths == [source.text.file] for pin in source.pins]
        return pins if len(pins) == 1 and not pins[0].image.name else []


def _source(data: bytes, text: Text, names: Sequence[str], *, templates: bool) -> Source:
    try:
        return Source(data, text, formats.find(text))
    except Refusal:
        pins = template.find(text)
        named = [pin for pin in pins for name in names if pin.image.name == name or _ends(pin, name)]
        if not named:
            raise
        if not templates:
            raise Refusal(
                f"{text.file}:{named[0].line} is in a template (“{{{{ }}}}”), where a line is all that can be known; "
                "to move it nevertheless, add --templates."
            ) from None
        return Source(data, text, pins, is_template=True)


def component(pin: Pin) -> str:
    """What a version with no image beside it is the version of: `payment` for the Helm value `payment.image.tag`."""
    return _last(_IMAGE.sub("", pin.key).replace(".", "/"))


def _pins(paths: Iterable[str]) -> Iterator[Pin]:
    """Every version in the files below, as far as they can be parsed."""
    for file in files.below(paths):
        with suppress(Refusal):
            yield from formats.find(decode(files.read(file), file))


def _ruling(pins: Sequence[Pin]) -> Iterator[Pin]:
    """Without the pins that others decide over: of a kustomization's entries for one name the last counts, and a
    container's image that has no version gets it from an entry, if there is one."""
    entries = [pin for pin in pins if pin.format == kustomize.FORMAT]
    last = {(pin.file, pin.within, pin.document, pin.renames or pin.image.name): pin for pin in entries}
    for pin in pins:
        is_entry = pin.format == kustomize.FORMAT
        is_bare = pin.format == workload.FORMAT and pin.image.version is None
        if (is_entry and pin in last.values()) or not (is_entry or (last and is_bare)):
            yield pin


def _kustomizations(path: str) -> list[str]:
    """The kustomization that a path is, or that lies directly in the folder that it is."""
    if PurePosixPath(path).name in kustomize.NAMES:
        return [Path(path).as_posix()]
    places = [Path(path, name) for name in kustomize.NAMES]
    return [place.as_posix() for place in places if place.is_file() and not place.is_symlink()]


def _built_on(kustomization: str) -> tuple[list[Pin], bool]:
    """The versions in all that a kustomization builds on, and whether all of it can be seen: remote bases and files
    that can't be parsed can't be."""
    from bot.checkout import Checkout  # noqa: PLC0415 - rarely needed, and it costs a third of the start
    from bot.manifests import layout  # noqa: PLC0415 - as above

    tree, is_whole = Checkout(Path("/")), True
    todo = [Path(kustomization).resolve().parent.as_posix().lstrip("/")]
    pins: list[Pin] = []
    for path in todo:
        try:
            folder = layout.folder(tree, path)
            found = [pin for file in folder.files for pin in formats.find(layout.text(tree, file))] if folder else []
        except Refusal:
            is_whole = False
            continue
        pins += [replace(pin, file=os.path.relpath(f"/{pin.file}")) for pin in found]
        todo += [each for each in (*folder.bases, *folder.components) if each not in todo] if folder else []
    return pins, is_whole


def _stray(image: str, sources: Iterable[Source]) -> Refusal | None:
    """What to say where the image is at a place that is no container's."""
    for source in sources:
        for pin in workload.strays(source.text):
            if image in _names(pin) or _ends(pin, image):
                return Refusal(
                    f"{pin.file}:{pin.line}: the image at {'.'.join(map(str, pin.path))} of {pin.object} is not a "
                    "container's, so it is not edited on a guess; set it by hand."
                )
    return None


def _nothing(image: str, where: Iterable[str], pins: Iterable[Pin]) -> Refusal:
    """What to say where no file holds the image: what is there instead."""
    there: dict[str, Pin] = {}
    for pin in pins:
        there.setdefault(pin.image.name, pin)
    there.pop("", None)
    lead = f"No image {image} is in {' or '.join('this folder' if place == '.' else place for place in where)}"
    if not there:
        return Refusal(f"{lead}, nor any other image.")
    if near := _nearest(image, there.values()):
        return Refusal(f"{lead}; nearest: {_listed(near)}.")
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    return Refusal(f"{lead}; there are {_listed(list(there.values())[:_LISTED])}{more}.")


def _nearest(image: str, pins: Iterable[Pin]) -> list[Pin]:
    from bot.language.suggest import nearest  # noqa: PLC0415 - only refusals need it

    known = {name: pin for pin in pins for whole in _names(pin) for name in (whole, _last(whole))}
    return [known[name] for name in nearest(image, known)]


def _mentions(file: str, content: str, image: str) -> bool:
    """Whether a file that can't be parsed seems to hold the image, going by its lines; most `name:` are of others."""
    keys = {"image", "repository", "newName"} | ({"name"} if PurePosixPath(file).name in kustomize.NAMES else set())
    names = {images.split(match["value"]).name for match in _MENTION.finditer(content) if match["key"] in keys}
    return any(name == image or name.endswith(f"/{image}") or image.endswith(f"/{name}") for name in names)


def _names(pin: Pin) -> set[str]:
    return {name for name in (pin.image.name, pin.renames) if name}


def _ends(pin: Pin, image: str) -> bool:
    return any(name.endswith(f"/{image}") for name in _names(pin))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _listed(pins: Iterable[Pin]) -> str:
    first: dict[str, Pin] = {}
    for pin in pins:
        first.setdefault(pin.image.name, pin)
    return ", ".join(f"{name} ({pin.file}:{pin.line})" for name, pin in first.items())
