"""Measure everything, and print one table."""

import os
import sys
import tempfile
import time
from pathlib import Path

from bench import (
    acknowledging,
    comparing,
    drifting,
    following,
    long,
    matrix,
    promoting,
    racing,
    rendering,
    starting,
    wide,
)
from bench.figures import table


def main() -> None:
    began, load = time.monotonic(), os.getloadavg()[0]
    figures = []
    with tempfile.TemporaryDirectory(prefix="quarterdeck-bench-") as folder:
        for each in (
            acknowledging,
            promoting,
            starting,
            rendering,
            comparing,
            wide,
            long,
            racing,
            drifting,
            matrix,
            following,
        ):
            print(f"{each.__name__} …", file=sys.stderr, flush=True)
            figures += each.measure(Path(folder))
    print(table(figures))
    print(
        f"\nOurs to theirs is the ratio: below 1 is faster. {os.cpu_count()} processors, "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after, {time.monotonic() - began:.0f} s in all."
    )


if __name__ == "__main__":
    main()
