"""Helm values in several files: which of a folder's pins decide, as Helm, Argo CD and Flux merge values.

Later values win: a file for the environment over the general one, an Application over the files it names, a HelmRelease
over the ConfigMaps it takes values from. Secrets are never read.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from bot.manifests import argocd_application, flux_helmrelease, helm_values, kustomize
from bot.manifests.argocd_generators import Source
from bot.manifests.helm_values import Layer
from bot.manifests.layout import Folder
from bot.manifests.yamltext import Text
from bot.model.catalog import Pin, Target

_GENERAL = frozenset(("base", "common", "default", "defaults", "global", "shared"))
_OF_FILES = frozenset(("values", "value", "helm", "argocd", "source"))
_SPELLINGS = (
    *(("dev", "development"), ("test", "testing"), ("int", "integration"), ("stage", "staging", "stg")),
    *(("preprod", "preproduction"), ("prod", "production", "prd"), ("live",), ("qa",), ("uat",)),
    *(("ci",), ("local",), ("sandbox",), ("preview",)),
)
"""How environments are called, each in all its spellings."""
_SPELLED = {word: spellings for spellings in _SPELLINGS for word in spellings}


class Files(Protocol):
    """What is asked of the one who looks."""

    def text(self, file: str) -> Text: ...
    def find(self, file: str) -> tuple[Pin, ...]: ...
    def holds(self, file: str) -> bool: ...


def deciding(files: Files, folder: Folder, target: Target) -> tuple[Pin, ...]:
    """The pins of a folder's files that no other values override, and those of the values files they name."""
    values = [file for file in folder.files if _is_values(files, file)]
    inline = _inline(folder)
    pins = [*_ranked(files, values, inline if len(inline) == 1 else (), target.environment)]
    pins += (pin for layer in inline if len(inline) > 1 for pin in layer.pins)
    pins += (pin for file in folder.files if file not in values for pin in _with_named(files, folder, file))
    pins = [pin for pin in pins if pin.file not in folder.files or not argocd_application.is_override(pin.file)]
    return tuple(_meant(dict.fromkeys(pins), target))


def overriding(files: Files, folder: Folder, target: Target, below: Callable[[], Iterable[Pin]]) -> list[Pin]:
    """The pins of Argo CD's override files for a folder: they decide over all that is in it, which is `below`."""
    listed = override_files(folder.path, target)
    found = [file for file in folder.files if argocd_application.is_override(file)]
    if folder.kustomization and folder.path in target.folders:  # its files are those it names, not all that are there
        found += [file for file in listed if file not in found and files.holds(file)]
    pins = [pin for file in found if rank(file, target.environment) is not None for pin in files.find(file)]
    known = {pin.key: pin for pin in below() if pin.key} if any(pin.key for pin in pins) else {}
    return [_over(pin, known.get(pin.key)) for pin in pins]


def override_files(folder: str, target: Target) -> list[str]:
    """What such files are called where no kustomization names them."""
    names = ("", f"-{target.service}", f"-{target.service}-{target.environment}")
    above = f"{folder}/" if folder else ""
    return [f"{above}.argocd-source{name}.yaml" for name in names]


def elsewhere(text: Text) -> str | None:
    """What a file that names no version says of where it stands, as the beginning of a sentence."""
    for number in flux_helmrelease.releases(text):
        for each in flux_helmrelease.values_from(text, number):
            why = "is never read" if each.kind == "Secret" else "is not among the target's files"
            return f"{text.file}:{each.line} takes values from {each.kind} {each.name}, which {why}"
        return f"the HelmRelease in {text.file} sets no image, so the chart's own version runs"
    for source in argocd_application.sources(text):
        for named in argocd_application.value_files(text, source):
            return f"{text.file}:{named.line} takes values from {named.path}, which is not here or sets no image"
        return f"the Application in {text.file} sets no image, so what it deploys has the version"
    return None


def named(pins: Iterable[Pin], below: Iterable[Pin]) -> list[Pin]:
    """Pins of patches, those that hold a version alone with the name of what they patch."""
    known = {(name, pin.key): pin for pin in below if pin.key for name in (pin.object, "")}  # operations name no object
    return [pin if pin.image.name else _over(pin, known.get((pin.object, pin.key))) for pin in pins]


def means(name: str, environment: str) -> bool:
    """Whether a name, such as a file's, has a word for each word of an environment's name."""
    said = _words(name)
    return all(any(word in said for word in _SPELLED.get(part, (part,))) for part in _words(environment))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def _is_values(files: Files, file: str) -> bool:
    return "values" in posixpath.basename(file).lower() and helm_values.is_values(files.text(file))


