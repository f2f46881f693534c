"""The pages show what is there, escape what people wrote, and their buttons act."""

from datetime import timedelta

import pytest

from bot.model.promotion import Report
from bot.model.pull import Checks, Nudge, Review
from bot.playground.github.rules import Protection

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def pull(world):
    world.branch()
    body = f"Moves **payment**.\n\n<!-- quarterdeck: hidden -->\n{HOSTILE}\n[x](javascript:alert(1))"
    return world.gitops.open(world.bot, title=f"Promote {HOSTILE}", body=body, head=BRANCH, base="main")


def press(world, action, person="ana", **more):
    address = f"{world.url}/github/acme/gitops/pull/1"
    return world.http.post(address, data={"person": person, "action": action} | more)


def test_a_pull_request_is_shown_with_its_diff(world, pull):
    text = world.page("/acme/gitops/pull/1").text
    assert '<span class="del">-image: v1.2.9\n</span><span class="add">+image: v1.3.0\n</span>' in text
    assert "<strong>payment</strong>" in text
    assert '<option value="ana">Ana Ito</option><option value="ben">' in text
    assert '<a href="/github/" aria-current=page>GitHub</a>' in text


@pytest.mark.parametrize("path", ["/", "/acme/gitops", "/acme/gitops/pulls", "/acme/gitops/pull/1"])
def test_what_people_wrote_is_text(world, pull, path):
    world.gitops.commit("main", {f"{HOSTILE.replace('/', '')}.txt": b"x"}, HOSTILE, world.ana)
    world.gitops.comment(pull, world.ana, HOSTILE)
    answer = world.page(path)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "hidden" not in answer.text.replace('type="hidden"', "")
    assert 'href="javascript' not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_approve_then_merge(world, pull):
    shown = press(world, "approve")
    assert (shown.status_code, shown.headers["Location"]) == (303, "/github/acme/gitops/pull/1?as=ana")
    page = world.page("/acme/gitops/pull/1?as=ana").text
    assert "<strong>ana</strong> approved" in page
    assert '<option value="ana" selected>' in page
    assert press(world, "merge", "ben", head=pull.head).status_code == 303
    assert (pull.merged_by.login, world.gitops.approvals(pull)) == ("ben", [world.ana])
    page = world.page("/acme/gitops/pull/1").text
    assert '<span class="badge good">Merged</span>' in page
    assert "<strong>ben</strong> merged 1 commit" in page
    assert 'value="merge"' not in page
    assert "+image: v1.3.0" in page


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_there_is_a_choice_of_how_to_merge(world, pull, method, parents):
    assert f'<option value="{method}">' in world.page("/acme/gitops/pull/1").text
    assert press(world, "merge", head=pull.head, method=method).status_code == 303
    assert (pull.merged_by.login, len(world.gitops.bare.log(pull.merge_commit, 1)[0].parents)) == ("ana", parents)


def test_a_method_that_is_switched_off_is_no_choice(world, pull):
    world.gitops.settings.methods = ("rebase",)
    page = world.page("/acme/gitops/pull/1").text
    assert '<option value="rebase">' in page
    assert '<option value="merge">' not in page
    assert "Merge commits are not allowed" in press(world, "merge", method="merge").text


def test_labels_reviewers_and_assignees_are_shown(world, pull):
    world.gitops.label(pull, [HOSTILE[:20]])
    world.gitops.request(pull, ["ana"], ["sre"])
    world.gitops.assign(pull, ["ben"])
    page = world.page("/acme/gitops/pull/1").text
    assert '<dt>Labels</dt><dd><span class="badge">&lt;script&gt;' in page
    assert "<dt>Reviewers</dt><dd>ana, sre</dd><dt>Assignees</dt><dd>ben</dd>" in page


def test_people_can_comment(world, pull):
    assert press(world, "comment", body="Looks **well**").status_code == 303
    assert (
        "<strong>ana</strong> commented</p><p>Looks <strong>well</strong></p>" in world.page("/acme/gitops/pull/1").text
    )


def test_a_draft_is_made_ready_before_it_is_merged(world, pull):
    pull.draft = True
    page = world.page("/acme/gitops/pull/1").text
    assert '<span class="badge soft">Draft</span>' in page
    assert 'value="merge" class="primary" disabled' in page
    assert press(world, "ready").status_code == 303
    assert not pull.draft
    assert press(world, "merge", head=pull.head).status_code == 303


def test_what_the_base_requires_is_said(world, pull):
    world.gitops.protected["main"] = Protection(approvals=2)
    assert "2 more approving reviews required." in world.page("/acme/gitops/pull/1").text
    assert "At least 2 approving reviews are required" in press(world, "merge", head=pull.head).text


def test_a_queue_takes_it_from_the_page(world, pull):
    world.gitops.protected["main"] = Protection(queue=True)
    assert press(world, "enqueue", head=pull.head).status_code == 303
    page = world.page("/acme/gitops/pull/1").text
    while '<span class="badge warn">Queued</span>' in page:  # a second at each look
        page = world.page("/acme/gitops/pull/1").text
    assert '<span class="badge good">Merged</span>' in page


def test_the_branch_of_what_was_merged_can_be_deleted(world, pull):
    press(world, "merge", head=pull.head)
    assert "Delete branch" in world.page("/acme/gitops/pull/1").text
    assert press(world, "delete").status_code == 303
    assert BRANCH not in world.gitops.bare.branches()
    assert "Delete branch" not in world.page("/acme/gitops/pull/1").text


def test_close(world, pull):
    assert press(world, "close").status_code == 303
    assert (pull.state, pull.merged) == ("closed", None)
    assert "</strong> wanted to merge 1 commit" in world.page("/acme/gitops/pull/1").text


