"""What rehearsing gives when the cluster is against it: sentences of ours, few requests, and never a result."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from contracts.clusters.conftest import StandIn

from bot.clusters import rehearsal
from bot.clusters.connection import _warnings
from bot.clusters.live import Clusters
from bot.model.sync import Manifest, ObjectRef, Rehearsal
from bot.playground.kubernetes import kubeconfig

QUOTED = "hunter2"
"""What an API server may quote in the text of a refusal (row 132)."""


@pytest.fixture
def clusters(stand_in: StandIn) -> Iterator[Clusters]:
    found = Clusters(stand_in.kubeconfig, seconds=10, request_seconds=5)
    yield found
    found.close()


def config_maps(count: int, namespace: str = "pay") -> dict[ObjectRef, Manifest]:
    refs = (ObjectRef("v1", "ConfigMap", namespace, f"map-{at}") for at in range(count))
    return {ref: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ref.name}} for ref in refs}


def patches(stand_in: StandIn) -> int:
    return sum(method == "PATCH" for method, _ in stand_in.cluster.requests)


def refusal(message: str, *causes: str) -> str:
    details = {"causes": [{"reason": "FieldValueInvalid", "message": each, "field": "data"} for each in causes]}
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "details": details})


WEBHOOK = f'admission webhook "policy.example.com" denied the request: {QUOTED}'
FAILING = f'Internal error occurred: failed calling webhook "policy.example.com": {QUOTED}'


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, refusal(WEBHOOK), Rehearsal(why="the admission webhook policy.example.com refuses it (403)")),
        (400, refusal(WEBHOOK), Rehearsal(why="the admission webhook policy.example.com refuses it (400)")),
        (500, refusal(FAILING), Rehearsal(why="the admission webhook policy.example.com could not be called (500)")),
        (
            400,
            refusal('admission webhook "old.example.com" does not support dry run'),
            Rehearsal(why="the admission webhook old.example.com doesn't support dry runs (400)"),
        ),
        (
            400,
            refusal('admission webhook "a\nb" denied the request'),
            Rehearsal(why="an admission webhook refuses it (400)"),
        ),
        (
            422,
            refusal("invalid", f'Invalid value: "{QUOTED}": field is immutable'),
            Rehearsal(why="the API server refuses to change what is immutable (422)", immutable=True),
        ),
        (
            422,
            refusal("invalid", f'Invalid value: "{QUOTED} is immutable": must be short'),
            Rehearsal(why="staging answered 422 to the dry run"),
        ),
        (422, refusal(f"{QUOTED} is immutable"), Rehearsal(why="staging answered 422 to the dry run")),
        (
            500,
            refusal("failed to create typed patch object: .spec.a: field not declared in schema"),
            Rehearsal(why="Git declares a field that the API server's schema doesn't have (500)"),
        ),
        (
            500,
            refusal(f"failed to create typed patch object: .data.a: expected string, got {QUOTED}"),
            Rehearsal(why="the API server can't apply the object as Git has it (500)"),
        ),
        (
            404,
            refusal('namespaces "pay" not found'),
            Rehearsal(why="the object or its namespace is no longer there (404)"),
        ),
        (201, "{}", Rehearsal(why="the object or its namespace is no longer there (201)")),
        (409, QUOTED, Rehearsal(why="staging answered 409 to the dry run")),
        (500, "[" * 100_000, Rehearsal(why="staging answered 500 to the dry run")),
        (504, refusal("timeout"), Rehearsal(why="staging answered 504 to the dry run")),
        (429, "", Rehearsal(why="staging answered 429 to the dry run")),
        (
            401,
            QUOTED,
            Rehearsal(why="staging refuses our credentials (401); renew those of its kubeconfig context"),
        ),
    ],
)
def test_rows_120_and_132_a_refusal_is_a_sentence_of_ours(
    stand_in: StandIn, clusters: Clusters, status: int, body: str, expected: Rehearsal
) -> None:
    stand_in.cluster.fail(status, matching="dryRun=All", body=body)
    answers = clusters.rehearse("staging", config_maps(1), "argocd-controller")
    assert list(answers.values()) == [expected]
    assert QUOTED not in str(answers)
    assert patches(stand_in) == 1


def test_what_is_asked(stand_in: StandIn, clusters: Clusters) -> None:
    clusters.rehearse("staging", config_maps(1, namespace=""), "argocd controller&")
    (asked,) = (path for method, path in stand_in.cluster.requests if method == "PATCH")
    path, _, query = asked.partition("?")
    assert path == "/api/v1/namespaces/default/configmaps/map-0"
    assert sorted(query.split("&")) == [
        "dryRun=All",
        "fieldManager=argocd%20controller%26",
        "fieldValidation=Warn",
        "force=true",
    ]


def test_no_more_than_the_limit_is_tried_and_the_rest_says_so(stand_in: StandIn, clusters: Clusters) -> None:
    stand_in.cluster.fail(200, matching="dryRun=All", body=json.dumps({"kind": "ConfigMap"}))
    answers = list(clusters.rehearse("staging", config_maps(rehearsal.MOST + 2), "helm").values())
    assert patches(stand_in) == rehearsal.MOST
    assert answers[: rehearsal.MOST] == [Rehearsal({"kind": "ConfigMap"})] * rehearsal.MOST
    assert (
        answers[rehearsal.MOST :] == [Rehearsal(why="more than 50 objects differ, and so many are tried at a time")] * 2
    )


@pytest.mark.parametrize("status", [500, 503, 429])
def test_failing_dry_runs_are_given_up(stand_in: StandIn, clusters: Clusters, status: int) -> None:
    """Each of them may have kept an admission webhook busy."""
    stand_in.cluster.fail(status, matching="dryRun=All")
    answers = clusters.rehearse("staging", config_maps(40), "helm")
    assert rehearsal.FAILURES <= patches(stand_in) < rehearsal.FAILURES + rehearsal.AT_ONCE
    assert list(answers.values())[-1] == Rehearsal(why="dry runs fail on staging, so no more were tried")


def test_what_is_refused_for_one_object_is_tried_for_the_next(stand_in: StandIn, clusters: Clusters) -> None:
    stand_in.cluster.fail(403, matching="dryRun=All", body=refusal(WEBHOOK))
    clusters.rehearse("staging", config_maps(20), "helm")
    assert patches(stand_in) == 20


def test_a_right_that_is_not_granted_is_asked_for_once(stand_in: StandIn, clusters: Clusters) -> None:
    message = 'configmaps "map-0" is forbidden: User "bot" cannot patch resource "configmaps" in API group ""'
    stand_in.cluster.fail(403, matching="pay/configmaps.*dryRun=All", body=refusal(message))
    why = "staging doesn't let us patch, which a dry run takes (403); see deploy/rbac/confirm"
    first = clusters.rehearse("staging", config_maps(1), "helm")
    second = clusters.rehearse("staging", config_maps(30), "helm")
    assert {*first.values(), *second.values()} == {Rehearsal(why=why)}
    assert patches(stand_in) == 1
    clusters.rehearse("staging", config_maps(1, namespace="other"), "helm")
    assert patches(stand_in) == 2


def test_secrets_are_not_sent(stand_in: StandIn, clusters: Clusters) -> None:
    ref = ObjectRef("v1", "Secret", "pay", "pay")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pay"}, "stringData": {"a": QUOTED}}
    assert clusters.rehearse("staging", {ref: secret}, "helm") == {
        ref: Rehearsal(why="Secrets are not sent to dry runs")
    }
    assert not stand_in.cluster.requests


def test_a_kind_that_is_not_served(clusters: Clusters) -> None:
    ref = ObjectRef("v1", "Nonsense", "pay", "pay")
    assert clusters.rehearse("staging", {ref: {"metadata": {"name": "pay"}}}, "helm") == {
        ref: Rehearsal(why="staging doesn't serve Nonsense in the API v1")
    }


@pytest.mark.parametrize("manifest", [{}, {"metadata": None}, {"metadata": {"name": "pay"}, "data": object()}])
def test_an_object_in_an_odd_shape_ends_no_check(clusters: Clusters, manifest: dict[str, Any]) -> None:
    ref = ObjectRef("v1", "ConfigMap", "pay", "pay")
    (answer,) = clusters.rehearse("staging", {ref: manifest}, "helm").values()
    assert answer.result is None
    assert answer.why.startswith("the dry run of ConfigMap pay/pay ended in ")


def test_a_name_that_would_climb_is_not_asked_for(stand_in: StandIn, clusters: Clusters) -> None:
    ref = ObjectRef("v1", "ConfigMap", "pay", "..")
    (answer,) = clusters.rehearse("staging", {ref: {"metadata": {"name": ".."}}}, "helm").values()
    assert answer == Rehearsal(why="'..' is not a legal name of an object")
    assert patches(stand_in) == 0


def test_a_slow_cluster(stand_in: StandIn) -> None:
    stand_in.cluster.fail(200, matching="dryRun=All", seconds=2.0)
    hasty = Clusters(stand_in.kubeconfig, seconds=10, request_seconds=1)
    (answer,) = hasty.rehearse("staging", config_maps(1), "helm").values()
    hasty.close()
    assert answer == Rehearsal(why="staging didn't answer within 1 s when asked for a dry run of ConfigMap pay/map-0")


def test_a_cluster_out_of_reach(stand_in: StandIn) -> None:
    kubeconfig.write(stand_in.kubeconfig, {"staging": "http://127.0.0.1:1"})
    clusters = Clusters(stand_in.kubeconfig)
    answers = clusters.rehearse("staging", config_maps(9), "helm")
    assert answers.keys() == config_maps(9).keys()
    assert all(answer.result is None and answer.why for answer in answers.values())
    assert clusters.rehearse("nowhere", config_maps(1), "helm").keys() == config_maps(1).keys()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ()),
        ('299 - "unknown field \\"spec.a\\""', ('unknown field "spec.a"',)),
        ('299 - "one, and more", 299 - "two"', ("one, and more", "two")),
        ('299 k8s.io "a" "Sat, 25 Aug 2012 23:34:45 GMT"', ("a",)),
        ("nonsense", ()),
    ],
)
def test_row_49_warnings_are_read_from_their_header(header: str, expected: tuple[str, ...]) -> None:
    assert _warnings({"Warning": header} if header else {}) == expected
