"""What the forge is told of a promotion, by its stage."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.model.catalog import Environment
from bot.model.promotion import Leg, Promotion, Report, Stage
from bot.model.request import Actor
from bot.promotions.report import report

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MERGE = "c" * 40
LEG = Leg("payment", "v1.2.0", "v1.3.0")
PROMOTION = Promotion(
    "config", "#12", "production", "promote", (LEG,), Actor("U1", "ana"), NOON, commit=MERGE, url="/12"
)
ENVIRONMENTS = {
    name: Environment(name, (f"{name}/{{service}}",), "config", name, deployments=True)
    for name in ("staging", "production")
}


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        (Stage.REQUESTED, None),
        (Stage.OPEN, None),
        (Stage.CHECKS, None),
        (Stage.APPROVED, None),
        (Stage.MERGED, "queued"),
        (Stage.SYNCED, "in_progress"),
        (Stage.HEALTHY, "success"),
        (Stage.FAILED, "failure"),
        (Stage.CLOSED, None),
        (Stage.SUPERSEDED, "inactive"),
        (Stage.TIMED_OUT, "failure"),
    ],
)
def test_each_stage_has_its_state(stage: Stage, state: str | None) -> None:
    told = report(replace(PROMOTION, stage=stage), ENVIRONMENTS, "It is so.")
    whole = state and Report("config", MERGE, "production", state, "It is so.", "/12", production=True)
    assert told == whole


def test_what_is_told_already_is_not_told_again() -> None:
    assert report(replace(PROMOTION, stage=Stage.MERGED, reported="queued"), ENVIRONMENTS, "") is None


def test_nothing_is_told_where_the_config_does_not_ask_for_it_or_there_is_no_commit() -> None:
    merged = replace(PROMOTION, stage=Stage.MERGED)
    quiet = {"production": replace(ENVIRONMENTS["production"], deployments=False)}
    assert report(merged, quiet, "") is None
    assert report(merged, {}, "") is None
    unwatched = {"production": replace(ENVIRONMENTS["production"], cluster=None)}
    assert report(merged, unwatched, "") is None
    assert report(replace(merged, commit=""), ENVIRONMENTS, "") is None


def test_the_link_is_the_message_and_only_the_last_environment_is_production() -> None:
    staging = replace(PROMOTION, environment="staging", stage=Stage.MERGED, link="https://chat.example/1")
    told = report(staging, ENVIRONMENTS, "")
    assert told is not None
    assert (told.url, told.production) == ("https://chat.example/1", False)
