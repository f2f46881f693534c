"""The stand-in on a real port, with every answer of its API held against GitHub's published description."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import graphql_schema
import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository as Listed
from bot.playground.github import GitHub, Person, Repository
from bot.playground.server import serve

EXTRACT = json.loads(Path(__file__).with_name("openapi-extract.json").read_text("utf-8"))


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` said as JSON Schema says it."""
    if isinstance(node, list):
        return [as_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: as_json_schema(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


COMPONENTS = as_json_schema(EXTRACT["components"])


@dataclass
class Described:
    """What GitHub's description says of answers; `seen` are the operations and statuses that were held against it."""

    seen: set[tuple[str, str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def check_graphql(self, asked: bytes, status: int, body: bytes) -> None:
        if status == 200:
            self.problems += graphql_schema.problems(json.loads(asked), json.loads(body))

    @property
    def operations(self) -> set[tuple[str, str]]:
        return {(method.upper(), path) for path, methods in EXTRACT["paths"].items() for method in methods}

    def check(self, method: str, path: str, status: int, body: bytes) -> None:
        fitting = [each for each in EXTRACT["paths"] if _pattern(each).fullmatch(path)]
        template = max(fitting, key=lambda each: each.count("/"), default=None)
        responses = EXTRACT["paths"].get(template, {}).get(method.lower(), {}).get("responses", {})
        if template is None or str(status) not in responses:
            return
        self.seen.add((method, template, str(status)))
        if responses[str(status)]:
            self.problems += [
                f"{method} {path} {status}: {error.json_path}: {error.message[:200]}"
                for error in validator(method.lower(), template, str(status)).iter_errors(json.loads(body))
            ]


@cache
def validator(method: str, template: str, status: str) -> Draft202012Validator:
    schema = EXTRACT["paths"][template][method]["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator(as_json_schema(schema) | {"components": COMPONENTS})


@cache
def _pattern(template: str) -> re.Pattern[str]:
    one_or_more = {"branch", "ref", "basehead"}
    return re.compile(re.sub(r"\{(\w+)\}", lambda name: ".+" if name[1] in one_or_more else "[^/]+", template))


def checking(app: ASGIApp, described: Described) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        _, _, path = scope.get("path", "").partition("/api/v3")
        is_graphql = scope.get("path", "").endswith("/api/graphql")
        status, is_page, asked = 0, False, b""

        async def heard() -> Message:
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        async def watched(message: Message) -> None:
            nonlocal status, is_page
            if message["type"] == "http.response.start":
                status, is_page = (
                    message["status"],
                    (b"content-type", b"text/html; charset=utf-8") in message["headers"],
                )
            elif is_graphql and not is_page:
                described.check_graphql(asked, status, message["body"])
            elif path and not is_page:
                described.check(scope["method"], path, status, message["body"])
            await send(message)

        await app(scope, heard if is_graphql else receive, watched)

    return middleware


@dataclass
class World:
    url: str
    http: httpx.Client
    github: GitHub
    bot: Person
    ana: Person
    ben: Person
    gitops: Repository
    described: Described

    def api(self, method: str, path: str, *, by: Person | None = None, **more: Any) -> httpx.Response:
        token = (by or self.bot).token.reveal()
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        return self.http.request(method, f"{self.github.api_url}{path}", headers=headers, **more)

    def branch(self, name: str = "quarterdeck/promote/production/payment/v1.3.0", text: str = "image: v1.3.0\n") -> str:
        """A branch with one commit on main; the commit's id."""
        return self.gitops.commit(name, {"payment.yaml": text.encode()}, "Promote payment", self.bot)

    def page(self, path: str) -> httpx.Response:
        return self.http.get(f"{self.url}/github{path}")


@pytest.fixture
def now() -> Callable[[], datetime]:
    """A clock that goes a second at every look, so that order is never a tie."""
    looks = iter(range(1_000_000))
    return lambda: datetime(2026, 11, 20, 9, 0, tzinfo=UTC) + timedelta(seconds=next(looks))


class Stage:
    """An application that can be exchanged while it is served: one server for all tests, a new world for each."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str, httpx.Client]]:
    stage = Stage()
    with serve(stage) as url, httpx.Client(verify=False, trust_env=False) as http:  # noqa: S501 - it is plain HTTP
        yield stage, url, http


@pytest.fixture
def world(stage: tuple[Stage, str, httpx.Client], tmp_path: Path, now: Callable[[], datetime]) -> Iterator[World]:
    server, url, http = stage
    github = GitHub(tmp_path / "github", now=now, public_url=f"{url}/github", teams=["sre"])
    bot = github.add_person("quarterdeck", "Quarterdeck", bot=True)
    ana, ben = github.add_person("ana", "Ana Ito"), github.add_person("ben", "Ben Okoro")
    gitops = github.create_repository("acme/gitops", {"payment.yaml": b"image: v1.2.9\n", "docs/a b.md": b"# Hi\n"})
    described = Described()
    server.app = checking(Starlette(routes=[Mount("/github", routes=github.routes())]), described)
    yield World(url, http, github, bot, ana, ben, gitops, described)
    assert described.problems == []


@pytest.fixture
def adapter(world: World) -> Iterator[Adapter]:
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Adapter(world.github.api_url, world.bot.token, listed, clock=lambda: 1_000.0, pause=lambda _: None) as forge:
        yield forge
