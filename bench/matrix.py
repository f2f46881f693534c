"""`status` of 1,000 services in three environments, from three real API servers.

Cold is a bot that serves and has no look of the last 15 seconds: it reads Git and every cluster anew. A new process is
measured beside it, its start and its libraries included: with the repository's copy, its renders and its notes on disk,
as after any restart, and nothing in memory.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from bench import fleet, population, repositories
from bench.figures import Figure, timed
from bench.stage import PROGRAMS
from tests.cluster.apiserver import ApiServer, start

PROCESSES = 3
SAMPLE = 150
"""Targets whose newest commit the script asks Git for; it would take as long for each of the others."""
TARGETS = fleet.SERVICES * len(fleet.ENVIRONMENTS)


def measure(folder: Path) -> Iterator[Figure]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        print("matrix is left out: KUBEBUILDER_ASSETS is not set, so there is no real API server", file=sys.stderr)
        return
    bare = repositories.kept("fleet", fleet.stream(), fleet.__file__)
    with _deployed(Path(assets), folder / "fleet") as servers:
        given = _surroundings(folder, bare, servers)
        ask(given)  # fetches, renders and notes what is on disk from then on
        told = [ask(given) for _ in range(PROCESSES)]
        theirs = [script(bare, folder, given["KUBECONFIG"])]

    def seconds(which: str) -> list[float]:
        return [each for said in told for each in said["seconds"][which]]

    beside = f"kubectl get -A in each, git log -1 of each, from {SAMPLE} of them"
    peak = max(said["peak"] for said in told)
    yield Figure(f"status of {TARGETS:,} targets, cold", seconds("later"), beside, theirs, target=3.0)
    yield Figure("the same, within 15 s of another", seconds("again"), "the same", theirs, target=0.3)
    yield Figure(f"the same from the start of the process, {peak:.0f} MB", seconds("first"), "the same", theirs)


def ask(given: Mapping[str, str]) -> Mapping[str, Any]:
    """What `bench.asking` tells of it; all must be well."""
    environment = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", **given}
    command = [sys.executable, "-m", "bench.asking"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    said: Mapping[str, Any] = json.loads(done.stdout)
    if (said["texts"], said["told"]) != ([f"All {TARGETS:,} are synced and healthy."], [TARGETS]):
        raise RuntimeError(f"what was just deployed is not well: {said['texts']}")
    return said


def script(bare: Path, folder: Path, kubeconfig: str) -> float:
    """Seconds of what a person would write: what runs in each cluster, and who moved each target last."""
    environment = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "KUBECONFIG": kubeconfig, "HOME": str(folder)}
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL, env=environment)
    gets = (["kubectl", f"--context={name}", "get", "deployments", "-A", "-o", "json"] for name in fleet.ENVIRONMENTS)
    read = sum(timed(partial(run, command)) for command in gets)
    every = TARGETS // SAMPLE
    paths = [fleet.path(n % fleet.SERVICES, fleet.ENVIRONMENTS[n // fleet.SERVICES]) for n in range(0, TARGETS, every)]
    log = ["git", "-C", str(bare), "log", "-1", "--format=%an %cI", "--"]
    return read + sum(timed(partial(run, [*log, path])) for path in paths) * TARGETS / len(paths)


@contextmanager
def _deployed(assets: Path, folder: Path) -> Iterator[Sequence[ApiServer]]:
    with ExitStack() as running:
        servers = []
        for environment in fleet.ENVIRONMENTS:
            there = folder / environment
            there.mkdir(parents=True)
            servers.append(start(assets, there))
            running.callback(servers[-1].stop)
            fleet.deploy(servers[-1])
        yield servers


def _surroundings(folder: Path, bare: Path, servers: Sequence[ApiServer]) -> dict[str, str]:
    """A config and a kubeconfig with a context an environment. Renders stay for the next run: they take minutes."""
    read = [yaml.safe_load(each.kubeconfig.read_text()) for each in servers]
    named = list(zip(fleet.ENVIRONMENTS, read, strict=True))
    kubeconfig = {
        **{key: read[0][key] for key in ("apiVersion", "kind")},
        "clusters": [{"name": name, "cluster": each["clusters"][0]["cluster"]} for name, each in named],
        "users": [{"name": name, "user": each["users"][0]["user"]} for name, each in named],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name, _ in named],
    }
    (folder / "fleet.kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    environments = {name: {"path": f"{name}/{{service}}", "cluster": name} for name in fleet.ENVIRONMENTS}
    config = {"repositories": {"config": {"url": f"file://{bare}"}}, "environments": environments}
    (folder / "fleet.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    version = sha256(Path(population.__file__).read_bytes() + Path(fleet.__file__).read_bytes()).hexdigest()[:12]
    data = Path(tempfile.gettempdir(), f"quarterdeck-bench-renders-{version}")
    data.mkdir(exist_ok=True, mode=0o700)
    return {
        "CONFIG": str(folder / "fleet.yaml"),
        "KUBECONFIG": str(folder / "fleet.kubeconfig"),
        "QUARTERDECK_DATA": str(data),
        "HOME": str(folder),
    }
