"""What Kustomize itself makes of the kustomizations that are written: the image that was asked for."""

import subprocess
import sys
from pathlib import Path

import pytest
from trees import Files

from bot import pins
from bot.model.catalog import Target

KUBECTL = Path(sys.executable).with_name("kubectl")
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: payment}\nspec: {containers: [{name: a, image: x/y:v0}]}\n"


@pytest.mark.parametrize(
    ("entries", "version", "image"),
    [
        pytest.param("{name: x/y, newTag: v1}", "1.10", "x/y:1.10", id="row-65"),
        pytest.param("{name: x/y, newTag: v1}", "null", "x/y:null", id="row-65 null"),
        pytest.param(f"{{name: x/y, newTag: v1, digest: '{OLD}'}}", "v2", "x/y:v2", id="row-67"),
        pytest.param(f"{{name: x/y, newTag: v1, digest: '{OLD}'}}", NEW, f"x/y@{NEW}", id="row-67 digest"),
        pytest.param(f"{{name: x/y, digest: '{OLD}'}}", "v2", "x/y:v2", id="row-68"),
        pytest.param(f"{{name: x/y, newTag: v1@{OLD}}}", f"v2@{NEW}", f"x/y:v2@{NEW}", id="row-69"),
        pytest.param(f"{{name: x/y, digest: '{OLD}'}}", f"v2@{NEW}", f"x/y:v2@{NEW}", id="row-68 both"),
        pytest.param("{name: x/y, newTag: v1}, {name: x/y, newTag: v2}", "v3", "x/y:v3", id="row-73"),
    ],
)
def test_kustomize_renders_the_version_that_was_written(tmp_path: Path, entries: str, version: str, image: str) -> None:
    files = {
        "app/kustomization.yaml": f"resources: [pod.yaml]\nimages: [{entries}]\n",
        "app/pod.yaml": POD,
    }
    target = Target("payment", "production", "config", ("app",))
    (edit,) = pins.plan(Files(files), target, version).edits
    assert edit.path == "app/kustomization.yaml"
    assert edit.after is not None
    (tmp_path / "kustomization.yaml").write_bytes(edit.after)
    (tmp_path / "pod.yaml").write_text(POD)
    rendered = subprocess.run([KUBECTL, "kustomize", tmp_path], capture_output=True, text=True, check=True, timeout=30)
    assert f"image: {image}\n" in rendered.stdout


BASE = {"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": POD}
RENAMED = {**BASE, "base/kustomization.yaml": "resources: [pod.yaml]\nimages: [{name: x/y, newName: m/payment}]\n"}
COMPONENT = {**BASE, "c/kustomization.yaml": "kind: Component\nimages: [{name: x/y, newTag: v1}]\n"}
OPERATIONS = "- {op: replace, path: /spec/containers/0/image, value: x/y:v1}"
PATCH = "{apiVersion: v1, kind: Pod, metadata: {name: payment}, spec: {containers: [{name: a, image: '%s'}]}}"


@pytest.mark.parametrize(
    ("files", "overlay", "image"),
    [
        pytest.param(BASE, "resources: [../base]\n", "x/y:1.10", id="row-075"),
        pytest.param(BASE, "resources: [../base]\nimages:\n  - name: x/y\n", "x/y:1.10", id="row-074 name alone"),
        pytest.param(
            BASE, "resources: [../base]\nimages: [{name: x/y, newName: m/n}]\n", "m/n:1.10", id="row-074 new name"
        ),
        pytest.param(BASE, "resources: [../base]\nimages: []\n", "x/y:1.10", id="row-074 empty"),
        pytest.param(RENAMED, "resources: [../base]\n", "m/payment:1.10", id="row-075 renamed in the base"),
        pytest.param(COMPONENT, "resources: [../base]\ncomponents: [../c]\n", "x/y:1.10", id="row-078"),
        pytest.param(
            BASE, f"resources: [../base]\npatches:\n- patch: |-\n    {PATCH % 'x/y:v1'}\n", "x/y:1.10", id="row-081"
        ),
        pytest.param(
            BASE,
            f"resources: [../base]\npatches:\n- target: {{kind: Pod}}\n  patch: |-\n    {OPERATIONS}\n",
            "x/y:1.10",
            id="row-082",
        ),
        pytest.param(
            BASE,
            f'resources: [../base]\nimages: [{{name: x/y, newTag: v9}}]\npatches:\n- patch: "{PATCH % "x/payment:v1"}"',
            "x/payment:1.10",
            id="row-072 the patch renames the image",
        ),
    ],
)
def test_kustomize_renders_what_an_overlay_was_given(
    tmp_path: Path, files: dict[str, str], overlay: str, image: str
) -> None:
    """The version `1.10` is a number to a careless reader."""
    files = {**files, "app/kustomization.yaml": overlay}
    (edit,) = pins.plan(Files(files), Target("payment", "production", "config", ("app",)), "1.10").edits
    assert edit.path == "app/kustomization.yaml"
    assert edit.after is not None
    for path, content in {**files, edit.path: edit.after.decode()}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    command = [KUBECTL, "kustomize", tmp_path / "app"]
    rendered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert f"image: {image}\n" in rendered.stdout
