"""Files of a working tree: which there are, and that they are replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from bot import files
from bot.errors import Refusal, Unavailable
from bot.files import Rewrite


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("before")


def test_manifests_come_once_in_order_whatever_is_named() -> None:
    write("b.yaml", "a/c.yml", "a/b.json", "a/Kustomization", "a/b/a.yaml", "a/x.txt", ".git/a.yaml", "x.txt")
    inside = ["a/Kustomization", "a/b.json", "a/c.yml", "a/b/a.yaml"]
    assert list(files.below(["."])) == ["b.yaml", *inside]
    assert list(files.below(["./a/", "a/c.yml", "x.txt", ".", "./b.yaml"])) == [*inside, "x.txt", "b.yaml"]


def test_what_is_neither_file_nor_folder_is_refused() -> None:
    os.mkfifo("pipe.yaml")
    assert list(files.below(["."])) == []
    with pytest.raises(Refusal, match=r"^pipe\.yaml is neither a file nor a folder\.$"):
        list(files.below(["pipe.yaml"]))


def test_a_file_that_changed_meanwhile_is_refused_and_no_other_is_written() -> None:
    write("a.yaml", "b.yaml")
    rewrites = [Rewrite("a.yaml", b"before", b"after"), Rewrite("b.yaml", b"read before that", b"after")]
    with pytest.raises(Refusal, match=r"^b\.yaml was changed by someone else meanwhile; run it again\.$"):
        files.replace(rewrites)
    assert {path.name: path.read_text() for path in Path().iterdir()} == {"a.yaml": "before", "b.yaml": "before"}


def test_a_file_that_became_a_symlink_is_not_replaced() -> None:
    write("other/a.yaml")
    Path("a.yaml").symlink_to("other/a.yaml")
    with pytest.raises(Refusal, match="meanwhile"):
        files.replace([Rewrite("a.yaml", b"before", b"after")])
    assert Path("a.yaml").is_symlink()
    assert Path("other/a.yaml").read_text() == "before"


def test_a_folder_that_is_gone_is_told_and_nothing_is_left() -> None:
    write("a.yaml")
    rewrites = [Rewrite("a.yaml", b"before", b"after"), Rewrite("gone/b.yaml", b"before", b"after")]
    said = r"^gone/b\.yaml can't be written: no such file or directory; nothing was written\.$"
    with pytest.raises(Unavailable, match=said):
        files.replace(rewrites)
    assert {path.name: path.read_text() for path in Path().iterdir()} == {"a.yaml": "before"}
