"""What of services that do badly is told: what lasts, once, and that it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.drift.episodes import Event
from bot.model.catalog import Target
from bot.model.episode import Episode
from bot.model.sync import (
    Ailment,
    Deployed,
    Difference,
    Health,
    Kind,
    ObjectRef,
    Severity,
    Sighting,
    Symptoms,
    SyncState,
)
from bot.notices.matters import DEGRADED, PAUSED, TOO_LONG, TRANSIENT, UNSYNCED, follow, matters

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = b"key"
APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "payment")
PAYMENT = Target("payment", "production", "config", ("production/payment",), "production")
ENGINE = Deployed("argocd", "production", APPLICATION, "production/payment")
WELL = Sighting(PAYMENT, "abc", "v1", "v1", SyncState.SYNCED, Health.HEALTHY, deployed=ENGINE)


def ill(ref: ObjectRef = DEPLOYMENT, reason: str = "0 of 1 replicas ready", since: datetime | None = None) -> Ailment:
    return Ailment(ref, Health.DEGRADED, reason, since, Symptoms(("CrashLoopBackOff",)))


SICK = replace(WELL, health=Health.DEGRADED, ailments=(ill(),))
FAILED = replace(
    WELL, deployed=replace(ENGINE, trouble="the sync failed"), ailments=(ill(APPLICATION, "the sync failed"),)
)
OFF = replace(WELL, deployed=replace(ENGINE, paused="auto-sync is off in Argo CD"))


def matter(ref: ObjectRef, path: str, note: str, since: datetime | None = None) -> Difference:
    return Difference(ref, Kind.DRIFT, path, None, None, Severity.MEDIUM, since=since, note=note)


@pytest.mark.parametrize(
    ("sighting", "found"),
    [
        (WELL, ()),
        (SICK, (matter(DEPLOYMENT, DEGRADED, "0 of 1 replicas ready: CrashLoopBackOff"),)),
        (
            replace(SICK, ailments=(ill(since=START),)),
            (matter(DEPLOYMENT, DEGRADED, "0 of 1 replicas ready: CrashLoopBackOff", START),),
        ),
        (FAILED, (matter(APPLICATION, UNSYNCED, "the sync failed"),)),
        (OFF, (matter(APPLICATION, PAUSED, "auto-sync is off in Argo CD"),)),
        (
            replace(WELL, ailments=(ill(APPLICATION, "Argo CD says: degraded"),)),
            (matter(APPLICATION, DEGRADED, "Argo CD says: degraded: CrashLoopBackOff"),),
        ),
        (
            replace(WELL, ailments=(ill(), ill(APPLICATION, "Argo CD says: degraded"))),
            (matter(DEPLOYMENT, DEGRADED, "0 of 1 replicas ready: CrashLoopBackOff"),),
        ),
        (replace(WELL, ailments=(Ailment(DEPLOYMENT, Health.PROGRESSING, "1 of 2 updated"),)), ()),
        (replace(WELL, ailments=(Ailment(DEPLOYMENT, Health.MISSING, "it is missing"),)), ()),
        (replace(WELL, ailments=(Ailment(DEPLOYMENT, Health.SUSPENDED, "the rollout is paused"),)), ()),
    ],
)
def test_what_is_wrong(sighting: Sighting, found: tuple[Difference, ...]) -> None:
    assert matters(sighting) == found


def course(
    *looks: tuple[float, Sequence[Sighting]], busy: Mapping[float, frozenset[str]] | None = None
) -> list[tuple[float, str, tuple[Event, ...]]]:
    """What is told over looks, each after so many minutes."""
    known: dict[str, Episode] = {}
    told = []
    for minutes, sightings in looks:
        now = START + timedelta(minutes=minutes)
        steps, _ = follow(known, sightings, (busy or {}).get(minutes, frozenset()), now, KEY)
        for name, step in steps.items():
            if step.events:
                told.append((minutes, name, step.events))
            if step.episode is None:
                known.pop(name, None)
            else:
                known[name] = replace(step.episode, message="m" if step.episode.told else step.episode.message)
    return told


def looks(*states: Sighting, every: float = 1) -> list[tuple[float, Sequence[Sighting]]]:
    return [(number * every, [each]) for number, each in enumerate(states)]


OPENED, HEALED = (Event.OPENED,), (Event.HEALED,)


@pytest.mark.parametrize("state", [SICK, FAILED])
def test_what_lasts_is_told_once_and_that_it_is_over(state: Sighting) -> None:
    assert course(*looks(*[state] * 9, *[WELL] * 9)) == [(2, "payment", OPENED), (11, "payment", HEALED)]


def test_what_passes_is_not_told() -> None:
    assert course(*looks(SICK, SICK, WELL, SICK, SICK, WELL, WELL, SICK)) == []


def test_one_look_is_none_however_long_it_lasts() -> None:
    old = replace(SICK, ailments=(ill(since=START - timedelta(days=1)),))
    assert course((0, [old])) == []
    assert course((0, [old]), (1, [old])) == [(1, "payment", OPENED)]


def test_an_engine_that_is_off_is_told_when_it_is_for_too_long() -> None:
    hours = TOO_LONG / timedelta(minutes=1)
    assert course(*looks(*[OFF] * 6, every=hours / 4)) == [(hours, "payment", OPENED)]
    since = replace(OFF, deployed=replace(ENGINE, paused="off", paused_since=START - TOO_LONG + timedelta(minutes=2)))
    assert course(*looks(*[since] * 4)) == [(2, "payment", OPENED)]
    assert course(*looks(OFF, OFF, WELL, OFF, every=hours / 2 - 1)) == []


def test_what_a_promotion_tells_is_not_told_meanwhile() -> None:
    rolling = {float(minute): frozenset({"payment"}) for minute in range(5)}
    assert course(*looks(*[SICK] * 9), busy=rolling) == [(7, "payment", OPENED)]
    assert course(*looks(*[SICK] * 5, *[WELL] * 5), busy=rolling) == []


def test_a_promotion_that_puts_it_right_ends_it() -> None:
    rolling = {float(minute): frozenset({"payment"}) for minute in range(4, 8)}
    assert course(*looks(*[SICK] * 6, *[WELL] * 6), busy=rolling) == [(2, "payment", OPENED), (10, "payment", HEALED)]


def test_what_comes_and_goes_is_told_less_and_less() -> None:
    told = course(*looks(*([SICK] * 4 + [WELL] * 4) * 30))
    assert 5 <= len(told) <= 12
    assert Event.RESTLESS in {event for _, _, events in told for event in events}
    assert told[-1][0] < 60, "nothing is said any more while it goes on"


UNREADABLE = replace(WELL, sync=SyncState.UNKNOWN, health=Health.UNKNOWN, deployed=None)


def test_what_can_not_be_looked_at_is_as_it_was() -> None:
    assert course(*looks(SICK, SICK, SICK, *[UNREADABLE] * 9, *[WELL] * 4)) == [
        (2, "payment", OPENED),
        (14, "payment", HEALED),
    ]


def test_an_engine_that_is_not_found_is_not_well_for_that() -> None:
    gone = replace(WELL, deployed=None)
    assert course(*looks(FAILED, FAILED, FAILED, *[gone] * 9, *[WELL] * 4)) == [
        (2, "payment", OPENED),
        (14, "payment", HEALED),
    ]


def test_an_object_that_can_not_be_read_is_not_well_for_that() -> None:
    partly = replace(WELL, unread={DEPLOYMENT: "production doesn't let us read it"})
    assert course(*looks(SICK, SICK, SICK, *[partly] * 9)) == [(2, "payment", OPENED)]


def test_what_left_git_is_over() -> None:
    told = course((0, [SICK]), (1, [SICK]), (2, [SICK]), (3, []))
    assert told == [(2, "payment", OPENED), (3, "payment", (Event.UNDECLARED,))]


def test_another_matter_is_told_in_the_thread() -> None:
    both = replace(FAILED, ailments=(ill(),))
    assert course(*looks(SICK, SICK, SICK, both, both, both))[1:] == [(5, "payment", (Event.CHANGED,))]


STATES = st.sampled_from([WELL, SICK, FAILED, OFF, UNREADABLE])


@given(st.lists(st.tuples(STATES, st.integers(1, 90), st.booleans()), max_size=40))
def test_however_it_goes_beginnings_and_ends_alternate(steps: list[tuple[Sighting, int, bool]]) -> None:
    minute, given_looks, busy = 0.0, [], {}
    for state, after, rolling in steps:
        minute += after
        given_looks.append((minute, [state]))
        busy[minute] = frozenset({"payment"} if rolling else ())
    is_open = False
    for _, _, events in course(*given_looks, busy=busy):
        for event in events:
            if event in {Event.OPENED, Event.AGAIN}:
                assert not is_open
                is_open = True
            elif event is Event.HEALED:
                assert is_open
                is_open = False


@given(st.lists(STATES, max_size=30))
def test_what_is_told_was_there_in_every_look_for_as_long(states: list[Sighting]) -> None:
    every = 0.5
    lasts = round(TRANSIENT / timedelta(minutes=every))
    for minute, _, events in course(*looks(*states, every=every)):
        if Event.OPENED in events:
            last = round(minute / every)
            before = states[last - lasts : last + 1]
            assert any(all(each in (state, UNREADABLE) for each in before) for state in (SICK, FAILED))
