"""A drift check in a process of its own, so that its memory is nobody else's. Prints what it took, as JSON.

Run by `bench.drifting`: with the config and what the API server is reached by in the environment.
"""

import json
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path

PASSES = 5


def main() -> None:
    began = time.perf_counter()
    from bench.counting import Calls  # noqa: PLC0415 - the clock is running
    from bot.app import App  # noqa: PLC0415 - the same

    calls = Calls(os.environ["API_SERVER"], os.environ["API_TOKEN"], os.environ["API_CERTIFICATE"])
    seconds, asked, states = [], [], Counter[str]()
    with App.load(Path(os.environ["CONFIG"])) as app:
        for _ in range(PASSES):
            before = calls.total()
            began = began if not seconds else time.perf_counter()
            states = Counter(sighting.sync.value for sighting in app.looks.look())
            seconds.append(time.perf_counter() - began)
            asked.append(calls.total() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"seconds": seconds, "calls": asked, "peak": peak, "states": states}, sys.stdout)


if __name__ == "__main__":
    main()
