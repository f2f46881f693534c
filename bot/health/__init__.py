"""Whether a live object works, judged by its own status as `kubectl rollout status` judges it.

Pure: knows objects as JSON and nothing of clusters. Rules: `kubectl/pkg/polymorphichelpers/rollout_status.go`, and the
API's documented conditions for kinds that have no rollout. Every verdict comes with its reason, in words for people.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from bot.model.sync import Health, Manifest


class Verdict(NamedTuple):
    """The health of an object."""

    health: Health
    reason: str
    """Why, in words without a time that passes; of what is healthy, what there is to say, if anything."""
    since: datetime | None = None
    """When it came to be so, by the object's own word."""


_FAILING = {"CrashLoopBackOff", "CreateContainerConfigError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
WORST_FIRST = (
    Health.DEGRADED,
    Health.MISSING,
    Health.UNKNOWN,
    Health.PROGRESSING,
    Health.SUSPENDED,
    Health.HEALTHY,
)


def health(manifest: Manifest) -> Verdict:
    """The health of one object and why. A kind without a rule is healthy by being there."""
    group, kind = str(manifest.get("apiVersion", "")).rpartition("/")[0], str(manifest.get("kind", ""))
    judge = _JUDGES.get((group, kind))
    if _part(manifest, "metadata").get("deletionTimestamp"):
        return Verdict(Health.PROGRESSING, "it is being deleted")
    if judge is None:
        return Verdict(Health.HEALTHY, "")
    if group == "apps" and not _observed(manifest):
        return Verdict(Health.PROGRESSING, "the controller has not seen the newest spec yet")
    return judge(_part(manifest, "spec"), _part(manifest, "status"))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that speaks for several objects; healthy if there are none."""
    return min(verdicts, key=lambda verdict: WORST_FIRST.index(verdict.health), default=Verdict(Health.HEALTHY, ""))


def _deployment(spec: Manifest, status: Manifest) -> Verdict:
    wanted, ready = _count(spec.get("replicas", 1)), _count(status.get("readyReplicas"))
    updated, available = _count(status.get("updatedReplicas")), _count(status.get("availableReplicas"))
    if _condition(status, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        short = f"{_of(updated, wanted)} updated" if updated < wanted else f"{_of(ready, wanted)} ready"
        return Verdict(Health.DEGRADED, f"the rollout exceeded its deadline: {short}")
    if spec.get("paused"):
        return Verdict(Health.SUSPENDED, "the rollout is paused")
    if updated < wanted:
        return Verdict(Health.PROGRESSING, f"{_of(updated, wanted)} updated")
    if (old := _count(status.get("replicas")) - updated) > 0:
        return Verdict(Health.PROGRESSING, f"{_count_of(old, 'old replica')} still to be stopped")
    if available < updated:
        return Verdict(
            Health.PROGRESSING,
            f"{_of(ready, wanted)} ready" if ready < wanted else f"{_of(available, wanted)} available",
        )
    return _ready(ready, wanted)


def _stateful_set(spec: Manifest, status: Manifest) -> Verdict:
    wanted, ready = _count(spec.get("replicas", 1)), _count(status.get("readyReplicas"))
    strategy = _part(spec, "updateStrategy")
    if ready < wanted:
        return Verdict(Health.PROGRESSING, f"{_of(ready, wanted)} ready")
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return _ready(ready, wanted)  # OnDelete: whoever deletes the pods decides when it is done
    updated = _count(status.get("updatedReplicas"))
    if partition := _count(_part(strategy, "rollingUpdate").get("partition")):
        due = max(0, wanted - partition)
        if updated < due:
            return Verdict(Health.PROGRESSING, f"{_of(updated, due)} updated, up to partition {partition}")
        return _ready(ready, wanted)
    if status.get("updateRevision") != status.get("currentRevision"):
        return Verdict(Health.PROGRESSING, f"{_of(updated, wanted)} updated")
    return _ready(ready, wanted)


def _daemon_set(spec: Manifest, status: Manifest) -> Verdict:
    wanted, updated = _count(status.get("desiredNumberScheduled")), _count(status.get("updatedNumberScheduled"))
    rolling = _part(spec, "updateStrategy").get("type", "RollingUpdate") == "RollingUpdate"
    if rolling and updated < wanted:
        return Verdict(Health.PROGRESSING, f"updated on {updated} of {_count_of(wanted, 'node')}")
    available = _count(status.get("numberAvailable"))
    if available < wanted:
        return Verdict(Health.PROGRESSING, f"available on {available} of {_count_of(wanted, 'node')}")
    return Verdict(Health.HEALTHY, f"available on {_count_of(wanted, 'node')}")


def _replica_set(spec: Manifest, status: Manifest) -> Verdict:
    wanted, ready = _count(spec.get("replicas", 1)), _count(status.get("readyReplicas"))
    failure = _condition(status, "ReplicaFailure")
    if failure.get("status") == "True":
        return Verdict(Health.DEGRADED, f"pods can't be made: {failure.get('reason', 'no reason given')}")
    if _count(status.get("availableReplicas")) < wanted:
        return Verdict(Health.PROGRESSING, f"{_of(ready, wanted)} ready")
    return _ready(ready, wanted)


def _job(spec: Manifest, status: Manifest) -> Verdict:
    if _true(status, "Failed"):
        reason = _condition(status, "Failed").get("reason", "no reason given")
        return Verdict(Health.DEGRADED, f"the job failed: {reason}")
    if _true(status, "Complete"):
        return Verdict(Health.HEALTHY, "the job is complete")
    if spec.get("suspend") or _true(status, "Suspended"):
        return Verdict(Health.SUSPENDED, "the job is suspended")
    done, wanted = _count(status.get("succeeded")), _count(spec.get("completions", 1))
    return Verdict(Health.PROGRESSING, f"{done} of {_count_of(wanted, 'completion')} done")


def _cron_job(spec: Manifest, _status: Manifest) -> Verdict:
    if spec.get("suspend"):
        return Verdict(Health.SUSPENDED, "the schedule is suspended")
    return Verdict(Health.HEALTHY, "")


def _pod(_spec: Manifest, status: Manifest) -> Verdict:
    containers = _list(status, "initContainerStatuses") + _list(status, "containerStatuses")
    waiting = [_part(_part(each, "state"), "waiting").get("reason") for each in containers]
    if failing := next((reason for reason in waiting if str(reason) in _FAILING), None):
        return Verdict(Health.DEGRADED, f"a container can't run: {failing}")
    match status.get("phase"):
        case "Succeeded":
            return Verdict(Health.HEALTHY, "the pod is done")
        case "Failed":
            return Verdict(
                Health.DEGRADED, f"the pod failed: {status.get('reason', 'a container ended with an error')}"
            )
        case "Running":
            conditions = _list(status, "conditions")
            if conditions and not _true(status, "Ready"):
                return Verdict(Health.PROGRESSING, "the pod is not ready")
            return Verdict(Health.HEALTHY, "")
        case "Pending" | None:
            return Verdict(Health.PROGRESSING, "the pod is pending")
    return Verdict(Health.UNKNOWN, "the pod's node does not answer")


def _claim(_spec: Manifest, status: Manifest) -> Verdict:
    match status.get("phase"):
        case "Bound":
            return Verdict(Health.HEALTHY, "")
        case "Lost":
            return Verdict(Health.DEGRADED, "its volume is lost")
    return Verdict(Health.PROGRESSING, "no volume is bound yet")


_JUDGES: Mapping[tuple[str, str], Callable[[Manifest, Manifest], Verdict]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
}


def _observed(manifest: Manifest) -> bool:
    """Whether the status is of the spec as it is now. A status without the field was never written."""
    observed = _part(manifest, "status").get("observedGeneration")
    generation = _part(manifest, "metadata").get("generation")
    return generation is None or _count(observed) >= _count(generation)


def _ready(ready: int, wanted: int) -> Verdict:
    return Verdict(Health.HEALTHY, "scaled to zero" if wanted == 0 else f"{_of(ready, wanted)} ready")


def _of(part: int, whole: int) -> str:
    return f"{part} of {_count_of(whole, 'replica')}"


def _count_of(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _true(status: Manifest, kind: str) -> bool:
    return _condition(status, kind).get("status") == "True"


def _condition(status: Manifest, kind: str) -> Manifest:
    return next((each for each in _list(status, "conditions") if each.get("type") == kind), {})


def _part(value: Manifest, key: str) -> Manifest:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _list(value: Manifest, key: str) -> list[Manifest]:
    items = value.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
