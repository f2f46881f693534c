"""What cuts may do: exactly what is meant, to both readers, in files of any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.manifests import formats, proof, splice
from bot.manifests.proof import Cut, Draft
from bot.manifests.yamltext import Node, Text, follow

POD = """kind: Pod
metadata: {name: app-%d}
spec:
  containers:
    - name: é   # %d
      image: acme/app-%d:v1
    - {name: b, image: "acme/b:v1", args: [é, "%d"]}
"""


def listed(number: int) -> str:
    pods = ("".join(f"    {line}\n" for line in (POD % ((n,) * 4)).splitlines()) for n in range(number))
    return "kind: List\nitems:\n" + "".join(f"  -\n{pod}" for pod in pods)


ITEM = '{"kind": "Pod", "spec": {"containers": [{"image": "acme/app-0:v1"}, {}]}}'
LARGE = {
    "list": listed(60),
    "documents": "---\n".join(POD % ((n,) * 4) for n in range(60)),
    "flow": '{"kind": "List", "items": [\n' + ",\n".join(ITEM.replace("0", str(n)) for n in range(90)) + "\n]}",
    "block": "kind: ConfigMap\ndata:\n  x: |\n" + "    image: a:v1\n" * 400 + "---\n" + POD % (7, 7, 7, 7),
}


@pytest.mark.parametrize("number", [1, 9])
@pytest.mark.parametrize("kind", LARGE)
def test_large_files_are_edited_at_several_places_at_once(kind: str, number: int) -> None:
    text = Text("a.yaml", LARGE[kind])
    pins = [pin for pin in formats.find(text) if pin.image.name.startswith("acme/app-")][-number:]
    after = formats.write(text, {pin: f"v2-{pin.line}" for pin in pins})
    wanted = text.content
    for pin in pins:
        wanted = wanted.replace(f"{pin.image.name}:v1", f"{pin.image.name}:v2-{pin.line}")
    assert after.content == wanted != text.content


def node(text: Text, *path: str | int) -> Node:
    found = follow(text.documents[0], path)
    assert found is not None
    return found


def does(content: str, cuts: list[Cut], *meant: tuple[str, str | None]) -> bool:
    before = Text("a.yaml", content)
    after = Text("a.yaml", proof.made(content, cuts))
    return proof.does_as_meant(before, after, Draft(cuts, {node(before, key): value for key, value in meant}))


@pytest.mark.parametrize("padding", ["", "z: 'é'\n" * 2000], ids=["small", "large"])
@pytest.mark.parametrize(
    "new", ["v3", "null", "[v2]", "'v2", "v2\nc: 1", "v2: 1", "*b", "!x v2", "v2\n---", "|\n  v2", "# v2", ""]
)
def test_what_is_not_the_value_that_is_meant_is_seen(new: str, padding: str) -> None:
    at = len(padding)
    content = f"{padding}a: v1\nb: &b x\nd: *b\n"
    assert does(content, [Cut(at + 3, at + 5, "v2")], ("a", "v2"))
    assert not does(content, [Cut(at + 3, at + 5, new)], ("a", "v2"))


@pytest.mark.parametrize(
    ("old", "new"), [("x", "y"), ("*b", "x"), ("*b", "*c"), ("&b", "&c"), ("b:", "c:"), ("x", "'x'")]
)
def test_what_is_not_meant_is_seen(old: str, new: str) -> None:
    content = "a: v1\nb: &b x\nd: *b\n"
    start = content.index(old)
    assert not does(content, [Cut(3, 5, "v2"), Cut(start, start + len(old), new)], ("a", "v2"))


def test_a_second_value_that_is_not_meant_is_seen() -> None:
    assert does("a: v1\nb: v1\n", [Cut(3, 5, "v2"), Cut(9, 11, "v3")], ("a", "v2"), ("b", "v3"))
    assert not does("a: v1\nb: v1\n", [Cut(3, 5, "v2"), Cut(9, 11, "v3")], ("a", "v2"))
    assert not does("a: v1\nb: v1\n", [Cut(3, 5, "v2")], ("a", "v2"), ("b", "v3"))


def test_drafts_that_overlap_are_refused() -> None:
    text = Text("a.yaml", "a: v1\n")
    drafts = [splice.draft(text, {node(text, "a"): version}) for version in ("v2", "v3")]
    with pytest.raises(Refusal, match=r"a\.yaml can't be edited without changing more than the version"):
        splice.apply(text, drafts)


@given(st.sets(st.integers(0, 59), min_size=1), st.sampled_from(["list", "documents"]))
@settings(max_examples=15, deadline=None)
def test_many_edits_at_once_are_as_one_after_the_other(numbers: set[int], kind: str) -> None:
    text = Text("a.yaml", LARGE[kind])
    wanted = {f"acme/app-{number}" for number in numbers}
    pins = [pin for pin in formats.find(text) if pin.image.name in wanted]
    after = formats.write(text, dict.fromkeys(pins, "v2"))
    expected = text.content
    for name in wanted:
        expected = expected.replace(f"{name}:v1", f"{name}:v2")
    assert (len(pins), after.content) == (len(wanted), expected)
