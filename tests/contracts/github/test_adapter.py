"""The GitHub adapter does what the Forge ports promise."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.errors import Refusal
from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository
from bot.model.pull import PullRequest
from bot.playground.github import faults

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"


@pytest.fixture
def pull(world, adapter) -> PullRequest:
    world.branch()
    return adapter.open("config", title="Promote payment", body="Hello <!-- hidden -->", branch=BRANCH)


def test_open_gives_the_new_pull_request(world, pull):
    assert pull == PullRequest(
        number=1,
        url=f"{world.url}/github/acme/gitops/pull/1",
        title="Promote payment",
        body="Hello <!-- hidden -->",
        branch=BRANCH,
        head=world.gitops.bare.branches()[BRANCH],
        base="main",
        state="open",
        author="quarterdeck",
        ours=True,
        opened=pull.opened,
    )
    assert pull.opened == world.gitops.pulls()[0].created.replace(microsecond=0)


def test_row_110_opening_again_gives_the_same_one(world, adapter, pull):
    assert adapter.open("config", title="Another", body="", branch=BRANCH) == pull
    assert len(world.gitops.pulls()) == 1


def test_opening_again_after_an_answer_was_lost_gives_the_same_one(world, adapter):
    world.branch()
    world.github.faults.plan(faults.bad_gateway(after=True), method="POST")
    with pytest.raises(Exception, match="502"):
        adapter.open("config", title="T", body="", branch=BRANCH)
    assert adapter.open("config", title="T", body="", branch=BRANCH).number == 1


def test_one_opened_by_someone_else_is_given_but_is_not_ours(world, adapter):
    world.branch()
    world.gitops.open(world.ana, title="Mine", body="", head=BRANCH, base="main")
    found = adapter.open("config", title="T", body="", branch=BRANCH)
    assert (found.author, found.ours) == ("ana", False)


def test_a_branch_without_commits_is_refused(world, adapter):
    world.gitops.bare.point("refs/heads/quarterdeck/empty", world.gitops.bare.branches()["main"])
    with pytest.raises(Refusal, match="quarterdeck/empty holds no commit that main of acme/gitops lacks"):
        adapter.open("config", title="T", body="", branch="quarterdeck/empty")


def test_a_body_may_have_65536_characters(world, adapter):
    world.branch()
    with pytest.raises(Refusal, match=r"it refuses the body\.$"):
        adapter.open("config", title="T", body="é" * 65_537, branch=BRANCH)
    assert len(adapter.open("config", title="T", body="é" * 65_536, branch=BRANCH).body) == 65_536


def test_pulls_are_the_open_ones_under_our_prefix(world, adapter, pull):
    for branch, by in [("feature", world.ana), ("quarterdeck/by-ana", world.ana), ("quarterdeck/done", world.bot)]:
        world.branch(branch, branch)
        world.gitops.open(by, title="T", body="", head=branch, base="main")
    adapter.close("config", 4)
    assert [(each.branch, each.ours) for each in adapter.pulls("config")] == [
        ("quarterdeck/by-ana", False),
        (BRANCH, True),
    ]
    assert pull in adapter.pulls("config")


def test_one_that_leads_to_another_branch_is_none_of_them(world, adapter):
    world.branch()
    world.branch("old-main", "old-main")
    world.gitops.open(world.bot, title="T", body="", head=BRANCH, base="old-main")
    assert adapter.pulls("config") == ()


def test_a_fork_s_branch_is_not_ours_whatever_its_name(world, adapter, pull):
    """The stand-in has no forks, so the answer is written by hand: a fork, a deleted fork, and a deleted author."""
    same = world.github.shapes.pull(world.gitops, world.gitops.pull(1))
    fork = same["head"] | {"repo": same["head"]["repo"] | {"url": f"{world.github.api_url}/repos/zoe/gitops"}}
    answer = [same, same | {"head": fork}, same | {"head": same["head"] | {"repo": None}}, same | {"user": None}]
    world.github.faults.plan(faults.Fault(200, answer), path="/pulls")
    assert adapter.pulls("config") == (pull, replace(pull, author="ghost", ours=False))
    world.described.problems.clear()  # GitHub does answer null there, against its own description


def test_an_empty_body_is_empty_text(world, adapter):
    world.branch()
    assert adapter.open("config", title="T", body="", branch=BRANCH).body == ""


def test_pulls_go_beyond_one_page(world, adapter, pull):
    known = world.gitops._pulls
    known.update({number: replace(known[1], number=number) for number in range(2, 102)})
    assert {each.number for each in adapter.pulls("config")} == set(range(1, 102))


def test_comment_label_and_close(world, adapter, pull):
    adapter.comment("config", pull.number, "Synced to production.")
    adapter.label("config", pull.number, ["quarterdeck", "production"])
    adapter.label("config", pull.number, [])
    adapter.close("config", pull.number)
    seen = world.gitops.pull(1)
    assert [comment.body for comment in seen.comments] == ["Synced to production."]
    assert (seen.labels, seen.state, adapter.pulls("config")) == (["quarterdeck", "production"], "closed", ())


def test_reviewers_are_asked_one_by_one_and_the_refused_are_named(world, adapter, pull):
    with pytest.raises(Refusal) as refused:
        adapter.request_review("config", pull.number, ["zoe", "ana", "quarterdeck", "acme/sre", "acme/nobody"])
    assert str(refused.value) == (
        "GitHub did not ask zoe, quarterdeck, acme/nobody to review acme/gitops#1: a reviewer must be able to see the"
        " repository and must not be the pull request's author."
    )
    seen = world.gitops.pull(1)
    assert ([person.login for person in seen.reviewers], seen.teams) == (["ana"], ["sre"])


def test_merge_gives_the_merge_commit(world, adapter, pull):
    commit = adapter.merge_when_ready("config", pull.number, head=pull.head)
    assert world.gitops.bare.branches()["main"] == commit
    assert world.gitops.pull(1).merged


def test_merge_is_pinned_to_the_head_that_was_looked_at(world, adapter, pull):
    world.gitops.commit(BRANCH, {"x": b"x"}, "Slipped in", world.ana)
    with pytest.raises(Refusal, match="acme/gitops#1 has new commits since it was looked at"):
        adapter.merge_when_ready("config", pull.number, head=pull.head)
    assert not world.gitops.pull(1).merged


def test_a_conflict_is_not_merged(world, adapter, pull):
    world.gitops.commit("main", {"payment.yaml": b"image: v2\n"}, "By hand", world.ana)
    with pytest.raises(Refusal, match="acme/gitops#1 conflicts with main, so it can't be merged"):
        adapter.merge_when_ready("config", pull.number, head=pull.head)


@pytest.mark.parametrize("url", ["https://github.com/acme/gitops", "git@github.com:acme/gitops.git", "acme/gitops/"])
def test_owner_and_name_are_the_url_s_last_two_parts(world, pull, url):
    with Adapter(world.github.api_url, world.bot.token, {"config": Repository("config", url)}) as forge:
        assert forge.pulls("config") == (pull,)


@pytest.mark.parametrize("url", ["gitops", "https:///gitops.git", ""])
def test_a_url_without_an_owner_is_refused(world, url):
    with (
        Adapter(world.github.api_url, world.bot.token, {"config": Repository("config", url)}) as forge,
        pytest.raises(Refusal, match="The URL of repository config does not end in owner/name"),
    ):
        forge.pulls("config")


def test_threads_may_share_it(world, adapter, pull):
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: adapter.pulls("config"), range(12)))
    assert seen == [(pull,)] * 12
