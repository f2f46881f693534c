"""How far pull requests are, as GitHub's GraphQL API tells it: one question for many, and what the answers mean.

Must not know when anybody asks. Fields: https://docs.github.com/en/graphql/reference/objects#pullrequest.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bot.forges.deployments import CONTEXT
from bot.markdown import clipped
from bot.model.change import PREFIX
from bot.model.pull import Checks, Progress, PullRequest, Review

MOST: Final = 50
"""Pull requests in one question: GitHub gives up on what takes it longer than ten seconds."""
NAMES: Final = 20
"""Checks that are named at most, in as many characters each as fit on a line."""
WIDTH: Final = 80
PASSED: Final = frozenset({"SUCCESS", "NEUTRAL", "SKIPPED"})
"""Conclusions and states that let a pull request pass, as GitHub's branch protection judges:
https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
"""
RUNNING: Final = frozenset({"EXPECTED", "PENDING"})
NEWER: Final = "mergeQueueEntry { position }"
"""A field that older Enterprise Servers have not."""
FIELDS: Final = """
  number url title body state isDraft isCrossRepository headRefName headRefOid baseRefName createdAt updatedAt mergeable
  reviewDecision
  author { ...who } mergedBy { ...who } mergeCommit { oid } autoMergeRequest { enabledAt } NEWER
  reviewRequests(first: 1) { totalCount }
  latestOpinionatedReviews(first: 50, writersOnly: true) { nodes { state author { ...who } } }
  timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent { actor { ...who } } } }
  commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 100) { totalCount nodes {
    __typename ... on CheckRun { name status conclusion } ... on StatusContext { context state }
  } } } } } }
"""

Found = Mapping[str, Any]
"""A pull request as GraphQL gives it. What the token may not see is null."""


def question(numbers: Iterable[int], *, newer: bool = True) -> str:
    """Takes the variables `owner` and `name`; each pull request is `p<number>` of `repository` in the answer."""
    asked = " ".join(f"p{number}: pullRequest(number: {number}) {{ ...seen }}" for number in numbers)
    fields = FIELDS.replace("NEWER", NEWER if newer else "")
    return (
        "query Progress($owner: String!, $name: String!) {"
        f" repository(owner: $owner, name: $name) {{ nameWithOwner {asked} }} }}"
        f" fragment seen on PullRequest {{{fields}}} fragment who on Actor {{ __typename login }}"
    )


def is_candidate(found: Found) -> bool:
    """Whether it is ours if we wrote it: its branch is in this repository, and under our prefix."""
    return not found["isCrossRepository"] and str(found["headRefName"]).startswith(PREFIX)


def progress(found: Found, login: str) -> Progress:
    """`login` is the bot's own. KeyError or TypeError for what is no pull request."""
    checks, named = _checks(found)
    review, approvers = _review(found)
    author = _login(found["author"])
    merged = found["state"] == "MERGED"
    pull = PullRequest(
        number=int(found["number"]),
        url=str(found["url"]),
        title=str(found["title"]),
        body=str(found["body"] or ""),
        branch=str(found["headRefName"]),
        head=str(found["headRefOid"]),
        base=str(found["baseRefName"]),
        state=str(found["state"]).lower(),
        author=author,
        ours=is_candidate(found) and author == login,
        draft=bool(found["isDraft"]),
        opened=datetime.fromisoformat(found["createdAt"]),
        merged_as=(found["mergeCommit"] or {}).get("oid") if merged else None,
        merged_by=_login(found["mergedBy"]) if merged and found["mergedBy"] else None,
    )
    return Progress(
        pull=pull,
        checks=checks,
        named=named,
        review=review,
        approvers=approvers,
        conflicts=found["mergeable"] == "CONFLICTING",
        queued=bool(found["autoMergeRequest"] or found.get("mergeQueueEntry")),
        closed_by=_closed_by(found) if found["state"] == "CLOSED" else None,
    )


def is_unsettled(found: Found, progress: Progress) -> bool:
    """Whether it will be otherwise soon, without that its date of change need tell."""
    unjudged = progress.pull.state == "open" and found["mergeable"] == "UNKNOWN"
    unknown = progress.pull.state == "merged" and progress.pull.merged_as is None
    return progress.checks is Checks.RUNNING or progress.queued or unjudged or unknown


def _checks(found: Found) -> tuple[Checks, tuple[str, ...]]:
    """What we tell of the commit ourselves is no check of it."""
    newest = _nodes(found["commits"])
    commit = newest[-1]["commit"] if newest else None
    rollup = commit and commit["oid"] == found["headRefOid"] and commit["statusCheckRollup"]
    if not rollup:
        return Checks.NONE, ()
    contexts = rollup["contexts"] or {}
    each = [_check(one) for one in _nodes(contexts)]
    others = [(name, state) for name, state in each if not name.startswith(CONTEXT)]
    all_seen = contexts.get("totalCount", 0) <= len(each)
    if all_seen and not others:
        return (Checks.NONE if each else _rolled_up(rollup)), ()
    failed = _named(name for name, state in others if state is Checks.FAILED)
    running = _named(name for name, state in others if state is Checks.RUNNING)
    if rollup["state"] == "SUCCESS" or (all_seen and not failed and not running):
        return Checks.PASSED, ()
    if failed:
        return Checks.FAILED, failed
    return (Checks.RUNNING, running) if running else (_rolled_up(rollup), ())


def _check(found: Found) -> tuple[str, Checks]:
    if "context" in found:
        return str(found["context"]), _state(found["state"])
    done = found.get("status") == "COMPLETED"
    return str(found.get("name", "")), _state(found["conclusion"]) if done else Checks.RUNNING


def _state(said: object) -> Checks:
    return Checks.PASSED if said in PASSED else Checks.RUNNING if said in RUNNING else Checks.FAILED


def _rolled_up(rollup: Found) -> Checks:
    return _state(rollup["state"])


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clipped(name, WIDTH) for name in names))[:NAMES]


def _review(found: Found) -> tuple[Review, tuple[str, ...]]:
    """By the rules of the branch; where it has none, by the last word of each who may write."""
    last = [(review["state"], _login(review["author"])) for review in _nodes(found["latestOpinionatedReviews"])]
    approvers = tuple(login for state, login in last if state == "APPROVED")
    match found["reviewDecision"]:
        case "APPROVED":
            return Review.APPROVED, approvers
        case "CHANGES_REQUESTED":
            return Review.CHANGES, approvers
        case "REVIEW_REQUIRED":
            return Review.WANTED, approvers
    if any(state == "CHANGES_REQUESTED" for state, _ in last):
        return Review.CHANGES, approvers
    if approvers:
        return Review.APPROVED, approvers
    wanted = (found["reviewRequests"] or {}).get("totalCount", 0) > 0
    return Review.WANTED if wanted else Review.NONE, ()


def _closed_by(found: Found) -> str | None:
    closed = [event for event in _nodes(found["timelineItems"]) if event]
    return _login(closed[-1]["actor"]) if closed else None


def _login(actor: Found | None) -> str:
    """As the REST API says it: with the mark of an App's, which GraphQL leaves out. Deleted accounts are `ghost`."""
    if actor is None:
        return "ghost"
    login = str(actor["login"])
    return f"{login}[bot]" if actor["__typename"] == "Bot" and not login.endswith("[bot]") else login


def _nodes(connection: Found | None) -> Sequence[Any]:
    return [node for node in (connection or {}).get("nodes") or () if node]
