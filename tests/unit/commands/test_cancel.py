"""What `cancel pr` closes, and what it leaves alone."""

from dataclasses import replace

import pytest
from memory import pull
from workbench import ANA, BEN, RULES, Bench

from bot.model.catalog import Repository
from bot.model.reply import Outcome
from bot.model.rules import Role, Rules

MAY = Rules(RULES.people, {**RULES.roles, "deployer": Role("deployer", ("promote", "cancel"), ("*",))})
BRANCH = "quarterdeck/promote/production/payment/v1.1.0"


@pytest.fixture
def bench() -> Bench:
    return Bench(rules=MAY)


def test_ours_is_closed_with_a_word_of_who_asked(bench: Bench) -> None:
    opened = bench.say("promote payment v1.1.0 to prod").pull
    assert opened is not None
    reply = bench.say("cancel pr #1", ANA)
    assert (reply.outcome, reply.text) == (
        Outcome.WITHDRAWN,
        f"Pull request #1 ({opened.title}) is closed, and its branch is gone.",
    )
    assert bench.forge.open_pulls == []
    (comment,) = (each for each in bench.forge.asked if each.startswith("comment 1 "))
    assert "This was cancelled." in comment
    assert "@ana" in comment
    assert bench.audit.kept[-1] == ("ana", "cancel", "payment in production", "withdrawn")
    assert bench.say("cancel pr 1").text == f"Pull request #1 ({opened.title}) is closed already."


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            pull(BRANCH, ours=False),
            (
                "Pull request #1 (Promote it) is eve's and none of mine, so it is left alone; "
                "close it at https://github.example/pull/1"
            ),
        ),
        (
            replace(pull(BRANCH), state="merged"),
            "Pull request #1 (Promote it) is merged already; to take it back, say: rollback pr 1.",
        ),
        (
            pull("quarterdeck/promote/elsewhere/payment/v1.1.0"),
            (
                "Pull request #1 (Promote it) is for no environment of the config, so nobody may close it here; "
                "do so at https://github.example/pull/1"
            ),
        ),
    ],
)
def test_others_stay(bench: Bench, there: object, said: str) -> None:
    bench.forge.open_pulls = [there]  # type: ignore[list-item] # parametrized
    reply = bench.say("cancel pr 1")
    assert reply.text == said
    assert not [each for each in bench.forge.asked if each.startswith("close")]


def test_it_needs_the_right_in_that_environment(bench: Bench) -> None:
    bench.forge.open_pulls = [pull(BRANCH)]
    reply = bench.say("cancel pr 1", BEN)
    assert reply.outcome is Outcome.REFUSED
    assert reply.text.startswith("ben holds tester, which may not cancel in production.")
    assert bench.forge.open_pulls


def test_a_word_that_is_no_number_is_not_understood(bench: Bench) -> None:
    assert bench.say("cancel pr twelve").outcome is Outcome.MISUNDERSTOOD


def test_a_number_that_several_repositories_have_is_named_with_both_pages(bench: Bench) -> None:
    repositories = {name: Repository(name, f"/srv/{name}") for name in ("config", "other")}
    bench.catalog = replace(bench.catalog, repositories=repositories)
    bench.say("promote payment v1.1.0 to prod")
    reply = bench.say("cancel pr 1")
    page = "https://github.example/pull/1"
    assert (reply.outcome, reply.text) == (
        Outcome.REFUSED,
        f"Several repositories have a pull request #1; close the one that is meant: {page} and {page}",
    )
    assert len(bench.forge.open_pulls) == 1


def test_a_number_that_none_has_is_refused(bench: Bench) -> None:
    assert bench.say("cancel pr 9").text == "There is no pull request #9."
