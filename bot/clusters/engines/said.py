"""What engines' objects say, read with care: half-written and hand-written ones are met as well."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.comparison.schema import section
from bot.model.sync import Manifest, ObjectRef

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"(?:.*@)?sha1:([0-9a-f]{40})|(?:.+/)?([0-9a-f]{40})")


def commit(value: object) -> str | None:
    """A full commit id, None for anything else: a chart's version, an artifact's digest, a branch."""
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else None


def commit_of(revision: object) -> str | None:
    """The commit of a revision as Flux writes it: `main@sha1:<commit>`, before Flux 2.0 `main/<commit>`."""
    found = _REVISION.fullmatch(text(revision))
    return commit(found.group(1) or found.group(2)) if found else None


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


def moment(value: object) -> datetime | None:
    """A time as API servers write it; None for anything else."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def written(manifest: Manifest, *path: str) -> datetime | None:
    """When somebody who manages a field wrote last, by the object's `managedFields`; None if nobody can tell.

    Of several fields that one client manages, it is not told which it wrote.
    """
    fields = tuple(f"f:{name}" for name in path)
    owners = (
        each
        for each in entries(section(manifest, "metadata").get("managedFields"))
        if fields[-1] in within(section(each, "fieldsV1"), *fields[:-1]) and each.get("subresource") != "status"
    )
    return max((at for each in owners if (at := moment(each.get("time")))), default=None)


def reference(manifest: Manifest) -> ObjectRef:
    metadata = section(manifest, "metadata")
    version, kind = text(manifest.get("apiVersion")), text(manifest.get("kind"))
    return ObjectRef(version, kind, text(metadata.get("namespace")), text(metadata.get("name")))
