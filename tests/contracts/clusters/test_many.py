"""What reading gives of large and half-empty clusters: few calls, and what is absent told by the cluster's word."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from contracts.clusters.conftest import StandIn

from bot.clusters.connection import Budget, Connection
from bot.clusters.discovery import Resource
from bot.clusters.live import Clusters
from bot.clusters.pages import pages
from bot.model.sync import ObjectRef
from bot.playground.kubernetes.kinds import KINDS, Kind, Served

HPA = "HorizontalPodAutoscaler"


@pytest.fixture
def clusters(stand_in: StandIn) -> Iterator[Clusters]:
    found = Clusters(stand_in.kubeconfig, seconds=10, request_seconds=5)
    yield found
    found.close()


def config_map(namespace: str, name: str) -> ObjectRef:
    return ObjectRef("v1", "ConfigMap", namespace, name)


def make(stand_in: StandIn, *refs: ObjectRef, **metadata: object) -> None:
    for ref in refs:
        kind = stand_in.cluster.served.of(ref.api_version, ref.kind)
        assert kind is not None
        stand_in.cluster.objects.create(kind, ref.namespace, {"metadata": {"name": ref.name, **metadata}})


def calls(stand_in: StandIn) -> list[str]:
    return sorted(path for _, path in stand_in.cluster.requests)


def test_row_99_objects_of_a_namespace_that_is_not_there_cost_one_call(stand_in: StandIn, clusters: Clusters) -> None:
    make(stand_in, config_map("pay", "a"))
    gone = [config_map("gone", f"n{number}") for number in range(30)]
    gone += [ObjectRef("v1", "ServiceAccount", "gone", name) for name in ("a", "b")]

    live = clusters.read("staging", [config_map("pay", "a"), *gone])

    assert live.objects.keys() == {config_map("pay", "a")}
    assert live.unchecked == {}
    assert live.absent_namespaces == {"gone"}
    assert calls(stand_in) == [
        "/api/v1", "/api/v1/configmaps?limit=500", "/api/v1/namespaces/gone",
        "/api/v1/namespaces/gone/serviceaccounts?limit=500",
    ]  # fmt: skip


def test_row_99_many_namespaces_are_listed_and_the_absent_confirmed(stand_in: StandIn, clusters: Clusters) -> None:
    there, gone = [[config_map(f"{name}-{number}", "a") for number in range(7)] for name in ("there", "gone")]
    make(stand_in, *(config_map(ref.namespace, "other") for ref in there))

    live = clusters.read("staging", [*there, *gone])

    assert (live.objects, live.unchecked) == ({}, {})
    assert live.absent_namespaces == {ref.namespace for ref in gone}
    assert calls(stand_in) == sorted([
        "/api/v1", "/api/v1/configmaps?limit=500", "/api/v1/namespaces?limit=500",
        *(f"/api/v1/namespaces/{ref.namespace}" for ref in gone),
        *(f"/api/v1/namespaces/{ref.namespace}/configmaps/a" for ref in there),
    ])  # fmt: skip


@pytest.mark.parametrize("status", [403, 404, 500])
def test_row_99_a_namespace_that_can_not_be_read_is_not_absent(
    stand_in: StandIn, clusters: Clusters, status: int
) -> None:
    stand_in.cluster.fail(status, matching="namespaces/gone$", body="of a proxy")

    live = clusters.read("staging", [config_map("gone", "a"), config_map("gone", "b")])

    assert live.absent_namespaces == frozenset()
    assert (live.objects, live.unchecked) == ({}, {})
    assert len(calls(stand_in)) == 5


def test_of_more_missing_objects_than_are_asked_for_the_rest_is_unchecked(stand_in: StandIn) -> None:
    make(stand_in, config_map("pay", "there"))
    refs = [config_map("pay", f"n{number}") for number in range(5)]
    clusters = Clusters(stand_in.kubeconfig, most_confirmed=3)

    live = clusters.read("staging", [config_map("pay", "there"), *refs])

    clusters.close()
    assert live.objects.keys() == {config_map("pay", "there")}
    many = "more than 3 objects are in no list, and no check asks for so many one by one"
    assert live.unchecked == dict.fromkeys(refs[3:], f"staging may not have it: {many}")


def test_row_111_a_version_that_is_gone_is_told_with_those_that_serve_the_kind(
    stand_in: StandIn, clusters: Clusters
) -> None:
    old = ObjectRef("autoscaling/v2beta2", HPA, "pay", "pay")

    live = clusters.read("staging", [old])

    assert live.unserved == {old: ("autoscaling/v2",)}
    served = "it has HorizontalPodAutoscaler in autoscaling/v2"
    assert live.unchecked == {old: f"staging doesn't serve the API autoscaling/v2beta2; {served}"}


def test_row_111_a_kind_that_moved_between_served_versions(stand_in: StandIn, clusters: Clusters) -> None:
    stand_in.cluster.served = Served((*KINDS, Kind("autoscaling", "v1", "Other", "others")))
    old = ObjectRef("autoscaling/v1", HPA, "pay", "pay")

    live = clusters.read("staging", [old])

    assert live.unserved == {old: ("autoscaling/v2",)}
    assert "doesn't serve HorizontalPodAutoscaler in the API autoscaling/v1; it has" in live.unchecked[old]


def test_row_98_a_kind_that_no_version_serves(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("argoproj.io/v1alpha1", "Rollout", "pay", name) for name in ("a", "b")]

    live = clusters.read("staging", refs)

    assert live.unserved == dict.fromkeys(refs, ())
    assert live.unchecked == dict.fromkeys(refs, "staging doesn't serve the API argoproj.io/v1alpha1")
    assert calls(stand_in) == ["/apis", "/apis/argoproj.io/v1alpha1"]


@pytest.mark.parametrize(
    "fault", [{"status": 503, "matching": "^/apis$"}, {"status": 404, "matching": "^/apis/apps/v1$"}]
)
def test_rows_97_and_98_what_discovery_can_not_tell_is_not_unserved(
    stand_in: StandIn, clusters: Clusters, fault: dict[str, object]
) -> None:
    """A 404 that the cluster's own list of APIs contradicts, or that it can't confirm."""
    stand_in.cluster.fail(**fault)  # type: ignore[arg-type]  # its words are Fault's
    version = "apps/v1" if fault["status"] == 404 else "apps/v1beta1"
    ref = ObjectRef(version, "Deployment", "pay", "pay")

    live = clusters.read("staging", [ref])

    assert live.unserved == {}
    assert live.unchecked == {ref: f"staging doesn't serve the API {version}"}


def test_who_wrote_what_is_kept_apart_from_the_objects(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [config_map("pay", "a"), config_map("pay", "b"), ObjectRef("v1", "ServiceAccount", "pay", "a")]
    for ref in refs:
        kind = stand_in.cluster.served.of("v1", ref.kind)
        assert kind is not None
        manifest = {"metadata": {"name": ref.name, "labels": {"team": "pay"}}}
        stand_in.cluster.objects.create(kind, "pay", manifest, manager="kubectl-edit")

    live = clusters.read("staging", refs)

    assert all("managedFields" not in manifest["metadata"] for manifest in live.objects.values())
    assert live.managed.keys() == set(refs)
    assert {json.loads(written)[0]["manager"] for written in live.managed.values()} == {"kubectl-edit"}


def test_marked_objects_that_nobody_asked_for_are_noted_without_what_they_hold(
    stand_in: StandIn, clusters: Clusters
) -> None:
    wanted = [config_map("pay", "a"), config_map("pay", "b")]
    labels = {"kustomize.toolkit.fluxcd.io/name": "pay", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    make(stand_in, *wanted, config_map("pay", "left"), labels=labels)
    make(stand_in, config_map("pay", "foreign"))

    live = clusters.read("staging", wanted)

    left = config_map("pay", "left")
    assert live.tracked.keys() == {left}
    assert live.tracked[left].keys() == {"apiVersion", "kind", "metadata"}
    assert live.tracked[left]["metadata"]["labels"] == labels


def test_many_secrets_of_a_namespace_are_listed(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("v1", "Secret", "pay", f"n{number}") for number in range(10)]
    make(stand_in, *refs)

    assert clusters.read("staging", refs).objects.keys() == set(refs)
    assert calls(stand_in) == ["/api/v1", "/api/v1/namespaces/pay/secrets?limit=500"]


def test_secrets_that_may_not_be_listed_are_read_by_name(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("v1", "Secret", "pay", f"n{number}") for number in range(10)]
    make(stand_in, *refs)
    stand_in.cluster.fail(403, matching=r"secrets\?")

    live = clusters.read("staging", refs)

    assert live.objects.keys() == set(refs)
    assert live.unchecked == {}


def test_after_many_refusals_no_more_is_asked_of_a_kind(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("v1", "Secret", f"n{number}", "a") for number in range(120)]
    make(stand_in, config_map("pay", "a"))
    stand_in.cluster.fail(403, matching="secrets")

    live = clusters.read("staging", [config_map("pay", "a"), *refs])

    assert live.objects.keys() == {config_map("pay", "a")}
    assert live.unchecked.keys() == set(refs)
    none = "staging doesn't let us read secrets (403 for 100 of them, and none allowed); grant get and list on them"
    assert none in live.unchecked.values()
    assert len(calls(stand_in)) < 112


def test_pages_shrink_where_objects_are_large(stand_in: StandIn) -> None:
    """They may have a megabyte each, so that fifty don't fit into one answer; here, a hundredth of all that."""
    refs = [config_map("pay", f"n{number:02}") for number in range(33)]
    make(stand_in, *refs, annotations={"a": "x" * 10_000})
    connection = Connection.open("staging", stand_in.kubeconfig, 5.0)
    connection.most_bytes = 320_000

    read = [page.items for page in pages(connection, Resource("v1", "ConfigMap", "configmaps", True), "pay", Budget(5))]

    connection.close()
    assert [item["metadata"]["name"] for items in read for item in items] == [ref.name for ref in refs]
    assert [len(items) for items in read] == [5, 5, 5, 5, 5, 5, 3]
    assert [path.partition("limit=")[2][:3] for _, path in stand_in.cluster.requests][:3] == ["500", "50", "5"]


