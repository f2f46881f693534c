"""Two renders of the same folders side by side: what a change does to the objects in the cluster.

Values of Secrets are never shown, only that they differ. Knows nothing of Git, nor of what a cluster holds.
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import yaml

from bot.comparison.generated import stem
from bot.comparison.identity import flatten, reference
from bot.comparison.schema import section
from bot.comparison.showing import AFTER, BEFORE
from bot.model.sync import Manifest, ObjectRef

MASK = "***"
_SHOWN = (("apiVersion",), ("kind",), ("type",), ("immutable",))
_SHOWN_OF_METADATA = tuple(("metadata", name) for name in ("name", "generateName", "namespace", "labels"))
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Changed:
    """An object that comes, goes or becomes another: its name for people, and a diff of its YAML."""

    object: str
    diff: str


def changes(before: Iterable[Manifest], after: Iterable[Manifest], namespace: str | None) -> tuple[Changed, ...]:
    """What differs between two renders, in the order of the later one; what goes comes last.

    Generated objects, which have another name for other content, are shown as one that changes.
    """
    old, new = _named(before, namespace), _named(after, namespace)
    pairs = [(name, former, old.get(former), new[name]) for name, former in _formerly(old, new)]
    gone = [(name, name, old[name], None) for name in old if name not in {former for _, former, *_ in pairs}]
    return tuple(
        Changed(_titled(name, one, other), _diff(one or {}, other or {}))
        for name, _, one, other in (*pairs, *gone)
        if (one or {}) != (other or {})
    )


def _named(manifests: Iterable[Manifest], namespace: str | None) -> dict[ObjectRef, Manifest]:
    """Objects by identity. Those that the server names are told apart by their order."""
    found: dict[ObjectRef, Manifest] = {}
    count: Counter[ObjectRef] = Counter()
    for manifest in flatten(manifests):
        metadata = section(manifest, "metadata")
        named = {**metadata, "name": metadata.get("name") or f"{metadata.get('generateName', '')}…"}
        ref = reference({**manifest, "metadata": named}, namespace)
        if ref is not None:
            count[ref] += 1
            same = ObjectRef(
                ref.group, ref.kind, ref.namespace, ref.name + (f" ({count[ref]})" if count[ref] > 1 else "")
            )
            found[same] = manifest
    return found


def _formerly(
    old: Mapping[ObjectRef, Manifest], new: Mapping[ObjectRef, Manifest]
) -> Iterator[tuple[ObjectRef, ObjectRef]]:
    """Each later object and which former one it is; itself where there was none."""
    lost = {stem(name): name for name in old if name not in new}
    for name in new:
        yield name, name if name in old else lost.pop(stem(name), name)


def _titled(name: ObjectRef, before: Manifest | None, after: Manifest | None) -> str:
    return f"{name}{' (new)' if before is None else ' (removed)' if after is None else ''}"


def _diff(before: Manifest, after: Manifest) -> str:
    """A unified diff, without the numbers of lines, which tell nothing here: a gap is a line with an ellipsis."""
    old, new = (
        _lines(_veiled(one, other, mark)) for one, other, mark in ((before, after, BEFORE), (after, before, AFTER))
    )
    shown = list(difflib.unified_diff(old, new, lineterm="", n=_CONTEXT))[3:]
    return "\n".join(" …" if line.startswith("@@") else line for line in shown)


def _veiled(value: Any, other: Any, mark: str, path: tuple[str, ...] | None = None) -> Any:
    """The value as it may be shown beside another. `path` leads there from the Secret that it stands in, if in one."""
    if isinstance(value, Mapping):
        if value.get("kind") == "Secret" and "/" not in str(value.get("apiVersion", "")):
            path = ()
        beside = other if isinstance(other, Mapping) else {}
        return {
            key: _veiled(each, beside.get(key), mark, None if path is None else (*path, str(key)))
            for key, each in value.items()
        }
    if isinstance(value, list):
        others = other if isinstance(other, list) else []
        return [_veiled(each, twin, mark, path) for each, twin in zip_longest(value, others[: len(value)])]
    if path is None or path[:1] in _SHOWN or path[:2] in _SHOWN_OF_METADATA:
        return value
    return MASK if other is None or other == value else mark


def _lines(manifest: Any) -> list[str]:
    if not manifest:
        return []
    dumped: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return dumped.splitlines()


class _Dumper(yaml.CSafeDumper):
    """Texts of several lines stay so."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
