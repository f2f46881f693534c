"""Every `Tree` behaves the same: a commit's, a checkout's, one with edits, and the tests' own."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from trees import Files

from bot.checkout import Checkout
from bot.errors import Refusal
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.change import Edit
from bot.ports import Tree
from bot.preview import Preview

FILES = {
    "README.md": b"# Config\n",
    "apps/api/pod.yaml": b"image: api:v1\n",
    "apps/api/prod/pod.yaml": b"image: api:v1\n",
    "apps/payment/été 1.yaml": b"\r\n\0",
    "apps-old/pod.yaml": b"",
}
Make = Callable[[], Tree]


def files(_: Path) -> Iterator[Tree]:
    yield Files(FILES)


def checkout(folder: Path) -> Iterator[Tree]:
    written(folder / "checkout")
    (folder / "checkout/.git").mkdir()
    (folder / "checkout/.git/config").write_text("[core]")
    yield Checkout(folder / "checkout")


def preview(_: Path) -> Iterator[Tree]:
    """The same files, come about by a change, a new file and a deletion."""
    edits = (
        Edit("README.md", b"old", FILES["README.md"]),
        Edit("apps/api/prod/pod.yaml", None, FILES["apps/api/prod/pod.yaml"]),
        Edit("gone/too.yaml", b"x", None),
    )
    before = {path: content for path, content in FILES.items() if path != "apps/api/prod/pod.yaml"}
    yield Preview(Files(before | {"README.md": b"old", "gone/too.yaml": b"x"}), edits)


def commit(folder: Path) -> Iterator[Tree]:
    upstream = written(folder / "upstream")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "core.autocrlf=false")
        subprocess.run(["git", *who, *arguments], cwd=upstream, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "Begin")
    with Mirrors(folder / "data", {"config": Repository("config", str(upstream))}) as mirrors:
        yield mirrors.reader().head("config")


def written(root: Path) -> Path:
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


@pytest.fixture(params=[files, checkout, preview, commit], ids=lambda make: make.__name__)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tree]:
    yield from request.param(tmp_path)


def test_files_are_read_as_they_are(tree: Tree) -> None:
    assert {path: tree.read(path) for path in FILES} == FILES


@pytest.mark.parametrize("path", ["missing", "apps", "apps/api/missing", "README.md/x", "gone", "gone/too.yaml"])
def test_what_is_no_file_is_none(tree: Tree, path: str) -> None:
    assert tree.read(path) is None


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("", sorted(FILES)),
        ("apps", [path for path in sorted(FILES) if path.startswith("apps/")]),
        ("apps/api", ["apps/api/pod.yaml", "apps/api/prod/pod.yaml"]),
        ("app", []),
        ("README.md", []),
        ("gone", []),
    ],
)
def test_files_below_a_folder_are_sorted(tree: Tree, folder: str, below: list[str]) -> None:
    assert tree.files(folder) == tuple(below)


@pytest.mark.parametrize(
    ("folder", "names"),
    [("", ("apps", "apps-old")), ("apps", ("api", "payment")), ("apps/api", ("prod",)), ("apps-old", ()), ("gone", ())],
)
def test_folders_directly_in_a_folder(tree: Tree, folder: str, names: tuple[str, ...]) -> None:
    assert tree.folders(folder) == names


def test_identity_is_there_for_what_is_there_and_tells_contents_apart(tree: Tree) -> None:
    there = ["", "apps", "apps/api", "apps/api/pod.yaml", "apps-old", "README.md"]
    identities = [tree.identity(path) for path in there]
    assert None not in identities
    assert len(set(identities)) == len(there)
    assert [tree.identity(path) for path in there] == identities
    assert [tree.identity(path) for path in ("gone", "gone/too.yaml", "missing", "README.md/x")] == [None] * 4


def test_an_edit_changes_the_identity_of_all_that_it_is_in_and_no_other() -> None:
    base = Files(FILES)
    after = Preview(base, (Edit("apps/api/pod.yaml", FILES["apps/api/pod.yaml"], b"image: api:v2\n"),))
    other = Preview(base, (Edit("apps/api/pod.yaml", FILES["apps/api/pod.yaml"], b"image: api:v3\n"),))
    for path in ("", "apps", "apps/api", "apps/api/pod.yaml"):
        assert len({tree.identity(path) for tree in (base, after, other)}) == 3, path
    for path in ("apps/payment", "apps-old", "README.md"):
        assert after.identity(path) == base.identity(path)
    assert after.commit == base.commit


def test_a_folder_made_of_deletions_alone_is_gone() -> None:
    after = Preview(Files(FILES), (Edit("apps-old/pod.yaml", b"", None),))
    assert after.identity("apps-old") is None
    assert after.folders("") == ("apps",)


@pytest.fixture
def linked(tmp_path: Path) -> Checkout:
    root = written(tmp_path / "checkout")
    (tmp_path / "secret.yaml").write_text("password: hunter2")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/pod.yaml").write_text("image: evil:v1")
    (root / "apps/link.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "apps/inside.yaml").symlink_to("../README.md")
    (root / "apps/folder").symlink_to(tmp_path / "outside")
    (root / "apps/loop").symlink_to("loop")
    return Checkout(root)


@pytest.mark.parametrize(
    "path", ["apps/link.yaml", "apps/inside.yaml", "apps/folder/pod.yaml", "apps/folder", "apps/loop"]
)
def test_symlinks_of_a_checkout_are_refused_wherever_they_stand_in_the_path(linked: Checkout, path: str) -> None:
    with pytest.raises(Refusal, match="symlink"):
        linked.read(path)
    assert linked.identity(path) is None


def test_symlinks_of_a_checkout_are_left_out(linked: Checkout) -> None:
    assert linked.files("") == tuple(sorted(FILES))
    assert linked.files("apps/folder") == ()
    assert linked.folders("apps") == ("api", "payment")


@pytest.mark.parametrize("path", ["../secret.yaml", "apps/../../secret.yaml", "/etc/hostname", ".git/config"])
def test_nothing_outside_a_checkout_is_there(linked: Checkout, path: str) -> None:
    with pytest.raises(Refusal, match="not a path inside"):
        linked.read(path)


def test_the_git_file_of_a_worktree_is_not_there(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.git").write_text("gitdir: ../.git/modules/sub")
    (tmp_path / "a.yaml").write_text("a: 1")
    assert Checkout(tmp_path).files("") == ("a.yaml",)
