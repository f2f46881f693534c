from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.health import health
from bot.model.sync import Health
from bot.playground.kubernetes import Cluster
from bot.playground.kubernetes.kinds import Kind
from bot.playground.kubernetes.rollout import DEADLINE, SECONDS

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster(clock: Clock) -> Cluster:
    return Cluster("staging", now=clock)


def kind(cluster: Cluster, name: str) -> Kind:
    found = next(each for each in cluster.served if each.kind == name)
    assert found is not None
    return found


def create(cluster: Cluster, name: str, image: str = "reg/pay:v1", **spec: Any) -> None:
    template = {"metadata": {"labels": {"app": "pay"}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    body = {
        "metadata": {"name": "pay"},
        "spec": {"selector": {"matchLabels": {"app": "pay"}}, "template": template, **spec},
    }
    if name == "Job":
        del body["spec"]["selector"]
    cluster.objects.create(kind(cluster, name), "shop", body)


def verdict(cluster: Cluster, name: str = "Deployment") -> tuple[Health, str]:
    cluster.step()
    return health(cluster.objects.get(kind(cluster, name), "shop", "pay"))[:2]


def change(cluster: Cluster, *, image: str | None = None, replicas: int | None = None) -> None:
    def changed(live: dict[str, Any]) -> dict[str, Any]:
        if image is not None:
            live["spec"]["template"]["spec"]["containers"][0]["image"] = image
        if replicas is not None:
            live["spec"]["replicas"] = replicas
        return live

    cluster.objects.edit(kind(cluster, "Deployment"), "shop", "pay", changed)


def test_a_rollout_takes_its_time(cluster: Cluster, clock: Clock) -> None:
    create(cluster, "Deployment", replicas=4)

    seen = [verdict(cluster)]
    for _ in range(3):
        clock.pass_(SECONDS / 3 + 0.01)
        seen.append(verdict(cluster))

    assert seen == [
        (Health.PROGRESSING, "the controller has not seen the newest spec yet"),
        (Health.PROGRESSING, "1 of 4 replicas updated"),
        (Health.PROGRESSING, "2 of 4 replicas updated"),
        (Health.HEALTHY, "4 of 4 replicas ready"),
    ]


def test_old_replicas_serve_until_new_ones_do(cluster: Cluster, clock: Clock) -> None:
    create(cluster, "Deployment", replicas=4)
    cluster.settle()
    change(cluster, image="reg/pay:v2")
    cluster.step()
    clock.pass_(SECONDS / 2)
    cluster.step()

    status = cluster.objects.get(kind(cluster, "Deployment"), "shop", "pay")["status"]
    assert (status["updatedReplicas"], status["readyReplicas"], status["observedGeneration"]) == (2, 4, 2)


def test_an_image_that_is_broken_passes_its_deadline(cluster: Cluster, clock: Clock) -> None:
    create(cluster, "Deployment", replicas=3)
    cluster.settle()
    change(cluster, image="reg/pay:v2-broken")
    cluster.step()

    clock.pass_(DEADLINE - 1)
    assert verdict(cluster) == (Health.PROGRESSING, "1 of 3 replicas updated")
    clock.pass_(2)
    assert verdict(cluster) == (Health.DEGRADED, "the rollout exceeded its deadline: 1 of 3 replicas updated")
    change(cluster, image="reg/pay:v3")
    cluster.settle()
    assert verdict(cluster) == (Health.HEALTHY, "3 of 3 replicas ready")


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_scaling(cluster: Cluster, clock: Clock, replicas: int) -> None:
    create(cluster, "Deployment", replicas=3)
    cluster.settle()
    change(cluster, replicas=replicas)
    cluster.step()
    clock.pass_(SECONDS)

    plural = "" if replicas == 1 else "s"
    why = f"{replicas} of {replicas} replica{plural} ready" if replicas else "scaled to zero"
    assert verdict(cluster) == (Health.HEALTHY, why)


@pytest.mark.parametrize("name", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"])
@pytest.mark.parametrize(("image", "healthy"), [("reg/pay:v1", True), ("reg/pay:broken", False)])
def test_settling_ends_every_kind(cluster: Cluster, name: str, image: str, *, healthy: bool) -> None:
    create(cluster, name, image)

    cluster.settle()

    assert (verdict(cluster, name)[0] is Health.HEALTHY) == healthy


def test_what_is_at_rest_is_written_no_more(cluster: Cluster, clock: Clock) -> None:
    for name in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        create(cluster, name)
    cluster.settle()
    version = cluster.objects.version

    clock.pass_(60)
    cluster.step()
    cluster.settle()

    assert cluster.objects.version == version
