import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.manifests import block, splice
from bot.manifests.yamltext import Node, Text, follow


def node(text: Text) -> Node:
    found = follow(text.documents[0], ("a",))
    assert found is not None
    return found


def rewritten(content: str, value: str) -> str:
    text = Text("a.yaml", content)
    assert block.is_block(node(text))
    return splice.apply(text, [block.draft(text, node(text), value)]).content


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: |\n  x\n  y\nb: 1\n", "z\n", "a: |\n  z\nb: 1\n"),
        ("a: | # why\n    x\n      y\n\n# end\n", "1\n\n 2\n", "a: | # why\n    1\n\n     2\n\n# end\n"),
        ("a: |-\n  x\n  y", "p\nq", "a: |-\n  p\n  q"),
        ("a: |\r\n  x\r\n  y\r\nb: 1\r\n", "p\nq\n", "a: |\r\n  p\r\n  q\r\nb: 1\r\n"),
    ],
)
def test_the_lines_are_replaced_and_nothing_else(before: str, value: str, after: str) -> None:
    assert rewritten(before, value) == after


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("a: |\n  x\n  y\n", "no newline"),
        ("a: |-\n  x\n  y\n", "a newline\n"),
        ("a: |2\n    x\n  y\n", "z\n"),
        ("a: |\n  x\n  y\n", "\n"),
        ("a: |\n  x\n  y\n", "  begins deeper\nthan it goes on\n"),
        ("a: |\n  x\n  y\n", "a\rb\n"),
    ],
)
def test_what_the_block_can_not_hold_is_refused(content: str, value: str) -> None:
    with pytest.raises(Refusal, match=r"a\.yaml"):
        rewritten(content, value)


LINES = st.lists(st.text(st.characters(blacklist_categories=("C", "Z"))) | st.just("  deeper: 1"), min_size=1)


@given(LINES)
def test_it_holds_the_text_or_refuses(lines: list[str]) -> None:
    value = "\n".join(lines).rstrip("\n") + "\n"
    try:
        after = rewritten("a: |\n  x\n  y\nb: [1]\n", value)
    except Refusal:
        return
    assert yaml.safe_load(after) == {"a": value, "b": [1]}
