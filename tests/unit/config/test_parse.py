"""YAML as typed, and YAML that isn't."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.parse import Document, Malformed, parse


def test_scalars_are_what_was_typed_and_keys_know_their_lines() -> None:
    text = "on: yes\nversion: 1.10\noctal: 0123\nquoted: '~'\nlist:\n- no\n- b: 2026-01-01\nnull:\nnothing: ~\n"
    assert parse(text) == Document(
        {
            "on": "yes",
            "version": "1.10",
            "octal": "0123",
            "quoted": "~",
            "list": ["no", {"b": "2026-01-01"}],
            "null": "",
            "nothing": "",
        },
        {
            (): 1,
            ("on",): 1,
            ("version",): 2,
            ("octal",): 3,
            ("quoted",): 4,
            ("list",): 5,
            ("list", 0): 6,
            ("list", 1): 7,
            ("list", 1, "b"): 7,
            ("null",): 8,
            ("nothing",): 9,
        },
    )


def test_the_line_of_what_is_not_there_is_the_nearest_one_around_it() -> None:
    document = parse("a:\n  b: 1\n")
    assert [document.line(place) for place in [("a", "b"), ("a", "c", "d"), ("x",), ()]] == [2, 1, 1, 1]


def test_an_anchor_stands_for_what_it_marks() -> None:
    assert parse("a: &x [1]\nb: *x\n").data == {"a": ["1"], "b": ["1"]}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TOO_MUCH = "the file is nested too deeply or repeats itself too often"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' stands here again; first on line 1"),
        ("x:\n  a: 1\n  a: 1\n", 3, "key 'a' stands here again; first on line 2"),
        ("a: [\n", 2, "not YAML: did not find expected node content"),
        ("a:\n\tb: 1\n", 2, "not YAML: found character that cannot start any token"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML: but found another document"),
        ("a: [x/{y}]\n", 1, "not YAML: did not find expected ',' or ']'; text with braces in it needs quotes here"),
        ("a: *b\n", 1, "not YAML: found undefined alias"),
        ("a: 1\nb: {{ .Values.b }}}\n", 2, "this is a template, not YAML: render it first"),
        ("? [a]\n: b\n", 1, "a key must be a word; quote it if it begins with { or ["),
        ("a: 1\nb: \x07\n", 2, "a control character has no place in YAML"),
        ("a: &a {b: *a}\n", 1, TOO_MUCH),
        ("[" * 100_000, 1, TOO_MUCH),
        ("- " * 100_000, 1, TOO_MUCH),
    ],
)
def test_what_is_not_yaml_is_said_with_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(Malformed) as malformed:
        parse(text)
    assert malformed.value.problems == ((line, sentence),)


def test_aliases_that_multiply_end_early() -> None:
    with pytest.raises(Malformed, match=TOO_MUCH):
        parse(BOMB)


def test_no_tag_makes_an_object() -> None:
    assert parse("a: !!python/object/apply:os.getcwd []\n").data == {"a": []}


@settings(deadline=None)
@given(st.text(alphabet=" \n\tab:-[]{}#&*!|>'\"%@,?0~<", max_size=60))
def test_any_text_is_parsed_or_malformed(text: str) -> None:
    try:
        document = parse(text)
    except Malformed as malformed:
        found = [line for line, _ in malformed.problems]
    else:
        found = list(document.lines.values())
    assert all(1 <= line <= text.count("\n") + 2 for line in found)
