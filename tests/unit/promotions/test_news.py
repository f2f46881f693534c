"""What a promotion says at each stage, as people read it; and which buttons it has then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model.catalog import Delivery, Environment
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Review
from bot.model.reply import Layout, Mark
from bot.model.request import Actor
from bot.model.verification import OnFailure, Proof, Verification
from bot.promotions import news
from bot.promotions.offers import offers
from bot.promotions.plan import steps

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = Actor("U1", "ana", "ana")
PAYMENT = Leg("payment", "v1.2.0", "v1.3.0", Stage.OPEN)
ENVIRONMENTS = {
    "staging": Environment("staging", ("staging/{service}",), "config", delivery=Delivery.PUSH),
    "production": Environment("production", ("production/{service}",), "config"),
}
WAY = (Stage.REQUESTED, Stage.OPEN, Stage.CHECKS, Stage.APPROVED, Stage.MERGED, Stage.SYNCED, Stage.HEALTHY)


def at(stage: Stage, *legs: Leg, reached: tuple[Stage, ...] | None = None, **changes: object) -> Promotion:
    """Pull request #12 at a stage, a minute after each stage before."""
    if reached is None:
        reached = WAY[: WAY.index(stage) + 1] if stage in WAY else (*WAY[:2], stage)
    each = legs or (replace(PAYMENT, stage=stage, why=str(changes.get("why", ""))),)
    times = {each: NINE + timedelta(minutes=number) for number, each in enumerate(reached)}
    landed = Stage.MERGED in reached
    whole = Promotion("config", "#12", "production", "promote", each, ANA, NINE, "Promote it", stage, times, 12)
    whole = replace(whole, url="https://github.example/pull/12", commit="c" * 40 if landed else "")
    return replace(whole, merged_by="ben" if landed else "", **changes)  # type: ignore[arg-type]  # of any test


def pushed(stage: Stage = Stage.MERGED, **changes: object) -> Promotion:
    here = at(stage, reached=(Stage.REQUESTED, *WAY[4 : WAY.index(stage) + 1]), **changes)
    return replace(here, pull=None, url="", merged_by="", key="c" * 40, environment="staging")


LEAD = "payment in production: v1.2.0 → v1.3.0."
AFTER_MERGE = (*WAY[:2], Stage.MERGED)


@pytest.mark.parametrize(
    ("promotion", "said"),
    [
        (at(Stage.OPEN), f"{LEAD} Pull request #12 is open: merge it and the cluster follows."),
        (
            at(Stage.OPEN, why="it waits for a review", trouble="build failed"),
            f"{LEAD} Pull request #12 is open: build failed; it waits for a review.",
        ),
        (
            at(Stage.CHECKS, why="it waits for a review"),
            f"{LEAD} The checks of pull request #12 have passed: it waits for a review.",
        ),
        (
            at(Stage.APPROVED, why="it waits to be merged", approvers=("ben", "cid")),
            f"{LEAD} Pull request #12 is approved by ben and cid: it waits to be merged.",
        ),
        (
            at(Stage.MERGED, why="Argo CD is syncing it"),
            f"{LEAD} Merged by ben: Argo CD is syncing it.",
        ),
        (at(Stage.MERGED), f"{LEAD} Merged by ben: the cluster is to follow."),
        (
            pushed(),
            "payment in staging: v1.2.0 → v1.3.0. In commit cccccccccc: the cluster is to follow.",
        ),
        (
            at(Stage.SYNCED, why="1 of 3 replicas ready"),
            f"{LEAD} The cluster has it: 1 of 3 replicas ready.",
        ),
        (at(Stage.HEALTHY), "payment is at v1.3.0 in production, healthy, 6 minutes after ana asked."),
        (
            at(Stage.HEALTHY, verb="rollback", automatic=True),
            "payment is back at v1.3.0 in production, healthy, 6 minutes after it began.",
        ),
        (
            at(Stage.FAILED, why="0 of 3 replicas ready: ImagePullBackOff"),
            "payment v1.3.0 failed in production: 0 of 3 replicas ready: ImagePullBackOff.",
        ),
        (
            at(Stage.TIMED_OUT, why="its cluster has not applied it"),
            "payment v1.3.0 was not healthy in time in production: its cluster has not applied it.",
        ),
        (at(Stage.CLOSED, why="eve closed it"), f"{LEAD} Pull request #12 was closed unmerged: eve closed it."),
        (at(Stage.SUPERSEDED, why="superseded by #13"), f"{LEAD} Superseded by #13."),
        (
            at(Stage.UNWATCHED, reached=(*WAY[:5], Stage.UNWATCHED), why="no cluster is configured for production"),
            f"{LEAD} Merged by ben: no cluster is configured for production, so nobody here can tell what runs there.",
        ),
    ],
)
def test_the_first_sentences_say_where_it_is(promotion: Promotion, said: str) -> None:
    reply = news.message(promotion, ENVIRONMENTS)
    assert (reply.text, reply.stage) == (said, promotion.stage)


