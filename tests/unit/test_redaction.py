"""Known secrets stay out of the log."""

import logging
import sys

from bot.model.secret import Secret
from bot.redaction import Redaction

TOKEN = Secret("ghp_verysecretvalue")


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("bot", logging.INFO, "f.py", 1, message, args, info)


def test_a_secret_in_a_message_its_arguments_or_a_trace_is_masked() -> None:
    masked = Redaction([TOKEN])
    try:
        raise RuntimeError(f"fetch with {TOKEN.reveal()} failed")  # noqa: TRY301 - for its trace
    except RuntimeError:
        error = sys.exc_info()[1]
    for each in (record(f"x {TOKEN.reveal()}"), record("x %s", TOKEN.reveal()), record("x", error=error)):
        text = masked.format(each)
        assert "verysecret" not in text
        assert "…" in text or each.args


def test_each_line_of_a_key_is_masked() -> None:
    masked = Redaction([Secret("-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----")])
    assert "abcdefgh" not in masked.format(record("line abcdefgh seen"))


def test_a_secret_shows_nothing_of_itself() -> None:
    assert repr(TOKEN) == str(TOKEN) == f"{TOKEN}" == "…"
    assert repr([TOKEN]) == "[…]"


def test_a_record_that_cannot_be_formatted_is_masked_too() -> None:
    text = Redaction([TOKEN]).format(record(f"%d {TOKEN.reveal()}", "no number"))
    assert "verysecret" not in text
