"""A reply on a terminal: plain text for people, `--json` for scripts. Knows no command."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import TextIO

from bot import wording
from bot.model.reply import Layout, Outcome, Reply
from bot.printing import dumps, printable

STATUS = {Outcome.FAILED: 2} | dict.fromkeys(
    (Outcome.REFUSED, Outcome.MISUNDERSTOOD, Outcome.CONTESTED, Outcome.CONFIRM), 1
)
"""Exit statuses of `say`; 0 for every other outcome."""


def plain(reply: Reply) -> str:
    """The reply as text, its code and tables indented; control characters are gone, so nothing can steer a terminal."""
    lines = [reply.text]
    for section in reply.sections:
        if section.layout is Layout.STEPS:
            continue
        text = wording.columns(section.rows) if section.layout is Layout.TABLE else section.text
        indent = "" if section.layout is Layout.TEXT else "  "
        lines += [f"{indent}{line}".rstrip() for line in text.split("\n")]
    lines += [f"{choice.label}: {choice.url}" for choice in reply.choices if choice.url]
    lines += reply.attachment.text.rstrip("\n").split("\n") if reply.attachment else []
    if reply.outcome is Outcome.CONFIRM:
        lines.append("Nothing was done yet. Say it again with --yes to confirm.")
    return printable("\n".join(lines))


def as_json(reply: Reply) -> str:
    """Schema quarterdeck/reply/v1 (docs/json.md)."""
    pull = reply.pull and {"number": reply.pull.number, "url": reply.pull.url, "branch": reply.pull.branch}
    return dumps(
        {
            "schema": "quarterdeck/reply/v1",
            "outcome": reply.outcome.value,
            "text": reply.text,
            "pull": pull,
            "commit": reply.commit,
            "data": reply.data,
        }
    )


Told = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


@contextmanager
def progress(doing: str, stream: TextIO = sys.stderr) -> Iterator[Told]:
    """A moving sign beside what takes long, on a terminal only; nothing where output is piped.

    What is told meanwhile takes the place of `doing`.
    """
    if not stream.isatty():
        yield lambda *_: None
        return
    ended = threading.Event()
    now = doing

    def told(what: str, done: int, total: int) -> None:
        nonlocal now
        now = f"{doing}: {what} {done:,} of {total:,}"

    def turn() -> None:
        for sign in cycle("|/-\\"):
            if ended.wait(0.2):
                break
            stream.write(f"\r\x1b[K{now} {sign}")
            stream.flush()
        stream.write("\r\x1b[K")
        stream.flush()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        ended.set()
        thread.join()