@pytest.mark.parametrize(
    ("promotion", "stage", "said"),
    [
        (
            at(Stage.APPROVED, checks=Checks.PASSED, review=Review.CHANGES, trouble="a reviewer asks for changes"),
            Stage.CHECKS,
            "The checks of pull request #12 have passed: a reviewer asks for changes.",
        ),
        (
            at(Stage.APPROVED, checks=Checks.RUNNING, review=Review.WANTED, why="it waits for build and a review"),
            Stage.OPEN,
            "Pull request #12 is open: it waits for build and a review.",
        ),
        (
            at(Stage.CHECKS, checks=Checks.RUNNING, why="it waits for build"),
            Stage.OPEN,
            "Pull request #12 is open: it waits for build.",
        ),
    ],
)
def test_what_was_taken_back_is_not_said(promotion: Promotion, stage: Stage, said: str) -> None:
    reply = news.message(promotion, ENVIRONMENTS)
    assert (reply.text, reply.stage) == (f"{LEAD} {said}", stage)


def test_many_services_are_counted_and_those_that_fail_are_named() -> None:
    well = [Leg(name, "v1", "v2", Stage.HEALTHY) for name in ("api", "web", "worker")]
    lost = Leg("payment", "v1", "v2", Stage.FAILED, "its pods crash")
    promotion = at(Stage.FAILED, *well, lost, why="payment: its pods crash")
    said = "payment v2 failed in production: its pods crash. api, web and worker are healthy."
    assert news.message(promotion, ENVIRONMENTS).text == said
    several = at(Stage.FAILED, *(replace(each, stage=Stage.FAILED) for each in (*well, lost)), why="their pods crash")
    assert news.message(several, ENVIRONMENTS).text == "4 of 4 services failed in production: their pods crash."


def test_services_of_a_merged_release_have_a_line_each() -> None:
    legs = (Leg("api", "v1", "v2", Stage.HEALTHY), Leg("web", None, "v3", Stage.SYNCED, "1 of 2 replicas ready"))
    (table,) = (
        section
        for section in news.message(at(Stage.SYNCED, *legs), ENVIRONMENTS).sections
        if section.layout is Layout.TABLE
    )
    assert table.rows == (
        ("Service", "From", "To", "How far"),
        ("api", "v1", "v2", "healthy"),
        ("web", "none", "v3", "synced: 1 of 2 replicas ready"),
    )
    assert len(news.message(at(Stage.OPEN, *legs), ENVIRONMENTS).sections) == 1


def test_what_the_asker_was_told_besides_and_what_probes_saw_is_in_the_message() -> None:
    proof = Proof("GET https://pay.example.com/healthz", passed=True, evidence="answered 200", at=NINE)
    promotion = at(Stage.SYNCED, replace(PAYMENT, proofs=(proof,)), notes=("It takes the place of #11.",))
    texts = [section.text for section in news.message(promotion, ENVIRONMENTS).sections]
    assert texts == ["It takes the place of #11.", "", "passed: GET https://pay.example.com/healthz: answered 200"]


def shown(promotion: Promotion) -> list[tuple[str, Mark, str]]:
    return [(step.title, step.mark, step.detail) for step in steps(promotion)]


