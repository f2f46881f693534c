"""Who wrote a field, by entries as API servers write them (structured-merge-diff's serialization)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comparison.fields import Fields
from bot.comparison.paths import Item, Path
from bot.model.sync import Writer
from bot.wording import written

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTAINERS = ("spec", "template", "spec", "containers")
APP = (*CONTAINERS, Item("name=app", 0))


def entry(manager: str, hour: int, fields: object, operation: str = "Update", **more: object) -> dict[str, object]:
    time = f"2026-03-02T{hour:02}:00:00Z"
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": fields, **more}


def at(hour: int) -> datetime:
    return NOON.replace(hour=hour)


def fields(*entries: object) -> Fields:
    return Fields(json.dumps(entries).encode())


def container(below: object) -> dict[str, object]:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': below}}}}}


DEPLOYED = entry(
    "argocd-controller",
    9,
    {
        "f:metadata": {"f:labels": {"f:team": {}}},
        **container(
            {
                ".": {},
                "f:args": {},
                "f:name": {},
                "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
            }
        ),
    },
    "Apply",
)
EDITED = entry(
    "kubectl-edit",
    11,
    {
        "f:metadata": {"f:annotations": {".": {}, "f:example.com/owner": {}}, "f:finalizers": {'v:"keep"': {}}},
        **container({"f:image": {}, "f:resources": {"f:limits": {"f:memory": {}}}}),
    },
)
STATUS = entry("kube-controller-manager", 12, {"f:status": {"f:replicas": {}}, "f:metadata": {}}, subresource="status")
SCALED = entry("kubectl", 10, {"f:spec": {"f:replicas": {}}}, subresource="scale")


@pytest.mark.parametrize(
    ("path", "manager", "hour"),
    [
        pytest.param((*APP, "image"), "kubectl-edit", 11, id="a field of an item"),
        pytest.param((*APP, "resources", "limits", "memory"), "kubectl-edit", 11, id="deep"),
        pytest.param((*APP, "resources"), "kubectl-edit", 11, id="something below"),
        pytest.param(APP, "kubectl-edit", 11, id="the newest of two that own parts"),
        pytest.param((*APP, "args", Item("1", 1)), "argocd-controller", 9, id="a part of an atomic list"),
        pytest.param(("spec", "replicas"), "kubectl", 10, id="kubectl scale"),
        pytest.param(("metadata", "annotations", "example.com/owner"), "kubectl-edit", 11, id="a name with a slash"),
        pytest.param(("metadata", "finalizers"), "kubectl-edit", 11, id="a set"),
        pytest.param(("metadata", "finalizers", Item("keep", 0)), "kubectl-edit", 11, id="an item of a set"),
        pytest.param(
            (*APP, "ports", Item("containerPort=80,protocol=TCP", 0)), "argocd-controller", 9, id="several keys"
        ),
        pytest.param(
            (*APP, "ports", Item("protocol=TCP,containerPort=80", 0)), "argocd-controller", 9, id="in any order"
        ),
        pytest.param(("metadata", "labels", "team"), "argocd-controller", 9, id="a label"),
    ],
)
def test_a_field_is_its_newest_owners(path: Path, manager: str, hour: int) -> None:
    told = fields(DEPLOYED, EDITED, STATUS, SCALED).writer(path)
    assert told is not None
    assert (told.manager, told.at) == (manager, at(hour))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(("metadata", "labels", "other"), id="a label that nobody owns"),
        pytest.param((*CONTAINERS, Item("name=other", 0), "image"), id="another item"),
        pytest.param((*APP, "ports", Item("containerPort=80", 0)), id="half a key"),
        pytest.param(("status", "replicas"), id="status"),
        pytest.param(("kind",), id="what nobody may own"),
    ],
)
def test_nobody_is_named_for_what_nobody_owns(path: Path) -> None:
    assert fields(DEPLOYED, EDITED, STATUS, SCALED).writer(path) is None


def test_row_93_a_controllers_status_is_not_its_writing_of_the_spec() -> None:
    both = entry("kube-controller-manager", 12, {"f:metadata": {"f:labels": {"f:team": {}}}}, subresource="status")
    assert fields(DEPLOYED, both).writer(("metadata", "labels", "team")) == Writer("argocd-controller", "Apply", at(9))


def test_row_82_who_deployed_the_replicas_may_not_have_scaled_them() -> None:
    deployed = entry("argocd-controller", 9, {"f:spec": {"f:replicas": {}}}, "Apply")
    assert fields(deployed).writer(("spec", "replicas")) is None
    assert fields(deployed).applied(("spec", "replicas"))


class TestGone:
    """A field that Git declares and that is not live: whoever only removes leaves no trace."""

    def test_a_removed_label_has_no_writer(self) -> None:
        path = ("metadata", "labels", "gone")
        assert fields(DEPLOYED, EDITED).writer(path, gone=True) is None

    def test_nor_has_a_removed_object_of_fields_whose_siblings_were_edited(self) -> None:
        assert fields(DEPLOYED, EDITED).writer((*APP, "livenessProbe"), gone=True) is None

    def test_a_part_of_a_whole_that_was_written_since(self) -> None:
        edited = entry("kubectl-edit", 11, container({"f:args": {}}))
        assert fields(DEPLOYED, edited).writer((*APP, "args", Item("1", 1)), gone=True) == Writer(
            "kubectl-edit", "Update", at(11)
        )

    def test_an_empty_mapping_written_before_the_deployment_says_nothing(self) -> None:
        created = entry("kubectl-create", 8, container({"f:resources": {}}))
        assert fields(created, DEPLOYED).writer((*APP, "resources", "limits"), gone=True) is None


class TestApplied:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [(("metadata", "labels", "team"), True), ((*APP, "image"), False), ((*APP, "args", Item("0", 0)), True)],
    )
    def test_what_the_deploying_manager_owns(self, path: Path, expected: bool) -> None:
        assert fields(DEPLOYED, EDITED).applied(path) is expected

    def test_row_80_what_a_client_side_apply_left_counts_beside_the_new_manager(self) -> None:
        former = entry("kubectl-client-side-apply", 7, {"f:data": {"f:stuck": {}}})
        now = entry("kustomize-controller", 9, {"f:data": {"f:kept": {}}}, "Apply")
        known = fields(former, now)
        assert known.applied(("data", "stuck"))
        assert known.applied_last(("data", "kept"))
        assert known.applied_last(("data", "stuck")) is False
        assert fields(former).applied_last(("data", "stuck")) is None
        assert known.applied(("data", "added")) is False
        assert known.deployer() == "kustomize-controller"

    def test_an_emptied_map_of_the_deployers_is_not_what_others_put_there(self) -> None:
        emptied = entry("argocd-controller", 9, {"f:metadata": {"f:labels": {}}}, "Apply")
        labelled = entry("kubectl-label", 8, {"f:metadata": {"f:labels": {"f:mine": {}}}})
        assert fields(emptied, labelled).applied(("metadata", "labels", "mine")) is False

    def test_what_came_before_the_first_apply_was_not_deployed(self) -> None:
        known = fields(entry("before-first-apply", 7, {"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}}))
        assert known.applied(("data", "a")) is None

    def test_a_controller_that_applies_one_field_deploys_nothing(self) -> None:
        terraform = entry("Terraform", 7, {"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}})
        mesh = entry("mesh", 9, {"f:metadata": {"f:labels": {"f:mesh": {}}}}, "Apply")
        assert fields(terraform, mesh).applied(("metadata", "labels", "mesh")) is None
        assert fields(terraform, mesh).deployer() is None

    def test_an_unknown_name_that_applied_most_of_it_deploys_it(self) -> None:
        tool = entry("our-pipeline", 7, {"f:data": {"f:a": {}, "f:b": {}}}, "Apply")
        known = fields(tool, entry("kubectl-edit", 8, {"f:data": {"f:c": {}}}))
        assert (known.applied(("data", "a")), known.applied(("data", "c"))) == (True, False)
        assert known.deployer() == "our-pipeline"


@pytest.mark.parametrize(
    "managed",
    [
        None,
        b"",
        b"null",
        b"{}",
        b"[",
        b"\xff\xfe",
        b"[" * 100_000,
        b'[null, 1, "x", {}, {"manager": "a"}, {"manager": 1, "fieldsV1": {}}, {"manager": "a", "fieldsV1": "f:data"}]',
        b'[{"manager": "a", "fieldsV1": {"f:data": 1, "f:spec": {"k:{": {}, "k:1": {}, "v:{": {}, "": {}, "f:": {}}}}]',
    ],
)
def test_what_cannot_be_read_is_owned_by_nobody(managed: bytes | None) -> None:
    told = Fields(managed)
    for path in (("data",), ("data", "a"), ("spec", Item("name=a", 0), "image")):
        assert told.writer(path) is None
        assert told.writer(path, gone=True) is None
        assert told.applied(path) is None
    assert told.deployer() is None


@pytest.mark.parametrize("time", [None, 5, "yesterday", "2026-03-02", "2026-03-02T11:00:00"])
def test_an_unreadable_time_loses_to_any_other(time: object) -> None:
    odd = {**entry("odd", 1, {"f:data": {"f:a": {}}}), "time": time}
    assert fields(odd).writer(("data", "a")) == Writer("odd", "Update", None)
    other = entry("other", 1, {"f:data": {"f:a": {}}})
    assert fields(odd, other).writer(("data", "a")) == fields(other, odd).writer(("data", "a"))
    assert fields(odd, other).writer(("data", "a")) == Writer("other", "Update", at(1))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [".", "f:a", "f:b", 'k:{"name":"x"}', "k:[]", 'v:"x"', "i:0", "fieldsV1", "manager", "time"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_path = st.lists(st.sampled_from(["a", "b", Item("name=x", 0), Item("x", 0), Item("0", 0)]), max_size=4).map(tuple)


@given(read=st.lists(_json, max_size=4), path=_path)
def test_no_document_makes_it_raise(read: list[object], path: Path) -> None:
    told = Fields(json.dumps([*read, *[entry("x", 1, each) for each in read]]).encode())
    told.writer(path)
    told.writer(path, gone=True)
    told.applied(path)
    told.deployer()


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ("kubectl-edit", "kubectl-edit, 14 minutes ago"),
        ("before-first-apply", "whoever came before the first server-side apply, 14 minutes ago"),
    ],
)
def test_a_writer_for_people(manager: str, expected: str) -> None:
    assert written(Writer(manager, "Update", NOON), NOON + timedelta(minutes=14, seconds=5)) == expected


def test_a_writer_without_a_time() -> None:
    assert written(Writer("kubectl-edit", "Update"), NOON) == "kubectl-edit"