def test_a_merge_of_what_was_not_seen_is_refused(world, pull):
    seen = pull.head
    world.gitops.commit(BRANCH, {"x": b"x"}, "Slipped in", world.bot)
    answer = press(world, "merge", head=seen)
    assert answer.status_code == 422
    assert "Head branch was modified." in answer.text
    assert not world.gitops.pull(1).merged


@pytest.mark.parametrize(("person", "action"), [("zoe", "merge"), ("", "merge"), ("ana", "destroy")])
def test_an_unknown_person_or_action_does_nothing(world, pull, person, action):
    assert press(world, action, person).status_code == 422
    assert pull.state == "open"


def test_files_and_commits_can_be_read(world):
    home = world.page("/acme/gitops").text
    assert "docs/a b.md" in home
    assert "Initial commit" in home
    tip = world.gitops.bare.branches()["main"]
    assert "image: v1.2.9" in world.page(f"/acme/gitops/blob/{tip}/payment.yaml").text
    commit = world.gitops.commit("main", {"payment.yaml": b"image: v2\n"}, "Move\n\nBecause", world.ana)
    shown = world.page(f"/acme/gitops/commit/{commit}").text
    assert "+image: v2" in shown
    assert "Because" in shown
    compared = world.page(f"/acme/gitops/compare/{tip}...main").text
    assert "+image: v2" in compared
    assert "Move" in compared
    assert "Initial commit" not in compared


@pytest.mark.parametrize(
    "path",
    [
        "/acme/none",
        "/acme/gitops/pull/9",
        "/acme/gitops/commit/zzz",
        "/acme/gitops/compare/v1...v2",
        "/acme/gitops/blob/main/none",
        "/a/b/blob/x/y",
    ],
)
def test_what_is_not_there_is_404(world, path):
    assert world.page(path).status_code == 404


def seen(forge):
    forge.forget(Nudge("config", pulls=(1,)))
    return forge.progress("config", [1])[1]


def test_checks_run_by_themselves_and_end_as_somebody_says(world, adapter):
    world.gitops.settings.checks = {"render": None, "policy": timedelta(seconds=1)}
    world.gitops.protected["main"] = Protection(checks=("render",))
    world.branch()
    world.gitops.open(world.bot, title="Promote", body="", head=BRANCH, base="main")
    assert (seen(adapter).checks, seen(adapter).named) == (Checks.RUNNING, ("render",))
    page = world.page("/acme/gitops/pull/1").text
    assert "Required: render." in page
    assert '<span class="badge warn">Running</span></td><td>render' in page
    assert '<span class="badge good">Success</span></td><td>policy' in page
    press(world, "fail")
    assert (seen(adapter).checks, seen(adapter).named) == (Checks.FAILED, ("render",))
    refused = press(world, "merge", "ben", head=world.gitops.pull(1).head)
    assert (refused.status_code, "Required status check &quot;render&quot; is expected." in refused.text) == (422, True)
    press(world, "rerun")
    assert seen(adapter).checks is Checks.RUNNING
    press(world, "pass")
    assert (seen(adapter).checks, seen(adapter).named) == (Checks.PASSED, ())
    assert press(world, "merge", "ben").status_code == 303


def test_changes_are_requested_and_it_is_closed_and_reopened(world, pull, adapter):
    world.gitops.protected["main"] = Protection(approvals=1)
    assert press(world, "request", body="Not on a Friday").status_code == 303
    assert seen(adapter).review is Review.CHANGES
    assert "Changes are requested." in world.page("/acme/gitops/pull/1").text
    assert "Changes have been requested" in press(world, "merge", "ben").text
    press(world, "close", "ben")
    assert (seen(adapter).pull.state, seen(adapter).closed_by) == ("closed", "ben")
    press(world, "reopen")
    assert (seen(adapter).pull.state, seen(adapter).closed_by) == ("open", None)


def test_a_branch_that_somebody_rewrote_and_merged_by_hand(world, pull, adapter):
    before = pull.head
    press(world, "push", "ana")
    pushed = seen(adapter).pull.head
    assert pushed != before
    assert not world.gitops.bare.contains(pushed, before)
    press(world, "by-hand", "ana")
    merged = seen(adapter).pull
    tip = world.gitops.bare.log("main", 1)[0]
    assert (merged.state, merged.merged_as, merged.merged_by, merged.head) == ("merged", tip.sha, "ana", pushed)
    assert tip.parents[1] == pushed


def test_a_merged_one_is_reverted_by_a_pull_request(world, pull):
    press(world, "merge", "ben")
    assert press(world, "revert", "ben").headers["Location"] == "/github/acme/gitops/pull/2?as=ben"
    made = world.gitops.pull(2)
    assert (made.title, made.author) == (f'Revert "{pull.title}"', world.ben)
    assert world.gitops.bare.read(made.head, "payment.yaml") == b"image: v1.2.9\n"
    assert press(world, "revert", "ben").status_code == 422


def test_deployments_and_statuses_are_shown(world, pull, adapter):
    commit = world.gitops.bare.branches()["main"]
    adapter.report(Report("config", commit, "staging", "in_progress", f"Syncs {HOSTILE}", "https://acme.slack.com/p1"))
    page = world.page("/acme/gitops").text
    assert '<span class="badge warn">In progress</span></td><td>staging at ' in page
    assert '<a href="https://acme.slack.com/p1">Details</a>' in page
    assert "<script" not in page
    assert "quarterdeck/staging" in world.page(f"/acme/gitops/commit/{commit}").text
