"""`status` asked again and again in a process of its own. Prints what it took, as JSON.

Run by `bench.matrix`: with the config and what the API servers are reached by in the environment.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

TIMES = 6


def main() -> None:
    began = time.perf_counter()
    from bot.app import App, utc_now  # noqa: PLC0415 - the clock is running
    from bot.model.request import Actor, Message, Place  # noqa: PLC0415 - the same

    seconds, text, data = [], "", None
    with App.load(Path(os.environ["CONFIG"])) as app:
        for number in range(TIMES):
            began = began if not seconds else time.perf_counter()
            said = Message(f"m{number}", "status", Actor("terminal", "ana"), Place(), utc_now())
            reply = app.conversation.hear(said).reply
            seconds.append(time.perf_counter() - began)
            text, data = reply.text, reply.data
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = len(data["services"]) if data else 0
    json.dump({"seconds": seconds, "peak": peak, "text": text, "told": told}, sys.stdout)


if __name__ == "__main__":
    main()
