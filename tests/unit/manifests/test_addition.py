"""Entries added to `images:`: in the file's own style, with nothing else touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.manifests import addition, kustomize
from bot.manifests.yamltext import Text, decode, encode
from bot.model.catalog import Image

DIGEST = "sha256:" + "a" * 64


def added(content: str, version: str = "v2") -> str:
    return addition.add(Text("k/kustomization.yaml", content), "acme/p", version).content


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("images:\n- name: a\n  newTag: v1\n", "[]- name: acme/p\n  newTag: v2\n", id="no indentation"),
        pytest.param("images:\n  - name: a\n    newTag: v1\n", "[]  - name: acme/p\n    newTag: v2\n", id="indented"),
        pytest.param("images:\n-   name: a\n    newTag: v1\n", "[]-   name: acme/p\n    newTag: v2\n", id="row-044"),
        pytest.param("images:\n- newTag: v1\n  name: a\n", "[]- newTag: v2\n  name: acme/p\n", id="row-079"),
        pytest.param("images:\n- {name: a, newTag: v1}\n", "[]- {name: acme/p, newTag: v2}\n", id="flow entries"),
        pytest.param("images:\n- { name: a, newTag: v1 }\n", "[]- { name: acme/p, newTag: v2 }\n", id="padded"),
        pytest.param(
            "images:\n- name: a\n  newTag: 'v1'\n", "[]- name: acme/p\n  newTag: 'v2'\n", id="quotes of the others"
        ),
        pytest.param("images:\n- name: a # why\n  newTag: v1 # c\n", "[]- name: acme/p\n  newTag: v2\n", id="comments"),
        pytest.param("images: &i\n- &a\n  name: a\n  newTag: v1\n", "[]- name: acme/p\n  newTag: v2\n", id="anchors"),
        pytest.param("images:\n- name: a\n  newTag: v1", "[]\n- name: acme/p\n  newTag: v2", id="row-036"),
        pytest.param("images:\n- name: a\n  newTag: >-\n    v1\n", "[]- name: acme/p\n  newTag: v2\n", id="block"),
        pytest.param("resources:\n- x\n", "[]images:\n- name: acme/p\n  newTag: v2\n", id="row-075"),
        pytest.param("resources:\n  - x\n", "[]images:\n  - name: acme/p\n    newTag: v2\n", id="row-075 indented"),
        pytest.param("resources: [x]\n", "[]images:\n- name: acme/p\n  newTag: v2\n", id="row-075 flow neighbours"),
        pytest.param("resources: [x]", "[]\nimages:\n- name: acme/p\n  newTag: v2", id="row-075 no newline at the end"),
        pytest.param("x: |+\n  a\n\n", "[]images:\n- name: acme/p\n  newTag: v2\n", id="row-075 kept newlines"),
        pytest.param("images:\n", "[]- name: acme/p\n  newTag: v2\n", id="empty"),
        pytest.param("images:  # none\n", "[]- name: acme/p\n  newTag: v2\n", id="empty with a comment"),
    ],
)
def test_rows_74_and_75_lines_are_added_after_the_others(before: str, after: str) -> None:
    assert added(before) == after.replace("[]", before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "images:\n- name: a\n  newTag: v1\n# end\n\npatches: []\n",
            "images:\n- name: a\n  newTag: v1\n- name: acme/p\n  newTag: v2\n# end\n\npatches: []\n",
            id="row-074 before what follows",
        ),
        pytest.param("images: []  # c\nx: 1\n", "images:  # c\n- name: acme/p\n  newTag: v2\nx: 1\n", id="empty list"),
        pytest.param("images: ~\nx: 1\n", "images:\n- name: acme/p\n  newTag: v2\nx: 1\n", id="null"),
        pytest.param("x: 1\n...\n# c\n", "x: 1\nimages:\n- name: acme/p\n  newTag: v2\n...\n# c\n", id="row-040"),
        pytest.param(
            "images: [{name: a, newTag: v1}]\n",
            "images: [{name: a, newTag: v1}, {name: acme/p, newTag: v2}]\n",
            id="row-074 flow list",
        ),
        pytest.param(
            "images: [\n  {name: a, newTag: v1},\n  {name: b, newTag: v1},\n]\n",
            "images: [\n  {name: a, newTag: v1},\n  {name: b, newTag: v1},\n  {name: acme/p, newTag: v2},\n]\n",
            id="row-074 flow list on lines",
        ),
        pytest.param(
            '{"images": [{"name": "a", "newTag": "v1"}]}',
            '{"images": [{"name": "a", "newTag": "v1"}, {"name": "acme/p", "newTag": "v2"}]}',
            id="row-058",
        ),
        pytest.param(
            '{"x": 1}\n', '{"x": 1, "images": [{"name": "acme/p", "newTag": "v2"}]}\n', id="row-058 no images"
        ),
    ],
)
def test_rows_74_and_75_an_entry_is_put_in(before: str, after: str) -> None:
    assert added(before) == after


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        ("1.10", '  newTag: "1.10"\n'),
        (DIGEST, f"  digest: {DIGEST}\n"),
        (f"v2@{DIGEST}", f"  newTag: v2\n  digest: {DIGEST}\n"),
    ],
)
def test_row_65_versions_are_worded_so_that_every_reader_takes_them_for_strings(version: str, lines: str) -> None:
    assert added("x: 1\n", version) == f"x: 1\nimages:\n- name: acme/p\n{lines}"


@pytest.mark.parametrize("content", ["", "[]\n", "x: 1\n---\ny: 2\n", "images: 5\n", "images:\n- a\n"])
def test_what_is_no_list_of_entries_is_refused(content: str) -> None:
    with pytest.raises(Refusal, match=r"^k/kustomization.yaml.* by hand\.$"):
        added(content)


entries = st.sampled_from(
    [
        "{i}- name: a\n{i}  newTag: v1\n",
        "{i}-   newTag: 'v1' # note\n{i}    name: a\n",
        '{i}- {{ name: a, newTag: "v1" }}\n\n',
        "{i}- &x\n{i}  name: a\n{i}  digest: sha256:00000000000000000000000000000000\n{i}  # end\n",
    ]
)
heads = st.sampled_from(["", "# licence\n---\n", "resources:\n    - ../base\n", "a: &a [é, ~]\nb: *a\n"])
tails = st.sampled_from(["", "# end\n", "patches:\n- patch: |+\n    a: 1\n\n", "\n\n", "z: 'x'\n"])


@given(
    heads,
    st.lists(entries, max_size=3),
    st.integers(0, 3),
    tails,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["v2", "1.10", DIGEST, f"v2@{DIGEST}"]),
)
def test_for_any_kustomization_the_rest_is_byte_identical(
    head: str, items: list[str], indent: int, tail: str, newline: str, version: str
) -> None:
    listed = "images:\n" + "".join(item.format(i=" " * indent) for item in items) if items else ""
    data = b"\xef\xbb\xbf" + f"{head}{listed}{tail}".replace("\n", newline).encode()
    text = decode(data, "kustomization.yaml")
    if not text.documents or text.documents[0].id != "mapping":
        return
    after = addition.add(text, "acme/p", version)
    (*others, pin) = kustomize.find(after)
    assert kustomize.read(after, pin) == pin.image
    assert (pin.image.name, pin.image.version) == ("acme/p", version)
    assert [other.image for other in others] == [other.image for other in kustomize.find(text)]
    old, new = data.splitlines(keepends=True), encode(after).splitlines(keepends=True)
    at = next((n for n, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), len(old))
    assert old[at:] == new[at + len(new) - len(old) :]
    assert all(line.endswith(newline.encode()) for line in new)


def test_an_alias_of_another_lists_entry_is_no_style_to_follow() -> None:
    with pytest.raises(Refusal, match="add to it by hand"):
        added("x: &x {name: a, newTag: v1}\nimages:\n- *x\n")


def test_the_entry_is_the_images() -> None:
    after = addition.add(Text("kustomization.yaml", "x: 1\n"), "reg:5000/p", "v2")
    assert [pin.image for pin in kustomize.find(after)] == [Image("reg:5000/p", "v2")]
