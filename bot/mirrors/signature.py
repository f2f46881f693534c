"""Signs by SSH's and GPG's own programs, as git would start them, with a key that only this process keeps.

The key is in a file, in a folder of its own, for the moment of signing; it is in no argument and no agent outlives the
call. What the programs say is foreign text and goes to the log.
"""

import logging
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.errors import Refusal, Unavailable
from bot.model.change import Author
from bot.model.secret import Secret

_log = logging.getLogger(__name__)

_SECONDS = 30.0
_VARIABLE = "QUARTERDECK_SIGNING_KEY"
_GPG = ("gpg", "--quiet", "--batch", "--no-tty", "--pinentry-mode", "error")


@dataclass(frozen=True, slots=True)
class Signer:
    """Asked for a signature, it gives one or raises: nothing goes unsigned that should not."""

    kind: Literal["ssh", "gpg"] | None
    key: Secret | None

    @classmethod
    def of(cls, author: Author) -> "Signer | None":
        """None where the config knows nothing of signing."""
        kind = None if author.sign == "github" else author.sign
        return cls(kind, author.key) if kind or author.key else None

    def __call__(self, payload: bytes) -> bytes:
        """The armoured signature. Raises Refusal if the key is missing or can't be used, or Unavailable."""
        if self.kind is None:
            raise Refusal(f"{_VARIABLE} is set, but `author.sign` is neither ssh nor gpg: say which the key is of.")
        if self.key is None:
            raise Refusal(f"`author.sign` is {self.kind}, but {_VARIABLE} is not set: set it, or {_VARIABLE}_FILE.")
        try:
            with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
                file = Path(folder, "key")
                file.touch(0o600)
                file.write_text(f"{self.key.reveal().strip()}\n", encoding="utf-8")
                return self._ssh(file, payload) if self.kind == "ssh" else self._gpg(file, payload)
        except FileNotFoundError as error:
            raise Unavailable(f"Commits can't be signed here: {error.filename} is not installed.") from None
        except OSError as error:
            raise Unavailable(f"Commits can't be signed here: {error.strerror}.") from None

    def _ssh(self, file: Path, payload: bytes) -> bytes:
        done = _run(["ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(file)], file.parent, payload)
        if b"passphrase" in done.stderr:
            raise self._passphrase()
        return self._signature(done)

    def _gpg(self, file: Path, payload: bytes) -> bytes:
        try:
            self._signature(_run([*_GPG, "--import", str(file)], file.parent))
            done = _run([*_GPG, "--armor", "--detach-sign"], file.parent, payload)
            if b"pinentry" in done.stderr:
                raise self._passphrase()
            return self._signature(done)
        finally:
            _run(["gpgconf", "--kill", "all"], file.parent)

    def _signature(self, done: "subprocess.CompletedProcess[bytes]") -> bytes:
        if done.returncode:
            _log.warning("%s ended with %s: %s", done.args[0], done.returncode, done.stderr.decode(errors="replace"))
            raise Refusal(
                f"{_VARIABLE} can't sign: it must be a whole, valid private key for `author.sign: {self.kind}`."
            )
        return done.stdout

    def _passphrase(self) -> Refusal:
        return Refusal(
            f"The key in {_VARIABLE} has a passphrase, which nobody is here to type: give a key without one."
        )


def _run(command: Sequence[str], home: Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """In a session of its own, so that nothing can ask at the terminal."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(home), "GNUPGHOME": str(home)}
    try:
        return subprocess.run(  # noqa: S603 - no shell, and the programs are named above
            command,
            input=stdin,
            env=environment,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Commits can't be signed here: {command[0]} did not answer.") from None
