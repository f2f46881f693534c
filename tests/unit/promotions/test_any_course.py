"""What holds of a promotion whatever is seen of it, in whatever order and however often."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.catalog import Target
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Progress, PullRequest, Review
from bot.model.request import Actor
from bot.model.secret import Secret
from bot.model.sync import Health, Sighting, SyncState
from bot.model.verification import Proof, UrlProbe, Verification
from bot.promotions import course
from bot.promotions.evidence import Branch, Evidence, Look, Pushed
from bot.store.store import Store

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEADS, VERSIONS = ("a" * 40, "b" * 40), ("v1.2.0", "v1.3.0", "v1.4.0", None)
SERVICES = ("api", "payment")
ASKED = Verification(timedelta(seconds=30), timedelta(minutes=30), (UrlProbe("https://pay.example.com"),))
ORDER = tuple(Stage)
PROMOTION = Promotion(
    "config",
    "#12",
    "production",
    "promote",
    tuple(Leg(service, "v1.2.0", "v1.3.0", Stage.OPEN) for service in SERVICES),
    Actor("U1", "ana"),
    START,
    stage=Stage.OPEN,
    reached={Stage.OPEN: START},
    pull=12,
    head=HEADS[0],
)


def _pull(state: str, head: str) -> PullRequest:
    merged = "c" * 40 if state == "merged" else None
    return PullRequest(12, "u", "t", "", "quarterdeck/x", head, "main", state, "bot", ours=True, merged_as=merged)


def _look(service: str, health: Health, sync: SyncState, live: str | None) -> Look:
    target = Target(service, "production", "config", (f"production/{service}",), "production")
    return Look(Sighting(target, "c" * 40, "v1.3.0", live, sync, health), START)


def _by_service(each: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(SERVICES), each)


proofs = st.builds(
    Proof, st.just("GET"), st.sampled_from([True, False, None]), st.sampled_from(["x", "y"]), st.just(START)
)
evidence = st.one_of(
    st.builds(
        lambda state, head, checks, review, versions: Evidence(
            Progress(_pull(state, head), checks, review=review), pushed=Pushed(versions)
        ),
        st.sampled_from(["open", "closed", "merged"]),
        st.sampled_from(HEADS),
        st.sampled_from(Checks),
        st.sampled_from(Review),
        _by_service(st.sampled_from(VERSIONS)),
    ),
    st.just(Evidence(gone=True)),
    st.just(Evidence(blind="away")),
    st.builds(
        lambda branch, looks, tried: Evidence(
            branch=branch,
            looks={service: _look(service, *saw) for service, saw in looks.items()},
            proofs={service: (proof,) for service, proof in tried.items()},
        ),
        _by_service(st.builds(Branch, st.sampled_from(VERSIONS), st.booleans())),
        _by_service(st.tuples(st.sampled_from(Health), st.sampled_from(SyncState), st.sampled_from(VERSIONS))),
        _by_service(proofs),
    ),
)
looks = st.lists(st.tuples(st.integers(-60, 2000), evidence), max_size=12)


def _course(seen: Sequence[tuple[int, Evidence]]) -> list[tuple[Promotion, datetime]]:
    now, after, course_ = START, PROMOTION, []
    for seconds, each in seen:
        now += timedelta(seconds=seconds)
        after = course.follow(after, each, ASKED, now)
        course_.append((after, now))
    return course_


@given(looks)
def test_a_stage_stays_unless_the_head_moves_or_it_is_opened_again(seen: Sequence[tuple[int, Evidence]]) -> None:
    before = PROMOTION
    for after, _ in _course(seen):
        if before.commit:
            assert after.commit == before.commit
            assert ORDER.index(after.stage) >= ORDER.index(before.stage)
        elif ORDER.index(after.stage) < ORDER.index(before.stage):
            assert after.head != before.head or course.may_reopen(before)
        before = after


@given(looks, evidence)
def test_an_end_stays_unless_its_pull_request_may_be_opened_again(
    seen: Sequence[tuple[int, Evidence]], late: Evidence
) -> None:
    for after, now in _course(seen):
        if after.stage.is_end and not course.may_reopen(after):
            assert course.follow(after, late, ASKED, now) == after


@given(looks)
def test_the_same_seen_twice_is_no_news(seen: Sequence[tuple[int, Evidence]]) -> None:
    for (after, now), (_, each) in zip(_course(seen), seen, strict=True):
        again = course.follow(after, each, ASKED, now)
        assert (again.stage, again.reached, again.notes) == (after.stage, after.reached, after.notes)


@given(looks)
def test_it_says_why_it_ended_and_every_service_with_it(seen: Sequence[tuple[int, Evidence]]) -> None:
    for after, _ in _course(seen):
        assert after.stage in after.reached
        if after.stage.is_end:
            assert all(leg.stage.is_end for leg in after.legs)
            assert after.why or after.stage is Stage.HEALTHY
            assert not after.trouble


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    file: Path = tmp_path_factory.mktemp("store") / "quarterdeck.db"
    return Store.open(Secret(f"sqlite:///{file}"), lambda: START)


@settings(max_examples=25)
@given(seen=looks)
def test_a_restart_at_any_point_changes_nothing(store: Store, seen: Sequence[tuple[int, Evidence]]) -> None:
    now, after = START, PROMOTION
    promotions = store.promotions
    promotions.begin(PROMOTION)
    known = promotions.promotion("config", "#12")
    assert known is not None
    version = known.version
    for seconds, each in seen:
        now += timedelta(seconds=seconds)
        after = replace(course.follow(after, each, ASKED, now), version=version)
        assert promotions.keep(after)
        version += 1
        read = promotions.promotion("config", "#12")
        assert read == replace(after, version=version)
        after = read
