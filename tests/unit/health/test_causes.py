"""Why pods don't run, and whose they are."""

from typing import Any

import pytest

from bot.health import health
from bot.health.causes import causes, summed_up
from bot.health.owned import pods_of, selector
from bot.model.sync import Health

IMAGE = "registry.example.com/payment:v1.3.0"
NODES = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims."


def pod(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pod of one container, or as many as are given: each a container status, beside `spec` its spec."""
    specs = [{"name": f"c{number}", "image": IMAGE, **each.get("spec", {})} for number, each in enumerate(containers)]
    statuses = [{**each, "name": f"c{number}"} for number, each in enumerate(containers)]
    status = {"phase": "Running", "containerStatuses": statuses, **more.pop("status", {})}
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": specs}, "status": status, **more}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **more}


def ended(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


CRASHED = waiting("CrashLoopBackOff", "back-off 5m0s restarting failed", lastState=ended(1), restartCount=7)
RUNNING = {"state": {"running": {}}, "ready": False}
PROBED = {**RUNNING, "spec": {"readinessProbe": {"httpGet": {}}}}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (pod(waiting("ImagePullBackOff", "Back-off pulling")), [f"ImagePullBackOff {IMAGE}"]),
        (pod(waiting("ErrImagePull", "not found")), [f"ImagePullBackOff {IMAGE}"]),
        (pod(waiting("InvalidImageName")), [f"InvalidImageName {IMAGE}"]),
        (pod(CRASHED), ["CrashLoopBackOff: exit code 1, 7 restarts"]),
        (
            pod(waiting("CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=1)),
            ["CrashLoopBackOff: OOMKilled, 1 restart"],
        ),
        (pod({"state": ended(137, "OOMKilled"), "restartCount": 2}), ["OOMKilled, 2 restarts"]),
        (pod({**RUNNING, "lastState": ended(3), "restartCount": 2}), ["exit code 3, 2 restarts"]),
        (
            pod(waiting("CreateContainerConfigError", 'secret "db" not found')),
            ['CreateContainerConfigError: secret "db" not found'],
        ),
        (pod(waiting("CreateContainerConfigError", "password=hunter2")), ["CreateContainerConfigError: password=…"]),
        (pod({"state": ended(128, "StartError", "exec: no such file")}), ["StartError: exec: no such file"]),
        (pod(PROBED), ["readiness probe failing"]),
        (
            pod({**PROBED, "started": False, "spec": {"startupProbe": {}, "readinessProbe": {}}}),
            ["startup probe failing"],
        ),
        (pod(dict(RUNNING)), []),
        (pod({**RUNNING, "started": False, "spec": {"startupProbe": {"exec": {}}}}), ["startup probe failing"]),
        (pod(waiting("ContainerCreating")), []),
        (pod(CRASHED, {**RUNNING, "ready": True}), ["CrashLoopBackOff: exit code 1 (container c0), 7 restarts"]),
        (pod(CRASHED, status=READY), []),
        (pod(status={"phase": "Succeeded"}), []),
        (
            pod(
                status={
                    "conditions": [
                        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NODES}
                    ]
                }
            ),
            ["Unschedulable: 0/3 nodes are available: 3 Insufficient cpu"],
        ),
        (
            pod(status={"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}),
            ["Evicted: The node was low on memory"],
        ),
        (
            pod(
                status={"conditions": [{"type": "ContainersReady", "status": "True"}]},
                spec={"readinessGates": [{"conditionType": "lb.example.com/ready"}]},
            ),
            ["the readiness gate lb.example.com/ready is not met"],
        ),
    ],
)
def test_causes(manifest: dict[str, Any], said: list[str]) -> None:
    assert [str(each) for each in causes(manifest)] == said


def test_init_containers_and_sidecars_are_named() -> None:
    """A sidecar is an init container that is started again for ever (KEP-753)."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {
            "initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app"}],
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [
                {"name": "migrate", "state": {"running": {}}},
                {"name": "proxy", **CRASHED},
            ],
            "containerStatuses": [{"name": "app", **waiting("PodInitializing")}],
        },
    }

    assert [str(each) for each in causes(manifest)] == [
        "CrashLoopBackOff: exit code 1 (sidecar proxy), 7 restarts",
        "still at work (init container migrate)",
    ]
    assert health(manifest)[:2] == (
        Health.DEGRADED,
        "a container can't run: CrashLoopBackOff: exit code 1 (sidecar proxy)",
    )


def test_an_init_container_that_is_done_says_nothing() -> None:
    done = {"name": "migrate", "state": ended(0, "Completed"), "ready": True}
    manifest = pod(waiting("ContainerCreating"), status={"initContainerStatuses": [done]})

    assert causes(manifest) == ()


