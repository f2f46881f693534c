"""What GitHub's answers mean: checks and reviews, one case a line."""

import pytest

from bot.forges.progress import NAMES, is_unsettled, progress
from bot.model.pull import Checks, Review

HEAD = "a" * 40
PULL = {
    "number": 1,
    "url": "https://github.com/acme/gitops/pull/1",
    "title": "Promote payment",
    "body": None,
    "state": "OPEN",
    "isDraft": False,
    "isCrossRepository": False,
    "headRefName": "quarterdeck/promote/production/payment/v1.3.0",
    "headRefOid": HEAD,
    "baseRefName": "main",
    "createdAt": "2026-11-20T09:00:00Z",
    "updatedAt": "2026-11-20T09:00:00Z",
    "mergeable": "MERGEABLE",
    "reviewDecision": None,
    "author": {"__typename": "Bot", "login": "quarterdeck"},
    "mergedBy": None,
    "mergeCommit": None,
    "autoMergeRequest": None,
    "mergeQueueEntry": None,
    "reviewRequests": {"totalCount": 0},
    "latestOpinionatedReviews": {"nodes": []},
    "timelineItems": {"nodes": []},
    "commits": {"nodes": []},
}


def read(**fields):
    return progress(PULL | fields, "quarterdeck[bot]")


def told(state, *contexts, total=None, oid=HEAD):
    hidden = contexts.count(None)
    nodes = [
        {"__typename": "CheckRun", "name": name, "status": "COMPLETED", "conclusion": said}
        if said.isupper() and name[0] != "~"
        else {"__typename": "StatusContext", "context": name.lstrip("~"), "state": said.upper()}
        if name[0] == "~"
        else {"__typename": "CheckRun", "name": name, "status": said.upper(), "conclusion": None}
        for name, said in filter(None, contexts)
    ]
    nodes += [None] * hidden
    whole = {"totalCount": len(nodes) if total is None else total, "nodes": nodes}
    rollup = {"state": state, "contexts": whole} if state else None
    checks = read(commits={"nodes": [{"commit": {"oid": oid, "statusCheckRollup": rollup}}]})
    return checks.checks, checks.named


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (told(None), (Checks.NONE, ())),
        (told("SUCCESS", ("unit", "SUCCESS")), (Checks.PASSED, ())),
        (told("SUCCESS", ("unit", "SUCCESS"), ("old", "FAILURE")), (Checks.PASSED, ())),
        (told("PENDING", ("unit", "in_progress"), ("e2e", "queued")), (Checks.RUNNING, ("unit", "e2e"))),
        (told("PENDING", ("gate", "waiting"), ("unit", "FAILURE")), (Checks.FAILED, ("unit",))),
        (told("FAILURE", ("unit", "FAILURE"), ("unit", "FAILURE")), (Checks.FAILED, ("unit",))),
        (told("FAILURE", ("unit", "STALE")), (Checks.FAILED, ("unit",))),
        (told("FAILURE", ("unit", "CANCELLED")), (Checks.FAILED, ("unit",))),
        (told("FAILURE", ("unit", "ACTION_REQUIRED")), (Checks.FAILED, ("unit",))),
        (told("FAILURE", ("unit", "STARTUP_FAILURE")), (Checks.FAILED, ("unit",))),
        (told("EXPECTED", ("~ci", "expected")), (Checks.RUNNING, ("ci",))),
        (told("ERROR", ("~ci", "error"), ("unit", "SKIPPED")), (Checks.FAILED, ("ci",))),
        # What we tell of the commit ourselves counts for nothing.
        (told("PENDING", ("~quarterdeck/production", "pending")), (Checks.NONE, ())),
        (told("PENDING", ("~quarterdeck/production", "pending"), ("unit", "SUCCESS")), (Checks.PASSED, ())),
        (told("ERROR", ("~quarterdeck/production", "error"), ("unit", "in_progress")), (Checks.RUNNING, ("unit",))),
        # Of more than are shown, the whole decides.
        (told("FAILURE", ("unit", "SUCCESS"), total=101), (Checks.FAILED, ())),
        (told("PENDING", ("unit", "SUCCESS"), total=101), (Checks.RUNNING, ())),
        # Fine-grained tokens see how many check runs there are, and what they come to.
        (told("FAILURE", None, None), (Checks.FAILED, ())),
        (told("PENDING", None, ("~ci", "success")), (Checks.RUNNING, ())),
        # Of another commit than the head they say nothing.
        (told("SUCCESS", ("unit", "SUCCESS"), oid="b" * 40), (Checks.NONE, ())),
    ],
)
def test_checks(given, expected):
    assert given == expected


