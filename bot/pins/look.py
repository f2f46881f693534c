"""One look at a target's files: which pins decide, by what Kustomize lets decide over what."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

from bot.errors import Refusal
from bot.manifests import formats, images, kustomize, layout
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Text
from bot.model.catalog import Pin, Target
from bot.pins import charts, configured, missing
from bot.ports import Tree

Wanted = Callable[[Pin], bool]

_GENERAL = frozenset(("image", "images", "app", "main", "global", "default", "deployment", "containers", "controllers"))


class Look:
    """Each file is read and parsed once."""

    def __init__(self, tree: Tree, target: Target) -> None:
        self._tree = tree
        self._target = target
        self._texts: dict[str, Text] = {}
        self._pins: dict[str, tuple[Pin, ...]] = {}
        self._merged: dict[str, tuple[Pin, ...]] = {}
        self.folders = [folder for folder in map(self._folder, target.folders) if folder]

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The deciding pins, each once."""
        return tuple(dict.fromkeys(pin for _, pin in self.found))

    @cached_property
    def found(self) -> tuple[tuple[Folder, Pin], ...]:
        """The deciding pins, each with every folder of the target that takes it. Refusal as `bot.pins.locate`."""
        target = self._target
        if not self.folders:
            raise Refusal(f"{target} has no folder {' or '.join(target.folders)} in the repository.")
        if target.pins:
            return tuple(configured.pins(self.text, target, self.folders))
        found = self._of_image() or self._nameless() or self._only()
        if not found:
            raise missing.nothing(target, self.folders, self.text, self._all())
        pins = [pin for _, pin in found]
        if not set.intersection(*map(names, pins)) and any(map(names, pins)):
            raise Refusal(
                f"Several images in {self._where} could be {target.service}'s: {missing.listed(pins)}; "
                f"set services.{target.service}.image to the one that is meant."
            )
        meant = self._of_namespace(pins)
        return tuple(each for each in found if each[1] in meant)

    def text(self, file: str) -> Text:
        if file not in self._texts:
            self._texts[file] = layout.text(self._tree, file)
        return self._texts[file]

    def holds(self, file: str) -> bool:
        """Whether there is such a file."""
        return self._tree.identity(file) is not None and not self._tree.files(file)

    def owns(self, pin: Pin) -> bool:
        """Whether a pin is this target's to edit: in its folders, named by the config or by what is in its folders."""
        inside = any(pin.file == each.path or pin.file.startswith(f"{each.path}/".lstrip("/")) for each in self.folders)
        return inside or bool(self._target.pins) or any(pin in self._brought(each) for each in self.folders)

    def version(self) -> str:
        """The version that all pins agree on."""
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

    @property
    def _where(self) -> str:
        return " and ".join(folder.path for folder in self.folders)

    def _folder(self, path: str) -> Folder | None:
        folder = layout.folder(self._tree, path)
        if folder and folder.kustomization:
            self._texts[folder.kustomization.file] = folder.kustomization
        return folder

    def find(self, file: str) -> tuple[Pin, ...]:
        """Every pin of a file."""
        if file not in self._pins:
            self._pins[file] = formats.find(self.text(file))
        return self._pins[file]

    def _of_image(self) -> list[tuple[Folder, Pin]]:
        image, service = self._target.image, self._target.service
        if image:
            return self._find(lambda pin: image in names(pin))
        return self._find(lambda pin: any(images.named_after(name, service) for name in names(pin)))

    def _nameless(self) -> list[tuple[Folder, Pin]]:
        """Versions beside which no image is named, as in the values file of one environment."""
        found = self._find(lambda pin: not names(pin))
        service = self._target.service
        own = [each for each in found if service in each[1].key.split(".")]
        found = own or found
        others = [pin for pin in self._all() if names(pin)] if found and not own else []
        if len({pin.key for _, pin in found}) > 1 or (others and not all(_general(pin) for _, pin in found)):
            listed = ", ".join(f"{pin.key} ({pin.file}:{pin.line})" for _, pin in found)
            several = "Several versions" if len(found) > 1 else "A version"
            raise Refusal(
                f"{several} in {self._where} could be {service}'s: {listed}; "
                f"set services.{service}.pins to the one that is meant."
            )
        return found

    def _only(self) -> list[tuple[Folder, Pin]]:
        if self._target.image:
            return []
        only = {pin.renames or pin.image.name for pin in self._all()}
        return self._find(lambda pin: bool(only & names(pin))) if len(only) == 1 else []

    def _all(self) -> list[Pin]:
        return list(dict.fromkeys(pin for _, pin in self._find(lambda _: True, overruled=True)))

    def _find(self, wanted: Wanted, *, overruled: bool = False) -> list[tuple[Folder, Pin]]:
        """Wanted pins in Kustomize's order of precedence; those that others overrule only if asked for."""
        return [
            (folder, pin)
            for folder in self.folders
            for pin in dict.fromkeys(self._within(folder, wanted, set(), overruled=overruled))
        ]

    def _within(self, folder: Folder, wanted: Wanted, seen: set[str], *, overruled: bool) -> Iterator[Pin]:
        if folder.path in seen:
            return
        seen.add(folder.path)
        if folder.replaced:
            place, source = folder.replaced[0]
            raise Refusal(
                f"{place} sets an image by a replacement, which decides over images:; "
                f"change the version in {source}, where that takes it from."
            )
        overriding = charts.overriding(self, folder, self._target, lambda: self._brought(folder))
        ruling = list(filter(wanted, overriding)) or self._ruling(folder, wanted)
        yield from ruling
        if ruling and not overruled:
            return
        renamed = self._renaming(folder)
        for pin in self._below(folder, lambda pin: wanted(renamed(pin)), seen, overruled=overruled):
            yield renamed(pin)

    def _below(self, folder: Folder, wanted: Wanted, seen: set[str], *, overruled: bool) -> Iterator[Pin]:
        """What a folder's own kustomization builds on."""
        for component in filter(None, map(self._folder, reversed(folder.components))):
            below = list(self._within(component, wanted, seen, overruled=overruled))
            yield from below
            # What a component brings itself stands beside the resources; only its entries decide over them.
            if below and not overruled and all(pin.format == kustomize.FORMAT for pin in below):
                return
        yield from filter(wanted, self._brought(folder))
        for base in filter(None, map(self._folder, folder.bases)):
            yield from self._within(base, wanted, seen, overruled=overruled)

    def _ruling(self, folder: Folder, wanted: Wanted) -> list[Pin]:
        """The entries or patches of a folder's own kustomization that decide over all that it builds on."""
        if folder.kustomization is None:
            return []
        here = self.find(folder.kustomization.file)
        every = [pin for pin in here if pin.format == kustomize.FORMAT and pin.image.version and wanted(pin)]
        entries = {pin.renames or pin.image.name: pin for pin in every}
        patching = [pin for pin in here if pin.within] + [pin for file in folder.patches for pin in self.find(file)]
        patched = [pin for pin in self._named(folder, patching) if wanted(pin)]
        # Entries see what the patches made: one for a name that a patch replaces counts for nothing.
        renamed = [pin for pin in patched if pin.image.name not in entries]
        return renamed or list(entries.values())

    def _renaming(self, folder: Folder) -> Callable[[Pin], Pin]:
        """What the entries without a version make of a pin from below: they only give images other names."""
        here = self.find(folder.kustomization.file) if folder.kustomization else ()
        entries = {pin.renames: pin.image.name for pin in here if pin.renames and not pin.image.version}

        def renamed(pin: Pin) -> Pin:
            name = entries.get(pin.image.name)
            return replace(pin, image=replace(pin.image, name=name), renames=pin.image.name) if name else pin

        return renamed

    def _named(self, folder: Folder, patching: list[Pin]) -> list[Pin]:
        """Patches that hold a version alone, such as a HelmRelease's values, are of the image of what they patch."""
        if all(pin.image.name or not pin.key for pin in patching):
            return patching
        below = list(self._brought(folder))
        for base in filter(None, map(self._folder, folder.bases)):
            below += self._within(base, lambda _: True, set(), overruled=True)
        return charts.named(patching, below)

    def _brought(self, folder: Folder) -> tuple[Pin, ...]:
        """The pins of a folder's own files."""
        if folder.path not in self._merged:
            self._merged[folder.path] = charts.deciding(self, folder, self._target)
        return self._merged[folder.path]

    def _of_namespace(self, pins: list[Pin]) -> list[Pin]:
        namespaces: dict[str, set[str | None]] = {}
        for pin in pins:
            namespaces.setdefault(pin.object, set()).add(pin.namespace)
        if all(len(same) == 1 for same in namespaces.values()):
            return pins
        meant = [pin for pin in pins if pin.namespace == self._target.namespace]
        if not meant:
            raise Refusal(
                f"{self._target.service} is in several namespaces: {missing.listed(pins)}; "
                f"set services.{self._target.service}.namespace to the one that is meant."
            )
        return meant


def names(pin: Pin) -> set[str]:
    """What an image is called where it is pinned; nothing where a version stands alone."""
    return {name for name in (pin.image.name, pin.renames) if name}


def _general(pin: Pin) -> bool:
    """Whether Helm calls a place no component's: `image`, or below words that say nothing."""
    return not set(re.findall(r"[a-z]+", pin.key.lower())) - _GENERAL
