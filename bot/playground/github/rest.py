"""How GitHub's REST API is spoken (https://docs.github.com/en/rest): a Call comes in, an Answer goes out.

What all endpoints have in common is here: authentication, planned faults, pages, conditional requests, limits' headers.
What they do is in `endpoints`.
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

from bot.playground.github.apps import Access, App, proven
from bot.playground.github.denied import Denied, invalid
from bot.playground.github.faults import Fault
from bot.playground.github.pulls import Person
from bot.playground.github.repository import Repository
from bot.playground.github.shapes import Shapes

if TYPE_CHECKING:
    from bot.playground.github import GitHub

LIMITS = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Used": "1"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody known, with what its path names looked up."""

    github: "GitHub"
    shapes: Shapes
    access: Access
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Any
    url: str

    @property
    def person(self) -> Person:
        return self.access.person

    @property
    def repository(self) -> Repository:
        name = f"{self.path['owner']}/{self.path['repo']}"
        if not self.access.sees(name):
            raise Denied(404, "Not Found")
        return self.github.repository(name)

    def needs(self, permission: str, level: str) -> None:
        """https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps"""
        if not self.access.may(permission, level):
            raise Denied(403, "Resource not accessible by integration")

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
class AppCall:
    """A request of an App, signed in by its key."""

    github: "GitHub"
    shapes: Shapes
    app: App
    path: Mapping[str, Any]
    body: Any


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


Served = Callable[[Request], Awaitable[Response]]


def served(github: "GitHub", endpoint: Callable[[Call], Answer], need: str = "") -> Served:
    """An endpoint for whoever has a token. `need` is a permission, such as `contents:write`."""
    permission, _, level = need.partition(":")

    def called(request: Request, raw: bytes) -> Answer:
        call = Call(
            github,
            github.shapes,
            _authenticate(github, request),
            request.path_params,
            request.query_params,
            _json(raw),
            _here(github, request),
        )
        if need:
            call.needs(permission, level)
        return endpoint(call)

    return _serving(github, called)


def served_to_apps(github: "GitHub", endpoint: Callable[[AppCall], Answer]) -> Served:
    def called(request: Request, raw: bytes) -> Answer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Denied(401, "A JSON web token could not be decoded")
        app = proven(github.apps, token.strip())
        return endpoint(AppCall(github, github.shapes, app, request.path_params, _json(raw)))

    return _serving(github, called)


def _serving(github: "GitHub", called: Callable[[Request, bytes], Answer]) -> Served:
    async def answer(request: Request) -> Response:
        response = await run_in_threadpool(_answer, github, called, request, await request.body())
        github.requests.note(request.method, request.url.path.partition("/api")[2], response.status_code)
        return response

    return answer


def _answer(github: "GitHub", called: Callable[[Request, bytes], Answer], request: Request, raw: bytes) -> Response:
    fault = github.faults.take(request.method, request.url.path)
    if fault and not fault.after:
        return _failing(fault)
    try:
        with github.lock:
            answer = called(request, raw)
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


def _authenticate(github: "GitHub", request: Request) -> Access:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise Denied(401, "Requires authentication")
    access = github.who(token.strip()) if scheme.lower() in ("token", "bearer") else None
    if access is None:
        raise Denied(401, "Bad credentials")
    return access


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
