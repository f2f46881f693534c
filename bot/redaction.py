"""Known secrets never reach a log, whoever logs them. The last line of defence: rooms hand none over."""

import logging
import traceback
from collections.abc import Iterable

from bot.model.secret import Secret

SHORTEST = 6
"""Characters of a value worth masking; shorter ones would blot out ordinary words."""


def values(secrets: Iterable[Secret]) -> list[str]:
    """What is to be masked wherever it stands, the longest first."""
    found = {line for secret in secrets for line in [secret.reveal(), *secret.reveal().splitlines()]}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)


class Redaction(logging.Formatter):
    """Formats a record, its stack trace included, and masks every known secret in what comes of it."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._values = values(secrets)

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(record)
        except (TypeError, ValueError):
            text = f"a log record could not be formatted: {record.msg!r}\n{''.join(traceback.format_stack(limit=3))}"
        for value in self._values:
            text = text.replace(value, "…")
        return text


def log_to_stderr(secrets: Iterable[Secret], level: int) -> None:
    """Send the log to standard error, masked: the bot's own words from `level` on, libraries' from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redaction(secrets))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(level)
