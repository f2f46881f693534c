"""The little of GitHub's GraphQL API that is asked for: a repository's pull requests, and the mutations REST has not.

https://docs.github.com/en/graphql/reference. Answers are 200 whatever comes of it, and failures stand in `errors`; what
else was asked for is answered all the same.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from bot.playground.github import merging, objects
from bot.playground.github.bare import GitFailed
from bot.playground.github.denied import Denied
from bot.playground.github.pulls import Pull
from bot.playground.github.repository import Repository
from bot.playground.github.rest import Answer, Call, served
from bot.playground.github.selection import Field, NotGraphQL, Operation, Selection, Variable, fields, parse

if TYPE_CHECKING:
    from bot.playground.github import GitHub

Payload = dict[str, Any]
INTERFACES = {"User": "Actor", "Bot": "Actor"}


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
    return {"actor": objects.actor(call.shapes, call.person), "pullRequest": _shown(pull)}


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
    try:
        asked = parse(call.field("query", str, ""))
        return Answer(_Answering(call, asked, call.field("variables", dict, {})).whole())
    except NotGraphQL as problem:
        return Answer({"errors": [{"message": f"Parse error: {problem}"}]})
    except _Undefined as problem:
        code = {"code": "undefinedField", "typeName": problem.kind, "fieldName": problem.name}
        message = f"Field '{problem.name}' doesn't exist on type '{problem.kind}'"
        return Answer({"errors": [{"message": message, "path": [problem.name], "extensions": code}]})


class _Undefined(Exception):  # noqa: N818 - it is an answer, not a fault
    def __init__(self, kind: str, name: str) -> None:
        super().__init__(name)
        self.kind = kind
        self.name = name


class _Answering:
    """One request: what was asked for of what there is, and what went wrong on the way."""

    def __init__(self, call: Call, asked: Operation, variables: Mapping[str, Any]) -> None:
        self._call = call
        self._asked = asked
        self._variables = variables
        self._errors: list[Payload] = []

    def whole(self) -> Payload:
        root = {"query": self._queries, "mutation": self._mutations}[self._asked.kind]()
        data = self._selected(root, self._asked.within, ())
        return {"data": data} | ({"errors": self._errors} if self._errors else {})

    def _queries(self) -> Payload:
        def repository(given: Mapping[str, Any]) -> Payload:
            name = f"{given['owner']}/{given['name']}"
            try:
                found = _repository(self._call, name)
            except Denied:
                raise objects.NotThere(f"Could not resolve to a Repository with the name '{name}'.") from None
            self._call.needs("pull_requests", "read")
            merging.proceed(found)
            return objects.repository(self._call.shapes, found, self._call.access)

        return {"__typename": "Query", "repository": repository}

    def _mutations(self) -> Payload:
        return {"__typename": "Mutation"} | {name: partial(self._mutate, act) for name, act in MUTATIONS.items()}

    def _mutate(self, act: Callable[[Call, Mapping[str, Any]], Payload], given: Mapping[str, Any]) -> Payload:
        try:
            return act(self._call, given["input"]) | {"clientMutationId": given["input"].get("clientMutationId")}
        except (KeyError, TypeError, AttributeError):
            raise Failed("INVALID", "Variable $input was provided invalid value") from None
        except merging.Unprocessable as refused:
            raise Failed("UNPROCESSABLE", str(refused)) from None
        except GitFailed:
            raise Failed("UNPROCESSABLE", "The branch could not be updated.") from None

    def _selected(self, value: Any, within: tuple[Selection, ...], path: tuple[str | int, ...]) -> Any:
        if isinstance(value, list):
            return [self._selected(each, within, (*path, index)) for index, each in enumerate(value)]
        if not isinstance(value, dict) or not within:
            return value
        kind = str(value.get("__typename", ""))
        found: Payload = {}
        for field in fields(self._asked, within, lambda wanted: wanted in (kind, INTERFACES.get(kind))):
            if field.name not in value and kind:
                raise _Undefined(kind, field.name)
            here = (*path, field.alias)
            found[field.alias] = self._selected(self._resolved(value.get(field.name), field, here), field.within, here)
        return found

    def _resolved(self, value: Any, field: Field, path: tuple[str | int, ...]) -> Any:
        if not callable(value):
            return value
        given = {
            name: self._variables.get(each.name) if isinstance(each, Variable) else each
            for name, each in field.arguments.items()
        }
        try:
            return value(given)
        except Failed as failed:
            kind, message = failed.kind, str(failed)
        except objects.NotThere as missing:
            kind, message = "NOT_FOUND", str(missing)
        except objects.NotAllowed as refused:
            kind, message = "FORBIDDEN", str(refused)
        except Denied as denied:
            kind, message = ("FORBIDDEN" if denied.status == 403 else "NOT_FOUND"), denied.message
        place = [{"line": 1, "column": 1}]
        self._errors.append({"type": kind, "path": list(path), "locations": place, "message": message})
        return None


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
