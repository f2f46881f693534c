"""What is said where a version fails, and the sentence that leads back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model.catalog import Target
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.request import Actor
from bot.model.sync import Ailment, Deployed, Health, ObjectRef, Sighting, Symptoms, SyncState
from bot.model.verification import Proof
from bot.promotions import failing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "payment")
APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
LEG = Leg("payment", "v1.2.9", "v1.3.0", Stage.FAILED, "0 of 1 replicas ready")
PAYMENT = Promotion("config", "#12", "production", "promote", (LEG,), Actor("U1", "ana"), NOW)


def seen(*ailments: Ailment, trouble: str = "", service: str = "payment") -> Sighting:
    target = Target(service, "production", "config", ("x",), "production")
    engine = Deployed("argocd", "production", APPLICATION, "x", trouble=trouble) if trouble else None
    return Sighting(
        target, "abc", "v1.3.0", "v1.3.0", SyncState.SYNCED, Health.DEGRADED, deployed=engine, ailments=ailments
    )


def test_everything_that_is_known_is_said() -> None:
    symptoms = Symptoms(
        ("CrashLoopBackOff, it ended with 1",),
        ("Pod payment-1: BackOff: back-off restarting",),
        ("\x1b[31mpanic\x1b[0m: password=hunter2 at <db>", "exit status 1"),
    )
    ailment = Ailment(DEPLOYMENT, Health.DEGRADED, "0 of 1 replicas ready", NOW - timedelta(minutes=6), symptoms)
    proofs = (
        Proof("GET https://pay.example.com/", False, "answered 503 “down”, not 200", NOW),
        Proof("the Job smoke", True, "it has completed", NOW),
    )
    leg = Leg("payment", "v1.2.9", "v1.3.0", Stage.FAILED, "0 of 1 replicas ready", proofs=proofs)
    told = failing.details(PAYMENT, [leg], {"payment": seen(ailment, trouble="the sync failed")}, NOW)
    assert told == Reply(
        Outcome.ANSWERED,
        "This was seen of payment v1.3.0 in production:",
        (
            Section(
                "Deployment shop/payment: 0 of 1 replicas ready for 6 minutes: CrashLoopBackOff, it ended with 1",
                Layout.CODE,
            ),
            Section("GET https://pay.example.com/: answered 503 “down”, not 200", Layout.CODE),
            Section("Application argocd/payment: the sync failed", Layout.CODE),
            Section("Its newest warnings:"),
            Section("Pod payment-1: BackOff: back-off restarting", Layout.CODE),
            Section("The last lines of Deployment shop/payment:"),
            Section("panic: password=… at <db>\nexit status 1", Layout.CODE),
        ),
    )


def test_nothing_is_said_of_what_nobody_saw() -> None:
    leg = Leg("payment", None, "v1.3.0", Stage.TIMED_OUT)
    assert failing.details(PAYMENT, [leg], {}, NOW) == Reply(
        Outcome.ANSWERED, "payment v1.3.0 was not healthy in time in production."
    )


def test_of_much_only_so_much() -> None:
    symptoms = Symptoms((), tuple(f"event {number}" for number in range(90)), ("x" * 999,) * 99)
    ailments = [
        Ailment(ObjectRef("v1", "Pod", "shop", str(number)), Health.DEGRADED, "r" * 999, None, symptoms)
        for number in range(200)
    ]
    legs = [Leg(name, "v1", "v2", Stage.FAILED, "w" * 999) for name in ("api", "web")]
    told = failing.details(PAYMENT, legs, {name: seen(*ailments, service=name) for name in ("api", "web")}, NOW)
    assert len(told.sections) <= 45
    assert all(len(line) <= failing.WIDEST for each in told.sections for line in each.text.split("\n"))
    assert "… and 195 more" in told.sections[1].text


@pytest.mark.parametrize(
    ("legs", "verb", "values"),
    [
        ((LEG,), "promote", ["rollback payment in production from v1.3.0 to v1.2.9"]),
        ((LEG,), "rollback", []),
        ((Leg("payment", "v1", "v2", Stage.TIMED_OUT),), "promote", ["rollback payment in production from v2 to v1"]),
        ((Leg("payment", "v1", "v2", Stage.HEALTHY),), "promote", []),
        ((Leg("payment", None, "v2", Stage.FAILED),), "promote", []),
        ((Leg("pay ment", "v1", "v2", Stage.FAILED),), "promote", []),
    ],
)
def test_a_button_says_from_where_to_where(legs: tuple[Leg, ...], verb: str, values: list[str]) -> None:
    promotion = Promotion("config", "#12", "production", verb, legs, Actor("U1", "ana"), NOW)
    assert [(each.label, each.value, each.danger) for each in failing.ways_back(promotion)] == [
        ("Roll back", value, True) for value in values
    ]


def test_a_button_asks_with_the_versions() -> None:
    (way,) = failing.ways_back(replace(PAYMENT, legs=(replace(LEG, stage=Stage.FAILED),)))
    assert way.asks == "payment in production goes back from v1.3.0 to v1.2.9."


def test_what_is_said_as_the_reason_is_said_once() -> None:
    ailment = Ailment(DEPLOYMENT, Health.DEGRADED, "0 of 1 replicas ready", None, Symptoms((), ("gone",)))
    leg = replace(LEG, stage=Stage.FAILED, why="Deployment shop/payment: 0 of 1 replicas ready")
    told = failing.details(PAYMENT, [leg], {"payment": seen(ailment)}, NOW)
    assert [each.text for each in told.sections] == ["Its newest warnings:", "gone"]


def test_of_several_each_has_its_button() -> None:
    legs = tuple(Leg(name, "v1", "v2", Stage.FAILED) for name in ("api", "web"))
    promotion = Promotion("config", "#12", "production", "promote", legs, Actor("U1", "ana"), NOW)
    assert [each.label for each in failing.ways_back(promotion)] == ["Roll back api", "Roll back web"]
