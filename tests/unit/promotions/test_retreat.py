"""When the bot may roll back by itself: never where anything is in doubt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.lineage import Lineage
from bot.model.catalog import Target
from bot.model.change import Commit, Move
from bot.model.promotion import Leg, Promotion, Stage, Standing
from bot.model.pull import PullRequest
from bot.model.request import Actor
from bot.model.sync import Health
from bot.model.verification import Verification
from bot.promotions.retreat import Situation, hindrance

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TARGET = Target("payment", "production", "config", ("production/payment",))
LEG = Leg("payment", "v1", "v2", Stage.FAILED)
FAILED = Promotion(
    "config", "#12", "production", "promote", (LEG,), Actor("U1", "ana"), NOW - timedelta(minutes=20),
    reached={Stage.MERGED: NOW - timedelta(minutes=10), Stage.FAILED: NOW},
)  # fmt: skip
PROVEN = Standing("production", "payment", "v1", Health.HEALTHY, NOW, NOW, NOW)
PULL = PullRequest(13, "https://x/13", "", "", "b", "h", "main", "open", "bot", ours=True)


def lineage(*versions: str) -> Lineage:
    """Of a target that went through these versions, oldest first, each by a change of ours."""
    moves = [
        Move(TARGET, before, after, Commit(str(number), (), "bot", "", NOW, "", {"Quarterdeck-Change": "1"}), "ana")
        for number, (before, after) in enumerate(zip((None, *versions), versions, strict=False))
    ]
    return Lineage(reversed(moves))


GOOD = Situation("v2", lineage("v0", "v1", "v2"), PROVEN)


def test_what_was_proven_before_is_gone_back_to() -> None:
    assert hindrance(FAILED, LEG, GOOD, Verification(), NOW) == ""


@pytest.mark.parametrize(
    ("promotion", "why"),
    [
        (replace(FAILED, verb="rollback"), "what failed is a rollback itself"),
        (replace(FAILED, automatic=True), "what failed is a rollback itself"),
        (replace(FAILED, after="#11"), "what failed is a rollback itself"),
        (
            replace(FAILED, reached={Stage.MERGED: NOW, Stage.FAILED: NOW - timedelta(minutes=61)}),
            "it failed longer ago than 1 hour",
        ),
        (replace(FAILED, reached={Stage.MERGED: NOW - timedelta(minutes=91)}), "it failed longer ago than 1 hour"),
        (replace(FAILED, reached={}, asked=NOW - timedelta(days=1)), "it failed longer ago than 1 hour"),
    ],
)
def test_not_what_failed_otherwise(promotion: Promotion, why: str) -> None:
    assert hindrance(promotion, LEG, GOOD, Verification(), NOW) == why


@pytest.mark.parametrize(
    ("leg", "why"),
    [
        (replace(LEG, stage=Stage.TIMED_OUT), "nobody knows that it fails, only that it is not healthy"),
        (replace(LEG, from_version=None), "no version before it is known"),
        (replace(LEG, from_version="v0"), "the version before it is v1 in Git, and not v0"),
        (replace(LEG, to_version="v3"), "it is at v2 by now and not v3"),
        (replace(LEG, ailing=NOW - timedelta(hours=2)), ""),
    ],
)
def test_not_what_may_not_have_failed_or_is_not_there(leg: Leg, why: str) -> None:
    assert hindrance(FAILED, leg, GOOD, Verification(), NOW) == why


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (replace(GOOD, pulls=[PULL]), "pull request #13 moves it already"),
        (replace(GOOD, others=[replace(FAILED, key="#14")]), "another promotion of it, #14, is underway"),
        (replace(GOOD, before=None), "v1 was never seen healthy there"),
        (replace(GOOD, before=replace(PROVEN, proven=None)), "v1 was never seen healthy there"),
        (replace(GOOD, lineage=lineage()), "no version before it is known"),
        (replace(GOOD, lineage=lineage("v2")), "no version before it is known"),
        (replace(GOOD, lineage=lineage("v0", "v1", "v2", "v3", "v2")), "it was rolled back before"),
        (replace(GOOD, current=None), "it is at none by now and not v2"),
    ],
)
def test_not_where_somebody_is_at_it_or_nothing_is_behind(known: Situation, why: str) -> None:
    assert hindrance(FAILED, LEG, known, Verification(), NOW) == why


def test_not_to_what_was_rolled_back_itself() -> None:
    def move(number: int, before: str, after: str, **trailers: str) -> Move:
        said = {"Quarterdeck-Change": "1"} | {name.replace("_", "-"): value for name, value in trailers.items()}
        return Move(TARGET, before, after, Commit(str(number), (), "bot", "", NOW, "", said), "ana")

    back = [move(1, "v0", "v1"), move(2, "v1", "v2"), move(3, "v2", "v1", Quarterdeck_Rejects="v2")]
    known = replace(GOOD, current="v1", lineage=Lineage(reversed(back)))
    leg = replace(LEG, from_version="v0", to_version="v1")
    assert hindrance(FAILED, leg, known, Verification(), NOW) == "it was rolled back before"


def test_a_longer_timeout_gives_more_time() -> None:
    old = replace(FAILED, reached={Stage.MERGED: NOW - timedelta(hours=5), Stage.FAILED: NOW})
    assert hindrance(old, LEG, GOOD, Verification(timeout=timedelta(hours=6)), NOW) == ""
