"""What dry runs make of differences: they dismiss what applying would not change, and never find."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comparison import compare
from bot.comparison.rehearsed import confirmed, suspects
from bot.model.sync import Difference, Kind, Manifest, ObjectRef, Rehearsal, Severity

REF = ObjectRef("apps/v1", "Deployment", "pay", "pay")
OTHER = ObjectRef("v1", "ConfigMap", "pay", "pay")
SECRET = ObjectRef("v1", "Secret", "pay", "pay")
DIGEST = "registry.example.com/pay@sha256:" + 64 * "a"
GIT = "registry.example.com/pay:v1"


def deployment(image: str = GIT, *, annotations: Mapping[str, str] | None = None, **container: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "pay", "namespace": "pay", "annotations": annotations or {}},
        "spec": {
            "selector": {"matchLabels": {"app": "pay"}},
            "template": {
                "metadata": {"labels": {"app": "pay"}},
                "spec": {"containers": [{"name": "app", "image": image, **container}]},
            },
        },
    }


def found(kind: Kind, path: str, desired: str | None = "a", live: str | None = "b", ref: ObjectRef = REF) -> Difference:
    return Difference(ref, kind, path, desired, live, Severity.HIGH)


def local(desired: Manifest, live: Manifest) -> tuple[Difference, ...]:
    return compare(desired, live, namespace="pay")


def test_row_88_what_a_webhook_makes_of_gits_image_is_no_drift() -> None:
    live = deployment(DIGEST)
    differences = local(deployment(), live)
    assert [each.kind for each in differences] == [Kind.DRIFT]
    assert confirmed(differences, {REF: live}, {REF: Rehearsal(deployment(DIGEST))}) == ((), 1)


def test_row_89_what_a_webhook_makes_of_requests_is_no_drift_and_the_rest_is() -> None:
    git = deployment(resources={"requests": {"cpu": "100m"}})
    live = deployment("other:v2", resources={"requests": {"cpu": "250m"}})
    answer = Rehearsal(deployment(resources={"requests": {"cpu": "250m"}}))
    kept, dismissed = confirmed(local(git, live), {REF: live}, {REF: answer})
    assert [each.path for each in kept] == ["spec.template.spec.containers[name=app].image"]
    assert dismissed == 1


def test_row_90_what_only_the_dry_run_differs_in_is_no_finding() -> None:
    live = deployment("other:v2", annotations={"webhook": "was here"})
    differences = local(deployment(), live)
    answer = Rehearsal(deployment(annotations={"more": "invented"}))
    assert confirmed(differences, {REF: live}, {REF: answer}) == (differences, 0)


@pytest.mark.parametrize(
    "kind", [each for each in Kind if each is not Kind.DRIFT], ids=lambda kind: f"row-79-{kind.value}"
)
def test_only_drift_is_dismissed(kind: Kind) -> None:
    """An apply sees no leftover that its manager did not own: that the dry run keeps it says nothing."""
    live = deployment(annotations={"left": "over"})
    differences = (found(kind, "metadata.annotations.left", None, "over"),)
    assert confirmed(differences, {REF: live}, {REF: Rehearsal(live)}) == (differences, 0)


@pytest.mark.parametrize(
    ("rehearsal", "note"),
    [
        (Rehearsal(why="staging answered 500 to the dry run"), "not confirmed: staging answered 500 to the dry run"),
        (Rehearsal(), "not confirmed: nobody could tell"),
        (Rehearsal(why="refused", immutable=True), "immutable: needs replace"),
    ],
)
def test_row_120_a_dry_run_that_failed_dismisses_nothing(rehearsal: Rehearsal, note: str) -> None:
    live = deployment("other:v2")
    kept, dismissed = confirmed(local(deployment(), live), {REF: live}, {REF: rehearsal})
    assert [(each.kind, each.note) for each in kept] == [(Kind.DRIFT, note)]
    assert dismissed == 0


def test_a_note_is_added_to_what_was_noted() -> None:
    noted = Difference(REF, Kind.DRIFT, "spec", "a", "b", Severity.LOW, note="cannot shrink")
    (kept,), _ = confirmed([noted], {REF: deployment()}, {REF: Rehearsal(why="no")})
    assert kept.note == "cannot shrink; not confirmed: no"


def test_row_120_what_is_known_to_be_immutable_explains_the_refusal_of_the_rest() -> None:
    known = Difference(REF, Kind.DRIFT, "spec.selector", "a", "b", Severity.LOW, note="immutable: needs replace")
    answer = Rehearsal(why="the API server refuses it (422)", immutable=True)
    kept, dismissed = confirmed([known, found(Kind.DRIFT, "spec.replicas")], {REF: deployment()}, {REF: answer})
    assert [each.note for each in kept] == [
        "immutable: needs replace",
        "not confirmed: the API server refuses it (422)",
    ]
    assert dismissed == 0


def test_what_was_not_rehearsed_stands_as_it_is() -> None:
    differences = (found(Kind.DRIFT, "data.a", ref=OTHER), found(Kind.MISSING, "", None, None))
    assert confirmed(differences, {}, {}) == (differences, 0)


def test_a_mark_on_the_live_object_dismisses_nothing() -> None:
    """A dry run's result bears the annotations that are live: whoever wrote `ignore me` there would mute drift."""
    marks = {"kustomize.toolkit.fluxcd.io/ssa": "Ignore", "argocd.argoproj.io/hook": "Sync"}
    live = deployment("other:v2", annotations=marks)
    differences = [each for each in local(deployment(), live) if each.kind is Kind.DRIFT]
    assert differences
    kept, dismissed = confirmed(differences, {REF: live}, {REF: Rehearsal(deployment(annotations=marks))})
    assert (list(kept), dismissed) == (differences, 0)


