"""50 promotions of different services at once, from 4 processes, to one branch that is pushed to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from bench.figures import Figure
from bench.repositories import copied, name, narrow, pinned
from bench.stage import run

PROMOTIONS = 50
PROCESSES = 4
SERVICES = 500
VERSION = "v2.0.0"
CONFIG = """\
repositories: {{config: {{url: "file://{url}"}}}}
environments:
  production: {{path: "apps/{{service}}/overlays/production", change: push}}
"""


def measure(folder: Path) -> Iterator[Figure]:
    bare = copied(narrow(SERVICES), folder / "racing.git")
    config = folder / "racing.yaml"
    config.write_text(CONFIG.format(url=bare), encoding="utf-8")
    services = [name(number) for number in range(PROMOTIONS)]
    before = run(("git", "-C", bare, "rev-parse", "main"), {}).strip()
    took, lost = race(config, folder / "racing", [services[part::PROCESSES] for part in range(PROCESSES)])
    landed = run(
        (
            "git",
            "-C",
            bare,
            "log",
            "--format=%(trailers:key=Quarterdeck-Service,valueonly,separator=)",
            f"{before}..main",
        ),
        {},
    )
    right = [
        f"newTag: {VERSION}" in run(("git", "-C", bare, "show", f"main:{pinned(each, 'production')}"), {})
        for each in services
    ]
    if sorted(landed.split()) != services or not all(right):
        raise RuntimeError("a promotion was lost, or done twice")
    yield Figure(f"{PROMOTIONS} promotions at once, {PROCESSES} processes, {lost} lost races", [took], target=8.0)


def race(config: Path, data: Path, shares: list[list[str]]) -> tuple[float, int]:
    """Seconds from the first word to the last answer, and how often a push came too late."""
    workers = [
        subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "bench.promoter", config, VERSION, *share],
            env={"QUARTERDECK_DATA": str(data), "PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    for worker in workers:
        if worker.stdout is None or worker.stdout.readline() != "ready\n":
            raise RuntimeError("a process that promotes did not start")
    began = perf_counter()
    with ThreadPoolExecutor(len(workers)) as pool:
        answers = [json.loads(out) for out, _ in pool.map(lambda worker: worker.communicate("go\n"), workers)]
    return perf_counter() - began, sum(answers)
