"""Cron lines that are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.schedule import Cron


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "a cron line has five fields (minute hour day month weekday), this has 0"),
        ("* * * * * *", "a cron line has five fields (minute hour day month weekday), this has 6"),
        ("@daily", "a cron line has five fields (minute hour day month weekday), this has 1"),
        ("60 * * * *", "'60' is no minute of a cron line: 0 to 59 are"),
        ("* 24 * * *", "'24' is no hour of a cron line: 0 to 23 are"),
        ("* * 0 * *", "'0' is no day of a cron line: 1 to 31 are"),
        ("* * * sunday *", "'sunday' is no month of a cron line: 1 to 12 are"),
        ("* * * * 8", "'8' is no weekday of a cron line: 0 to 7 are"),
        ("*/0 * * * *", "'*/0' is no minute of a cron line"),
        ("*/ * * * *", "'*/' is no minute of a cron line"),
        ("5-1 * * * *", "'5-1' is no minute of a cron line"),
        ("1, * * * *", "'' is no minute of a cron line: 0 to 59 are"),
        ("-1 * * * *", "'' is no minute of a cron line: 0 to 59 are"),
        ("٣ * * * *", "'٣' is no minute of a cron line: 0 to 59 are"),
        ("0 0 30 2 *", "that day never comes in those months"),
        ("0 0 31 4,6 *", "that day never comes in those months"),
    ],
)
def test_a_line_that_is_none_has_its_sentence(line: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared below
        Cron.parse(line)
    assert str(refused.value) == sentence


@settings(deadline=None)
@given(st.text(alphabet="0123456789*/,- amonfriju", max_size=30))
def test_any_text_is_a_line_or_has_a_sentence(line: str) -> None:
    try:
        cron = Cron.parse(line)
    except ValueError as error:
        said = str(error)
    else:
        assert cron.minutes <= set(range(60))
        assert cron.weekdays <= set(range(7))
        assert all((cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays))
        return
    assert "cron line" in said or "never comes" in said
