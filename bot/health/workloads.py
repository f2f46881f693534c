"""Workloads that roll out: `kubectl/pkg/polymorphichelpers/rollout_status.go`, with what it leaves open.

A rollout within its deadline is progressing, whatever its pods go through meanwhile; StatefulSets and DaemonSets have
no deadline of their own.
"""

from bot.health.reading import condition, count, is_true, many, part, since, text
from bot.health.verdict import Verdict, degraded, healthy, progressing, suspended
from bot.model.sync import Manifest

EXCEEDED = "the rollout exceeded its deadline"
"""How the reason begins where a rollout is given up."""
_PAUSED = "DeploymentPaused"


def deployment(manifest: Manifest) -> Verdict:
    spec, status = part(manifest, "spec"), part(manifest, "status")
    wanted, ready = count(spec.get("replicas", 1)), count(status.get("readyReplicas"))
    updated, available = count(status.get("updatedReplicas")), count(status.get("availableReplicas"))
    progress = condition(status, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        short = f"{_of(updated, wanted)} updated" if updated < wanted else f"{_of(ready, wanted)} ready"
        return degraded(f"{EXCEEDED}: {short}", since(progress))
    if spec.get("paused") is True:
        return suspended("the rollout is paused", since(progress) if text(progress.get("reason")) == _PAUSED else None)
    if updated < wanted:
        return progressing(f"{_of(updated, wanted)} updated{_unmade(status)}")
    if (old := count(status.get("replicas")) - updated) > 0:
        return progressing(f"{many(old, 'old replica')} still to be stopped")
    if available < updated:
        short = f"{_of(ready, wanted)} ready" if ready < wanted else f"{_of(available, wanted)} available"
        lacking = condition(status, "Available")
        return progressing(short, since(lacking) if lacking.get("status") == "False" else None)
    return _ready(ready, wanted)


def stateful_set(manifest: Manifest) -> Verdict:
    spec, status = part(manifest, "spec"), part(manifest, "status")
    wanted, ready = count(spec.get("replicas", 1)), count(status.get("readyReplicas"))
    strategy = part(spec, "updateStrategy")
    if ready < wanted:
        return progressing(f"{_of(ready, wanted)} ready")
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return _ready(ready, wanted)  # OnDelete: whoever deletes the pods decides when it is done
    updated = count(status.get("updatedReplicas"))
    if partition := count(part(strategy, "rollingUpdate").get("partition")):
        due = max(0, wanted - partition)
        if updated < due:
            return progressing(f"{_of(updated, due)} updated, up to partition {partition}")
        return _ready(ready, wanted)
    if status.get("updateRevision") != status.get("currentRevision"):
        return progressing(f"{_of(updated, wanted)} updated")
    return _ready(ready, wanted)


def daemon_set(manifest: Manifest) -> Verdict:
    """As many unavailable pods as a rolling update may make are as little healthy as one more: kubectl waits too."""
    status = part(manifest, "status")
    wanted, updated = count(status.get("desiredNumberScheduled")), count(status.get("updatedNumberScheduled"))
    rolling = part(manifest, "spec", "updateStrategy").get("type", "RollingUpdate") == "RollingUpdate"
    if rolling and updated < wanted:
        return progressing(f"updated on {updated} of {many(wanted, 'node')}")
    available = count(status.get("numberAvailable"))
    if available < wanted:
        return progressing(f"available on {available} of {many(wanted, 'node')}")
    return healthy(f"available on {many(wanted, 'node')}")


def replica_set(manifest: Manifest) -> Verdict:
    spec, status = part(manifest, "spec"), part(manifest, "status")
    wanted, ready = count(spec.get("replicas", 1)), count(status.get("readyReplicas"))
    failure = condition(status, "ReplicaFailure")
    if failure.get("status") == "True":
        return degraded(f"pods can't be made: {failure.get('reason', 'no reason given')}", since(failure))
    if count(status.get("availableReplicas")) < wanted:
        return progressing(f"{_of(ready, wanted)} ready")
    return _ready(ready, wanted)


def is_settled(manifest: Manifest) -> bool:
    """Whether no rollout of a workload is under way that has a deadline to keep: what fails then is no passing state.

    A StatefulSet and a DaemonSet have none; they count once all their pods are of the newest revision.
    """
    spec, status = part(manifest, "spec"), part(manifest, "status")
    match manifest.get("kind"):
        case "Deployment":
            over = condition(status, "Progressing").get("reason") == "NewReplicaSetAvailable"
            return over and count(status.get("updatedReplicas")) >= count(spec.get("replicas", 1))
        case "StatefulSet":
            return bool(status.get("updateRevision")) and status.get("updateRevision") == status.get("currentRevision")
        case "DaemonSet":
            return count(status.get("updatedNumberScheduled")) >= count(status.get("desiredNumberScheduled"))
        case "ReplicaSet":
            return True
    return False


def _unmade(status: Manifest) -> str:
    return ", since pods can't be made" if is_true(status, "ReplicaFailure") else ""


def _ready(ready: int, wanted: int) -> Verdict:
    return healthy("scaled to zero" if wanted == 0 else f"{_of(ready, wanted)} ready")


def _of(some: int, whole: int) -> str:
    return f"{some} of {many(whole, 'replica')}"
