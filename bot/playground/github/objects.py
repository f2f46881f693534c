"""Pull requests as objects of the GraphQL API (https://docs.github.com/en/graphql/reference/objects#pullrequest).

A field that takes arguments, or costs something, is a function of them.
"""

from collections.abc import Mapping
from typing import Any

from bot.playground.github import merging
from bot.playground.github.apps import Access
from bot.playground.github.checks import rolled_up
from bot.playground.github.pulls import Person, Pull
from bot.playground.github.repository import Repository
from bot.playground.github.shapes import Shapes, moment

Object = dict[str, Any]
MERGEABLE = {"unknown": "UNKNOWN", "dirty": "CONFLICTING"}


class NotAllowed(Exception):  # noqa: N818 - it is an answer, not a fault
    """The token may not see a field."""


class NotThere(Exception):  # noqa: N818 - it is an answer, not a fault
    """Nothing is called that."""


def actor(shapes: Shapes, person: Person | None) -> Object | None:
    """Apps are named without the mark that the REST API gives them."""
    if person is None:
        return None
    account = shapes.user(person)
    login = person.login.removesuffix("[bot]")
    return {
        "__typename": "Bot" if login != person.login else "User",
        "login": login,
        "avatarUrl": account["avatar_url"],
        "url": account["html_url"],
        "resourcePath": f"/{login}",
    }


def repository(shapes: Shapes, found: Repository, access: Access) -> Object:
    def by_number(given: Mapping[str, Any]) -> Object:
        wanted = next((each for each in found.pulls() if each.number == given["number"]), None)
        if wanted is None:
            raise NotThere(f"Could not resolve to a PullRequest with the number of {given['number']}.")
        return pull(shapes, found, wanted, access)

    return {"__typename": "Repository", "nameWithOwner": found.full_name, "pullRequest": by_number}


def pull(shapes: Shapes, repository: Repository, pull: Pull, access: Access) -> Object:
    def mergeable(_given: Mapping[str, Any]) -> str:
        pull.looks += 1
        return MERGEABLE.get(merging.state(repository, pull), "MERGEABLE")

    closed = {"__typename": "ClosedEvent", "actor": actor(shapes, pull.closed_by)}
    return {
        "__typename": "PullRequest",
        "number": pull.number,
        "url": f"{shapes.site}/{repository.full_name}/pull/{pull.number}",
        "title": pull.title,
        "body": pull.body,
        "state": "MERGED" if pull.merged else pull.state.upper(),
        "isDraft": pull.draft,
        "isCrossRepository": False,
        "headRefName": pull.branch,
        "headRefOid": pull.head,
        "baseRefName": pull.base,
        "createdAt": moment(pull.created),
        "updatedAt": moment(pull.updated),
        "mergeable": mergeable,
        "reviewDecision": repository.decision(pull),
        "author": actor(shapes, pull.author),
        "mergedBy": actor(shapes, pull.merged_by),
        "mergeCommit": {"__typename": "Commit", "oid": pull.merge_commit} if pull.merge_commit else None,
        "autoMergeRequest": _auto_merge(pull),
        "mergeQueueEntry": {"__typename": "MergeQueueEntry", "position": 1} if pull.queued else None,
        "reviewRequests": {"totalCount": len(pull.reviewers) + len(pull.teams)},
        "latestOpinionatedReviews": lambda _given: {"nodes": _reviews(shapes, repository, pull)},
        "timelineItems": lambda _given: {"nodes": [closed] if pull.closed and not pull.merged else []},
        "commits": lambda _given: {"nodes": [{"commit": _commit(repository, pull.head, access)}]},
    }


def _auto_merge(pull: Pull) -> Object | None:
    if pull.auto_merge is None:
        return None
    return {"enabledAt": moment(pull.auto_merge.since), "mergeMethod": pull.auto_merge.method.upper()}


def _reviews(shapes: Shapes, repository: Repository, pull: Pull) -> list[Object]:
    return [
        {"__typename": "PullRequestReview", "state": review.state, "author": actor(shapes, review.person)}
        for review in repository.opinions(pull)
    ]


def _commit(repository: Repository, sha: str, access: Access) -> Object:
    def rollup(_given: Mapping[str, Any]) -> Object | None:
        if not access.may("checks", "read"):
            raise NotAllowed("Resource not accessible by integration")
        now, checks, statuses = repository.now(), repository.checks(sha), repository.statuses(sha)
        state = rolled_up(checks, statuses, now)
        nodes: list[Object] = [
            {
                "__typename": "CheckRun",
                "name": each.name,
                "status": "COMPLETED" if each.is_done(now) else "IN_PROGRESS",
                "conclusion": each.conclusion if each.is_done(now) else None,
            }
            for each in checks
        ]
        nodes += [
            {"__typename": "StatusContext", "context": each.context, "state": each.state.upper()} for each in statuses
        ]

        def contexts(given: Mapping[str, Any]) -> Object:
            return {"totalCount": len(nodes), "nodes": nodes[: given["first"]]}

        return {"state": state, "contexts": contexts} if state else None

    return {"__typename": "Commit", "oid": sha, "statusCheckRollup": rollup}
