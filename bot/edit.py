"""Versions moved in the files of a working tree, for pipelines: what `quarterdeck edit` plans.

Knows no config, Git or network: an image is found by its name alone, wherever it stands below the paths given. Plans
only; `bot.files` writes. A plan is all or nothing: where anything is refused, nothing is to be written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import PurePosixPath
from typing import Any

from bot import files
from bot.errors import Refusal
from bot.files import Rewrite
from bot.language.suggest import nearest
from bot.manifests import formats, images, kustomize, workload
from bot.manifests.yamltext import Text, decode, encode
from bot.model.catalog import Pin

_LISTED = 5

_MENTION = re.compile(
    r"""^[^#\n]*?\b(?P<key>image|repository|newName|name)["']?[ \t]*:[ \t]*["']?(?P<value>[^\s"',{}\[\]]+)""",
    re.MULTILINE,
)
"""A line that names an image, in a file that no reader of YAML can read."""


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Setting:
    """What `--set IMAGE=VERSION` asks for: `image` is the name in the files, or what it ends with after a slash."""

    image: str
    version: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version that moves from `before` (None: the image has none) to `after`; `line` is that of the file as it is."""

    file: str
    line: int
    image: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason why nothing is written, a whole sentence, and where it lies if it lies in a file."""

    why: str
    file: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Plan:
    """What is to be done: `changes` in the order of the files, made by `rewrites`; what is there `already`; and notes
    that whoever asked must hear."""

    changes: list[Change] = field(default_factory=list)
    already: list[Change] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)


def setting(words: str) -> Setting:
    """A `--set` as typed. Refusal, with the right spelling, if it is none."""
    image, equals, version = words.partition("=")
    parts = images.split(image)
    if not equals:
        right = f"{parts.name or 'IMAGE'}={parts.version or 'VERSION'}"
        raise Refusal(f"--set {words} is not IMAGE=VERSION; write --set {right}")
    if images.parse(image).version:
        raise Refusal(f"--set {words} has a version before the =; write --set {parts.name}={version}")
    return Setting(image, images.version(version))


def plan(settings: Sequence[Setting], paths: Sequence[str]) -> Plan:
    """What moves every image to its version in the files, and the manifests in the folders, that the paths name.

    What can't be done is in the plan's refusals. Raises Refusal for a path that can't be meant, Unavailable for what
    can't be read.
    """
    made = Plan()
    sources = _sources(settings, paths, made)
    versions: dict[Pin, str] = {}
    for each in settings:
        try:
            for pin in _meant(each, sources, paths, found_all=not made.refusals):
                _choose(versions, pin, each.version)
        except Refusal as refusal:
            made.refusals.append(Refused(str(refusal)))
    for source in sources:
        _move(source, versions, made)
    return made


def report(plan: Plan) -> str:
    """The plan once it is done, for people: a line for each version, and a summary."""
    lines = [
        f"{each.file}:{each.line}  {each.image}  {each.before or 'untagged'} -> {each.after}" for each in plan.changes
    ]
    lines += [f"{each.file}:{each.line}  {each.image}  {each.after} already" for each in plan.already]
    moved = f"{_counted(len(plan.changes), 'version')} moved in {_counted(len(plan.rewrites), 'file')}"
    there = f"{len(plan.already)} there already"
    said = [moved] if plan.changes else ["Nothing to do"]
    return "\n".join([*lines, "; ".join([*said, *([there] if plan.already else [])]) + "."])


def diff(plan: Plan) -> str:
    """The plan as a unified diff that `git apply` and `patch -p1` take."""
    shown: list[str] = []
    for rewrite in plan.rewrites:
        before, after = (_LINE.findall(data.decode()) for data in (rewrite.before, rewrite.after))
        name = rewrite.file.lstrip("/")
        shown += unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in shown)


