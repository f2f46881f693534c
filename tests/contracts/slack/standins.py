"""What stands on the inside of the room: an inbox in memory, and a listener that answers what it is told to."""

from collections.abc import Callable
from dataclasses import replace
from threading import Condition

from bot.conversation import Answer
from bot.errors import Unavailable
from bot.model.reply import Outcome, Reply
from bot.model.request import Message
from bot.slack.listeners import Slack

DEPLOYS = "C0DEPLOYS1"
ANA = "U0ANA00001"

Connect = Callable[..., Slack]


class MemoryInbox:
    """The inbox port in memory. While `broken`, it keeps nothing."""

    def __init__(self) -> None:
        self.broken = False
        self.kept: dict[str, Message] = {}
        self.finished: list[str] = []
        self._changed = Condition()

    def receive(self, message: Message) -> bool:
        if self.broken:
            raise Unavailable("The database is away.")
        with self._changed:
            return self.kept.setdefault(message.id, message) is message

    def unfinished(self) -> tuple[Message, ...]:
        left = [message for message in self.kept.values() if message.id not in self.finished]
        return tuple(replace(message, resumed=True) for message in left)

    def finish(self, message_id: str) -> None:
        with self._changed:
            self.finished.append(message_id)
            self._changed.notify_all()

    def wait_finished(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.finished) >= count, 5)


class Listener:
    """What the bot hears; answers each message with the next of `answers` or `replies`, else by repeating it."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.replies: list[Reply] = []
        self.answers: list[Answer] = []
        self.warning: Reply | None = None
        self.before_answer: Callable[[], None] = lambda: None
        self.done: list[str] = []

    def __call__(self, message: Message) -> Answer:
        self.heard.append(message)
        self.before_answer()
        if self.answers:
            return self.answers.pop(0)
        reply = self.replies.pop(0) if self.replies else Reply(Outcome.ANSWERED, f"Heard: {message.text}")
        return Answer(reply, lambda: self._after(message))

    def _after(self, message: Message) -> Reply | None:
        self.done.append(message.id)
        return self.warning
