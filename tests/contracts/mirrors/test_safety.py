"""What no commit of the bot changes, and what a hostile repository or home can't make git do."""

import os
import subprocess

import pytest
from contracts.mirrors.upstream import git

from bot.errors import Refusal
from bot.mirrors.protected import is_protected
from bot.model.change import Draft, Edit

FILE = "environments/production/payment/deployment.yaml"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PROTECTED = (
    "quarterdeck.yaml",
    "deploy/quarterdeck.yaml",
    ".github/workflows/ci.yaml",
    ".GitHub/dependabot.yml",
    ".gitlab/issue_templates/x.yaml",
    ".gitlab-ci.yml",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".github/CODEOWNERS",
    "environments/production/codeowners",
    ".gitattributes",
    "environments/.gitattributes",
    ".quarterdeck/Ignore.yaml",
    ".quarterdeck/ignore.yaml/x",
    ".gitmodules",
    ".lfsconfig",
    ".sops.yaml",
)


def test_the_list_of_protected_files_and_their_neighbours():
    assert [path for path in PROTECTED if not is_protected(path.encode())] == []
    for path in ("apps/.github/x.yaml", "quarterdeck.yaml/x", "my-quarterdeck.yaml", ".githubby/x", "a/CODEOWNERS.md"):
        assert not is_protected(path.encode()), path
    assert not is_protected(b".quarterdeck/ignore.yaml"), "what is ignored is proposed by pull request"


@pytest.mark.parametrize("kind", ["new", "changed", "removed"])
def test_a_protected_file_is_never_changed(upstream, mirrors, kind):
    before = None if kind == "new" else b"* @acme/sre\n"
    after = None if kind == "removed" else b"* @eve\n"
    if before is not None:
        upstream.commit(dict.fromkeys(PROTECTED, before))
        upstream.push()
    opened = mirrors()
    base = opened.reader().head("config").commit
    good = Edit(FILE, b"image: payment:v1\n", b"image: payment:v2\n")
    for path in PROTECTED:
        with pytest.raises(Refusal, match="is never changed by the bot"):
            opened.writer().commit("config", base, [Draft("x", (good, Edit(path, before, after)))])


def test_a_revert_that_reaches_a_protected_file_is_none(upstream, mirrors):
    """So a rollback sets the version back alone."""
    commit = upstream.commit({FILE: b"image: payment:v2\n", "environments/production/payment/.gitattributes": b"x\n"})
    upstream.push()
    reader = mirrors().reader()
    assert reader.revert("config", [commit], commit, ["environments/production/payment"]) is None


@pytest.mark.parametrize("edit", [(POINTER, b"image: payment:v2\n"), (b"image: payment:v1\n", POINTER)])
def test_row_059_what_git_lfs_keeps_is_refused(upstream, mirrors, edit):
    upstream.commit({FILE: edit[0]})
    upstream.push()
    opened = mirrors()
    base = opened.reader().head("config").commit
    with pytest.raises(Refusal, match=r"deployment\.yaml is kept by Git LFS"):
        opened.writer().commit("config", base, [Draft("x", (Edit(FILE, *edit),))])


def test_row_061_a_link_out_of_the_repository_is_never_followed(upstream, mirrors, tmp_path):
    (tmp_path / "outside.yaml").write_text("secret")
    for name, aim in {"link.yaml": "../../outside.yaml", "folder": "/etc", "loop": "loop"}.items():
        (upstream.work / name).symlink_to(aim)
    upstream.commit({})
    upstream.push()
    opened = mirrors()
    tree = opened.reader().head("config")
    for path in ("link.yaml", "folder/passwd", "folder", "loop", "loop/x"):
        with pytest.raises(Refusal, match="symlink"):
            tree.read(path)
        with pytest.raises(Refusal, match="symlink"):
            opened.writer().commit("config", tree.commit, [Draft("x", (Edit(path, None, b"x"),))])
    assert not {"link.yaml", "folder", "loop"} & set(tree.files(""))


def test_row_129_what_a_repository_configures_never_runs(upstream, mirrors, tmp_path, monkeypatch):
    """Attributes that name filters and diff programs, a submodule by `ext::`, and the same in the bot's own mirror."""
    ran = tmp_path / "ran"
    run = f"sh -c 'echo >> {ran}'"
    upstream.commit(
        {
            ".gitattributes": b"* filter=evil diff=evil merge=evil text eol=crlf ident\n",
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::touch% {ran}\n\tupdate = !{run}\n'.encode(),
            ".gitconfig": f"[core]\n\tfsmonitor = {run}\n".encode(),
            FILE: b"image: payment:v2 # $Id$\n",
        }
    )
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{upstream.ref()},x")
    upstream.git("commit", "-q", "-m", "Add a submodule")
    upstream.push()
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    evil = (
        f"[core]\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\thooksPath = {home}\n"
        f'[filter "evil"]\n\tclean = {run}\n\tsmudge = {run}\n\trequired = true\n[diff "evil"]\n\ttextconv = {run}\n'
        f'[merge "evil"]\n\tdriver = {run}\n[url "/nowhere/"]\n\tinsteadOf = {upstream.bare}\n'
        f"[credential]\n\thelper = !{run}\n"
    )
    (home / "more").write_text(evil)
    for file in (home / ".gitconfig", home / ".config" / "git" / "config"):
        file.write_text(f"[include]\n\tpath = {home}/more\n")
    for hook in ("pre-push", "post-commit", "reference-transaction"):
        (home / hook).write_text(f"#!/bin/sh\necho >> {ran}\n")
        (home / hook).chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    opened = mirrors()
    reader = opened.reader()
    tree = reader.head("config")
    assert tree.read(FILE) == b"image: payment:v2 # $Id$\n"
    commit = opened.writer().commit(
        "config", tree.commit, [Draft("x", (Edit(FILE, tree.read(FILE), b"image: payment:v3 # $Id$\n"),))]
    )
    assert opened.writer().push_base("config", commit)
    assert reader.revert("config", [commit], commit, ["environments"]) is not None
    assert [each.subject for each in reader.log("config", [""])][-1] == "Begin"
    assert git(upstream.bare, "cat-file", "blob", f"main:{FILE}") == "image: payment:v3 # $Id$"
    assert git(upstream.bare, "ls-tree", "main", "x").startswith("160000 commit")
    assert not ran.exists()
    subprocess.run(["git", "hash-object", f"--path={FILE}", FILE], cwd=upstream.work, capture_output=True, check=False)
    assert ran.exists(), "the trap itself is broken"
    config = (opened.writer().mirrors["config"].folder / "config").read_text()
    assert "include" not in config
    assert "filter" not in config


def test_row_062_an_executable_stays_one(upstream, mirrors):
    (upstream.work / FILE).chmod(0o755)
    upstream.commit({})
    upstream.push()
    opened = mirrors()
    base = opened.reader().head("config").commit
    edit = Edit(FILE, b"image: payment:v1\n", b"image: payment:v2\n")
    assert opened.writer().push_base("config", opened.writer().commit("config", base, [Draft("x", (edit,))]))
    assert git(upstream.bare, "ls-tree", "main", FILE).startswith("100755 blob")
    assert os.access(upstream.work / FILE, os.X_OK)
