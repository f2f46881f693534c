"""A service's version at a target, and the edits that move it.

Asks a tree only; knows nothing of Git, policies or people. What stands where in a file is `bot.manifests`' to know.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from bot.errors import Refusal
from bot.manifests import formats, images, kustomize, layout, workload
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Text, encode, get, scalar
from bot.model.catalog import Pin, Target
from bot.model.change import Edit
from bot.ports import Tree


@dataclass(frozen=True, slots=True)
class Plan:
    """How a target is moved: the files to change, none if it is there already, and sentences the reply must carry."""

    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()


def locate(tree: Tree, target: Target) -> tuple[Pin, ...]:
    """The pins that decide which version of the service runs at the target.

    The image is the configured one; else the one called like the service; else the only one there is. A Kustomize
    `images:` entry decides over patches, patches over resources and bases. Refusal, with candidates as file:line, where
    no image or several could be meant.
    """
    return _Look(tree, target).pins


def current(tree: Tree, target: Target) -> str | None:
    """The version at the target; None if its folders are not there. An image without tag and digest is at `latest`.

    Refusal where its pins disagree, as where `locate` refuses.
    """
    look = _Look(tree, target)
    return look.version() if look.folders else None


def plan(tree: Tree, target: Target, version: str) -> Plan:
    """What moves the target to a version.

    Refusal as `current`; for an illegal version; and where only a file outside the target's folders holds the version,
    which may feed other environments.
    """
    version = images.version(version)
    look = _Look(tree, target)
    look.version()  # refuses pins that disagree: moving them all would hide why they did
    after: dict[str, Text] = {}
    notes: list[str] = []
    for pin in look.pins:
        before = after.get(pin.file) or look.text(pin.file)
        after[pin.file] = formats.write(before, pin, version)
        if after[pin.file] != before:
            look.refuse_outside(pin, version)
            notes += formats.notes(before, pin)
    both = ((file, encode(look.text(file)), encode(text)) for file, text in after.items())
    return Plan(tuple(Edit(file, old, new) for file, old, new in both if old != new), tuple(dict.fromkeys(notes)))


def edits(tree: Tree, target: Target, version: str) -> tuple[Edit, ...]:
    """The plan's edits alone."""
    return plan(tree, target, version).edits


