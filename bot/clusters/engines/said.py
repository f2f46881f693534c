"""What engines' objects say, read with care: half-written and hand-written ones are met as well."""

import re
from collections.abc import Mapping
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Manifest, ObjectRef

_COMMIT = re.compile(r"[0-9a-f]{40}")


def commit(value: object) -> str | None:
    """A full commit id, None for anything else: a chart's version, an artifact's digest, a branch."""
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else None


def within(manifest: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A mapping some levels down; empty where there is none."""
    for name in path:
        manifest = section(manifest, name)
    return manifest


def entries(value: object) -> tuple[Mapping[str, Any], ...]:
    """The mappings of a list; none where it is no list."""
    return tuple(each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def reference(manifest: Manifest) -> ObjectRef:
    metadata = section(manifest, "metadata")
    version, kind = text(manifest.get("apiVersion")), text(manifest.get("kind"))
    return ObjectRef(version, kind, text(metadata.get("namespace")), text(metadata.get("name")))
