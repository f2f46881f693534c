"""A process that promotes services, all at once, when told to on its standard input; it prints its lost races.

Takes a config, a version and services.
"""

import getpass
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

from bot.app import App
from bot.model.reply import Outcome
from bot.model.request import Message, Place


def main() -> None:
    config, version, *services = sys.argv[1:]
    lost: list[float] = []

    def pause(seconds: float) -> None:
        lost.append(seconds)
        sleep(seconds)

    with App.load(Path(config), logging.CRITICAL) as app:
        # The first word costs what all share: libraries, the mirror and the store.
        app.conversation.hear(_message(app, "status", "warm-up"))
        app.__dict__["_performer"] = replace(app._performer, pause=pause)  # noqa: SLF001 - to count its pauses
        print("ready", flush=True)
        sys.stdin.readline()
        with ThreadPoolExecutor(len(services)) as pool:
            said = [f"promote {service} {version} to production" for service in services]
            replies = list(pool.map(lambda text: app.conversation.hear(_message(app, text, text)).reply, said))
    if wrong := [reply.text for reply in replies if reply.outcome is not Outcome.COMMITTED]:
        raise RuntimeError(wrong[0])
    print(json.dumps(len(lost)), flush=True)


def _message(app: App, text: str, key: str) -> Message:
    return Message(key, text, app.terminal_actor(None, getpass.getuser()), Place(), datetime.now(UTC))


if __name__ == "__main__":
    main()
