"""Who said what, where; and what it means once understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks. `id` is the key under `people:` (a Slack user id, or `terminal`); `name` is for people to read."""

    id: str
    name: str
    github: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was said and the answer belongs. A terminal has neither channel nor thread."""

    channel: str | None = None
    thread: str | None = None
    link: str | None = None
    """A permanent link to the message, for the pull request."""


SAY = "say"
"""The action of a button whose value is said by whoever presses it: it can do no more than they could by typing."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed, on which message, and what that message said: `confirm` or `cancel`, of which confirmation; or
    `say`, which is as if its value had been typed in that message's thread."""

    action: str
    confirmation: str
    message: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said to the bot. `id` is the same however often the sender repeats it."""

    id: str
    text: str
    actor: Actor
    place: Place
    at: datetime
    resumed: bool = False
    """Work on it may have begun before a restart, so its effects may be there already."""
    press: Press | None = None
    """A button instead of words; `text` is empty then, but for the action `say`."""
    due: bool = False
    """Said at last, long after it was asked for: the answer is to find whoever asked."""
    after: str = ""
    """The key of a promotion that the bot takes back by itself with this, as the config says. Never from outside."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command understood: the verb and its converted arguments by parameter name."""

    verb: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Misunderstanding:
    """A command not understood: the sentence, and where in `text` the trouble is (a code point index), if anywhere."""

    why: str
    text: str = ""
    position: int | None = None
    length: int = 1
    suggestions: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Why, as a whole sentence, and what may have been meant."""
        why = self.why if self.why.endswith((".", "?", "!")) else f"{self.why}."
        return f"{why} Did you mean {' or '.join(self.suggestions)}?" if self.suggestions else why
