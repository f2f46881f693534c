"""When Argo CD's sync windows let an Application sync. Field names by its CRD, `appprojects.argoproj.io` v1alpha1;
rules by argo-cd, pkg/apis/application/v1alpha1 (SyncWindows.Matches, CanSync). Reads no clock.

A deny that is active closes; else an allow that is active opens; else allows that are not active close.
"""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clusters.engines.said import entries, reference, text, within
from bot.model.schedule import Cron
from bot.model.sync import Manifest

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s|ms))+")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LONGEST = timedelta(days=366)
_DAYS = 366
"""How far ahead is looked, and back."""
_CHANGES = 60
"""How many times windows may open and close before it is given up to find when all are open."""
_ALTERNATIVES = 32


@dataclass(frozen=True, slots=True)
class Window:
    kind: str
    schedule: Cron | None
    """None if it can't be read: Argo CD syncs nothing then."""
    duration: timedelta = timedelta()
    by_hand: bool = False
    """Whether it lets people sync by hand though it is closed."""


def windows(project: Manifest, application: Manifest) -> tuple[Window, ...]:
    """The windows of an AppProject that are for an Application."""
    found = entries(within(project, "spec").get("syncWindows"))
    return tuple(_window(each) for each in found if _is_for(each, application))


def is_open(found: Sequence[Window], now: datetime, *, by_hand: bool = False) -> bool:
    if any(each.schedule is None for each in found):
        return False
    active = [each for each in found if _since(each, now) is not None]
    denies = [each for each in active if each.kind == "deny"]
    if denies:
        return by_hand and all(each.by_hand for each in denies)
    allows = [each for each in found if each.kind == "allow"]
    if not allows or any(each.kind == "allow" for each in active):
        return True
    return by_hand and all(each.by_hand for each in allows)


def opens(found: Sequence[Window], now: datetime, *, by_hand: bool = False) -> datetime | None:
    """From when on they let it sync, to the minute; `now` if they do; None if that is not within a year."""
    at = now
    for _ in range(_CHANGES):
        if is_open(found, at, by_hand=by_hand):
            return at
        changes = [change for each in found if (change := _next_change(each, at)) is not None]
        if not changes or min(changes) - now > _LONGEST:
            return None
        at = min(changes)
    return None


def _window(window: Manifest) -> Window:
    kind, by_hand = text(window.get("kind")), window.get("manualSync") is True
    zone = text(window.get("timeZone")) or "UTC"
    duration = text(window.get("duration"))
    try:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):  # no such zone: Argo CD takes UTC
            zone = "UTC"
        schedule = Cron.parse(text(window.get("schedule")).replace("?", "*"), zone)
    except ValueError:
        return Window(kind, None, by_hand=by_hand)
    if not _DURATION.fullmatch(duration):
        return Window(kind, None, by_hand=by_hand)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))
    return Window(kind, schedule, min(timedelta(seconds=min(seconds, 1e8)), _LONGEST), by_hand)


def _is_for(window: Manifest, application: Manifest) -> bool:
    destination = within(application, "spec", "destination")
    of = {
        "applications": (reference(application).name,),
        "clusters": tuple(filter(None, (text(destination.get("name")), text(destination.get("server"))))),
        "namespaces": (text(destination.get("namespace")),),
    }
    matches = [
        any(_matches(text(pattern), name) for pattern in patterns for name in names)
        for field, names in of.items()
        if isinstance(patterns := window.get(field), list) and patterns
    ]
    return bool(matches) and (all(matches) if window.get("andOperator") is True else any(matches))


def _matches(pattern: str, name: str) -> bool:
    """By gobwas/glob without separators: `*`, `?`, `[a-z]` and `{a,b}`."""
    return any(fnmatch.fnmatchcase(name, each) for each in _alternatives(pattern))


def _alternatives(pattern: str) -> list[str]:
    found = [pattern]
    while any("{" in each for each in found) and len(found) <= _ALTERNATIVES:
        found = [made for each in found for made in _expanded(each)]
    return found[:_ALTERNATIVES]


def _expanded(pattern: str) -> Iterator[str]:
    inner = re.search(r"\{([^{}]*)\}", pattern)
    if inner is None:
        yield pattern.replace("{", "")  # it is never closed
        return
    for each in inner[1].split(","):
        yield pattern[: inner.start()] + each + pattern[inner.end() :]


def _since(window: Window, now: datetime) -> datetime | None:
    """When it began, as its last beginning; None where it is not active."""
    if window.schedule is None:
        return None
    began = _beginning(window.schedule, now, -1)
    return began if began is not None and began > now - window.duration else None


def _next_change(window: Window, now: datetime) -> datetime | None:
    began = _since(window, now)
    if window.schedule is None:
        return None
    return began + window.duration if began is not None else _beginning(window.schedule, now, 1)


def _beginning(cron: Cron, now: datetime, way: int) -> datetime | None:
    """The next beginning after a moment, or with -1 the last up to it, by the zone's clock as people read it. One in
    the hour that summer time leaves out is none (robfig/cron, doc.go)."""
    zone = ZoneInfo(cron.zone)
    here = now.astimezone(zone).replace(tzinfo=None)
    for days in range(_DAYS):
        day = (here + timedelta(days=days * way)).date()
        in_month, in_week = day.day in cron.days, (day.isoweekday() % 7) in cron.weekdays
        if day.month not in cron.months or not ((in_month or in_week) if cron.either else (in_month and in_week)):
            continue
        for hour in sorted(cron.hours, reverse=way < 0):
            for minute in sorted(cron.minutes, reverse=way < 0):
                at = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - the zone follows
                moment = at.replace(tzinfo=zone).astimezone(UTC)
                if (at > here if way > 0 else at <= here) and moment.astimezone(zone).replace(tzinfo=None) == at:
                    return moment
    return None
