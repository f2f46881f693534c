"""Starts git the one way this room allows: no shell, no configuration but ours, no hooks, no prompts, a time limit.

Knows nothing of remotes or of what the commands mean. Secrets may come in by `environment`, never by arguments.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import cast

SECONDS = 60.0
"""How long a git command may take, unless its caller knows better."""

_SETTINGS = {
    "core.fsync": "none",  # a copy can be made anew
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.recurseSubmodules": "no",
    "fetch.unpackLimit": "1",
    "gc.auto": "0",  # the mirror packs itself, in the foreground, under its lock
    "http.followRedirects": "false",  # git would send the extra header, and so the token, to the new host as well
    "maintenance.auto": "false",
}
_INHERITED = (
    "PATH",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)


class Failed(Exception):  # noqa: N818 - it never leaves this room; its callers say what it means
    """Git ended with a status other than 0, or (`status` None) was stopped at its time limit."""

    def __init__(self, command: str, status: int | None, out: str, err: str) -> None:
        super().__init__(f"git {command} ended with {status}")
        self.status = status
        self.out = out
        self.err = err


def environment(folder: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a git command on the bare repository `folder`.

    Settings travel as GIT_CONFIG_KEY_n/VALUE_n, so that they show neither in `ps` nor in a file (git-config(1)).
    """
    chosen = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    chosen |= {
        "HOME": str(folder),  # nobody's .netrc
        "LC_ALL": "C",
        "GIT_DIR": str(folder),
        "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    pairs = list((_SETTINGS | dict(settings or {})).items())
    chosen["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (key, value) in enumerate(pairs):
        chosen[f"GIT_CONFIG_KEY_{number}"] = key
        chosen[f"GIT_CONFIG_VALUE_{number}"] = value
    return chosen


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    seconds: float = SECONDS,
    keep_open: Sequence[int] = (),
) -> bytes:
    """What the command wrote. Raises Failed; then nothing of it runs any more, its transport helpers included.

    `keep_open` are file descriptors for git to hold as long as it lives, such as the mirror's lock.
    """
    with subprocess.Popen(  # noqa: S603 - no shell, and the program is git
        ["git", *arguments],  # noqa: S607 - git is where PATH says
        cwd=environment["GIT_DIR"],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=tuple(keep_open),
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except BaseException as stopped:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(stopped, subprocess.TimeoutExpired):
                raise Failed(arguments[0], None, "", "") from None
            raise
    if process.returncode:
        raise Failed(arguments[0], process.returncode, _text(out), _text(err))
    return out


@contextmanager
def stream(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[BufferedReader]:
    """The command's output while it runs; git is stopped when the reader has had enough.

    Raises Failed at the end if git failed and the reader had read everything.
    """
    with subprocess.Popen(  # noqa: S603 - no shell, and the program is git
        ["git", *arguments],  # noqa: S607 - git is where PATH says
        cwd=environment["GIT_DIR"],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield cast("BufferedReader", process.stdout)
        except BaseException:
            process.kill()
            raise
        if process.wait():
            raise Failed(arguments[0], process.returncode, "", "")


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
