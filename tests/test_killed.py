"""`serve` is killed at any moment and started again: no acknowledged command is lost, and none runs twice."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.playground.playground import Playground


@contextmanager
def serving(playground: Playground) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "bot", "serve", "--config", str(playground.config)]
    with subprocess.Popen(command, env=os.environ | playground.environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def commits(playground: Playground) -> Counter[str]:
    """How often each subject stands on main."""
    log = ["git", "-C", str(playground.repository.bare.path), "log", "--first-parent", "--format=%s", "main"]
    return Counter(subprocess.run(log, check=True, capture_output=True, text=True).stdout.splitlines())


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "moments",
    [(0.1, 0.4), pytest.param((0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5), marks=pytest.mark.slow)],
    ids=["twice", "8 times"],
)
def test_no_command_is_lost_or_doubled(moments: tuple[float, ...], tmp_path: Path) -> None:
    """`moments` are seconds from the commands to the kill, one for each start."""
    playground = Playground(tmp_path)
    workspace = playground.workspace
    bot = workspace.installation.bot_user_id
    with playground.running():
        asked: dict[str, str] = {}
        for number, moment in enumerate(moments):
            with serving(playground) as process:
                workspace.wait_for(lambda: workspace.connections == 1, 30)
                for service, text in (
                    ("api", f"@Quarterdeck promote api v2.9.{number} to staging"),
                    ("worker", f"@Quarterdeck promote worker v0.10.{number} to staging"),
                ):
                    asked[workspace.say("ana", "#deploys", text)] = f"{service} {number}"
                time.sleep(moment)
                process.kill()
                process.wait()
                workspace.wait_for(lambda: workspace.connections == 0, 30)
        with serving(playground):
            workspace.wait_for(lambda: workspace.connections == 1, 30)
            acknowledged = {
                each.payload["event"]["ts"]
                for each in workspace.deliveries
                if each.acknowledged and "event" in each.payload
            }
            assert acknowledged, "every kill came before the first acknowledgement, so this showed nothing"
            for ts in acknowledged:
                answers = workspace.wait_for(
                    lambda ts=ts: [each for each in workspace.messages("#deploys", ts)[1:] if each.user == bot], 60
                )
                told = answers[0].text
                # The follower may have gone on with the message by now.
                followed = any(word in told for word in ("Committed.", "Merged.", "Synced.", "Superseded."))
                # Two of a service may also meet: what the last start took up, and what was said to this one.
                undone = any(word in told for word in ("Unchanged.", "Please confirm.", "so nothing was done"))
                assert followed or undone, told
                if followed:
                    service, patch = asked[ts].split()
                    version = {"api": "v2.9", "worker": "v0.10"}[service]
                    landed = [subject for subject in commits(playground) if f"to {version}.{patch} in" in subject]
                    assert len(landed) == 1, f"{asked[ts]} was said to be committed, and {landed} is there"
    assert max(commits(playground).values()) == 1
