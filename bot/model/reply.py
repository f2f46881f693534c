"""What the bot answers, before any chat's dialect. All text is plain: whoever renders it escapes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model.promotion import Stage
from bot.model.pull import PullRequest


class Outcome(StrEnum):
    """`outcome` of `say --json`; scripts depend on these words."""

    OPENED = "opened"
    ADOPTED = "adopted"
    COMMITTED = "committed"
    UNCHANGED = "unchanged"
    ANSWERED = "answered"
    PLANNED = "planned"
    CONFIRM = "confirm"
    CONTESTED = "contested"
    WITHDRAWN = "withdrawn"
    DONE = "done"
    REFUSED = "refused"
    MISUNDERSTOOD = "misunderstood"
    FAILED = "failed"


class Layout(StrEnum):
    TEXT = "text"
    CODE = "code"
    TABLE = "table"
    STEPS = "steps"
    """Where a change is on its way. For messages that are kept up to date, so a terminal leaves it out."""


class Mark(StrEnum):
    """How far a step is, in the words that are shown beside its sign."""

    DONE = "done"
    NOW = "now"
    LATER = "not yet"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps of a change."""

    title: str
    mark: Mark
    at: datetime | None = None
    """When it was done."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a reply below its first sentence. A table's `rows` start with its header."""

    text: str = ""
    layout: Layout = Layout.TEXT
    rows: tuple[tuple[str, ...], ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: a link (`url`) or an action with its value. `danger` asks for the confirming colour.

    The action `say` has its value said, as a command, by whoever presses it. `asks` is what they must say yes to first;
    "" where nothing is asked, as under a question.
    """

    label: str
    url: str | None = None
    action: str | None = None
    value: str = ""
    danger: bool = False
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file that goes with an answer, since it is too long for one."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `text` is whole sentences that make sense alone, as a notification shows only them."""

    outcome: Outcome
    text: str
    sections: tuple[Section, ...] = ()
    choices: tuple[Choice, ...] = ()
    data: Mapping[str, Any] | None = None
    pull: PullRequest | None = None
    commit: str | None = None
    private: bool = False
    """For the asker alone, where the chat can: usage errors, refusals, help."""
    attachment: Attachment | None = None
    """Shown to everyone in the place of the question."""
    stage: Stage | None = None
    """How far the change is that it tells of: shown in place of the outcome."""
    mentions: tuple[str, ...] = ()
    """Ids of people who are to be notified."""
    broadcast: bool = False
    """Shown in the channel too, where it is said in a thread."""
