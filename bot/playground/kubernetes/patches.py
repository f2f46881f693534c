"""The patches clients send, applied to objects as JSON; every function returns a new object and keeps its arguments.

Merge keys are those of the API's Go types (`patchMergeKey`); a list without one is replaced whole.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch

_MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port"),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_PRIMITIVE_MERGE = ("finalizers",)
_ABSENT = object()


class BadPatchError(ValueError):
    """The patch can't be applied to this object; the sentence is for the client."""


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902."""
    try:
        return jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, LookupError, TypeError, ValueError) as error:
        raise BadPatchError(f"the JSON patch can't be applied: {type(error).__name__}") from error


def strategic_merge_patch(target: Any, patch: Any) -> Any:
    """What kubectl sends: a merge patch whose lists are matched by key, with `$patch`, `$retainKeys` and the like."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    merged = dict(target) if isinstance(target, Mapping) else {}
    retained = patch.get("$retainKeys")
    for key, value in patch.items():
        if key.startswith(("$setElementOrder/", "$deleteFromPrimitiveList/")) or key in {"$patch", "$retainKeys"}:
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, list):
            merged[key] = _patch_list(key, merged.get(key) or [], value, patch.get(f"$setElementOrder/{key}"))
        else:
            merged[key] = strategic_merge_patch(merged.get(key), value)
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            merged[name] = [item for item in merged.get(name) or [] if item not in value]
        elif key.startswith("$setElementOrder/") and (name := key.partition("/")[2]) in merged and name not in patch:
            merged[name] = _ordered(name, merged[name], value)
    if isinstance(retained, list):
        merged = {key: value for key, value in merged.items() if key in retained}
    return merged


def three_way(old: Any, new: Any, live: Any, *, heal: bool = False, field: str = "") -> Any:
    """Live, with what changed from `old` to `new` applied; with `heal`, with everything that `new` declares applied.

    What neither declares is left as it is, as a GitOps controller without pruning of fields does.
    """
    if isinstance(new, Mapping) and isinstance(live, Mapping):
        before = old if isinstance(old, Mapping) else {}
        merged = {key: value for key, value in live.items() if key in new or key not in before}
        for key, value in new.items():
            if heal or key not in before or before[key] != value:
                merged[key] = three_way(before.get(key), value, live.get(key, _ABSENT), heal=heal, field=key)
        return merged
    if isinstance(new, list) and isinstance(live, list):
        key_of = merge_key(field, [*new, *live])
        if key_of:
            return _three_way_list(old if isinstance(old, list) else [], new, live, key_of, heal=heal)
    return copy.deepcopy(new)


def merge_key(field: str, items: Sequence[Any]) -> str | None:
    """The field by which items of such a list are the same one; None if the list is one value."""
    for key in _MERGE_KEYS.get(field, ()):
        if all(isinstance(item, Mapping) and key in item for item in items):
            return key
    return None


def _three_way_list(old: list[Any], new: list[Any], live: list[Any], key: str, *, heal: bool) -> list[Any]:
    if any(len({item[key] for item in side}) < len(side) for side in (new, live)):
        return copy.deepcopy(new)  # two items of one key (53/TCP and 53/UDP): no telling them apart
    before = {item[key]: item for item in old if isinstance(item, Mapping) and key in item}
    current = {item[key]: item for item in live}
    declared = {item[key] for item in new}
    merged = [
        three_way(before.get(item[key]), item, current.get(item[key], _ABSENT), heal=heal)
        for item in new
        if item[key] in current or heal or before.get(item[key]) != item
    ]
    return merged + [item for item in live if item[key] not in declared and item[key] not in before]


def _patch_list(field: str, current: list[Any], patch: list[Any], order: Any) -> list[Any]:
    if field in _PRIMITIVE_MERGE and not any(isinstance(item, Mapping) for item in patch):
        return [*current, *(item for item in patch if item not in current)]
    directives = [item for item in patch if isinstance(item, Mapping) and "$patch" in item]
    if any(item["$patch"] == "replace" for item in directives):
        return [copy.deepcopy(item) for item in patch if item not in directives]
    key = merge_key(field, [*current, *patch])
    if key is None:
        return copy.deepcopy(patch)
    merged = {item[key]: item for item in current}
    for item in patch:
        if item.get("$patch") == "delete":
            merged.pop(item[key], None)
        else:
            merged[item[key]] = strategic_merge_patch(merged.get(item[key]), item)
    return _ordered(field, list(merged.values()), order) if isinstance(order, list) else list(merged.values())


def _ordered(field: str, items: list[Any], order: Any) -> list[Any]:
    if not isinstance(order, list):
        return items
    key = merge_key(field, [*items, *order])
    wanted = [item[key] if key else item for item in order]
    place = {value: index for index, value in enumerate(wanted)}
    return sorted(items, key=lambda item: place.get(item[key] if key else item, len(place)))
