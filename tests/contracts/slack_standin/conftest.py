"""A workspace on a port of its own, with the clock in the test's hand and Slack's patience cut short."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk import WebClient
from starlette.applications import Starlette

from bot.playground.server import base_url, bind, serve
from bot.playground.slack import Workspace


@dataclass
class Clock:
    at: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def opened(clock: Clock, **options: Any) -> Iterator[Workspace]:
    listener = bind()
    workspace = Workspace(now=clock, address=base_url(listener), **options)
    with serve(Starlette(routes=workspace.routes()), listener=listener):
        yield workspace
        workspace.close()


def client_of(workspace: Workspace) -> WebClient:
    return WebClient(workspace.installation.bot_token.reveal(), base_url=workspace.api_url)


@pytest.fixture
def workspace(clock: Clock, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """`@pytest.mark.parametrize("workspace", [{...}], indirect=True)` changes how it is made."""
    options = {"ack_seconds": 0.3, "retry_pauses": (0.0, 0.0, 0.0)} | getattr(request, "param", {})
    with opened(clock, **options) as workspace:
        yield workspace


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    return client_of(workspace)


@pytest.fixture(scope="module")
def refusing() -> Iterator[WebClient]:
    """For calls that are refused, and so leave nothing behind for the next test."""
    with opened(Clock()) as workspace:
        yield client_of(workspace)
