"""What reading gives, from any API server: found, absent, unchecked."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clusters.live import Clusters
from bot.model.sync import Live, ObjectRef


@pytest.fixture
def clusters(server: Any) -> Iterator[Clusters]:
    found = Clusters(server.kubeconfig)
    yield found
    found.close()


def config_map(namespace: str, name: str) -> ObjectRef:
    return ObjectRef("v1", "ConfigMap", namespace, name)


def make(server: Any, ref: ObjectRef, **fields: Any) -> None:
    paths = {
        "ConfigMap": f"/api/v1/namespaces/{ref.namespace}/configmaps",
        "Secret": f"/api/v1/namespaces/{ref.namespace}/secrets",
        "Deployment": f"/apis/apps/v1/namespaces/{ref.namespace}/deployments",
        "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    }
    body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name}, **fields}
    server.send("POST", paths[ref.kind], body)


def deployment_spec(image: str) -> dict[str, Any]:
    labels = {"app": "pay"}
    container = {"name": "app", "image": image}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"selector": {"matchLabels": labels}, "template": template}


def test_gives_whole_objects_of_several_kinds_and_names_what_is_absent_nowhere(server: Any, clusters: Clusters) -> None:
    one, two = server.namespace(), server.namespace()
    deployment = ObjectRef("apps/v1", "Deployment", one, "pay")
    make(server, deployment, spec=deployment_spec("reg/pay:v1"))
    there = [config_map(one, "a"), config_map(one, "b"), config_map(two, "a")]
    for ref in there:
        make(server, ref, data={"where": ref.namespace})
    absent = [
        config_map(two, "b"),
        config_map("no-such-namespace", "a"),
        ObjectRef("apps/v1", "Deployment", two, "pay"),
    ]

    live = clusters.read(server.context, [deployment, *there, *absent])

    assert live.unchecked == {}
    assert live.objects.keys() == {deployment, *there}
    assert [live.objects[ref]["data"] for ref in there] == [{"where": ref.namespace} for ref in there]
    found = live.objects[deployment]
    assert (found["apiVersion"], found["kind"]) == ("apps/v1", "Deployment")
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "reg/pay:v1"
    for ref in there:
        assert (live.objects[ref]["apiVersion"], live.objects[ref]["kind"]) == ("v1", "ConfigMap")


def test_rows_109_and_110_takes_scope_from_the_cluster_and_the_namespace_from_the_caller(server: Any) -> None:
    namespace = server.namespace()
    make(server, config_map(namespace, "here"))
    role = ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", namespace, f"{namespace}:reader")
    make(server, role, rules=[])
    bare = config_map("", "here")
    clusters = Clusters(server.kubeconfig, namespace=namespace)

    live = clusters.read(server.context, [bare, role, config_map(namespace, "here")])

    clusters.close()
    assert live.unchecked == {}
    assert live.objects.keys() == {bare, role, config_map(namespace, "here")}
    assert "namespace" not in live.objects[role]["metadata"]


def test_row_110_default_is_the_namespace_of_objects_that_name_none(server: Any, clusters: Clusters) -> None:
    name = server.namespace()
    make(server, config_map("default", name))

    assert clusters.read(server.context, [config_map("", name)]).objects.keys() == {config_map("", name)}


def test_reads_long_lists_page_by_page(server: Any, clusters: Clusters) -> None:
    namespace = server.namespace()
    refs = [config_map(namespace, f"part-{number:04}") for number in range(505)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda ref: make(server, ref), refs))

    live = clusters.read(server.context, [*refs, config_map(namespace, "absent")])

    assert live.objects.keys() == set(refs)
    assert live.unchecked == {}


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        (ObjectRef("argoproj.io/v1alpha1", "Rollout", "pay", "pay"), "doesn't serve the API argoproj.io/v1alpha1"),
        (ObjectRef("apps/v1", "Rollout", "pay", "pay"), "doesn't serve Rollout in the API apps/v1"),
        (ObjectRef("apps/v1beta1", "Deployment", "pay", "pay"), "doesn't serve the API apps/v1beta1"),
        (ObjectRef("../../version", "Deployment", "pay", "pay"), "is not an apiVersion"),
        (ObjectRef("", "Deployment", "pay", "pay"), "is not an apiVersion"),
        (ObjectRef("v1", "ConfigMap", "pay", ".."), "is not a legal name"),
        (ObjectRef("v1", "ConfigMap", "../kube-system", "x"), "is not a legal name"),
        (ObjectRef("v1", "ConfigMap", "pay", ""), "is not a legal name"),
    ],
)
def test_what_the_cluster_can_not_have_is_unchecked_and_hides_nothing(
    server: Any, clusters: Clusters, ref: ObjectRef, why: str
) -> None:
    namespace = server.namespace()
    make(server, config_map(namespace, "there"))

    live = clusters.read(server.context, [ref, config_map(namespace, "there")])

    assert live.objects.keys() == {config_map(namespace, "there")}
    assert live.unchecked.keys() == {ref}
    assert why in live.unchecked[ref]


def test_an_unknown_context_leaves_everything_unchecked(server: Any, clusters: Clusters) -> None:
    ref = config_map("pay", "a")

    assert clusters.read("elsewhere", [ref]) == Live(
        {}, {ref: "the kubeconfig has no context elsewhere; known are " + ", ".join(contexts(server.kubeconfig))}
    )


def contexts(kubeconfig: Path) -> list[str]:
    return sorted(context["name"] for context in yaml.safe_load(kubeconfig.read_text())["contexts"])


def test_nothing_wanted_is_nothing_read(server: Any, clusters: Clusters) -> None:
    assert clusters.read(server.context, []) == Live({}, {})


def test_rows_98_and_111_a_version_that_is_not_served_is_told_with_those_that_are(
    server: Any, clusters: Clusters
) -> None:
    kind = "HorizontalPodAutoscaler"
    ref = ObjectRef("autoscaling/v9", kind, "pay", "pay")

    live = clusters.read(server.context, [ref])

    others = live.unserved[ref]
    named = f"it has {kind} in {' and '.join(others)}"
    assert live.unchecked == {ref: f"{server.context} doesn't serve the API autoscaling/v9; {named}"}
    again = clusters.read(server.context, [ObjectRef(version, kind, "pay", "pay") for version in others])
    assert others
    assert (again.objects, again.unchecked) == ({}, {})


def test_row_99_a_namespace_that_is_not_there_is_told(server: Any, clusters: Clusters) -> None:
    there = server.namespace()
    make(server, config_map(there, "a"))
    gone = [config_map("no-such-namespace", name) for name in ("a", "b")]

    live = clusters.read(server.context, [config_map(there, "a"), *gone])

    assert live.objects.keys() == {config_map(there, "a")}
    assert live.unchecked == {}
    assert live.absent_namespaces == {"no-such-namespace"}


def test_who_wrote_what_is_told_apart(server: Any, clusters: Clusters) -> None:
    namespace = server.namespace()
    deployment = ObjectRef("apps/v1", "Deployment", namespace, "pay")
    make(server, deployment, spec=deployment_spec("reg/pay:v1"))

    live = clusters.read(server.context, [deployment])

    (entry,) = json.loads(live.managed[deployment])
    assert entry["operation"] == "Update"
    assert "managedFields" not in live.objects[deployment]["metadata"]
