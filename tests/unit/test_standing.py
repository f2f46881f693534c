"""Since when a version is healthy, from one look to the next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.catalog import Target
from bot.model.promotion import Standing
from bot.model.sync import Health, Sighting, SyncState
from bot.standing import FLAP, follow, runs

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAYMENT = Target("payment", "staging", "config", ("staging/payment",), "staging")
BAD = (Health.DEGRADED, Health.MISSING, Health.SUSPENDED)


def look(
    health: Health = Health.HEALTHY,
    version: str | None = "v1.3.0",
    *,
    desired: str | None = "v1.3.0",
    sync: SyncState = SyncState.SYNCED,
) -> Sighting:
    return Sighting(PAYMENT, "a" * 40, desired, version, sync, health)


def well(minutes: float = 0, **changed: Any) -> Standing:
    """Healthy since noon, and seen so many minutes later."""
    seen = NOON + minutes * MINUTE
    found = Standing("staging", "payment", "v1.3.0", Health.HEALTHY, NOON, seen, proven=seen)
    return replace(found, **changed)


@pytest.mark.parametrize(
    ("sighting", "version"),
    [
        (look(), "v1.3.0"),
        (look(sync=SyncState.DRIFTED), "v1.3.0"),
        (look(sync=SyncState.PENDING), None),
        (look(sync=SyncState.UNKNOWN), None),
        (look(version="v1.2.0"), None),
        (look(version="v1.2.0, v1.3.0"), None),
        (look(version=None, desired=None), None),
        (replace(look(), target=replace(PAYMENT, watched=True)), None),
    ],
)
def test_a_version_runs_where_git_and_cluster_agree_on_it(sighting: Sighting, version: str | None) -> None:
    assert runs(sighting) == version


AT_TEN = NOON + 10 * MINUTE


@pytest.mark.parametrize(
    ("known", "sighting", "after"),
    [
        (well(9), look(), well(10)),
        (well(9), look(sync=SyncState.DRIFTED), well(10)),
        # A gap that is too long, and one that is just not.
        (well(0), look(), well(10)),
        (well(-1), look(), well(since=AT_TEN, seen=AT_TEN, proven=AT_TEN)),
        # Nothing can be said: what was known stays, and grows old.
        (well(9), look(sync=SyncState.PENDING), well(9)),
        (well(9), look(Health.UNKNOWN), well(9)),
        (well(9), look(version="v1.2.0"), well(9)),
        (None, look(version="v1.2.0"), None),
        (None, look(Health.DEGRADED, version="v1.2.0"), None),
        # A break.
        (well(9), look(Health.DEGRADED), well(9, health=Health.DEGRADED, since=AT_TEN, seen=AT_TEN)),
        (
            well(9),
            look(Health.MISSING, None, sync=SyncState.UNKNOWN),
            well(9, health=Health.MISSING, since=AT_TEN, seen=AT_TEN),
        ),
        (
            well(9),
            look(Health.DEGRADED, "v1.2.9", sync=SyncState.PENDING),
            well(9, health=Health.DEGRADED, since=AT_TEN, seen=AT_TEN),
        ),
        (
            well(9, health=Health.DEGRADED),
            look(Health.DEGRADED),
            well(9, health=Health.DEGRADED, seen=AT_TEN),
        ),
        (well(9, health=Health.DEGRADED), look(), well(since=AT_TEN, seen=AT_TEN, proven=AT_TEN)),
        # Progressing for a look is a flap, for longer is a break.
        (well(9), look(Health.PROGRESSING), well(9, seen=AT_TEN, stirring=AT_TEN)),
        (
            well(9, stirring=AT_TEN - FLAP),
            look(Health.PROGRESSING),
            well(9, seen=AT_TEN, stirring=AT_TEN - FLAP),
        ),
        (well(9, stirring=AT_TEN - FLAP), look(), well(10)),
        (
            well(9, stirring=AT_TEN - FLAP - MINUTE),
            look(Health.PROGRESSING),
            well(9, health=Health.PROGRESSING, since=AT_TEN - FLAP - MINUTE, seen=AT_TEN),
        ),
        (
            well(9, stirring=AT_TEN - FLAP - MINUTE),
            look(),
            well(since=AT_TEN, seen=AT_TEN, proven=AT_TEN),
        ),
        # The clock was set back.
        (well(11), look(), well(11)),
    ],
)
def test_a_look_continues_or_breaks_what_was_known(
    known: Standing | None, sighting: Sighting, after: Standing | None
) -> None:
    assert follow(known, sighting, AT_TEN) == after


def test_another_version_begins_anew_and_keeps_what_it_proved_before() -> None:
    other = look(version="v1.2.0", desired="v1.2.0")
    seen = {"version": "v1.2.0", "since": AT_TEN, "seen": AT_TEN}
    assert follow(well(9), other, AT_TEN, healthy_for=MINUTE) == well(**seen, proven=None)
    assert follow(well(9), other, AT_TEN, healthy_for=MINUTE, proven=NOON) == well(**seen, proven=NOON)


def test_of_two_versions_it_is_clear_which_was_seen_last() -> None:
    found = follow(well(11), look(version="v1.2.0", desired="v1.2.0"), AT_TEN)
    assert found is not None
    assert found.seen > well(11).seen


def test_a_version_proves_itself_by_being_healthy_for_long_enough() -> None:
    begun = follow(None, look(), NOON, healthy_for=MINUTE)
    assert begun == well(proven=None)
    assert follow(begun, look(), NOON + MINUTE / 2, healthy_for=MINUTE) == well(0.5, proven=None)
    assert follow(begun, look(), NOON + MINUTE, healthy_for=MINUTE) == well(1)


looks = st.lists(
    st.tuples(
        st.integers(-300, 900),
        st.sampled_from(Health),
        st.sampled_from(SyncState),
        st.sampled_from([None, "v1.2.0", "v1.3.0"]),
    ),
    max_size=12,
)


@given(looks)
def test_since_never_moves_back_and_what_is_broken_begins_anew(
    story: list[tuple[int, Health, SyncState, str | None]],
) -> None:
    known, now = None, NOON
    broken: datetime | None = None
    for seconds, health, sync, version in story:
        now += timedelta(seconds=seconds)
        before, sighting = known, look(health, version, sync=sync)
        known = follow(before, sighting, now)
        if known is None:
            continue
        assert known.since <= known.seen
        if before is not None:
            assert known.since >= before.since
            assert known.seen >= before.seen
            if health in BAD:
                assert known.health is health
        if known.health in BAD:
            broken = known.seen
        elif known.health is Health.HEALTHY and broken is not None:
            assert known.since >= broken
