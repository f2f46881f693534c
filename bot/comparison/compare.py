"""Desired objects against live ones: the differences, each with its class and severity, and what they amount to."""

from collections.abc import Iterator, Sequence

from bot.comparison import severity
from bot.comparison.autoscaling import Bounds, bounds, scaled
from bot.comparison.identity import Declared, declared, only_existence, skipped
from bot.comparison.openapi import type_of
from bot.comparison.paths import spell, under
from bot.comparison.schema import section
from bot.comparison.secrets import hides
from bot.comparison.showing import AFTER, BEFORE, pair
from bot.comparison.walk import Found, walk
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Schemas, Severity, SyncState

_IDENTITY = frozenset(("apiVersion", "kind", "status"))


def compare(
    desired: Manifest,
    live: Manifest,
    *,
    namespace: str | None = None,
    ignore: Sequence[Ignore] = (),
    autoscaled: Bounds | None = None,
    schemas: Schemas | None = None,
) -> tuple[Difference, ...]:
    """How a live object differs from the one in Git that bears its name; sorted by path.

    `autoscaled` are the bounds of an autoscaler that sets the object's replicas. An object that Git itself excludes
    (a hook, a mark such as Flux's `ssa: Ignore`) has no differences.
    """
    return tuple(
        difference
        for item in declared([desired], namespace)
        for difference in _differences(item.ref, item.manifest, live, ignore, autoscaled, schemas)
    )


def compare_all(
    desired: Sequence[Manifest],
    live: Live,
    namespace: str | None = None,
    ignore: Sequence[Ignore] = (),
    *,
    base: Sequence[Manifest] | None = None,
    is_deployed: bool | None = None,
    schemas: Schemas | None = None,
) -> tuple[Difference, ...]:
    """How a cluster differs from all that a target declares, in Git's order.

    An object is missing only if the cluster was asked and said so: what is in `live.unchecked` is left out here.
    """
    items = declared(desired, namespace)
    scalers = bounds((item.ref, live.objects.get(item.ref, item.manifest)) for item in items if _scales(item.ref))
    found: list[Difference] = []
    for item in items:
        if item.times > 1:
            why = f"declared {item.times} times"
            found.append(Difference(item.ref, Kind.CONFIG_ERROR, "", why, None, Severity.MEDIUM))
        elif item.ref in live.objects:
            autoscaled = scalers.get(scaled(item.ref))
            found.extend(_differences(item.ref, item.manifest, live.objects[item.ref], ignore, autoscaled, schemas))
        elif item.ref not in live.unchecked:
            found.extend(_missing(item, ignore))
    return tuple(found)


def verdict(differences: Sequence[Difference]) -> SyncState:
    """What differences amount to. Never PENDING: that takes knowing what was deployed last."""
    if any(_counts(difference) for difference in differences):
        return SyncState.DRIFTED
    if any(difference.kind is Kind.CONFIG_ERROR for difference in differences):
        return SyncState.UNKNOWN
    return SyncState.SYNCED


def _counts(difference: Difference) -> bool:
    if difference.kind is Kind.UNDECLARED:
        return difference.severity in {Severity.HIGH, Severity.MEDIUM}
    return difference.kind in {Kind.DRIFT, Kind.MISSING}


def _differences(
    ref: ObjectRef,
    desired: Manifest,
    live: Manifest,
    ignore: Sequence[Ignore],
    autoscaled: Bounds | None,
    schemas: Schemas | None,
) -> Iterator[Difference]:
    if skipped(desired) or only_existence(desired):
        return
    want, have = ({name: manifest[name] for name in manifest if name not in _IDENTITY} for manifest in (desired, live))
    # Where the object is found is its identity; a cluster-wide one may carry a namespace in Git.
    for manifest in (want, have):
        metadata = section(manifest, "metadata").items()
        manifest["metadata"] = {name: value for name, value in metadata if name != "namespace"}
    kind = type_of(ref.group, ref.api_version.rpartition("/")[2], ref.kind, schemas)
    for found in sorted(walk(kind, want, have), key=lambda found: spell(found.path)):
        by_scaler = autoscaled is not None and found.path == ("spec", "replicas") and found.have in autoscaled
        if not by_scaler and not any(_ignored(rule, ref, found) for rule in ignore):
            yield _told(ref, found)


def _missing(item: Declared, ignore: Sequence[Ignore]) -> Iterator[Difference]:
    """An object that is not there, unless it is one that goes by itself or that Git or a rule leaves out."""
    spec = section(item.manifest, "spec")
    goes_by_itself = item.ref.kind == "Job" and spec.get("ttlSecondsAfterFinished") is not None
    left_out = any(not rule.path and _concerns(rule, item.ref) for rule in ignore)
    if not (goes_by_itself or left_out or skipped(item.manifest)):
        yield Difference(item.ref, Kind.MISSING, "", None, None, severity.of_missing(item.ref))


def _told(ref: ObjectRef, found: Found) -> Difference:
    if hides(ref, found.path):
        want = None if found.want is None else BEFORE
        have = None if found.have is None else AFTER
    else:
        want, have = pair(found.want, found.have)
    note = f"field pruned: the API {ref.api_version} of this cluster does not know it" if found.dropped else ""
    return Difference(ref, found.kind, spell(found.path), want, have, severity.of(ref, found), note=note)


def _ignored(rule: Ignore, ref: ObjectRef, found: Found) -> bool:
    return _concerns(rule, ref) and under(found.path, rule.path)


def _concerns(rule: Ignore, ref: ObjectRef) -> bool:
    return rule.kind in {"", ref.kind} and rule.name in {"", ref.name}


def _scales(ref: ObjectRef) -> bool:
    return (ref.group, ref.kind) == ("autoscaling", "HorizontalPodAutoscaler")
