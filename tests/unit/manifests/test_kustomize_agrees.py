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
    (edit,) = pins.edits(Files(files), target, version)
    assert edit.path == "app/kustomization.yaml"
    assert edit.after is not None
    (tmp_path / "kustomization.yaml").write_bytes(edit.after)
    (tmp_path / "pod.yaml").write_text(POD)
    rendered = subprocess.run([KUBECTL, "kustomize", tmp_path], capture_output=True, text=True, check=True, timeout=30)
    assert f"image: {image}\n" in rendered.stdout
