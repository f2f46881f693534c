from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.kubernetes.patches import (
    BadPatchError,
    json_patch,
    merge_patch,
    strategic_merge_patch,
    three_way,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=10,
)


# The examples of RFC 7386, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(JSON, JSON)
def test_a_merge_patch_twice_is_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)

    assert merge_patch(once, patch) == once


def test_a_json_patch_that_does_not_fit_is_told() -> None:
    assert json_patch({"a": 1}, [{"op": "replace", "path": "/a", "value": 2}]) == {"a": 2}
    for bad in ([{"op": "remove", "path": "/b"}], [{"op": "test", "path": "/a", "value": 2}], {"a": 1}, [1], "x"):
        with pytest.raises(BadPatchError):
            json_patch({"a": 1}, bad)


CONTAINERS = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        (
            CONTAINERS,
            {"containers": [{"name": "b", "image": "2"}]},
            {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]},
        ),
        (
            CONTAINERS,
            {"containers": [{"name": "a", "$patch": "delete"}, {"name": "c"}]},
            {"containers": [{"name": "b", "image": "1"}, {"name": "c"}]},
        ),
        (CONTAINERS, {"containers": [{"$patch": "replace"}, {"name": "c"}]}, {"containers": [{"name": "c"}]}),
        (
            CONTAINERS,
            {
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                "containers": [{"name": "a", "image": "2"}],
            },
            {"containers": [{"name": "b", "image": "1"}, {"name": "a", "image": "2"}]},
        ),
        ({"args": ["a", "b"]}, {"args": ["c"]}, {"args": ["c"]}),
        ({"finalizers": ["a"]}, {"finalizers": ["b"]}, {"finalizers": ["a", "b"]}),
        ({"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {"finalizers": ["b"]}),
        (
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
            {"strategy": {"type": "Recreate"}},
        ),
        ({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        (
            {"ports": [{"port": 80, "name": "x"}]},
            {"ports": [{"port": 80, "targetPort": 1}, {"port": 81}]},
            {"ports": [{"port": 80, "name": "x", "targetPort": 1}, {"port": 81}]},
        ),
    ],
)
def test_strategic_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert strategic_merge_patch(target, patch) == result


LIVE = {
    "replicas": 5,
    "paused": False,
    "containers": [
        {"name": "app", "image": "v1", "env": [{"name": "LEVEL", "value": "debug"}, {"name": "HAND", "value": "1"}]}
    ],
}
OLD = {"replicas": 2, "containers": [{"name": "app", "image": "v1", "env": [{"name": "LEVEL", "value": "info"}]}]}


def test_only_what_changed_in_git_is_applied() -> None:
    new = {"replicas": 2, "containers": [{**OLD["containers"][0], "image": "v2"}]}  # type: ignore[index]  # a list of mappings

    assert three_way(OLD, new, LIVE) == {**LIVE, "containers": [{**LIVE["containers"][0], "image": "v2"}]}  # type: ignore[index]  # the same


def test_healing_applies_all_that_git_declares_and_leaves_the_rest() -> None:
    env = [{"name": "LEVEL", "value": "info"}, {"name": "HAND", "value": "1"}]

    assert three_way(OLD, OLD, LIVE, heal=True) == {
        "replicas": 2, "paused": False, "containers": [{"name": "app", "image": "v1", "env": env}],
    }  # fmt: skip


def test_what_left_git_leaves_the_cluster() -> None:
    new = {"containers": [{"name": "app", "image": "v1", "env": [{"name": "NEW", "value": "2"}]}]}

    merged = three_way(OLD, new, LIVE)

    assert "replicas" not in merged
    assert merged["containers"][0]["env"] == [{"name": "NEW", "value": "2"}, {"name": "HAND", "value": "1"}]


def test_ports_that_share_a_number_are_taken_as_they_are() -> None:
    new = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}

    assert three_way({}, new, {"ports": [{"port": 53, "protocol": "UDP"}]}) == new


@given(JSON, JSON, JSON)
def test_healing_a_mapping_leaves_all_it_declares(old: Any, new: Any, live: Any) -> None:
    merged = three_way({"a": old}, {"a": new}, {"a": live, "b": 1}, heal=True)

    assert merged["b"] == 1
    assert three_way({"a": new}, {"a": new}, merged, heal=True) == merged
