"""What controllers, scheduler and kubelet make in one cluster, beside the objects that were written.

ReplicaSets, pods and events of workloads follow from these; a write to one of them is not possible, but for deleting a
pod, which another takes the place of.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from bot.playground.kubernetes import containers, kubelet
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Objects, Problem, Store
from bot.playground.kubernetes.rollout import Rollouts

Json = dict[str, Any]

KINDS = frozenset((("", "Pod"), ("apps", "ReplicaSet"), ("", "Event")))
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")


class Made:
    """Of one cluster. Threads may share it."""

    def __init__(self, objects: Objects, rollouts: Rollouts, now: Callable[[], datetime]) -> None:
        self._objects, self._rollouts, self._now = objects, rollouts, now
        self._deleted: set[str] = set()

    def all(self, kind: Kind, namespace: str | None) -> list[Json]:
        """Every object of a kind, written or made, by namespace and name."""
        written = self._objects.all(kind, namespace)
        if (kind.group, kind.kind) not in KINDS:
            return written
        names = {_place(each) for each in written}
        made = [each for each in self._made(kind, namespace) if _place(each) not in names]
        return sorted([*written, *made], key=_place)

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """Problem 404 where there is none."""
        found = self._objects.find(kind, namespace, name)
        if found is None and (kind.group, kind.kind) in KINDS:
            found = next((each for each in self._made(kind, namespace) if each["metadata"]["name"] == name), None)
        return self._objects.get(kind, namespace, name) if found is None else found

    def delete(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """Take a pod away that a controller made, which makes another; None where it is none."""
        if self._objects.find(kind, namespace, name) is not None or kind.kind != "Pod":
            return None
        found = self.get(kind, namespace, name)
        self._deleted.add(name)
        return found

    def changes(self, kind: Kind, namespace: str | None, known: dict[str, Json]) -> Iterator[tuple[str, Json]]:
        """What of the made ones came, changed or went; `known` is brought up to date."""
        if (kind.group, kind.kind) not in KINDS:
            return
        now = {"/".join(_place(each)): each for each in self._made(kind, namespace)}
        for name in known.keys() - now.keys():
            yield "DELETED", known.pop(name)
        for name, each in now.items():
            if known.get(name) != each:
                yield ("MODIFIED" if name in known else "ADDED"), each
        known |= now

    def log(self, namespace: str, name: str, query: Any) -> str:
        """What a pod's container wrote, as `kubectl logs` asks for it."""
        kind = self._objects.served.of("v1", "Pod")
        if kind is None:
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        pod = self.get(kind, namespace, name)
        lines = containers.log(pod, query.get("container", ""), previous=query.get("previous") in {"true", "1"})
        if query.get("tailLines"):
            lines = lines[-int(query["tailLines"]) or len(lines) :]
        text = "".join(f"{line}\n" for line in lines)
        return text[: int(query["limitBytes"])] if query.get("limitBytes") else text

    def _made(self, kind: Kind, namespace: str | None) -> Iterator[Json]:
        with self._objects.lock:
            if kind.kind == "Event":
                pods = self._objects.served.of("v1", "Pod")
                for pod in self.all(pods, namespace) if pods else ():
                    yield from kubelet.events(pod, self._now())
                return
            for workload in self._workloads(namespace):
                rollout, elapsed = self._rollouts.of(workload)
                if kind.kind == "Pod":
                    yield from kubelet.pods(workload, rollout, elapsed, self._deleted)
                elif workload["kind"] == "Deployment":
                    yield from kubelet.replica_sets(workload, rollout)

    def _workloads(self, namespace: str | None) -> Iterator[Json]:
        for kind in self._objects.served:
            if kind.group in {"apps", "batch"} and kind.kind in _WITH_PODS:
                yield from self._objects.all(kind, namespace)


def pods_of(workload: Json, rollouts: Rollouts, objects: Store) -> list[Json]:
    """The pods of one workload, for whoever shows it."""
    with objects.lock:
        return list(kubelet.pods(workload, *rollouts.of(workload)))


def _place(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
