"""Rendering, comparing and the two together: a drift check of all that the sample declares."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from jsonpatch import make_patch

from bench.figures import Figure, alternately, timed
from bench.stage import playground, run, script
from bench.stored import MIXED, config_map, pairs
from bot.app import App
from bot.clusters.live import Clusters
from bot.comparison.compare import compare, compare_all
from bot.comparison.identity import declared, references
from bot.comparison.memory import Memory
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.sync import Live, Manifest, SyncState
from bot.playground.playground import Playground
from bot.ports import Tree
from bot.rendering.renderer import Renderer

TIMES = 15
OBJECTS = 300
EQUAL = 10_000
OVERLAY = "environments/production/payment"


def measure(folder: Path) -> Iterator[Figure]:
    with playground(folder / "comparing") as place:
        checkout = folder / "checkout"
        run(("git", "clone", "--quiet", place.repository.bare.path, checkout), {})
        with Mirrors(folder / "mirrors", {"config": Repository("config", str(place.repository.bare.path))}) as mirrors:
            tree = mirrors.reader().head("config")
            yield from _rendering(tree, checkout, folder)
            yield _comparing(tree, place)
        yield _checking(place, checkout)
    yield from equal()


def equal() -> Iterator[Figure]:
    """Comparing alone: objects that are as Git has them, but for what a server adds to each."""
    for what, makers in (("equal ConfigMaps", [config_map]), ("equal objects of 5 kinds", MIXED)):
        taken = pairs(makers, EQUAL)
        desired = [git for git, _ in taken]
        live = Live(dict(zip(references(desired, None), (there for _, there in taken), strict=True)))
        memory = Memory()
        afresh, again = alternately(
            5, partial(_compared, desired, live, None), partial(_compared, desired, live, memory)
        )
        pace = f"{EQUAL / median(afresh):,.0f} a second"
        yield Figure(f"compare {EQUAL:,} {what}, {pace}", afresh, "unchanged since", again, target=EQUAL / 20_000)


def _compared(desired: Sequence[Manifest], live: Live, memory: Memory | None) -> float:
    def whole() -> None:
        if compare_all(desired, live, memory=memory):
            raise RuntimeError("objects that are as Git has them differ")

    return timed(whole)


def _rendering(tree: Tree, checkout: Path, folder: Path) -> Iterator[Figure]:
    fresh = count()
    memory, disk = Renderer(), folder / "renders"
    Renderer(disk).render(tree, OVERLAY)
    cold, kept, warm, bare = alternately(
        TIMES,
        lambda: timed(lambda: Renderer(folder / f"renders-{next(fresh)}").render(tree, OVERLAY)),
        lambda: timed(lambda: Renderer(disk).render(tree, OVERLAY)),
        lambda: timed(lambda: memory.render(tree, OVERLAY)),
        lambda: timed(lambda: run(("kubectl", "kustomize", checkout / OVERLAY), {})),
    )
    for how, seconds in (("for the first time", cold), ("kept on disk", kept), ("kept in memory", warm)):
        yield Figure(f"render an overlay, {how}", seconds, "kubectl kustomize", bare)


def _comparing(tree: Tree, place: Playground) -> Figure:
    objects = declared(Renderer().render(tree, OVERLAY), None)
    (item,) = (each for each in objects if each.ref.kind == "Deployment")
    with closing(Clusters(place.kubeconfig)) as clusters:
        live = clusters.read("production", [item.ref]).objects[item.ref]
    ours, theirs = alternately(
        OBJECTS,
        lambda: timed(lambda: compare(item.manifest, live)),
        lambda: timed(lambda: make_patch(item.manifest, live)),
    )
    what = f"compare a Deployment, {1 / median(ours):,.0f} a second"
    return Figure(what, ours, "jsonpatch.make_patch, defaults and all", theirs)


def _checking(place: Playground, checkout: Path) -> Figure:
    given = {"FOLDER": str(checkout), "KUBECONFIG": str(place.kubeconfig)}
    with App(load(place.config), Surroundings.read(place.environment)) as app:
        if {sighting.sync for sighting in app.looks.look()} != {SyncState.SYNCED}:
            raise RuntimeError("the sample and its clusters differ")
        ours, theirs = alternately(
            TIMES,
            lambda: timed(app.look),
            lambda: timed(lambda: script("drift", given)),
        )
    return Figure("drift check of 6 targets, in the bot", ours, "kubectl diff, 6 times", theirs)
