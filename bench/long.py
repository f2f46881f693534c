"""100,000 commits: how one service's version came about."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, alternately, timed
from bench.repositories import long, name, pinned
from bench.stage import run
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository, Target

TIMES = 5
SERVICE = name(250)
TARGET = Target(SERVICE, "production", "config", (f"apps/{SERVICE}/overlays/production",))


def measure(folder: Path) -> Iterator[Figure]:
    bare, data = long(), folder / "long"
    repositories = {"config": Repository("config", f"file://{bare}")}
    with Mirrors(data, repositories) as mirrors:
        yield Figure("100,000 commits: the first fetch, once", [timed(lambda: mirrors.reader().head("config"))])
    cold, warm, log = alternately(
        TIMES,
        lambda: _moves(data, repositories, forgetting=True),
        lambda: _moves(data, repositories, forgetting=False),
        lambda: timed(
            lambda: run(("git", "-C", bare, "log", "-10", "-p", "main", "--", pinned(SERVICE, "production")), {})
        ),
    )
    beside = "git log -10 -p"
    yield Figure("the last 10 moves among 100,000 commits, cold", cold, beside, log, target=1.0)
    yield Figure("the same, noted on disk", warm, beside, log, target=0.1)


def _moves(data: Path, repositories: dict[str, Repository], *, forgetting: bool) -> float:
    """As a process that has just started, all moves told at least once."""
    if forgetting:
        shutil.rmtree(data / "notes", ignore_errors=True)
    with Mirrors(data, repositories) as mirrors:
        reader = mirrors.reader()
        reader.head("config")
        took = timed(lambda: _ten(reader.moves(TARGET)))
        for _ in reader.moves(TARGET):
            pass
        return took


def _ten(moves: Iterator[object]) -> None:
    if len([move for _, move in zip(range(10), moves, strict=False)]) != 10:
        raise RuntimeError("the history is too short")
