"""What reading gives when the cluster is against it: sentences, and never a false "missing"."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contracts.clusters.conftest import StandIn

from bot.clusters.live import Clusters
from bot.model.sync import Live, ObjectRef
from bot.playground.kubernetes import kubeconfig

MAPS = [ObjectRef("v1", "ConfigMap", "pay", name) for name in ("a", "b")]
ABSENT = ObjectRef("v1", "ConfigMap", "pay", "absent")
SERVICE = ObjectRef("v1", "Service", "pay", "pay")
PORTS = {"ports": [{"port": 80}]}


@pytest.fixture
def pay(stand_in: StandIn) -> StandIn:
    """Two ConfigMaps and a Service in the namespace `pay`."""
    for ref in MAPS:
        stand_in.send("POST", "/api/v1/namespaces/pay/configmaps", {"metadata": {"name": ref.name}})
    stand_in.send("POST", "/api/v1/namespaces/pay/services", {"metadata": {"name": "pay"}, "spec": PORTS})
    stand_in.cluster.requests.clear()
    return stand_in


@pytest.fixture
def clusters(stand_in: StandIn) -> Iterator[Clusters]:
    found = Clusters(stand_in.kubeconfig, seconds=10, request_seconds=5)
    yield found
    found.close()


@pytest.fixture
def hasty(stand_in: StandIn) -> Iterator[Clusters]:
    """Gives up soon: for what is against it on purpose, since a busy machine may be as slow as that by itself."""
    found = Clusters(stand_in.kubeconfig, seconds=6, request_seconds=1)
    yield found
    found.close()


def paths(stand_in: StandIn) -> list[str]:
    return [path for _, path in stand_in.cluster.requests]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"status": 503}, "staging answered 503 for configmaps in namespace pay"),
        ({"status": 500}, "staging answered 500 for configmaps in namespace pay"),
        ({"status": 302, "body": "elsewhere"}, "staging answered 302 for configmaps in namespace pay"),
        ({"status": 404, "body": "404 page not found"}, "staging answered 404 for configmaps in namespace pay"),
        ({"status": 401}, "staging refuses our credentials (401); renew those of its kubeconfig context"),
        (
            {"status": 429, "retry_after": 60},
            "staging is busy (429) and asks to wait 60 s for configmaps in namespace pay, longer than a check may take",
        ),
        ({"status": 429}, "staging is too busy to give configmaps in namespace pay (429)"),
        ({"status": 410}, "staging answered 410 for configmaps in namespace pay"),
        (
            {"status": 200, "body": "<html>sign in</html>"},
            "staging answered with something other than JSON for configmaps in namespace pay",
        ),
        (
            {"status": 200, "body": "[]"},
            "staging answered with something other than an object for configmaps in namespace pay",
        ),
        ({"status": 200, "body": '{"items": [{}]}'}, "staging gave an answer that is not understood (KeyError)"),
    ],
)
def test_row_97_a_list_that_fails_leaves_its_objects_unchecked(
    pay: StandIn, clusters: Clusters, fault: dict[str, Any], why: str
) -> None:
    pay.cluster.fail(matching="configmaps", **fault)

    live = clusters.read("staging", [*MAPS, ABSENT])

    assert live == Live({}, dict.fromkeys([*MAPS, ABSENT], why))


def test_a_list_that_takes_too_long_leaves_its_objects_unchecked(pay: StandIn, hasty: Clusters) -> None:
    pay.cluster.fail(seconds=2, matching="configmaps")

    live = hasty.read("staging", MAPS)

    why = "staging didn't answer within 1 s when asked for configmaps in namespace pay"
    assert live == Live({}, dict.fromkeys(MAPS, why))


def test_row_97_a_list_that_fails_hides_nothing_else(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(503, matching="configmaps")

    live = clusters.read("staging", [*MAPS, SERVICE])

    assert live.objects.keys() == {SERVICE}
    assert live.unchecked.keys() == set(MAPS)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_rows_96_and_97_what_the_list_lacks_is_missing_only_by_the_servers_word(
    pay: StandIn, clusters: Clusters, status: int
) -> None:
    pay.cluster.fail(status, matching="configmaps/absent", body="whatever a proxy says")

    live = clusters.read("staging", [*MAPS, ABSENT])

    assert live.objects.keys() == set(MAPS)
    assert live.unchecked.keys() == {ABSENT}
    assert f"{status}" in live.unchecked[ABSENT]
    assert "whatever" not in live.unchecked[ABSENT]


def test_row_97_a_discovery_that_fails_is_not_an_api_without_kinds(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(503, matching=r"^/api/v1$")

    assert clusters.read("staging", MAPS) == Live({}, dict.fromkeys(MAPS, "staging answered 503 for the API v1"))
    pay.cluster.recover()
    assert clusters.read("staging", MAPS).objects.keys() == set(MAPS)


def test_who_may_not_list_gets_by_name(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(403, matching=r"configmaps\?")

    live = clusters.read("staging", [*MAPS, ABSENT])

    assert live.unchecked == {}
    assert live.objects.keys() == set(MAPS)


def test_who_may_neither_list_nor_get_is_told_what_to_grant(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(403, matching="configmaps")

    live = clusters.read("staging", MAPS)

    assert live.objects == {}
    assert live.unchecked[MAPS[0]] == "staging doesn't let us read ConfigMap pay/a (403); grant get and list on it"


def test_who_may_not_list_the_whole_cluster_lists_each_namespace(pay: StandIn, clusters: Clusters) -> None:
    other = [ObjectRef("v1", "ConfigMap", "other", name) for name in ("a", "b")]
    for ref in other:
        pay.send("POST", "/api/v1/namespaces/other/configmaps", {"metadata": {"name": ref.name}})
    pay.cluster.fail(403, matching=r"^/api/v1/configmaps")
    pay.cluster.requests.clear()

    live = clusters.read("staging", [*MAPS, *other])

    assert live.objects.keys() == {*MAPS, *other}
    assert live.unchecked == {}
    assert sorted(paths(pay)) == [
        "/api/v1",
        "/api/v1/configmaps?limit=500",
        "/api/v1/namespaces/other/configmaps?limit=500",
        "/api/v1/namespaces/pay/configmaps?limit=500",
    ]


def test_a_busy_server_is_waited_for(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(429, matching="configmaps", retry_after=0, times=2)
    pay.cluster.fail(503, matching="configmaps", retry_after=1, times=1)

    began = time.monotonic()
    live = clusters.read("staging", MAPS)

    assert live.objects.keys() == set(MAPS)
    assert time.monotonic() - began > 0.9


def test_a_list_that_expires_is_begun_again_once(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("v1", "ConfigMap", "pay", f"n{number:04}") for number in range(501)]
    kind = stand_in.cluster.served.of("v1", "ConfigMap")
    assert kind is not None
    for ref in refs:
        stand_in.cluster.objects.create(kind, "pay", {"metadata": {"name": ref.name}})
    stand_in.cluster.fail(410, matching="continue=", times=1)

    live = clusters.read("staging", refs)

    assert live.objects.keys() == set(refs)
    assert live.unchecked == {}
    assert [path.partition("&")[0] for path in paths(stand_in)] == [
        "/api/v1", *["/api/v1/namespaces/pay/configmaps?limit=500"] * 4,
    ]  # fmt: skip


def test_a_list_much_longer_than_what_is_wanted_is_given_up(stand_in: StandIn, clusters: Clusters) -> None:
    kind = stand_in.cluster.served.of("v1", "ConfigMap")
    assert kind is not None
    for number in range(2001):
        stand_in.cluster.objects.create(kind, "pay", {"metadata": {"name": f"n{number:04}"}})
    wanted = [ObjectRef("v1", "ConfigMap", "pay", name) for name in ("n0000", "n2000")]

    live = clusters.read("staging", wanted)

    assert live.objects.keys() == set(wanted)
    assert sorted(paths(stand_in)) == [
        "/api/v1",
        "/api/v1/namespaces/pay/configmaps/n2000",
        "/api/v1/namespaces/pay/configmaps?limit=500",
    ]


def test_reads_in_few_calls(pay: StandIn, clusters: Clusters) -> None:
    clusters.read("staging", [*MAPS, SERVICE])
    first = sorted(paths(pay))
    pay.cluster.requests.clear()
    clusters.read("staging", [*MAPS, SERVICE])

    assert first == [
        "/api/v1", "/api/v1/namespaces/pay/configmaps?limit=500", "/api/v1/namespaces/pay/services/pay",
    ]  # fmt: skip
    assert sorted(paths(pay)) == first[1:]


def test_a_kind_that_is_new_is_found_at_the_next_look(stand_in: StandIn, clusters: Clusters) -> None:
    """Discovery is kept, but never against a kind that it lacks."""
    ref = ObjectRef("apps/v1", "Deployment", "pay", "pay")
    stand_in.cluster.fail(200, matching=r"^/apis/apps/v1$", times=1, body='{"resources": []}')

    assert clusters.read("staging", [ref]).unchecked == {ref: "staging doesn't serve Deployment in the API apps/v1"}
    assert clusters.read("staging", [ref]) == Live({}, {})


def test_secrets_are_fetched_one_by_one(stand_in: StandIn, clusters: Clusters) -> None:
    refs = [ObjectRef("v1", "Secret", "pay", name) for name in ("a", "b")]
    for name in ("a", "b", "not-asked-for"):
        stand_in.send("POST", "/api/v1/namespaces/pay/secrets", {"metadata": {"name": name}})
    stand_in.cluster.requests.clear()

    live = clusters.read("staging", refs)

    assert live.objects.keys() == set(refs)
    assert sorted(paths(stand_in)) == [
        "/api/v1", "/api/v1/namespaces/pay/secrets/a", "/api/v1/namespaces/pay/secrets/b",
    ]  # fmt: skip


def test_nothing_more_is_asked_once_credentials_are_refused(pay: StandIn, clusters: Clusters) -> None:
    pay.cluster.fail(401)
    refs = [ObjectRef("v1", "Secret", "pay", f"s{number}") for number in range(50)]

    live = clusters.read("staging", refs)

    assert live.unchecked.keys() == set(refs)
    assert paths(pay) == ["/api/v1"]


def test_the_time_of_a_whole_look_is_limited(pay: StandIn) -> None:
    pay.cluster.fail(200, matching="secrets", seconds=0.4)
    refs = [ObjectRef("v1", "Secret", "pay", f"s{number}") for number in range(40)]
    clusters = Clusters(pay.kubeconfig, seconds=1.0, request_seconds=0.6)

    live = clusters.read("staging", refs)

    clusters.close()
    assert any(why.startswith("the check's time was up before staging gave Secret") for why in live.unchecked.values())


def test_a_cluster_that_can_not_be_reached(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    kubeconfig.write(tmp_path / "kubeconfig", {"gone": f"http://127.0.0.1:{port}"})
    clusters = Clusters(tmp_path / "kubeconfig")

    live = clusters.read("gone", MAPS)

    clusters.close()
    assert live == Live({}, dict.fromkeys(MAPS, "gone can't be reached: no connection to its API server"))


def test_a_server_that_speaks_no_http(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kubeconfig.write(tmp_path / "kubeconfig", {"odd": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        clusters = Clusters(tmp_path / "kubeconfig", request_seconds=1)
        live = clusters.read("odd", MAPS)
        clusters.close()

    assert live == Live({}, dict.fromkeys(MAPS, "odd didn't answer within 1 s when asked for the API v1"))


@pytest.mark.parametrize("content", [None, "", "a: [", "- 1", "contexts: 5"])
def test_a_kubeconfig_that_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "kubeconfig").write_text(content)

    live = Clusters(tmp_path / "kubeconfig").read("staging", MAPS)

    assert live == Live({}, dict.fromkeys(MAPS, f"no kubeconfig can be read from {tmp_path / 'kubeconfig'}"))


def test_in_cluster_without_a_service_account() -> None:
    live = Clusters().read("in-cluster", [SERVICE])

    why = "in-cluster was asked for, but there is no service account here; name a context of a kubeconfig instead"
    assert live == Live({}, {SERVICE: why})
