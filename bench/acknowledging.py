"""From a message in the chat to its acknowledgement, which the bot gives once the message is on the disk."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.figures import Figure, alternately
from bench.stage import listening, playground, quarterdeck
from bot.playground.slack import Workspace

MESSAGES = 200


def measure(folder: Path) -> Iterator[Figure]:
    yield _measure(folder / "socket", "Socket Mode", http=False)
    yield _measure(folder / "http", "HTTP", http=True)


def _measure(folder: Path, way: str, *, http: bool) -> Figure:
    with ExitStack() as running:
        our_place = running.enter_context(playground(folder / "ours"))
        their_place = running.enter_context(playground(folder / "theirs"))
        running.enter_context(listening(our_place, *quarterdeck(our_place), http=http))
        running.enter_context(listening(their_place, "bench.plain_bot", http=http))
        ours, theirs = alternately(
            MESSAGES,
            lambda: _acknowledged(our_place.workspace, answered=True),
            lambda: _acknowledged(their_place.workspace, answered=False),
        )
    return Figure(f"message to acknowledgement, {way}", ours, "a Bolt app that keeps nothing", theirs, 0.05)


def _acknowledged(workspace: Workspace, *, answered: bool) -> float:
    """One message at a time: the next is said when this one has its answer."""
    heard, told = len(workspace.deliveries), len(workspace.ephemerals("ana"))
    began = time.perf_counter()
    workspace.say("ana", "#general", "@Quarterdeck help")
    workspace.wait_for(lambda: len(workspace.deliveries) > heard)
    took = time.perf_counter() - began
    if answered:
        workspace.wait_for(lambda: len(workspace.ephemerals("ana")) > told)
    return took