@pytest.mark.parametrize(
    ("promotion", "rest"),
    [
        (at(Stage.OPEN), [("Merge", Mark.NOW, "")]),
        (at(Stage.OPEN, checks=Checks.NONE, review=Review.NONE, why="w"), [("Merge", Mark.NOW, "")]),
        (
            at(Stage.OPEN, checks=Checks.RUNNING, review=Review.WANTED),
            [("Checks", Mark.NOW, ""), ("Approval", Mark.NOW, ""), ("Merge", Mark.LATER, "")],
        ),
        (
            at(Stage.OPEN, checks=Checks.FAILED, review=Review.APPROVED, approvers=("ben",)),
            [("Checks", Mark.FAILED, ""), ("Approval", Mark.DONE, "by ben"), ("Merge", Mark.LATER, "")],
        ),
        (
            at(Stage.CHECKS, checks=Checks.FAILED, review=Review.CHANGES),
            [("Checks", Mark.FAILED, ""), ("Approval", Mark.FAILED, ""), ("Merge", Mark.LATER, "")],
        ),
        (
            at(Stage.CHECKS, checks=Checks.PASSED, review=Review.WANTED),
            [("Checks", Mark.DONE, ""), ("Approval", Mark.NOW, ""), ("Merge", Mark.LATER, "")],
        ),
        (
            at(Stage.APPROVED, checks=Checks.PASSED, review=Review.APPROVED, approvers=("ben",)),
            [("Checks", Mark.DONE, ""), ("Approval", Mark.DONE, "by ben"), ("Merge", Mark.NOW, "")],
        ),
    ],
)
def test_the_steps_of_a_pull_request_are_those_that_its_branch_asks_for(
    promotion: Promotion, rest: list[tuple[str, Mark, str]]
) -> None:
    assert shown(promotion) == [
        ("Request", Mark.DONE, "by ana"),
        ("Pull request #12", Mark.DONE, ""),
        *rest,
        ("Sync", Mark.LATER, ""),
        ("Health", Mark.LATER, ""),
    ]


def test_steps_that_are_done_have_their_time() -> None:
    assert [step.at for step in steps(at(Stage.OPEN))] == [NINE, NINE + timedelta(minutes=1), None, None, None]


def test_steps_that_were_passed_over_are_left_out() -> None:
    promotion = at(Stage.MERGED, reached=AFTER_MERGE, why="Argo CD is syncing it")
    assert shown(promotion)[2:] == [
        ("Merge", Mark.DONE, "by ben, cccccccccc"),
        ("Sync", Mark.NOW, ""),
        ("Health", Mark.LATER, ""),
    ]


def test_the_steps_of_what_was_pushed() -> None:
    assert shown(pushed()) == [
        ("Request", Mark.DONE, "by ana"),
        ("Commit", Mark.DONE, "cccccccccc"),
        ("Sync", Mark.NOW, ""),
        ("Health", Mark.LATER, ""),
    ]


@pytest.mark.parametrize(
    ("promotion", "last"),
    [
        (at(Stage.HEALTHY), ("Health", Mark.DONE, "")),
        (
            at(Stage.FAILED, reached=(*AFTER_MERGE, Stage.SYNCED, Stage.FAILED), why="its pods crash"),
            ("Health", Mark.FAILED, ""),
        ),
        (
            at(Stage.TIMED_OUT, reached=(*AFTER_MERGE, Stage.TIMED_OUT), why="nothing applied it"),
            ("Sync", Mark.FAILED, ""),
        ),
        (at(Stage.CLOSED, why="eve closed it"), ("Merge", Mark.STOPPED, "")),
    ],
)
def test_an_end_is_the_last_step(promotion: Promotion, last: tuple[str, Mark, str]) -> None:
    assert shown(promotion)[-1] == last


def buttons(promotion: Promotion, environments: dict[str, Environment] = ENVIRONMENTS) -> list[tuple[str, str]]:
    return [(each.label, each.value or each.url or "") for each in offers(promotion, environments)]


OPEN = ("Open #12", "https://github.example/pull/12")


def test_one_on_its_way_can_be_looked_at_and_cancelled() -> None:
    assert buttons(at(Stage.CHECKS)) == [OPEN, ("Cancel", "cancel pr 12")]
    assert buttons(at(Stage.SYNCED)) == [OPEN]


def test_what_failed_can_be_taken_back_from_that_version_to_the_one_before() -> None:
    back = ("Roll back", "rollback payment in production from v1.3.0 to v1.2.0")
    assert buttons(at(Stage.FAILED)) == [OPEN, back]
    assert buttons(at(Stage.TIMED_OUT)) == [OPEN, back]


