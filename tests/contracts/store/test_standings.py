"""Standings and what waits, kept on a real file."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.model.promotion import Standing, Waiting
from bot.model.request import Actor, Message, Place
from bot.model.secret import Secret
from bot.model.sync import Health
from bot.store.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
V3 = Standing("staging", "payment", "v1.3.0", Health.HEALTHY, NOON - MINUTE, NOON, proven=NOON, stirring=NOON)
V2 = Standing("staging", "payment", "v1.2.0", Health.DEGRADED, NOON - 9 * MINUTE, NOON - MINUTE)
API = Standing("staging", "api", "v2.0.0", Health.SUSPENDED, NOON - 9 * MINUTE, NOON - 2 * MINUTE)
SAID = Message(
    "Ev1:due", "promote payment v1.3.0 to production", Actor("U1", "Ana"), Place("C1", "1.2"), NOON, due=True
)
WAITING = Waiting("production", "payment", "v1.3.0", SAID, NOON + timedelta(days=1), NOON)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(Secret(f"sqlite:///{tmp_path / 'quarterdeck.db'}"), lambda: NOON)
    yield opened
    opened.close()


def test_the_version_seen_last_is_what_a_service_runs(store: Store) -> None:
    elsewhere = replace(V3, environment="production")
    store.standings.note([V3, V2, API, elsewhere])
    store.standings.note([])
    assert store.standings.standings("staging") == {"payment": V3, "api": API}
    assert store.standings.standings("production") == {"payment": elsewhere}
    assert store.standings.standings("nowhere") == {}
    assert store.standings.standing("staging", "payment", "v1.2.0") == V2
    assert store.standings.standing("staging", "payment", "v1.1.0") is None


def test_what_is_noted_anew_takes_the_place_of_the_old(store: Store) -> None:
    store.standings.note([V3])
    worse = replace(V3, health=Health.DEGRADED, since=NOON, seen=NOON + MINUTE, stirring=None)
    store.standings.note([worse])
    assert store.standings.standings("staging") == {"payment": worse}


def test_versions_that_nobody_has_seen_for_long_are_forgotten(store: Store) -> None:
    old = replace(V2, seen=NOON - timedelta(days=31))
    store.standings.note([V3, old])
    store.prune()
    assert store.standings.standing("staging", "payment", "v1.2.0") is None
    assert store.standings.standings("staging") == {"payment": V3}


def test_what_waits_is_kept_in_order_one_a_target(store: Store) -> None:
    later = replace(WAITING, service="api", since=NOON + MINUTE)
    store.queue.put(later)
    store.queue.put(WAITING)
    assert store.queue.waiting() == (WAITING, later)
    other = replace(WAITING, version="v1.4.0", since=NOON + 2 * MINUTE)
    store.queue.put(other)
    assert store.queue.waiting() == (later, other)


def test_it_is_taken_once_and_only_if_it_is_that_one(store: Store) -> None:
    store.queue.put(WAITING)
    assert not store.queue.take(replace(WAITING, since=NOON - MINUTE))
    assert not store.queue.take(replace(WAITING, version="v1.4.0"))
    assert store.queue.take(WAITING)
    assert not store.queue.take(WAITING)
    assert store.queue.waiting() == ()


def test_what_goes_is_in_the_inbox_or_still_waits(store: Store) -> None:
    store.queue.put(WAITING)
    assert not store.queue.say(replace(WAITING, version="v1.4.0"), SAID)
    assert store.unfinished() == ()
    assert store.queue.say(WAITING, SAID)
    assert store.unfinished() == (replace(SAID, resumed=True),)
    assert store.queue.waiting() == ()
    assert not store.queue.say(WAITING, SAID)
    store.finish(SAID.id)
    store.queue.put(WAITING)
    assert not store.queue.say(WAITING, SAID), "said before, it is not said again"
    assert store.queue.waiting() == ()


def test_of_many_at_once_one_says_it(store: Store) -> None:
    store.queue.put(WAITING)
    with ThreadPoolExecutor(8) as pool:
        went = list(pool.map(lambda number: store.queue.say(WAITING, replace(SAID, id=f"Ev{number}")), range(8)))
    assert (went.count(True), len(store.unfinished())) == (1, 1)
