"""A program in a sandbox: a folder of copied files, hardly an environment, and limits on what it may use.

Knows nothing of what is rendered; `bot.rendering.graph` and `bot.rendering.charts` have decided that already.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

from bot.errors import Refusal, Unavailable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one render may use."""

    seconds: float = 30
    memory: int = 2 * 2**30
    """Bytes of address space; Go reserves about one GiB before it does anything."""
    output: int = 64 * 2**20
    """Bytes. The largest real ones, full of CustomResourceDefinitions, have 4 MB."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, what it may use, and how sentences call it. `arguments` are those after the program.

    `{tree}` in an argument is the folder of the copied files.
    """

    name: str
    program: str
    arguments: Sequence[str]
    limits: Limits = Limits()


_QUOTED = re.compile(r"`[^`]*`?|\[patch: .*")
_PLACE = re.compile(r"[\w.-]+(/[\w.-]+)*/templates/[\w./-]+(:\d+)?")
_ADVICE = "Use --debug flag to render out invalid YAML"
_SLOTS = BoundedSemaphore(max(2, os.cpu_count() or 1))
"""Rendering is all processor: more at once than there are processors only takes memory."""
_NOWHERE = "http://127.0.0.1:9"
"""The discard port, RFC 863: nobody listens. Nothing asked for is remote; this is for what a program adds by itself."""


def run(command: Command, files: Mapping[str, bytes], folder: str, *, secret: bool) -> bytes:
    """What a program prints, with these files as all that it can see; it starts in a folder of its own.

    Refusal with its reason if it can't, or takes too much; no reason where `secret` says that it may hold one.
    Unavailable if it can't be started, or not be given its files. The files' paths must be straight and relative;
    `folder` is what sentences name.
    """
    try:
        return _printed(command, files, folder, secret=secret)
    except OSError as error:
        raise Unavailable(
            f"{folder or 'The root'} could not be given to {command.name}: {error.strerror or type(error).__name__}; "
            f"see that {command.name} is there, that {tempfile.gettempdir()} has room, and how long the names are."
        ) from error


def _printed(command: Command, files: Mapping[str, bytes], folder: str, *, secret: bool) -> bytes:
    limits = command.limits
    with _SLOTS, tempfile.TemporaryDirectory(prefix="quarterdeck-render-") as name, tempfile.TemporaryFile() as output:
        root = Path(name).resolve()
        tree, home = root / "tree", root / "home"
        for each in (tree, home):
            each.mkdir(mode=0o700)
        for path, content in files.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        with (root / "errors").open("w+b") as errors:
            code = _run(command, tree, home, output, errors)
            size = os.fstat(output.fileno()).st_size
            errors.seek(0)
            reason = errors.read(20_000).decode(errors="replace")
        what, how = folder or "The root", command.name
        if code is None:
            raise Refusal(f"{what} took {how} more than {limits.seconds:g} seconds and was ended: split it.")
        if size >= limits.output:
            raise Refusal(f"{what} renders to more than {limits.output:,} bytes, which is too much: split it.")
        if code != 0:
            raise Refusal(f"{what} can't be rendered by {how}: {_sentence(reason, tree, how, secret=secret)}")
        output.seek(0)
        return output.read()


@functools.cache
def find(name: str) -> str | None:
    """A program of a wheel beside our own interpreter; else one on PATH."""
    for folder in (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent):
        if (found := folder / name).is_file():
            return str(found)
    program = shutil.which(name)
    return str(Path(program).resolve()) if program else None


def identity(program: str) -> str:
    """Another text for another version of a program, found without starting it."""
    try:
        found = os.stat(program)  # noqa: PTH116 - asked for each of thousands of renders
    except OSError:
        return "gone"
    return f"{found.st_size}-{found.st_mtime_ns}"


def _run(command: Command, tree: Path, home: Path, output: IO[bytes], errors: IO[bytes]) -> int | None:
    """The exit status; None if the time was up.

    Its own session, so that the whole of it can be ended; a PATH without git, so that it can fetch nothing by it.
    """
    limits = command.limits
    environment = {"HOME": str(home), "TMPDIR": str(home), "PATH": str(home), "GOTRACEBACK": "none"}
    # Short-lived programs: collecting garbage as often as Go does took a quarter of their time.
    environment |= {"GOMAXPROCS": "2", "GOGC": "400", "HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE}
    arguments = [argument.replace("{tree}", str(tree)) for argument in command.arguments]
    # Nobody writes to this pipe: it closes when the process ends. `wait` with a time limit only looks every 50 ms.
    end, held = os.pipe()
    with os.fdopen(end, "rb") as ended, selectors.DefaultSelector() as waiting:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program; the folder is ours too
                [command.program, *arguments],
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


def _sentence(reason: str, tree: Path, name: str, *, secret: bool) -> str:
    """A program's last words without our folders' names and the patches it quotes, in one short line."""
    if "out of memory" in reason or "cannot allocate memory" in reason or "failed to reserve" in reason:
        return "it took more memory than it is given, so make it smaller."
    reason = reason.replace(f"{tree}/", "").replace(str(tree), "")
    if secret:
        said = "kubectl kustomize" if name == "kustomize" else "helm template"
        place = f"see {found[0]}: " if (found := _PLACE.search(reason)) else ""
        return f"{place}its reason may hold what is secret there and is not repeated; {said} shows it in a checkout."
    said = " ".join(line for line in reason.splitlines() if not line.startswith("# Warning:"))
    said = said.removeprefix("error: ").removeprefix("Error: ").removesuffix(_ADVICE)
    line = " ".join(said.split())
    line = _QUOTED.sub("…", line)
    line = "".join(c for c in line if c.isprintable()) or "it gave no reason."
    return line if len(line) <= 400 else f"{line[:400]}…"
