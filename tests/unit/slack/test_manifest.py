"""The app's manifest asks for what the code uses, and for nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import slack

ROOM = Path(slack.__file__).parent
SCOPES = {
    # docs.slack.dev, the page of each method and event
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "files_upload_v2": "files:write",
    "users_info": "users:read",
    "auth_test": None,
}
EVENTS = {"app_mention": "app_mentions:read", "message.im": "im:history"}


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load((ROOM.parents[1] / "deploy/slack-app.yaml").read_text())


def test_its_scopes_are_those_of_the_calls_and_events_in_use(manifest: Any) -> None:
    source = "".join(path.read_text() for path in ROOM.glob("*.py"))
    called = set(re.findall(r"client\.([a-z]+_\w+)\(", source)) - {"web_client"}
    assert called == set(SCOPES)
    used = {SCOPES[call] for call in called} | {EVENTS[event] for event in subscribed(manifest)} | {"commands", None}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == used - {None}


def test_it_hears_mentions_direct_messages_the_command_and_buttons(manifest: Any) -> None:
    assert set(subscribed(manifest)) == set(EVENTS)
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/deck"]
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["features"]["app_home"]["messages_tab_enabled"]


def subscribed(manifest: Any) -> list[str]:
    return list(manifest["settings"]["event_subscriptions"]["bot_events"])
