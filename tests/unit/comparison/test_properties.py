"""What holds for all objects: the same is the same, defaults are no difference, and what is shown is fit to show."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from bot.comparison import compare, compare_all, references
from bot.comparison.kinds import type_of
from bot.comparison.quantities import parse
from bot.comparison.settled import settled
from bot.comparison.showing import LIMIT, clean, pair
from bot.comparison.walk import walk
from bot.model.sync import Difference, Kind, Live

# How fast it goes is the machine's business, which other tests keep busy.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(CALM, max_examples=30)
# A few characters of each sort. For all of Unicode, tables are made at first use, which takes longer on a busy machine
# than a health check of Hypothesis allows for.
LETTERS = "aB1-_./~ =,\n\x00\x1b\u202eéß٣🚢${}"
SCALARS = some.one_of(some.none(), some.booleans(), some.integers(-5, 5), some.text(LETTERS, max_size=5))
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
    max_leaves=12,
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


@CALM
@given(some.sampled_from(KINDS), some.dictionaries(some.sampled_from(["spec", "data", "rules", "type"]), JSON))
def test_an_object_is_like_itself_whatever_it_holds(kind: str, parts: dict[str, Any]) -> None:
    version, _, word = kind.rpartition("/")
    manifest = {"apiVersion": version, "kind": word, "metadata": {"name": "x"}, **parts}
    before = copy.deepcopy(manifest)
    found = compare(manifest, copy.deepcopy(manifest))
    assert [each for each in found if each.kind != "config-error"] == []
    assert manifest == before


@CALM
@given(JSON, JSON)
def test_any_two_objects_can_be_compared(want: Any, have: Any) -> None:
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    for each in compare({**manifest, "spec": want}, {**manifest, "spec": have}):
        assert each.path.isprintable()
        for text in (each.desired, each.live):
            assert text is None or (text.isprintable() and len(text) <= LIMIT)


PARTS = some.dictionaries(some.sampled_from(["spec", "data", "rules", "type"]), JSON)


def manifest_of(kind: str, parts: dict[str, Any]) -> dict[str, Any]:
    version, _, word = kind.rpartition("/")
    return {"apiVersion": version, "kind": word, "metadata": {"name": "x"}, **parts}


def stored(manifest: dict[str, Any]) -> dict[str, Any]:
    """As a server gives it back: with metadata of its own, and a status."""
    marks = {"uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z", "namespace": "pay"}
    live = copy.deepcopy(manifest)
    return {**live, "metadata": {**live["metadata"], **marks, "generation": 1}, "status": {"a": 1}}


def turned(value: Any) -> Any:
    """The same with the keys of all mappings in another order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


def sided(want: Any, have: Any, base: Any = None, **options: Any) -> tuple[Difference, ...]:
    (ref,) = references([have], "pay")
    return compare_all([want], Live({ref: have}), "pay", base=None if base is None else [base], **options)


@FEW
@given(some.sampled_from(KINDS), PARTS)
def test_what_a_server_adds_to_each_object_is_no_difference(kind: str, parts: dict[str, Any]) -> None:
    manifest = manifest_of(kind, parts)
    found = compare(manifest, stored(manifest), namespace="pay")
    assert [each for each in found if each.kind != "config-error"] == []


@FEW
@given(some.sampled_from(KINDS), PARTS, PARTS, PARTS, some.sampled_from([None, True, False]))
def test_comparing_changes_nothing_and_says_the_same_twice_whatever_the_order_of_keys(
    kind: str, desired: dict[str, Any], live: dict[str, Any], former: dict[str, Any], is_deployed: bool | None
) -> None:
    sides = want, have, base = [manifest_of(kind, each) for each in (desired, live, former)]
    before = copy.deepcopy(sides)
    found = sided(want, have, base, is_deployed=is_deployed)
    assert sided(want, have, base, is_deployed=is_deployed) == found
    assert sided(*map(turned, sides), is_deployed=is_deployed) == found
    assert sides == before


@FEW
@given(some.sampled_from(KINDS), PARTS, PARTS, some.sampled_from([None, True, False]))
def test_nothing_is_ahead_or_left_over_where_nothing_is_known_of_before(
    kind: str, want: dict[str, Any], have: dict[str, Any], is_deployed: bool | None
) -> None:
    found = sided(manifest_of(kind, want), manifest_of(kind, have), is_deployed=is_deployed)
    assert {each.kind for each in found}.isdisjoint({Kind.PENDING, Kind.LEFTOVER})


@FEW
@given(some.sampled_from(KINDS), PARTS, PARTS)
def test_a_cluster_as_git_was_before_holds_no_drift(kind: str, want: dict[str, Any], was: dict[str, Any]) -> None:
    base = manifest_of(kind, was)
    found = {each.kind for each in sided(manifest_of(kind, want), stored(base), base)}
    assert found.isdisjoint({Kind.DRIFT, Kind.LEFTOVER, Kind.MISSING})


@FEW
@given(some.sampled_from(KINDS), PARTS, PARTS)
def test_the_base_never_hides_what_differs(kind: str, want: dict[str, Any], have: dict[str, Any]) -> None:
    """Each place that differs from Git is told, in whatever class."""
    desired, live = manifest_of(kind, want), manifest_of(kind, have)
    paths = [each.path for each in sided(desired, live)]
    assert set(paths) <= {each.path for each in sided(desired, live, manifest_of(kind, {}), is_deployed=False)}


@FEW
@given(some.sampled_from(KINDS), PARTS, PARTS)
def test_what_is_settled_at_a_glance_is_so_on_a_closer_look(
    kind: str, want: dict[str, Any], have: dict[str, Any]
) -> None:
    version, _, word = kind.rpartition("/")
    of = type_of(version.rpartition("/")[0], word)
    for one, other in ((want, have), (want, {**want, **have}), (want, want)):
        if settled(of, one, other):
            assert [each for each in walk(of, one, other) if each.kind is not Kind.CONFIG_ERROR] == []


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


@CALM
@given(workloads())
def test_defaults_and_the_order_of_keyed_lists_are_no_difference(manifest: dict[str, Any]) -> None:
    live = completed(manifest)
    assert compare(manifest, live) == ()
    assert compare(manifest, turned(live)) == ()


@CALM
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


@CALM
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
