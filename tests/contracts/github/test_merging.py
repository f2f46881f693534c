"""Merging through the adapter, by each of GitHub's ways; and what the stand-in makes of each."""

import pytest

from bot.errors import Refusal, Unavailable
from bot.playground.github import faults, merging
from bot.playground.github.rules import Protection

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
PULL = "/repos/acme/gitops/pulls/1"


@pytest.fixture
def pull(world):
    world.branch()
    return world.gitops.open(world.bot, title="Promote payment", body="", head=BRANCH, base="main")


def merge(world, adapter, pull):
    return adapter.merge_when_ready("config", 1, head=world.gitops.pull(1).head)


def tip(world, number=1):
    return world.gitops.bare.log(world.gitops.bare.branches()["main"], number)


def test_what_is_clean_is_merged_at_once(world, adapter, pull):
    commit = merge(world, adapter, pull)
    assert commit == tip(world)[0].sha
    seen = adapter.pull("config", 1)
    assert (seen.state, seen.merged_as, seen.merged_by) == ("merged", commit, "quarterdeck")
    assert merge(world, adapter, pull) == commit


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_repository_says_how(world, adapter, pull, method):
    world.gitops.settings.methods = (method,)
    merge(world, adapter, pull)
    commit = tip(world)[0]
    subjects = {
        "merge": f"Merge pull request #1 from acme/{BRANCH}\n\nPromote payment",
        "squash": "Promote payment (#1)",
        "rebase": "Promote payment",
    }
    assert commit.message == subjects[method]
    assert len(commit.parents) == (2 if method == "merge" else 1)


def test_a_squash_of_several_lists_them(world, adapter, pull):
    world.gitops.commit(BRANCH, {"note.txt": b"x\n"}, "Note why\n\nBecause.", world.ana)
    world.gitops.settings.methods = ("squash",)
    merge(world, adapter, pull)
    assert tip(world)[0].message == "Promote payment (#1)\n\n* Promote payment\n\n* Note why\n\nBecause."


def test_a_rebase_keeps_authors_and_skips_nothing(world, adapter, pull):
    world.gitops.commit(BRANCH, {"note.txt": b"x\n"}, "Note why", world.ana)
    world.gitops.commit("main", {"other.txt": b"y\n"}, "Meanwhile", world.ben)
    world.gitops.settings.methods = ("rebase",)
    merge(world, adapter, pull)
    newest = tip(world, 3)
    assert [(each.message, each.author.name, each.committer.name) for each in newest] == [
        ("Note why", "Ana Ito", "Quarterdeck"),
        ("Promote payment", "Quarterdeck", "Quarterdeck"),
        ("Meanwhile", "Ben Okoro", "Ben Okoro"),
    ]
    assert world.gitops.bare.read("main", "other.txt") == b"y\n"


def test_a_method_that_is_switched_off_is_405(world, pull):
    world.gitops.settings.methods = ("merge",)
    answer = world.api("PUT", f"{PULL}/merge", json={"merge_method": "squash"})
    assert (answer.status_code, answer.json()["message"]) == (405, "Squash merges are not allowed on this repository.")


def test_row_118_what_waits_for_reviews_is_merged_by_github_later(world, adapter, pull):
    world.gitops.protected["main"] = Protection(approvals=1)
    assert merge(world, adapter, pull) is None
    assert adapter.pull("config", 1).state == "open"
    world.gitops.review(world.gitops.pull(1), world.ana, "APPROVE", "")
    assert adapter.pull("config", 1).state == "merged"


def test_row_118_clean_by_the_time_auto_merge_is_asked_for(world, adapter, pull):
    """The state is looked at first; GitHub refuses auto-merge where it has become clean since."""
    state = world.github.shapes.full_pull(world.gitops, pull) | {"mergeable_state": "blocked"}
    world.github.faults.plan(faults.Fault(200, state), path="/pulls/1")
    assert merge(world, adapter, pull) == tip(world)[0].sha


def test_row_118_unknown_mergeability_is_asked_again(world, adapter, pull):
    world.gitops.settings.judging = 3
    assert merge(world, adapter, pull) == tip(world)[0].sha


def test_row_118_mergeability_that_stays_unknown_is_given_up(world, adapter, pull):
    world.gitops.settings.judging = 100
    with pytest.raises(Unavailable, match="still works out whether acme/gitops#1 can be merged"):
        merge(world, adapter, pull)


def test_without_auto_merge_what_is_missing_is_said(world, adapter, pull):
    world.gitops.protected["main"] = Protection(approvals=1)
    world.gitops.settings.auto_merge = False
    with pytest.raises(Refusal) as refused:
        merge(world, adapter, pull)
    assert str(refused.value) == (
        "acme/gitops#1 waits for what main requires, and the repository has no auto-merge: merge it by hand then, or"
        " turn on Allow auto-merge in the repository's settings."
    )


def test_row_118_a_merge_queue_takes_it(world, adapter, pull):
    world.gitops.protected["main"] = Protection(queue=True)
    assert merge(world, adapter, pull) is None
    assert world.gitops.pull(1).queued.by == world.bot
    for _ in range(int(merging.QUEUE.total_seconds())):
        world.github.now()
    assert adapter.pull("config", 1).state == "merged"


def test_a_draft_and_a_closed_one_are_not_merged(world, adapter, pull):
    pull.draft = True
    with pytest.raises(Refusal, match="acme/gitops#1 is a draft, so it can't be merged"):
        merge(world, adapter, pull)
    assert world.api("PUT", f"{PULL}/merge").json()["message"] == "Pull Request is still a draft"
    adapter.close("config", 1)
    with pytest.raises(Refusal, match="acme/gitops#1 is closed, so it can't be merged"):
        merge(world, adapter, pull)


def test_what_the_base_requires_is_405_until_it_is_there(world, pull):
    world.gitops.protected["main"] = Protection(approvals=2)
    world.gitops.review(pull, world.ana, "APPROVE", "")
    answer = world.api("PUT", f"{PULL}/merge")
    said = "At least 1 approving review is required by reviewers with write access."
    assert (answer.status_code, answer.json()["message"]) == (405, said)
    assert world.api("GET", PULL).json()["mergeable_state"] == "blocked"
    world.gitops.review(pull, world.ben, "APPROVE", "")
    assert world.api("PUT", f"{PULL}/merge").status_code == 200


def test_the_branch_goes_with_the_merge_where_the_repository_says_so(world, adapter, pull):
    world.gitops.settings.delete_branch_on_merge = True
    merge(world, adapter, pull)
    assert BRANCH not in world.gitops.bare.branches()
    assert adapter.pull("config", 1).head == pull.head
