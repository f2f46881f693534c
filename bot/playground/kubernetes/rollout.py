"""Plays the controllers: moves the status of workloads towards their spec over a few seconds.

A rollout is a function of how long ago its spec was written, so tests finish it at once; its pods are `kubelet.py`'s.
An image whose tag contains `broken` can't be pulled, one with `crash` starts and falls: neither becomes ready, and the
rollout passes its deadline.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.playground.kubernetes import containers
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.objects import Problem, Store

Json = dict[str, Any]

SECONDS = 6.0
"""How long a rollout takes."""
NOTICED = 0.4
"""How long a controller takes to see a new spec."""
DEADLINE = 8.0
"""How long a broken rollout may go on: real ones get ten minutes, nobody watches a demonstration for that long."""
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "PersistentVolumeClaim", "Pod")


@dataclass(frozen=True, slots=True)
class Rollout:
    """The spec that is being rolled out, since when, and how many replicas were ready before."""

    generation: int
    template: str
    began: datetime
    ready: int
    new_template: bool
    revision: int
    previous: str = ""
    """The template before this one; "" if nobody knows of any."""


class Rollouts:
    """The rollouts of one cluster. `step` is called again and again, or once with `finish`."""

    def __init__(self, objects: Store, now: Callable[[], datetime]) -> None:
        self._objects, self._now = objects, now
        self._running: dict[str, Rollout] = {}
        self._finished: set[Rollout] = set()

    def step(self, *, finish: bool = False) -> None:
        """Write what controllers would have written by now; with `finish`, what they would in the end."""
        with self._objects.lock:
            for kind in self._objects.served:
                if kind.kind in _WORKLOADS:
                    for manifest in self._objects.all(kind):
                        self._advance(kind, manifest, finish=finish)

    def of(self, manifest: Json) -> tuple[Rollout, float]:
        """The rollout of a workload, and for how many seconds it has gone on; infinity if it was finished."""
        rollout = self._rollout(manifest)
        elapsed = (self._now() - rollout.began).total_seconds()
        return rollout, float("inf") if rollout in self._finished else elapsed

    def _advance(self, kind: Kind, manifest: Json, *, finish: bool) -> None:
        metadata = manifest["metadata"]
        rollout = self._rollout(manifest)
        elapsed = (self._now() - rollout.began).total_seconds()
        if elapsed < NOTICED and not finish:
            return
        if finish:
            self._finished.add(rollout)
        ended = rollout in self._finished
        status = _status(kind.kind, manifest, rollout, float("inf") if ended else elapsed, self._now())
        where = (kind, metadata.get("namespace", ""), metadata["name"])
        try:
            if kind.kind == "Deployment":
                self._objects.edit(*where, lambda live: _with_revision(live, rollout.revision))
            self._objects.edit(*where, lambda live: {**live, "status": status}, part="status", manager="controllers")
        except Problem:
            return  # an object that a test made invalid on purpose keeps its status

    def _rollout(self, manifest: Json) -> Rollout:
        metadata, spec = manifest["metadata"], manifest.get("spec", {})
        generation = metadata.get("generation", 1)
        known = self._running.get(metadata["uid"])
        if known and known.generation == generation:
            return known
        template = json.dumps(spec.get("template"), sort_keys=True)
        new = known is None or known.template != template
        ready = manifest.get("status", {}).get("readyReplicas", 0)
        revision = (known.revision if known else 0) + int(new)
        before = "" if known is None else known.template if new else known.previous
        self._finished.discard(known) if known else None
        rollout = Rollout(generation, template, self._now(), ready, new, revision, before)
        self._running[metadata["uid"]] = rollout
        return rollout


def revision(template: str) -> str:
    """The hash of a pod template, as it is part of names."""
    return made_up(template, length=10)


def made_up(*of: object, length: int = 5) -> str:
    """Letters such as Kubernetes makes names of (`k8s.io/apimachinery/pkg/util/rand`), always the same of the same."""
    digits = hashlib.sha256(json.dumps(of).encode()).digest()
    return "".join(_LETTERS[digit % len(_LETTERS)] for digit in digits[:length])


def _with_revision(live: Json, revision: int) -> Json:
    live["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = str(revision)
    return live


def _status(kind: str, manifest: Json, rollout: Rollout, elapsed: float, now: datetime) -> Json:
    if kind == "PersistentVolumeClaim":
        requests = manifest["spec"].get("resources", {}).get("requests", {})
        return {"phase": "Bound", "accessModes": manifest["spec"].get("accessModes", []), "capacity": requests}
    if kind == "Pod":
        return containers.status(manifest, rollout.began, elapsed, ready=containers.failure(manifest) is None)
    if kind == "Job":
        return _job(manifest, rollout, elapsed, now)
    wanted = 1 if kind == "DaemonSet" else manifest["spec"].get("replicas", 1)
    bad = containers.failure(manifest) is not None
    updated, ready, most = _counts(kind, rollout, wanted, min(1.0, elapsed / SECONDS), bad=bad)
    if kind == "DaemonSet":
        return _daemons(rollout, wanted, updated, ready)
    status = {"observedGeneration": rollout.generation, "replicas": most, "readyReplicas": ready}
    if kind == "ReplicaSet":
        return _present({**status, "availableReplicas": ready, "fullyLabeledReplicas": most})
    status |= {"updatedReplicas": updated, "availableReplicas": ready}
    if kind == "StatefulSet":
        done = updated == ready == wanted
        revisions = {"currentRevision": f"r{rollout.revision - (not done)}", "updateRevision": f"r{rollout.revision}"}
        counts = {"currentReplicas": updated if done else max(0, wanted - updated), "collisionCount": 0}
        return _present(status) | revisions | counts
    status["unavailableReplicas"] = max(wanted, most) - ready
    if bad and elapsed > DEADLINE:
        progress = ("False", "ProgressDeadlineExceeded", "has timed out progressing")
    elif ready == updated == wanted and not bad:
        progress = ("True", "NewReplicaSetAvailable", "has successfully progressed")
    else:
        progress = ("True", "ReplicaSetUpdated", "is progressing")
    named = f'ReplicaSet "{manifest["metadata"]["name"]}-{revision(rollout.template)}" {progress[2]}.'
    return _present(status) | {"conditions": _conditions(manifest, (*progress[:2], named), ready, wanted, now)}


def _counts(kind: str, rollout: Rollout, wanted: int, share: float, *, bad: bool) -> tuple[int, int, int]:
    """How many pods are updated, how many are ready, and how many there are."""
    kept = min(rollout.ready, wanted)
    if bad:
        updated = min(1, wanted)
        if kind == "Deployment":  # the old ones stay until the new one is ready, which it never is
            return updated, kept, kept + updated if rollout.new_template else max(kept, updated)
        ready = max(0, kept - updated) if rollout.new_template else kept
        return updated, ready, max(kept, updated)
    if rollout.new_template:
        updated = int(share * wanted)
        ready = updated + max(0, kept - updated)
        return updated, ready, ready
    ready = rollout.ready + int(share * (wanted - rollout.ready))
    return ready, ready, ready


def _present(status: Json) -> Json:
    """Counts of zero are absent from real answers (`omitempty`)."""
    return {key: value for key, value in status.items() if value != 0}


def _conditions(manifest: Json, progress: tuple[str, str, str], ready: int, wanted: int, now: datetime) -> list[Json]:
    enough = ready >= wanted - wanted // 4
    has = "has" if enough else "does not have"
    available = (
        str(enough), f"MinimumReplicas{'Available' if enough else 'Unavailable'}",
        f"Deployment {has} minimum availability.",
    )  # fmt: skip
    before = {known["type"]: known for known in manifest.get("status", {}).get("conditions", [])}
    return [
        _condition(before.get(kind), kind, *state, now)
        for kind, state in (("Available", available), ("Progressing", progress))
    ]


def _condition(before: Json | None, kind: str, status: str, reason: str, message: str, now: datetime) -> Json:
    if before and (before["status"], before["reason"], before.get("message")) == (status, reason, message):
        return before
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    moved = before["lastTransitionTime"] if before and before["status"] == status else at
    return {
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": at, "lastTransitionTime": moved,
    }  # fmt: skip


def _daemons(rollout: Rollout, wanted: int, updated: int, ready: int) -> Json:
    return {
        "observedGeneration": rollout.generation, "desiredNumberScheduled": wanted, "currentNumberScheduled": wanted,
        "numberMisscheduled": 0, "numberReady": ready, "numberAvailable": ready, "updatedNumberScheduled": updated,
    }  # fmt: skip


def _job(manifest: Json, rollout: Rollout, elapsed: float, now: datetime) -> Json:
    began = rollout.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if manifest["spec"].get("suspend"):
        return {"conditions": [_condition(None, "Suspended", "True", "JobSuspended", "Job suspended", rollout.began)]}
    if elapsed < SECONDS:
        return {"startTime": began, "active": 1}
    if "completionTime" in manifest.get("status", {}) or "failed" in manifest.get("status", {}):
        return dict(manifest["status"])
    if containers.failure(manifest):
        failed = _condition(None, "Failed", "True", "BackoffLimitExceeded", "Job has reached the backoff limit", now)
        return {"startTime": began, "failed": 1, "conditions": [failed]}
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = _condition(None, "Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods", now)
    return {
        "startTime": began,
        "completionTime": at,
        "succeeded": manifest["spec"].get("completions", 1),
        "conditions": [done],
    }
