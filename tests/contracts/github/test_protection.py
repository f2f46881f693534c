"""What a protected branch answers to git, in GitHub's words."""

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from bot.playground.github.bare import environment
from bot.playground.github.rules import Protection


def push(world, ref: str, commit: str = "main") -> "subprocess.CompletedProcess[str]":
    """From the repository to itself over HTTP, as the bot pushes from its mirror."""
    config = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {_basic(world)}",
    }
    url = world.github.clone_url("acme/gitops")
    return subprocess.run(
        ["git", "--git-dir", str(world.gitops.bare.path), "push", "--porcelain", url, f"{commit}:{ref}"],
        env=environment() | config,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def _basic(world) -> str:
    return b64encode(f"x-access-token:{world.bot.token.reveal()}".encode()).decode()


@pytest.fixture
def change(world) -> str:
    """A commit on main that main has not; no branch is at it."""
    return world.gitops.bare.loose_commit(
        {"payment.yaml": b"image: v2\n"},
        "By hand\n",
        world.ana.signature(world.github.now()),
        world.ana.signature(world.github.now()),
        world.gitops.bare.branches()["main"],
    )


def test_row_117_a_branch_that_changes_by_pull_request_only(world, change):
    world.gitops.protected["main"] = Protection()
    done = push(world, "refs/heads/main", change)
    assert "[remote rejected]" in done.stdout
    assert "error: GH006: Protected branch update failed for refs/heads/main." in done.stderr
    assert "Changes must be made through a pull request." in done.stderr
    assert push(world, "refs/heads/feature", change).returncode == 0


def test_row_114_a_branch_that_takes_signed_commits_only(world, change):
    world.gitops.protected["main"] = Protection(pulls=False, signed=True)
    done = push(world, "refs/heads/main", change)
    assert "GH013: Repository rule violations found for refs/heads/main." in done.stderr
    assert f"Found 1 violation: {change}" in done.stderr.replace("remote: ", "").replace("\n", " ")
    assert push(world, "refs/heads/main", world.gitops.bare.sign(change, world.gitops.signer.sign)).returncode == 0


def test_names_that_only_resemble_a_protected_branch_are_free(world, change):
    world.gitops.protected["a.b"] = Protection()
    assert push(world, "refs/heads/a-b", change).returncode == 0
    assert push(world, "refs/heads/a.b/c", change).returncode == 0
    assert push(world, "refs/heads/a.b", change).returncode == 1


def test_only_the_stand_ins_own_hook_runs(world, change, tmp_path: Path):
    hooks = world.gitops.bare.path / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-receive").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "pre-receive").chmod(0o755)
    assert push(world, "refs/heads/feature", change).returncode == 0
    assert not (tmp_path / "ran").exists()
