"""What breaks half way: a remote that dies, a full disk, a history rewritten under a plan. The next try is right."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from contracts.mirrors.upstream import Upstream, git

from bot.errors import Protected, Refusal, Unavailable
from bot.model.change import Draft, Edit

FILE = "environments/production/payment/deployment.yaml"
BRANCH = "quarterdeck/promote/production/payment/v2"


def draft(after: bytes = b"image: payment:v2\n") -> Draft:
    return Draft("Promote payment\n", (Edit(FILE, b"image: payment:v1\n", after),))


def hook(upstream: Upstream, script: str, name: str = "pre-receive") -> Path:
    made = upstream.bare / "hooks" / name
    made.parent.mkdir(exist_ok=True)
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


@pytest.mark.parametrize("script", ["kill -9 $PPID", "cat >/dev/null; kill -9 $PPID; exit 1"])
def test_a_remote_that_dies_in_the_middle_of_a_push(upstream, mirrors, script):
    opened = mirrors()
    base = opened.reader().head("config").commit
    commit = opened.writer().commit("config", base, [draft()])
    dying = hook(upstream, script)
    with pytest.raises(Unavailable):
        opened.writer().push_base("config", commit)
    with pytest.raises(Unavailable):
        opened.writer().push_branch("config", BRANCH, commit)
    assert git(upstream.bare, "for-each-ref", "--format=%(refname) %(objectname)") == f"refs/heads/main {base}"
    dying.unlink()
    opened.writer().push_branch("config", BRANCH, commit)
    assert opened.writer().push_base("config", commit)
    assert (upstream.ref(), upstream.ref(BRANCH)) == (commit, commit)


def test_a_push_that_landed_though_its_answer_was_lost_is_not_made_twice(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    commit = opened.writer().commit("config", base, [draft()])
    dying = hook(upstream, "kill -9 $PPID", "post-receive")
    with pytest.raises(Unavailable):
        opened.writer().push_base("config", commit)
    dying.unlink()
    assert upstream.ref() == commit
    assert opened.writer().push_base("config", commit)
    assert git(upstream.bare, "rev-list", "--count", "main") == "2"


FULL = """\
import resource, sys
from pathlib import Path
from bot.errors import Unavailable
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.change import Draft, Edit
data, url, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def fill(): resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
with Mirrors(data, {"config": Repository("config", url)}) as opened:
    try:
        if when == "first fetch":
            fill()
        tree = opened.reader().head("config")
        if when == "commit":
            fill()
        edit = Edit("big.yaml", None, bytes(range(256)) * 8)
        commit = opened.writer().commit("config", tree.commit, [Draft("x", (edit,))])
        opened.writer().push_base("config", commit)
        print("done")
    except Unavailable as trouble:
        print(trouble)
