import io
from collections.abc import Sequence

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.errors import Refusal
from bot.manifests import splice
from bot.manifests.yamltext import Node, Text, follow, get


def node(text: Text, *path: str | int) -> Node:
    found = follow(text.documents[0], path)
    assert found is not None
    return found


def rewrite(text: Text, values: dict[Node, str], removals: Sequence[splice.Removal] = ()) -> Text:
    return splice.apply(text, [splice.draft(text, values, removals)])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(r'a: "x\x2fy"', "a.yaml:1 is a quoted value with escapes or on several lines", id="row-57 escape"),
        pytest.param('a: "x\n  y"', "a.yaml:1 is a quoted value with escapes or on several lines", id="row-57 lines"),
        pytest.param("a: 'it''s'", "a.yaml:1 is a quoted value with escapes", id="row-57 doubled quote"),
        pytest.param("a: x\n  y", "a.yaml:1 is a value that spans lines; edit it by hand.", id="row-57 plain"),
        pytest.param("a: &b # note\n  x", "a.yaml:1 is a value that spans lines", id="a comment after an anchor"),
        pytest.param("a: |\n  x\n  y\n", "a.yaml:1 is a block whose value spans lines", id="row-57 folded"),
        pytest.param("a: >\n  x\n  y\n", "a.yaml:1 is a block whose value spans lines", id="row-57 block"),
        pytest.param(
            "a: x\nsops: {mac: y}", "a.yaml:2 is a SOPS file: changing a plain value breaks its MAC", id="row-60"
        ),
    ],
)
def test_a_value_that_does_not_stand_there_alone_is_refused(content: str, why: str) -> None:
    text = Text("a.yaml", content)
    with pytest.raises(Refusal) as refusal:
        rewrite(text, {node(text, "a"): "v2"})
    assert why in str(refusal.value)


def test_row_60_a_sops_file_whose_mac_covers_only_secrets_is_edited() -> None:
    text = Text("a.yaml", "a: x\nsops: {mac: y, mac_only_encrypted: true}\n")
    assert rewrite(text, {node(text, "a"): "v2"}).content == text.content.replace("a: x", "a: v2")


@pytest.mark.parametrize("content", ["a:\nb: 1\n", "a: # note\nb: 1\n", "a:   \nb: 1\n"])
def test_an_empty_value_is_filled_in(content: str) -> None:
    text = Text("a.yaml", content)
    assert rewrite(text, {node(text, "a"): "v2"}).content == content.replace("a:", "a: v2", 1)


@pytest.mark.parametrize(
    ("content", "after"),
    [
        ("- a: 1\n  b: 2\n", "- b: 2\n"),
        ("- a: 1 # note\n  b: 2\n", None),
        ("- a: 1\n", None),
        ("- {a: 1}\n", None),
        ("- {a: 1, b: 2}\n", "- {b: 2}\n"),
        ("- {b: 2, a: 1}\n", "- {b: 2}\n"),
        ("- {b: 2\n  , a: 1 # note\n  }\n", "- {b: 2 # note\n  }\n"),
        ("- b: 2\n  # about a\n  a: 1 # note\n\n  c: 3\n", "- b: 2\n  # about a\n\n  c: 3\n"),
        ("- b: 2\r\n  a: 1", "- b: 2"),
    ],
)
def test_a_key_goes_with_its_line_or_up_to_its_neighbour(content: str, after: str | None) -> None:
    text = Text("a.yaml", content)
    removal = splice.Removal(node(text, 0), "a")
    if after is not None:
        assert rewrite(text, {}, [removal]).content == after
        return
    with pytest.raises(Refusal) as refusal:
        rewrite(text, {}, [removal])
    assert str(refusal.value) == "a.yaml:1 can't be removed on its own; edit it by hand."


def test_what_would_change_more_than_meant_is_refused() -> None:
    text = Text("a.yaml", 'a: "x"\nb: y\n')
    with pytest.raises(Refusal) as refusal:
        rewrite(text, {node(text, "a"): 'v2" # "'})
    assert str(refusal.value) == "a.yaml can't be edited without changing more than the version; edit it by hand."


WORDS = (
    "~ null Null yes No ON off True y N << = .inf -.INF .nan 0x1F 0o17 0b1 1_000 1e3 1.5e-3 .5 5. +1 12:30:45 2025-8-5"
)


def resolved(content: str) -> tuple[object, object]:
    """As readers of YAML 1.1 and of YAML 1.2 take it."""
    return yaml.safe_load(content), YAML(typ="safe", pure=True).load(io.StringIO(content))


@pytest.mark.parametrize("word", [*WORDS.split(), "1.10", "0123", "8202758", "12345e7", "2025-08-05", "NULL"])
def test_row_65_words_that_some_reader_takes_for_something_else_get_quotes(word: str) -> None:
    text = Text("a.yaml", "a: x")
    after = rewrite(text, {node(text, "a"): word}).content
    assert after == f'a: "{word}"'
    assert resolved(after) == ({"a": word}, {"a": word})


@given(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
    | st.from_regex(r"[0-9_.eE-]{1,9}", fullmatch=True)
)
@settings(deadline=None)
@example("1__0")
@example("0_1e3")
def test_no_legal_tag_is_misread_after_it_is_written(tag: str) -> None:
    if tag[0] in ".-":
        return
    text = Text("a.yaml", "- {a: x, b: y}")
    after = rewrite(text, {node(text, 0, "a"): tag})
    wanted = [{"a": tag, "b": "y"}]
    assert resolved(after.content) == (wanted, wanted)
    assert get(after.documents[0].value[0], "a") is not None


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "first", ["a: x0", "%TAG !e! tag:example.com,2000:\n---\na: !e!y x0", "---\na: |-\n  x0", "a: 'x0'\n..."]
)
def test_any_document_of_many_is_edited_alone(first: str, number: int) -> None:
    documents = [first, "# note\n--- # one\na: x1", "---\na: &x x2", '---\n{"a": x3}\n# ---\n']
    text = Text("a.yaml", "\n".join(documents))
    found = follow(text.documents[number], ("a",))
    assert found is not None
    after = rewrite(text, {found: "moved"})
    assert after.content == text.content.replace(f"x{number}", "moved")


@pytest.mark.parametrize("value", ["a: b", "a #b", "- a", "[a", "a, b", "&a", "*a", "!a", "%a", "a:", "{{ a }}", "'a"])
def test_a_value_that_would_be_something_else_is_quoted(value: str) -> None:
    text = Text("a.yaml", "a: x # why\nb: [y, z]\n")
    assert resolved(rewrite(text, {node(text, "a"): value}).content)[0] == {"a": value, "b": ["y", "z"]}


def test_a_number_stays_a_number() -> None:
    text = Text("a.yaml", "a: 3\nb: '3'\n")
    plain = splice.apply(text, [splice.draft(text, {node(text, "a"): "5", node(text, "b"): "5"}, plain=True)])
    assert plain.content == "a: 5\nb: '5'\n"
