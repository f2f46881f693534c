"""Sentences that several commands share, by equality."""

from datetime import UTC, datetime, timedelta

import pytest
from memory import pull

from bot import results, wording
from bot.model.catalog import Delivery, Target
from bot.model.change import (
    Adopted,
    Amendment,
    Commit,
    Committed,
    Contested,
    Draft,
    Edit,
    Failed,
    Move,
    Opened,
    Proposal,
    Reversal,
    Step,
    Unchanged,
)
from bot.model.reply import Choice, Layout, Outcome, Reply, Section
from bot.model.sync import Ailment, Health, ObjectRef, Symptoms

TARGET = Target("payment", "production", "config", ("environments/production/payment",), "production")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PULL = pull("quarterdeck/promote/production/payment/v1.3.0", number=7)
LINK = (Choice("Open #7", url="https://github.example/pull/7"),)
API = ObjectRef("apps/v1", "Deployment", "shop", "api")


def proposal(kind: type[Proposal] = Proposal, **changes: object) -> Proposal:
    edit = Edit("a.yaml", b"newTag: v1.2.0\n", b"newTag: v1.3.0\n")
    given: dict[str, object] = {
        "verb": "promote",
        "steps": (Step(TARGET, "v1.2.0", "v1.3.0"),),
        "delivery": Delivery.PULL_REQUEST,
        "base": "b" * 40,
        "drafts": (Draft("m", (edit,)),),
        "branch": "quarterdeck/promote/production/payment/v1.3.0",
        "title": "t",
        "body": "b",
    }
    return kind(**(given | changes))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "none"),
        ("v1.3.0", "v1.3.0"),
        ("sha256:" + "ab" * 32, "sha256:abababababab"),
        ("v1@sha256:" + "ab" * 32, "v1@sha256:abababababab"),
    ],
)
def test_a_digest_is_shortened_and_nothing_else(version: str | None, said: str) -> None:
    assert wording.short(version) == said


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        (
            Opened(PULL),
            Reply(
                Outcome.OPENED,
                "payment in production: v1.2.0 → v1.3.0. Pull request #7 is open: merge it and the cluster follows.",
                (Section("Mind this."),),
                LINK,
                pull=PULL,
            ),
        ),
        (
            Adopted(PULL),
            Reply(
                Outcome.ADOPTED,
                (
                    "payment in production: v1.2.0 → v1.3.0. Pull request #7 does this already; "
                    "its text is brought up to date."
                ),
                (Section("Mind this."),),
                LINK,
                pull=PULL,
            ),
        ),
        (
            Committed("c" * 40),
            Reply(
                Outcome.COMMITTED,
                "Promoted payment in production: v1.2.0 → v1.3.0, in commit cccccccccc.",
                (Section("Mind this."),),
                commit="c" * 40,
            ),
        ),
        (Unchanged("It is so."), Reply(Outcome.UNCHANGED, "It is so.")),
        (
            Contested(TARGET, PULL),
            Reply(
                Outcome.CONTESTED,
                "payment in production is being moved by pull request #7 (Promote it) already. "
                "Merge or close that one, then say it again.",
                choices=LINK,
                pull=PULL,
            ),
        ),
        (Failed("It moved."), Reply(Outcome.FAILED, "It moved.")),
    ],
)
def test_what_came_of_a_proposal(result: object, reply: Reply) -> None:
    assert results.performed(proposal(notes=("Mind this.",)), result) == reply  # type: ignore[arg-type]  # any outcome


def test_what_moves_no_version_is_not_said_to_move() -> None:
    asked = Amendment(
        verb="drift adopt",
        target=TARGET,
        summary="1 live value written into Git",
        findings=(),
        delivery=Delivery.PULL_REQUEST,
        base="b" * 40,
        drafts=(),
        branch="quarterdeck/adopt/production/payment/abc",
        title="t",
    )
    said = results.performed(asked, Contested(TARGET, PULL)).text
    assert said.startswith("payment in production is being amended by pull request #7")