@pytest.mark.parametrize(
    ("manifest", "state"),
    [
        (pod({**RUNNING, "lastState": ended(1), "restartCount": 1}, status={"conditions": [{}]}), "progressing"),
        (pod({**RUNNING, "lastState": ended(1), "restartCount": 3}, status={"conditions": [{}]}), "degraded"),
        (pod(CRASHED), "degraded"),
        (pod(PROBED, status={"conditions": [{}]}), "progressing"),
    ],
)
def test_one_crash_is_no_failure(manifest: dict[str, Any], state: str) -> None:
    assert health(manifest).health == Health(state)


def test_several_pods_are_summed_up_the_most_telling_first() -> None:
    crashed = {**CRASHED, "restartCount": 2}
    found = [each for one in (PROBED, crashed, CRASHED, waiting("ErrImagePull")) for each in causes(pod(dict(one)))]

    assert summed_up(found) == (
        f"ImagePullBackOff {IMAGE}",
        "CrashLoopBackOff: exit code 1, 7 restarts",
        "readiness probe failing",
    )


def owned(name: str, kind: str, owner: str, born: int = 0, **labels: str) -> dict[str, Any]:
    reference = {"kind": kind, "name": owner, "controller": True}
    at = f"2026-03-02T12:00:{born:02d}Z"
    return {"metadata": {"name": name, "creationTimestamp": at, "ownerReferences": [reference], "labels": labels}}


def workload(kind: str, api_version: str = "apps/v1", **more: Any) -> dict[str, Any]:
    found = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "pay"}}
    return {**found, "spec": {"selector": {"matchLabels": {"app": "pay"}}}, **more}


def progress(name: str, said: str = 'ReplicaSet "{}" is progressing.') -> dict[str, Any]:
    said = said.format(name)
    return {"status": {"conditions": [{"type": "Progressing", "message": said}]}}


OLD = owned("pay-a-1", "ReplicaSet", "pay-a", 9, app="pay", **{"pod-template-hash": "a"})
NEW = owned("pay-b-1", "ReplicaSet", "pay-b", 1, app="pay", **{"pod-template-hash": "b"})
STRANGER = owned("other-1", "ReplicaSet", "other", 1, app="other")
ONE, TWO = (
    owned(f"pay-{each}", "StatefulSet", "pay", each, **{"controller-revision-hash": f"r{each}"}) for each in (1, 2)
)

RUN, NEXT = (owned(f"pay-{each}-x", "Job", f"pay-2900000{each}", each) for each in (1, 2))
OTHERS = owned("pay-all-29000001-x", "Job", "pay-all-29000001")


@pytest.mark.parametrize(
    ("manifest", "pods", "newest", "older"),
    [
        (workload("Deployment", **progress("pay-b")), [OLD, STRANGER, NEW], [NEW], [OLD]),
        (workload("Deployment", **progress("pay-b", 'Created new replica set "{}"')), [OLD, NEW], [NEW], [OLD]),
        (workload("Deployment"), [OLD, NEW], [OLD], [NEW]),
        (workload("Deployment"), [], [], []),
        (workload("ReplicaSet"), [OLD], [], []),
        (workload("StatefulSet", status={"updateRevision": "r1"}), [ONE, TWO, NEW], [ONE], [TWO]),
        (workload("Job", "batch/v1"), [owned("pay-x", "Job", "pay"), NEW], [owned("pay-x", "Job", "pay")], []),
        (workload("CronJob", "batch/v1", spec={}), [RUN, NEXT, NEW, OTHERS], [NEXT], [RUN]),
        (workload("ConfigMap", "v1"), [NEW], [], []),
    ],
)
def test_whose_pods_are_whose(
    manifest: dict[str, Any], pods: list[dict[str, Any]], newest: list[dict[str, Any]], older: list[dict[str, Any]]
) -> None:
    assert pods_of(manifest, pods) == (newest, older)


def test_selectors() -> None:
    manifest = workload("Deployment")
    manifest["spec"]["selector"]["matchExpressions"] = [
        {"key": "tier", "operator": "In", "values": ["web"]},
        {"key": "canary", "operator": "DoesNotExist"},
    ]
    web = owned("pay-a-1", "ReplicaSet", "pay-a", app="pay", tier="web")
    canary = owned("pay-a-2", "ReplicaSet", "pay-a", app="pay", tier="web", canary="yes")

    assert pods_of(manifest, [web, canary, OLD])[0] == [web]
    assert selector(manifest) == "app=pay"
    assert selector({"spec": {"selector": {"matchLabels": {"app": "a,b"}}}}) == ""
