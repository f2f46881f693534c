"""Desired objects against live ones: the differences, each with its class and severity, and what they amount to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.comparison.absent import absent, folded, unserved
from bot.comparison.autoscaling import Bounds, Scaled, bounds, scaled
from bot.comparison.fields import Fields
from bot.comparison.identity import Declared, declared, only_existence, skipped
from bot.comparison.memory import Memory
from bot.comparison.openapi import type_of
from bot.comparison.paths import Path, Places
from bot.comparison.schema import ANY, Type, section
from bot.comparison.secrets import is_one, nested
from bot.comparison.settled import settled
from bot.comparison.sides import Past
from bot.comparison.substitution import legible, substituted, unnamed
from bot.comparison.told import TERMINATING, Teller
from bot.comparison.walk import Found, walk
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Schemas, Severity, SyncState

_NO_CONTENT = frozenset(("apiVersion", "kind", "status"))
_PLACE = "namespace"
"""Where an object is found is its identity; a cluster-wide one may carry a namespace in Git."""
_DEEP = "too deeply nested to be compared"
_ODD = "not of the form that its kind has, so it can't be compared"


@dataclass(frozen=True)
class _Terms:
    """What holds for all objects of one comparison."""

    ignore: tuple[Ignore, ...] = ()
    former: Mapping[tuple[str, str, str, str], Manifest] = field(default_factory=dict)
    """What Git declared before."""
    has_base: bool = False
    is_deployed: bool | None = None
    schemas: Schemas | None = None
    types: dict[tuple[str, str], Type] = field(default_factory=dict)

    def type_of(self, ref: ObjectRef) -> Type:
        """What is known of a kind, less what is not compared of any."""
        if self.schemas is None:
            return _by_table(ref.api_version, ref.kind)
        found = self.types.get((ref.api_version, ref.kind))
        if found is None:
            found = self.types[ref.api_version, ref.kind] = _type_of(ref.api_version, ref.kind, self.schemas)
        return found


def _type_of(api_version: str, kind: str, schemas: Schemas | None) -> Type:
    group, _, version = api_version.rpartition("/")
    whole = type_of(group, version, kind, schemas)
    metadata = whole.of("metadata")
    fields = {**whole.fields, "metadata": replace(metadata, ignored=metadata.ignored | {_PLACE})}
    return replace(whole, fields=fields, ignored=whole.ignored | _NO_CONTENT)


@lru_cache(1000)
def _by_table(api_version: str, kind: str) -> Type:
    return _type_of(api_version, kind, None)


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
    terms = _Terms(tuple(ignore), schemas=schemas)
    return tuple(
        difference
        for item in declared([desired], namespace)
        for difference in _compared(terms, item, live, {}, autoscaled)
    )


def compare_all(  # noqa: PLR0913 - the sides, each by its name
    desired: Sequence[Manifest],
    live: Live,
    namespace: str | None = None,
    ignore: Sequence[Ignore] = (),
    *,
    base: Sequence[Manifest] | None = None,
    is_deployed: bool | None = None,
    schemas: Schemas | None = None,
    memory: Memory | None = None,
) -> tuple[Difference, ...]:
    """How a cluster differs from all that a target declares, in Git's order.

    `base` is what Git declared as last deployed, or as last seen in sync. `is_deployed`: an engine says that `desired`
    is what it applied last (True), or that `base` is (False); None: nobody says, and what objects tell of themselves
    decides. An object is missing only if the cluster was asked and said so: what is in `live.unchecked` is left out.
    With a `memory`, objects that have not changed since they were compared with the same are not compared again.
    """
    items = declared(desired, namespace)
    former = {_named(item.ref): item.manifest for item in declared(base or (), namespace)}
    terms = _Terms(tuple(ignore), former, base is not None, is_deployed, schemas)
    scalers = _scalers(items, live)
    found: list[Difference] = []
    for item in items:
        ref = item.ref
        there = live.objects.get(ref)
        if there is None or item.times > 1 or "${" in ref.name:
            found.extend(_without_look(terms, item, live, there))
            continue
        autoscaled = scalers.get(scaled(ref)) if scalers else None
        if memory is None:
            found.extend(_compared(terms, item, there, live.managed, autoscaled))
            continue
        given = (item.manifest, autoscaled, former.get(_named(ref)) if former else None, *_constant(terms))
        known = memory.recall(ref, there, given)
        if known is None:
            known = _compared(terms, item, there, live.managed, autoscaled)
            memory.keep(ref, there, given, known)
        found.extend(known)
    return folded(found, live)


def verdict(differences: Iterable[Difference]) -> SyncState:
    """What differences amount to: drifted, else unknown, else pending. Orphans and information are no finding."""
    states = {_amounts(difference) for difference in differences}
    return next(
        (state for state in (SyncState.DRIFTED, SyncState.UNKNOWN, SyncState.PENDING) if state in states),
        SyncState.SYNCED,
    )


def _amounts(difference: Difference) -> SyncState:
    kind, rank = difference.kind, difference.severity
    if kind is Kind.PENDING:
        return SyncState.PENDING
    if kind is Kind.UNKNOWN:
        return SyncState.UNKNOWN
    if rank is Severity.INFO or kind is Kind.ORPHAN:
        return SyncState.SYNCED
    if kind is Kind.CONFIG_ERROR:
        return SyncState.UNKNOWN
    is_slight = kind is Kind.UNDECLARED and rank is Severity.LOW
    return SyncState.SYNCED if is_slight else SyncState.DRIFTED


def _without_look(terms: _Terms, item: Declared, live: Live, there: Manifest | None) -> tuple[Difference, ...]:
    """What is to be told of an object that can't be compared with a live one."""
    ref = item.ref
    if why := unnamed(ref):
        return (Difference(ref, Kind.UNKNOWN, "", None, None, Severity.INFO, note=why),)
    if item.times > 1:
        return (Difference(ref, Kind.CONFIG_ERROR, "", f"declared {item.times} times", None, Severity.MEDIUM),)
    if live.unserved.get(ref):
        return (unserved(ref, live.unserved[ref]),)
    if there is not None or ref in live.unchecked:
        return ()
    is_new = terms.has_base and not terms.is_deployed and _named(ref) not in terms.former
    return absent(item, terms.ignore, is_new=is_new)


