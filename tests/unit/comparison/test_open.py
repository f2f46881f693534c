"""What Git leaves open: `${name}` until Flux deploys it, what SOPS has encrypted."""

from base64 import b64encode
from typing import Any

import pytest

from bot.comparison import compare, compare_all, verdict
from bot.model.sync import Kind, Live, Severity, SyncState

DRIFT, UNKNOWN, UNDECLARED = Kind.DRIFT, Kind.UNKNOWN, Kind.UNDECLARED
Things = dict[str, Any]


def config(**data: Any) -> Things:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data}


def custom(**spec: Any) -> Things:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


def ingress(*hosts: str) -> Things:
    rules = [{"host": host} for host in hosts]
    name = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "x"}}
    return {**name, "spec": {"rules": rules}}


def env(name: str, value: str) -> Things:
    container = {"name": "app", "env": [{"name": name, "value": value}]}
    name_ = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    return {**name_, "spec": {"template": {"spec": {"containers": [container]}}}}


def limits(memory: str) -> Things:
    container = {"name": "app", "resources": {"limits": {"memory": memory}}}
    name = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    return {**name, "spec": {"template": {"spec": {"containers": [container]}}}}


def secret(**parts: Any) -> Things:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, **parts}


def coded(text: str) -> str:
    return b64encode(text.encode()).decode()


APP = "spec.template.spec.containers[name=app]"
CASES: dict[str, tuple[Things, Things, list[tuple[Kind, str]]]] = {
    "the whole text": (config(a="${A}"), config(a="x"), [(UNKNOWN, "data.a")]),
    "a part of it": (config(a="http://${A}:${B}/x"), config(a="http://h:1/x"), [(UNKNOWN, "data.a")]),
    "with a default": (config(a="${A:=b}"), config(a="x"), [(UNKNOWN, "data.a")]),
    "with nothing": (config(a="x${A}y"), config(a="xy"), [(UNKNOWN, "data.a")]),
    "gone": (config(a="${A}"), config(), [(UNKNOWN, "data.a")]),
    "what cannot have come of it": (config(a="http://${A}/x"), config(a="http://h/y"), [(DRIFT, "data.a")]),
    "ends that overlap": (config(a="ab${A}ba"), config(a="aba"), [(DRIFT, "data.a")]),
    "the order of parts": (config(a="${A}b${C}d${E}"), config(a="xdxb"), [(DRIFT, "data.a")]),
    "where nobody substitutes": (config(a="echo ${A}"), config(a="echo ${A}; rm"), [(DRIFT, "data.a")]),
    "as it is": (config(a="${A}"), config(a="${A}"), []),
    "an escaped one": (config(a="$${A}-${B}"), config(a="${A}-x"), [(UNKNOWN, "data.a")]),
    "only an escaped one": (config(a="$${A}"), config(a="x"), [(DRIFT, "data.a")]),
    "what is a shell's": (config(a="$(A) $A ${}"), config(a="x"), [(DRIFT, "data.a")]),
    "a number": (custom(size="${N}"), custom(size=3), [(UNKNOWN, "spec.size")]),
    "a switch": (custom(on="${ON}"), custom(on=True), [(UNKNOWN, "spec.on")]),
    "not a mapping": (custom(size="${N}"), custom(size={"a": 1}), [(DRIFT, "spec.size")]),
    "an amount": (limits("${M}Mi"), limits("1Gi"), [(UNKNOWN, f"{APP}.resources.limits.memory")]),
    "in a list": (ingress("${H}.example.com"), ingress("a.example.com"), [(UNKNOWN, "spec.rules[0].host")]),
    "in a list that is longer": (
        ingress("${H}.example.com"),
        ingress("a.example.com", "b.example.com"),
        [(DRIFT, "spec.rules")],
    ),
    "in a key of a list": (env("${N}", "1"), env("A", "1"), [(UNKNOWN, f"{APP}.env[name=${{N}}]")]),
    "in a key of a list, and something else": (
        env("${N}", "1"),
        env("A", "2"),
        [(DRIFT, f"{APP}.env[name=${{N}}]"), (UNDECLARED, f"{APP}.env[name=A]")],
    ),
    "in a name": (config(**{"${N}.txt": "1"}), config(**{"a.txt": "1"}), [(UNKNOWN, "data[${N}.txt]")]),
    "in a Secret": (secret(stringData={"a": "x-${A}"}), secret(data={"a": coded("x-1")}), [(UNKNOWN, "data.a")]),
    "in a Secret, and something else": (
        secret(stringData={"a": "x-${A}"}),
        secret(data={"a": coded("y-1")}),
        [(DRIFT, "data.a")],
    ),
    "in a Secret's base64": (secret(data={"a": "${A}"}), secret(data={"a": coded("x")}), [(UNKNOWN, "data.a")]),
}


