"""The JSON that Slack sends to apps, field by field (docs.slack.dev: Events API, slash commands, block actions).

Pure: what happened goes in, a payload comes out.
"""

import secrets
import time
import uuid

from bot.playground.slack.conversations import Channel, Json, Message, User
from bot.playground.slack.installation import Installation


def event_id() -> str:
    return f"Ev{secrets.token_hex(5).upper()}"


def said(kind: str, message: Message, team_id: str) -> Json:
    """The inner event of a message: `app_mention`, or `message` in direct messages."""
    event: Json = {
        **message.json(),
        "type": kind,
        "channel": message.channel,
        "team": team_id,
        "event_ts": message.ts,
    }
    if kind == "message":
        event["channel_type"] = "im"
    if not message.bot_id:
        event["client_msg_id"] = str(uuid.uuid4())
    return event


def changed(message: Message, before: Message, event_ts: str) -> Json:
    """The inner event of an edit in direct messages."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": message.channel,
        "channel_type": "im",
        "ts": event_ts,
        "event_ts": event_ts,
        "message": message.json(),
        "previous_message": before.json(),
    }


def event_callback(installation: Installation, event: Json) -> Json:
    return {
        "token": installation.verification_token,
        "team_id": installation.team_id,
        "api_app_id": installation.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id(),
        "event_time": int(float(event["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": installation.team_id,
                "user_id": installation.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }


def trigger_id() -> str:
    return f"{time.monotonic_ns()}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"


def slash_command(
    installation: Installation, user: User, channel: Channel, text: str, *, trigger: str, response_url: str
) -> Json:
    """All values are strings, as they travel in a form."""
    return {
        "token": installation.verification_token,
        "team_id": installation.team_id,
        "team_domain": installation.team_domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_direct else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": installation.command,
        "text": text,
        "api_app_id": installation.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }


def block_actions(  # noqa: PLR0913 - one value for each part of the payload
    installation: Installation,
    user: User,
    channel: Channel,
    message: Message,
    button: Json,
    *,
    trigger: str,
    response_url: str,
    at: str,
) -> Json:
    """A press. Of an ephemeral message Slack sends the container only, not what it said."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.visible_to is not None,
    }
    if message.thread:
        container["thread_ts"] = message.thread
    kept = ("type", "block_id", "action_id", "text", "value", "style", "confirm", "url")
    payload: Json = {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": installation.team_id},
        "api_app_id": installation.app_id,
        "token": installation.verification_token,
        "container": container,
        "trigger_id": trigger,
        "team": {"id": installation.team_id, "domain": installation.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_direct else channel.name},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [{key: button[key] for key in kept if key in button} | {"action_ts": at}],
    }
    if message.visible_to is None:
        payload["message"] = {**message.json(), "team": installation.team_id}
    return payload
