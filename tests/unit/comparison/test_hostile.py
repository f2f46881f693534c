"""What a hostile repository or cluster may hold: nothing of it ends a check, and nothing hides by it."""

import json
import time
from typing import Any

import pytest

from bot.comparison import compare, compare_all, references
from bot.comparison.orphans import Traces, orphans
from bot.model.sync import Kind, Live, Severity, Writer

Things = dict[str, Any]
AT = "2026-01-01T10:00:00Z"


def thing(kind: str, spec: Any, **parts: Any) -> Things:
    version, _, word = kind.rpartition("/")
    return {"apiVersion": version, "kind": word, "metadata": {"name": "x"}, "spec": spec, **parts}


def pods(pod: Things, **container: Any) -> Things:
    template = {"spec": {**pod, "containers": [{"name": "app", **container}]}}
    return thing("apps/v1/Deployment", {"template": template})


SHAPES: dict[str, tuple[Things, Things]] = {
    "a strategy's type": (
        thing("apps/v1/Deployment", {"strategy": {"type": {}}}),
        thing("apps/v1/Deployment", {"strategy": {"rollingUpdate": {"maxSurge": 1}}}),
    ),
    "how devices are given": (
        thing("resource.k8s.io/v1/ResourceClaim", {"devices": {"requests": [{"name": "a", "allocationMode": []}]}}),
        thing("resource.k8s.io/v1/ResourceClaim", {"devices": {"requests": [{"name": "a", "count": 1}]}}),
    ),
    "an address in the cluster": (
        thing("v1/Service", {"clusterIP": "10.0.0.1"}),
        thing("v1/Service", {"clusterIP": {}}),
    ),
}


@pytest.mark.parametrize("sides", SHAPES.values(), ids=SHAPES)
def test_whatever_stands_where_a_word_belongs_is_compared(sides: tuple[Things, Things]) -> None:
    found = compare(*sides)
    assert found
    assert Kind.UNKNOWN not in {each.kind for each in found}


def test_an_object_that_no_rule_fits_ends_nothing_but_its_own_comparison() -> None:
    odd, well = thing("apps/v1/Deployment", {5: 1}), thing("example.com/v1/Thing", {"size": 1})
    refs = references([odd, well], "pay")
    live = Live(
        dict(zip(refs, (thing("apps/v1/Deployment", {"a": 1}), thing("example.com/v1/Thing", {})), strict=True))
    )
    found = compare_all([odd, well], live, "pay")
    assert [(each.kind, each.path) for each in found] == [(Kind.UNKNOWN, ""), (Kind.DRIFT, "spec.size")]
    assert "can't be compared" in found[0].note


ZEROS: dict[str, tuple[Things, Things, Kind, str]] = {
    "a container that may run as root where its pod may not": (
        pods({"securityContext": {"runAsNonRoot": True}}, securityContext={}),
        pods({"securityContext": {"runAsNonRoot": True}}, securityContext={"runAsNonRoot": False}),
        Kind.UNDECLARED,
        "spec.template.spec.containers[name=app].securityContext.runAsNonRoot",
    ),
    "a budget that lets nothing be evicted, taken away": (
        thing("policy/v1/PodDisruptionBudget", {"maxUnavailable": 0}),
        thing("policy/v1/PodDisruptionBudget", {"minAvailable": 0}),
        Kind.DRIFT,
        "spec.maxUnavailable",
    ),
    "a schedule that is never kept": (
        thing("batch/v1/CronJob", {"schedule": "@daily"}),
        thing("batch/v1/CronJob", {"schedule": "@daily", "startingDeadlineSeconds": 0}),
        Kind.UNDECLARED,
        "spec.startingDeadlineSeconds",
    ),
    "a scale-down at once, made slow": (
        thing("autoscaling/v2/HorizontalPodAutoscaler", {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}),
        thing("autoscaling/v2/HorizontalPodAutoscaler", {"behavior": {"scaleDown": {}}}),
        Kind.DRIFT,
        "spec.behavior.scaleDown.stabilizationWindowSeconds",
    ),
}


@pytest.mark.parametrize(("want", "have", "kind", "path"), ZEROS.values(), ids=ZEROS)
def test_a_zero_that_is_not_the_same_as_nothing_is_told(want: Things, have: Things, kind: Kind, path: str) -> None:
    found = {each.path: each.kind for each in compare(want, have)}
    assert found[path] is kind
    assert compare(want, want) == ()


def test_a_forged_record_does_not_pass_a_key_off_as_one_that_the_server_does_not_keep() -> None:
    want, have = (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data} for data in ({"a": "1"}, {})
    )
    (ref,) = references([want], "pay")
    fields: Things = {"f:data": {"f:a": {}}}
    managed = json.dumps([{"manager": "flux", "operation": "Apply", "time": AT, "fieldsV1": fields}]).encode()
    (found,) = compare_all([want], Live({ref: have}, managed={ref: managed}), "pay")
    assert (found.kind, found.path, found.severity) == (Kind.DRIFT, "data.a", Severity.MEDIUM)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026", 5, {}])
def test_a_time_that_no_clock_shows_is_none(time: object) -> None:
    want, have = thing("example.com/v1/Thing", {"size": 1}), thing("example.com/v1/Thing", {"size": 2})
    (ref,) = references([want], "pay")
    fields = {"f:spec": {"f:size": {}}}
    managed = json.dumps(
        [{"manager": "kubectl-edit", "operation": "Update", "time": time, "fieldsV1": fields}]
    ).encode()
    (found,) = compare_all([want], Live({ref: have}, managed={ref: managed}), "pay")
    assert (found.by, found.since) == (Writer("kubectl-edit", "Update", None), None)


@pytest.mark.parametrize("templates", [5, ["x"], {"metadata": 1}, [{"metadata": "x"}]])
def test_claims_of_no_form_leave_orphans_to_be_found(templates: object) -> None:
    own = thing("apps/v1/StatefulSet", {"volumeClaimTemplates": templates})
    old = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "pay"}}
    (ref,) = references([old], "pay")
    (found,) = orphans(Traces([own], "pay", [old], is_deployed=True), Live({ref: old}), complete=True)
    assert (found.object, found.kind) == (ref, Kind.ORPHAN)


def test_very_many_names_that_are_open_are_not_tried_one_by_one() -> None:
    """A million pairs took twenty seconds, for one object of 30 kB."""
    want, have = (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": dict.fromkeys(names, "${value}")}
        for names in ([f"${{name}}-{number}" for number in range(2000)], [f"key_{number}" for number in range(2000)])
    )
    begun = time.process_time()
    assert compare(want, have)
    assert time.process_time() - begun < 5
