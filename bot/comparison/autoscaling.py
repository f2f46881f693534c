"""Replicas that a HorizontalPodAutoscaler sets: no drift while they are within its bounds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.comparison.schema import section
from bot.model.sync import Manifest, ObjectRef

Scaled = tuple[str, str, str, str]
"""Group, kind, namespace, name: the version may differ, as HPAs name any that is served."""


@dataclass(frozen=True, slots=True)
class Bounds:
    least: int
    most: int

    def __contains__(self, replicas: object) -> bool:
        return isinstance(replicas, int) and self.least <= replicas <= self.most


def bounds(autoscalers: Iterable[tuple[ObjectRef, Manifest]]) -> Mapping[Scaled, Bounds]:
    """What each autoscaler may make of its target, which is in its own namespace."""
    found = {}
    for ref, manifest in autoscalers:
        spec = section(manifest, "spec")
        target = section(spec, "scaleTargetRef")
        least, most = spec.get("minReplicas"), spec.get("maxReplicas")
        least = 1 if least is None else least
        if isinstance(least, int) and isinstance(most, int):
            group = str(target.get("apiVersion", "")).rpartition("/")[0]
            found[group, str(target.get("kind")), ref.namespace, str(target.get("name"))] = Bounds(least, most)
    return found


def scaled(ref: ObjectRef) -> Scaled:
    """An object as autoscalers name it."""
    return ref.group, ref.kind, ref.namespace, ref.name
