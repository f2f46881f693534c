"""The bot's ear and mouth against a workspace that speaks Slack's protocols over real HTTP and WebSockets."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from contracts.slack.standins import Connect, Listener, MemoryInbox
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.playground.server import base_url, bind, serve
from bot.playground.slack import Workspace
from bot.slack.listeners import Hear, Slack


class Port:
    """A port that stays open while what it serves changes: starting a server takes longer than most tests."""

    def __init__(self) -> None:
        self.listener = bind()
        self.app: ASGIApp = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def port() -> Iterator[Port]:
    port = Port()
    with serve(port, listener=port.listener):
        yield port


@pytest.fixture
def workspace(port: Port) -> Iterator[Workspace]:
    workspace = Workspace(
        now=lambda: datetime.now(UTC),
        address=base_url(port.listener),
        ack_seconds=0.5,
        retry_pauses=(0.05, 0.05, 0.05, 0.05, 0.05),
    )
    port.app = Starlette(routes=workspace.routes())
    yield workspace
    workspace.close()


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


@pytest.fixture
def hear() -> Listener:
    return Listener()


@pytest.fixture
def connect(workspace: Workspace, inbox: MemoryInbox, hear: Hear) -> Iterator[Connect]:
    """Makes a bot that listens by Socket Mode unless told `app_token=None`; stopped at the end."""
    installation = workspace.installation
    with ExitStack() as stack:

        def make(**options: object) -> Slack:
            defaults = {
                "bot_token": installation.bot_token,
                "app_token": installation.app_token,
                "api_url": workspace.api_url,
            }
            slack = Slack(inbox, hear, **(defaults | options))  # type: ignore[arg-type]  # options of many types
            stack.callback(slack.stop)
            return slack

        yield make


@pytest.fixture
def slack(connect: Connect, workspace: Workspace) -> Slack:
    slack = connect()
    slack.start()
    workspace.wait_for(lambda: workspace.connections == 1)
    return slack