def rank(file: str, environment: str) -> int | None:
    """0 for general values, 2 for the environment's, 1 for others; None for those of another environment."""
    name = posixpath.splitext(posixpath.basename(file))[0]
    if means(name, environment):
        return 2
    words = set(_words(name)) - _OF_FILES
    if any(word in _SPELLED and not means(environment, word) for word in words):
        return None
    return 1 if words - _GENERAL else 0


def _ranked(files: Files, values: Sequence[str], last: Sequence[Layer], environment: str) -> Iterator[Pin]:
    """The values files of a folder: each that is neither general nor the environment's stands for itself."""
    ranks: dict[int | None, list[Layer]] = {}
    for file in values:
        ranks.setdefault(rank(file, environment), []).append(helm_values.layer(files.text(file)))
    found: dict[tuple[object, ...], Pin] = {}
    for each in ranks.get(1, [Layer((), {})]):
        for pin in helm_values.ruling([*ranks.get(0, []), each, *ranks.get(2, []), *last]):
            found.setdefault(_place(pin), pin)
    overruled = {place for pin in found.values() for place in pin.overrules}
    return (pin for pin in found.values() if _line(pin) not in overruled)


def _inline(folder: Folder) -> Sequence[Layer]:
    """The values that a kustomization has for each of its helmCharts: they win over the files of their chart."""
    if folder.kustomization is None:
        return ()
    return [helm_values.layer(folder.kustomization, *place) for place in kustomize.inline_values(folder.kustomization)]


def _with_named(files: Files, folder: Folder, file: str) -> Iterator[Pin]:
    """A file's pins, with those of the values that its Applications and HelmReleases name."""
    text = files.text(file)
    chains = [
        [*_value_files(files, text, source), *argocd_application.layers(text, source)]
        for source in argocd_application.sources(text)
    ]
    chains += [
        [*_config_maps(files, folder, text, number), helm_values.layer(text, number, ("spec", "values"))]
        for number in flux_helmrelease.releases(text)
    ]
    ruling = {_place(pin): pin for layers in chains for pin in helm_values.ruling(layers)}
    for pin in files.find(file):
        merged = ruling.pop(_place(pin), None)
        yield replace(pin, image=merged.image, overrules=merged.overrules) if merged else pin
    yield from (pin for pin in ruling.values() if pin.file != file or pin.within)


def _value_files(files: Files, text: Text, source: Source) -> Iterator[Layer]:
    named = argocd_application.value_files(text, source)
    for each in named:
        path = re.sub(r"^\$[^/]+", "", each.path)
        path = path.lstrip("/") if path.startswith("/") else posixpath.join(each.folder, path)
        path = posixpath.normpath(path)
        if "://" not in each.path and not path.startswith("..") and files.holds(path):
            yield helm_values.layer(files.text(path))


def _config_maps(files: Files, folder: Folder, text: Text, number: int) -> Iterator[Layer]:
    for each in flux_helmrelease.values_from(text, number):
        if each.kind == "ConfigMap" and each.target is None:
            for file in folder.files:
                yield flux_helmrelease.in_config_map(files.text(file), each.name, each.key)
            if folder.kustomization and (made := kustomize.generated(folder.kustomization, each.name, each.key)):
                path = posixpath.normpath(posixpath.join(folder.path, made))
                if not path.startswith("..") and files.holds(path):
                    yield helm_values.layer(files.text(path))


def _meant(pins: Iterable[Pin], target: Target) -> Iterator[Pin]:
    """Of an ApplicationSet's elements those for the environment and the service, where they say so."""
    every = list(pins)
    for says in (lambda label: means(label, target.environment), lambda label: label == target.service):
        own = [pin for pin in every if any(map(says, pin.labels))]
        every = [pin for pin in every if not pin.labels or not own or pin in own]
    return iter(every)


def _over(pin: Pin, lower: Pin | None) -> Pin:
    if lower is None:
        return pin
    image = pin.image if pin.image.name else replace(pin.image, name=lower.image.name)
    return replace(pin, image=image, renames=pin.renames or lower.renames, overrules=(*lower.overrules, _line(lower)))


def _line(pin: Pin) -> str:
    return f"{pin.file}:{pin.line}"


def _place(pin: Pin) -> tuple[object, ...]:
    return pin.file, pin.within, pin.document, pin.path
