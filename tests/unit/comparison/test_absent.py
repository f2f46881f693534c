"""Objects that are not there: each by itself, or all of a namespace, or of an API that the cluster does not have."""

from typing import Any

from bot.comparison import compare_all, verdict
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Severity, SyncState


def thing(kind: str, name: str, namespace: str | None = "pay") -> dict[str, Any]:
    version, _, word = kind.rpartition("/")
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": word, "metadata": metadata}


NAMESPACE = ObjectRef("v1", "Namespace", "", "pay")
DECLARED = thing("v1/Namespace", "pay", None)
APP, CONFIG = thing("apps/v1/Deployment", "x"), thing("v1/ConfigMap", "x")


def gone(*desired: Manifest, base: tuple[Manifest, ...] | None = None) -> tuple[Difference, ...]:
    return compare_all(desired, Live({}, absent_namespaces=frozenset({"pay"})), "pay", base=base)


def test_row_99_a_namespace_that_is_not_there_is_one_finding() -> None:
    assert gone(DECLARED, APP, CONFIG) == (
        Difference(NAMESPACE, Kind.MISSING, "", None, None, Severity.HIGH, note="2 objects are in it"),
    )


def test_row_99_one_that_git_does_not_declare_is_said_to_be_so() -> None:
    other = thing("v1/ConfigMap", "y", "other")
    found = gone(other, CONFIG)
    assert found == (
        Difference(ObjectRef("v1", "ConfigMap", "other", "y"), Kind.MISSING, "", None, None, Severity.MEDIUM),
        Difference(
            NAMESPACE, Kind.MISSING, "", None, None, Severity.MEDIUM, note="not declared in Git; 1 object is in it"
        ),
    )
    assert verdict(found) is SyncState.DRIFTED


def test_row_99_one_that_is_yet_to_come_is_pending() -> None:
    (told,) = gone(DECLARED, APP, base=())
    assert (told.kind, told.object, told.severity) == (Kind.PENDING, NAMESPACE, Severity.INFO)
    (told,) = gone(DECLARED, APP, CONFIG, base=(CONFIG,))
    assert (told.kind, told.severity) == (Kind.MISSING, Severity.MEDIUM)


def test_row_99_where_the_namespace_is_there_each_object_is_missing() -> None:
    found = compare_all([DECLARED, APP, CONFIG], Live({NAMESPACE: DECLARED}), "pay")
    assert [(each.kind, each.object.kind) for each in found] == [
        (Kind.MISSING, "Deployment"),
        (Kind.MISSING, "ConfigMap"),
    ]


def test_row_111_an_api_that_was_removed_is_an_error_in_git() -> None:
    scaler = thing("autoscaling/v2beta2/HorizontalPodAutoscaler", "x")
    ref = ObjectRef("autoscaling/v2beta2", "HorizontalPodAutoscaler", "pay", "x")
    why = {ref: "autoscaling/v2beta2 is not served"}
    found = compare_all([scaler], Live({}, why, {ref: ("autoscaling/v2", "autoscaling/v1")}), "pay")
    assert found == (
        Difference(
            ref,
            Kind.CONFIG_ERROR,
            "",
            "autoscaling/v2beta2",
            "autoscaling/v2, autoscaling/v1",
            Severity.MEDIUM,
            note="removed API: the cluster serves autoscaling/v2, autoscaling/v1",
        ),
    )
    assert verdict(found) is SyncState.UNKNOWN


def test_row_98_a_kind_that_is_not_served_at_all_is_not_missing() -> None:
    ref = ObjectRef("example.com/v1", "Thing", "pay", "x")
    live = Live({}, {ref: "not served"}, {ref: ()})
    assert compare_all([thing("example.com/v1/Thing", "x")], live, "pay") == ()
