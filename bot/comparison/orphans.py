"""Objects that were deployed for a target, and that Git no longer declares.

Where anything could not be looked at there is no verdict at all: what was not seen to be declared elsewhere, kept or
owned would be called an orphan wrongly. Knows no engine beyond what it says of itself, and reads nothing.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot.comparison.compare import compare
from bot.comparison.generated import stem
from bot.comparison.identity import Declared, declared, flatten, reference
from bot.comparison.ignoring import leaves_out
from bot.comparison.made import Makers, made, never_declared
from bot.comparison.marks import Marked, claimed_by_another, deployed_by, group_of
from bot.comparison.schema import section
from bot.comparison.secrets import is_one
from bot.model.rules import Ignore
from bot.model.sync import Deployed, Difference, Kind, Live, Manifest, ObjectRef, Severity

_KEPT = (
    ("argocd.argoproj.io/sync-options", "prune=false"),
    ("argocd.argoproj.io/compare-options", "ignoreextraneous"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ("helm.sh/resource-policy", "keep"),
    ("client.lifecycle.config.k8s.io/deletion", "detach"),
)
"""Annotations by which an object asks to be left in place; Flux reads its own as a label too."""


class Roll:
    """Objects that Git declares, to look others up in: the same object at whatever version or group.

    `anywhere` are such whose namespace nobody knows.
    """

    def __init__(self, refs: Iterable[ObjectRef], anywhere: Iterable[ObjectRef] = ()) -> None:
        listed = [(group_of(ref), ref.kind, ref.namespace, ref.name) for ref in refs]
        self._placed = frozenset(listed)
        # Whether a custom kind is cluster-wide, a render can't tell: Git may seem to place what has no namespace.
        self._named = frozenset((group, kind, name) for group, kind, _, name in listed)
        self._anywhere = frozenset((group_of(ref), ref.kind, ref.name) for ref in anywhere)

    def __contains__(self, ref: object) -> bool:
        if not isinstance(ref, ObjectRef):
            return False
        group = group_of(ref)
        named = (group, ref.kind, ref.name)
        unplaced = named in self._anywhere or (not ref.namespace and named in self._named)
        return unplaced or (group, ref.kind, ref.namespace, ref.name) in self._placed


@dataclass(frozen=True)
class Traces:
    """What is known of a target besides its live objects."""

    desired: Sequence[Manifest]
    namespace: str | None = None
    base: Sequence[Manifest] = ()
    """What Git declared as last deployed; empty where nobody knows."""
    is_deployed: bool | None = None
    """As in `compare_all`: True if `desired` was applied last, False if `base` was, None if nobody says."""
    deployed: Deployed | None = None
    elsewhere: Container[ObjectRef] = frozenset()
    """What all targets of the cluster declare: a `Roll`. It may hold this target's own."""
    secrets: bool = True
    """Whether Secrets are compared. If not, none is a candidate: `desired` may lack them."""

    @cached_property
    def own(self) -> tuple[Declared, ...]:
        return declared(self.desired, self.namespace)

    @cached_property
    def former(self) -> tuple[Declared, ...]:
        return declared(self.base, self.namespace) if self.base else ()

    @cached_property
    def engine(self) -> Deployed | None:
        """The engine, where all that it deployed is the target's, under the names that Git gives, from a known commit.

        One that has applied a commit which nobody here knows is ahead of us: it may deploy what Git's newest declares.
        """
        told = self.deployed
        if told is None or not told.alone or told.rewrites or told.busy:
            return None
        return None if told.revision and self.is_deployed is None else told

    @cached_property
    def roll(self) -> Roll:
        """What the target declares, hooks too. What names no namespace is where config or engine put it, else anywhere
        at all."""
        refs, anywhere = [], []
        engine_puts = self.deployed.namespace if self.deployed else ""
        for manifest in flatten(self.desired):
            for namespace in {self.namespace or "", engine_puts} - {""} or {""}:
                ref = reference(manifest, namespace or None)
                if ref is None:
                    continue
                refs.append(ref)
                if not namespace and not section(manifest, "metadata").get("namespace"):
                    anywhere.append(ref)
        return Roll(refs, anywhere)

    def gone(self, ref: ObjectRef) -> bool:
        """Whether Git declares an object nowhere any more, and did, or may have."""
        if ref in self.elsewhere or never_declared(ref) or ref in self.roll:  # the cheapest first: it is asked of all
            return False
        return self.secrets or not is_one(ref)

    def dropped(self, ref: ObjectRef) -> bool:
        """Whether an object that the engine deployed is gone from Git. It may make the namespace that it deploys to."""
        place = ObjectRef("v1", "Namespace", "", self.deployed.namespace if self.deployed else "")
        return ref != place and self.gone(ref)

    @cached_property
    def candidates(self) -> frozenset[ObjectRef]:
        """What the engine says it deployed, and what Git declared before, and is gone from Git."""
        listed = filter(self.dropped, (self.engine.inventory if self.engine else None) or ())
        former = filter(self.gone, (item.ref for item in self.former))
        return frozenset((*(ref for ref in listed if not self.substitutes), *former))

    @cached_property
    def substitutes(self) -> bool:
        """Whether the engine puts something else in place of names, so that none of its own can be found in Git."""
        return any("$" in item.ref.namespace or "$" in item.ref.name for item in self.own)


