"""`quarterdeck edit` as a pipeline runs it: in a process of its own, without config, Git or network."""

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

POD = "kind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - image: acme/payment:v1.2.0 # kept\n"
MOVED = POD.replace("v1.2.0", "v1.3.0")

SURROUNDINGS = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"}


def edit(
    folder: Path, *arguments: str, limit: Callable[[], None] | None = None, path: str = os.environ["PATH"]
) -> tuple[int, str, str]:
    """Exit status, output and errors."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "edit", *arguments],
        cwd=folder,
        check=False,
        env=SURROUNDINGS | {"PATH": path},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_needs_nothing_but_the_files(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    arguments = ("--set", "acme/payment=v1.3.0", ".")
    assert edit(tmp_path, *arguments, path="") == (
        0,
        "pod.yaml:5  acme/payment  v1.2.0 -> v1.3.0\n1 version moved in 1 file.\n",
        "",
    )
    assert (tmp_path / "pod.yaml").read_text() == MOVED
    assert edit(tmp_path, *arguments)[:2] == (
        0,
        "pod.yaml:5  acme/payment  v1.3.0 already\nNothing to do; 1 there already.\n",
    )
    assert names(tmp_path) == ["pod.yaml"]


def test_a_diff_writes_nothing_and_applies(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    status, out, _ = edit(tmp_path, "--set", "payment=v1.3.0", "--diff", ".")
    assert status == 0
    assert (tmp_path / "pod.yaml").read_text() == POD
    subprocess.run(["git", "apply"], cwd=tmp_path, input=out.encode(), check=True)
    assert (tmp_path / "pod.yaml").read_text() == MOVED
    said = "pod.yaml:5  acme/payment  v1.3.0 already\nNothing to do; 1 there already.\n"
    assert edit(tmp_path, "--set", "payment=v1.3.0", "--diff", ".") == (0, "", said)


def test_what_is_refused_ends_with_1_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    said = "No image acme/paymnet is in this folder; nearest: acme/payment (pod.yaml:5)."
    assert edit(tmp_path, "--set", "acme/paymnet=v1.3.0", ".") == (1, "", f"{said}\nNothing was written.\n")
    status, out, _ = edit(tmp_path, "--set", "acme/paymnet=v1.3.0", ".", "--json")
    assert status == 1
    assert json.loads(out) == {
        "schema": "quarterdeck/edit/v1",
        "edits": [],
        "refusals": [{"file": None, "line": None, "why": said}],
    }


@pytest.mark.parametrize("arguments", [(".",), ("--set", "a=v1"), ("--set",)])
def test_a_call_that_is_none_ends_with_2_and_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    status, out, said = edit(tmp_path, *arguments)
    assert (status, out) == (2, "")
    assert said.startswith("quarterdeck edit: ")
    assert "--help" in said


def test_row_62_a_mode_is_kept(tmp_path: Path) -> None:
    pod = tmp_path / "pod.yaml"
    pod.write_text(POD)
    pod.chmod(0o755)
    assert edit(tmp_path, "--set", "payment=v1.3.0", "pod.yaml")[0] == 0
    assert pod.read_text() == MOVED
    assert stat.S_IMODE(pod.stat().st_mode) == 0o755


def test_row_61_a_symlink_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    for folder in (outside, tree, tree / ".git"):
        folder.mkdir()
        (folder / "pod.yaml").write_text(POD)
    (tree / "link.yaml").symlink_to(outside / "pod.yaml")
    (tree / "folder").symlink_to(outside)
    assert edit(tree, "--set", "payment=v1.3.0", ".")[1].splitlines() == [
        "pod.yaml:5  acme/payment  v1.2.0 -> v1.3.0",
        "1 version moved in 1 file.",
    ]
    assert (outside / "pod.yaml").read_text() == (tree / ".git/pod.yaml").read_text() == POD
    for link in ("link.yaml", "folder"):
        said = f"{link} is a symlink, which is not followed; name the file or folder that it leads to."
        assert edit(tree, "--set", "payment=v1.4.0", link) == (1, "", f"{said}\nNothing was written.\n")


def test_what_can_not_be_read_ends_with_2(tmp_path: Path) -> None:
    status, out, said = edit(tmp_path, "--set", "payment=v1.3.0", "/proc/self/mem", "--json")
    assert status == 2
    assert json.loads(out)["refusals"][0]["why"] == said.rstrip()
    assert said == "/proc/self/mem can't be read: input/output error; nothing was written.\n"


def test_what_can_not_be_written_ends_with_2_and_leaves_every_file(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(POD + "# long enough\n" * (100 if name == "b.yaml" else 0))

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    status, out, said = edit(tmp_path, "--set", "payment=v1.3.0", ".", limit=full_disk)
    assert (status, out) == (2, "")
    assert said == "b.yaml can't be written: file too large; nothing was written.\n"
    assert names(tmp_path) == ["a.yaml", "b.yaml"]
    assert (tmp_path / "a.yaml").read_text() == POD


def test_a_name_can_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.yaml").write_text(POD)
    _, out, _ = edit(tmp_path, "--set", "payment=v1.3.0", ".")
    assert out.splitlines()[0] == "a[31m.yaml:5  acme/payment  v1.2.0 -> v1.3.0"


def test_it_starts_at_once_since_it_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    heavy = (
        "alembic apscheduler git github kubernetes pydantic slack_bolt sqlalchemy starlette uvicorn bot.config bot.app"
    )
    program = (
        "import sys; from bot.cli import main\n"
        f"assert main(['edit', '--set', 'payment=v1.3.0', '.']) == 0\n"
        f"print(sorted(sys.modules.keys() & set('{heavy}'.split())))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=SURROUNDINGS, capture_output=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == b"[]"
