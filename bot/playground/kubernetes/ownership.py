"""Who owns which field of an object: its `metadata.managedFields`, kept as API servers do.

Rules and format are structured-merge-diff's (`merge/update.go`, `fieldpath/serialize.go`) and those of apimachinery's
`managedfields`. A path is a tuple of the format's steps; a list that is merged by keys has its items as places of their
own (`.`), any other list is owned in one piece. Pure.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Path = tuple[str, ...]

_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "conditions": (("type",),),
    "containers": (("name",),),
    "env": (("name",),),
    "ephemeralContainers": (("name",),),
    "hostAliases": (("ip",),),
    "imagePullSecrets": (("name",),),
    "initContainers": (("name",),),
    "ownerReferences": (("uid",),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "volumeDevices": (("devicePath",),),
    "volumeMounts": (("mountPath",),),
    "volumes": (("name",),),
}
"""By which fields such lists are merged (`x-kubernetes-list-map-keys`), by the list's name."""
_DEFAULTS = {"protocol": "TCP"}
"""What servers put where a key is left out."""
_WHOLE = frozenset(
    (
        "configMapKeyRef", "fieldRef", "labelSelector", "namespaceSelector", "nodeSelector", "podSelector",
        "resourceFieldRef", "secretKeyRef", "selector",
    )
)  # fmt: skip
"""Maps that are owned in one piece (`x-kubernetes-map-type: atomic`)."""
_UNOWNED = frozenset(
    (
        "creationTimestamp", "deletionTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion",
        "selfLink", "uid",
    )
)  # fmt: skip
"""Metadata that belongs to the server (apimachinery, `managedfields/internal/stripmeta.go`)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A manager that applies what it declares (operation Apply), instead of changing what is there.

    With `forced`, it owns all of it from now on; else what others have taken from it stays theirs.
    """

    manager: str
    declared: Json
    forced: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, when, in which version of the API, and through which subresource."""

    manager: str | Applied
    at: str
    api_version: str
    part: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        if isinstance(self.manager, Applied):
            return self.manager.manager, "Apply", self.part
        return self.manager, "Update", self.part


def book(writer: Writer, before: Json, after: Json) -> list[Json]:
    """The entries once a write has turned one object into another; `before` is empty where there was none.

    What was changed is the writer's alone; what was taken away is nobody's, and leaves no trace of who did it.
    """
    old, new = (dict(_owned(manifest, writer.part)) for manifest in (before, after))
    taken = {path for path, value in new.items() if path not in old or old[path] != value}
    lost = taken | (old.keys() - new.keys())
    entries: list[Json] = before.get("metadata", {}).get("managedFields", [])
    own = next((each for each in entries if _key(each) == writer.key), None)
    had = _read(own["fieldsV1"]) if own else set()
    left = {_key(each): _read(each["fieldsV1"]) - lost for each in entries if each is not own}
    applied = writer.manager if isinstance(writer.manager, Applied) else None
    if applied is None:
        mine, is_news = (had - lost) | taken, bool(taken)
    else:
        others = set().union(*left.values())
        declared = dict(_owned(applied.declared, writer.part)).keys() & new.keys()
        mine = {path for path in declared if applied.forced or path in had | taken or path not in others}
        is_news = bool(lost) or mine != had
    left[writer.key] = mine
    kept = [each | {"fieldsV1": _written(left[_key(each)])} for each in entries if not (is_news and each is own)]
    newest = {
        "manager": writer.key[0],
        "operation": writer.key[1],
        "apiVersion": writer.api_version,
        "time": writer.at,
        "fieldsType": "FieldsV1",
        "fieldsV1": _written(mine),
    } | ({"subresource": writer.part} if writer.part else {})
    return [each for each in (*kept, *((newest,) if is_news else ())) if each["fieldsV1"]]


def without(manifest: Json, managers: str) -> Json:
    """The object without the fields that only managers of this prefix own, those of subresources aside.

    An item of a list in which others own anything stays, and stays known by its keys.
    """
    theirs, others = set(), set()
    for entry in manifest["metadata"].get("managedFields", []):
        paths = _read(entry["fieldsV1"])
        if entry["manager"].startswith(managers) and "subresource" not in entry:
            theirs |= paths
        else:
            others |= paths
    left = copy.deepcopy(manifest)
    held = {path[:length] for path in others for length in range(1, len(path))}
    whole = {path[:-1] if path[-1] == "." else path for path in theirs - others} - held
    for path in sorted(whole, key=len):
        if not _is_key(path):
            _remove(left, path)
    return left


def _key(entry: Json) -> tuple[str, str, str]:
    return entry["manager"], entry["operation"], entry.get("subresource", "")


def _owned(manifest: Json, part: str) -> Iterator[tuple[Path, Any]]:
    """Every path of an object that somebody may own through a subresource, with its value."""
    for name, value in manifest.items():
        if name == "metadata" and part != "status":
            yield from _leaves({key: each for key, each in value.items() if key not in _UNOWNED}, ("f:metadata",))
        elif name not in {"apiVersion", "kind", "metadata"} and (name == "status") == (part == "status"):
            yield from _leaves(value, (f"f:{name}",), name)


def _leaves(value: Any, path: Path, name: str = "") -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value and name not in _WHOLE:
        for key, each in value.items():
            yield from _leaves(each, (*path, f"f:{key}"), key)
    elif isinstance(value, list) and value and name == "finalizers":
        yield from (((*path, f"v:{json.dumps(each)}"), each) for each in value)
    elif isinstance(value, list) and (keys := _keys(name, value)):
        for each in value:
            item = (*path, _item(keys, each))
            yield (*item, "."), None
            yield from _leaves(each, item)
    elif value is not None and (value != {} or path != ("f:metadata",)):
        yield path, value


def _keys(name: str, items: Sequence[Any]) -> tuple[str, ...]:
    """The keys of a list's items; none where it is owned in one piece."""
    for keys in _KEYS.get(name, ()) if items else ():
        if all(isinstance(item, Mapping) and all(key in item or key in _DEFAULTS for key in keys) for item in items):
            return keys
    return ()


def _item(keys: Sequence[str], item: Mapping[str, Any]) -> str:
    named = {key: item.get(key, _DEFAULTS.get(key)) for key in keys}
    return "k:" + json.dumps(named, sort_keys=True, separators=(",", ":"))


def _read(fields: Mapping[str, Any], path: Path = ()) -> set[Path]:
    found: set[Path] = set()
    for step, below in fields.items():
        found |= _read(below, (*path, step)) if below else {(*path, step)}
    return found


def _written(paths: set[Path]) -> Json:
    root: Json = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
    return root


def _is_key(path: Path) -> bool:
    item, field = path[-2:] if len(path) > 1 else ("", "")
    return item.startswith("k:") and field.removeprefix("f:") in json.loads(item[2:])


def _remove(manifest: Json, path: Path) -> None:
    """Take away a field, or an item of a list; what is not there is gone already."""
    node: Any = manifest
    for step in path[:-1]:
        node = _below(node, step)
    last = path[-1]
    if isinstance(node, dict):
        node.pop(last.removeprefix("f:"), None)
    elif isinstance(node, list) and (found := _found(node, last)) is not None:
        node.remove(found)


def _below(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return node.get(step.removeprefix("f:"))
    return _found(node, step) if isinstance(node, list) else None


def _found(items: list[Any], step: str) -> Any:
    kind, _, text = step.partition(":")
    wanted = json.loads(text)
    if kind == "v":
        return next((each for each in items if each == wanted), None)
    return next((each for each in items if isinstance(each, dict) and _item(tuple(wanted), each) == step), None)
