"""Say what is news exactly once, as far as that can be: written down before it is said, and again when it was.

Knows neither drift nor words. If the process dies in between, the news counts as told: what may have been said is not
said again. If the chat did not take it, what was known before is restored, and the next check says it.
"""

import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.errors import Gone, Refusal, Unavailable
from bot.model.episode import Episode, Outage
from bot.model.reply import Reply
from bot.model.request import Place
from bot.ports import Chat, Episodes

log = logging.getLogger(__name__)


def fingerprint(key: bytes, reply: Reply) -> str:
    """A fingerprint of what a message says, that tells nothing to whoever reads it."""
    return hmac.new(key, repr(reply).encode(), hashlib.sha256).hexdigest()[:32]


Known = TypeVar("Known", Episode, Outage)

TRIES = 3


@dataclass(frozen=True, slots=True)
class Teller:
    """Where news go, and where it is written down that they went."""

    chat: Chat
    store: Episodes
    channel: str

    def open(
        self, reply: Reply, shown: str, before: Sequence[Known | None], after: Sequence[Known]
    ) -> tuple[Known, ...] | None:
        """Post a message of its own; what is known afterwards, None if another process says it.

        `shown` is the fingerprint of what the message says.
        """
        claimed = self._claim(after)
        if claimed is None:
            return None
        try:
            message = self.chat.post(Place(channel=self.channel), reply)
        except (Refusal, Unavailable) as trouble:
            self._unsaid(trouble, before, claimed)
            raise
        return self._confirm(claimed, message, self.chat.channel(self.channel), shown)

    def add(self, reply: Reply, before: Sequence[Known | None], after: Sequence[Known]) -> tuple[Known, ...] | None:
        """Post in the thread of the message that they have in common; the rest as `open`."""
        claimed = self._claim(after)
        if claimed is None:
            return None
        first = claimed[0]
        try:
            self.chat.post(Place(channel=first.channel, thread=first.message), reply)
        except (Refusal, Unavailable) as trouble:
            self._unsaid(trouble, before, claimed)
            raise
        return self._confirm(claimed, first.message, first.channel, first.shown)

    def renew(self, reply: Reply, shown: str, known: Sequence[Known]) -> tuple[Known, ...]:
        """Have the message that they have in common say something else, unless it says that already."""
        first = known[0]
        if all(each.shown == shown for each in known):
            return tuple(known)
        channel = self.chat.channel(first.channel)
        if channel.startswith("#"):
            return tuple(known)  # A former release noted no id, and without one nothing can be updated.
        try:
            self.chat.update(channel, first.message, reply)
        except Gone:
            return self._confirm(known, "", "", "")
        return self._confirm(known, first.message, channel, shown)

    def _claim(self, after: Sequence[Known]) -> tuple[Known, ...] | None:
        claimed = [replace(each, telling=True) for each in after]
        if not self.store.write(claimed):
            log.info("another process tells the news of %s", ", ".join(sorted({each.environment for each in after})))
            return None
        return tuple(replace(each, version=each.version + 1) for each in claimed)

    def _confirm(self, known: Sequence[Known], message: str, channel: str, shown: str) -> tuple[Known, ...]:
        after = [replace(each, telling=False, message=message, channel=channel, shown=shown) for each in known]
        if self.store.write(after):
            return tuple(replace(each, version=each.version + 1) for each in after)
        return tuple(self._insist(each) for each in after)

    def _insist(self, known: Known) -> Known:
        """Note the message of one of which something was written meanwhile."""
        after = known
        for _ in range(TRIES):
            if self.store.write([after]):
                return replace(after, version=after.version + 1)
            # Another process wrote what it saw since. What it can't know is the message.
            now = self._again(known)
            if now is None:
                break
            after = replace(now, telling=False, message=known.message, channel=known.channel, shown=known.shown)
        return after

    def _again(self, known: Known) -> Known | None:
        rows = (*self.store.underway(known.environment), *self.store.outages(known.environment))
        return next((each for each in rows if isinstance(each, type(known)) and _name(each) == _name(known)), None)

    def _unsaid(self, trouble: Refusal | Unavailable, before: Sequence[Known | None], claimed: Sequence[Known]) -> None:
        """Restore what was known before, if it is certain that nothing was said.

        Where somebody took the message away, the next check posts another.
        """
        if isinstance(trouble, Unavailable) and trouble.unsure:
            return
        kept = [
            replace(former, version=claim.version)
            for former, claim in zip(before, claimed, strict=True)
            if former is not None
        ]
        if isinstance(trouble, Gone):
            kept = [replace(each, message="", shown="") for each in kept]
        new = [claim for former, claim in zip(before, claimed, strict=True) if former is None]
        self.store.write(kept, new)


def _name(known: Episode | Outage) -> str:
    return known.service if isinstance(known, Episode) else known.cause
