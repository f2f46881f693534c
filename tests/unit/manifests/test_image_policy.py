import pytest

from bot.manifests import formats
from bot.manifests.yamltext import Text

POLICY = '# {"$imagepolicy": "flux-system:payment%s"}'
SAID = (
    "Flux's ImagePolicy flux-system:payment manages a.yaml:%d and will write its own choice back; "
    "suspend its ImageUpdateAutomation while this version should stay."
)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(f"kind: Pod\nspec: {{containers: [{{image: a/b:v1}}]}} {POLICY % ''}\n", 2, id="row-31"),
        pytest.param(f"image:\n  repository: a/b {POLICY % ':name'}\n  tag: v1 {POLICY % ':tag'}\n", 3, id="row-100"),
        pytest.param('image: a/b:v1 #{ "$imagepolicy":"flux-system:payment"}', 1, id="row-31 other spaces"),
    ],
)
def test_rows_31_and_100_who_else_writes_the_line_is_said_and_the_comment_stays(content: str, line: int) -> None:
    text = Text("a.yaml", content)
    (pin,) = formats.find(text)
    assert formats.notes(text, pin) == (SAID % line,)
    assert formats.write(text, {pin: "v2"}).content == content.replace("v1", "v2")


def test_row_100_three_marked_lines_stay_consistent() -> None:
    old, new = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    lines = [
        f"  repository: a/b {POLICY % ':name'}",
        f"  tag: v1 {POLICY % ':tag'}",
        f"  digest: {old} {POLICY % ':digest'}",
    ]
    text = Text("a.yaml", "image:\n" + "\n".join(lines) + "\n")
    (pin,) = formats.find(text)
    assert formats.write(text, {pin: f"v2@{new}"}).content == text.content.replace("v1", "v2").replace(old, new)


def test_a_comment_of_another_line_says_nothing() -> None:
    text = Text("a.yaml", f"image: a/b:v1\nother: x {POLICY % ''}\n")
    (pin,) = formats.find(text)
    assert formats.notes(text, pin) == ()
