"""`quarterdeck serve` as a process: HTTP mode, its end, and what it refuses to start without."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback import http

from bot.app import App
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.errors import Refusal
from bot.playground.playground import Playground


@contextmanager
def serving(playground: Playground, **changed: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bot", "serve", "--config", str(playground.config)]
    environment: Mapping[str, str] = os.environ | playground.environment | {"PYTHONFAULTHANDLER": "1"} | changed
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_http_mode_hears_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    playground = Playground(tmp_path)
    workspace = playground.workspace
    secret = workspace.installation.signing_secret.reveal()
    with (
        playground.running(),
        serving(playground, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET=secret, GITHUB_WEBHOOK_SECRET="hook") as bot,
    ):
        assert bot.stderr is not None
        line = next(line for line in bot.stderr if "is listening" in line)
        said: list[str] = []
        drain = threading.Thread(target=said.extend, args=[bot.stderr])
        drain.start()
        site = line.rpartition("http://")[2].partition("/")[0]
        workspace.point_at(f"http://{site}/slack/events")
        ts = workspace.say("ana", "#deploys", "@Quarterdeck promote payment v1.3.0 to prod")
        answers = workspace.wait_for(lambda: workspace.messages("#deploys", ts)[1:], 30)
        assert "Pull request #1 is open" in answers[0].text
        assert http.get(f"http://{site}/readyz").text == "ok"
        for path in ("/slack/events", "/github/events"):
            assert http.post(f"http://{site}{path}", content=b"{}").status_code == 401
        bot.send_signal(signal.SIGTERM)
        try:
            status = bot.wait(60)
        except subprocess.TimeoutExpired:
            bot.send_signal(signal.SIGABRT)  # Python then tells where each thread stands
            status = bot.wait(20)
        drain.join()
        assert status == 0, "".join(said)


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    playground = Playground(tmp_path)
    with playground.running(), serving(playground, SLACK_BOT_TOKEN="") as bot:
        _, said = bot.communicate(timeout=30)
    assert (bot.returncode, said) == (2, "SLACK_BOT_TOKEN is not set, and serve needs it: see README, Install.\n")


def test_slack_must_have_a_way_to_reach_it(tmp_path: Path) -> None:
    playground, stop = Playground(tmp_path), threading.Event()
    stop.set()
    surroundings = Surroundings.read(playground.environment | {"SLACK_APP_TOKEN": ""})
    said = "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set: Slack could not reach the bot."
    with playground.running(), App(load(playground.config), surroundings) as app, pytest.raises(Refusal) as refused:
        app.serve(stop)
    assert str(refused.value) == said
