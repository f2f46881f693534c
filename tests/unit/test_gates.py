"""Which gate is closed, why, when it opens, and what to do instead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gates import Closed, Evidence, Open, clock, judge, length, part
from bot.model.catalog import Catalog, Environment, Target
from bot.model.promotion import Standing
from bot.model.sync import Health, Sighting, SyncState
from bot.model.verification import JobProbe, Proof, Verification
from bot.standing import GAP

NOW = datetime(2026, 3, 2, 14, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STAGING = Environment(
    "staging", ("s/{service}",), "config", "staging", verification=Verification(healthy_for=timedelta())
)
PRODUCTION = Environment("production", ("p/{service}",), "config", "production", after="staging", soak=30 * MINUTE)
THERE = Target("payment", "staging", "config", ("s/payment",), "staging")
HERE = Target("payment", "production", "config", ("p/payment",), "production")
SEEN = Sighting(THERE, "a" * 40, "v1.3.0", "v1.3.0", SyncState.SYNCED, Health.HEALTHY)


def standing(minutes: float, **changed: Any) -> Standing:
    found = Standing("staging", "payment", "v1.3.0", Health.HEALTHY, NOW - minutes * MINUTE, NOW)
    return replace(found, **changed)


def verdict(evidence: Evidence, production: Environment = PRODUCTION, staging: Environment = STAGING) -> Open | Closed:
    catalog = Catalog({}, {"staging": staging, "production": production})
    return judge(HERE, "v1.3.0", catalog, evidence, NOW)


@pytest.mark.parametrize("minutes", [30, 31, 60 * 24])
def test_what_has_been_healthy_for_long_enough_goes_on(minutes: float) -> None:
    assert verdict(Evidence(SEEN, standing(minutes))) == Open()


def test_without_a_gate_nothing_is_looked_at() -> None:
    assert verdict(Evidence(), replace(PRODUCTION, after=None)) == Open()


def test_a_refusal_says_which_gate_it_is_why_and_when_it_opens() -> None:
    closed = verdict(Evidence(SEEN, standing(12)))
    assert closed == Closed(
        "payment v1.3.0 can't go to production yet: it has been healthy in staging for 12 minutes of 30; "
        "it may at 14:32 UTC.",
        "Or say: promote payment v1.3.0 to production when healthy",
        opens=NOW + 18 * MINUTE,
    )
    assert str(closed) == f"{closed.why} {closed.next}"


UNKNOWN_SINCE = (
    "it is healthy in staging, but not known since when, and must be for 30 minutes. "
    "The bot notes that once a minute while it serves."
)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (Evidence(SEEN), UNKNOWN_SINCE),
        (Evidence(SEEN, standing(60, version="v1.2.0")), UNKNOWN_SINCE),
        (Evidence(SEEN, standing(60, health=Health.DEGRADED)), UNKNOWN_SINCE),
        (Evidence(SEEN, standing(60, seen=NOW - GAP - MINUTE)), UNKNOWN_SINCE),
        (Evidence(replace(SEEN, live="v1.2.0"), standing(60)), "staging still runs v1.2.0."),
        (
            Evidence(replace(SEEN, sync=SyncState.PENDING, why="Git is ahead"), standing(60)),
            "staging is not yet as Git says (Git is ahead).",
        ),
        (Evidence(replace(SEEN, sync=SyncState.DRIFTED), standing(60)), "staging has drifted from what Git says."),
        (
            Evidence(replace(SEEN, sync=SyncState.UNKNOWN, why="the API server is away"), standing(60)),
            "how it does in staging can't be told (the API server is away).",
        ),
        (Evidence(replace(SEEN, live=None), standing(60)), "how it does in staging can't be told."),
        (Evidence(replace(SEEN, desired=None), standing(60)), "how it does in staging can't be told."),
        (Evidence(replace(SEEN, live=None, health=Health.MISSING), standing(60)), "it is missing in staging."),
        *(
            (
                Evidence(replace(SEEN, health=health, why="1 of 2 ready"), standing(60)),
                f"it is {health} in staging (1 of 2 ready).",
            )
            for health in (Health.DEGRADED, Health.PROGRESSING, Health.SUSPENDED, Health.UNKNOWN)
        ),
    ],
)
def test_whatever_is_not_known_to_be_well_waits(evidence: Evidence, why: str) -> None:
    assert verdict(evidence) == Closed(
        f"payment v1.3.0 can't go to production yet: {why}", "Or say: promote payment v1.3.0 to production when healthy"
    )


@pytest.mark.parametrize(
    ("sighting", "why", "next_"),
    [
        (
            None,
            "payment is not there.",
            "Add its folder to staging, or say: promote payment v1.3.0 to production anyway because …",
        ),
        (
            replace(SEEN, target=replace(THERE, cluster=None)),
            "no cluster is configured there that could tell.",
            "To promote it all the same, say: promote payment v1.3.0 to production anyway because …",
        ),
        (
            replace(SEEN, desired="v1.2.0"),
            "Git has v1.2.0 there.",
            "First say: promote payment v1.3.0 to staging",
        ),
        (
            replace(SEEN, desired="v1.4.0"),
            "Git has v1.4.0 there.",
            "To go back to a version that ran in production, say: rollback payment in production to v1.3.0",
        ),
    ],
)
def test_what_waiting_can_not_open_says_what_can(sighting: Sighting | None, why: str, next_: str) -> None:
    assert verdict(Evidence(sighting, standing(60))) == Closed(
        f"payment v1.3.0 can't go to production: it must be healthy in staging first, and {why}", next_, final=True
    )


def test_a_place_that_verifies_must_have_verified() -> None:
    staging = replace(STAGING, verification=Verification(timedelta(), probes=(JobProbe("smoke"),)))
    proof = Proof("Job smoke", None, "it still runs", NOW)
    said, wait = (
        "payment v1.3.0 can't go to production yet:",
        "Or say: promote payment v1.3.0 to production when healthy",
    )
    assert verdict(Evidence(SEEN, standing(60), [replace(proof, passed=True)]), staging=staging) == Open()
    for passed in (None, False):
        told = verdict(Evidence(SEEN, standing(60), [replace(proof, passed=passed)]), staging=staging)
        assert told == Closed(f"{said} Job smoke has not passed in staging: it still runs.", wait)
    assert verdict(Evidence(SEEN, standing(60)), staging=staging) == Closed(
        f"{said} what staging verifies can't be checked here.",
        "To promote it all the same, say: promote payment v1.3.0 to production anyway because …",
        unproven=True,
    )
    soaking = verdict(Evidence(SEEN, standing(12)), staging=staging)
    assert isinstance(soaking, Closed)
    assert (soaking.opens, soaking.unproven) == (NOW + 18 * MINUTE, False), "what is closed anyway need not be probed"


def test_without_a_soak_it_is_enough_that_the_version_is_healthy_now() -> None:
    staging = replace(STAGING, verification=Verification(45 * MINUTE))
    assert verdict(Evidence(SEEN), replace(PRODUCTION, soak=timedelta()), staging) == Open()


@pytest.mark.parametrize(
    ("done", "whole", "said"),
    [
        (12 * MINUTE, 30 * MINUTE, "12 minutes of 30"),
        (MINUTE, 30 * MINUTE, "1 minute of 30"),
        (MINUTE / 2, 30 * MINUTE, "less than a minute of 30"),
        (MINUTE / 2, timedelta(hours=2), "less than a minute of 2 hours"),
        (70 * MINUTE, 90 * MINUTE, "1 hour of 1 hour 30 minutes"),
        (timedelta(hours=5), timedelta(days=1), "5 hours of 1 day"),
        (timedelta(), timedelta(seconds=30), "less than a minute of 30 seconds"),
    ],
)
def test_how_much_has_passed(done: timedelta, whole: timedelta, said: str) -> None:
    assert part(done, whole) == said


def test_lengths_and_times_of_day() -> None:
    assert length(timedelta(days=1, hours=2, seconds=5)) == "1 day 2 hours 5 seconds"
    assert clock(NOW, NOW) == "14:14 UTC"
    assert clock(NOW + timedelta(days=1), NOW) == "2026-03-03 14:14 UTC"


versions = st.sampled_from([None, "v1.2.0", "v1.3.0"])
sightings = st.builds(
    Sighting,
    st.just(THERE),
    st.just("a" * 40),
    versions,
    versions,
    st.sampled_from(SyncState),
    st.sampled_from(Health),
)
standings = st.builds(
    Standing,
    st.just("staging"),
    st.just("payment"),
    st.sampled_from(["v1.2.0", "v1.3.0"]),
    st.sampled_from(Health),
    st.integers(-5, 60).map(lambda minutes: NOW - minutes * MINUTE),
    st.integers(-1, 15).map(lambda minutes: NOW - minutes * MINUTE),
)


@given(st.none() | sightings, st.none() | standings)
def test_nothing_passes_that_does_not_do_well_now_and_has_not_for_long_enough(
    sighting: Sighting | None, known: Standing | None
) -> None:
    found = verdict(Evidence(sighting, known))
    now = sighting is not None and (sighting.desired, sighting.live, sighting.sync, sighting.health) == (
        "v1.3.0",
        "v1.3.0",
        SyncState.SYNCED,
        Health.HEALTHY,
    )
    before = known is not None and (known.version, known.health) == ("v1.3.0", Health.HEALTHY)
    soaked = known is not None and NOW - known.since >= 30 * MINUTE and NOW - known.seen <= GAP
    assert (found == Open()) == (now and before and soaked)
    if isinstance(found, Closed):
        assert found.why.startswith("payment v1.3.0 can't go to production")
        assert found.why.endswith(".")
        assert found.opens is None or found.opens > NOW
