"""What is told of a difference besides its values: who wrote it, what stands against putting it right, where it is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.comparison import compare, compare_all, references, verdict
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Live, Manifest, Severity, SyncState, Writer

AT = "2026-01-01T10:00:00Z"
APP = "spec.template.spec.containers[name=app]"


def thing(kind: str, metadata: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    version, _, word = kind.rpartition("/")
    return {"apiVersion": version, "kind": word, "metadata": {"name": "x", **(metadata or {})}, **parts}


def managed(manager: str, fields: dict[str, Any], operation: str = "Update") -> bytes:
    return json.dumps([{"manager": manager, "operation": operation, "time": AT, "fieldsV1": fields}]).encode()


def found(desired: Manifest, live: Manifest, fields: bytes = b"", *ignore: Ignore) -> tuple[Difference, ...]:
    (ref,) = references([live], "pay")
    return compare_all([desired], Live({ref: live}, managed={ref: fields}), "pay", ignore)


REPLICAS = {"f:spec": {"f:replicas": {}}}
WANT, HAVE = thing("apps/v1/Deployment", spec={"replicas": 2}), thing("apps/v1/Deployment", spec={"replicas": 5})


class TestWriter:
    def test_a_difference_bears_its_last_writer_and_since_when(self) -> None:
        (told,) = found(WANT, HAVE, managed("kubectl-scale", REPLICAS))
        at = datetime(2026, 1, 1, 10, tzinfo=UTC)
        assert (told.by, told.since) == (Writer("kubectl-scale", "Update", at), at)

    def test_without_a_record_nobody_is_named(self) -> None:
        (told,) = found(WANT, HAVE)
        assert (told.by, told.since) == (None, None)

    def test_row_93_what_a_built_in_controller_wrote_is_for_information(self) -> None:
        by_controller = found(WANT, HAVE, managed("kube-controller-manager", REPLICAS))
        assert [each.severity for each in by_controller] == [Severity.INFO]
        assert verdict(by_controller) is SyncState.SYNCED
        assert verdict(found(WANT, HAVE, managed("kubectl-edit", REPLICAS))) is SyncState.DRIFTED

    @pytest.mark.parametrize(
        ("manager", "severity"),
        [("kubectl-edit", Severity.MEDIUM), ("kubectl-create", Severity.INFO), ("an-operator", Severity.INFO)],
    )
    def test_a_field_that_nobody_knows_is_worth_telling_if_a_person_wrote_it(
        self, manager: str, severity: Severity
    ) -> None:
        want, have = (thing("example.com/v1/Thing", spec={"size": 1, **more}) for more in ({}, {"depth": 2}))
        (told,) = found(want, have, managed(manager, {"f:spec": {"f:depth": {}}}))
        assert (told.kind, told.path, told.severity) == (Kind.UNDECLARED, "spec.depth", severity)

    def test_row_76_a_label_by_hand_is_for_information_whoever_wrote_it(self) -> None:
        have = thing("example.com/v1/Thing", {"labels": {"a": "b"}}, spec={})
        (told,) = found(
            thing("example.com/v1/Thing", spec={}),
            have,
            managed("kubectl-edit", {"f:metadata": {"f:labels": {"f:a": {}}}}),
        )
        assert told.severity is Severity.INFO

    def test_row_93_no_controller_changes_what_runs_so_its_name_hides_no_such_thing(self) -> None:
        def of(image: str) -> dict[str, Any]:
            template = {"spec": {"containers": [{"name": "app", "image": image}]}}
            return thing("apps/v1/Deployment", spec={"template": template})

        item = {'k:{"name":"app"}': {"f:image": {}}}
        fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": item}}}}
        (told,) = found(of("a:1"), of("a:2"), managed("kube-controller-manager", fields))
        assert told.severity is Severity.HIGH

    def test_row_84_replicas_outside_an_autoscalers_bounds_are_drift_whoever_wrote_them(self) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
        scaler = thing("autoscaling/v2/HorizontalPodAutoscaler", spec={"scaleTargetRef": target, "maxReplicas": 3})
        refs = references([scaler, WANT], "pay")
        live = Live(dict(zip(refs, (scaler, HAVE), strict=True)), managed={refs[1]: managed("kubelet", REPLICAS)})
        assert verdict(compare_all([scaler, WANT], live, "pay")) is SyncState.DRIFTED


class TestPointer:
    def test_it_names_the_place_as_a_rule_would(self) -> None:
        want = thing("v1/ConfigMap", {"labels": {"a.b/c~d": "1"}})
        (told,) = found(want, thing("v1/ConfigMap", {"labels": {"a.b/c~d": "2"}}))
        assert told.pointer == "/metadata/labels/a.b~1c~0d"
        assert found(want, thing("v1/ConfigMap"), b"", Ignore("why", path=told.pointer)) == ()

    def test_items_of_lists_go_by_their_keys(self) -> None:
        def env(value: str) -> dict[str, Any]:
            container = {"name": "app", "env": [{"name": "A/B", "value": value}]}
            return thing("apps/v1/Deployment", spec={"template": {"spec": {"containers": [container]}}})

        (told,) = found(env("1"), env("2"))
        assert told.pointer == "/spec/template/spec/containers/name=app/env/name=A~1B/value"
        assert found(env("1"), env("2"), b"", Ignore("why", path=told.pointer)) == ()


class TestIgnoring:
    def test_row_94_a_rule_may_name_the_writer(self) -> None:
        fields = managed("vpa-recommender", REPLICAS)
        assert found(WANT, HAVE, fields, Ignore("why", manager="vpa-*")) == ()
        assert found(WANT, HAVE, fields, Ignore("why", manager="keda")) != ()
        assert found(WANT, HAVE, b"", Ignore("why", manager="*")) != ()
        assert found(WANT, HAVE, fields, Ignore("why", manager="vpa-*", path="/spec/paused")) != ()

    def test_a_rule_about_a_writer_lets_no_object_be_missing(self) -> None:
        assert len(compare_all([WANT], Live({}), "pay", [Ignore("why", manager="*")])) == 1

    def test_a_leaf_below_a_larger_finding(self) -> None:
        want, have = thing("example.com/v1/Thing", spec={}), thing("example.com/v1/Thing", spec={"a": {"b": 1, "c": 2}})
        (told,) = found(want, have, b"", Ignore("why", path="/spec/a/b"))
        assert (told.path, told.live) == ("spec.a", '{"c": 2}')
        assert found(want, have, b"", Ignore("why", path="/spec/a/b"), Ignore("why", path="/spec/a/c")) == ()
        assert len(found(want, have, b"", Ignore("why", path="/spec/a/b/deeper"))) == 1

    def test_a_leaf_that_is_gone_with_all_above_it(self) -> None:
        want, have = thing("example.com/v1/Thing", spec={"a": {"b": 1}}), thing("example.com/v1/Thing", spec={})
        assert found(want, have, b"", Ignore("why", path="/spec/a/b")) == ()

    @pytest.mark.parametrize("path", ["/spec/tolerations/1", "/spec/tolerations/key=y"])
    def test_an_item_of_a_list_that_is_one_value(self, path: str) -> None:
        want = thing("example.com/v1/Thing", spec={"tolerations": [{"key": "x"}]})
        have = thing("example.com/v1/Thing", spec={"tolerations": [{"key": "x"}, {"key": "y"}]})
        assert found(want, have, b"", Ignore("why", path=path)) == ()
        assert len(found(want, have, b"", Ignore("why", path=f"{path}/value"))) == 1


def job(image: str = "a", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "app", "image": image}]
    return thing(
        "batch/v1/Job", {"labels": {"a": "b"}}, spec={"template": {"spec": {"containers": containers}}, **spec}
    )


def stateful(size: str = "1Gi", **spec: Any) -> dict[str, Any]:
    claim = {"metadata": {"name": "d"}, "spec": {"resources": {"requests": {"storage": size}}}}
    return thing("apps/v1/StatefulSet", spec={"volumeClaimTemplates": [claim], **spec})


def claim(size: str, **spec: Any) -> dict[str, Any]:
    return thing("v1/PersistentVolumeClaim", spec={"resources": {"requests": {"storage": size}}, **spec})


def bound(name: str) -> dict[str, Any]:
    return thing("rbac.authorization.k8s.io/v1/RoleBinding", roleRef={"kind": "Role", "name": name})


REPLACE = "immutable: needs replace"
NOTES: dict[str, tuple[Manifest, Manifest, str]] = {
    "row-120 a Job's template": (job("a"), job("b"), REPLACE),
    "row-120 how often a Job tries": (job(backoffLimit=2), job(backoffLimit=3), ""),
    "row-120 a selector": (
        thing("apps/v1/Deployment", spec={"selector": {"matchLabels": {"a": "b"}}}),
        thing("apps/v1/Deployment", spec={"selector": {"matchLabels": {"a": "c"}}}),
        REPLACE,
    ),
    "row-120 a claim's template": (stateful("1Gi"), stateful("2Gi"), REPLACE),
    "row-120 the service of a StatefulSet": (stateful(serviceName="a"), stateful(serviceName="b"), REPLACE),
    "row-120 replicas of a StatefulSet": (stateful(replicas=1), stateful(replicas=2), ""),
    "row-35 the address of a Service": (
        thing("v1/Service", spec={"clusterIP": "None"}),
        thing("v1/Service", spec={"clusterIP": "10.0.0.7"}),
        REPLACE,
    ),
    "row-120 an immutable ConfigMap": (
        thing("v1/ConfigMap", data={"a": "1"}, immutable=True),
        thing("v1/ConfigMap", data={"a": "2"}, immutable=True),
        REPLACE,
    ),
    "row-120 a label of one": (
        thing("v1/ConfigMap", {"labels": {"a": "1"}}, immutable=True),
        thing("v1/ConfigMap", {"labels": {"a": "2"}}, immutable=True),
        "",
    ),
    "row-120 whom a binding binds": (bound("a"), bound("b"), REPLACE),
    "row-45 a claim that would shrink": (claim("10Gi"), claim("20Gi"), "cannot shrink"),
    "row-45 a claim that would grow": (claim("20Gi"), claim("10Gi"), ""),
    "row-45 the class of a claim": (
        claim("1Gi", storageClassName="a"),
        claim("1Gi", storageClassName="b"),
        REPLACE,
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_stands_against_putting_it_right(name: str) -> None:
    want, have, note = NOTES[name]
    (told,) = compare(want, have)
    assert (told.kind, told.note) == (Kind.DRIFT, note)


def test_row_100_an_object_that_is_being_deleted_is_said_to_be() -> None:
    want, have = thing("v1/ConfigMap"), thing("v1/ConfigMap", {"deletionTimestamp": AT, "finalizers": ["a"]})
    (told,) = found(want, have)
    assert (told.kind, told.path, told.live, told.severity, told.note) == (
        Kind.UNDECLARED,
        "metadata.deletionTimestamp",
        AT,
        Severity.INFO,
        "terminating",
    )
    assert verdict([told]) is SyncState.SYNCED


def test_row_58_of_a_name_that_is_there_twice_the_server_kept_the_last() -> None:
    def env(*values: str) -> dict[str, Any]:
        variables = [{"name": "A", "value": value} for value in values]
        template = {"spec": {"containers": [{"name": "app", "env": variables}]}}
        return thing("apps/v1/Deployment", spec={"template": template})

    told = found(env("1", "2"), env("2"))
    assert [(each.kind, each.path, each.severity, each.note) for each in told] == [
        (Kind.CONFIG_ERROR, f"{APP}.env[name=A]", Severity.INFO, "declared 2 times: the last one counts")
    ]
    assert verdict(told) is SyncState.SYNCED


def test_very_much_that_differs_takes_no_time() -> None:
    def role(verb: str) -> dict[str, Any]:
        rules = [{"apiGroups": [""], "resources": [f"r{at}"], "verbs": [verb]} for at in range(1500)]
        return thing("rbac.authorization.k8s.io/v1/Role", rules=rules if verb == "get" else rules[::-1])

    assert len(compare(role("get"), role("list"))) == 3000


def test_what_is_too_deep_to_be_compared_is_said_to_be() -> None:
    def deep(leaf: int) -> dict[str, Any]:
        value: Any = leaf
        for _ in range(900):
            value = {"a": value}
        return thing("example.com/v1/Thing", spec=value)

    (told,) = compare(deep(1), deep(2))
    assert (told.kind, told.note) == (Kind.UNKNOWN, "too deeply nested to be compared")
