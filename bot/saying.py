"""Buttons that say a sentence, as whoever presses them.

It is fixed when they are posted, so that what a button does does not change while somebody reads.
"""

import re
from typing import Final

from bot import wording
from bot.model.reply import Choice
from bot.model.request import SAY

_WORD: Final = re.compile(r"[\w./:@+-]+")


def say(label: str, sentence: str) -> Choice:
    """A button that says a sentence."""
    return Choice(label, action=SAY, value=sentence)


def sayable(*names: str) -> bool:
    """Whether each of these names and versions is one word of a command."""
    return all(map(_WORD.fullmatch, names))


def way_back(service: str, environment: str, present: str, former: str | None) -> str:
    """`rollback payment in production from v1.3.0 to v1.2.9`, which takes back nothing newer however late it is said;
    "" where no version is known to go back to, or a name can't be said."""
    if former is None or former == present or not sayable(service, environment, present, former):
        return ""
    return f"rollback {service} in {environment} from {present} to {former}"


def roll_back(
    service: str, environment: str, present: str, former: str | None, label: str = "Roll back"
) -> tuple[Choice, ...]:
    """The button that says the way back, if there is one, once they are sure of what goes where."""
    said = way_back(service, environment, present, former)
    asks = f"{service} in {environment} goes back from {wording.short(present)} to {wording.short(former)}."
    return (Choice(label, action=SAY, value=said, danger=True, asks=asks),) if said else ()
