"""The few mutations of GitHub's GraphQL API that REST has not (https://docs.github.com/en/graphql/reference/mutations).

Only the form that clients' libraries send is understood: one mutation, its input as the one variable. Answers are 200
whatever comes of it, and failures stand in `errors`.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from bot.playground.github import merging
from bot.playground.github.bare import GitFailed
from bot.playground.github.denied import Denied
from bot.playground.github.pulls import Pull
from bot.playground.github.repository import Repository
from bot.playground.github.rest import Answer, Call, served

if TYPE_CHECKING:
    from bot.playground.github import GitHub

ASKED = re.compile(
    r"\s*mutation\s*\w*\s*\(\$(\w+):\s*(\w+)!\)\s*\{\s*(\w+)\s*\(input:\s*\$\1\)\s*\{(.*)\}\s*\}\s*", re.DOTALL
)
Payload = dict[str, Any]


class Failed(Exception):  # noqa: N818 - it is an answer, not a fault
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def commit_on_branch(call: Call, given: Mapping[str, Any]) -> Payload:
    """Made by whom the token is of, signed by GitHub; every file becomes a plain one."""
    call.needs("contents", "write")
    repository = _repository(call, given["branch"].get("repositoryNameWithOwner", ""))
    branch = given["branch"].get("branchName", "")
    tip = repository.bare.branches().get(branch)
    if tip is None:
        raise Failed("NOT_FOUND", f"No branch {branch} in {repository.full_name}.")
    if tip != given["expectedHeadOid"]:
        wanted = given["expectedHeadOid"]
        raise Failed("STALE_DATA", f'Expected branch to point to "{wanted}" but it did not.  Pull and try again.')
    if repository.rules(branch).pulls:
        raise Failed("BRANCH_PROTECTION_RULE_VIOLATION", "Changes must be made through a pull request.")
    changes = given.get("fileChanges") or {}
    files: dict[str, bytes | None] = {each["path"]: None for each in changes.get("deletions", [])}
    there = set(repository.bare.files(tip))
    if missing := next((path for path in files if path not in there), None):
        raise Failed(
            "UNPROCESSABLE",
            f"A path was requested for deletion which does not exist as of commit oid `{tip}`: {missing}",
        )
    try:
        files |= {each["path"]: b64decode(each["contents"], validate=True) for each in changes.get("additions", [])}
    except NotBase64:
        raise Failed("UNPROCESSABLE", "File contents must be base64 encoded") from None
    message = f"{given['message']['headline']}\n\n{given['message'].get('body') or ''}".strip() + "\n"
    commit = repository.sign_commit(tip, files, message, call.person)
    repository.bare.point(f"refs/heads/{branch}", commit, tip)
    return {"commit": {"oid": commit, "url": f"{call.shapes.site}/{repository.full_name}/commit/{commit}"}}


def enable_auto_merge(call: Call, given: Mapping[str, Any]) -> Payload:
    repository, pull = _pull(call, given)
    method = str(given.get("mergeMethod") or "MERGE").lower()
    merging.merge_later(repository, pull, call.person, method, given.get("expectedHeadOid"))
    account = call.shapes.user(call.person)
    actor = {"login": call.person.login, "avatarUrl": account["avatar_url"], "url": account["html_url"]}
    actor["resourcePath"] = f"/{call.person.login}"
    return {"actor": actor, "pullRequest": _shown(pull)}


def enqueue(call: Call, given: Mapping[str, Any]) -> Payload:
    repository, pull = _pull(call, given)
    place = merging.enqueue(repository, pull, call.person, given.get("expectedHeadOid"))
    return {"mergeQueueEntry": {"position": place, "state": "QUEUED", "pullRequest": _shown(pull)}}


MUTATIONS: dict[str, Callable[[Call, Mapping[str, Any]], Payload]] = {
    "createCommitOnBranch": commit_on_branch,
    "enablePullRequestAutoMerge": enable_auto_merge,
    "enqueuePullRequest": enqueue,
}


def route(github: "GitHub") -> Route:
    return Route("/api/graphql", served(github, answer), methods=["POST"])


def answer(call: Call) -> Answer:
    asked = ASKED.fullmatch(call.field("query", str, ""))
    if asked is None or asked[3] not in MUTATIONS:
        return Answer({"errors": [{"message": "Parse error: only the mutations of the playground are understood"}]})
    name, wanted = asked[3], asked[4]
    given = call.field("variables", dict, {}).get(asked[1])
    try:
        payload = MUTATIONS[name](call, given) | {"clientMutationId": given.get("clientMutationId")}
        return Answer({"data": {name: _selected(payload, wanted)}})
    except (KeyError, TypeError, AttributeError):
        problem = f"Variable $input of type {asked[2]}! was provided invalid value"
        return Answer({"errors": [{"message": problem, "extensions": {"value": given}}]})
    except Failed as failed:
        return _failure(name, failed.kind, str(failed))
    except merging.Unprocessable as refused:
        return _failure(name, "UNPROCESSABLE", str(refused))
    except GitFailed:
        return _failure(name, "UNPROCESSABLE", "The branch could not be updated.")
    except Denied as denied:
        return _failure(name, "FORBIDDEN" if denied.status == 403 else "NOT_FOUND", denied.message)


def _failure(name: str, kind: str, message: str) -> Answer:
    error = {"type": kind, "path": [name], "locations": [{"line": 1, "column": 1}], "message": message}
    return Answer({"data": {name: None}, "errors": [error]})


def _selected(payload: Any, wanted: str) -> Any:
    """What was asked for of a payload: names, each perhaps with names in braces after it."""
    found = {}
    for name, inner in re.findall(r"(\w+)\s*(?:\{([^{}]*)\})?", wanted):
        value = payload.get(name)
        found[name] = _selected(value, inner) if inner and isinstance(value, dict) else value
    return found


def _repository(call: Call, name: str) -> Repository:
    if not call.access.sees(name):
        raise Denied(404, "Not Found")
    return call.github.repository(name)


def _pull(call: Call, given: Mapping[str, Any]) -> tuple[Repository, Pull]:
    """By its node id."""
    call.needs("pull_requests", "write")
    for repository in call.github.repositories.values():
        for pull in repository.pulls():
            if call.shapes.pull_node(repository, pull) == given["pullRequestId"] and call.access.sees(
                repository.full_name
            ):
                return repository, pull
    raise Failed("NOT_FOUND", f"Could not resolve to a node with the global id of '{given['pullRequestId']}'")


def _shown(pull: Pull) -> Payload:
    return {"number": pull.number, "isDraft": pull.draft, "state": pull.state.upper()}
