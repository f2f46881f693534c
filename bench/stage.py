"""What is measured on: a playground whose clusters are in sync, a bot beside it, and programs as a person runs them."""

import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bot.playground import server
from bot.playground.playground import Playground

SCRIPTS = Path(__file__).parent
PROGRAMS = Path(sys.prefix) / "bin"
SECONDS = 60


@contextmanager
def playground(folder: Path) -> Iterator[Playground]:
    """Served from this process; nothing in it happens by itself while the block runs."""
    made = Playground(folder, every="24h")
    with made.running():
        for name, agent in made.agents.items():
            agent.sync()
            made.clusters[name].settle()
        yield made


@contextmanager
def listening(playground: Playground, *arguments: str, http: bool = False) -> Iterator[None]:
    """A process of ours that hears the workspace, by Socket Mode or by signed requests, until the block ends."""
    with server.bind() as free:
        port = free.getsockname()[1]
    variables = dict(playground.environment) | {"QUARTERDECK_LISTEN": f"127.0.0.1:{port}"}
    if http:
        del variables["SLACK_APP_TOKEN"]
        variables["SLACK_SIGNING_SECRET"] = playground.workspace.installation.signing_secret.reveal()
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments], env=_environment(variables), stderr=subprocess.DEVNULL
    )
    try:
        if http:
            _until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
            playground.workspace.point_at(f"http://127.0.0.1:{port}/slack/events")
        else:
            _until(lambda: playground.workspace.connections == 1)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def quarterdeck(playground: Playground) -> tuple[str, ...]:
    """What `listening` starts, to have the bot."""
    return ("bot", "serve", "--config", str(playground.config))


def run(command: Sequence[str | Path], variables: Mapping[str, str]) -> str:
    """What the command prints. CalledProcessError if it fails."""
    return subprocess.run(  # noqa: S603 - the programs that are compared
        list(command), env=_environment(variables), check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS
    ).stdout


def script(name: str, variables: Mapping[str, str]) -> str:
    """Run one of the shell scripts here: what a person would write instead."""
    return run(["sh", SCRIPTS / f"{name}.sh"], variables)


def git_login(token: str) -> dict[str, str]:
    """Variables with which git sends a token."""
    login = b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"Authorization: Basic {login}"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": header}


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/"), **variables}


def _until(settled: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not settled():
        if time.monotonic() > end:
            raise TimeoutError(f"a process that is measured was not there within {SECONDS} s")
        time.sleep(0.02)


def _answers(url: str) -> bool:
    with suppress(URLError, ConnectionError), urlopen(url, timeout=SECONDS):  # noqa: S310 - loopback
        return True
    return False