@pytest.mark.parametrize(
    "promotion",
    [
        at(Stage.FAILED, verb="rollback"),
        at(Stage.FAILED, replace(PAYMENT, stage=Stage.FAILED, from_version=None)),
        at(Stage.HEALTHY),
    ],
)
def test_where_there_is_no_way_back_none_is_offered(promotion: Promotion) -> None:
    assert buttons(promotion) == [OPEN]


def test_no_way_back_is_offered_where_the_config_says_nothing() -> None:
    nothing = Verification(on_failure=OnFailure.NOTHING)
    environments = ENVIRONMENTS | {"production": replace(ENVIRONMENTS["production"], verification=nothing)}
    assert buttons(at(Stage.FAILED), environments) == [OPEN]


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.SUPERSEDED])
def test_what_is_over_has_no_buttons(stage: Stage) -> None:
    assert buttons(at(stage)) == []


def test_what_is_healthy_can_go_on_to_the_next_environment() -> None:
    assert buttons(pushed(Stage.HEALTHY)) == [("Promote to production", "promote payment v1.3.0 to production")]
    assert buttons(pushed(Stage.HEALTHY, verb="rollback")) == []


def test_it_goes_on_to_every_environment_that_comes_after_and_waits_for_its_gate() -> None:
    production = replace(ENVIRONMENTS["production"], after="staging", soak=timedelta(minutes=30))
    edge = replace(production, name="edge", soak=timedelta())
    assert buttons(pushed(Stage.HEALTHY), ENVIRONMENTS | {"production": production, "edge": edge}) == [
        ("Promote to production", "promote payment v1.3.0 to production when healthy"),
        ("Promote to edge", "promote payment v1.3.0 to edge when healthy"),
    ]


def test_it_does_not_go_on_to_an_environment_that_comes_after_another() -> None:
    production = replace(ENVIRONMENTS["production"], after="canary")
    assert buttons(pushed(Stage.HEALTHY), ENVIRONMENTS | {"production": production}) == []


def test_what_is_no_word_of_a_command_is_in_no_button() -> None:
    odd = replace(PAYMENT, service="payment to staging")
    assert buttons(at(Stage.FAILED, replace(odd, stage=Stage.FAILED))) == [OPEN]
    assert buttons(replace(pushed(Stage.HEALTHY), legs=(odd,))) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (at(Stage.OPEN), at(Stage.OPEN, trouble="build failed"), f"{LEAD} It is held up: build failed."),
        (at(Stage.OPEN, trouble="build failed"), at(Stage.OPEN), f"{LEAD} That is over: build failed."),
        (
            at(Stage.CLOSED),
            at(Stage.OPEN),
            f"{LEAD} It goes on: pull request #12 was opened again.",
        ),
        (
            at(Stage.OPEN),
            at(Stage.OPEN, notes=("It was pushed to by eve: it moves payment to v2 by now.",)),
            f"{LEAD} It was pushed to by eve: it moves payment to v2 by now.",
        ),
        (at(Stage.OPEN), at(Stage.CHECKS), None),
        (at(Stage.OPEN, trouble="build failed"), at(Stage.MERGED), None),
        (at(Stage.OPEN, trouble="build failed"), at(Stage.OPEN, trouble="build failed"), None),
        (at(Stage.OPEN), at(Stage.CLOSED), None),
    ],
)
def test_the_thread_is_told_what_somebody_must_look_at(before: Promotion, after: Promotion, said: str | None) -> None:
    reply = news.step(before, after)
    assert (reply and reply.text) == said


def test_whoever_asked_is_called_where_something_is_wrong_and_at_the_end() -> None:
    reply = news.step(at(Stage.OPEN), at(Stage.OPEN, trouble="build failed"))
    assert reply
    assert reply.mentions == (ANA.id,)
    assert news.ended(at(Stage.HEALTHY)).mentions == (ANA.id,)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.is_end])
def test_the_channel_sees_the_ends_that_need_people(stage: Stage) -> None:
    assert news.ended(at(stage)).broadcast == (stage in {Stage.FAILED, Stage.TIMED_OUT})


@pytest.mark.parametrize("stage", list(Stage))
def test_the_same_state_has_the_same_words_and_no_line_of_anothers_text_breaks_it(stage: Stage) -> None:
    promotion = at(stage, why="one\ntwo\x1b[31m <!channel>")
    assert news.message(promotion, ENVIRONMENTS) == news.message(replace(promotion), ENVIRONMENTS)
    assert "\n" not in news.message(promotion, ENVIRONMENTS).text
