"""Promotions through a gate: refused, anyway, or put where they wait for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from memory import NOW
from workbench import ANA, BEN, ENVIRONMENTS, EVE, RULES, Bench, path, pod

from bot.errors import Refusal
from bot.model.catalog import Environment, Merge, Target
from bot.model.change import Proposal, Queueing, Release, Reversal, Skipped, Unqueueing
from bot.model.promotion import Standing, Waiting
from bot.model.reply import Choice, Outcome, Reply
from bot.model.request import Actor, Message
from bot.model.rules import Role, Rules
from bot.model.sync import Health
from bot.model.verification import JobProbe, Probe, Proof, Verification

MINUTE = timedelta(minutes=1)
STAGING = replace(ENVIRONMENTS["staging"], verification=Verification(timedelta()))
PRODUCTION = replace(ENVIRONMENTS["production"], after="staging", soak=30 * MINUTE)
SOAKED = "it has been healthy in staging for 12 minutes of 30; it may at 09:18 UTC."
SOAKING = f"payment v1.1.0 can't go to production yet: {SOAKED}"

NOT_THERE = "payment v1.2.0 can't go to production: it must be healthy in staging first, and Git has v1.1.0 there."
NO_GATE = "staging comes after no environment in the config, so there is nothing to wait for"


def bench(
    *, minutes: float | None = 12, staging: Environment = STAGING, production: Environment = PRODUCTION, **more: str
) -> Bench:
    """Staging runs v1.1.0 of payment, healthy for so many minutes; production is at v1.0.0."""
    services = {"payment": "v1.1.0", **more}
    files = {path("staging", service): pod(version, service) for service, version in services.items()}
    files |= {path("production", service): pod("v1.0.0", service) for service in services}
    made = Bench(files=files, environments={"staging": staging, "production": production})
    for service, version in services.items():
        made.runs("staging", version, service)
    if minutes is not None:
        made.standings.note([standing(minutes)])
    return made


def standing(minutes: float, service: str = "payment", version: str = "v1.1.0") -> Standing:
    return Standing("staging", service, version, Health.HEALTHY, NOW - minutes * MINUTE, NOW)


def waiting(made: Bench, version: str = "v1.1.0", period: timedelta = timedelta(days=1), number: int = 1) -> Waiting:
    words = f"promote payment {version} to production"
    message = replace(made.message(""), id=f"Ev{number}:due", text=words, due=True)
    return Waiting("production", "payment", version, message, NOW + period, NOW)


def test_a_closed_gate_refuses_and_says_what_to_do() -> None:
    reply = bench().say("promote payment v1.1.0 to prod")
    assert reply == Reply(
        Outcome.REFUSED, f"{SOAKING} Or say: promote payment v1.1.0 to production when healthy", private=True
    )


@pytest.mark.parametrize(
    "text", ["promote payment v1.1.0 to prod", "promote payment to prod", "promote payment to prod when healthy"]
)
def test_an_open_gate_lets_it_pass(text: str) -> None:
    planned = bench(minutes=30).plan(text)
    assert isinstance(planned, Proposal)
    assert [(step.from_version, step.to_version) for step in planned.steps] == [("v1.0.0", "v1.1.0")]
    assert planned.gated


def test_without_a_gate_nothing_is_looked_at_and_nothing_judged_again() -> None:
    made = bench(production=replace(PRODUCTION, after=None, soak=timedelta()), minutes=None)
    planned = made.plan("promote payment v1.1.0 to prod")
    assert isinstance(planned, Proposal)
    assert not planned.gated


def test_it_goes_anyway_for_those_who_may_override() -> None:
    made = bench()
    reply = made.say("promote payment v1.1.0 to prod anyway because it is urgent")
    assert reply.outcome is Outcome.REFUSED
    assert reply.text.startswith("ana holds deployer, which may not override (promote anyway) in production.")
    made = bench()
    made.rules = Rules(RULES.people, {"deployer": Role("deployer", ("promote", "override"), ("*",))})
    made.restart()
    assert made.say("promote payment v1.1.0 to prod anyway because it is urgent").outcome is Outcome.OPENED


def test_a_rollback_passes_no_gate() -> None:
    made = bench(minutes=None)
    made.put("production", "v1.0.5")
    planned = made.plan("rollback payment in prod")
    assert isinstance(planned, Reversal)
    assert not planned.gated


def test_what_is_there_already_is_asked_no_gate() -> None:
    made = bench(minutes=None)
    for text in ("promote payment v1.0.0 to prod", "promote payment v1.0.0 to prod when healthy"):
        reply = made.say(text)
        assert reply.outcome is Outcome.UNCHANGED
        assert reply.text.startswith("payment in production is already v1.0.0")


def test_the_policy_and_a_rollback_speak_before_the_gate() -> None:
    made = bench()
    with pytest.raises(Refusal, match="latest is a tag that moves"):
        made.plan("promote payment latest to prod when healthy")


def test_of_several_each_is_judged() -> None:
    made = bench(api="v2.0.0", web="v1.0.0")
    made.standings.note([standing(45, "api", "v2.0.0")])
    release = made.plan("promote payment, api, web to prod")
    assert isinstance(release, Release)
    (proposal,) = release.proposals
    assert [step.target.service for step in proposal.steps] == ["api"]
    assert proposal.gated
    assert release.skipped[0] == Skipped(
        "payment",
        "production",
        f"{SOAKING} Or say: promote payment v1.1.0 to production when healthy",
        refused=True,
    )
    assert [(each.service, each.refused) for each in release.skipped[1:]] == [("web", False)]


def test_what_the_same_files_move_as_well_passes_its_gate_too() -> None:
    base = "kind: Kustomization\nresources: [pod.yaml]\n"
    files = {
        "staging/payment/kustomization.yaml": base,
        "staging/payment/pod.yaml": pod("v1.0.0"),
        "production/payment/kustomization.yaml": "kind: Kustomization\nresources: [../../staging/payment]\n",
    }
    made = Bench(files=files, environments={"staging": STAGING, "production": PRODUCTION})
    made.runs("staging", "v1.0.0")
    with pytest.raises(Refusal) as refusal:
        made.plan("promote payment v1.1.0 to staging")
    assert str(refusal.value) == (
        "This moves payment in production as well, by the same files. payment v1.1.0 can't go to production: it must "
        "be healthy in staging first, and Git has v1.0.0 there. To promote it all the same, say: "
        "promote payment v1.1.0 to staging anyway because …"
    )
    planned = made.plan("promote payment v1.1.0 to staging anyway because it is one file")
    assert isinstance(planned, Proposal)
    assert [str(each) for each in planned.also] == ["payment in production"]


def test_a_promotion_is_put_where_it_waits() -> None:
    made = bench()
    planned = made.plan("promote payment v1.1.0 to prod when healthy")
    target = made.context(made.message("")).target("payment", "production")
    assert planned == Queueing(
        verb="promote",
        target=target,
        waiting=waiting(made),
        would="payment v1.1.0 would wait to go to production, until 2026-03-03 09:00 UTC",
        text=f"payment v1.1.0 goes to production by itself as soon as it may, and waits until 2026-03-03 09:00 UTC. "
        f"{SOAKING} "
        "To take that back, say: cancel payment in production",
        choices=(Choice("Cancel", action="say", value="cancel payment in production"),),
    )
    assert made.plan("promote payment to prod when healthy within 2h") == replace(
        planned,
        waiting=waiting(made, period=timedelta(hours=2), number=4),
        would="payment v1.1.0 would wait to go to production, until 2026-03-02 11:00 UTC",
        text=f"payment v1.1.0 goes to production by itself as soon as it may, and waits until 2026-03-02 11:00 UTC. "
        f"{SOAKING} "
        "To take that back, say: cancel payment in production",
    )


def test_it_waits_takes_the_place_of_an_earlier_one_and_is_taken_back() -> None:
    made = bench()
    said = made.say("promote payment v1.1.0 to prod when healthy")
    assert (said.outcome, said.choices) == (
        Outcome.DONE,
        (Choice("Cancel", action="say", value="cancel payment in production"),),
    )
    assert made.queue.waiting() == (waiting(made),)
    again = made.say("promote payment to prod when healthy within 1h")
    assert "UTC. It takes the place of v1.1.0. payment" in again.text
    assert [each.expires for each in made.queue.waiting()] == [NOW + timedelta(hours=1)]
    assert made.say("cancel payment in prod").text.startswith("ana holds deployer, which may not cancel in production.")
    made.rules = Rules(RULES.people, {"deployer": Role("deployer", ("*",), ("*",))})
    made.restart()
    assert made.say("cancel payment in prod") == Reply(
        Outcome.DONE, "payment v1.1.0 no longer waits to go to production, which ana asked for just now."
    )
    assert made.queue.waiting() == ()
    assert made.say("cancel payment in prod") == Reply(
        Outcome.UNCHANGED,
        "Nothing waits to go to payment in production. To close a pull request of mine, say: cancel pr <number>",
    )
    assert made.audit.kept[0] == ("ana", "promote", "payment in production", "done")
    assert made.audit.kept[-1] == ("ana", "cancel", "payment in production", "done")


def test_taking_back_what_has_gone_meanwhile_says_so() -> None:
    made = bench()
    made.rules = Rules(RULES.people, {"deployer": Role("deployer", ("*",), ("*",))})
    made.restart()
    made.say("promote payment to prod when healthy")
    planned = made.plan("cancel payment in prod")
    assert isinstance(planned, Unqueueing)
    made.queue.known.clear()
    performer = made.conversation.performer()
    assert performer.run(planned).__class__.__name__ == "Unchanged"


@pytest.mark.parametrize("by", [EVE, replace(BEN, id="U-nobody")])
def test_only_who_may_promote_there_may_have_it_wait(by: Actor) -> None:
    made = bench()
    assert made.say("promote payment to prod when healthy", by).outcome is Outcome.REFUSED
    assert made.queue.waiting() == ()


def test_a_dry_run_puts_nothing_anywhere() -> None:
    made = bench()
    assert made.say("promote payment to prod when healthy", dry_run=True) == Reply(
        Outcome.PLANNED,
        "payment v1.1.0 would wait to go to production, until 2026-03-03 09:00 UTC. Nothing was done.",
    )
    assert made.queue.waiting() == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "promote payment v1.2.0 to prod when healthy",
            f"{NOT_THERE} First say: promote payment v1.2.0 to staging",
        ),
        (
            "promote payment to prod when healthy within 10m",
            f"{SOAKING} That is later than 2026-03-02 09:10 UTC, until when it would wait.",
        ),
        (
            "promote payment to prod when healthy within 15d",
            "A promotion can wait for 14 days at most, and 15 days is longer.",
        ),
        (
            "promote payment v1.1.0 to staging when healthy",
            f"{NO_GATE}; say: promote payment v1.1.0 to staging",
        ),
        (
            "promote payment, api to prod when healthy",
            "One service at a time can wait until it is healthy; say it of each.",
        ),
        (
            "promote all to prod when healthy",
            "One service at a time can wait until it is healthy; say it of each.",
        ),
        (
            "promote payment v1.1.0 to prod when healthy anyway because I can",
            "Either it waits until it is healthy, or it goes anyway; say one of the two.",
        ),
    ],
)
def test_what_can_not_wait(text: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        bench(api="v1.0.0").plan(text)
    assert str(refusal.value) == why


class Prober:
    """Every Job has passed, or not."""

    def __init__(self, *, passed: bool) -> None:
        self.passed = passed
        self.asked: list[tuple[str, str]] = []

    def probe(self, probe: Probe, target: Target, version: str, since: object) -> Proof:  # noqa: ARG002 - the port's
        self.asked.append((str(target), version))
        return Proof("Job smoke", self.passed, "it failed", NOW)


def test_what_the_environment_before_verifies_is_asked_only_where_nothing_else_is_amiss() -> None:
    staging = replace(STAGING, verification=Verification(timedelta(), probes=(JobProbe("smoke"),)))
    made = bench(staging=staging)
    made.prober = Prober(passed=True)
    with pytest.raises(Refusal, match="12 minutes of 30"):
        made.plan("promote payment to prod")
    assert made.prober.asked == []
    made = bench(staging=staging, minutes=30)
    made.prober = Prober(passed=True)
    assert isinstance(made.plan("promote payment to prod"), Proposal)
    assert made.prober.asked == [("payment in staging", "v1.1.0")]
    made.prober = Prober(passed=False)
    with pytest.raises(Refusal, match=r"yet: Job smoke has not passed in staging: it failed\."):
        made.plan("promote payment to prod")
    made.prober = None
    with pytest.raises(Refusal, match="what staging verifies can't be checked here"):
        made.plan("promote payment to prod")


def test_of_several_nothing_is_verified_that_does_not_move() -> None:
    staging = replace(STAGING, verification=Verification(timedelta(), probes=(JobProbe("smoke"),)))
    made = bench(staging=staging, minutes=45, api="v2.0.0", web="v1.0.0")
    made.standings.note([standing(45, "api", "v2.0.0"), standing(45, "web", "v1.0.0")])
    made.prober = Prober(passed=True)
    release = made.plan("promote payment, api, web to prod")
    assert isinstance(release, Release)
    assert [step.target.service for each in release.proposals for step in each.steps] == ["payment", "api"]
    assert sorted(made.prober.asked) == [("api in staging", "v2.0.0"), ("payment in staging", "v1.1.0")]


def test_a_gate_that_closes_before_the_merge_leaves_that_to_people() -> None:
    made = bench(minutes=30, production=replace(PRODUCTION, merge=Merge.WHEN_READY))
    answer = made.hear(made.message("promote payment to prod"))
    assert answer.reply.outcome is Outcome.OPENED
    made.standings.note([replace(standing(30), health=Health.DEGRADED)])
    warning = answer.afterwards()
    assert warning is not None
    assert warning.text.startswith(
        "Pull request #1 does not merge by itself: payment v1.1.0 can't go to production yet: "
        "it is healthy in staging, but not known since when"
    )
    assert not [each for each in made.forge.asked if each.startswith("merge")]
    made = bench(minutes=30, production=replace(PRODUCTION, merge=Merge.WHEN_READY))
    answer = made.hear(made.message("promote payment to prod"))
    answer.afterwards()
    assert [each for each in made.forge.asked if each.startswith("merge")]


def test_a_gate_that_closes_before_the_click_refuses_it() -> None:
    made = bench(minutes=30, production=replace(PRODUCTION), payment="1.1.0")
    made.standings.note([standing(30, version="1.1.0")])
    question = made.say("promote payment to prod")
    assert question.outcome is Outcome.CONFIRM, "one version begins with a v and the other does not"
    made.passes(timedelta(minutes=11))
    refused = made.press(question)
    assert refused.outcome is Outcome.REFUSED
    assert "not known since when" in refused.text


def test_the_answer_to_what_was_due_finds_whoever_asked() -> None:
    made = bench(minutes=30)
    words = "promote payment v1.1.0 to production"
    opened = made.hear(replace(made.message(words), due=True)).reply
    assert (opened.outcome, opened.mentions) == (Outcome.OPENED, (ANA.id,))
    made = bench()
    refused = made.hear(replace(made.message(words), due=True)).reply
    assert (refused.outcome, refused.private, refused.mentions) == (Outcome.REFUSED, False, (ANA.id,))
    assert made.hear(Message("E", "help", ANA, made.message("").place, NOW)).reply.mentions == ()


@pytest.mark.parametrize("text", ["status", "status in prod", "status payment in prod"])
def test_a_status_tells_it_before_anyone_tries(text: str) -> None:
    told = [section.text for section in bench().say(text).sections]
    assert "By the order of promotion:\npayment in production: v1.1.0 may follow at 09:18 UTC" in told