def test_of_many_checks_some_are_named():
    assert len(told("FAILURE", *[(f"check {number}", "FAILURE") for number in range(60)])[1]) == NAMES


def reviewed(decision, *reviews, asked=0):
    nodes = [{"state": state, "author": login and {"__typename": "User", "login": login}} for login, state in reviews]
    found = read(
        reviewDecision=decision,
        latestOpinionatedReviews={"nodes": nodes},
        reviewRequests={"totalCount": asked},
    )
    return found.review, found.approvers


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (reviewed(None), (Review.NONE, ())),
        (reviewed(None, asked=1), (Review.WANTED, ())),
        (reviewed(None, ("ana", "APPROVED"), asked=1), (Review.APPROVED, ("ana",))),
        (reviewed(None, ("ana", "APPROVED"), ("ben", "CHANGES_REQUESTED")), (Review.CHANGES, ("ana",))),
        (reviewed(None, ("ana", "DISMISSED")), (Review.NONE, ())),
        (reviewed("REVIEW_REQUIRED", ("ana", "APPROVED")), (Review.WANTED, ("ana",))),
        (reviewed("APPROVED", ("ana", "APPROVED"), (None, "APPROVED")), (Review.APPROVED, ("ana", "ghost"))),
        (reviewed("CHANGES_REQUESTED", ("ben", "CHANGES_REQUESTED")), (Review.CHANGES, ())),
    ],
)
def test_reviews(given, expected):
    assert given == expected


def test_it_is_ours_by_branch_repository_and_author():
    assert read().pull.ours
    assert read().pull.author == "quarterdeck[bot]"
    assert not read(author={"__typename": "User", "login": "quarterdeck"}).pull.ours
    assert not read(author=None).pull.ours
    assert not read(isCrossRepository=True).pull.ours
    assert not read(headRefName="feature").pull.ours
    assert read(author=None).pull.author == "ghost"


def test_what_may_not_be_seen_is_none():
    hidden = dict.fromkeys(("latestOpinionatedReviews", "reviewRequests", "timelineItems", "commits"))
    found = read(**hidden)
    assert (found.checks, found.review, found.approvers, found.closed_by) == (Checks.NONE, Review.NONE, (), None)


def test_who_closed_it():
    closed = {"nodes": [{"actor": {"__typename": "Bot", "login": "renovate"}}]}
    assert read(state="CLOSED", timelineItems=closed).closed_by == "renovate[bot]"
    assert read(state="CLOSED", timelineItems={"nodes": [{"actor": None}]}).closed_by == "ghost"
    assert read(timelineItems=closed).closed_by is None


@pytest.mark.parametrize(
    ("fields", "unsettled"),
    [
        ({}, False),
        ({"mergeable": "UNKNOWN"}, True),
        ({"mergeable": "UNKNOWN", "state": "CLOSED"}, False),
        ({"state": "MERGED", "mergeCommit": None}, True),
        ({"state": "MERGED", "mergeCommit": {"oid": HEAD}, "mergeable": "UNKNOWN"}, False),
        ({"autoMergeRequest": {"enabledAt": "2026-11-20T09:00:00Z"}}, True),
        ({"mergeQueueEntry": {"position": 1}}, True),
    ],
)
def test_what_will_be_otherwise_soon(fields, unsettled):
    assert is_unsettled(PULL | fields, read(**fields)) is unsettled