@pytest.mark.parametrize("name", CASES)
def test_row_123(name: str) -> None:
    want, have, found = CASES[name]
    assert [(each.kind, each.path) for each in compare(want, have)] == found


def test_row_123_it_is_said_once_and_is_unknown() -> None:
    (told,) = compare(config(a="${A}"), config(a="x"))
    assert (told.desired, told.live, told.severity, told.note) == ("${A}", "x", Severity.INFO, "needs substitution")
    assert verdict([told]) is SyncState.UNKNOWN


def test_row_123_a_secret_shows_nothing() -> None:
    (told,) = compare(secret(stringData={"a": "hunter2${A}"}), secret(data={"a": coded("hunter2x")}))
    assert (told.desired, told.live) == ("*** (before)", "*** (after)")


@pytest.mark.parametrize("metadata", [{"name": "${N}"}, {"name": "x", "namespace": "${N}-a"}])
def test_row_123_nobody_knows_which_object_it_is(metadata: Things) -> None:
    (told,) = compare_all([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}], Live({}), "pay")
    assert (told.kind, told.path, told.note) == (UNKNOWN, "", "needs substitution: which object it is")


def test_a_long_text_of_many_variables_takes_no_time() -> None:
    text = "${A}a" * 20_000
    assert [each.kind for each in compare(config(a=text + "b"), config(a="a" * 100_000))] == [DRIFT]


ENCRYPTED = "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"


class TestSops:
    def test_row_124_only_the_keys_count(self) -> None:
        want = secret(stringData={"a": ENCRYPTED}, data={"b": ENCRYPTED}, sops={"mac": "m"})
        assert compare(want, secret(data={"a": coded("1"), "b": coded("2")}, type="Opaque")) == ()

    def test_row_124_keys_that_are_missing_or_more_are_found(self) -> None:
        want = secret(data={"a": ENCRYPTED, "b": ENCRYPTED}, sops={"mac": "m"})
        found = compare(want, secret(data={"a": coded("1"), "c": coded("3")}))
        assert [(each.kind, each.path) for each in found] == [(DRIFT, "data.b"), (UNDECLARED, "data.c")]

    def test_row_124_what_is_not_encrypted_is_compared(self) -> None:
        want = secret(stringData={"a": ENCRYPTED, "open": "1"}, sops={"mac": "m"})
        assert [each.path for each in compare(want, secret(data={"a": coded("1"), "open": coded("2")}))] == [
            "data.open"
        ]

    def test_row_124_other_kinds_too(self) -> None:
        want = {**custom(token=ENCRYPTED, size=1), "sops": {"mac": "m"}}
        assert compare(want, custom(token="open", size=1)) == ()
        assert [each.path for each in compare(want, custom(size=2))] == ["spec.size", "spec.token"]

    def test_row_124_the_name_as_well(self) -> None:
        want = {**custom(), "metadata": {"name": ENCRYPTED}, "sops": {"mac": "m"}}
        (told,) = compare_all([want], Live({}), "pay")
        assert (told.kind, told.note) == (UNKNOWN, "encrypted: which object it is")
