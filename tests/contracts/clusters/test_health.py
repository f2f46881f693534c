"""Our verdicts against those of `kubectl rollout status` on the same objects."""

from pathlib import Path
from typing import Any

import pytest
from contracts.clusters.conftest import StandIn
from contracts.clusters.test_kubectl import Kubectl

from bot.health import health
from bot.model.sync import Health

DEPLOYED = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
STATEFUL = {"observedGeneration": 1, "readyReplicas": 2, "updatedReplicas": 2, "currentRevision": "a", "updateRevision": "a"}  # fmt: skip  # noqa: E501 - one status, one line
DAEMONS = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
PARTITION = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
DONE = ("successfully rolled out", "roll out complete", "rolling update complete")


@pytest.mark.parametrize(
    ("kind", "spec", "status"),
    [
        ("Deployment", {}, DEPLOYED),
        ("Deployment", {}, {}),
        ("Deployment", {}, DEPLOYED | {"observedGeneration": 0}),
        ("Deployment", {}, DEPLOYED | {"updatedReplicas": 1}),
        ("Deployment", {}, DEPLOYED | {"replicas": 3}),
        ("Deployment", {}, DEPLOYED | {"readyReplicas": 1, "availableReplicas": 1}),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 1}),
        ("StatefulSet", {}, STATEFUL),
        ("StatefulSet", {}, STATEFUL | {"readyReplicas": 1}),
        ("StatefulSet", {}, STATEFUL | {"updatedReplicas": 1, "updateRevision": "b"}),
        ("StatefulSet", PARTITION, STATEFUL | {"updatedReplicas": 1, "updateRevision": "b"}),
        ("StatefulSet", PARTITION, STATEFUL | {"updatedReplicas": 0, "updateRevision": "b"}),
        ("DaemonSet", {}, DAEMONS),
        ("DaemonSet", {}, DAEMONS | {"numberAvailable": 1}),
        ("DaemonSet", {}, DAEMONS | {"updatedNumberScheduled": 1}),
    ],
)
def test_healthy_is_what_rollout_status_calls_done(
    stand_in: StandIn, tmp_path: Path, kind: str, spec: dict[str, Any], status: dict[str, Any]
) -> None:
    served = stand_in.cluster.served.of("apps/v1", kind)
    assert served is not None
    template = {"metadata": {"labels": {"app": "pay"}}, "spec": {"containers": [{"name": "app", "image": "pay:v1"}]}}
    whole = {"selector": {"matchLabels": {"app": "pay"}}, "template": template, "replicas": 2} | spec
    stand_in.cluster.objects.create(served, "shop", {"metadata": {"name": "pay"}, "spec": whole})
    live = stand_in.cluster.objects.edit(served, "shop", "pay", lambda live: {**live, "status": status}, part="status")

    said = Kubectl(stand_in, tmp_path)("rollout", "status", f"{kind}/pay", "--watch=false")

    assert (health(live)[0] is Health.HEALTHY) == any(word in said for word in DONE), said
