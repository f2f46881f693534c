"""A service's version at a target, and the edits that move it.

Asks a tree only; knows nothing of Git, policies or people. What stands where in a file is `bot.manifests`' to know.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.errors import Refusal
from bot.manifests import addition, formats, images, kustomize
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Text, encode
from bot.model.catalog import Pin, Target
from bot.model.change import Edit
from bot.pins import plain
from bot.pins.look import Look
from bot.ports import Tree

_TRANSFORMED = frozenset(("kustomize", "workload", "json6902"))
"""The formats whose images pass through the `images:` of the kustomizations above them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a target is moved: the files to change, none if it is there already, and sentences the reply must carry."""

    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()


def locate(tree: Tree, target: Target) -> tuple[Pin, ...]:
    """The pins that decide which version of the service runs at the target.

    Those that the config names; else those of the configured image; else of the one called like the service; else of
    the only one there is. A Kustomize `images:` entry decides over patches, patches over resources and bases. Refusal,
    with candidates as file:line, where no image or several could be meant.

    A version that stands without a name is the configured image's; without that, its pin's image has no name.
    """
    pins = Look(tree, target).pins
    return tuple(
        pin if pin.image.name else replace(pin, image=replace(pin.image, name=target.image or "")) for pin in pins
    )


def current(tree: Tree, target: Target) -> str | None:
    """The version at the target; None if its folders are not there. An image without tag and digest is at `latest`.

    Refusal where its pins disagree, as where `locate` refuses.
    """
    told = plain.version(tree, target)
    if told is not None:
        return told
    look = Look(tree, target)
    return look.version() if look.folders else None


def told(tree: Tree, target: Target) -> str | None:
    """The same, for whom a version that can't be told is none."""
    try:
        return current(tree, target)
    except Refusal:
        return None


def plan(tree: Tree, target: Target, version: str) -> Plan:
    """What moves the target to a version.

    A base is never edited, since it may feed other environments: the folder's kustomization gets an entry in `images:`
    instead. Refusal as `current`; for an illegal version; and where only a file outside the folders holds the version,
    and no such entry would count.
    """
    version = images.version(version)
    look = Look(tree, target)
    look.version()  # refuses pins that disagree: moving them all would hide why they did
    owned: dict[str, dict[Pin, str]] = {}
    for _, pin in look.found:
        if look.owns(pin):
            owned.setdefault(pin.file, {})[pin] = version
    after = {file: formats.write(look.text(file), versions) for file, versions in owned.items()}
    notes: list[str] = []
    for folder, pin in look.found:
        before = look.text(pin.file)
        if formats.read(before, pin).version != version:
            notes += formats.notes(before, pin) if look.owns(pin) else _add(after, folder, pin, target, version)
    both = ((file, encode(look.text(file)), encode(text)) for file, text in after.items())
    return Plan(tuple(Edit(file, old, new) for file, old, new in both if old != new), tuple(dict.fromkeys(notes)))


def _add(after: dict[str, Text], folder: Folder, pin: Pin, target: Target, version: str) -> Iterable[str]:
    """Give the folder's kustomization an entry for the pin's image, once, and say so."""
    if pin.format not in _TRANSFORMED or folder.kustomization is None:
        raise Refusal(
            f"{target} gets its version from {pin.file}:{pin.line}, which may feed other environments; "
            f"set it in {folder.path}."
        )
    file, name = folder.kustomization.file, pin.image.name
    said = f"{file} gets an entry for {name} in images:, since {pin.file}:{pin.line} may feed other environments."
    text = after.get(file, folder.kustomization)
    if not any(entry.image.name == name and entry.image.version for entry in kustomize.find(text)):
        after[file] = addition.add(text, name, version)
    return [said]
