"""Git now, Git before and the cluster: what is on its way, what was left behind, and what is a hand's work."""

import json
from typing import Any

import pytest

from bot.comparison import compare_all, references, verdict
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Severity, SyncState

DRIFT, PENDING, LEFTOVER, UNDECLARED, MISSING = (
    Kind.DRIFT,
    Kind.PENDING,
    Kind.LEFTOVER,
    Kind.UNDECLARED,
    Kind.MISSING,
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def config(name: str = "x", last: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    """`last` is the data that a client-side apply sent last."""
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    if last is not None:
        found["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(config(name, **last))}
    return found


def deployment(image: str = "a:1", **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"template": template, **spec},
    }


def applied(*keys: str, manager: str = "kustomize-controller", operation: str = "Apply") -> bytes:
    """The managedFields of a ConfigMap whose keys one manager applied."""
    fields = {"f:data": {f"f:{key}": {} for key in keys}}
    return json.dumps([{"manager": manager, "operation": operation, "fieldsV1": fields}]).encode()


def found(
    desired: Manifest,
    live: Manifest,
    base: Manifest | None = None,
    *,
    is_deployed: bool | None = None,
    managed: bytes = b"",
) -> list[tuple[Kind, str, Severity]]:
    (ref,) = references([live], "pay")
    looked = Live({ref: live}, managed={ref: managed} if managed else {})
    told = compare_all([desired], looked, "pay", base=None if base is None else [base], is_deployed=is_deployed)
    return [(each.kind, each.path, each.severity) for each in told]


def kinds(*args: Any, **options: Any) -> list[Kind]:
    return [kind for kind, *_ in found(*args, **options)]


IMAGE = "spec.template.spec.containers[name=app].image"


def test_what_a_hand_puts_into_a_place_that_was_empty_is_undeclared() -> None:
    git = deployment()
    live = json.loads(json.dumps(git))
    live["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "7m"}}

    def entry(manager: str, resources: dict[str, Any]) -> dict[str, Any]:
        containers = {"f:containers": {'k:{"name":"app"}': {"f:resources": resources}}}
        fields = {"f:spec": {"f:template": {"f:spec": containers}}}
        return {"manager": manager, "operation": "Update", "fieldsV1": fields}

    hand = entry("kubectl-edit", {"f:requests": {"f:cpu": {}}})
    managed = json.dumps([entry("helm", {}), hand]).encode()
    assert kinds(git, live, managed=managed) == [UNDECLARED]
    theirs = entry("helm", {"f:requests": {"f:cpu": {}}})
    assert kinds(git, live, managed=json.dumps([theirs]).encode()) == [LEFTOVER]
    live["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(git)}
    assert kinds(git, live, managed=json.dumps([theirs]).encode()) == [UNDECLARED]


class TestPending:
    def test_row_125_git_is_ahead_where_live_is_as_it_was(self) -> None:
        was, now = deployment("a:1"), deployment("a:2")
        assert found(now, was, was) == [(PENDING, IMAGE, Severity.INFO)]
        assert found(now, was, was, is_deployed=False) == [(PENDING, IMAGE, Severity.INFO)]

    def test_row_125_live_is_neither(self) -> None:
        assert found(deployment("a:3"), deployment("a:2"), deployment("a:1")) == [(DRIFT, IMAGE, Severity.HIGH)]

    def test_row_125_what_was_deployed_and_is_not_live_is_drift(self) -> None:
        was, now = deployment("a:1"), deployment("a:2")
        assert kinds(now, was, was, is_deployed=True) == [DRIFT]

    def test_row_125_what_a_hand_set_back_is_drift(self) -> None:
        was, now = config(a="1"), config(a="2")
        hand = json.loads(applied("a", manager="kubectl-set", operation="Update"))
        engine = json.loads(applied("b"))
        assert kinds(now, was, was, managed=json.dumps(engine + hand).encode()) == [DRIFT]
        assert kinds(now, was, was, managed=json.dumps(hand + json.loads(applied("a", "b"))).encode()) == [PENDING]
        assert kinds(now, was, was, managed=json.dumps(engine).encode()) == [PENDING]

    def test_row_125_each_place_by_itself(self) -> None:
        was, now = deployment("a:1", minReadySeconds=1, paused=True), deployment("a:2", minReadySeconds=1, paused=True)
        touched = deployment("a:1", minReadySeconds=5, paused=True)
        assert [each[:2] for each in found(now, touched, was)] == [(DRIFT, "spec.minReadySeconds"), (PENDING, IMAGE)]

    def test_row_125_a_new_field_that_somebody_set_otherwise_is_drift(self) -> None:
        assert kinds(config(a="1", b="2"), config(a="1", b="3"), config(a="1")) == [DRIFT]
        assert kinds(config(a="1", b="2"), config(a="1"), config(a="1")) == [PENDING]

    def test_row_125_a_list_that_is_one_value_is_one_place(self) -> None:
        def args(*words: str) -> dict[str, Any]:
            made = deployment()
            made["spec"]["template"]["spec"]["containers"][0]["args"] = list(words)
            return made

        assert kinds(args("a", "c"), args("a", "b"), args("a", "b")) == [PENDING]
        assert kinds(args("a", "c"), args("z", "b"), args("a", "b")) == [DRIFT, DRIFT]

    def test_row_125_an_item_that_git_renames(self) -> None:
        def env(name: str, **more: str) -> dict[str, Any]:
            made = deployment()
            variables = [{"name": name, "value": "1"}, *({"name": k, "value": v} for k, v in more.items())]
            made["spec"]["template"]["spec"]["containers"][0]["env"] = variables
            return made

        assert kinds(env("NEW"), env("OLD"), env("OLD")) == [PENDING, PENDING]
        assert kinds(env("NEW"), env("OLD", HAND="1"), env("OLD")) == [UNDECLARED, PENDING, PENDING]

    def test_what_was_reverted_by_hand_is_drift_by_the_record_of_the_last_apply(self) -> None:
        was, now = config(a="1"), config(a="2")
        assert kinds(now, config(a="1", last={"a": "2"}), was) == [DRIFT]
        assert kinds(now, config(a="1", last={"a": "1"}), was) == [PENDING]
        # Who applies on the server's side leaves the annotation as it was, so that it proves nothing.
        assert kinds(now, config(a="1", last={"a": "2"}), was, managed=applied("a")) == [PENDING]

    def test_a_new_object_is_yet_to_come_and_a_known_one_is_missing(self) -> None:
        def gone(base: list[Manifest] | None, is_deployed: bool | None = None) -> list[Kind]:
            told = compare_all([config()], Live({}), "pay", base=base, is_deployed=is_deployed)
            return [each.kind for each in told]

        assert gone([config("other")]) == gone([], False) == [PENDING]
        assert gone([config()]) == gone(None) == gone([], True) == [MISSING]

    def test_a_known_object_of_another_version_of_its_api_is_known(self) -> None:
        was = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}}
        told = compare_all([{**was, "apiVersion": "policy/v1"}], Live({}), "pay", base=[was])
        assert [each.kind for each in told] == [MISSING]

    def test_an_object_that_git_newly_declares_and_that_is_there_is_ahead(self) -> None:
        (ref,) = references([config()], "pay")
        told = compare_all([config(a="1")], Live({ref: config(a="2")}), "pay", base=[])
        assert [each.kind for each in told] == [PENDING]

    def test_information_against_the_base_does_not_matter(self) -> None:
        was, now = deployment("a:1"), deployment("a:2")
        touched = deployment("a:1")
        touched["metadata"] = {"name": "x", "labels": {"by": "hand"}}
        assert [each[:2] for each in found(now, touched, was)] == [(UNDECLARED, "metadata.labels.by"), (PENDING, IMAGE)]


class TestLeftovers:
    GIT, LIVE = config(a="1"), config(a="1", b="2")

    def test_row_78_without_any_record_it_is_undeclared(self) -> None:
        assert found(self.GIT, self.LIVE) == [(UNDECLARED, "data.b", Severity.MEDIUM)]
        assert kinds(self.GIT, self.LIVE, self.GIT) == [UNDECLARED]

    @pytest.mark.parametrize(
        ("is_deployed", "kind"), [(True, LEFTOVER), (False, PENDING), (None, PENDING)], ids=["applied", "ahead", "-"]
    )
    def test_row_78_the_base_had_it(self, is_deployed: bool | None, kind: Kind) -> None:
        severity = Severity.MEDIUM if kind is LEFTOVER else Severity.INFO
        assert found(self.GIT, self.LIVE, self.LIVE, is_deployed=is_deployed) == [(kind, "data.b", severity)]

    def test_row_78_the_base_had_it_and_the_object_is_not_as_it_was(self) -> None:
        touched = config(a="9", b="2")
        assert kinds(self.GIT, touched, config(a="1", b="2")) == [DRIFT, LEFTOVER]

    def test_row_78_the_last_apply_had_it(self) -> None:
        assert kinds(self.GIT, config(a="1", b="2", last={"a": "1", "b": "2"})) == [LEFTOVER]
        assert kinds(self.GIT, config(a="1", b="2", last={"a": "1"})) == [UNDECLARED]

    def test_row_78_who_deploys_owns_it(self) -> None:
        assert kinds(self.GIT, self.LIVE, managed=applied("a", "b")) == [LEFTOVER]
        assert kinds(self.GIT, self.LIVE, managed=applied("a")) == [UNDECLARED]
        by_hand = applied("b", manager="kubectl-edit", operation="Update")
        assert kinds(self.GIT, self.LIVE, managed=by_hand) == [UNDECLARED]

    def test_row_78_git_took_it_away_just_now(self) -> None:
        last = {"a": "1", "b": "2"}
        assert kinds(self.GIT, config(a="1", b="2", last=last), self.LIVE) == [PENDING]
        assert kinds(self.GIT, self.LIVE, self.LIVE, managed=applied("a", "b")) == [PENDING]
        assert kinds(self.GIT, config(a="1", b="2", last=last), self.GIT) == [LEFTOVER]
        assert kinds(self.GIT, self.LIVE, self.GIT, is_deployed=False, managed=applied("a", "b")) == [LEFTOVER]

    def test_row_78_a_label(self) -> None:
        def labelled(**labels: str) -> dict[str, Any]:
            return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "labels": labels}}

        assert found(labelled(a="1"), labelled(a="1", b="2"), labelled(a="1", b="2"), is_deployed=True) == [
            (LEFTOVER, "metadata.labels.b", Severity.LOW)
        ]

    def test_row_78_what_the_base_did_not_say_is_nobodys_leftover(self) -> None:
        """The default of a pull policy hangs on the tag, which Git moved."""
        live = deployment("a:latest")
        live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
        assert found(deployment("a:latest"), live, deployment("a:1"), is_deployed=True) == [
            (UNDECLARED, "spec.template.spec.containers[name=app].imagePullPolicy", Severity.INFO)
        ]

    def test_row_78_a_rule_of_a_role(self) -> None:
        def role(*verbs: str) -> dict[str, Any]:
            rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]} for verb in verbs]
            name = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "x"}}
            return {**name, "rules": rules}

        was, live = role("get", "list"), role("get", "list", "delete")
        assert [each[:2] for each in found(role("get"), live, was, is_deployed=True)] == [
            (LEFTOVER, "rules[1]"),
            (UNDECLARED, "rules[2]"),
        ]

    def test_row_80_what_a_client_side_apply_made_sticks_after_a_server_side_one(self) -> None:
        live = config(a="1", b="2", last={"a": "1", "b": "2"})
        assert kinds(self.GIT, live, self.LIVE, managed=applied("a")) == [LEFTOVER]
        former = json.loads(applied("b", manager="kubectl-client-side-apply", operation="Update"))
        managed = json.dumps([*former, *json.loads(applied("a"))]).encode()
        assert kinds(self.GIT, self.LIVE, managed=managed) == [LEFTOVER]

    def test_row_81_replicas_are_left_over_only_if_git_had_them(self) -> None:
        git, live = deployment(), deployment(replicas=5)
        assert kinds(git, live) == kinds(git, live, git, is_deployed=True) == []
        assert found(git, live, live, is_deployed=True) == [(LEFTOVER, "spec.replicas", Severity.MEDIUM)]
        assert kinds(git, live, live) == [PENDING]
        assert kinds(git, live, deployment(replicas=2), is_deployed=True) == []

    def test_row_81_what_others_add_to_is_left_over_only_if_git_had_it(self) -> None:
        def account(*secrets: str) -> dict[str, Any]:
            named = [{"name": secret} for secret in secrets]
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x"}}
            return {**account, "imagePullSecrets": named} if named else account

        assert kinds(account(), account("mine", "dockercfg"), account(), is_deployed=True) == []
        assert [
            each[:2] for each in found(account(), account("mine", "dockercfg"), account("mine"), is_deployed=True)
        ] == [(LEFTOVER, "imagePullSecrets[name=mine]")]
        assert kinds(account("a"), account("a", "b"), account("a", "b"), is_deployed=True) == [LEFTOVER]

    def test_row_129_a_secret_tells_no_value_of_what_was_left(self) -> None:
        def secret(**data: str) -> dict[str, Any]:
            return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": data}

        live = secret(a="aHVudGVyMg==", b="aHVudGVyMg==")
        live["metadata"]["annotations"] = {LAST_APPLIED: json.dumps({**secret(), "stringData": {"b": "hunter2"}})}
        (ref,) = references([live], "pay")
        (told,) = compare_all([secret(a="aHVudGVyMg==")], Live({ref: live}), "pay")
        assert told == Difference(ref, LEFTOVER, "data.b", None, "*** (after)", Severity.HIGH, pointer="/data/b")

    @pytest.mark.parametrize("text", ["", "{", "[]", "5", None, "[" * 2000], ids=str)
    def test_a_record_that_is_none_is_no_record(self, text: str | None) -> None:
        live = config(a="1", b="2")
        live["metadata"]["annotations"] = {LAST_APPLIED: text}
        assert kinds(self.GIT, live) == [UNDECLARED]