def _compared(
    terms: _Terms, item: Declared, live: Manifest, managed: Mapping[ObjectRef, bytes], autoscaled: Bounds | None
) -> tuple[Difference, ...]:
    annotations = section(section(item.manifest, "metadata"), "annotations")
    if annotations and (skipped(item.manifest) or only_existence(item.manifest)):
        return ()
    try:
        return _differences(terms, item, live, managed, autoscaled)
    except RecursionError:
        why = _DEEP
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        why = _ODD  # Git and custom resources may hold anything, and one object must not end the check of all others
    return (Difference(item.ref, Kind.UNKNOWN, "", None, None, Severity.INFO, note=why),)


def _differences(
    terms: _Terms, item: Declared, live: Manifest, managed: Mapping[ObjectRef, bytes], autoscaled: Bounds | None
) -> tuple[Difference, ...]:
    ref, desired, kind = item.ref, item.manifest, terms.type_of(item.ref)
    base = terms.former.get(_named(ref)) if terms.former else None
    ending = section(live, "metadata").get("deletionTimestamp")
    if not ending and (base is None or base == desired) and settled(kind, desired, live):
        return ()
    fields = Fields(managed.get(ref))
    teller = Teller(ref, live, fields, terms.ignore, autoscaled, _veiled(kind, desired, live))
    is_secret = is_one(ref)
    found = substituted(legible(_kept(kind, walk(kind, desired, live), fields), desired), secret=is_secret)
    past = Past(
        kind,
        desired,
        live,
        fields,
        base,
        teller.matters,
        has_base=terms.has_base,
        is_deployed=terms.is_deployed,
    )
    told = [difference for each in past.judged(found) if (difference := teller.told(each)) is not None]
    if ending:
        told.append(_ending(ref, ending))
    return tuple(sorted(told, key=lambda difference: difference.path))


def _kept(kind: Type, found: Iterable[Found], fields: Fields) -> Iterator[Found]:
    """What is not live since the server does not keep it is no drift: nobody took it away, and no sync brings it.

    Keys that anybody may choose (of labels, of a ConfigMap) it keeps always: there the record alone, which whoever
    writes the object may write too, proves nothing.
    """
    for each in found:
        is_gone = each.kind is Kind.DRIFT and each.have is None and each.want is not None
        if is_gone and _is_field(kind, each.path) and fields.unkept(each.path):
            yield replace(each, kind=Kind.CONFIG_ERROR, unkept=True)
        else:
            yield each


def _is_field(kind: Type, path: Path) -> bool:
    """Whether a place bears a name that its API gives it."""
    for step in path[:-1]:
        kind = kind.of(step) if isinstance(step, str) else kind.items or ANY
    return isinstance(path[-1], str) and kind.values is None


def _veiled(kind: Type, desired: Manifest, live: Manifest) -> Places:
    """Where a custom resource holds Secrets."""
    return Places(path for side in (desired, live) for path in nested(side)) if kind.custom else Places(())


def _ending(ref: ObjectRef, since: object) -> Difference:
    return Difference(
        ref,
        Kind.UNDECLARED,
        "metadata.deletionTimestamp",
        None,
        str(since),
        Severity.INFO,
        pointer="/metadata/deletionTimestamp",
        note=TERMINATING,
    )


def _scalers(items: Iterable[Declared], live: Live) -> Mapping[Scaled, Bounds]:
    scalers = [item.ref for item in items if item.ref.kind == "HorizontalPodAutoscaler"]
    manifests = {item.ref: item.manifest for item in items if item.ref in set(scalers)} if scalers else {}
    return bounds((ref, live.objects.get(ref, manifests[ref])) for ref in scalers if ref.group == "autoscaling")


def _constant(terms: _Terms) -> tuple[object, ...]:
    return terms.ignore, terms.has_base, terms.is_deployed, terms.schemas


def _named(ref: ObjectRef) -> tuple[str, str, str, str]:
    """An object whatever the version of its API."""
    return ref.group, ref.kind, ref.namespace, ref.name
