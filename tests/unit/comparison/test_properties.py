"""What holds for all objects: the same is the same, defaults are no difference, and what is shown is fit to show."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.comparison import compare
from bot.comparison.quantities import parse
from bot.comparison.showing import LIMIT, clean, pair

SCALARS = some.one_of(some.none(), some.booleans(), some.integers(-5, 5), some.text(max_size=5))
JSON = some.recursive(
    SCALARS,
    lambda below: some.one_of(
        some.lists(below, max_size=3),
        some.dictionaries(
            some.sampled_from(
                ["name", "spec", "template", "containers", "resources", "items", "port", "x/y", "default"]
            ),
            below,
            max_size=4,
        ),
    ),
    max_leaves=20,
)
KINDS = [
    "v1/ConfigMap",
    "v1/Secret",
    "v1/Service",
    "v1/Pod",
    "apps/v1/Deployment",
    "batch/v1/Job",
    "example.com/v1/Thing",
]


@given(some.sampled_from(KINDS), some.dictionaries(some.sampled_from(["spec", "data", "rules", "type"]), JSON))
def test_an_object_is_like_itself_whatever_it_holds(kind: str, parts: dict[str, Any]) -> None:
    version, _, word = kind.rpartition("/")
    manifest = {"apiVersion": version, "kind": word, "metadata": {"name": "x"}, **parts}
    before = copy.deepcopy(manifest)
    found = compare(manifest, copy.deepcopy(manifest))
    assert [each for each in found if each.kind != "config-error"] == []
    assert manifest == before


@given(JSON, JSON)
def test_any_two_objects_can_be_compared(want: Any, have: Any) -> None:
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    for each in compare({**manifest, "spec": want}, {**manifest, "spec": have}):
        assert each.path.isprintable()
        for text in (each.desired, each.live):
            assert text is None or (text.isprintable() and len(text) <= LIMIT)


NAMES = some.text("abc", min_size=1, max_size=3)


@some.composite
def workloads(draw: some.DrawFn) -> dict[str, Any]:
    """Deployments as people write them."""
    containers = []
    for name in draw(some.lists(NAMES, min_size=1, max_size=3, unique=True)):
        container: dict[str, Any] = {
            "name": name,
            "image": draw(some.sampled_from(["a", "a:1", "r:5000/a", "a@sha256:0"])),
        }
        if draw(some.booleans()):
            ports = draw(some.lists(some.integers(1, 9), unique=True))
            container["ports"] = [{"containerPort": port} for port in ports]
        if draw(some.booleans()):
            container["env"] = [{"name": variable} for variable in draw(some.lists(NAMES, unique=True))]
        containers.append(container)
    strategy = draw(some.sampled_from([None, {"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 1}}]))
    spec = {"template": {"spec": {"containers": containers}}, **({"strategy": strategy} if strategy else {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}


def completed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The workload with the defaults of a server, written down here independently, and its keyed lists turned round."""
    live = copy.deepcopy(manifest)
    spec, pod = live["spec"], live["spec"]["template"]["spec"]
    live["metadata"] |= {"uid": "u", "generation": 3, "annotations": {"deployment.kubernetes.io/revision": "1"}}
    spec |= {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    strategy = {"type": "RollingUpdate", **spec.get("strategy", {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxSurge": "25%", "maxUnavailable": "25%", **strategy.get("rollingUpdate", {})}
    spec["strategy"] = strategy
    pod |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "terminationGracePeriodSeconds": 30}
    for container in pod["containers"]:
        tagged = container["image"] in {"a:1", "a@sha256:0"}
        container |= {"imagePullPolicy": "IfNotPresent" if tagged else "Always", "resources": {}}
        container |= {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
        for port in container.get("ports", []):
            port["protocol"] = "TCP"
        for name in ("ports", "env"):
            container.get(name, []).reverse()
    pod["containers"].reverse()
    return live


@given(workloads())
def test_defaults_and_the_order_of_keyed_lists_are_no_difference(manifest: dict[str, Any]) -> None:
    assert compare(manifest, completed(manifest)) == ()


@given(workloads(), NAMES)
def test_another_image_is_always_found(manifest: dict[str, Any], image: str) -> None:
    live = completed(manifest)
    container = live["spec"]["template"]["spec"]["containers"][0]
    container["image"] = f"other/{image}"
    path = f"spec.template.spec.containers[name={container['name']}].image"
    assert path in [each.path for each in compare(manifest, live)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100m", "0.1"),
        ("1Ki", "1024"),
        ("1k", "1000"),
        ("1e3", "1000"),
        ("1E", "1000000000000000000"),
        ("1E2", "100"),
        (".5", "0.5"),
        ("-1", "-1"),
        ("1n", "0.001"),
        (2, "2"),
        (0.25, "0.25"),
    ],
)
def test_quantities(text: object, amount: str) -> None:
    assert parse(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "1 Gi", "1gi", "Gi", "1.2.3", True, None, "1e9999", "٣", "9" * 1000, {}])
def test_what_is_no_quantity(text: object) -> None:
    assert parse(text) is None


@given(some.decimals(min_value=0, max_value=10**6, places=3))
def test_a_quantity_is_the_same_in_milli_units(amount: Decimal) -> None:
    assert parse(str(amount)) == parse(f"{int(amount * 1000)}m")


def test_of_two_long_texts_the_parts_that_differ_are_shown() -> None:
    text = "x" * 1000
    want, have = pair(text + "left" + text, text + "right" + text)
    assert want is not None
    assert have is not None
    assert (want[:25], have[:26]) == ("…" + "x" * 19 + "left" + "x", "…" + "x" * 19 + "right" + "x")
    assert len(want) == len(have) == LIMIT


def test_values_are_one_line_that_no_terminal_obeys() -> None:
    assert pair("a\nb\x1b[2J\u202e", {"k": "\x07"}) == ('"a\\nb\\u001b[2J\\u202e"', '{"k": "\\u0007"}')
    assert clean("a\x1b[2J\nb\u202e") == "a[2Jb"


def test_a_text_is_told_from_the_value_it_looks_like() -> None:
    assert [pair(text, None)[0] for text in ("80", "true", "null", "", "1.4.2", " x", "[1]")] == [
        '"80"',
        '"true"',
        '"null"',
        '""',
        "1.4.2",
        '" x"',
        '"[1]"',
    ]
    assert pair("*** (before)", 80) == (json.dumps("*** (before)"), "80")
