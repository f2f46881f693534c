"""What scheduled checks tell, in words, by equality."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.drift.episodes import Event, Step
from bot.drift.news import news, outage, parent, together, why_now
from bot.drift.outages import Blindness
from bot.model.catalog import Target
from bot.model.episode import Episode, Finding, Outage, Silence
from bot.model.reply import Layout, Section
from bot.model.sync import Difference, Kind, ObjectRef, Severity, Writer

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NINE + timedelta(days=3)
API = ObjectRef("apps/v1", "Deployment", "shop", "api")
SCALED = Difference(API, Kind.DRIFT, "spec.replicas", "2", "5", Severity.MEDIUM)
FINDING = Finding("f1", "v1", str(API), "spec.replicas", Kind.DRIFT, Severity.MEDIUM, NINE, 2, open=True)
OPEN = Episode("production", "api", NINE, (FINDING,), opened=NINE, told=True, returns=3)
HEALED = replace(OPEN, findings=(), healed=NINE + timedelta(minutes=42))
MUTE = Silence(NINE, LATER, "ana", "load test")


@pytest.mark.parametrize(
    ("events", "episode", "said"),
    [
        ([Event.AGAIN], OPEN, "api in production has drifted again: 1 medium."),
        ([Event.CHANGED], OPEN, "api in production: 1 finding new."),
        (
            [Event.RESTLESS],
            OPEN,
            (
                "api in production comes and goes: something of it came back or changed 3 times, each within "
                "1 hour of the last. No more is said of that until it has stayed as it is for 1 hour."
            ),
        ),
        ([Event.SETTLED], OPEN, "api in production has stayed as it is for 1 hour, and is drifted: 1 medium."),
        ([Event.REMINDED], OPEN, "api in production is still drifted, for 3 days: 1 medium."),
        ([Event.UNMUTED], OPEN, "The mute of api in production has run out, and it is still drifted: 1 medium."),
        (
            [Event.WORSE, Event.CHANGED],
            replace(OPEN, silence=replace(MUTE, over=True)),
            (
                "api in production got worse than what was muted (until 2026-03-05 09:00 UTC, by ana), so "
                "the mute ends: 1 finding new."
            ),
        ),
        (
            [Event.HEALED],
            HEALED,
            "api in production has healed: the drift lasted 42 minutes. It had come back or changed 3 times.",
        ),
        (
            [Event.UNDECLARED],
            replace(HEALED, undeclared=True),
            "api in production is no longer declared in Git; its drift was known for 42 minutes.",
        ),
    ],
)
def test_each_event_is_a_sentence(events: list[Event], episode: Episode, said: str) -> None:
    assert news([Step(episode, tuple(events), (SCALED,))], [episode], LATER).text == said


def test_what_a_mute_kept_back_says_so() -> None:
    episode = replace(OPEN, silence=replace(MUTE, over=True))
    assert why_now(Step(episode, (Event.OPENED, Event.WORSE)), episode) == (
        " It is worse than what was muted (until 2026-03-05 09:00 UTC, by ana), so the mute ends."
    )
    assert why_now(Step(OPEN, (Event.OPENED, Event.UNMUTED)), OPEN) == " It was muted until now."
    assert why_now(Step(OPEN, (Event.OPENED,)), OPEN) == ""


def test_lists_of_changes_fold() -> None:
    many = tuple(replace(SCALED, path=f"spec.x{number}") for number in range(12))
    (section,) = news([Step(OPEN, (Event.CHANGED,), many)], [OPEN], NINE).sections
    lines = section.text.split("\n")
    assert (len(lines), lines[-1]) == (10, "  … and 4 more")


def test_a_message_says_by_whose_hand_at_what_time_of_day() -> None:
    edited = replace(SCALED, by=Writer("kubectl-edit", "Update", NINE - timedelta(minutes=14)))
    assert parent(OPEN, [edited], None, offer=False).sections[0] == Section(
        "Deployment shop/api\n  spec.replicas: Git wants 2, cluster has 5 (kubectl-edit, 2026-03-02 08:46 UTC)",
        Layout.CODE,
    )


def test_names_that_are_no_single_word_get_no_buttons() -> None:
    assert parent(replace(OPEN, service="my folder"), [SCALED], None, offer=True).choices == ()


def test_many_targets_are_listed_worst_first_with_what_is_muted() -> None:
    grave = replace(FINDING, id="f2", path="spec.image", severity=Severity.HIGH)
    targets = [
        replace(OPEN, service="web", silence=MUTE),
        replace(OPEN, service="zoo", findings=(FINDING, grave)),
        replace(HEALED, service="cron"),
    ]
    told = together(targets)
    assert told.text == "3 targets in production have drifted, since 2026-03-02 09:00 UTC; 1 of them has healed."
    assert told.sections[0].text == (
        "zoo: 1 high, 1 medium: Deployment shop/api spec.image and 1 more\n"
        "web: 1 medium: Deployment shop/api spec.replicas (muted)"
    )


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ([], "production could not be checked for drift, since 2026-03-02 09:00 UTC: no Git"),
        (["api"], "api in production could not be checked for drift, since 2026-03-02 09:00 UTC: no Git"),
        (
            ["api", "web"],
            "2 of 7 targets in production could not be checked for drift, since 2026-03-02 09:00 UTC: no Git",
        ),
    ],
)
def test_an_outage_says_whom_it_hides(hidden: list[str], said: str) -> None:
    targets = tuple(Target(name, "production", "config", (name,)) for name in hidden)
    assert outage(Outage("production", "c", NINE), Blindness("no Git", targets), 7).text == said
