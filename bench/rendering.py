"""Overlays by the thousand: rendered for the first time, by a new process, and again; beside kubectl alone.

The first time is the renderer's processors' to spend, so a part of them speaks for all.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from bench import repositories
from bench.figures import Figure, alternately, timed
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.ports import Tree
from bot.rendering.renderer import Renderer
from bot.rendering.sandbox import find
from bot.survey import RENDERS_AT_ONCE

SERVICES = 500
OVERLAYS, PART = 1_000, 100
COLD_TIMES, WARM_TIMES = 3, 9


def measure(folder: Path) -> Iterator[Figure]:
    bare = repositories.narrow(SERVICES)
    checkout = folder / "overlays"
    subprocess.run(("git", "clone", "--quiet", bare, checkout), check=True)  # noqa: S603, S607 - our own git
    with Mirrors(folder / "mirrors-of-overlays", {"config": Repository("config", str(bare))}) as mirrors:
        tree = mirrors.reader().head("config")
        overlays = [
            f"apps/{service}/overlays/{environment}"
            for service in tree.folders("apps")
            for environment in repositories.ENVIRONMENTS
        ][:OVERLAYS]
        yield _cold(tree, overlays[:PART], checkout, folder)
        place = folder / "renders-of-overlays"
        _all(Renderer(place), tree, overlays)
    yield from _warm(bare, overlays, folder, place)


def _cold(tree: Tree, overlays: Sequence[str], checkout: Path, folder: Path) -> Figure:
    fresh = count()
    ours, theirs = alternately(
        COLD_TIMES,
        lambda: timed(lambda: _all(Renderer(folder / f"cold-{next(fresh)}"), tree, overlays)),
        lambda: timed(lambda: _kubectl(checkout, overlays)),
    )
    return Figure(
        f"render {PART} overlays for the first time",
        ours,
        f"kubectl kustomize, {_processors()} at once",
        theirs,
        most=1.1,
    )


def _warm(bare: Path, overlays: Sequence[str], folder: Path, place: Path) -> Iterator[Figure]:
    number = count()

    def anew() -> tuple[float, float]:
        """As a process that was just started, and as the same a moment later."""
        renderer, name = Renderer(place), f"mirrors-{next(number)}"
        with Mirrors(folder / name, {"config": Repository("config", str(bare))}) as mirrors:
            tree = mirrors.reader().head("config")
            first, second = (timed(lambda: _all(renderer, tree, overlays)) for _ in range(2))
        return first, second

    taken = [anew() for _ in range(WARM_TIMES + 1)][1:]
    for how, seconds in zip(("disk", "memory"), zip(*taken, strict=True), strict=True):
        yield Figure(f"render {OVERLAYS:,} overlays, kept {'on' if how == 'disk' else 'in'} {how}", seconds, target=1.0)


def _all(renderer: Renderer, tree: Tree, overlays: Sequence[str]) -> None:
    """As a look at so many targets does it: what they declare, and the files it is made of."""
    with ThreadPoolExecutor(RENDERS_AT_ONCE) as pool:
        list(pool.map(lambda overlay: (renderer.render(tree, overlay), renderer.inputs(tree, overlay)), overlays))


def _kubectl(checkout: Path, overlays: Sequence[str]) -> None:
    program = str(find("kubectl"))

    def render(overlay: str) -> None:
        subprocess.run((program, "kustomize", checkout / overlay), check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the one we use ourselves

    with ThreadPoolExecutor(_processors()) as pool:
        list(pool.map(render, overlays))


def _processors() -> int:
    return os.cpu_count() or 1