def candidates(traces: Traces, met: Collection[ObjectRef] = ()) -> frozenset[ObjectRef]:
    """The objects that may be orphans, to be read by name before `orphans` judges. `met` are known already
    (`Live.tracked`)."""
    return frozenset(ref for ref in traces.candidates if ref not in met)


def orphans(
    traces: Traces,
    live: Live,
    *,
    complete: bool,
    ignore: Sequence[Ignore] = (),
    marked: Marked | None = None,
) -> tuple[Difference, ...]:
    """Orphans, and removals that are not deployed yet (`pending`), sorted. What is kept on purpose is of severity info.

    `complete`: every object of the target was rendered, and listed or read. `live` holds the `candidates` that exist,
    in `objects` or `tracked`; `marked` are the latter, where several targets share them.
    """
    if not complete or any(ref in live.unchecked for ref in traces.candidates):
        return ()
    if live.unchecked and any(item.ref in live.unchecked for item in traces.own):
        return ()
    found = dict(_found(traces, live, marked))
    if not found:
        return ()
    makers = Makers([*traces.desired, *traces.base])
    former = Roll(item.ref for item in traces.former)
    applied = _is_applied(traces, live)
    heirs = {stem(item.ref): item.ref for item in traces.own}
    return tuple(
        _told(ref, metadata, heirs.get(stem(ref)), is_pending=not applied and (ref in former or not traces.base))
        for ref, metadata in sorted(found.items())
        if not (made(ref, metadata) or makers.make(ref) or any(leaves_out(rule, ref) for rule in ignore))
    )


def _found(traces: Traces, live: Live, marked: Marked | None) -> Iterator[tuple[ObjectRef, Mapping[str, Any]]]:
    """The candidates that are there and not another's, with their metadata: each once, whatever versions name it."""
    once: set[tuple[str, ...]] = set()
    for ref in (*sorted(traces.candidates), *_claimed(traces, live, marked)):
        manifest = live.objects.get(ref) or live.tracked.get(ref)
        key = (group_of(ref), ref.kind, ref.namespace, ref.name)
        if manifest is None or key in once:
            continue
        once.add(key)
        metadata = section(manifest, "metadata")
        if not metadata.get("deletionTimestamp") and not claimed_by_another(ref, metadata, traces.deployed):
            yield ref, metadata


def _claimed(traces: Traces, live: Live, marked: Marked | None) -> Iterator[ObjectRef]:
    """Objects that were met, whose marks say that the engine deployed them, and that are gone from Git."""
    engine = traces.engine
    if engine is None or not live.tracked:
        return
    for ref in (marked or Marked(live.tracked)).of(engine):
        metadata = section(live.tracked.get(ref, {}), "metadata")
        if deployed_by(ref, metadata, engine) and traces.dropped(ref) and not traces.substitutes:
            yield ref


def _is_applied(traces: Traces, live: Live) -> bool:
    """Whether Git's newest was applied: by an engine's word, else by any object that it changed."""
    if traces.is_deployed is not None:
        return traces.is_deployed
    if not traces.base:
        return True
    before = {item.ref: item.manifest for item in traces.former}
    for item in traces.own:
        there, then = live.objects.get(item.ref), before.get(item.ref)
        if there is None or then == item.manifest:
            continue
        if then is None or (_is(item.manifest, there, traces) and not _is(then, there, traces)):
            return True
    return False


def _is(manifest: Manifest, live: Manifest, traces: Traces) -> bool:
    return not any(each.kind is Kind.DRIFT for each in compare(manifest, live, namespace=traces.namespace))


def _told(ref: ObjectRef, metadata: Mapping[str, Any], heir: ObjectRef | None, *, is_pending: bool) -> Difference:
    kept = _kept(metadata)
    if is_pending:
        note = "Git no longer declares it; its removal is not deployed yet"
        return Difference(ref, Kind.PENDING, "", None, None, Severity.INFO, note=note)
    if kept:
        return Difference(ref, Kind.ORPHAN, "", None, None, Severity.INFO, note=f"kept on purpose ({kept})")
    note = f"{heir} took its place" if heir else ""
    return Difference(ref, Kind.ORPHAN, "", None, None, Severity.LOW, note=note)


def _kept(metadata: Mapping[str, Any]) -> str:
    """By which of its own annotations or labels an object is to stay; "" if by none."""
    said = {**section(metadata, "labels"), **section(metadata, "annotations")}
    for name, value in _KEPT:
        options = [option.strip() for option in str(said.get(name, "")).split(",")]
        for option in options:
            if option.lower() == value:
                return f"{name}: {option}"
    return ""
