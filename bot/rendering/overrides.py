"""Argo CD's files that change how a folder is rendered: `.argocd-source.yaml`, and that of an Application by its name.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/#store-overrides-in-git
"""

import json
from dataclasses import dataclass
from typing import Any

from bot.errors import Refusal
from bot.manifests import images
from bot.model.catalog import Target
from bot.pins import charts
from bot.ports import Tree
from bot.rendering.dialect import parse


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value of a chart by its dotted path, as `helm template --set` takes it."""

    name: str
    value: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Overrides:
    """What is said beside the files; empty where nothing is."""

    images: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()


def paths(folder: str, target: Target | None) -> tuple[str, ...]:
    """Where such files would be; none where it is not known whose folder it is."""
    return tuple(charts.override_files(folder, target)) if target else ()


def find(tree: Tree, folder: str, target: Target | None) -> Overrides:
    """All files' overrides, of which the last wins, as in Argo CD. Refusal for what is not rendered here."""
    found = Overrides()
    for path in paths(folder, target):
        for document in parse(tree.read(path) or b"", path):
            found = _merged(found, document.value, path)
    return found


def kustomized(content: bytes, file: str, wanted: tuple[str, ...]) -> bytes:
    """A kustomization as `kustomize edit set image` leaves it, as JSON."""
    (document,) = parse(content, file)
    had = document.value.get("images")
    known = {each.get("name"): each for each in (had if isinstance(had, list) else ()) if isinstance(each, dict)}
    for each in wanted:
        name, _, rest = each.rpartition("=")
        image = images.parse(rest)
        entry = {"name": name or image.name, "newTag": image.tag, "digest": image.digest}
        entry["newName"] = image.name if name else known.get(image.name, {}).get("newName")
        known[entry["name"]] = {key: value for key, value in entry.items() if value}
    return json.dumps(document.value | {"images": list(known.values())}).encode()


def _merged(before: Overrides, said: Any, path: str) -> Overrides:
    if not isinstance(said, dict):
        raise Refusal(f"{path} overrides nothing: it must hold one mapping.")
    kustomize, helm = (said.get(name) or {} for name in ("kustomize", "helm"))
    are_mappings = isinstance(kustomize, dict) and isinstance(helm, dict)
    if not (are_mappings and isinstance(kustomize.get("images"), list | None)):
        raise Refusal(f"{path} must hold mappings for kustomize and helm, and a list of images: correct it there.")
    others = [*(said.keys() - {"kustomize", "helm"}), *(kustomize.keys() - {"images"}), *(helm.keys() - {"parameters"})]
    if others:
        raise Refusal(f"{path} sets {others[0]}, which is not rendered here: only images and parameters are.")
    try:
        parameters = tuple(_parameter(each) for each in helm.get("parameters") or ())
    except (KeyError, TypeError):
        raise Refusal(f"{path} has a parameter without a name or a value: name it there.") from None
    chosen = tuple(str(each) for each in kustomize.get("images") or ())
    return Overrides(chosen or before.images, parameters or before.parameters)


def _parameter(said: Any) -> Parameter:
    value = said["value"]
    text = value if isinstance(value, str) else json.dumps(value)
    return Parameter(str(said["name"]), text, bool(said.get("forceString")))
