"""A workspace on a port of its own, with the clock in the test's hand and Slack's patience cut short."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.playground.server import serve
from bot.playground.slack import Workspace


@dataclass
class Clock:
    at: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Stage:
    """One server for all tests here, since starting and stopping one costs more than most tests; each sets its app."""

    app: ASGIApp = field(default_factory=Starlette)
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with serve(stage) as stage.url:
        yield stage


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(stage: Stage, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """`@pytest.mark.parametrize("workspace", [{...}], indirect=True)` changes how it is made."""
    options = {"ack_seconds": 0.3, "retry_pauses": (0.0, 0.0, 0.0)} | getattr(request, "param", {})
    workspace = Workspace(now=clock, address=stage.url, **options)
    stage.app = Starlette(routes=workspace.routes())
    yield workspace
    workspace.close()


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    return WebClient(workspace.installation.bot_token.reveal(), base_url=workspace.api_url)
