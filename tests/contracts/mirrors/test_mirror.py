"""Mirrors come about, stay fresh and mend themselves; nothing of this machine's git leaks into them."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from contracts.mirrors.upstream import git

from bot.errors import Refusal, Unavailable
from bot.mirrors.process import Failed, environment, run
from bot.model.change import Draft, Edit

FILE = "environments/production/payment/deployment.yaml"


def move(upstream, text: bytes = b"image: payment:v2\n") -> str:
    commit = upstream.commit({FILE: text})
    upstream.push()
    return commit


def folder(opened) -> Path:
    return opened.writer().mirrors["config"].folder


def wrapped(tmp_path: Path, name: str, script: str) -> str:
    """A PATH on which a program of that name is this script; `$real` is the real one."""
    real = shutil.which(name)
    program = tmp_path / "programs" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\nreal={real}\n{script}\n")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def test_a_reader_stays_with_what_it_saw_and_the_next_sees_more(upstream, mirrors):
    opened = mirrors()
    first = opened.reader()
    seen = first.head("config").commit
    newer = move(upstream)
    assert first.head("config").commit == seen
    assert [commit.sha for commit in first.log("config", [""])] == [seen]
    assert opened.reader().head("config").commit == newer


def test_readers_that_began_before_a_fetch_share_it(upstream, mirrors):
    opened = mirrors()
    early = opened.reader()
    seen = opened.reader().head("config").commit
    move(upstream)
    assert early.head("config").commit == seen


def test_a_commit_made_since_is_fetched_when_asked_for(upstream, mirrors):
    opened = mirrors()
    opened.reader().head("config")
    newer = move(upstream)
    assert opened.reader().at("config", newer).read(FILE) == b"image: payment:v2\n"


def test_a_rewritten_branch_is_followed(upstream, mirrors):
    opened = mirrors()
    opened.reader().head("config")
    upstream.git("commit", "-q", "--amend", "-m", "Rewritten")
    upstream.push("+main")
    assert opened.reader().head("config").commit == upstream.ref()


def test_a_branch_that_was_deleted_is_told_and_may_come_back(upstream, mirrors):
    opened = mirrors(branch="live")
    with pytest.raises(Unavailable, match=r"has no branch `live`: check `repositories\.config\.branch`"):
        opened.reader().head("config")
    upstream.push("main:live")
    assert opened.reader().head("config").commit == upstream.ref()
    upstream.push(":live")
    with pytest.raises(Unavailable, match="has no branch `live`"):
        opened.reader().head("config")
    upstream.push("main:live")
    assert opened.reader().head("config").commit == upstream.ref()


def test_our_branches_are_known_and_forgotten_again(upstream, mirrors):
    opened = mirrors()
    branch = "quarterdeck/promote/x"
    upstream.push(f"main:{branch}", "main:other")
    opened.reader().head("config")
    mirror = opened.writer().mirrors["config"]
    assert mirror.tip(branch) == upstream.ref()
    assert mirror.tip("other") is None
    upstream.push(f":{branch}", f"main:{branch}/deeper")
    opened.reader().head("config")
    assert mirror.tip(branch) is None
    assert mirror.tip(f"{branch}/deeper") == upstream.ref()


def test_addresses_with_spaces_relative_and_as_file_urls(upstream, mirrors, tmp_path, monkeypatch):
    spaced = tmp_path / "a folder with $HOME & 'quotes'" / "config.git"
    spaced.parent.mkdir()
    upstream.bare.rename(spaced)
    tip = git(spaced, "rev-parse", "main")
    assert mirrors(str(spaced), data="data of ours").reader().head("config").commit == tip
    assert mirrors(f"file://{spaced}").reader().head("config").commit == tip
    monkeypatch.chdir(spaced.parent)
    assert mirrors("config.git").reader().head("config").commit == tip


def test_no_repository_there(upstream, mirrors, tmp_path):
    for url in (tmp_path / "nothing", tmp_path):
        with pytest.raises(Unavailable) as ended:
            mirrors(str(url)).reader().head("config")
        assert str(ended.value) == (
            f"There is no repository at {url}, or it can't be seen with this user's permissions: "
            "check `repositories.config.url`."
        )


def test_a_repository_without_commits(mirrors, tmp_path):
    git(tmp_path, "init", "-q", "--bare", "empty.git")
    with pytest.raises(Unavailable, match="has no branch `main`"):
        mirrors(str(tmp_path / "empty.git")).reader().head("config")


def test_a_repository_that_went_away_is_told_and_the_mirror_kept(upstream, mirrors):
    opened = mirrors()
    tip = opened.reader().head("config").commit
    upstream.bare.rename(upstream.bare.with_suffix(".away"))
    with pytest.raises(Unavailable, match="There is no repository at"):
        opened.reader().head("config")
    assert git(folder(opened), "rev-parse", "refs/upstream/main") == tip


def test_a_data_folder_that_can_not_be_made(upstream, mirrors, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(Unavailable, match="can't be kept: "):
        mirrors().reader().head("config")


def remove_packs(mirror: Path) -> None:
    for pack in mirror.glob("objects/pack/*"):
        pack.unlink()


def spoil_packs(mirror: Path) -> None:
    for pack in mirror.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"PACK" + b"\0" * 40)


@pytest.mark.parametrize(
    "damage",
    [
        remove_packs,
        spoil_packs,
        lambda mirror: (mirror / "HEAD").unlink(),
        lambda mirror: (mirror / "config").write_text("[core\n"),
        lambda mirror: (mirror / "refs/upstream/main").write_text(""),
        lambda mirror: (mirror / "refs/upstream/main.lock").write_text(""),
    ],
    ids=["no packs", "spoilt packs", "no HEAD", "config", "ref", "stale lock"],
)
def test_a_damaged_mirror_is_made_anew(upstream, mirrors, damage):
    before = mirrors()
    before.reader().head("config")
    before.close()
    damage(folder(before))
    move(upstream)
    after = mirrors()
    assert after.reader().head("config").read(FILE) == b"image: payment:v2\n"
    assert after.reader().head("config").files("") == tuple(upstream.git("ls-files").splitlines())
    assert [commit.subject for commit in after.reader().log("config", [""])] == ["Change", "Begin"]
    assert sorted(path.suffix for path in folder(after).parent.iterdir()) == [".git", ".lock"]


@pytest.mark.parametrize("damage", [remove_packs, spoil_packs])
def test_damage_met_while_reading_is_mended_at_once(upstream, mirrors, damage):
    opened = mirrors()
    tree = opened.reader().head("config")
    assert tree.files("")
    opened.close()
    damage(folder(opened))
    assert tree.read(FILE) == b"image: payment:v1\n"


def test_damage_that_the_remote_has_too_ends_in_a_sentence(upstream, mirrors):
    opened = mirrors()
    tree = opened.reader().head("config")
    opened.close()
    remove_packs(folder(opened))
    for path in upstream.bare.glob("objects/??/*"):
        path.unlink()
    with pytest.raises(Unavailable):
        tree.read(FILE)


def test_many_packs_become_few_and_nothing_is_lost(upstream, mirrors):
    opened = mirrors()
    tree = opened.reader().head("config")
    commit = opened.writer().commit("config", tree.commit, [Draft("Not yet pushed", (Edit("x.yaml", None, b"x"),))])
    for pack in folder(opened).glob("objects/pack/pack-*"):
        for number in range(40):
            shutil.copy(pack, pack.with_name(f"pack-{number:040}{pack.suffix}"))
    opened.reader().head("config")
    assert len(list(folder(opened).glob("objects/pack/*.pack"))) < 3
    git(folder(opened), "fsck", "--strict")
    assert tree.read(FILE) == b"image: payment:v1\n"
    assert opened.writer().push_base("config", commit)


def test_row_123_many_at_once_make_one_mirror(upstream, mirrors):
    """Threads of one process, and two bots on one folder."""
    bots = [mirrors(), mirrors()]
    found: list[object] = []
    start = threading.Barrier(8)

    def look(number: int) -> None:
        start.wait()
        try:
            found.append(bots[number % 2].reader().head("config").read(FILE))
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            found.append(error)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"image: payment:v1\n"] * 8


def test_killed_while_making_a_mirror(upstream, mirrors, tmp_path):
    """Nothing half made is taken for a mirror, and nobody else starts while the orphaned git still writes."""
    stuck = tmp_path / "stuck"
    path = wrapped(
        tmp_path,
        "git",
        f'[ "$1" = fetch ] && echo $$ > {stuck}.part && mv {stuck}.part {stuck} && exec sleep 99\nexec $real "$@"',
    )
    program = (
        "import sys; from pathlib import Path; from bot.mirrors.folder import Mirrors; "
        "from bot.model.catalog import Repository; "
        "Mirrors(Path(sys.argv[1]), {'config': Repository('config', sys.argv[2])}).reader().head('config')"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "data"), str(upstream.bare)]
    with subprocess.Popen(arguments, env=os.environ | {"PATH": path}) as bot:
        deadline = time.monotonic() + 30
        while not stuck.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        bot.kill()
    orphan = int(stuck.read_text())
    opened = mirrors()
    found: list[str] = []
    reading = threading.Thread(target=lambda: found.append(opened.reader().head("config").commit))
    reading.start()
    reading.join(0.3)
    assert (found, folder(opened).exists()) == ([], False)
    os.kill(orphan, signal.SIGKILL)
    reading.join()
    assert found == [upstream.ref()]
    assert sorted(each.suffix for each in folder(opened).parent.iterdir()) == [".git", ".lock"]


def test_hooks_of_the_mirror_never_run(upstream, mirrors, tmp_path):
    opened = mirrors()
    base = opened.reader().head("config").commit
    ran = tmp_path / "ran"
    hooks = folder(opened) / "hooks"
    assert not hooks.exists()
    hooks.mkdir()
    for name in ("reference-transaction", "pre-push", "post-commit", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        (hooks / name).chmod(0o755)
    writer = opened.writer()
    writer.push_base("config", writer.commit("config", base, [Draft("x", (Edit("x.yaml", None, b"x"),))]))
    opened.reader().head("config")
    assert not ran.exists()
    git(folder(opened), "update-ref", "refs/heads/proof", base)
    assert "reference-transaction" in ran.read_text()


def test_what_the_remote_keeps_as_hooks_runs_on_no_read(upstream, mirrors, tmp_path):
    ran = tmp_path / "ran"
    hooks = upstream.bare / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "pre-receive", "post-update"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        (hooks / name).chmod(0o755)
    opened = mirrors()
    list(opened.reader().log("config", [""]))
    assert not ran.exists()
    assert not (folder(opened) / "hooks").exists()


def test_nothing_of_the_surrounding_git_leaks_in(upstream, mirrors, tmp_path, monkeypatch):
    """As when the program is started from a hook, or by someone whose configuration redirects everything."""
    config = tmp_path / "gitconfig"
    config.write_text(
        '[url "/nowhere/"]\n\tinsteadOf = /\n[core]\n\thooksPath = /nowhere\n[log]\n\tshowSignature = true\n'
    )
    git(tmp_path, "init", "-q", "--bare", "other.git")
    for name, value in {
        "GIT_DIR": "other.git",
        "GIT_OBJECT_DIRECTORY": "other.git/objects",
        "GIT_WORK_TREE": "other.git",
        "GIT_INDEX_FILE": "/nowhere/index",
        "GIT_CONFIG_GLOBAL": config,
        "GIT_CONFIG_SYSTEM": config,
        "GIT_CONFIG_PARAMETERS": "'log.showsignature'='true'",
        "GIT_NAMESPACE": "other",
        "GIT_TRACE": tmp_path / "trace",
        "GIT_AUTHOR_NAME": "Somebody",
        "EMAIL": "somebody@example.com",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / value if str(value).startswith("other.git") else value))
    opened = mirrors()
    tree = opened.reader().head("config")
    assert tree.read(FILE) == b"image: payment:v1\n"
    commit = opened.writer().commit("config", tree.commit, [Draft("x", (Edit("x.yaml", None, b"x"),))])
    assert opened.writer().push_base("config", commit)
    newest = next(opened.reader().log("config", [""]))
    assert (newest.sha, newest.author, newest.email) == (commit, "Quarterdeck", "bot@example.com")


def test_a_command_past_its_time_is_stopped_with_all_it_started(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "x.git")
    alias = {"alias.wait": f"!sleep 99 & echo $! > {tmp_path}/pid; wait"}
    with pytest.raises(Failed) as failed:
        run(["wait"], environment(tmp_path / "x.git", alias), seconds=0.5)
    assert failed.value.status is None
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (
            "git@git.example.com: Permission denied (publickey).",
            "refused the credentials: check `repositories.config.ssh",
        ),
        ("Host key verification failed.", "host key of git@git.example.com:acme/config.git is not known here"),
        ("ssh: connect to host x port 22: Connection refused", "can't be reached, nothing answers there"),
        ("ssh: Could not resolve hostname x: Name or service not known", "host of git@git.example.com.* is unknown"),
        ("ERROR: Repository not found.", "There is no repository at git@git.example.com:acme/config.git"),
        ("who knows", "could not work with git@git.example.com:acme/config.git, see the log"),
    ],
)
def test_what_ssh_says_becomes_a_sentence(mirrors, tmp_path, monkeypatch, says, sentence):
    path = wrapped(tmp_path, "ssh", f"echo '{says}' >&2; echo 'text from outside' >&2; exit 255")
    monkeypatch.setenv("PATH", path)
    with pytest.raises(Unavailable, match=sentence) as ended:
        mirrors("git@git.example.com:acme/config.git").reader().head("config")
    assert "outside" not in str(ended.value)


def test_a_dangerous_address_never_reaches_git(upstream, mirrors, tmp_path):
    for url in (f"ext::sh -c touch% {tmp_path}/pwned", f"--upload-pack=touch {tmp_path}/pwned", "fd::3"):
        with pytest.raises(Refusal, match="is not an address: use https, ssh or a local path"):
            mirrors(url)
    assert not (tmp_path / "pwned").exists()
