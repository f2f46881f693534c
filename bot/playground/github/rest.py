"""The part of GitHub's REST API that the bot uses (https://docs.github.com/en/rest), under `/api/v3`.

Each endpoint takes a Call and gives a status and JSON. What all have in common (authentication, planned faults,
conditional requests, limits' headers) is in `_answer`. Anything else below `/api/v3` is GitHub's 404.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.github.denied import Denied, invalid
from bot.playground.github.faults import Fault
from bot.playground.github.pulls import Person, Pull
from bot.playground.github.repository import Repository
from bot.playground.github.shapes import Shapes

if TYPE_CHECKING:
    from bot.playground.github import GitHub

LIMITS = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Used": "1"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known person, with what its path names looked up."""

    github: "GitHub"
    shapes: Shapes
    person: Person
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Any
    url: str

    @property
    def repository(self) -> Repository:
        return self.github.repository(f"{self.path['owner']}/{self.path['repo']}")

    def field(self, name: str, kind: type, default: Any = None) -> Any:
        """A field of the JSON body, `default` where it is left out or null; 422 if it is of another kind."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if value is not None and not isinstance(value, kind):
            raise Denied(422, f"Invalid request.\n\nFor '{name}', {json.dumps(value)[:80]} is not a {kind.__name__}.")
        return default if value is None else value

    def texts(self, name: str) -> list[str]:
        values = self.field(name, list, [])
        if not all(isinstance(value, str) for value in values):
            raise invalid("PullRequest", name)
        return list(values)


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any
    status: int = 200
    headers: Mapping[str, str] | None = None


def paged(call: Call, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """One page and its Link header
    (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
    """
    size = min(max(_number(call, "per_page", 30), 1), 100)
    page = max(_number(call, "page", 1), 1)
    last = max((len(items) + size - 1) // size, 1)
    links = {"prev": page - 1, "first": 1} if page > 1 else {}
    if page < last:
        links |= {"next": page + 1, "last": last}
    said = [
        f'<{call.url}?{urlencode({**call.query, "page": str(number)})}>; rel="{name}"' for name, number in links.items()
    ]
    return items[(page - 1) * size : page * size], {"Link": ", ".join(said)} if said else {}


def get_user(call: Call) -> Answer:
    return Answer(call.shapes.authenticated(call.person, call.github.started))


def get_repository(call: Call) -> Answer:
    return Answer(call.shapes.repository(call.repository))


def get_branch(call: Call) -> Answer:
    bare = call.repository.bare
    tip = bare.branches().get(call.path["branch"])
    if tip is None:
        raise Denied(404, "Branch not found")
    return Answer(call.shapes.branch(call.repository, call.path["branch"], bare.log(tip, 1)[0]))


def delete_ref(call: Call) -> Answer:
    call.repository.delete_branch(call.path["branch"])
    return Answer(None, 204)


def list_pulls(call: Call) -> Answer:
    state, head, base = (call.query.get(name, "") for name in ("state", "head", "base"))
    wanted = [
        pull
        for pull in call.repository.pulls()
        if state == "all" or pull.state == (state or "open")
        if not head or head == f"{call.repository.owner}:{pull.branch}"
        if not base or base == pull.base
    ]
    moved = call.query.get("sort") == "updated"
    wanted.sort(
        key=lambda pull: (pull.updated if moved else pull.created, pull.number),
        reverse=call.query.get("direction", "desc") == "desc",
    )
    page, links = paged(call, wanted)
    return Answer([call.shapes.pull(call.repository, pull) for pull in page], headers=links)


def create_pull(call: Call) -> Answer:
    head, base = call.field("head", str), call.field("base", str)
    for name, value in (("head", head), ("base", base)):
        if not value:
            raise invalid("PullRequest", name, "missing_field")
    pull = call.repository.open(
        call.person, title=call.field("title", str) or "", body=call.field("body", str) or "", head=head, base=base
    )
    return Answer(call.shapes.full_pull(call.repository, pull), 201)


def get_pull(call: Call, pull: Pull) -> Answer:
    return Answer(call.shapes.full_pull(call.repository, pull))


def update_pull(call: Call, pull: Pull) -> Answer:
    title, body, state = (call.field(name, str) for name in ("title", "body", "state"))
    call.repository.edit(pull, title=title, body=body, state=state)
    return get_pull(call, pull)


def list_files(call: Call, pull: Pull) -> Answer:
    page, links = paged(call, call.repository.diff(pull))
    return Answer([call.shapes.file(call.repository, pull, file) for file in page], headers=links)


def merge_pull(call: Call, pull: Pull) -> Answer:
    method = call.field("merge_method", str, "merge")
    if method not in ("merge", "squash"):
        raise Denied(405, "Rebase merges are not allowed on this repository.")
    sha, message = call.field("sha", str), call.field("commit_message", str)
    commit = call.repository.merge(pull, call.person, sha=sha, squash=method == "squash", message=message)
    return Answer({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


def list_reviews(call: Call, pull: Pull) -> Answer:
    page, links = paged(call, pull.reviews)
    return Answer([call.shapes.review(call.repository, pull, review) for review in page], headers=links)


def create_review(call: Call, pull: Pull) -> Answer:
    event, body = call.field("event", str, "COMMENT"), call.field("body", str, "")
    review = call.repository.review(pull, call.person, event, body)
    return Answer(call.shapes.review(call.repository, pull, review))


def request_reviewers(call: Call, pull: Pull) -> Answer:
    call.repository.request(pull, call.texts("reviewers"), call.texts("team_reviewers"))
    return Answer(call.shapes.pull(call.repository, pull), 201)


def create_comment(call: Call, pull: Pull) -> Answer:
    comment = call.repository.comment(pull, call.person, call.field("body", str, ""))
    return Answer(call.shapes.comment(call.repository, pull, comment), 201)


def add_labels(call: Call, pull: Pull) -> Answer:
    """The body is `{"labels": […]}` or, as PyGithub sends it, the list alone."""
    names = call.body if isinstance(call.body, list) else call.field("labels", list, [])
    if not names or not all(isinstance(name, str) for name in names):
        raise invalid("Label", "name", "missing_field")
    call.repository.label(pull, names)
    return Answer(call.shapes.labels(call.repository, pull))


def of_pull(endpoint: Callable[[Call, Pull], Answer]) -> Callable[[Call], Answer]:
    """An endpoint of one pull request, looked up once, as its refs are now."""
    return lambda call: endpoint(call, call.repository.pull(call.path["number"]))


REPOSITORY = "/repos/{owner}/{repo}"
PULL = REPOSITORY + "/pulls/{number:int}"
ISSUE = REPOSITORY + "/issues/{number:int}"
ENDPOINTS: list[tuple[str, str, Callable[[Call], Answer]]] = [
    ("GET", "/user", get_user),
    ("GET", REPOSITORY, get_repository),
    ("GET", REPOSITORY + "/branches/{branch:path}", get_branch),
    ("DELETE", REPOSITORY + "/git/refs/heads/{branch:path}", delete_ref),
    ("GET", REPOSITORY + "/pulls", list_pulls),
    ("POST", REPOSITORY + "/pulls", create_pull),
    ("GET", PULL, of_pull(get_pull)),
    ("PATCH", PULL, of_pull(update_pull)),
    ("GET", PULL + "/files", of_pull(list_files)),
    ("PUT", PULL + "/merge", of_pull(merge_pull)),
    ("GET", PULL + "/reviews", of_pull(list_reviews)),
    ("POST", PULL + "/reviews", of_pull(create_review)),
    ("POST", PULL + "/requested_reviewers", of_pull(request_reviewers)),
    ("POST", ISSUE + "/comments", of_pull(create_comment)),
    ("POST", ISSUE + "/labels", of_pull(add_labels)),
]


def routes(github: "GitHub") -> list[Route]:
    def nowhere(_call: Call) -> Answer:
        raise Denied(404, "Not Found")

    known = [Route(path, _endpoint(github, endpoint), methods=[method]) for method, path, endpoint in ENDPOINTS]
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [*known, Route("/{rest:path}", _endpoint(github, nowhere), methods=every)]


def _endpoint(github: "GitHub", endpoint: Callable[[Call], Answer]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_answer, github, endpoint, request, await request.body())

    return answer


def _answer(github: "GitHub", endpoint: Callable[[Call], Answer], request: Request, raw: bytes) -> Response:
    fault = github.faults.take(request.method, request.url.path)
    if fault and not fault.after:
        return _failing(fault)
    try:
        person = _authenticate(github, request)
        call = Call(
            github, github.shapes, person, request.path_params, request.query_params, _json(raw), _here(github, request)
        )
        with github.lock:
            answer = endpoint(call)
    except Denied as denied:
        answer = Answer(denied.body, denied.status)
    if fault:
        return _failing(fault)
    content = b"" if answer.status == 204 else json.dumps(answer.body).encode()
    headers = {**LIMITS, "X-RateLimit-Reset": str(int(github.now().timestamp()) + 3600), **(answer.headers or {})}
    if request.method == "GET" and answer.status == 200:
        headers["ETag"] = f'W/"{hashlib.sha256(content).hexdigest()}"'
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    return Response(content, answer.status, headers, "application/json; charset=utf-8" if content else None)


def _authenticate(github: "GitHub", request: Request) -> Person:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise Denied(401, "Requires authentication")
    person = github.who(token.strip()) if scheme.lower() in ("token", "bearer") else None
    if person is None:
        raise Denied(401, "Bad credentials")
    return person


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        raise Denied(400, "Problems parsing JSON") from None


def _here(github: "GitHub", request: Request) -> str:
    """The request's own address, as the outside knows it."""
    _, _, path = request.url.path.partition("/api/v3")
    return f"{github.shapes.api}{path}"


def _failing(fault: Fault) -> Response:
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status, dict(fault.headers), "text/html")
    return Response(json.dumps(fault.body), fault.status, dict(fault.headers), "application/json; charset=utf-8")


def _number(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else default
