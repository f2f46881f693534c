"""What `bot.ports.Promotions` promises, on a real file and on the twin in memory."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import memory
import pytest

from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Review
from bot.model.request import Actor
from bot.model.secret import Secret
from bot.model.verification import Proof
from bot.ports import Promotions
from bot.store.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = Actor("U1", "Ana", "ana", "ana@example.com")
PROOF = Proof("GET https://pay.example.com/healthz", passed=False, evidence="answered 503", at=NOON)
FULL = Promotion(
    "config",
    "#12",
    "production",
    "promote",
    (
        Leg("payment", "v1.2.0", "v1.3.0", Stage.SYNCED, "waits for its pods", NOON, NOON, (PROOF,), NOON),
        Leg("api", None, "v2"),
    ),
    ANA,
    NOON,
    "Promote payment",
    Stage.SYNCED,
    {Stage.REQUESTED: NOON, Stage.MERGED: NOON + timedelta(minutes=1)},
    12,
    "https://github.example/pull/12",
    "a" * 40,
    "b" * 40,
    "ben",
    "waits for its pods",
    "build failed",
    ("It takes the place of #11.",),
    Checks.FAILED,
    Review.CHANGES,
    ("ben", "cid"),
    automatic=True,
    after="#11",
    channel="C1",
    message="170.2",
    thread="170.1",
    link="https://chat.example/p1702",
    shown="f",
    telling=True,
    reported="success",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quarterdeck.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    opened = Store.open(Secret(f"sqlite:///{file}"), lambda: NOON)
    yield opened
    opened.close()


@pytest.fixture(params=["file", "memory"])
def promotions(request: pytest.FixtureRequest) -> Promotions:
    kept: Promotions = request.getfixturevalue("store").promotions if request.param == "file" else memory.Promotions()
    return kept


def one(key: str = "#12", **changes: object) -> Promotion:
    whole = Promotion("config", key, "production", "promote", (Leg("payment", "v1.2.0", "v1.3.0"),), ANA, NOON)
    return replace(whole, **changes)  # type: ignore[arg-type]  # whichever the test is about


@pytest.mark.parametrize("promotion", [FULL, one()])
def test_what_was_begun_is_read_as_it_was(promotions: Promotions, promotion: Promotion) -> None:
    assert promotions.begin(promotion)
    assert promotions.promotion("config", "#12") == replace(promotion, version=1)


def test_one_that_is_known_is_not_begun_again(promotions: Promotions) -> None:
    promotions.begin(one(message="170.2"))
    assert not promotions.begin(one(message="180.1"))
    assert promotions.begin(one(repository="other"))
    assert [each.message for each in promotions.promotions()] == ["170.2", ""]


def test_of_two_who_read_the_same_the_second_does_not_overwrite_the_first(promotions: Promotions) -> None:
    promotions.begin(one())
    first = second = promotions.promotions()[0]
    assert promotions.keep(replace(first, merged_by="ben"))
    assert not promotions.keep(replace(second, merged_by="cid"))
    assert promotions.promotions() == (replace(first, merged_by="ben", version=2),)


def test_what_nobody_began_is_not_kept(promotions: Promotions) -> None:
    assert not promotions.keep(one())
    assert promotions.promotions() == ()


def test_those_that_go_on_are_told_oldest_first(promotions: Promotions) -> None:
    promotions.begin(one("#2", asked=NOON + timedelta(minutes=1)))
    promotions.begin(one("#3"))
    promotions.begin(one("#1", stage=Stage.CLOSED))
    assert [each.key for each in promotions.promotions()] == ["#3", "#2"]


def test_the_one_of_a_target_that_ended_last_is_found(promotions: Promotions) -> None:
    later = NOON + timedelta(minutes=1)
    api = (Leg("api", "v1", "v2"), Leg("payment", "v1", "v2"))
    promotions.begin(one("#1", stage=Stage.HEALTHY, reached={Stage.HEALTHY: later}))
    promotions.begin(one("#2", stage=Stage.FAILED, reached={Stage.FAILED: NOON}, legs=api))
    promotions.begin(one("#3"))
    promotions.begin(one("#4", stage=Stage.HEALTHY, environment="staging", reached={Stage.HEALTHY: later}))
    assert [getattr(promotions.ended("production", name), "key", None) for name in ("payment", "api", "web")] == [
        "#1",
        "#2",
        None,
    ]


def test_one_that_is_reopened_goes_on(promotions: Promotions) -> None:
    promotions.begin(one(stage=Stage.CLOSED))
    closed = promotions.promotion("config", "#12")
    assert closed
    assert promotions.keep(replace(closed, stage=Stage.OPEN))
    assert [each.key for each in promotions.promotions()] == ["#12"]
    assert promotions.ended("production", "payment") is None


def test_one_whose_end_is_being_told_is_underway_until_it_was(promotions: Promotions) -> None:
    promotions.begin(one(stage=Stage.HEALTHY, telling=True))
    told = promotions.promotions()[0]
    assert promotions.ended("production", "payment") is None
    assert promotions.keep(replace(told, telling=False))
    assert promotions.promotions() == ()
    assert promotions.ended("production", "payment")


def test_what_ended_long_ago_is_forgotten_and_what_goes_on_is_not(store: Store) -> None:
    long_ago, lately = NOON - timedelta(days=31), NOON - timedelta(days=29)
    store.promotions.begin(one("#1", asked=long_ago, stage=Stage.HEALTHY, reached={Stage.HEALTHY: long_ago}))
    store.promotions.begin(one("#2", asked=long_ago, stage=Stage.HEALTHY, reached={Stage.HEALTHY: lately}))
    store.promotions.begin(one("#3", asked=long_ago))
    store.prune()
    assert [store.promotions.promotion("config", f"#{number}") is not None for number in (1, 2, 3)] == [
        False,
        True,
        True,
    ]


def test_what_another_release_wrote_can_be_read(store: Store, file: Path) -> None:
    store.promotions.begin(one())
    record = {
        "verb": "promote",
        "by": {"id": "U1", "name": "Ana", "pronouns": "she"},
        "legs": [{"service": "payment", "from_version": None, "to_version": "v1", "stage": "canary", "mood": "good"}],
        "stage": "canary",
        "reached": {"canary": NOON.isoformat(), "merged": NOON.isoformat()},
        "weather": "fair",
    }
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE promotions SET record = ?", [json.dumps(record)])
        connection.commit()
    assert store.promotions.promotions() == (
        Promotion(
            "config",
            "#12",
            "production",
            "promote",
            (Leg("payment", None, "v1"),),
            Actor("U1", "Ana"),
            NOON,
            reached={Stage.MERGED: NOON},
            version=1,
        ),
    )


def test_an_end_that_was_being_told_is_underway_until_it_was_told(promotions: Promotions) -> None:
    promotions.begin(one())
    telling = one(stage=Stage.CLOSED, telling=True, version=1)
    assert promotions.keep(telling)
    assert promotions.promotions() == (replace(telling, version=2),)
    assert promotions.ended("production", "payment") is None
    assert promotions.keep(replace(telling, telling=False, version=2))
    assert promotions.promotions() == ()
    assert promotions.ended("production", "payment") == one(stage=Stage.CLOSED, version=3)
