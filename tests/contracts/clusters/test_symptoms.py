"""What the adapter sees of workloads that don't do well, against the stand-in's pods, events and logs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from contracts.clusters.conftest import Real, StandIn

from bot.clusters.live import Clusters
from bot.model.secret import Secret
from bot.model.sync import Manifest, ObjectRef, Symptoms

BROKEN, CRASHING, WELL = "reg/pay:v2-broken", "reg/pay:v2-crash", "reg/pay:v1"
CRASHED = "CrashLoopBackOff: exit code 1, 7 restarts"


@pytest.fixture
def clusters(stand_in: StandIn) -> Iterator[Clusters]:
    found = Clusters(stand_in.kubeconfig, seconds=30, request_seconds=10, secrets=[Secret("currency")])
    yield found
    found.close()


def run(
    stand_in: StandIn, image: str, *, kind: str = "Deployment", name: str = "pay", namespace: str = "shop"
) -> tuple[ObjectRef, Manifest]:
    """Bring a workload to an image and let its rollout come to its end; what there is of it then."""
    served = next(each for each in stand_in.cluster.served if each.kind == kind)
    objects = stand_in.cluster.objects

    def changed(live: dict[str, Any]) -> dict[str, Any]:
        live["spec"]["template"]["spec"]["containers"][0]["image"] = image
        return live

    if objects.find(served, namespace, name):
        objects.edit(served, namespace, name, changed)
    else:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": image}]}}
        spec: dict[str, Any] = {"template": template}
        if kind != "Job":
            spec |= {"replicas": 2, "selector": {"matchLabels": {"app": name}}}
        objects.create(served, namespace, {"metadata": {"name": name}, "spec": spec})
    stand_in.cluster.settle()
    ref = ObjectRef(served.api_version, kind, namespace, name)
    return ref, objects.get(served, namespace, name)


def asked(stand_in: StandIn) -> list[str]:
    """The paths asked for, without their parameters but selectors."""
    return [re.sub(r"limit=\d+&?", "", path).rstrip("?&") for _, path in stand_in.cluster.requests]


@pytest.mark.parametrize(
    ("kind", "image", "causes"),
    [
        ("Deployment", BROKEN, (f"ImagePullBackOff {BROKEN}",)),
        ("Deployment", CRASHING, (CRASHED,)),
        ("StatefulSet", BROKEN, (f"ImagePullBackOff {BROKEN}",)),
        ("DaemonSet", CRASHING, (CRASHED,)),
        ("ReplicaSet", BROKEN, (f"ImagePullBackOff {BROKEN}",)),
        ("Job", BROKEN, ("exit code 1",)),
        ("Deployment", WELL, ()),
    ],
)
def test_what_pods_say(stand_in: StandIn, clusters: Clusters, kind: str, image: str, causes: tuple[str, ...]) -> None:
    ref, manifest = run(stand_in, image, kind=kind)
    stand_in.cluster.requests.clear()

    seen = clusters.symptoms("staging", {ref: manifest})

    assert seen.get(ref, Symptoms()).causes == causes
    assert (ref in seen) == bool(causes)
    (call,) = asked(stand_in)
    assert call.startswith("/api/v1/namespaces/shop/pods?labelSelector=")


def test_the_newest_pods_speak_and_say_since_when(stand_in: StandIn, clusters: Clusters) -> None:
    run(stand_in, BROKEN)
    ref, manifest = run(stand_in, CRASHING)

    seen = clusters.symptoms("staging", {ref: manifest})[ref]

    assert (seen.causes, seen.stuck) == ((CRASHED,), True)
    assert seen.since is not None


def test_a_pod_speaks_for_itself(stand_in: StandIn, clusters: Clusters) -> None:
    pod = ObjectRef("v1", "Pod", "shop", "one")
    served = stand_in.cluster.served.of("v1", "Pod")
    assert served is not None
    body = {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "app", "image": BROKEN}]}}
    stand_in.cluster.objects.create(served, "shop", body)
    stand_in.cluster.settle()
    manifest = stand_in.cluster.objects.get(served, "shop", "one")
    stand_in.cluster.requests.clear()

    assert clusters.symptoms("staging", {pod: manifest})[pod].causes == (f"ImagePullBackOff {BROKEN}",)
    assert asked(stand_in) == []


def test_a_quota_is_told_where_no_pod_was_made(stand_in: StandIn, clusters: Clusters) -> None:
    ref, manifest = run(stand_in, WELL)
    message = 'pods "pay-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=9, limited: pods=9'
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    ailing = {**manifest, "status": {"conditions": [failed]}}

    seen = clusters.symptoms("staging", {ref: ailing})[ref]

    assert seen.causes == ("exceeded quota: compute, requested: pods=1, used: pods=9, limited: pods=9",)


def test_closely_there_are_events_and_the_last_lines(stand_in: StandIn, clusters: Clusters) -> None:
    """Masked: the log of the stand-in holds a password, and a word that is a secret of ours here."""
    ref, manifest = run(stand_in, CRASHING)

    seen = clusters.symptoms("staging", {ref: manifest}, closely=True)[ref]

    (event,) = seen.events
    assert re.fullmatch(r"BackOff: Back-off restarting failed container app in pod pay-\w+-\w+ \(7 times\)", event)
    assert seen.log[-2:] == ('level=error msg="the table payments has no column …"', "panic: migration 42 failed")
    assert any("url=postgres://…@db:5432/app" in line for line in seen.log)
    assert "correct-horse" not in str(seen)


def test_what_never_began_has_events_and_no_log(stand_in: StandIn, clusters: Clusters) -> None:
    ref, manifest = run(stand_in, BROKEN)
    stand_in.cluster.requests.clear()

    seen = clusters.symptoms("staging", {ref: manifest}, closely=True)[ref]

    assert (len(seen.events), seen.log) == (2, ())
    assert f'Failed: Failed to pull image "{BROKEN}": not found (3 times)' in seen.events
    assert not any("/log" in path for path in asked(stand_in))


@pytest.mark.parametrize(
    ("refused", "left"),
    [("/pods", (False, False, False)), ("/events", (True, False, True)), ("/log", (True, True, False))],
)
def test_what_may_not_be_read_is_left_out(
    stand_in: StandIn, clusters: Clusters, refused: str, left: tuple[bool, bool, bool]
) -> None:
    ref, manifest = run(stand_in, CRASHING)
    stand_in.cluster.fail(403, matching=refused)

    seen = clusters.symptoms("staging", {ref: manifest}, closely=True).get(ref, Symptoms())

    assert (bool(seen.causes), bool(seen.events), bool(seen.log)) == left


@pytest.mark.parametrize("body", ["<html>", "[]", '{"items": [3]}', '{"items": [{"status": 3, "spec": []}]}'])
def test_an_answer_that_no_server_gives_does_no_harm(stand_in: StandIn, clusters: Clusters, body: str) -> None:
    ref, manifest = run(stand_in, CRASHING)
    stand_in.cluster.fail(200, body=body)

    assert clusters.symptoms("staging", {ref: manifest}, closely=True) == {}


@pytest.mark.parametrize(
    ("namespaces", "calls"),
    [(1, ["/api/v1/namespaces/ns-0/pods"]), (11, ["/api/v1/pods"])],
)
def test_a_cluster_is_asked_in_few_calls(
    stand_in: StandIn, clusters: Clusters, namespaces: int, calls: list[str]
) -> None:
    ailing = dict(
        run(stand_in, BROKEN, name=name, namespace=f"ns-{number}")
        for number in range(namespaces)
        for name in ("api", "pay")
    )
    stand_in.cluster.requests.clear()

    seen = clusters.symptoms("staging", ailing)

    assert set(seen) == set(ailing)
    assert asked(stand_in) == calls


def test_where_the_cluster_may_not_be_listed_its_namespaces_are(stand_in: StandIn, clusters: Clusters) -> None:
    ailing = dict(run(stand_in, BROKEN, namespace=f"ns-{number}") for number in range(11))
    stand_in.cluster.fail(403, matching=r"/api/v1/pods\?")

    assert set(clusters.symptoms("staging", ailing)) == set(ailing)


def test_a_cluster_out_of_reach_says_nothing(clusters: Clusters) -> None:
    ref = ObjectRef("apps/v1", "Deployment", "shop", "pay")

    assert clusters.symptoms("nowhere", {ref: {"apiVersion": "apps/v1", "kind": "Deployment"}}, closely=True) == {}


def made(namespace: str, name: str, revision: str) -> dict[str, Any]:
    """A pod as a Deployment's ReplicaSet makes it."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"pay-{revision}", "uid": "1", "controller": True}
    labels = {"app": "pay", "pod-template-hash": revision}
    metadata = {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owner]}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": BROKEN}]}}


