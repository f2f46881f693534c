"""Commits signed by SSH and GPG, as git itself verifies them; keys that can't sign; and where a key is never seen."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from contracts.mirrors.upstream import BOT, git

from bot.errors import Refusal, Unavailable
from bot.model.change import Author, Draft, Edit
from bot.model.secret import Secret

DRAFT = Draft("Promote payment\n\nRequested-by: Ana\n", (Edit("new.yaml", None, b"image: payment:v2\n"),))
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


def signing(kind: str | None, key: Secret | None) -> Author:
    return replace(BOT, sign=kind, key=key)


def ssh_key(folder: Path, passphrase: str = "") -> Secret:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-C", "bot", "-N", passphrase, "-f", folder / "key"], check=True
    )
    return Secret((folder / "key").read_text())


@pytest.fixture
def keyring():
    """A GNUPGHOME of its own: short, since a socket's name may have 107 characters only."""
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        yield Path(folder)
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=True)


def gpg_key(keyring: Path, passphrase: str = "") -> Secret:
    gpg = ["gpg", "--quiet", "--batch", "--homedir", keyring, "--pinentry-mode", "loopback", "--passphrase", passphrase]
    subprocess.run([*gpg, "--quick-generate-key", f"Bot <{BOT.email}>", "ed25519", "sign"], check=True)
    done = subprocess.run([*gpg, "--armor", "--export-secret-keys"], check=True, capture_output=True, text=True)
    return Secret(done.stdout)


def landed(opened) -> None:
    base = opened.reader().head("config").commit
    writer = opened.writer()
    assert writer.push_base("config", writer.commit("config", base, [DRAFT, Draft("Second", _second())]))


def _second() -> tuple[Edit, ...]:
    return (Edit("new.yaml", b"image: payment:v2\n", b"image: payment:v3\n"),)


def test_row_114_ssh_signatures_verify(upstream, mirrors, tmp_path):
    landed(mirrors(author=signing("ssh", ssh_key(tmp_path))))
    allowed = tmp_path / "allowed"
    allowed.write_text(f"{BOT.email} {(tmp_path / 'key.pub').read_text()}")
    for commit in ("main", "main~1"):
        git(upstream.bare, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit)
    git(upstream.bare, "fsck", "--strict")
    with pytest.raises(AssertionError):
        git(upstream.bare, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", "main~2")
    assert git(upstream.bare, "show", "-s", "--format=%B", "main~1") == DRAFT.message.strip()


@needs_gpg
def test_row_114_gpg_signatures_verify(upstream, mirrors, keyring):
    landed(mirrors(author=signing("gpg", gpg_key(keyring))))
    for commit in ("main", "main~1"):
        done = subprocess.run(
            ["git", "-C", upstream.bare, "verify-commit", commit],
            env={"PATH": os.environ["PATH"], "GNUPGHOME": str(keyring), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f'Good signature from "Bot <{BOT.email}>"' in done.stderr
    git(upstream.bare, "fsck", "--strict")


def refused(opened, why: str) -> str:
    base = opened.reader().head("config").commit
    with pytest.raises(Refusal, match=why) as ended:
        opened.writer().commit("config", base, [DRAFT])
    return str(ended.value)


def test_a_key_with_a_passphrase_is_refused(mirrors, tmp_path):
    refused(
        mirrors(author=signing("ssh", ssh_key(tmp_path, "open sesame"))), "QUARTERDECK_SIGNING_KEY has a passphrase"
    )


@needs_gpg
def test_a_gpg_key_with_a_passphrase_is_refused(mirrors, keyring):
    refused(mirrors(author=signing("gpg", gpg_key(keyring, "open sesame"))), "QUARTERDECK_SIGNING_KEY has a passphrase")


@pytest.mark.parametrize("kind", ["ssh", pytest.param("gpg", marks=needs_gpg)])
@pytest.mark.parametrize(
    "key", ["s3cret", "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cret\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_what_is_no_key_is_refused_and_not_repeated(mirrors, kind, key):
    said = refused(
        mirrors(author=signing(kind, Secret(key))), f"must be a whole, valid private key for `author.sign: {kind}`"
    )
    assert "s3cret" not in said


def test_without_the_key_nothing_goes_unsigned(mirrors):
    refused(mirrors(author=signing("ssh", None)), "`author.sign` is ssh, but QUARTERDECK_SIGNING_KEY is not set")
    refused(
        mirrors(author=signing(None, Secret("key"))), "QUARTERDECK_SIGNING_KEY is set, but `author.sign` is neither"
    )


def test_a_program_that_is_missing_is_said(mirrors, tmp_path, monkeypatch):
    opened = mirrors(author=signing("ssh", Secret("key")))
    base = opened.reader().head("config").commit
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="Commits can't be signed here: ssh-keygen is not installed"):
        opened.writer().commit("config", base, [DRAFT])


def test_the_key_is_in_no_argument_and_leaves_no_file(mirrors, tmp_path, monkeypatch):
    key = ssh_key(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    programs = tmp_path / "programs"
    programs.mkdir()
    real = shutil.which("ssh-keygen")
    seen = f'cd {tmp_path}; printf "%s\\n" "$@" > arguments; env > environment; ls -lR {temporary} > modes'
    (programs / "ssh-keygen").write_text(f'#!/bin/sh\n{seen}\nexec {real} "$@"\n')
    (programs / "ssh-keygen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    opened = mirrors(author=signing("ssh", key))
    opened.writer().commit("config", opened.reader().head("config").commit, [DRAFT])
    secret = key.reveal().splitlines()[2]
    assert secret not in (tmp_path / "arguments").read_text() + (tmp_path / "environment").read_text()
    modes = (tmp_path / "modes").read_text()
    assert "-rw------- 1" in modes
    assert "drwx------ 2" in modes
    assert list(temporary.iterdir()) == []
