import pytest

from bot.errors import Refusal
from bot.manifests import formats, kustomize
from bot.manifests.kustomize import Reference
from bot.manifests.yamltext import Text
from bot.model.catalog import Image, Pin

DIGEST = "sha256:" + "a" * 64


def text(content: str) -> Text:
    return Text("overlay/kustomization.yaml", content)


def test_a_pin_says_what_stands_where() -> None:
    content = f"images:\n- name: a\n  newTag: v1\n- name: b\n  digest: {DIGEST}\n  newName: c/d\n"
    assert kustomize.find(text(content)) == (
        Pin("overlay/kustomization.yaml", "kustomize", 0, ("images", 0, "newTag"), 3, Image("a", "v1")),
        Pin("overlay/kustomization.yaml", "kustomize", 0, ("images", 1, "digest"), 5, Image("c/d", None, DIGEST), "b"),
    )


def test_a_kustomization_may_say_that_it_is_one_whatever_its_name() -> None:
    content = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages: [{name: a, newTag: v1}]\n"
    assert [pin.image for pin in kustomize.find(Text("overlay/prod.yaml", content))] == [Image("a", "v1")]


def test_the_name_that_is_looked_for_may_be_a_placeholder() -> None:
    found = text("images:\n- name: IMAGE\n  newTag: v1\n")
    assert formats.write(found, {kustomize.find(found)[0]: "v2"}).content == found.content.replace("v1", "v2")
    found = text("images:\n- name: a\n  newName: A/b\n  newTag: v1\n")
    with pytest.raises(Refusal, match="a repository's path is lower case"):
        kustomize.read(found, kustomize.find(found)[0])


def test_only_kustomizations_have_entries() -> None:
    assert kustomize.find(Text("overlay/values.yaml", "images:\n- name: a\n  newTag: v1\n")) == ()


@pytest.mark.parametrize("content", ["", "images:\n", "images: {name: a}\n", "images: [a, {newTag: v1}]\n", "[]\n"])
def test_what_is_no_entry_is_no_pin(content: str) -> None:
    assert kustomize.find(text(content)) == ()


@pytest.mark.parametrize(
    ("entry", "after"),
    [
        pytest.param("- name: a\n  newTag:\n", "- name: a\n  newTag: v2\n", id="row-065 empty"),
        pytest.param("- name: a\n  newTag: ~\n", "- name: a\n  newTag: v2\n", id="row-065 null"),
        pytest.param("- name: a\n  newTag: ''\n", "- name: a\n  newTag: 'v2'\n", id="row-065 no text"),
        pytest.param("- name: a\n", "- name: a\n  newTag: v2\n", id="name alone"),
        pytest.param(
            "-   newName: b # c\n    name: a # d\n", "-   newName: b # c\n    name: a # d\n    newTag: v2\n", id="two"
        ),
        pytest.param("- {name: a, newName: b}\n", "- {name: a, newName: b, newTag: v2}\n", id="flow"),
        pytest.param("- {'name': a}", "- {'name': a, 'newTag': v2}", id="quoted keys"),
    ],
)
def test_an_entry_without_a_version_gets_one(entry: str, after: str) -> None:
    found = text(f"images:\n{entry}")
    (pin,) = kustomize.find(found)
    assert pin.image.version is None
    assert kustomize.read(found, pin) == pin.image
    assert formats.write(found, {pin: "v2"}).content == f"images:\n{after}"


def test_row_65_a_tag_that_a_reader_takes_for_a_number_is_read_as_written() -> None:
    found = text("images:\n- name: a\n  newTag: 1.10\n")
    (pin,) = kustomize.find(found)
    assert kustomize.read(found, pin) == Image("a", "1.10")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("images:\n- name: a\n  newTag: ${TAG}\n", "yaml:3 is substituted when it is applied", id="row-26"),
        pytest.param("images:\n- name: a\n  newTag: v1+b\n", "yaml:3: “+” is not allowed", id="row-20"),
        pytest.param(
            "images:\n- {name: a, newTag: &t v1}\n- {name: b, newTag: *t}\n",
            "shares its value, by a YAML anchor, with b; give each image its own value.",
            id="row-51",
        ),
        pytest.param(
            f"x: &x {{newTag: v1, digest: {DIGEST}}}\nimages:\n- {{<<: *x, name: a}}\n",
            "takes its digest from a YAML merge; edit it by hand.",
            id="merged",
        ),
    ],
)
def test_a_version_that_is_not_the_entrys_own_is_refused(content: str, why: str) -> None:
    found = text(content)
    with pytest.raises(Refusal) as refusal:
        formats.write(found, {kustomize.find(found)[0]: "v2"})
    assert why in str(refusal.value)


def test_an_anchor_shared_by_entries_of_one_image_is_moved_once() -> None:
    found = text("images:\n- {name: x, newName: a, newTag: &t v1}\n- {name: a, newTag: *t}\n")
    assert formats.write(found, {kustomize.find(found)[0]: "v2"}).content == found.content.replace("v1", "v2")


def test_files_folders_and_patches_are_named_with_their_lines() -> None:
    found = text(
        "resources:\n- ../base\n- deployment.yaml\nbases: [x]\ncomponents:\n- y\n"
        "patches:\n- path: p.yaml\n- patch: |-\n    - op: add\npatchesStrategicMerge:\n- q.yaml\n- |-\n  a: 1\n  b: 2\n"
        "patchesJson6902:\n- path: r.yaml\n"
    )
    assert kustomize.resources(found) == (
        Reference("../base", 2),
        Reference("deployment.yaml", 3),
        Reference("x", 4),
    )
    assert kustomize.components(found) == (Reference("y", 6),)
    assert kustomize.patches(found) == (Reference("p.yaml", 8), Reference("r.yaml", 17), Reference("q.yaml", 12))
    assert kustomize.inline_patches(found) == ((0, ("patches", 1, "patch")), (0, ("patchesStrategicMerge", 1)))
