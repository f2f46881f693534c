"""Deploy keys: what ssh is started with, which key files are taken, and that ssh reads the words as meant."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from bot.errors import Refusal
from bot.mirrors.folder import Mirrors
from bot.mirrors.remote import Remote
from bot.model.catalog import Repository

ADDRESS = "git@git.example.com:acme/config.git"


def key_file(folder: Path, name: str = "key", mode: int = 0o600) -> Path:
    key = folder / name
    key.write_text("a key")
    key.chmod(mode)
    return key


def command(**given: Path) -> list[str]:
    return shlex.split(Remote(Repository("config", ADDRESS, **given)).variables["GIT_SSH_COMMAND"])  # type: ignore[arg-type] # by name


def test_the_whole_command(tmp_path):
    key = key_file(tmp_path)
    words = command(ssh_key_file=key, ssh_known_hosts_file=tmp_path / "known")
    options = [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "ConnectTimeout=15",
        "ForwardAgent=no",
        "ClearAllForwardings=yes",
        "IdentitiesOnly=yes",
        f'IdentityFile="{key}"',
        f'UserKnownHostsFile="{tmp_path}/known"',
    ]
    assert words == ["ssh", *(word for option in options for word in ("-o", option))]
    assert command() == words[:11]


@pytest.mark.parametrize(
    "name", ["it's $(touch pwned) a key", 'a "quoted" key', r"back\slash", "100% key", "-oProxyCommand=x"]
)
def test_ssh_reads_a_files_name_as_it_is(tmp_path, name):
    key = key_file(tmp_path, name)
    shown = subprocess.run(
        [*command(ssh_key_file=key, ssh_known_hosts_file=key), "-G", "host"], capture_output=True, text=True, check=True
    )
    options = dict(line.split(" ", 1) for line in shown.stdout.splitlines() if " " in line)
    assert options["userknownhostsfile"] == str(key)
    assert options["identityfile"].replace("%%", "%") == str(key)  # -G shows this one before it reads the signs
    assert (options["stricthostkeychecking"], options["batchmode"]) == ("true", "yes")


def test_git_starts_it_with_the_command_it_is_given(upstream, tmp_path, monkeypatch):
    program = tmp_path / "programs" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/said"\nenv > "{tmp_path}/env"\n'
        'for last; do :; done\neval "$last"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    key = key_file(tmp_path, "it's $(touch pwned) a key")
    repository = Repository("config", f"git@git.example.com:{upstream.bare}", ssh_key_file=key)
    with Mirrors(tmp_path / "data", {"config": repository}) as opened:
        assert opened.reader().head("config").commit == upstream.ref()
    lines = (tmp_path / "said").read_text().splitlines()
    assert {"BatchMode=yes", "IdentitiesOnly=yes", f'IdentityFile="{key}"', "git@git.example.com"} <= set(lines)
    assert "GIT_TERMINAL_PROMPT=0" in (tmp_path / "env").read_text()
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused_before_anything_is_asked(mirrors, tmp_path, mode):
    repository = Repository("config", ADDRESS, ssh_key_file=key_file(tmp_path, mode=mode))
    with (
        Mirrors(tmp_path / "data", {"config": repository}) as opened,
        pytest.raises(Refusal, match=r"`repositories.config.ssh_key_file`: .*/key can be read by others; .*chmod 600"),
    ):
        opened.reader().head("config")
    assert sorted(each.suffix for each in (tmp_path / "data" / "mirrors").iterdir()) == [".lock"]


def test_a_key_mounted_for_a_group_is_taken(tmp_path):
    """As a secret volume is: the file is root's, and the group's members may read it."""
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    key = key_file(tmp_path, mode=0o440)
    os.chown(key, 12345, 12345)
    assert f'IdentityFile="{key}"' in command(ssh_key_file=key)
    key.chmod(0o444)
    with pytest.raises(Refusal, match="can be read by others"):
        command(ssh_key_file=key)


def test_a_key_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refusal, match=r"/none can't be read: No such file or directory"):
        command(ssh_key_file=tmp_path / "none")
