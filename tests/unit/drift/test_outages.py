"""Which causes keep targets from being checked, and when that is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.drift.outages import Turn, causes, fingerprint, follow, hidden
from bot.model.catalog import Target
from bot.model.episode import Outage
from bot.model.sync import Deployed, Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState

KEY = b"k" * 32
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DOWN = "production answered 503 for deployments in namespace shop"


def unread(service: str, *whys: str) -> Sighting:
    """A target whose objects could not be read, one for each reason."""
    target = Target(service, "production", "config", (service,), "production")
    refs = {ObjectRef("v1", f"Kind{number}", "shop", service): why for number, why in enumerate(whys)}
    return Sighting(target, "abc", None, None, SyncState.UNKNOWN, Health.UNKNOWN, "; ".join(whys), unread=refs)


def broken(service: str, why: str, *differences: Difference) -> Sighting:
    """A target whose own side can't be read."""
    target = Target(service, "production", "config", (service,), "production")
    return Sighting(target, "abc", None, None, SyncState.UNKNOWN, Health.UNKNOWN, why, differences)


def told(*sightings: Sighting) -> dict[str, list[str]]:
    return {each.why: [target.service for target in each.targets] for each in causes(sightings, KEY).values()}


def test_one_cause_is_one_whatever_was_being_read() -> None:
    other = "production answered 503 for ConfigMap shop/payment"
    assert told(unread("api", DOWN), unread("payment", other, DOWN)) == {DOWN: ["api", "payment"]}


def test_a_target_may_be_hidden_by_several_causes() -> None:
    refused = "production doesn't let us read secrets (403); grant get and list on it"
    assert told(unread("api", DOWN, refused)) == {DOWN: ["api"], refused: ["api"]}


def test_what_is_wrong_with_a_targets_own_files_is_no_outage() -> None:
    wrong = Difference(ObjectRef("v1", "ConfigMap", "shop", "a"), Kind.CONFIG_ERROR, "data", "x", None, Severity.MEDIUM)
    assert (
        told(broken("api", "api/x.yaml:3: no mapping"), broken("web", "same", wrong), broken("zoo", "same", wrong))
        == {}
    )


def test_engines_that_deploy_something_else_are_one_cause_and_so_are_parts_that_cant_be_compared() -> None:
    def rewritten(service: str) -> Sighting:
        app = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", service)
        differs = Difference(ObjectRef("v1", "Pod", "a", "b"), Kind.DRIFT, "spec.x", "1", "2", Severity.MEDIUM)
        seen = broken(service, f"{app} deploys something else than the folder says, by its images", differs)
        return replace(seen, deployed=Deployed("argocd", "production", app, service))

    part = Difference(ObjectRef("v1", "Pod", "a", "b"), Kind.UNKNOWN, "spec.x", None, None, Severity.INFO)
    looked = [rewritten("api"), rewritten("web"), broken("zoo", "parts of it can't be compared", part)]
    assert list(told(*looked).values()) == [["api", "web"], ["zoo"]]
    assert hidden(looked, causes(looked, KEY), KEY) == frozenset()


def test_what_several_share_is_told_once_and_hides_them() -> None:
    looked = [
        broken("api", "base/x.yaml:3: no mapping"),
        broken("web", "base/x.yaml:3: no mapping"),
        broken("zoo", "y"),
    ]
    found = causes(looked, KEY)
    assert [len(each.targets) for each in found.values()] == [2]
    assert {each.service for each in hidden(looked, found, KEY)} == {"api", "web"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x didn't answer within 10 s when asked for pods", "x didn't answer within 3.5 s when asked for nodes", True),
        (DOWN, "production answered 500 for deployments in namespace shop", False),
        (DOWN, "staging answered 503 for deployments in namespace shop", False),
        (f"{DOWN} (and 2 more)", DOWN, True),
    ],
)
def test_causes_are_told_apart_by_what_happened(one: str, other: str, *, same: bool) -> None:
    assert (fingerprint(one, KEY) == fingerprint(other, KEY)) is same


@pytest.mark.parametrize(
    ("course", "turns"),
    [
        ("x", "-"),
        ("xx", "-b"),
        ("x.x", "---"),
        ("xxx.x", "-b---"),
        ("xx..x", "-b-e-"),
        ("xx...xx", "-b-e--b"),
        ("xx..xx..", "-b-e-b-e"),
    ],
)
def test_two_checks_begin_it_and_two_end_it(course: str, turns: str) -> None:
    found = causes([unread("api", DOWN)], KEY)
    known: tuple[Outage, ...] = ()
    seen = ""
    for number, check in enumerate(course):
        now = NINE + number * timedelta(minutes=5)
        steps = follow(known, found if check == "x" else {}, "production", now)
        known = tuple(step.after for step in steps if step.after)
        seen += "".join({Turn.BEGAN: "b", Turn.ENDED: "e"}.get(step.turn, "-") for step in steps) or "-"  # type: ignore[arg-type]  # no turn is a dash
    assert seen == turns
