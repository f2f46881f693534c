"""Verdicts on status, kind by kind; kubectl's own verdicts are compared in tests/contracts/clusters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.health import Verdict, health, worst
from bot.model.sync import Health

DONE = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
DEADLINE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
REVISIONS = {"currentRevision": "b", "updateRevision": "b"}
PARTITION = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
DAEMONS = {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}


def condition(kind: str, reason: str = "Because", status: str = "True") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason}]}


def waiting(reason: str) -> dict[str, Any]:
    return {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": reason}}}]}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "state", "why"),
    [
        ("Deployment", {}, DONE, "healthy", "3 of 3 replicas ready"),
        ("Deployment", {}, {}, "progressing", "the controller has not seen the newest spec yet"),
        (
            "Deployment",
            {},
            DONE | {"observedGeneration": 1},
            "progressing",
            "the controller has not seen the newest spec yet",
        ),
        ("Deployment", {}, DONE | {"updatedReplicas": 1}, "progressing", "1 of 3 replicas updated"),
        ("Deployment", {}, DONE | {"replicas": 4}, "progressing", "1 old replica still to be stopped"),
        ("Deployment", {}, DONE | {"readyReplicas": 2, "availableReplicas": 2}, "progressing", "2 of 3 replicas ready"),
        ("Deployment", {}, DONE | {"availableReplicas": 2}, "progressing", "2 of 3 replicas available"),
        (
            "Deployment",
            {},
            DONE | {"readyReplicas": 0, "conditions": [DEADLINE]},
            "degraded",
            "the rollout exceeded its deadline: 0 of 3 replicas ready",
        ),
        ("Deployment", {"paused": True}, DONE, "suspended", "the rollout is paused"),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 2}, "healthy", "scaled to zero"),
        ("Deployment", {"replicas": 1}, {"observedGeneration": 2}, "progressing", "0 of 1 replica updated"),
        ("StatefulSet", {}, DONE | REVISIONS, "healthy", "3 of 3 replicas ready"),
        ("StatefulSet", {}, DONE | REVISIONS | {"readyReplicas": 2}, "progressing", "2 of 3 replicas ready"),
        (
            "StatefulSet",
            {},
            DONE | REVISIONS | {"currentRevision": "a", "updatedReplicas": 2},
            "progressing",
            "2 of 3 replicas updated",
        ),
        (
            "StatefulSet",
            PARTITION,
            DONE | {"updatedReplicas": 0},
            "progressing",
            "0 of 1 replica updated, up to partition 2",
        ),
        (
            "StatefulSet",
            PARTITION,
            DONE | REVISIONS | {"updatedReplicas": 1, "currentRevision": "a"},
            "healthy",
            "3 of 3 replicas ready",
        ),
        ("StatefulSet", ON_DELETE, DONE | REVISIONS | {"currentRevision": "a"}, "healthy", "3 of 3 replicas ready"),
        ("DaemonSet", {}, DAEMONS, "healthy", "available on 3 nodes"),
        ("DaemonSet", {}, DAEMONS | {"updatedNumberScheduled": 1}, "progressing", "updated on 1 of 3 nodes"),
        ("DaemonSet", {}, DAEMONS | {"numberAvailable": 2}, "progressing", "available on 2 of 3 nodes"),
        ("DaemonSet", ON_DELETE, DAEMONS | {"updatedNumberScheduled": 1}, "healthy", "available on 3 nodes"),
        ("ReplicaSet", {}, DONE, "healthy", "3 of 3 replicas ready"),
        ("ReplicaSet", {}, DONE | {"readyReplicas": 1, "availableReplicas": 1}, "progressing", "1 of 3 replicas ready"),
        (
            "ReplicaSet",
            {},
            DONE | condition("ReplicaFailure", "FailedCreate"),
            "degraded",
            "pods can't be made: FailedCreate",
        ),
        ("Job", {"completions": 2}, {"succeeded": 1}, "progressing", "1 of 2 completions done"),
        ("Job", {}, condition("Complete"), "healthy", "the job is complete"),
        ("Job", {}, condition("Failed", "BackoffLimitExceeded"), "degraded", "the job failed: BackoffLimitExceeded"),
        ("Job", {"suspend": True}, {}, "suspended", "the job is suspended"),
        ("CronJob", {"suspend": False}, {}, "healthy", ""),
        ("CronJob", {"suspend": True}, {}, "suspended", "the schedule is suspended"),
        ("Pod", {}, {"phase": "Running"} | condition("Ready"), "healthy", ""),
        ("Pod", {}, {"phase": "Running"} | condition("Ready", status="False"), "progressing", "the pod is not ready"),
        ("Pod", {}, waiting("ContainerCreating"), "progressing", "the pod is pending"),
        ("Pod", {}, waiting("ImagePullBackOff"), "degraded", "a container can't run: ImagePullBackOff"),
        ("Pod", {}, {"phase": "Failed", "reason": "Evicted"}, "degraded", "the pod failed: Evicted"),
        ("Pod", {}, {"phase": "Succeeded"}, "healthy", "the pod is done"),
        ("Pod", {}, {"phase": "Unknown"}, "unknown", "the pod's node does not answer"),
        ("PersistentVolumeClaim", {}, {"phase": "Bound"}, "healthy", ""),
        ("PersistentVolumeClaim", {}, {"phase": "Pending"}, "progressing", "no volume is bound yet"),
        ("PersistentVolumeClaim", {}, {"phase": "Lost"}, "degraded", "its volume is lost"),
        ("ConfigMap", {}, {}, "healthy", ""),
    ],
)
def test_health(kind: str, spec: dict[str, Any], status: dict[str, Any], state: str, why: str) -> None:
    groups = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1", "PersistentVolumeClaim": "v1", "ConfigMap": "v1"}
    manifest = {
        "apiVersion": groups.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": "pay", "generation": 2},
        "spec": {"replicas": 3} | spec,
        "status": status,
    }

    assert health(manifest)[:2] == (Health(state), why)


def test_a_kind_of_the_same_name_in_another_group_has_no_rule() -> None:
    assert health({"apiVersion": "batch.example.com/v1", "kind": "Job", "status": {}}) == Verdict(Health.HEALTHY, "")


def test_what_is_being_deleted_is_not_healthy() -> None:
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}

    assert health(manifest)[:2] == (Health.PROGRESSING, "it is being deleted")


def test_the_worst_speaks_for_all() -> None:
    states = (Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED, Health.MISSING)
    verdicts = [Verdict(state, state.value) for state in states]

    assert worst(verdicts) == Verdict(Health.DEGRADED, "degraded")
    assert worst(verdicts[:2]) == Verdict(Health.PROGRESSING, "progressing")
    assert worst([]) == Verdict(Health.HEALTHY, "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "True", "Running", "Progressing"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["conditions", "type", "status", "replicas", "phase", "state"]), inner)
    ),
    max_leaves=8,
)


@given(st.sampled_from(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]), JSON, JSON, JSON)
def test_no_shape_of_status_is_too_odd(kind: str, metadata: Any, spec: Any, status: Any) -> None:
    manifest = {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status}

    state, why, since = health(manifest)

    assert isinstance(state, Health)
    assert isinstance(why, str)
    assert since is None or since.tzinfo
