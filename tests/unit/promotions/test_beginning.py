"""How following begins: at the answer to a change that was made, whose message is the one that is kept up to date."""

from dataclasses import replace
from datetime import timedelta

import pytest
from memory import NOW
from workbench import ANA, BEN, Bench, path, pod

from bot.errors import Unavailable
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Choice, Layout, Mark, Outcome, Reply, Section
from bot.model.request import Place

HERE = Place("C1", "1.2", "https://chat.example/archives/C1/p13")


@pytest.fixture
def bench() -> Bench:
    return Bench(
        files={path(place, name): pod("v1.0.0", name) for place in ("staging", "production") for name in ("api", "web")}
    )


def steps(reply: Reply) -> list[tuple[str, Mark]]:
    return [(step.title, step.mark) for section in reply.sections for step in section.steps]


def test_a_pull_request_is_followed_from_before_it_is_said_to_be_open(bench: Bench) -> None:
    answer = bench.hear(bench.message("promote api v1.1.0 to prod"))
    assert bench.promotions.promotions() == (
        Promotion(
            "config",
            "#1",
            "production",
            "promote",
            (Leg("api", "v1.0.0", "v1.1.0", Stage.OPEN),),
            ANA,
            NOW,
            "Promote api from v1.0.0 to v1.1.0 in production",
            Stage.OPEN,
            {Stage.REQUESTED: NOW, Stage.OPEN: NOW},
            1,
            "https://github.example/pull/1",
            bench.git.branches["quarterdeck/promote/production/api/v1.1.0"],
            version=1,
        ),
    )
    assert steps(answer.reply) == [
        ("Request", Mark.DONE),
        ("Pull request #1", Mark.DONE),
        ("Merge", Mark.NOW),
        ("Sync", Mark.LATER),
        ("Health", Mark.LATER),
    ]
    assert [each.label for each in answer.reply.choices] == ["Open #1", "Cancel"]


def test_the_message_of_the_answer_is_the_one_that_is_kept_up_to_date(bench: Bench) -> None:
    answer = bench.hear(bench.message("promote api v1.1.0 to staging"))
    answer.said(HERE, "1.3")
    (followed,) = bench.promotions.promotions()
    assert (followed.key, followed.commit, followed.pull) == (bench.git.newest, bench.git.newest, None)
    assert (followed.channel, followed.message, followed.thread, followed.link) == ("C1", "1.3", "1.2", HERE.link)