def test_a_reversal_says_so() -> None:
    said = results.performed(proposal(Reversal, steps=(Step(TARGET, "v1.2.0", "v1.1.0"),)), Committed("c" * 40)).text
    assert said == "Rolled back payment in production: v1.2.0 → v1.1.0, in commit cccccccccc."


@pytest.mark.parametrize(
    ("delivery", "how"),
    [
        (Delivery.PUSH, "a commit"),
        (Delivery.PULL_REQUEST, "a pull request from quarterdeck/promote/production/payment/v1.3.0"),
    ],
)
def test_a_dry_run_says_how_it_would_be_done(delivery: Delivery, how: str) -> None:
    assert results.planned(proposal(delivery=delivery, notes=("Mind.",)), "+new") == Reply(
        Outcome.PLANNED,
        f"payment in production: v1.2.0 → v1.3.0, by {how}. Nothing was done.",
        (Section("Mind."), Section("+new", Layout.CODE)),
    )


@pytest.mark.parametrize(("kind", "label"), [(Proposal, "Promote"), (Reversal, "Roll back")])
def test_a_question_has_both_buttons_and_the_diff(kind: type[Proposal], label: str) -> None:
    assert results.question(proposal(kind, confirm="Go on?"), "q1", "+new") == Reply(
        Outcome.CONFIRM,
        "payment in production: v1.2.0 → v1.3.0. Go on?",
        (Section("+new", Layout.CODE),),
        (
            Choice(label, action="confirm", value="q1", danger=True),
            Choice("Cancel", action="cancel", value="q1"),
        ),
    )


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=14), "14 days ago"),
        (timedelta(days=15), "on 2026-02-15"),
    ],
)
def test_how_long_ago(period: timedelta, said: str) -> None:
    assert wording.ago(NOW - period, NOW) == said


def test_since_when_by_whom_and_by_which_pull_request() -> None:
    commit = Commit("1a2b3c4d5e6f", (), "ana", "", NOW - timedelta(minutes=3), "m")
    assert wording.since(Move(TARGET, "v1", "v2", commit, "ana", 12), NOW) == (
        "since 1a2b3c4d5e by ana, 3 minutes ago (#12)"
    )
    assert wording.since(Move(TARGET, "v1", "v2", commit, "ana"), NOW) == "since 1a2b3c4d5e by ana, 3 minutes ago"


def test_columns_have_one_width_and_an_underlined_header() -> None:
    assert wording.columns([("Service", "Git"), ("api", "v1\nx"), ("worker",)]) == (
        "Service  Git\n-------  ----\napi      v1 x\nworker"
    )
    assert wording.columns([]) == ""


CAUSE = "ImagePullBackOff registry.example.com/payment:v1.3.0"


@pytest.mark.parametrize(
    ("reason", "minutes", "causes", "said"),
    [
        ("2 of 3 replicas ready", 6, (CAUSE,), f"2 of 3 replicas ready for 6 minutes: {CAUSE}"),
        ("2 of 3 replicas ready", 0, (CAUSE,), f"2 of 3 replicas ready: {CAUSE}"),
        ("2 of 3 replicas ready", -6, (), "2 of 3 replicas ready"),
        ("2 of 3 replicas ready", None, ("one", "two", "three"), "2 of 3 replicas ready: one; two"),
        ("the job failed: BackoffLimitExceeded", 90, (), "the job failed: BackoffLimitExceeded, for 1 hour"),
        (f"a container can't run: {CAUSE}", 2, (CAUSE,), f"a container can't run for 2 minutes: {CAUSE}"),
        ("", 2, (), "progressing for 2 minutes"),
    ],
)
def test_what_ails(reason: str, minutes: int | None, causes: tuple[str, ...], said: str) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    since = None if minutes is None else now - timedelta(minutes=minutes)
    ref = ObjectRef("apps/v1", "Deployment", "shop", "payment")

    assert wording.said(Ailment(ref, Health.PROGRESSING, reason, since, Symptoms(causes)), now) == said
    assert wording.said(Ailment(ref, Health.PROGRESSING, reason, None, Symptoms(causes, since=since)), now) == said
