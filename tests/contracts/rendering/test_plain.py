"""Plain folders, read in the dialect that kubectl reads."""

from typing import Any

import pytest
from contracts.rendering.tree import Files

from bot.errors import Refusal
from bot.rendering.dialect import parse
from bot.rendering.renderer import Renderer

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def names(tree: Files, folder: str = "app") -> list[str]:
    return [manifest["metadata"]["name"] for manifest in Renderer().render(tree, folder)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Row 10 of the drift catalogue.
        ("0644", 420),
        ("0o644", 420),
        ("0o9", "0o9"),
        ("089", 89),
        # Row 11.
        ("=", "="),
        # Row 12.
        ("123e4567", "123e4567"),
        # Row 13.
        ("1e3", 1000),
        ("12:30:45", "12:30:45"),
        ("2018-07-17", "2018-07-17"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        # Row 14: nothing is cast.
        ("5", 5),
        ('"5"', "5"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int '7'", 7),
        ("!!binary aGk=", "hi"),
        ("0x1F", 31),
        ("-0x1", -1),
        ("0b11", 3),
        ("1_000", 1000),
        ("_1", "_1"),
        ("0.1", 0.1),
        (".5", 0.5),
        ("1.", 1),
        ("1e21", 1e21),
        ("9223372036854775808", 9223372036854775808),
        ("99999999999999999999999", 1e23),
        ("~", None),
        ("Null", None),
        ("True", True),
        ("tRUE", "tRUE"),
        ("v1.2", "v1.2"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_are_what_kubectl_reads(text: str, value: Any) -> None:
    (document,) = parse(f"a: {text}\n".encode(), "f.yaml")
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


def test_keys_are_text_and_merges_are_made() -> None:
    (document,) = parse(b"base: &b {x: 1, y: 1}\nmore: {<<: *b, y: 2, 5: a, true: b, 1.5: c}\n", "f.yaml")
    assert document.value["more"] == {"x": 1, "y": 2, "5": "a", "true": "b", "1.5": "c"}


def test_row_115_documents_are_parsed_not_split() -> None:
    text = (
        "\ufeff---\n# nothing\n---\n" + CONFIG % "a" + 'data:\n  k: |\n    ---\n    x\n---\n---\n{"apiVersion": "v1", '
    )
    text += '"kind": "Secret", "metadata": {"name": "b"}}\n'
    found = Renderer().render(Files({"app/all.yaml": text}), "app")
    assert [(each["kind"], each.get("data")) for each in found] == [("ConfigMap", {"k": "---\nx\n"}), ("Secret", None)]


def test_row_113_lists_are_their_items() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
    assert names(Files({"app/all.yaml": text})) == ["a"]


def test_row_117_a_generated_name_is_left_to_the_cluster() -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n"
    (found,) = Renderer().render(Files({"app/job.yaml": job}), "app")
    assert found["metadata"] == {"generateName": "x-"}


def test_a_folders_own_manifests_count_and_nothing_else() -> None:
    tree = Files(
        {
            "app/b.yml": CONFIG % "b",
            "app/a.yaml": CONFIG % "a",
            "app/c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
            "app/.sops.yaml": "creation_rules: []",
            "app/README.md": "# no manifest",
            "app/deeper/d.yaml": CONFIG % "d",
            "apple/e.yaml": CONFIG % "e",
        }
    )
    assert names(tree) == ["a", "b", "c"]


def test_the_root_may_be_a_target() -> None:
    assert names(Files({"a.yaml": CONFIG % "a", "deeper/b.yaml": CONFIG % "b"}), "") == ["a"]


def test_what_flux_and_sops_fill_in_is_left_as_it_is() -> None:
    text = CONFIG % "a" + "data: {host: '${HOST}', key: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: m}\n"
    (found,) = Renderer().render(Files({"app/a.yaml": text}), "app")
    assert found["data"] == {"host": "${HOST}", "key": "ENC[AES256_GCM,data:x]"}


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdef", "bcdefg", strict=True)
)

REFUSED = {
    "a template": ("a: 1\nimage: {{ .Values.image }}\n", "a.yaml:2 has a mapping for a key (or is a template"),
    "a template of another form": ("{{- if .x }}\na: b\n{{- end }}\n", "a.yaml:1 is no YAML but a template (`{{ }}`)"),
    "no YAML": ("a: b\n c: [\n", "a.yaml:2 is no valid YAML (mapping values are not allowed"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "a.yaml:3 gives the key 'a' twice"),
    "an unknown alias": ("a: *b\n", "a.yaml:1"),
    "itself": ("a: &a [*a]\n", "a.yaml:1 uses *a"),
    "deep nesting": ("a: " + "[" * 100_000, "a.yaml:1 is nested more than 200 deep"),
    "deep nesting of another form": ("- " * 100_000, "a.yaml:1 is nested more than 200 deep"),
    "a bomb": (BOMB, "a.yaml:6 stands for more than 1,000,000 values"),
    "infinity": (CONFIG % "a" + "x: .inf\n", "a.yaml:4 has the number .inf"),
    "a key of null": ("~: a\n", "a.yaml:1 has a key that is no text"),
    "a control character": ("a: \x01\n", "a.yaml is no valid YAML"),
    "no object": (CONFIG % "a" + "---\nreplicas: 2\n", "a.yaml:5 is no Kubernetes object"),
    "a tab": ("a:\n\tb: c\n", "a.yaml:2 is no valid YAML (found character that cannot start any token"),
    "a list": ("- a\n", "a.yaml:1 is no Kubernetes object"),
    "a scalar": ("hello\n", "a.yaml:1 is no Kubernetes object"),
    "no name": ("apiVersion: v1\nkind: ConfigMap\n", "a.yaml:1 is a ConfigMap without metadata.name"),
    "a number for a name": (CONFIG % "5", "a.yaml:1 is a ConfigMap without metadata.name"),
    "a number for a namespace": (CONFIG % "a, namespace: 5", "a.yaml:1 has a metadata.namespace that is no text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_files_are_refused_by_file_and_line(name: str) -> None:
    text, why = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        Renderer().render(Files({"app/a.yaml": text}), "app")
    assert str(refused.value).startswith(f"app/{why}")
    assert "\n" not in str(refused.value)


def test_other_bad_inputs() -> None:
    for content, why in (
        (Files({"app/a.yaml": b"\xff\xfe\x00"}), "app/a.yaml is no UTF-8 text"),
        (Files({"app/a.json": "{"}), "app/a.json:1 is no JSON"),
        (Files({"app/a.json": "[" * 100_000}), "app/a.json is no JSON that a manifest could be"),
        (Files({"app/a.json": '{"a": 1, "b": {"c": 1, "c": 2}}'}), "app/a.json gives the key 'c' twice"),
        (Files({"app/a.json": '{"a": NaN}'}), "app/a.json has the number NaN"),
        (Files({"app/a.yaml": "apiVersion: ENC[x]\nkind: ENC[x]\n"}), "app/a.yaml:1 is encrypted as a whole"),
        (Files({"other/a.yaml": ""}), "app is not a folder of the repository"),
    ):
        with pytest.raises(Refusal, match=why):
            Renderer().render(content, "app")


def test_row_102_a_file_may_be_a_target() -> None:
    tree = Files({"argocd/prod/payment.yaml": CONFIG % "a" + "---\n" + CONFIG % "b", "argocd/prod/api.yaml": "x"})
    assert names(tree, "argocd/prod/payment.yaml") == ["a", "b"]
    assert Renderer().inputs(tree, "argocd/prod/payment.yaml") == ("argocd/prod/payment.yaml",)


@pytest.mark.parametrize("content", ["image_tag: v1.2.0\n", "- a\n", ""])
def test_row_102_a_file_of_values_cannot_be_compared(content: str) -> None:
    with pytest.raises(Refusal) as refusal:
        Renderer().render(Files({"image-tags/prod/payment": content}), "image-tags/prod/payment")
    assert str(refusal.value) == (
        "image-tags/prod/payment holds values, not Kubernetes objects: its versions can be moved, but what they deploy "
        "can't be compared with a cluster."
    )