class TestVerdict:
    def of(self, *states: tuple[Kind, Severity]) -> SyncState:
        ref = ObjectRef("v1", "ConfigMap", "pay", "x")
        return verdict([Difference(ref, kind, "data.a", None, "b", severity) for kind, severity in states])

    def test_drift_and_what_is_left_over_or_missing_is_drift(self) -> None:
        for kind in (DRIFT, LEFTOVER, MISSING):
            assert self.of((kind, Severity.LOW), (PENDING, Severity.INFO)) is SyncState.DRIFTED

    def test_what_nobody_declared_is_drift_from_medium_on(self) -> None:
        assert self.of((UNDECLARED, Severity.MEDIUM)) is SyncState.DRIFTED
        assert self.of((UNDECLARED, Severity.LOW), (UNDECLARED, Severity.INFO)) is SyncState.SYNCED

    def test_information_and_orphans_are_no_finding(self) -> None:
        assert self.of((DRIFT, Severity.INFO), (Kind.ORPHAN, Severity.LOW)) is SyncState.SYNCED
        assert self.of((Kind.CONFIG_ERROR, Severity.INFO)) is SyncState.SYNCED

    def test_row_125_git_ahead_and_nothing_else_is_pending(self) -> None:
        assert self.of((PENDING, Severity.INFO), (UNDECLARED, Severity.INFO)) is SyncState.PENDING

    def test_what_cannot_be_compared_is_unknown(self) -> None:
        for kind, severity in ((Kind.UNKNOWN, Severity.INFO), (Kind.CONFIG_ERROR, Severity.MEDIUM)):
            assert self.of((kind, severity), (PENDING, Severity.INFO)) is SyncState.UNKNOWN
