"""Plays the controllers: moves the status of workloads towards their spec over a few seconds.

There are no pods. A rollout is a function of how long ago its spec was written, so tests finish it at once; an image
whose tag contains `broken` never becomes ready and passes its deadline.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Problem, Store

Json = dict[str, Any]

SECONDS = 8.0
"""How long a rollout takes."""
NOTICED = 0.4
"""How long a controller takes to see a new spec."""
DEADLINE = 16.0
"""How long a broken rollout may go on: real ones get ten minutes, nobody watches a demonstration for that long."""
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "PersistentVolumeClaim", "Pod")


@dataclass(frozen=True, slots=True)
class _Rollout:
    """The spec that is being rolled out, since when, and how many replicas were ready before."""

    generation: int
    template: str
    began: datetime
    ready: int
    new_template: bool
    revision: int


class Rollouts:
    """The rollouts of one cluster. `step` is called again and again, or once with `finish`."""

    def __init__(self, objects: Store, now: Callable[[], datetime]) -> None:
        self._objects, self._now = objects, now
        self._running: dict[str, _Rollout] = {}

    def step(self, *, finish: bool = False) -> None:
        """Write what controllers would have written by now; with `finish`, what they would in the end."""
        with self._objects.lock:
            for kind in self._objects.served:
                if kind.kind in _WORKLOADS:
                    for manifest in self._objects.all(kind):
                        self._advance(kind, manifest, finish=finish)

    def _advance(self, kind: Kind, manifest: Json, *, finish: bool) -> None:
        metadata = manifest["metadata"]
        rollout = self._rollout(manifest)
        elapsed = (self._now() - rollout.began).total_seconds()
        if elapsed < NOTICED and not finish:
            return
        status = _status(kind.kind, manifest, rollout, float("inf") if finish else elapsed, self._now())
        where = (kind, metadata.get("namespace", ""), metadata["name"])
        try:
            if kind.kind == "Deployment":
                self._objects.edit(*where, lambda live: _with_revision(live, rollout.revision))
            self._objects.edit(*where, lambda live: {**live, "status": status}, part="status", manager="controllers")
        except Problem:
            return  # an object that a test made invalid on purpose keeps its status

    def _rollout(self, manifest: Json) -> _Rollout:
        metadata, spec = manifest["metadata"], manifest.get("spec", {})
        generation = metadata.get("generation", 1)
        known = self._running.get(metadata["uid"])
        if known and known.generation == generation:
            return known
        template = json.dumps(spec.get("template"), sort_keys=True)
        new = known is None or known.template != template
        ready = manifest.get("status", {}).get("readyReplicas", 0)
        revision = (known.revision if known else 0) + int(new)
        rollout = _Rollout(generation, template, self._now(), ready, new, revision)
        self._running[metadata["uid"]] = rollout
        return rollout


def broken(manifest: Json) -> bool:
    spec = manifest.get("spec", {})
    pod = spec.get("template", {}).get("spec", spec)
    return any(
        "broken" in str(container.get("image", "")).rpartition(":")[2] for container in pod.get("containers", [])
    )


def _with_revision(live: Json, revision: int) -> Json:
    live["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = str(revision)
    return live


def _status(kind: str, manifest: Json, rollout: _Rollout, elapsed: float, now: datetime) -> Json:
    if kind == "PersistentVolumeClaim":
        requests = manifest["spec"].get("resources", {}).get("requests", {})
        return {"phase": "Bound", "accessModes": manifest["spec"].get("accessModes", []), "capacity": requests}
    if kind == "Pod":
        return {"phase": "Pending" if broken(manifest) else "Running"}
    if kind == "Job":
        return _job(manifest, rollout, elapsed, now)
    wanted = 1 if kind == "DaemonSet" else manifest["spec"].get("replicas", 1)
    share = min(1.0, elapsed / SECONDS)
    bad = broken(manifest)
    if bad:
        updated, ready = min(1, wanted), min(rollout.ready, wanted) if rollout.new_template else 0
    elif rollout.new_template:
        updated = int(share * wanted)
        ready = updated + max(0, min(rollout.ready, wanted) - updated)
    else:
        updated = ready = rollout.ready + int(share * (wanted - rollout.ready))
    if kind == "DaemonSet":
        return _daemons(rollout, wanted, updated, ready)
    status = {"observedGeneration": rollout.generation, "replicas": max(ready, updated), "readyReplicas": ready}
    if kind == "ReplicaSet":
        return _present({**status, "availableReplicas": ready, "fullyLabeledReplicas": max(ready, updated)})
    status |= {"updatedReplicas": updated, "availableReplicas": ready, "unavailableReplicas": wanted - ready}
    if kind == "StatefulSet":
        done = updated == ready == wanted
        revisions = {"currentRevision": f"r{rollout.revision - (not done)}", "updateRevision": f"r{rollout.revision}"}
        counts = {"currentReplicas": updated if done else max(0, wanted - updated), "collisionCount": 0}
        del status["unavailableReplicas"]
        return _present(status) | revisions | counts
    late = bad and elapsed > DEADLINE
    return _present(status) | {"conditions": _conditions(manifest, ready, wanted, updated, late=late, now=now)}


def _present(status: Json) -> Json:
    """Counts of zero are absent from real answers (`omitempty`)."""
    return {key: value for key, value in status.items() if value != 0}


def _conditions(manifest: Json, ready: int, wanted: int, updated: int, *, late: bool, now: datetime) -> list[Json]:
    enough = ready >= wanted - wanted // 4
    available = ("True", "MinimumReplicasAvailable") if enough else ("False", "MinimumReplicasUnavailable")
    if late:
        progress = ("False", "ProgressDeadlineExceeded")
    elif ready == updated == wanted:
        progress = ("True", "NewReplicaSetAvailable")
    else:
        progress = ("True", "ReplicaSetUpdated")
    before = {known["type"]: known for known in manifest.get("status", {}).get("conditions", [])}
    return [
        _condition(before.get(kind), kind, *state, now)
        for kind, state in (("Available", available), ("Progressing", progress))
    ]


def _condition(before: Json | None, kind: str, status: str, reason: str, now: datetime) -> Json:
    if before and (before["status"], before["reason"]) == (status, reason):
        return before
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    moved = before["lastTransitionTime"] if before and before["status"] == status else at
    return {"type": kind, "status": status, "reason": reason, "lastUpdateTime": at, "lastTransitionTime": moved}


def _daemons(rollout: _Rollout, wanted: int, updated: int, ready: int) -> Json:
    return {
        "observedGeneration": rollout.generation, "desiredNumberScheduled": wanted, "currentNumberScheduled": wanted,
        "numberMisscheduled": 0, "numberReady": ready, "numberAvailable": ready, "updatedNumberScheduled": updated,
    }  # fmt: skip


def _job(manifest: Json, rollout: _Rollout, elapsed: float, now: datetime) -> Json:
    began = rollout.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if manifest["spec"].get("suspend"):
        return {"conditions": [_condition(None, "Suspended", "True", "JobSuspended", rollout.began)]}
    if elapsed < SECONDS:
        return {"startTime": began, "active": 1}
    if "completionTime" in manifest.get("status", {}) or "failed" in manifest.get("status", {}):
        return dict(manifest["status"])
    if broken(manifest):
        failed = _condition(None, "Failed", "True", "BackoffLimitExceeded", now)
        return {"startTime": began, "failed": 1, "conditions": [failed]}
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = _condition(None, "Complete", "True", "CompletionsReached", now)
    return {
        "startTime": began,
        "completionTime": at,
        "succeeded": manifest["spec"].get("completions", 1),
        "conditions": [done],
    }
