"""Two bots on two machines push to one branch: the slower one plans again on what is there, and overwrites nothing."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bare import CONFIG, Bare

from bot.model.reply import Outcome, Reply

FILES = {
    f"environments/production/{service}/app.yaml": (
        f"kind: Deployment\nmetadata: {{name: {service}}}\nspec:\n  template:\n    spec:\n      containers:\n"
        f"        - name: app\n          image: acme/{service}:v1.2.0\n"
    )
    for service in ("payment", "api")
}


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path, FILES)


Overtaken = Callable[[str, str], tuple[Reply, str]]


@pytest.fixture
def overtaken(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> Overtaken:
    """The answer to `first`, whose first push waits until another bot has done `then`; and what that one said."""

    def overtaken(first: str, then: str) -> tuple[Reply, str]:
        monkeypatch.setenv("PATH", f"{waiting_git(bare, then)}{os.pathsep}{os.environ['PATH']}")
        return bare.say(first), (bare.folder / "then").read_text()

    return overtaken


def waiting_git(bare: Bare, then: str) -> Path:
    """The folder of a git that, before the first push, has another bot do `then`."""
    programs = bare.folder / "programs"
    programs.mkdir()
    real = shutil.which("git")
    other = [
        "env",
        "-i",
        f"QUARTERDECK_DATA={bare.folder}/other",
        f"PATH={os.environ['PATH']}",
        sys.executable,
        "-m",
        "bot",
    ]
    other += ["say", then, "--config", str(bare.config)]
    (programs / "git").write_text(
        f'#!/bin/sh\nif [ "$1" = push ] && mkdir "{bare.folder}/once" 2>/dev/null; then\n'
        f'  (cd /; {shlex.join(other)}) >"{bare.folder}/then" 2>&1\n'
        f'fi\nexec {real} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    return programs


def test_row_103_both_of_two_services_land(bare: Bare, overtaken: Overtaken) -> None:
    reply, other = overtaken("promote payment v1.3.0 to prod", "promote api v1.4.0 to prod")
    assert (reply.outcome, "v1.3.0" in reply.text) == (Outcome.COMMITTED, True), (reply, other)
    assert bare.git("log", "--format=%(trailers:key=Quarterdeck-Service,valueonly,separator=)", "main~2..main") == (
        "payment\napi"
    )
    assert bare.changed("main~2") == [
        "-          image: acme/api:v1.2.0",
        "+          image: acme/api:v1.4.0",
        "-          image: acme/payment:v1.2.0",
        "+          image: acme/payment:v1.3.0",
    ]
    assert bare.git("rev-list", "--count", "--merges", "main") == "0"


def test_row_105_a_version_that_moved_meanwhile_is_not_overwritten(bare: Bare, overtaken: Overtaken) -> None:
    reply, other = overtaken("promote payment v1.3.0 to prod", "promote payment v1.2.5 to prod")
    assert reply.outcome is Outcome.FAILED, (reply, other)
    assert "payment in production was changed from v1.2.0 to v1.2.5 by someone else meanwhile" in reply.text
    assert bare.changed("main~1") == ["-          image: acme/payment:v1.2.0", "+          image: acme/payment:v1.2.5"]
    assert bare.git("rev-list", "--count", "main") == "2"


def test_the_same_promotion_twice_at_once_lands_once(bare: Bare, overtaken: Overtaken) -> None:
    reply, other = overtaken("promote payment v1.3.0 to prod", "promote payment v1.3.0 to prod")
    assert (reply.outcome, "already" in reply.text) == (Outcome.UNCHANGED, True), (reply, other)
    assert bare.git("rev-list", "--count", "main") == "2"


def test_row_109_what_was_merged_and_its_branch_deleted_gets_no_new_branch(tmp_path: Path) -> None:
    bare = Bare(tmp_path, FILES, CONFIG.replace("change: push", "change: pull-request"))
    path = "environments/production/payment/app.yaml"
    branch = "quarterdeck/promote/production/payment/v1.3.0"
    bare.work("checkout", "--quiet", "-b", branch)
    bare.write({path: FILES[path].replace("v1.2.0", "v1.3.0")}, "Promote payment")
    bare.work("push", "--quiet", "origin", branch, f"{branch}:main")
    bare.work("push", "--quiet", "origin", "--delete", branch)
    assert bare.say("promote payment v1.3.0 to prod").outcome is Outcome.UNCHANGED
    assert bare.git("branch", "--format=%(refname:short)") == "main"
