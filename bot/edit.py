"""Versions moved in the files of a working tree, for pipelines: what `quarterdeck edit` plans.

Knows no config, Git or network: an image is found by its name alone, wherever it stands below the paths given. Plans
only; `bot.files` writes. A plan is all or nothing: where anything is refused, nothing is to be written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Refusal
from bot.files import Rewrite
from bot.lookup import Addition, Lookup, Source, component
from bot.manifests import formats, images, template
from bot.manifests.addition import add
from bot.manifests.yamltext import Text, encode
from bot.model.catalog import Pin

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Setting:
    """What `--set IMAGE=VERSION` asks for: `image` is the name in the files, or what it ends with after a slash."""

    image: str
    version: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version that moves from `before` (None: the image has none) to `after`. `line` counts from 1 in the file as it
    was; that of an entry which is `new` in the file as it is then."""

    file: str
    line: int
    image: str
    before: str | None
    after: str
    new: bool = False


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


def plan(settings: Sequence[Setting], paths: Sequence[str], *, templates: bool = False) -> Plan:
    """What moves every image to its version in the files, and the manifests in the folders, that the paths name.

    With `templates`, also where a template's line holds the image, written out.
    An image that is nowhere gets an entry in the kustomization that they name. What can't be done is in the plan's
    refusals. Raises Refusal for a path that can't be meant, Unavailable for what can't be read.
    """
    lookup = Lookup.of([each.image for each in settings], paths, templates=templates)
    made = Plan(refusals=[_refused(refusal, file) for file, refusal in lookup.unread.items()])
    versions: dict[Pin, str] = {}
    additions: list[tuple[Addition, str]] = []
    for each in settings:
        try:
            pins = lookup.pins(each.image)
            _choose(versions, pins, each.version)
            if not pins and not lookup.unread:
                additions.append((lookup.addition(each.image), each.version))
        except Refusal as refusal:
            made.refusals.append(Refused(str(refusal)))
    for source in lookup.sources:
        text = _moved(made, source, {pin: versions[pin] for pin in source.pins if pin in versions})
        for addition, version in additions:
            if addition.file == text.file:
                text = _added(made, text, addition, version)
        if text != source.text:
            made.rewrites.append(Rewrite(text.file, source.data, encode(text)))
    return made


def report(plan: Plan) -> str:
    """The plan once it is done, for people: a line for each version, and a summary."""
    lines = [f"{each.file}:{each.line}  {each.image}  {_before(each)} -> {each.after}" for each in plan.changes]
    lines += [f"{each.file}:{each.line}  {each.image}  {each.after} already" for each in plan.already]
    moved = f"{_counted(len(plan.changes), 'version')} moved in {_counted(len(plan.rewrites), 'file')}"
    there = f"{len(plan.already)} there already"
    said = [moved] if plan.changes else ["Nothing to do"]
    return "\n".join([*lines, "; ".join([*said, *([there] if plan.already else [])]) + "."])


def diff(plan: Plan) -> str:
    """The plan as a unified diff that `git apply` and `patch -p1` take."""
    from difflib import unified_diff  # noqa: PLC0415 - only this needs it

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


def _choose(versions: dict[Pin, str], pins: Iterable[Pin], version: str) -> None:
    for pin in pins:
        if versions.setdefault(pin, version) != version:
            raise Refusal(f"{pin.file}:{pin.line} is to be {versions[pin]} and {version} at once; give it one --set.")


def _moved(made: Plan, source: Source, versions: Mapping[Pin, str]) -> Text:
    text, form = source.text, template if source.is_template else formats
    try:
        after: Text = form.write(text, versions)
    except Refusal as refusal:
        made.refusals += list(_each_refused(source, versions)) or [_refused(refusal, text.file)]
        return text
    for pin, version in versions.items():
        image = form.read(text, pin)
        change = Change(pin.file, pin.line, pin.image.name or component(pin), pin.image.version, version)
        if image == images.moved(image, version):
            made.already.append(change)
        else:
            made.changes.append(change)
            made.notes += [note for note in form.notes(text, pin) if note not in made.notes]
    return after


def _each_refused(source: Source, versions: Mapping[Pin, str]) -> Iterator[Refused]:
    """Every pin of a file that can't be moved, with its own reason, where they can't be moved together."""
    form = template if source.is_template else formats
    for pin, version in versions.items():
        try:
            form.write(source.text, {pin: version})
        except Refusal as refusal:
            yield _refused(refusal, pin.file, pin.line)


def _added(made: Plan, text: Text, addition: Addition, version: str) -> Text:
    try:
        after = add(text, addition.name, version)
    except Refusal as refusal:
        made.refusals.append(_refused(refusal, text.file))
        return text
    made.changes.append(Change(text.file, formats.find(after)[-1].line, addition.name, None, version, new=True))
    made.notes += [addition.note] if addition.note else []
    return after


def _refused(refusal: Refusal, file: str, line: int | None = None) -> Refused:
    """The refusal with its place: its sentence begins with the line where it knows that better."""
    told = re.match(f"{re.escape(file)}:([0-9]+)", str(refusal))
    return Refused(str(refusal), file, int(told[1]) if told else line)


def _before(change: Change) -> str:
    return change.before or ("new entry" if change.new else "untagged")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
