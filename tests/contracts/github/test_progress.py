"""How far pull requests are, through the adapter; and what following them costs."""

import pytest

from bot.errors import Refusal, Unavailable
from bot.forges.credential import App
from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository as Listed
from bot.model.pull import Checks, Nudge, Review
from bot.model.secret import AppKey
from bot.playground.github import faults
from bot.playground.github.apps import GRANTED
from bot.playground.github.rules import Protection

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
GRAPHQL = ("POST", "/graphql", 200)
LISTED = ("GET", "/v3/repos/acme/gitops/pulls", 304)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def forge(world, clock):
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Adapter(world.github.api_url, world.bot.token, listed, clock=clock) as made:
        yield made


@pytest.fixture
def pull(world):
    return opened(world, BRANCH)


def opened(world, branch, **more):
    world.branch(branch, f"image: {branch}\n")
    more = {"title": "Promote payment", "body": "Hello", "base": "main"} | more
    return world.gitops.open(world.bot, head=branch, **more)


def seen(forge, number=1):
    return forge.progress("config", [number])[number]


def test_it_tells_of_a_pull_request_what_one_look_tells(world, forge, pull):
    assert seen(forge).pull == forge.pull("config", 1)
    assert (seen(forge).checks, seen(forge).review) == (Checks.NONE, Review.NONE)


def test_checks_run_and_pass(world, forge, clock, pull):
    world.gitops.check(pull.head, "unit tests")
    world.gitops.conclude(pull.head, "lint", "NEUTRAL")
    assert (seen(forge).checks, seen(forge).named) == (Checks.RUNNING, ("unit tests",))
    world.gitops.conclude(pull.head, "unit tests", "SUCCESS")
    assert seen(forge).checks is Checks.RUNNING
    clock.now += 15
    assert (seen(forge).checks, seen(forge).named) == (Checks.PASSED, ())


def test_checks_that_failed_are_named_before_those_that_run(world, forge, pull):
    world.gitops.conclude(pull.head, "unit\ntests\u202e" + "x" * 100, "TIMED_OUT")
    world.gitops.check(pull.head, "e2e")
    assert (seen(forge).checks, seen(forge).named) == (Checks.FAILED, (f"unit tests {'x' * 68}…",))


def test_what_we_tell_of_a_commit_is_no_check_of_it(world, forge, pull):
    told = {"state": "pending", "context": "quarterdeck/production"}
    world.api("POST", f"/repos/acme/gitops/statuses/{pull.head}", json=told)
    assert seen(forge).checks is Checks.NONE
    world.api("POST", f"/repos/acme/gitops/statuses/{pull.head}", json={"state": "error", "context": "ci/legacy"})
    forge.forget(Nudge("config", commit=pull.head))
    assert (seen(forge).checks, seen(forge).named) == (Checks.FAILED, ("ci/legacy",))


def test_reviews_come_to_what_the_branch_asks_for(world, forge, clock, pull):
    world.gitops.protected["main"] = Protection(approvals=2)
    assert seen(forge).review is Review.WANTED
    for by, event, review, approvers in [
        (world.ana, "REQUEST_CHANGES", Review.CHANGES, ()),
        (world.ana, "APPROVE", Review.WANTED, ("ana",)),
        (world.ben, "APPROVE", Review.APPROVED, ("ana", "ben")),
    ]:
        world.gitops.review(pull, by, event, "")
        clock.now += 1
        assert (seen(forge).review, seen(forge).approvers) == (review, approvers)


def test_without_rules_it_is_the_last_word_of_each(world, forge, clock, pull):
    world.gitops.request(pull, ["ana"], [])
    assert seen(forge).review is Review.WANTED
    world.gitops.review(pull, world.ana, "APPROVE", "")
    clock.now += 1
    assert (seen(forge).review, seen(forge).approvers) == (Review.APPROVED, ("ana",))
    world.gitops.review(pull, world.ben, "REQUEST_CHANGES", "")
    clock.now += 1
    assert seen(forge).review is Review.CHANGES


def test_conflicts_drafts_queue_and_auto_merge(world, forge, clock, pull):
    world.gitops.commit("main", {"payment.yaml": b"image: v9\n"}, "Meanwhile", world.ben)
    assert seen(forge).conflicts
    pull.draft = True
    assert not seen(forge).pull.draft
    clock.now += 60
    assert seen(forge).pull.draft
    other = opened(world, BRANCH.replace("payment", "cart"))
    world.gitops.protected["main"] = Protection(approvals=1)
    assert not seen(forge, 2).queued
    forge.merge_when_ready("config", 2, head=other.head)
    forge.forget(Nudge("config", pulls=(2,)))
    assert seen(forge, 2).queued


def test_merged_closed_and_reopened(world, forge, clock, pull):
    seen(forge)
    world.api("PATCH", "/repos/acme/gitops/pulls/1", by=world.ana, json={"state": "closed"})
    clock.now += 1
    assert (seen(forge).pull.state, seen(forge).closed_by) == ("closed", "ana")
    world.gitops.edit(pull, state="open")
    clock.now += 1
    assert (seen(forge).pull.state, seen(forge).closed_by) == ("open", None)
    commit = world.api("PUT", "/repos/acme/gitops/pulls/1/merge", by=world.ben).json()["sha"]
    clock.now += 1
    merged = seen(forge).pull
    assert (merged.state, merged.merged_as, merged.merged_by) == ("merged", commit, "ben")


def test_another_head_is_told_as_soon_as_it_is_pushed(world, forge, clock, pull):
    before = seen(forge).pull.head
    world.gitops.commit(BRANCH, {"payment.yaml": b"image: v6.6.6\n"}, "Something else", world.ana)
    clock.now += 1
    assert seen(forge).pull.head == world.gitops.bare.branches()[BRANCH] != before