def as_data(plan: Plan) -> dict[str, Any]:
    """Schema quarterdeck/edit/v1 (docs/json.md). Where anything is refused, nothing is an edit."""
    edits = [
        {"file": each.file, "line": each.line, "image": each.image, "from": each.before, "to": each.after}
        for each in ([] if plan.refusals else plan.changes)
    ]
    refusals = [{"file": each.file, "line": each.line, "why": each.why} for each in plan.refusals]
    return {"schema": "quarterdeck/edit/v1", "edits": edits, "refusals": refusals}


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that may hold an image which is asked for."""

    data: bytes
    text: Text
    pins: tuple[Pin, ...]


def _sources(settings: Sequence[Setting], paths: Sequence[str], made: Plan) -> list[_Source]:
    """The files that are worth parsing. One that can't be parsed is passed over unless it mentions an image: templates
    of charts stand beside manifests everywhere."""
    words = [_last(each.image).encode() for each in settings]
    sources: list[_Source] = []
    passed_over: list[Refused] = []
    for file in files.below(paths):
        data = files.read(file)
        if file not in paths and not any(word in data for word in words):
            continue
        try:
            text = decode(data, file)
            sources.append(_Source(data, text, formats.find(text)))
        except Refusal as refusal:
            mentioned = any(_mentions(file, data.decode(errors="replace"), each.image) for each in settings)
            (made.refusals if mentioned else passed_over).append(_refused(refusal, file))
    if not any(source.pins for source in sources):  # then what was passed over may be why
        made.refusals += [each for each in passed_over if each.file in paths]
    return sources


def _meant(setting: Setting, sources: Sequence[_Source], paths: Sequence[str], *, found_all: bool) -> list[Pin]:
    """The pins of the image called so; else of the one whose name ends so. Refusal if several do, or none."""
    image, pins = setting.image, [pin for source in sources for pin in source.pins]
    found = [pin for pin in pins if image in _names(pin)]
    if not found:
        found = [pin for pin in pins if _ends(pin, image)]
        if found and not set.intersection(*map(_names, found)):
            raise Refusal(f"{image} could be {_listed(found)}; write the whole name of the one that is meant.")
    found += [pin for pin in pins if not pin.image.name and _component(pin) == _last(image)]
    found = found or _alone(sources, paths)
    if not found and found_all:
        raise _nothing(image, paths)
    return _ruling(found)


def _alone(sources: Iterable[_Source], paths: Sequence[str]) -> list[Pin]:
    """The version in a file of Helm values that was named itself, where no image and no other version is in it."""
    named = [source.pins for source in sources if source.text.file in paths]
    return [pins[0] for pins in named if len(pins) == 1 and not pins[0].image.name]


def _ruling(pins: Iterable[Pin]) -> list[Pin]:
    """Without the pins that others decide over: of a kustomization's entries for one name the last counts, and a
    container's image that has no version gets it from an entry, if there is one."""
    every = list(pins)
    entries = [pin for pin in every if pin.format == kustomize.FORMAT]
    last = {(pin.file, pin.document, pin.renames or pin.image.name): pin for pin in entries}.values()
    untagged = [pin for pin in every if last and pin.format == workload.FORMAT and pin.image.version is None]
    return [pin for pin in every if pin not in untagged and (pin in last or pin not in entries)]


def _choose(versions: dict[Pin, str], pin: Pin, version: str) -> None:
    if versions.setdefault(pin, version) != version:
        raise Refusal(f"{pin.file}:{pin.line} is to be {versions[pin]} and {version} at once; give it one --set.")


def _move(source: _Source, versions: dict[Pin, str], made: Plan) -> None:
    text = source.text
    for pin in source.pins:
        if pin not in versions:
            continue
        try:
            after = formats.write(text, pin, versions[pin])
        except Refusal as refusal:
            made.refusals.append(_refused(refusal, pin.file, pin.line))
            continue
        change = Change(pin.file, pin.line, pin.image.name or _component(pin), pin.image.version, versions[pin])
        if after == text:
            made.already.append(change)
        else:
            made.changes.append(change)
            made.notes += [note for note in formats.notes(source.text, pin) if note not in made.notes]
        text = after
    if text != source.text:
        made.rewrites.append(Rewrite(text.file, source.data, encode(text)))


def _nothing(image: str, paths: Sequence[str]) -> Refusal:
    """What to say where no file holds the image: what is there instead."""
    pins: list[Pin] = []
    for file in files.below(paths):
        try:
            text = decode(files.read(file), file)
            pins += formats.find(text)
            strays = [pin for pin in workload.strays(text) if image in _names(pin) or _ends(pin, image)]
        except Refusal:
            continue
        for pin in strays:
            place = ".".join(map(str, pin.path))
            return Refusal(
                f"{file}:{pin.line}: the image at {place} of {pin.object} is not a container's, so it is not edited "
                "on a guess; set it by hand."
            )
    there = {pin.image.name: pin for pin in reversed(pins) if pin.image.name}
    lead = f"No image {image} is in {' or '.join(paths)}"
    if not there:
        return Refusal(f"{lead}, nor any other image.")
    short = {_last(name): name for name in there}
    near = dict.fromkeys(short.get(name, name) for name in nearest(image, [*there, *short]))
    if near:
        return Refusal(f"{lead}; nearest: {_listed(there[name] for name in near)}.")
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    return Refusal(f"{lead}; there are {_listed(list(there.values())[::-1][:_LISTED])}{more}.")


def _mentions(file: str, content: str, image: str) -> bool:
    """Whether a file that can't be parsed seems to hold the image, going by its lines; most `name:` are of others."""
    keys = {"image", "repository", "newName"} | ({"name"} if PurePosixPath(file).name in kustomize.NAMES else set())
    names = {images.split(match["value"]).name for match in _MENTION.finditer(content) if match["key"] in keys}
    return any(name == image or name.endswith(f"/{image}") or image.endswith(f"/{name}") for name in names)


def _refused(refusal: Refusal, file: str, line: int | None = None) -> Refused:
    """The refusal with its place: its sentence begins with the line where it knows that better."""
    told = re.match(f"{re.escape(file)}:([0-9]+)", str(refusal))
    return Refused(str(refusal), file, int(told[1]) if told else line)


def _names(pin: Pin) -> set[str]:
    return {name for name in (pin.image.name, pin.renames) if name}


def _ends(pin: Pin, image: str) -> bool:
    return any(name.endswith(f"/{image}") for name in _names(pin))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _component(pin: Pin) -> str:
    """What a version with no image beside it is the version of: the key that its `image:` stands under."""
    keys = [step for step in pin.path[:-1] if isinstance(step, str) and step != "image"]
    return keys[-1] if keys else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(pins: Iterable[Pin]) -> str:
    first: dict[str, Pin] = {}
    for pin in pins:
        first.setdefault(pin.image.name, pin)
    return ", ".join(f"{name} ({pin.file}:{pin.line})" for name, pin in first.items())
