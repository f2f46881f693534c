"""Drift of 10,000 objects in 1,500 namespaces, on a real API server; rendering and comparing apart."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import population, repositories
from bench.counting import Calls
from bench.figures import Figure, timed
from bench.stage import PROGRAMS
from bot.clusters.live import Clusters
from bot.comparison.compare import compare
from bot.comparison.identity import declared
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.sync import Manifest
from bot.ports import Tree
from bot.rendering.renderer import Renderer
from bot.survey import RENDERS_AT_ONCE
from tests.cluster.apiserver import ApiServer, start

SAMPLE = 150
"""Targets that kubectl diff takes first; the rest only where all would take less than `PATIENCE`."""
PATIENCE = 300.0
CONFIG = """\
repositories: {{config: {{url: "file://{url}"}}}}
environments:
  production: {{path: "production/{{service}}", cluster: admin}}
"""


def measure(folder: Path) -> Iterator[Figure]:
    bare = repositories.kept("drift", population.stream(), population.__file__)
    data = folder / "drift"
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        print("drifting is left out: KUBEBUILDER_ASSETS is not set, so there is no real API server", file=sys.stderr)
        return
    with Mirrors(data, {"config": Repository("config", f"file://{bare}")}) as mirrors:
        tree = mirrors.reader().head("config")
        cold = timed(lambda: render(tree, data / "renders"))
        yield Figure("render 1,500 targets for the first time, once", [cold])
        with _deployed(Path(assets), folder / "apiserver") as server:
            yield from _checking(server, bare, folder, data)
            yield _comparing(server, tree, data / "renders")


def render(tree: Tree, disk: Path) -> dict[str, tuple[Manifest, ...]]:
    """What every target declares, as a check renders it; by folder."""
    renderer, folders = (
        Renderer(disk),
        [f"production/{population.name(number)}" for number in range(population.TARGETS)],
    )
    with ThreadPoolExecutor(RENDERS_AT_ONCE, "render") as pool:
        return dict(zip(folders, pool.map(lambda folder: renderer.render(tree, folder), folders), strict=True))


@contextmanager
def _deployed(assets: Path, folder: Path) -> Iterator[ApiServer]:
    folder.mkdir()
    server = start(assets, folder)
    try:
        population.deploy(server)
        yield server
    finally:
        server.stop()


def _checking(server: ApiServer, bare: Path, folder: Path, data: Path) -> Iterator[Figure]:
    said = check(server, bare, folder, data)
    theirs, asked, objects = kubectl(server, folder)
    first, *later = said["seconds"]
    whole = "" if objects == 10_000 else f", from {objects:,} of them"
    beside = f"kubectl diff --server-side, 8 at once, {asked:,} calls{whole}"
    what = "drift of 10,000 objects, the first time"
    yield Figure(f"{what}, {said['calls'][0]} calls, {said['peak']:.0f} MB", [first], beside, [theirs], target=10.0)
    yield Figure(f"the same again, {median(said['calls'][1:]):.0f} calls", later, "the same", [theirs], target=2.0)


def check(server: ApiServer, bare: Path, folder: Path, data: Path) -> Mapping[str, Any]:
    """What `bench.checking` tells of a drift check of everything, which must find nothing."""
    config = folder / "drift.yaml"
    config.write_text(CONFIG.format(url=bare), encoding="utf-8")
    given = {"CONFIG": str(config), "QUARTERDECK_DATA": str(data), "KUBECONFIG": str(server.kubeconfig)}
    reached = {
        "API_SERVER": server.url,
        "API_TOKEN": server.tokens["admin"],
        "API_CERTIFICATE": str(server.folder / "certs" / "apiserver.crt"),
    }
    environment = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "HOME": str(server.folder)}
    command = [sys.executable, "-m", "bench.checking"]
    done = subprocess.run(command, env=environment | given | reached, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    said: Mapping[str, Any] = json.loads(done.stdout)
    if said["states"] != {"synced": population.TARGETS}:
        raise RuntimeError(f"what was just deployed is not in sync: {said['states']}")
    return said


def kubectl(server: ApiServer, folder: Path) -> tuple[float, int, int]:
    """Seconds, calls, and how many objects they are of: all, or some where all would take too long."""
    calls = Calls(server.url, server.tokens["admin"], str(server.folder / "certs" / "apiserver.crt"))
    for targets in (SAMPLE, population.TARGETS):
        files = folder / f"objects-{targets}"
        # Spread over all, since some declare more than others.
        objects = population.write_files(files, range(0, population.TARGETS, population.TARGETS // targets))
        before = calls.total()
        seconds = timed(partial(_diff, server, files))
        asked = calls.total() - before
        if targets == population.TARGETS or seconds * population.TARGETS / targets > PATIENCE:
            share = population.TARGETS / targets
            return seconds * share, round(asked * share), objects
    raise AssertionError


def _diff(server: ApiServer, files: Path) -> None:
    command = [
        "kubectl",
        "diff",
        "--server-side",
        "--force-conflicts",
        "--concurrency=8",
        "--recursive",
        f"--filename={files}",
    ]
    environment = {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(server.kubeconfig),
        "HOME": str(server.folder),
        "TMPDIR": str(server.folder),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - as named
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"kubectl diff stopped early: {done.stderr[-500:]}")


def _comparing(server: ApiServer, tree: Tree, disk: Path) -> Figure:
    items = [item for objects in render(tree, disk).values() for item in declared(objects, None)]
    with closing(Clusters(server.kubeconfig)) as clusters:
        live = clusters.read("admin", [item.ref for item in items]).objects
    pairs = [(item.manifest, live[item.ref]) for item in items]

    def compare_them() -> None:
        for desired, there in pairs:
            assert not compare(desired, there)

    seconds = [timed(compare_them) for _ in range(3)]
    return Figure(f"compare 10,000 equal objects, {len(pairs) / median(seconds):,.0f} a second", seconds, target=0.5)
