"""The ignore rules of a config repository: what is read, what is refused, and what is added to the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import Files

from bot.drift import ignores
from bot.errors import Refusal
from bot.model.rules import Ignore

SCALED = Ignore("scaled by the HPA", "Deployment", "payment", "/spec/replicas")
RESIZED = Ignore("resized: often", manager="vpa", service="payment", environment="staging")
FILE = ".quarterdeck/ignore.yaml"


def test_a_repository_without_the_file_has_no_rules() -> None:
    assert ignores.of(Files({})) == ()


def test_a_rule_is_read_as_people_write_it() -> None:
    written = "# ours\n- {kind: Deployment, name: payment, path: /spec/replicas, why: scaled by the HPA}\n"
    assert ignores.of(Files({FILE: written.encode()})) == (SCALED,)


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_has_no_rules(content: str) -> None:
    assert ignores.read(content.encode()) == ()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("rules: []", ":1 is no list of rules"),
        ("- a\n", ":1 is no rule"),
        ("- kind: Pod\n", ":1 does not say why"),
        ("- why: because\n", ":1 would ignore everything"),
        ("- why: because\n  service: payment\n", ":1 would ignore everything"),
        ("- kind: Pod\n  why: a\n- kind: Pod\n  colour: red\n  why: a\n", ":4 has the key 'colour'"),
        ("- kind: [Pod]\n  why: a\n", ":1: kind must hold a text"),
        ("- kind:\n  why: a\n", ":1: kind must hold a text"),
        ("- kind: Pod\n  kind: Job\n  why: a\n", ":2: kind must hold a text"),
        ('- kind: Pod\n  why: "a\\nb"\n', ":2: why must hold a text"),
        ("- path: spec\n  why: a\n", ":1: 'spec' is no JSON pointer"),
        ("- &a {kind: Pod, why: b}\n- {<<: *a}\n", ":2 has the key '<<'"),
        ("- kind: Pod\n  why: a\n---\n- kind: Pod\n  why: a\n", ":4 is no list of rules"),
        ("- [", ":1:1 is not YAML"),
    ],
)
def test_a_bad_rule_is_refused_with_its_line(content: str, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        ignores.read(content.encode())
    assert f"{FILE}{why}" in str(refused.value)


def test_a_new_file_says_what_it_is_for() -> None:
    made = ignores.added(None, [SCALED, RESIZED, SCALED]).decode()
    assert made.startswith("# Differences between Git and the clusters")
    assert made.split("\n", 2)[2] == (
        "- kind: Deployment\n  name: payment\n  path: /spec/replicas\n  why: scaled by the HPA\n"
        '- manager: vpa\n  service: payment\n  in: staging\n  why: "resized: often"\n'
    )


@pytest.mark.parametrize(
    ("before", "more"),
    [
        ("- kind: Job\n  why: a\n", "- kind: Deployment\n"),
        ("- kind: Job\n  why: a # no newline", "\n- kind: Deployment\n"),
        ("- kind: Job\r\n  why: a\r\n", "- kind: Deployment\r\n"),
        ("\ufeff  - kind: Job\n    why: a\n\n# the end\n", "  - kind: Deployment\n"),
        ("# none\n", "- kind: Deployment\n"),
        ("", "- kind: Deployment\n"),
    ],
)
def test_every_byte_before_a_new_rule_stays(before: str, more: str) -> None:
    after = ignores.added(before.encode(), [SCALED])
    assert after.startswith((before + more).encode())
    assert ignores.read(after) == (*ignores.read(before.encode()), SCALED)


@pytest.mark.parametrize("before", ["[]\n", "[{kind: Job, why: a}]\n", "- kind: Job\n  why: a\n...\n"])
def test_what_lines_can_not_be_added_to_is_refused(before: str) -> None:
    with pytest.raises(Refusal, match="add the rules by hand"):
        ignores.added(before.encode(), [SCALED])


@pytest.mark.parametrize("name", ["\ud800", "\u202e", "a\nb", "\x00"])
def test_what_no_line_can_hold_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="add the rules by hand"):
        ignores.added(None, [Ignore("why", kind="ConfigMap", path=f"/data/{name}")])


def test_a_rule_that_is_there_is_not_added_twice() -> None:
    once = ignores.added(None, [SCALED])
    assert ignores.added(once, [SCALED]) == once


WORDS = st.text(min_size=1).filter(lambda text: text.isprintable() and "\ufeff" not in text)


@given(why=WORDS, name=WORDS, path=WORDS)
def test_whatever_people_write_is_one_rule(why: str, name: str, path: str) -> None:
    rule = Ignore(why, name=name, path=f"/{path}")
    assert ignores.read(ignores.added(None, [rule])) == (rule,)
