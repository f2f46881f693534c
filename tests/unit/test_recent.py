"""Looks of a moment ago: when they count, and for whom."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from bot.model.catalog import Target
from bot.model.sync import Health, Sighting, SyncState
from bot.recent import KEPT, Recent

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
API, WEB = (Target(name, "production", "config", (name,)) for name in ("api", "web"))
OTHER = Target("mail", "production", "mail", ("mail",))
HEADS = {"config": "c1", "mail": "m1"}


class Bench:
    def __init__(self, few: int = 0) -> None:
        self.time = NOW
        self.recent = Recent(lambda: self.time, few=few)
        self.pending: set[Target] = set()
        self.heads = dict(HEADS)
        self.asked: list[tuple[Target, ...]] = []

    def sight(self, targets):
        self.asked.append(tuple(targets))
        return tuple(
            Sighting(
                each,
                self.heads[each.repository],
                "v1",
                "v1",
                SyncState.PENDING if each in self.pending else SyncState.SYNCED,
                Health.HEALTHY,
            )
            for each in targets
        )

    def look(self, *targets):
        return self.recent.look(dict(self.heads), targets, self.sight)


def test_a_look_is_kept_for_those_who_ask_for_some_of_it():
    bench = Bench()
    first = bench.look(API, WEB, OTHER)
    bench.time += timedelta(seconds=5)
    again = bench.look(WEB, API)
    assert (first.at, first.fresh, again.at, again.fresh) == (NOW, True, NOW, False)
    assert again.sightings == (first.sightings[1], first.sightings[0])
    assert bench.asked == [(API, WEB, OTHER)]


@pytest.mark.parametrize("passed", [KEPT, KEPT * 2])
def test_it_is_kept_no_longer_than_that(passed):
    bench = Bench()
    bench.look(API)
    bench.time += passed
    assert bench.look(API).fresh
    assert len(bench.asked) == 2


def test_who_asks_for_more_or_of_another_commit_looks_afresh():
    bench = Bench()
    bench.look(API, OTHER)
    assert not bench.look(API, WEB).fresh
    assert bench.asked == [(API, OTHER), (WEB,)]
    bench.heads["config"] = "c2"
    assert bench.look(API, WEB, OTHER).at == NOW
    assert bench.asked[2:] == [(API, WEB)], "another repository has not moved"


def test_it_is_as_old_as_its_oldest_part():
    bench = Bench()
    bench.look(API)
    bench.time += timedelta(seconds=4)
    bench.look(WEB)
    bench.time += timedelta(seconds=4)
    assert bench.look(WEB, API).at == NOW


def test_what_others_saw_counts_until_something_is_about_to_change():
    bench = Bench()
    bench.recent.feed(bench.sight([API]), NOW)
    assert not bench.look(API).fresh
    bench.recent.forget()
    assert bench.look(API).fresh


def test_a_look_that_began_before_a_change_is_not_kept():
    bench = Bench()

    def changing(targets):
        bench.recent.forget()
        return bench.sight(targets)

    assert bench.recent.look(HEADS, [API], changing).fresh
    assert bench.look(API).fresh
    assert len(bench.asked) == 2


def test_few_are_looked_at_afresh():
    bench = Bench(few=1)
    bench.look(API, WEB)
    assert (bench.look(API).fresh, bench.look(API, WEB).fresh) == (True, False)
    assert bench.asked == [(API, WEB), (API,)]


def test_those_that_move_are_looked_at_afresh_while_they_are_few():
    bench = Bench(few=1)
    bench.pending = {WEB}
    bench.look(API, WEB)
    bench.time += timedelta(seconds=5)
    assert [each.sync for each in bench.look(API, WEB).sightings] == [SyncState.SYNCED, SyncState.PENDING]
    bench.pending = {WEB, API}
    bench.look(API, WEB)
    bench.recent.feed(bench.sight([API, WEB]), NOW)
    bench.look(API, WEB)
    assert bench.asked == [(API, WEB), (WEB,), (WEB,), (API, WEB)]


def test_those_who_ask_meanwhile_wait_for_the_same_look():
    bench, begun, go_on = Bench(), Event(), Event()

    def slow(targets):
        begun.set()
        go_on.wait(60)
        return bench.sight(targets)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(bench.recent.look, HEADS, [API, WEB], slow)
        begun.wait(60)
        others = [pool.submit(bench.look, API), pool.submit(bench.look, WEB, API)]
        go_on.set()
        assert all(each.result().sightings for each in (first, *others))
    assert bench.asked == [(API, WEB)]


def test_a_look_that_breaks_breaks_for_whoever_made_it_alone():
    bench = Bench()

    def broken(targets):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        bench.recent.look(HEADS, [API], broken)
    assert bench.look(API).fresh
