"""Which version of a service a cluster runs, told as Git tells it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.declared import Declared
from bot.errors import Refusal
from bot.manifests import images
from bot.model.catalog import Image
from bot.model.sync import Manifest, ObjectRef

_HOLDING = frozenset(("spec", "template", "templates"))
"""Where objects have containers: a ConfigMap's data is not searched."""
_CONTAINERS = frozenset(("containers", "initContainers"))
_ELSEWHERE = frozenset(("affinity", "metadata", "selector", "status", "tolerations", "volumes"))
"""Where none are, of what most objects have."""


def version(declared: Declared, objects: Mapping[ObjectRef, Manifest]) -> str | None:
    """What the cluster runs of the containers that Git gives the service's version; several are joined."""
    if declared.version is None:
        return None
    versions = set()
    for each in declared.objects:
        if _HOLDING.isdisjoint(each.manifest):
            continue
        names = {name for name, image in _containers(each.manifest) if declared.version in _versions(image)}
        if names and each.ref in objects:
            versions |= {_spoken(image, declared) for name, image in _containers(objects[each.ref]) if name in names}
    return ", ".join(sorted(versions)) or None


def _versions(image: Image) -> tuple[str | None, ...]:
    """Every way that Git may have written the image's version."""
    return image.tag or "latest", image.digest, f"{image.tag}@{image.digest}"


def _spoken(image: Image, declared: Declared) -> str:
    """The image's version as Git writes it where it is the same; else what the runtime pulls by."""
    same = declared.version is not None and declared.version in _versions(image)
    return str(declared.version if same else image.version or "latest")


def _containers(node: Any) -> Iterator[tuple[str, Image]]:
    """Every container's name and image, at any depth below an object's spec or template."""
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict):
                yield from _containers(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _CONTAINERS and isinstance(value, list):
                for container in value:
                    if isinstance(container, dict) and isinstance(container.get("image"), str):
                        try:
                            yield str(container.get("name", "")), images.parse(container["image"])
                        except Refusal:
                            continue
            elif isinstance(value, dict | list) and key not in _ELSEWHERE:
                yield from _containers(value)
