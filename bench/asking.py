"""`status` asked again and again in a process of its own. Prints what it took, as JSON.

Run by `bench.matrix`: with the config and what the API servers are reached by in the environment.
"""

import json
import os
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

TIMES = 3


def main() -> None:
    began = time.perf_counter()
    from bot.app import App, utc_now  # noqa: PLC0415 - the clock is running
    from bot.model.request import Actor, Message, Place  # noqa: PLC0415 - the same
    from bot.recent import KEPT  # noqa: PLC0415 - the same

    passed = timedelta()
    answers = []

    def ask() -> float:
        begun = time.perf_counter()
        message = Message(f"m{len(answers)}", "status", Actor("terminal", "ana"), Place(), app.now())
        answers.append(app.conversation.hear(message).reply)
        return time.perf_counter() - begun

    with App.load(Path(os.environ["CONFIG"])) as app:
        app.now = lambda: utc_now() + passed
        ask()
        first = time.perf_counter() - began
        later, again = [], []
        for _ in range(TIMES):
            passed += KEPT
            later.append(ask())
            again.append(ask())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    texts = sorted({reply.text for reply in answers})
    told = {len((reply.data or {})["services"]) for reply in answers}
    seconds = {"first": [first], "later": later, "again": again}
    json.dump({"seconds": seconds, "peak": peak, "texts": texts, "told": sorted(told)}, sys.stdout)


if __name__ == "__main__":
    main()
