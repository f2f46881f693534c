"""Usage lines as grammar."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.grammar import Match, Usage
from bot.language.words import Word

STATUS = Usage("status [<service>] [in <environment>]")
PROMOTE = Usage("promote <service> <version> to <environment>")
DRIFT = Usage("drift [check] [<service>] [in <environment>]")


def words(text: str) -> tuple[Word, ...]:
    parts = text.split()
    starts = accumulate((len(part) + 1 for part in parts[:-1]), initial=0)
    return tuple(Word(part, start) for part, start in zip(parts, starts, strict=True))


def match(usage: Usage, text: str) -> tuple[dict[str, str], bool, int, str | None]:
    found: Match = usage.match(words(text))
    return (
        {name: " ".join(word.text for word in words) for name, words in found.slots.items()},
        found.complete,
        found.reached,
        found.wanted,
    )


@pytest.mark.parametrize(
    ("usage", "text", "slots"),
    [
        (STATUS, "status", {}),
        (STATUS, "STATUS api", {"service": "api"}),
        (STATUS, "status in prod", {"environment": "prod"}),
        (STATUS, "status api IN prod", {"service": "api", "environment": "prod"}),
        (PROMOTE, "promote api v1 to prod", {"service": "api", "version": "v1", "environment": "prod"}),
        (DRIFT, "drift check", {}),
        (DRIFT, "drift check api in prod", {"service": "api", "environment": "prod"}),
    ],
)
def test_complete(usage: Usage, text: str, slots: dict[str, str]) -> None:
    assert match(usage, text) == (slots, True, len(text.split()), None)


@pytest.mark.parametrize(
    ("usage", "text", "reached", "wanted"),
    [
        (PROMOTE, "promote", 1, "<service>"),
        (PROMOTE, "promote api v1", 3, "to"),
        (PROMOTE, "promote api v1 prod", 3, "to"),
        (PROMOTE, "promote to prod", 1, "<service>"),
        (STATUS, "status api prod", 2, None),
        (STATUS, "status in", 2, "<environment>"),
    ],
)
def test_how_far_it_got(usage: Usage, text: str, reached: int, wanted: str | None) -> None:
    _, complete, got, expected = match(usage, text)
    assert (complete, got, expected) == (False, reached, wanted)


@given(st.lists(st.sampled_from(["status", "api", "in", "prod", "to", "v1", "check"]), min_size=1, max_size=7))
def test_a_match_takes_every_word_or_is_none(said: list[str]) -> None:
    for usage in (STATUS, PROMOTE, DRIFT):
        found = usage.match(words(" ".join(said)))
        assert found.complete == (found.wanted is None and found.reached == len(said))
        assert found.reached <= len(said)


def test_broken_usages_are_found_when_declared() -> None:
    with pytest.raises(ValueError, match="never closes"):
        _ = Usage("status [<service>").pieces
    with pytest.raises(ValueError, match="never opened"):
        _ = Usage("status <service>]").pieces


def test_which_keywords_were_said() -> None:
    usage = Usage("promote <service> to <environment> [when healthy [within <duration>]]")
    assert usage.match(words("promote api to prod")).said == {"promote", "to"}
    assert usage.match(words("promote api to prod WHEN healthy")).said == {"promote", "to", "when", "healthy"}