@pytest.mark.parametrize(
    ("path", "stands"),
    [
        pytest.param("spec.template.spec.containers[name=app].image", True, id="there"),
        pytest.param("spec.template.spec.containers[name=app]", True, id="above"),
        pytest.param("spec", True, id="far above"),
        pytest.param("spec.template.spec.containers[name=app].image.more", True, id="below"),
        pytest.param("spec.template.spec.containers[0].args", True, id="an item by its index alone"),
        pytest.param("spec.template.spec.containers[name=app].imagePullPolicy", False, id="a longer name"),
        pytest.param("spec.template.spec.containers[name=app2].image", False, id="another item"),
        pytest.param("spec.replicas", False, id="elsewhere"),
    ],
)
def test_a_difference_stands_where_the_dry_run_would_change_something(path: str, stands: bool) -> None:
    live, result = deployment("other:v2"), deployment()
    kept, dismissed = confirmed([found(Kind.DRIFT, path)], {REF: live}, {REF: Rehearsal(result)})
    assert (len(kept), dismissed) == ((1, 0) if stands else (0, 1))


@pytest.mark.parametrize(
    ("warnings", "expected"),
    [
        (('unknown field "spec.nonsense"',), Kind.CONFIG_ERROR),
        (('unknown field "spec"',), Kind.CONFIG_ERROR),
        (('unknown field "spec.nonsense.deeper"', 'unknown field "spec.non"', "deprecated"), None),
        ((), None),
    ],
    ids=lambda value: f"row-49-{value}",
)
def test_a_field_that_the_server_drops_is_gits_error(warnings: tuple[str, ...], expected: Kind | None) -> None:
    live = deployment()
    difference = found(Kind.DRIFT, "spec.nonsense", "1", None)
    kept, dismissed = confirmed([difference], {REF: live}, {REF: Rehearsal(live, warnings=warnings)})
    assert [each.kind for each in kept] == ([expected] if expected else [])
    assert dismissed == (0 if expected else 1)
    assert all(each.note == "field pruned: the API apps/v1 does not know it" for each in kept)


def test_an_index_in_a_warning_is_no_part_of_the_name() -> None:
    difference = found(Kind.DRIFT, "spec.template.spec.containers[name=app].nonsense", "1", None)
    warning = 'unknown field "spec.template.spec.containers[0].nonsense"'
    (kept,), _ = confirmed([difference], {REF: deployment()}, {REF: Rehearsal(deployment(), warnings=(warning,))})
    assert kept.kind is Kind.CONFIG_ERROR


def test_rows_31_and_120_of_null_nothing_is_dismissed() -> None:
    """Null asks that a field be taken away; whether an apply does that depends on who applies."""
    null = found(Kind.DRIFT, "spec.strategy.rollingUpdate", None, "{}")
    assert suspects([null], {REF: deployment()}) == ()
    assert confirmed([null], {REF: deployment()}, {REF: Rehearsal(deployment())}) == ((null,), 0)


def test_suspects_are_live_the_worst_first_and_no_secrets() -> None:
    low = Difference(OTHER, Kind.DRIFT, "metadata.labels.a", "a", "b", Severity.LOW)
    missing = found(Kind.DRIFT, "data", ref=ObjectRef("v1", "ConfigMap", "pay", "absent"))
    differences = [
        low,
        found(Kind.DRIFT, "spec.replicas"),
        found(Kind.DRIFT, "data.password", ref=SECRET),
        missing,
        found(Kind.UNDECLARED, "data.b", None, "b", ref=ObjectRef("v1", "ConfigMap", "pay", "undeclared")),
    ]
    live = {ref: deployment() for ref in (REF, OTHER, SECRET, ObjectRef("v1", "ConfigMap", "pay", "undeclared"))}
    assert suspects(differences, live) == (REF, OTHER)


_data = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"]))


@given(git=_data, live=_data, result=_data, why=st.sampled_from(["", "no"]), immutable=st.booleans())
def test_row_120_a_dry_run_only_takes_away_what_it_would_not_change(
    git: dict[str, str], live: dict[str, str], result: dict[str, str], why: str, immutable: bool
) -> None:
    def config_map(data: dict[str, str]) -> Manifest:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pay"}, "data": data}

    differences = compare(config_map(git), config_map(live), namespace="pay")
    answer = Rehearsal(None if why else config_map(result), why, immutable)
    kept, dismissed = confirmed(differences, {OTHER: config_map(live)}, {OTHER: answer})
    assert [each.path for each in kept] == [
        each.path
        for each in differences
        if each.kind is not Kind.DRIFT or why or result.get(key := each.path[5:]) != live.get(key)
    ]
    assert len(kept) + dismissed == len(differences)


def test_row_72_a_metric_that_a_dry_run_repeats_neither_finds_nor_hides() -> None:
    """Servers before 1.27 answer so (kubernetes/kubernetes#118293)."""
    ref = ObjectRef("autoscaling/v2", "HorizontalPodAutoscaler", "pay", "pay")
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}

    def scaler(most: int, *metrics: Mapping[str, Any]) -> Manifest:
        metadata = {"name": "pay", "namespace": "pay"}
        spec = {"maxReplicas": most, "metrics": list(metrics)}
        return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": spec}

    live = scaler(7, cpu)
    differences = local(scaler(5, cpu), live)
    assert [each.path for each in differences] == ["spec.maxReplicas"]
    assert confirmed(differences, {ref: live}, {ref: Rehearsal(scaler(5, cpu, cpu, {}))}) == (differences, 0)
    assert confirmed(differences, {ref: live}, {ref: Rehearsal(scaler(7, cpu, cpu, {}))}) == ((), 1)