@pytest.mark.envtest
def test_a_real_server_is_asked_in_the_same_words() -> None:
    """It has no kubelet, which the test plays; selectors of labels and fields are the server's own."""
    server = Real()
    namespace = server.namespace()
    pods, events = f"/api/v1/namespaces/{namespace}/pods", f"/api/v1/namespaces/{namespace}/events"
    template = {"metadata": {"labels": {"app": "pay"}}, "spec": {"containers": [{"name": "app", "image": BROKEN}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "pay"}}, "template": template}
    manifest = server.send(
        "POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", {"metadata": {"name": "pay"}, "spec": spec}
    )
    said = 'ReplicaSet "pay-b" is progressing.'
    progress = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": said}
    manifest["status"] = {"conditions": [progress]}
    waiting = {"ImagePullBackOff": "b", "CrashLoopBackOff": "a"}
    for reason, revision in waiting.items():
        name = f"pay-{revision}-1"
        server.send("POST", pods, made(namespace, name, revision))
        state = {
            "name": "app", "image": BROKEN, "imageID": "", "ready": False, "restartCount": 1,
            "state": {"waiting": {"reason": reason}}, "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}},
        }  # fmt: skip
        ready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-02T12:00:00Z"}
        status = {"phase": "Pending", "containerStatuses": [state], "conditions": [ready]}
        server.send("PATCH", f"{pods}/{name}/status", {"status": status}, kind="application/merge-patch+json")
        for kind in ("Normal", "Warning"):
            about = {"kind": "Pod", "namespace": namespace, "name": name}
            server.send(
                "POST",
                events,
                {
                    "metadata": {"name": f"{name}.{kind.lower()}"}, "involvedObject": about, "type": kind,
                    "reason": f"{kind}{revision.upper()}", "message": "password=hunter2", "count": 2,
                    "lastTimestamp": f"2026-03-02T12:00:0{len(revision)}Z",
                },
            )  # fmt: skip
    ref = ObjectRef("apps/v1", "Deployment", namespace, "pay")
    clusters = Clusters(server.kubeconfig)

    seen = clusters.symptoms(server.context, {ref: manifest}, closely=True)[ref]
    clusters.close()

    assert seen.causes == (f"ImagePullBackOff {BROKEN}", "CrashLoopBackOff: exit code 2, 1 restart")
    assert sorted(seen.events) == ["WarningA: password=… (2 times)", "WarningB: password=… (2 times)"]
    assert (seen.log, seen.stuck, seen.since) == ((), True, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert Clusters(server.kubeconfig).symptoms("reader", {ref: manifest}, closely=True) == {}
