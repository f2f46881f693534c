"""What a person typed, cut into words."""

import pytest

from bot.language.words import LONGEST, Words, split
from bot.model.request import Misunderstanding


def said(typed: str) -> list[str]:
    cut = split(typed)
    assert isinstance(cut, Words), cut
    return [word.text for word in cut.words]


def trouble(typed: str) -> str:
    cut = split(typed)
    assert isinstance(cut, Misunderstanding), cut
    return cut.why


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("promote payment v1.3.0 to prod", ["promote", "payment", "v1.3.0", "to", "prod"]),
        ("  promote\u00a0payment\tv1  ", ["promote", "payment", "v1"]),
        ("promote `payment` v1.3.0", ["promote", "payment", "v1.3.0"]),
        ("promote <http://payment.io|payment.io> v1", ["promote", "payment.io", "v1"]),
        ("status in <#C1|prod>", ["status", "in", "#prod"]),
        ("promote <!channel> v1", ["promote", "@channel", "v1"]),
        ("status &amp;co", ["status", "&co"]),
        ("promote pay\u200bment v1\u20112", ["promote", "payment", "v1-2"]),
        ("> promote api v1 to prod\nstatus", ["status"]),
        ("&gt; promote api v1 to prod\nstatus", ["status"]),
        ("```promote api v1 to prod``` status", ["status"]),
        ("status\n```\nrollback api", ["status"]),
        ("`rollback api in prod` status", ["status"]),
        ("promote api v1.3.0 to prod.", ["promote", "api", "v1.3.0", "to", "prod"]),
        ("status?!", ["status"]),
        ("rollback api to v1.1.0. ", ["rollback", "api", "to", "v1.1.0"]),
    ],
)
def test_words(typed: str, words: list[str]) -> None:
    assert said(typed) == words


def test_positions_are_those_of_the_cleaned_text() -> None:
    cut = split("promote `paymnt` v1")
    assert isinstance(cut, Words)
    word = cut.words[1]
    assert cut.text[word.start : word.end] == "paymnt"


@pytest.mark.parametrize(
    "typed",
    ["> rollback api", "```rollback api```", "`rollback api in prod`", '"rollback api"', "\u201crollback\u201d"],
)
def test_what_is_quoted_is_no_command(typed: str) -> None:
    assert trouble(typed) == "Quoted text and code are not commands; type the command as plain text."


@pytest.mark.parametrize("typed", ["", "   ", "\n\n"])
def test_nothing_said(typed: str) -> None:
    assert trouble(typed) == "No command was given; for example: status, or help for all of them."


def test_too_long() -> None:
    why = trouble("status " + "x" * 40_000)
    assert why.startswith(f"That message has 40,007 characters and a command at most {LONGEST:,}")


def test_control_characters_are_named() -> None:
    assert trouble("promote pay\x07ment v1 to prod") == (
        "That message holds the control character U+0007 at position 12; type the command again by hand."
    )