class _Look:
    """One look at a target's files; each is read and parsed once."""

    def __init__(self, tree: Tree, target: Target) -> None:
        self._tree = tree
        self._target = target
        self._texts: dict[str, Text] = {}
        self.folders = [folder for folder in map(self._folder, target.folders) if folder]

    def text(self, file: str) -> Text:
        if file not in self._texts:
            self._texts[file] = layout.text(self._tree, file)
        return self._texts[file]

    @cached_property
    def pins(self) -> tuple[Pin, ...]:
        target = self._target
        if not self.folders:
            raise Refusal(f"{target} has no folder {' or '.join(target.folders)} in the repository.")
        if target.image:
            found = self._find(lambda pin: target.image in _names(pin))
        else:
            found = self._find(lambda pin: any(images.named_after(name, target.service) for name in _names(pin)))
            found = found or ([] if self._unread_formats() else self._find_only())
        if not found:
            raise self._nothing()
        if not set.intersection(*map(_names, found)):
            raise Refusal(
                f"Several images in {self._where} could be {target.service}'s: {_listed(found)}; "
                f"set services.{target.service}.image to the one that is meant."
            )
        return self._of_namespace(found)

    def version(self) -> str:
        versions: dict[str, Pin] = {}
        for pin in self.pins:
            image = formats.read(self.text(pin.file), pin)
            versions.setdefault(image.version or "latest", pin)
        if len(versions) > 1:
            places = ", ".join(f"{version} ({pin.file}:{pin.line})" for version, pin in versions.items())
            raise Refusal(
                f"{self._target.service} has {len(versions)} current versions in {self._target.environment}: {places}; "
                "set them to one in Git first."
            )
        return next(iter(versions))

    def refuse_outside(self, pin: Pin, version: str) -> None:
        if any(pin.file.startswith(f"{folder.path}/".lstrip("/")) for folder in self.folders):
            return
        files = " or ".join(folder.kustomization.file for folder in self.folders if folder.kustomization)
        field = "digest" if version.startswith("sha256:") else "newTag"
        raise Refusal(
            f"{self._target} gets its image from {pin.file}:{pin.line}, which may feed other environments; "
            f"add to {files}: images: [{{name: {pin.renames or pin.image.name}, {field}: {version}}}]"
        )

    @property
    def _where(self) -> str:
        return " and ".join(folder.path for folder in self.folders)

    def _folder(self, path: str) -> Folder | None:
        folder = layout.folder(self._tree, path)
        if folder and folder.kustomization:
            self._texts[folder.kustomization.file] = folder.kustomization
        return folder

    def _find(self, wanted: Callable[[Pin], bool], *, overruled: bool = False) -> list[Pin]:
        """Wanted pins in Kustomize's order of precedence; those that others overrule only if asked for."""
        seen: set[str] = set()
        return [pin for folder in self.folders for pin in self._within(folder, wanted, seen, overruled=overruled)]

    def _within(
        self, folder: Folder, wanted: Callable[[Pin], bool], seen: set[str], *, overruled: bool
    ) -> Iterator[Pin]:
        if folder.path in seen:
            return
        seen.add(folder.path)
        if folder.replaced:
            raise Refusal(
                f"{folder.replaced[0]} sets an image by a replacement, which decides over images:; "
                "change the version where that takes it from."
            )
        entries = [pin for pin in kustomize.find(folder.kustomization) if wanted(pin)] if folder.kustomization else []
        last = {pin.renames or pin.image.name: pin for pin in entries}
        ruling = list(last.values()) or self._containers(folder.patches, wanted)
        yield from ruling
        if ruling and not overruled:
            return
        self._refuse_unread_patches(folder)
        for component in filter(None, map(self._folder, reversed(folder.components))):
            below = list(self._within(component, wanted, seen, overruled=overruled))
            yield from below
            # What a component brings itself stands beside the resources; only its entries decide over them.
            if below and not overruled and all(pin.format == kustomize.FORMAT for pin in below):
                return
        yield from self._containers(folder.files, wanted)
        for base in filter(None, map(self._folder, folder.bases)):
            yield from self._within(base, wanted, seen, overruled=overruled)

    def _find_only(self) -> list[Pin]:
        names = {pin.renames or pin.image.name for pin in self._find(lambda _: True, overruled=True)}
        return self._find(lambda pin: bool(names & _names(pin))) if len(names) == 1 else []

    def _containers(self, files: Iterable[str], wanted: Callable[[Pin], bool]) -> list[Pin]:
        return [pin for file in files for pin in workload.find(self.text(file)) if wanted(pin)]

    def _refuse_unread_patches(self, folder: Folder) -> None:
        """A patch that is not understood may set the image: then nothing below it tells the version."""
        for patch in folder.inline_patches:
            if folder.kustomization and _IMAGE.search(patch.content):
                raise Refusal(self._unread(f"{folder.kustomization.file}:{patch.line}"))
        for file in folder.patches:
            operations = any(root.id == "sequence" for root in self.text(file).documents)
            if operations and _IMAGE.search(self.text(file).content):
                raise Refusal(self._unread(file))

    def _unread(self, place: str) -> str:
        return (
            f"{place} patches an image in a way that is not read; add an entry for {self._target.service} to images: "
            "in that kustomization, since it decides over patches."
        )

    def _of_namespace(self, pins: list[Pin]) -> tuple[Pin, ...]:
        namespaces: dict[str, set[str | None]] = {}
        for pin in pins:
            namespaces.setdefault(pin.object, set()).add(pin.namespace)
        if all(len(same) == 1 for same in namespaces.values()):
            return tuple(pins)
        meant = tuple(pin for pin in pins if pin.namespace == self._target.namespace)
        if not meant:
            raise Refusal(
                f"{self._target.service} is in several namespaces: {_listed(pins)}; "
                f"set services.{self._target.service}.namespace to the one that is meant."
            )
        return meant

    def _unread_formats(self) -> list[str]:
        """What in the folders may well hold the version, in a format that is not read: never guess beside it."""
        files = (self.text(file) for folder in self.folders for file in folder.files)
        telling = [text for text in files if any(word in text.content for word in ("image", *_UNREAD_KINDS))]
        charts = [
            f"{folder.kustomization.file} has helmCharts"
            for folder in self.folders
            if folder.kustomization and any(get(root, "helmCharts") for root in folder.kustomization.documents)
        ]
        found = ((text, scalar(get(root, "kind")), root) for text in telling for root in text.documents)
        return charts + [
            f"{text.file} is {f'of kind {kind}' if kind else 'a file of Helm values'}"
            for text, kind, root in found
            if kind in _UNREAD_KINDS or (kind is None and get(root, "image") is not None)
        ]

    def _nothing(self) -> Refusal:
        service, image = self._target.service, self._target.image
        for file in (file for folder in self.folders for file in folder.files):
            self.text(file).documents  # noqa: B018 - a file that can't be parsed is told before what is missing
        if unread := self._unread_formats():
            return Refusal(f"{unread[0]}, a format whose versions are not moved yet; change {service}'s there by hand.")
        others = self._find(lambda _: True, overruled=True)
        strays = [
            pin
            for folder in self.folders
            for file in folder.files
            for pin in workload.strays(self.text(file))
            if image in _names(pin) or images.named_after(pin.image.name, service)
        ]
        if strays:
            path = ".".join(map(str, strays[0].path))
            return Refusal(
                f"{strays[0].object}: the image at {path} ({strays[0].file}:{strays[0].line}) is not a container's, "
                "so it is not edited on a guess; set it by hand."
            )
        nothing = f"No image of {image or service} is in {self._where}"
        if not others:
            setting = f"environments.{self._target.environment}.path"
            return Refusal(f"{nothing}: no container is declared there; check {setting}.")
        setting = f"services.{service}.image"
        return Refusal(f"{nothing}; there are {_listed(others)}. Set {setting} to the one that is meant.")


_UNREAD_KINDS = frozenset(("Application", "ApplicationSet", "HelmRelease", "HelmChart"))
_IMAGE = re.compile(r"\bimage\b")


def _names(pin: Pin) -> set[str]:
    return {name for name in (pin.image.name, pin.renames) if name}


def _listed(pins: Iterable[Pin]) -> str:
    return ", ".join(dict.fromkeys(f"{pin.image.name} ({pin.file}:{pin.line})" for pin in pins))