"""


@pytest.mark.parametrize("when", ["first fetch", "commit"])
def test_a_full_disk_ends_in_a_sentence_and_leaves_nothing_half_written(upstream, mirrors, tmp_path, when):
    """A limit on the size of files stands in for the disk: both fail a write half way."""
    arguments = [sys.executable, "-c", FULL, str(tmp_path / "data"), str(upstream.bare)]
    done = subprocess.run([*arguments, when], capture_output=True, text=True, check=True)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    expected = (
        "could not work with|disk for the copy"
        if when == "first fetch"
        else "can't be written: (File too large|no space left)"
    )
    assert re.search(expected, done.stdout), done
    left = [path.name for path in (tmp_path / "data" / "mirrors").rglob("*") if path.is_file()]
    assert [name for name in left if "tmp" in name.lower() or name.startswith("obj")] == []
    assert git(upstream.bare, "rev-list", "--count", "main") == "1"
    again = subprocess.run([*arguments, "never"], capture_output=True, text=True, check=True)
    assert again.stdout == "done\n"
    git(upstream.bare, "fsck", "--strict")


def test_row_127_a_plan_on_a_history_that_was_rewritten(upstream, mirrors):
    opened = mirrors()
    base = opened.reader().head("config").commit
    upstream.git("commit", "-q", "--amend", "-m", "Begin anew", who="Ben <ben@example.com>")
    upstream.push("--force", "main")
    commit = opened.writer().commit("config", base, [draft()])
    assert opened.writer().push_base("config", commit) is False
    newest = opened.reader().head("config").commit
    assert newest == upstream.ref() != base
    assert opened.writer().push_base("config", opened.writer().commit("config", newest, [draft()]))
    assert git(upstream.bare, "log", "--format=%s", "main").splitlines() == ["Promote payment", "Begin anew"]


def test_row_127_a_plan_whose_base_is_gone_is_to_be_asked_for_again(upstream, mirrors):
    opened = mirrors()
    opened.reader().head("config")
    with pytest.raises(Refusal, match="history of config was rewritten since this was planned; ask again"):
        opened.writer().commit("config", "1" * 40, [draft()])


def test_a_commit_that_vanished_with_its_mirror_is_to_be_tried_again(upstream, mirrors):
    opened = mirrors()
    commit = opened.writer().commit("config", opened.reader().head("config").commit, [draft()])
    opened.close()
    (opened.writer().mirrors["config"].folder / "HEAD").unlink()
    opened.reader().head("config")
    with pytest.raises(Unavailable, match="was made anew meanwhile; try again"):
        opened.writer().push_base("config", commit)


GH006 = """\
error: GH006: Protected branch update failed for refs/heads/main.
error: Changes must be made through a pull request.
error: Required status check "ci" is expected."""
GH013 = "error: GH013: Repository rule violations found for refs/heads/main.\n\n- "
GITLAB = "GitLab: You are not allowed to push code to protected branches on this project."


@pytest.mark.parametrize(
    ("said", "kind", "sentence"),
    [
        (
            GH006,
            Protected,
            "its rules ask for a pull request and status checks. Have an administrator set `change: pull",
        ),
        (
            f"{GH013}Cannot update this protected ref.",
            Protected,
            "it is protected, or a rule or hook there declines it",
        ),
        (GITLAB, Protected, "it is protected"),
        (
            f"{GH013}Commits must have verified signatures.",
            Refusal,
            "takes only verified commits on `main`: set `author.s",
        ),
        ("The freeze is on.", Refusal, "a rule or hook there declines it"),
    ],
    ids=["row-117 GH006", "row-117 GH013", "GitLab", "row-114", "a hook"],
)
def test_rows_114_and_117_what_a_rule_says(upstream, mirrors, said, kind, sentence):
    opened = mirrors()
    base = opened.reader().head("config").commit
    commit = opened.writer().commit("config", base, [draft()])
    hook(upstream, f"cat <<'END'\n{said}\nEND\nexit 1")
    with pytest.raises(Refusal) as ended:
        opened.writer().push_base("config", commit)
    assert type(ended.value) is kind
    assert sentence in str(ended.value)
    assert upstream.ref() == base


def test_words_in_a_branchs_name_say_nothing_of_rules(upstream, mirrors):
    opened = mirrors()
    commit = opened.writer().commit("config", opened.reader().head("config").commit, [draft()])
    hook(upstream, "echo no; exit 1")
    with pytest.raises(Refusal, match="it is protected, or a rule or hook there declines it"):
        opened.writer().push_branch(
            "config", "quarterdeck/promote/prod/signatures/status check".replace(" ", "-"), commit
        )


RACES = (
    "non-fast-forward",
    "fetch first",
    "cannot lock ref 'refs/heads/main': is at 1 but expected 2",
    "incorrect old value provided",
    "stale info",
    "failed to update ref",
)


@pytest.mark.parametrize("words", RACES)
def test_row_104_every_race_is_tried_again(upstream, mirrors, tmp_path, monkeypatch, words):
    """A git that says of its first push what a remote says to whoever was too slow."""
    opened = mirrors()
    commit = opened.writer().commit("config", opened.reader().head("config").commit, [draft()])
    program = tmp_path / "programs" / "git"
    program.parent.mkdir()
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True, check=True).stdout.strip()
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = push ] && mkdir "{tmp_path}/once" 2>/dev/null; then\n'
        f'printf \'!\\tx:refs/heads/main\\t[remote rejected] (%s)\\n\' "{words}"; exit 1; fi\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    opened = mirrors()
    assert opened.writer().push_base("config", commit) is False
    assert opened.writer().push_base("config", commit) is True


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who waits for a lock")
def test_a_killed_holder_frees_the_lock(upstream, mirrors, tmp_path):
    """Another process holds the mirror's lock and dies; whoever waits goes on."""
    opened = mirrors()
    opened.reader().head("config")
    lock = Path(f"{opened.writer().mirrors['config'].folder}.lock")
    program = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'ab'); fcntl.flock(file, fcntl.LOCK_EX); "
        "print('held', flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        look = (
            "import sys; from pathlib import Path; from bot.mirrors.folder import Mirrors; "
            "from bot.model.catalog import Repository; print('begun', flush=True); "
            "Mirrors(Path(sys.argv[1]), {'config': Repository('config', sys.argv[2])}).reader().head('config'); "
            "print('seen')"
        )
        arguments = [sys.executable, "-c", look, str(tmp_path / "data"), str(upstream.bare)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as waiting:
            assert waiting.stdout is not None
            assert waiting.stdout.readline() == "begun\n"
            deadline = time.monotonic() + 30
            while str(waiting.pid) not in _waiting_for_a_lock():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert waiting.poll() is None
            holder.send_signal(signal.SIGKILL)
            assert waiting.stdout.read() == "seen\n"
            assert waiting.wait() == 0


def _waiting_for_a_lock() -> list[str]:
    """Processes that wait for somebody's lock (proc_locks(5))."""
    return [line.split()[5] for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
