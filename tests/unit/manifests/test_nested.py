"""YAML text inside a scalar: read as a file of its own, written without touching anything else of the outer file."""

import pytest

from bot.errors import Refusal
from bot.manifests import formats, nested, splice, workload
from bot.manifests.yamltext import Text, follow, get

POD = "kind: Pod\nspec:\n  containers:\n  - image: acme/payment:v1.2.0 # note\n"


def moved(content: str, version: str = "v1.3.0") -> str:
    text = Text("a.yaml", content)
    (pin,) = nested.find(text, 0, ("a", 0, "b"), workload.find)
    assert pin.within == ((0, ("a", 0, "b")),)
    node = follow(text.documents[0], ("a", 0, "b"))
    assert node is not None
    return formats.write(text, {pin: version}).content


def block(header: str, indent: int, newline: str = "\n") -> str:
    inner = "".join(f"{' ' * indent}{line}\n" for line in POD.splitlines())
    return f"# top\na:\n  - b: {header} # patch\n{inner}    c: 1\n".replace("\n", newline)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "row-34 CRLF"])
@pytest.mark.parametrize("indent", [5, 6, 9])
@pytest.mark.parametrize("header", ["|", "|-", "|+", "&x |-"])
def test_row_081_only_the_version_changes_in_a_block(header: str, indent: int, newline: str) -> None:
    before = block(header, indent, newline)
    assert moved(before) == before.replace("v1.2.0", "v1.3.0")
    assert moved(before, "v1") == before.replace("v1.2.0", "v1")


@pytest.mark.parametrize(
    "value",
    [
        "'{kind: Pod, spec: {containers: [{image: \"acme/payment:v1.2.0\"}]}}'",
        r'"kind: Pod\nspec:\n  containers:\n  - image: acme/payment:v1.2.0\n"',
        r'"{\"kind\": \"Pod\", \"spec\": {\"containers\": [{\"image\": \"acme/payment:v1.2.0\"}]}}"',
        ">-\n      {kind: Pod, spec: {containers:\n      [{image: acme/payment:v1.2.0}]}}",
        ">\n      kind: Pod\n\n      spec:\n        containers:\n        - image: acme/payment:v1.2.0",
    ],
    ids=["single quotes", "double quotes", "escaped JSON", "folded flow", "folded"],
)
def test_other_styles_are_exact_too(value: str) -> None:
    before = f"a:\n  - b: {value}\n    c: 1\n"
    assert moved(before) == before.replace("v1.2.0", "v1.3.0")


def test_lines_are_the_outer_files() -> None:
    (pin,) = nested.find(Text("a.yaml", block("|-", 6)), 0, ("a", 0, "b"), workload.find)
    assert pin.line == 7
    with pytest.raises(Refusal, match=r"a.yaml:5:1 is not YAML"):
        nested.find(Text("a.yaml", "a:\n- b: |\n\n    containers: [image\n"), 0, ("a", 0, "b"), workload.find)


@pytest.mark.parametrize("value", ["[]", "~", "''"])
def test_no_text_is_no_pin(value: str) -> None:
    assert nested.find(Text("a.yaml", f"a: [{{b: {value}}}]\n"), 0, ("a", 0, "b"), workload.find) == ()


def test_other_escapes_are_refused() -> None:
    text = Text("a.yaml", 'a: "image: \\x61cme/payment:v1"\n')
    node = get(text.documents[0], "a")
    assert node is not None
    with pytest.raises(Refusal, match=r"a.yaml:1 is YAML in a string with escapes; edit it by hand"):
        nested.outside(text, node, Text("a.yaml", "image: acme/payment:v2"))


def test_a_line_that_goes_takes_its_own_alone() -> None:
    text = Text("a.yaml", "a: |\n    b: 1\n    # why\n    c: 2\n\n    d: 3\nz: 1\n")
    node = get(text.documents[0], "a")
    assert node is not None
    after = splice.apply(text, [nested.outside(text, node, Text("a.yaml", "b: 1\n# why\n\nd: 4\n"))])
    assert after.content == "a: |\n    b: 1\n    # why\n\n    d: 4\nz: 1\n"
