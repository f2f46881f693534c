"""Real git over the stand-in's smart HTTP: clone and push with a token, and never a question."""

import base64
import gzip
import os
import subprocess
from pathlib import Path

import pytest

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_AUTHOR_NAME": "T",
    "GIT_AUTHOR_EMAIL": "t@example.com",
    "GIT_COMMITTER_NAME": "T",
    "GIT_COMMITTER_EMAIL": "t@example.com",
}


def basic(token: str, user: str = "x-access-token") -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def git(*arguments: str, token: str | None = None, cwd: Path | None = None, **config: str):
    """Run git as the bot does: the token by the environment, no prompt, and a closed stdin."""
    settings = config | ({"http.extraHeader": f"Authorization: {basic(token)}"} if token else {})
    given = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        given |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=CLEAN | given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def clone(world, tmp_path: Path) -> Path:
    target = tmp_path / "clone"
    done = git("clone", "--quiet", world.github.clone_url("acme/gitops"), str(target), token=world.bot.token.reveal())
    assert (done.returncode, done.stderr) == (0, "")
    return target


def commit(clone: Path, name: str, content: bytes) -> None:
    (clone / name).write_bytes(content)
    git("add", name, cwd=clone)
    assert git("commit", "--quiet", "--message", name, cwd=clone).returncode == 0


def test_a_clone_holds_the_files(clone):
    assert (clone / "payment.yaml").read_bytes() == b"image: v1.2.9\n"
    assert (clone / "docs/a b.md").read_bytes() == b"# Hi\n"


def test_a_push_moves_the_branch(world, clone):
    commit(clone, "new.txt", b"new\n")
    done = git("push", "--quiet", "origin", "HEAD:refs/heads/quarterdeck/x", cwd=clone, token=world.bot.token.reveal())
    assert (done.returncode, done.stderr) == (0, "")
    head = git("rev-parse", "HEAD", cwd=clone).stdout.strip()
    assert world.gitops.bare.branches()["quarterdeck/x"] == head


def test_a_large_push_arrives_whole(world, clone):
    """Above http.postBuffer git sends in chunks, without a length and after asking whether it may."""
    blob = os.urandom(3_000_000)
    commit(clone, "large.bin", blob)
    done = git("push", "--quiet", "origin", "HEAD:refs/heads/large", cwd=clone, token=world.bot.token.reveal())
    assert (done.returncode, done.stderr) == (0, "")
    assert world.gitops.bare.read(world.gitops.bare.branches()["large"], "large.bin") == blob


def test_a_push_that_is_not_forced_does_not_overwrite(world, clone):
    world.gitops.commit("main", {"other": b"1"}, "Meanwhile", world.ana)
    commit(clone, "new.txt", b"new\n")
    done = git("push", "origin", "HEAD:refs/heads/main", cwd=clone, token=world.bot.token.reveal())
    assert done.returncode == 1
    assert "fetch first" in done.stderr


def test_a_lease_holds(world, clone):
    token = world.bot.token.reveal()
    commit(clone, "new.txt", b"new\n")
    stale = "0" * 39 + "1"
    lease = f"--force-with-lease=refs/heads/main:{stale}"
    assert "stale info" in git("push", lease, "origin", "HEAD:refs/heads/main", cwd=clone, token=token).stderr


@pytest.mark.parametrize("token", ["ghp_wrong", None])
@pytest.mark.parametrize("verb", ["clone", "push"])
def test_without_a_right_token_git_fails_without_asking(world, clone, tmp_path, token, verb):
    url = world.github.clone_url("acme/gitops")
    arguments = ("clone", url, str(tmp_path / "other")) if verb == "clone" else ("push", url, "HEAD:refs/heads/x")
    done = git(*arguments, cwd=clone, token=token)
    assert done.returncode == 128
    assert "x" not in world.gitops.bare.branches()
    assert "terminal prompts disabled" in done.stderr or "Authentication failed" in done.stderr


def test_an_unknown_repository_is_not_found(world, tmp_path):
    url = world.github.clone_url("acme/other")
    done = git("clone", url, str(tmp_path / "x"), token=world.bot.token.reveal())
    assert "not found" in done.stderr


def test_a_compressed_request_is_read(world):
    """git compresses long lists of what it has; the backend is told so and unpacks them."""
    tip = world.gitops.bare.branches()["main"]
    want = f"0032want {tip}\n00000009done\n".encode()
    answer = world.http.post(
        f"{world.github.clone_url('acme/gitops')}/git-upload-pack",
        content=gzip.compress(want),
        headers={
            "Authorization": basic(world.bot.token.reveal()),
            "Content-Type": "application/x-git-upload-pack-request",
            "Content-Encoding": "gzip",
        },
    )
    assert answer.status_code == 200
    assert b"PACK" in answer.content


@pytest.mark.parametrize("path", ["config", "HEAD", "objects/info/packs", "info/refs", "info/refs?service=git-archive"])
def test_only_the_smart_protocol_is_served(world, path):
    answer = world.http.get(
        f"{world.github.clone_url('acme/gitops')}/{path}", headers={"Authorization": basic(world.bot.token.reveal())}
    )
    assert answer.status_code == 404


def test_hooks_do_not_run(world, clone, tmp_path):
    hooks = world.gitops.bare.path / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-receive", "update", "post-receive"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    commit(clone, "new.txt", b"new\n")
    done = git("push", "origin", "HEAD:refs/heads/x", cwd=clone, token=world.bot.token.reveal())
    assert done.returncode == 0
    assert not (tmp_path / "ran").exists()
