"""`response_url`s: a short-lived right to answer a command or a press without a token (docs.slack.dev)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from bot.playground.slack.conversations import Message

LIFETIME = timedelta(minutes=30)
USES = 5


@dataclass(slots=True)
class Right:
    """Whom an answer is for, and the message that was pressed, if it was a press."""

    user: str
    channel: str
    message: Message | None
    until: datetime
    left: int = USES


class ResponseUrls:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._rights: dict[str, Right] = {}

    def grant(self, user: str, channel: str, message: Message | None = None) -> str:
        """The secret last part of a new response URL."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._rights[key] = Right(user, channel, message, self._now() + LIFETIME)
        return key

    def use(self, key: str) -> Right | str:
        """The right, used once more; or Slack's word for why there is none."""
        with self._lock:
            right = self._rights.get(key)
            if right is None:
                return "invalid_url"
            if self._now() > right.until:
                return "expired_url"
            if right.left == 0:
                return "used_url"
            right.left -= 1
            return right