def test_pages_shrink_where_they_take_too_long(stand_in: StandIn) -> None:
    refs = [config_map("pay", name) for name in ("a", "b")]
    make(stand_in, *refs)
    stand_in.cluster.fail(200, matching="limit=500", seconds=2)
    clusters = Clusters(stand_in.kubeconfig, seconds=10, request_seconds=1)

    live = clusters.read("staging", refs)

    clusters.close()
    assert live.objects.keys() == set(refs)


def test_row_108_a_list_that_breaks_half_way_is_told(stand_in: StandIn, clusters: Clusters) -> None:
    """No list that broke counts as read: what it lacks is neither missing nor asked for."""
    refs = [config_map("pay", f"n{number:04}") for number in range(501)]
    make(stand_in, *refs)
    stand_in.cluster.fail(500, matching="continue=")

    live = clusters.read("staging", [*refs, config_map("pay", "absent")])

    assert live.objects.keys() | live.unchecked.keys() == {*refs, config_map("pay", "absent")}
    assert len(live.objects) == 500
    assert set(live.unchecked.values()) == {"staging answered 500 for configmaps in namespace pay"}


def test_tells_how_far_it_is(stand_in: StandIn) -> None:
    refs = [config_map("pay", f"n{number:04}") for number in range(501)]
    make(stand_in, *refs)
    heard: list[tuple[str, int, int]] = []
    clusters = Clusters(stand_in.kubeconfig, progress=lambda *said: heard.append(said))

    clusters.read("staging", [*refs, config_map("pay", "absent"), replace(refs[0], api_version="v7")])

    clusters.close()
    assert heard == sorted(heard)
    assert ("staging", 501, 503) in heard
    assert heard[-1] == ("staging", 503, 503)


@pytest.mark.parametrize("name", ["a\nb", "a b", "a\x1b[2J", "x" * 254, "a/b", "%2e%2e"])
def test_a_name_that_no_object_can_have_is_never_asked_for(stand_in: StandIn, clusters: Clusters, name: str) -> None:
    ref = config_map("pay", name)

    live = clusters.read("staging", [ref])

    assert live.unchecked == {ref: f"{name!r} is not a legal name of an object"}
    assert calls(stand_in) == ["/api/v1"]