def test_an_app_that_may_not_see_checks_is_told_the_rest(world, clock):
    app = world.github.add_app("quarterdeck", "Quarterdeck")
    world.github.install(app, "acme", ["gitops"], {name: GRANTED[name] for name in GRANTED if name != "checks"})
    made = opened(world, BRANCH)
    made.author = app.person
    world.gitops.conclude(made.head, "unit tests", "FAILURE")
    key = AppKey(str(app.id), app.key)
    credential = App(world.github.api_url, key, ["acme/gitops"], clock=lambda: world.github.now().timestamp())
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Adapter(world.github.api_url, credential, listed, clock=clock) as forge:
        found = seen(forge)
    credential.close()
    assert (found.checks, found.pull.author, found.pull.ours) == (Checks.NONE, "quarterdeck[bot]", True)


def test_following_costs_next_to_nothing_while_nothing_changes(world, forge, clock, pull):
    opened(world, BRANCH.replace("payment", "cart"))
    for seconds in (0, 1, 200):
        clock.now += seconds
        forge.progress("config", [1, 2])
    world.github.requests.clear()
    for _ in range(12):
        clock.now += 5
        forge.progress("config", [1, 2])
    assert world.github.requests.unchanged == 12
    assert [each for each in world.github.requests.last if each != LISTED] == [GRAPHQL]


def test_one_that_changes_is_asked_about_alone(world, forge, clock, pull):
    other = opened(world, BRANCH.replace("payment", "cart"))
    forge.progress("config", [1, 2])
    clock.now += 1
    forge.progress("config", [1, 2])
    world.github.requests.clear()
    world.gitops.edit(other, title="Promote cart")
    clock.now += 1
    assert forge.progress("config", [1, 2])[2].pull.title == "Promote cart"
    assert [each[1:] for each in world.github.requests.last] == [("/v3/repos/acme/gitops/pulls", 200), GRAPHQL[1:]]
    clock.now += 1
    forge.progress("config", [1, 2])
    assert world.github.requests.last[-1] == LISTED


def test_a_nudge_has_it_looked_at_at_once(world, forge, pull):
    seen(forge)
    world.gitops.conclude(pull.head, "unit tests", "FAILURE")
    assert seen(forge).checks is Checks.NONE
    for nudge in [Nudge("config"), Nudge("config", pulls=(7,)), Nudge("config", commit="0" * 40)]:
        forge.forget(nudge)
        assert seen(forge).checks is Checks.NONE
    forge.forget(Nudge("config", pulls=(1,)))
    assert seen(forge).checks is Checks.FAILED


def test_what_is_not_there_is_left_out_and_the_others_are_told(world, forge, pull):
    assert list(forge.progress("config", [1, 7, 8])) == [1]
    world.github.requests.clear()
    assert list(forge.progress("config", [7])) == []
    assert forge.progress("config", []) == {}
    assert GRAPHQL not in world.github.requests.last


def test_a_repository_that_is_not_there(world, clock):
    listed = {"config": Listed("config", world.github.clone_url("acme/nothing"))}
    with (
        Adapter(world.github.api_url, world.bot.token, listed, clock=clock) as forge,
        pytest.raises(Refusal, match="404"),
    ):
        forge.progress("config", [1])


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (faults.secondary_rate_limit(30), 30),
        (faults.secondary_rate_limit(None), 60),
        (faults.Fault(200, {"errors": [{"type": "RATE_LIMIT", "message": "API rate limit exceeded"}]}), 60),
        (faults.Fault(200, {"errors": [{"message": "You have exceeded a secondary rate limit. Please wait."}]}), 60),
        (
            faults.Fault(
                200, {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "x"}]}, {"Retry-After": "9"}
            ),
            9,
        ),
    ],
)
def test_limits_say_how_long(world, forge, pull, fault, seconds):
    world.github.faults.plan(fault, path="/graphql")
    with pytest.raises(Unavailable) as refused:
        seen(forge)
    assert refused.value.retry_after == seconds
    assert seen(forge).pull.number == 1


def test_a_question_too_large_is_asked_in_parts(world, forge, clock, pull):
    opened(world, BRANCH.replace("payment", "cart"))
    world.github.faults.plan(faults.bad_gateway(), path="/graphql")
    assert list(forge.progress("config", [1, 2])) == [1, 2]
    clock.now += 100
    partly = {"data": {"repository": None}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "x"}]}
    world.github.faults.plan(faults.Fault(200, partly), path="/graphql")
    assert list(forge.progress("config", [1, 2])) == [1, 2]
    world.github.faults.plan(faults.bad_gateway(), path="/graphql", times=2)
    clock.now += 100
    with pytest.raises(Unavailable, match="502"):
        forge.progress("config", [1, 2])


def test_an_older_server_is_asked_for_less(world, forge, pull):
    undefined = {"code": "undefinedField", "typeName": "PullRequest", "fieldName": "mergeQueueEntry"}
    said = {"errors": [{"message": "Field 'mergeQueueEntry' doesn't exist", "extensions": undefined}]}
    world.github.faults.plan(faults.Fault(200, said), path="/graphql")
    assert seen(forge).pull.number == 1
    assert seen(forge).queued is False


def test_a_proxy_s_page_is_no_list_and_no_answer(world, forge, clock, pull):
    seen(forge)
    clock.now += 1
    for path in ("/pulls", "/graphql"):
        world.github.faults.plan(faults.Fault(200, "<html>Sign in</html>"), path=path)
        forge.forget(Nudge("config", pulls=(1,)))
        with pytest.raises(Unavailable, match="is not GitHub's API"):
            seen(forge)
    assert seen(forge).pull.number == 1
