"""What is done to a pull request after it was opened, each call by itself."""

import pytest

from bot.errors import Refusal
from bot.playground.github import faults
from bot.playground.github.rules import Protection

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"


@pytest.fixture
def number(world, adapter):
    world.branch()
    return adapter.open("config", title="Promote payment", body="", branch=BRANCH).number


def test_title_and_body_are_changed_together(world, adapter, number):
    adapter.edit("config", number, title="Promote payment again", body="New")
    assert (world.gitops.pull(1).title, world.gitops.pull(1).body) == ("Promote payment again", "New")
    with pytest.raises(Refusal, match=r"could not change the text of acme/gitops#1 .*: it refuses the body\.$"):
        adapter.edit("config", number, title="T", body="x" * 65_537)


def test_a_draft_is_opened_as_one(world, adapter):
    world.branch()
    assert adapter.open("config", title="T", body="", branch=BRANCH, draft=True).draft
    assert adapter.pull("config", 1).draft


def test_row_120_where_there_are_no_drafts_it_is_opened_as_none(world, adapter):
    world.gitops.settings.drafts = False
    world.branch()
    opened = adapter.open("config", title="T", body="Hello", branch=BRANCH, draft=True)
    assert (opened.draft, opened.body, len(world.gitops.pulls())) == (False, "Hello", 1)


def test_row_119_who_cannot_be_assigned_is_named_and_the_others_are(world, adapter, number):
    with pytest.raises(Refusal) as refused:
        adapter.assign("config", number, ["Ana", "zoe", "ben"])
    assert str(refused.value) == "GitHub did not assign acme/gitops#1 to Ana, zoe: they must be able to see it."
    assert [person.login for person in world.gitops.pull(1).assignees] == ["ben"]
    adapter.assign("config", number, ["ana"])
    assert [person.login for person in world.gitops.pull(1).assignees] == ["ben", "ana"]


def test_closing_can_take_the_branch_along(world, adapter, number):
    adapter.close("config", number, delete_branch=True)
    assert (adapter.pull("config", 1).state, BRANCH in world.gitops.bare.branches()) == ("closed", False)
    adapter.close("config", number, delete_branch=True)


def test_a_branch_that_is_not_ours_stays(world, adapter):
    world.branch("feature")
    world.gitops.open(world.ana, title="T", body="", head="feature", base="main")
    adapter.close("config", 1, delete_branch=True)
    assert (adapter.pull("config", 1).state, "feature" in world.gitops.bare.branches()) == ("closed", True)


def test_a_pull_request_is_seen_whatever_became_of_it(world, adapter, number):
    assert adapter.pull("config", 1) == adapter.pulls("config")[0]
    world.branch("feature")
    world.gitops.open(world.bot, title="T", body="", head="feature", base="main")
    other = adapter.pull("config", 2)
    assert (other.branch, other.author, other.ours) == ("feature", "quarterdeck", False)
    with pytest.raises(Refusal, match=r"GitHub could not look at acme/gitops#9 \(404\)"):
        adapter.pull("config", 9)


@pytest.mark.parametrize(
    "call",
    [
        lambda forge: forge.pull("config", 1),
        lambda forge: forge.compare("acme/payment", "v1", "v2"),
        lambda forge: forge.edit("config", 1, title="T", body=""),
        lambda forge: forge.assign("config", 1, ["ana"]),
        lambda forge: forge.author("config"),
    ],
)
def test_each_failure_is_translated(world, adapter, call):
    world.github.faults.plan(faults.error(403, "Resource not accessible by personal access token"), times=2)
    with pytest.raises(Exception, match=r"GitHub does not allow the bot to .* \(403\)"):
        call(adapter)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("FORBIDDEN", r"does not allow the bot to merge acme/gitops#1 \(403\)"),
        ("NOT_FOUND", r"GitHub could not merge acme/gitops#1 \(404\)"),
        ("RATE_LIMITED", r"rate limit does not let the bot merge acme/gitops#1 now"),
        ("SOMETHING_NEW", r"GitHub did not merge acme/gitops#1: it answered with status 400"),
    ],
)
def test_what_graphql_says_is_translated_as_what_rest_does(world, adapter, number, kind, sentence):
    world.gitops.protected["main"] = Protection(approvals=1)
    answer = {"data": {"enablePullRequestAutoMerge": None}, "errors": [{"type": kind, "message": "PLANTED"}]}
    world.github.faults.plan(faults.Fault(200, answer), path="/graphql")
    with pytest.raises(Exception, match=sentence) as raised:
        adapter.merge_when_ready("config", 1, head=world.gitops.pull(1).head)
    assert "PLANTED" not in str(raised.value)
