"""What is told of Secrets: that they differ, and nothing by which their values could be known."""

import base64
from typing import Any

import pytest

from bot.comparison import compare_all
from bot.comparison.showing import AFTER, BEFORE
from bot.model.sync import Difference, Live, Manifest, ObjectRef

REF = ObjectRef("v1", "Secret", "shop", "key")


def secret(**values: str) -> Manifest:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}, "data": data}


def differences(desired: Any, live: Manifest) -> tuple[Difference, ...]:
    return compare_all([desired], Live({REF: live}))


@pytest.mark.parametrize("mask", ["***", BEFORE, AFTER])
def test_row_130_values_are_compared_before_they_are_masked(mask: str) -> None:
    assert differences(secret(password=mask), secret(password=mask)) == ()
    (found,) = differences(secret(password=mask), secret(password="another"))
    assert (found.path, found.desired, found.live) == ("data.password", BEFORE, AFTER)
    (found,) = differences(secret(password="this"), secret(password=mask))
    assert (found.desired, found.live) == (BEFORE, AFTER)


def test_row_131_a_secret_is_one_wherever_it_stands() -> None:
    listed = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"apiVersion": "v1", "kind": "List", "items": [secret(a="x")]}],
    }
    (found,) = differences(listed, secret(a="y"))
    assert (found.object, found.path, found.desired, found.live) == (REF, "data.a", BEFORE, AFTER)


def made_of(*objects: Any) -> Manifest:
    """A custom resource that holds whole objects."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Bundle",
        "metadata": {"name": "x"},
        "spec": {"objects": [*objects]},
    }


@pytest.mark.parametrize(
    ("want", "have", "shown"),
    [
        (made_of(secret(a="x")), made_of(secret(a="y")), (BEFORE, AFTER)),
        (made_of(), made_of(secret(a="y")), (BEFORE, AFTER)),
        (made_of(secret(a="x")), made_of({"kind": "ConfigMap", "data": {"a": "x"}}), (BEFORE, AFTER)),
        (made_of({"kind": "Secret", "name": "a"}), made_of({"kind": "Secret", "name": "b"}), ("a", "b")),
    ],
    ids=["changed", "added", "made another kind", "named alone"],
)
def test_row_131_a_secret_within_a_custom_resource_is_one_too(want: Any, have: Any, shown: tuple[str, str]) -> None:
    ref = ObjectRef("example.com/v1", "Bundle", "shop", "x")
    found = compare_all([want], Live({ref: have}), "shop")
    assert {each.desired for each in found} - {None} == {shown[0]}
    assert {each.live for each in found} - {None} == {shown[1]}
