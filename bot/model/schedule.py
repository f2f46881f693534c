"""When a job runs: every so often, or by a crontab line; and how people write a time span."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {
    "month": dict(zip(_MONTHS, range(1, 13), strict=True)),
    "weekday": dict(zip(_WEEKDAYS, range(7), strict=True)),
}
_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


PERIOD = r"(?=[1-9])(?:\d{1,2}w)?(?:\d{1,3}d)?(?:\d{1,4}h)?(?:\d{1,5}m)?(?:\d{1,6}s)?"
"""How a time span is written: `90s`, `1h30m`, `1w`."""


def period(text: str) -> timedelta:
    """What a text that matches `PERIOD` stands for."""
    parts = {unit: int(number) for number, unit in re.findall(r"(\d+)([wdhms])", text)}
    weeks, days, hours, minutes, seconds = (parts.get(unit, 0) for unit in "wdhms")
    return timedelta(days, seconds, minutes=minutes, hours=hours, weeks=weeks)


@dataclass(frozen=True, slots=True)
class Every:
    period: timedelta


@dataclass(frozen=True, slots=True)
class Cron:
    """A crontab(5) line as the numbers that match, in the time zone `zone`. Weekdays count from Sunday = 0 to 6.

    `either` is crontab's exception: where day and weekday are both restricted, one of them is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool = False
    zone: str = "UTC"

    @classmethod
    def parse(cls, line: str, zone: str = "UTC") -> "Cron":
        """ValueError with a sentence if it isn't five fields of numbers, names, lists, ranges and steps."""
        words = line.split()
        if len(words) != len(_RANGES):
            raise ValueError(f"a cron line has five fields (minute hour day month weekday), this has {len(words)}")
        fields = dict(zip(_RANGES, words, strict=True))
        numbers = {name: _numbers(name, text) for name, text in fields.items()}
        either = not any(fields[name].startswith("*") for name in ("day", "weekday"))
        if not either and min(numbers["day"]) > max(_LONGEST.get(month, 31) for month in numbers["month"]):
            raise ValueError("that day never comes in those months")
        weekdays = frozenset(number % 7 for number in numbers["weekday"])
        return cls(numbers["minute"], numbers["hour"], numbers["day"], numbers["month"], weekdays, either, zone)


Schedule = Every | Cron


def _numbers(name: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        low, high = _RANGES[name]
        if span != "*":
            low = _number(name, first)
            # As in Vixie cron: a start with a step and no end runs to the field's end.
            high = _number(name, last) if dash else high if slash else low
            if name == "weekday" and dash and high == 0:
                high = 7
        if low > high or (slash and not _positive(step)):
            raise ValueError(f"{part!r} is no {name} of a cron line")
        found.update(range(low, high + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(name: str, text: str) -> int:
    names: Mapping[str, int] = _NAMES.get(name, {})
    low, high = _RANGES[name]
    number = names.get(text.lower(), int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1)
    if not low <= number <= high:
        raise ValueError(f"{text!r} is no {name} of a cron line: {low} to {high} are")
    return number


def _positive(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 3 and int(step) > 0
