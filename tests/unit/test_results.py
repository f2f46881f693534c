"""What whoever asked is told of a pull request, by what has to happen with it next."""

from dataclasses import replace

import pytest
from memory import pull

from bot import results
from bot.model.catalog import Delivery, Merge, Target
from bot.model.change import Adopted, Opened, Proposal, Step
from bot.model.reply import Section

TARGET = Target("payment", "production", "config", ("production/payment",))
PROPOSAL = Proposal(
    verb="promote",
    steps=(Step(TARGET, "v1", "v2"),),
    delivery=Delivery.PULL_REQUEST,
    base="0" * 40,
    drafts=(),
    branch="quarterdeck/x",
    title="Promote it",
)
MOVED = "payment in production: v1 → v2. Pull request #1"


@pytest.mark.parametrize(
    ("merge", "draft", "said"),
    [
        (Merge.BY_HAND, False, " is open: merge it and the cluster follows."),
        (
            Merge.WHEN_READY,
            False,
            " is open: it merges as soon as the rules of its branch allow, and the cluster follows.",
        ),
        (
            Merge.BY_HAND,
            True,
            " is open as a draft: say on its page that it is ready, merge it, and the cluster follows.",
        ),
    ],
)
def test_what_has_to_happen_next(merge: Merge, draft: bool, said: str) -> None:
    opened = Opened(replace(pull("quarterdeck/x"), draft=draft))
    reply = results.performed(replace(PROPOSAL, merge=merge, draft=draft), opened)
    assert (reply.text, reply.sections) == (f"{MOVED}{said}", ())


def test_row_120_where_there_are_no_drafts_that_is_said() -> None:
    reply = results.performed(replace(PROPOSAL, draft=True), Opened(pull("quarterdeck/x")))
    assert reply.text == f"{MOVED} is open: merge it and the cluster follows."
    assert reply.sections == (Section("It is no draft, since its repository has none."),)


def test_asking_again_brings_the_text_up_to_date_and_says_so() -> None:
    reply = results.performed(PROPOSAL, Adopted(pull("quarterdeck/x")))
    assert reply.text == f"{MOVED} does this already; its text is brought up to date."
