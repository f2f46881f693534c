"""The Jobs that a probe looks at, from a cluster that has some."""

import pytest

from bot.clusters.jobs import Jobs
from bot.clusters.live import Clusters
from bot.errors import Unavailable
from bot.model.catalog import Target

SPEC = {
    "template": {
        "metadata": {"labels": {"app": "smoke"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "smoke", "image": "acme/smoke:1"}]},
    }
}


def test_the_jobs_of_its_namespaces_are_read(server) -> None:  # type: ignore[no-untyped-def] - `Server` of the conftest
    mine, also, other = (server.namespace() for _ in range(3))
    for namespace, name in ((mine, "smoke"), (also, "migrate"), (other, "smoke")):
        made = {
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace}, "spec": SPEC
        }  # fmt: skip
        server.send("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", made)
    clusters = Clusters(server.kubeconfig)
    target = Target("payment", "production", "config", ("x",), server.context)
    found = Jobs(clusters.reach, lambda _: {mine, also})(target)
    clusters.close()
    assert {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in found} == {
        (mine, "smoke"),
        (also, "migrate"),
    }


@pytest.mark.parametrize(
    ("cluster", "why"),
    [(None, "^production names no cluster"), ("nowhere", "^the kubeconfig has no context nowhere")],
)
def test_why_they_can_not_be_read_is_said(cluster: str | None, why: str, stand_in) -> None:  # type: ignore[no-untyped-def] - as above
    clusters = Clusters(stand_in.kubeconfig)
    target = Target("payment", "production", "config", ("x",), cluster)
    with pytest.raises(
        Unavailable, match="production names no cluster" if cluster is None else "has no context nowhere"
    ):
        Jobs(clusters.reach, lambda _: {"shop"})(target)
    clusters.close()
