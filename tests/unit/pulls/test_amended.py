"""What a pull request says that puts files right after drift."""

from datetime import timedelta

import pytest
from memory import NOW

from bot.model.catalog import Delivery, Target
from bot.model.change import Amendment, Draft, Edit
from bot.model.request import Actor, Message, Place
from bot.model.sync import Difference, Kind, ObjectRef, Severity, Writer
from bot.pulls import amended
from bot.pulls.body import LONGEST

TARGET = Target("payment", "production", "config", ("production/payment",))
REF = ObjectRef("apps/v1", "Deployment", "shop", "payment")
NASTY = "<!channel> @ben | `x` ``` <!-- --> [l](https://evil.example) #12 \u202e"
MESSAGE = Message("m", "drift adopt payment in prod", Actor("U1", "Ana", "ana"), Place("C1"), NOW)


def finding(value: str = "5", by: Writer | None = None) -> Difference:
    return Difference(REF, Kind.DRIFT, "spec.replicas", "3", value, Severity.MEDIUM, by, NOW - timedelta(hours=2))


def body(*findings: Difference, **changes: object) -> str:
    edit = Edit("production/payment/a.yaml", b"replicas: 3\n", b"replicas: 5\n")
    given: dict[str, object] = {
        "verb": "drift adopt",
        "target": TARGET,
        "summary": "1 live value written into Git",
        "findings": findings,
        "delivery": Delivery.PULL_REQUEST,
        "base": "a" * 40,
        "drafts": (Draft("m", (edit,)),),
        "branch": "quarterdeck/adopt/production/payment/1",
        "title": "t",
    }
    return amended.write(Amendment(**(given | changes)), MESSAGE, NOW)  # type: ignore[arg-type] # the fields' own types


def test_it_says_what_was_found_by_whom_it_was_changed_and_when() -> None:
    by = Writer("kubectl-edit", "Update", NOW - timedelta(minutes=14))
    assert body(finding(by=by), finding("6"), notes=("Not adopted: x",), reviewers=("ben",)) == (
        "**payment in production**: 1 live value written into Git. Asked for by @ana.\n\n"
        "> Not adopted: x\n\n"
        "| Object | Place | Git has | The cluster has | Changed |\n| --- | --- | --- | --- | --- |\n"
        "| Deployment shop/payment | `spec.replicas` | `3` | `5` | kubectl-edit, 14 minutes ago |\n"
        "| Deployment shop/payment | `spec.replicas` | `3` | `6` | 2 hours ago |\n\n"
        "- Awaited: a review by ben.\n\n"
        "```diff\n--- a/production/payment/a.yaml\n+++ b/production/payment/a.yaml\n@@ -1 +1 @@\n"
        "-replicas: 3\n+replicas: 5\n```\n\n"
        "To undo it once it is merged, revert it; before that, close this pull request.\n"
    )


@pytest.mark.parametrize("place", ["value", "manager", "summary", "note"])
def test_text_from_outside_is_no_markup(place: str) -> None:
    by = Writer(NASTY, "Update") if place == "manager" else None
    more: dict[str, object] = {"summary": {"summary": NASTY}, "note": {"notes": (NASTY,)}}.get(place, {})
    shown = body(finding(NASTY if place == "value" else "5", by), **more)
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert "<!--" not in shown
    assert "-->" not in shown
    assert "\u202e" not in shown
    if place != "value":  # in code nothing is markup
        assert "@ben" not in shown
        assert "](https://evil" not in shown


def test_it_is_never_too_long() -> None:
    assert len(body(*[finding("x" * 5_000)] * 5_000, notes=tuple("y" * 400 for _ in range(1_000)))) <= LONGEST
