"""What a change does to objects, as a diff that an approver reads."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.comparison.rendered import Changed, changes


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> dict[str, Any]:
    return {**config_map(name, **data), "kind": "Secret", "type": "Opaque"}


def deployment(image: str, *, config: str = "settings") -> dict[str, Any]:
    container = {"name": "payment", "image": image, "envFrom": [{"configMapRef": {"name": config}}]}
    spec = {"replicas": 3, "template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "payment"}, "spec": spec}


def test_of_an_object_that_changes_the_lines_around_it_are_shown() -> None:
    before = [deployment("r/payment:v1"), config_map("same")]
    assert changes(before, [deployment("r/payment:v2"), config_map("same")], "shop") == (
        Changed(
            "Deployment shop/payment",
            "     spec:\n       containers:\n       - name: payment\n"
            "-        image: r/payment:v1\n+        image: r/payment:v2\n"
            "         envFrom:\n         - configMapRef:\n             name: settings",
        ),
    )


def test_a_gap_is_an_ellipsis() -> None:
    before, after = (
        config_map("a", **{f"k{n}": "1" for n in range(20)}),
        config_map("a", **{f"k{n}": "1" for n in range(20)}),
    )
    after["data"] |= {"k0": "2", "k19": "2"}
    (changed,) = changes([before], [after], None)
    assert [line for line in changed.diff.splitlines() if not line.startswith(("   ", " k", " m", " d"))] == [
        "-  k0: '1'", "+  k0: '2'", " …", "-  k19: '1'", "+  k19: '2'"
    ]  # fmt: skip


def test_what_comes_and_what_goes() -> None:
    assert changes([config_map("old", a="1")], [config_map("new", a="x\ny\n")], None) == (
        Changed(
            "ConfigMap default/new (new)",
            "+apiVersion: v1\n+kind: ConfigMap\n+metadata:\n+  name: new\n+data:\n+  a: |\n+    x\n+    y",
        ),
        Changed(
            "ConfigMap default/old (removed)",
            "-apiVersion: v1\n-kind: ConfigMap\n-metadata:\n-  name: old\n-data:\n-  a: '1'",
        ),
    )


def test_the_order_of_objects_and_of_keys_is_no_change() -> None:
    one, other = config_map("a", x="1", y="2"), config_map("b")
    assert changes([one, other], [other, config_map("a", y="2", x="1")], None) == ()


def test_a_generated_object_is_one_that_changes_name() -> None:
    before = [config_map("settings-5mg4b9t2kc", a="1"), config_map("settings-old", a="1")]
    (changed, *rest) = changes(before, [config_map("settings-hk92t8gm4d", a="2"), before[1]], None)
    assert rest == []
    assert changed.object == "ConfigMap default/settings-hk92t8gm4d"
    assert "-  name: settings-5mg4b9t2kc\n+  name: settings-hk92t8gm4d\n" in changed.diff


def test_objects_that_the_server_names_are_told_apart_by_their_order() -> None:
    def job(image: str) -> dict[str, Any]:
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"generateName": "migrate-"},
            "spec": {"image": image},
        }

    found = changes([job("a:1"), job("b:1")], [job("a:1"), job("b:2")], "shop")
    assert [each.object for each in found] == ["Job shop/migrate-… (2)"]
    assert "-  image: b:1\n+  image: b:2" in found[0].diff


def test_objects_of_a_list_are_looked_at_one_by_one() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [config_map("a", x="1")]}
    assert changes([listed], [config_map("a", x="1")], None) == ()


def test_of_a_secret_only_which_keys_differ_is_shown() -> None:
    before, after = secret("keys", same="aGk=", other="b25l", gone="eA=="), secret("keys", same="aGk=", other="dHdv")
    after["stringData"] = {"new": "hunter2"}
    (changed,) = changes([before], [after], None)
    assert changed.diff.partition(" data:\n")[2] == (
        "   same: '***'\n-  other: '*** (before)'\n-  gone: '***'\n+  other: '*** (after)'\n"
        " type: Opaque\n+stringData:\n+  new: '***'"
    )


def test_a_secret_inside_another_object_is_masked_too() -> None:
    def template(value: str) -> dict[str, Any]:
        return {
            "apiVersion": "x.io/v1",
            "kind": "Template",
            "metadata": {"name": "t"},
            "objects": [secret("keys", a=value)],
        }

    (changed,) = changes([template("b25l")], [template("dHdv")], None)
    assert "-    a: '*** (before)'\n+    a: '*** (after)'" in changed.diff


@given(
    st.recursive(
        st.just("hunter2"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    )
)
def test_no_value_of_a_secret_is_ever_shown(value: object) -> None:
    holding = {
        **secret("keys"),
        "data": value,
        "extra": value,
        "metadata": {"name": "keys", "annotations": {"copy": value}},
    }
    for before, after in ([], [holding]), ([holding], []), ([holding], [secret("keys", a="x")]):
        assert all("hunter2" not in each.diff for each in changes(before, after, None))


def test_a_sealed_secret_is_shown_since_it_is_sealed() -> None:
    def sealed(value: str) -> dict[str, Any]:
        spec = {"encryptedData": {"a": value}}
        return {
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "metadata": {"name": "keys"},
            "spec": spec,
        }

    (changed,) = changes([sealed("AgB")], [sealed("AgC")], None)
    assert "-    a: AgB\n+    a: AgC" in changed.diff


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
MANIFEST = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.sampled_from(["ConfigMap", "Secret", "List"])},
    optional={"metadata": JSON | st.fixed_dictionaries({"name": JSON}), "items": JSON, "data": JSON},
)


@given(st.lists(MANIFEST, max_size=3), st.lists(MANIFEST, max_size=3))
def test_whatever_the_objects_are_they_can_be_shown(before: list[Any], after: list[Any]) -> None:
    assert changes(before, before, None) == ()
    assert all(each.diff for each in changes(before, after, "shop"))
