"""One cause in many objects is told once."""

from bot.comparison.causes import Cause, causes
from bot.model.sync import Difference, Kind, ObjectRef, Severity

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


def image(name: str, after: str = "a:2", container: str = "app") -> Difference:
    ref = ObjectRef("apps/v1", "Deployment", "pay", name)
    path = f"spec.template.spec.containers[name={container}].image"
    return Difference(ref, Kind.DRIFT, path, "a:1", after, HIGH)


def gone(name: str, kind: str = "ConfigMap", severity: Severity = MEDIUM) -> Difference:
    return Difference(ObjectRef("v1", kind, "pay", name), Kind.MISSING, "", None, None, severity)


def label(name: str) -> Difference:
    return Difference(ObjectRef("v1", "Service", "pay", name), Kind.DRIFT, "metadata.labels.a", "b", None, LOW)


def test_nothing_has_no_cause() -> None:
    assert causes([]) == ()


def test_the_same_change_in_three_objects_is_one_cause_whatever_their_containers_are_called() -> None:
    same = [image("x"), image("y", container="web"), image("z")]
    assert causes([label("a"), *same]) == (Cause(tuple(same)), Cause((label("a"),)))


def test_the_same_change_in_two_objects_is_two_causes() -> None:
    assert causes([image("x"), image("y")]) == (Cause((image("x"),)), Cause((image("y"),)))


def test_another_value_is_another_cause() -> None:
    found = causes([image("x"), image("y", after="a:3"), image("z")])
    assert [len(cause.differences) for cause in found] == [1, 1, 1]


def test_three_changes_of_one_object_are_three_causes() -> None:
    found = causes([image("x"), image("x", container="b"), image("x", container="c")])
    assert [len(cause.differences) for cause in found] == [1, 1, 1]


def test_objects_of_a_kind_that_are_missing_are_one_cause_and_the_worst_stands_first() -> None:
    three = [gone("a"), gone("b"), gone("c", severity=HIGH)]
    found = causes([gone("s", "Service"), *three])
    assert found == (Cause((three[2], three[0], three[1])), Cause((gone("s", "Service"),)))
    assert found[0].severity is HIGH


def test_the_same_difference_met_twice_is_one_cause() -> None:
    missing = gone("pay", "Namespace")
    assert causes([missing, gone("x", "Namespace"), missing]) == (
        Cause((missing, missing)),
        Cause((gone("x", "Namespace"),)),
    )