def test_what_the_asker_is_told_besides_stays_in_the_message(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    reply = bench.say("promote api v1.2.0 to prod")
    assert bench.promotions.kept["config", "#2"].notes == ("It takes the place of #1.",)
    assert reply.sections[0] == Section("It takes the place of #1.")


def test_the_second_who_asks_is_led_to_the_first_message(bench: Bench) -> None:
    bench.hear(bench.message("promote api v1.1.0 to prod")).said(HERE, "1.3")
    second = bench.hear(bench.message("promote api v1.1.0 to prod"))
    assert second.reply.outcome is Outcome.ADOPTED
    assert second.reply.choices[-1] == Choice("See its progress", url=HERE.link)
    assert steps(second.reply) == []
    second.said(replace(HERE, channel="C2"), "2.2")
    assert bench.promotions.kept["config", "#1"].message == "1.3"


def test_a_promotion_whose_answer_was_never_given_is_told_by_the_next(bench: Bench) -> None:
    bench.hear(bench.message("promote api v1.1.0 to prod"))  # and the process died
    second = bench.hear(bench.message("promote api v1.1.0 to prod"))
    second.said(HERE, "1.3")
    assert steps(second.reply)
    assert bench.promotions.kept["config", "#1"].message == "1.3"


def test_a_commit_whose_answer_was_never_given_is_told_by_the_one_that_is_given_after_a_restart(bench: Bench) -> None:
    message = bench.message("promote api v1.1.0 to staging")
    bench.hear(message)  # and the process died
    again = bench.hear(replace(message, resumed=True))
    again.said(HERE, "1.3")
    (followed,) = bench.promotions.promotions()
    assert (followed.commit, followed.message) == (bench.git.newest, "1.3")
    assert steps(again.reply)


def test_a_pull_request_that_was_pushed_to_anew_is_known_by_its_new_head(bench: Bench) -> None:
    bench.hear(bench.message("promote api v1.1.0 to prod")).said(HERE, "1.3")
    before = bench.promotions.kept["config", "#1"].head
    bench.git.write({path("production", "web"): pod("v9", "web")})
    bench.say("promote api v1.1.0 to prod")
    after = bench.promotions.kept["config", "#1"]
    assert before != after.head == bench.git.branches["quarterdeck/promote/production/api/v1.1.0"]
    assert after.message == "1.3"


def test_one_that_had_ended_is_followed_again(bench: Bench) -> None:
    bench.hear(bench.message("promote api v1.1.0 to prod")).said(HERE, "1.3")
    bench.promotions.kept["config", "#1"] = replace(bench.promotions.kept["config", "#1"], stage=Stage.CLOSED)
    bench.hear(bench.message("promote api v1.1.0 to prod")).said(HERE, "1.9")
    again = bench.promotions.kept["config", "#1"]
    assert (again.stage, again.message) == (Stage.OPEN, "1.9")


def test_each_pull_request_of_a_release_has_a_message_of_its_own(bench: Bench) -> None:
    bench.environments["production"] = replace(bench.environments["production"], apart=True)
    for name in ("api", "web"):
        bench.put("staging", "v1.1.0", name)
        bench.runs("staging", "v1.1.0", name)
    answer = bench.hear(bench.message("promote api, web from staging to prod"))
    said = "Release to production: 2 on the way by pull request. Merge #1 and #2, and the cluster follows."
    assert answer.reply.text == said
    answer.said(HERE, "1.3")
    for number, each in enumerate(answer.more):
        each.said(HERE, f"1.{number + 4}")
    assert [(each.key, each.message) for each in bench.promotions.promotions()] == [("#1", "1.4"), ("#2", "1.5")]


def test_one_pull_request_of_several_services_is_told_by_the_answer(bench: Bench) -> None:
    for name in ("api", "web"):
        bench.put("staging", "v1.1.0", name)
        bench.runs("staging", "v1.1.0", name)
    answer = bench.hear(bench.message("promote api, web from staging to prod"))
    answer.said(HERE, "1.3")
    (followed,) = bench.promotions.promotions()
    assert ([leg.service for leg in followed.legs], followed.message) == (["api", "web"], "1.3")
    assert answer.more == ()
    assert [section.layout for section in answer.reply.sections] == [Layout.TABLE, Layout.STEPS]


def test_what_is_done_is_not_said_to_have_failed_where_it_cannot_be_followed(bench: Bench) -> None:
    bench.promotions.full = True
    reply = bench.say("promote api v1.1.0 to staging")
    assert reply.outcome is Outcome.COMMITTED
    assert reply.sections == (Section("It is not followed: The store is full."),)


def test_where_the_message_cannot_be_noted_whoever_said_it_is_told(bench: Bench) -> None:
    answer = bench.hear(bench.message("promote api v1.1.0 to staging"))
    bench.promotions.full = True
    with pytest.raises(Unavailable):
        answer.said(HERE, "1.3")


def test_a_rollback_that_was_confirmed_is_followed_too(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to staging")
    bench.passes(timedelta(minutes=1))
    bench.press(bench.say("rollback api in staging"))
    assert [(each.verb, each.by.name) for each in bench.promotions.promotions()] == [
        ("promote", "ana"),
        ("rollback", "ana"),
    ]


def test_what_changes_no_version_is_not_followed(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod", BEN)
    bench.say("history api in prod")
    bench.say("cancel pr 1")
    assert bench.promotions.promotions() == ()
