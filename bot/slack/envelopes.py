"""What Slack delivers (events, slash commands, button presses) -> the message a person meant for the bot.

Pure, and the only reader of Slack's payloads (docs.slack.dev: Events API, "Enabling interactivity with slash
commands", `block_actions`). Must not know what the words mean: Slack's markup in them is the language's to read.
"""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.model.request import SAY, Actor, Message, Place, Press

_LINK = re.compile(r"<(https?://[^<>|]+)(?:\|[^<>]*)?>")
_SPOKEN = (None, "thread_broadcast", "file_share")
"""Subtypes of a message that a person said; the others are edits, deletions, joins and bots."""


def message_from(body: Mapping[str, Any], *, bot: str, now: datetime, workspace: str = "") -> Message | None:
    """The message in a payload; None where there is nothing for the bot in it.

    `bot` is the bot's user id and `workspace` the address of the workspace, for links. Slack gives a command no
    time, so `now` is it. The id is the same when Slack sends the same thing again.
    """
    if body.get("type") == "event_callback":
        return _said(body, bot, workspace)
    if body.get("type") == "block_actions":
        return _pressed(body, workspace)
    if body.get("command"):
        return _commanded(body, now)
    return None


def in_thread(message: Message) -> bool:
    """Whether it was said inside a thread that was there before; an answer would be the first in any other."""
    root = message.press.message if message.press else _timestamp(message.at)
    return message.place.thread is not None and message.place.thread != root


def is_direct(place: Place) -> bool:
    """Whether nobody but the bot and one person is there."""
    return (place.channel or "").startswith("D")


def _said(body: Mapping[str, Any], bot: str, workspace: str) -> Message | None:
    event = body.get("event") or {}
    user, ts = str(event.get("user") or ""), str(event.get("ts") or "")
    kind = event.get("type")
    addressed = kind == "app_mention" or (kind == "message" and event.get("channel_type") == "im")
    by_person = user not in {"", bot} and not event.get("bot_id") and event.get("subtype") in _SPOKEN
    if not (addressed and by_person and ts and event.get("text")) or "edited" in event:
        return None
    spoken = re.sub(rf"^\s*<@{re.escape(bot)}(\|[^>]*)?>[\s:,]*", "", event["text"])
    place = _place(event["channel"], ts, event.get("thread_ts"), workspace)
    return Message(body["event_id"], spoken, Actor(user, user), place, _moment(ts))


def _commanded(body: Mapping[str, Any], now: datetime) -> Message:
    channel, user = body["channel_id"], body["user_id"]
    actor = Actor(user, body.get("user_name") or user)
    # Slash commands have no thread: none can be given inside one.
    return Message(f"command-{channel}-{user}-{body['trigger_id']}", body.get("text", ""), actor, Place(channel), now)


def _pressed(body: Mapping[str, Any], workspace: str) -> Message | None:
    button: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
    container: Mapping[str, Any] = body.get("container") or {}
    action = re.sub(r"-\d+\Z", "", str(button.get("action_id")))
    if action not in {"confirm", "cancel", SAY} or "channel_id" not in container:
        return None
    channel, ts = container["channel_id"], container["message_ts"]
    place = _place(channel, ts, container.get("thread_ts"), workspace)
    if container.get("is_ephemeral") and not container.get("thread_ts"):
        place = Place(channel)  # what only one person sees can't start a thread
    user = body["user"]["id"]
    value = str(button.get("value") or "")
    # Other people may want to press a button that says something, too: its message is left as it is.
    said = "" if action == SAY else html.unescape(_LINK.sub(r"\1", (body.get("message") or {}).get("text", "")))
    return Message(
        id=f"press-{channel}-{user}-{body['trigger_id']}",
        text=value if action == SAY else "",
        actor=Actor(user, body["user"].get("name") or user),
        place=place,
        at=_moment(button["action_ts"]),
        press=Press(action, "" if action == SAY else value, ts, said),
    )


def permalink(workspace: str, channel: str, ts: str, thread: str | None) -> str:
    """Where people read a message, as `chat.getPermalink` gives it; "" without the workspace's address."""
    if not workspace:
        return ""
    link = f"{workspace.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return f"{link}?thread_ts={thread}&cid={channel}" if thread and thread != ts else link


def _place(channel: str, ts: str, thread: str | None, workspace: str) -> Place:
    return Place(channel, thread or ts, permalink(workspace, channel, ts, thread) or None)


def _moment(ts: str) -> datetime:
    """A `ts` is seconds since 1970 with six decimals."""
    seconds, _, fraction = ts.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(f"{fraction:0<6}"[:6]))


def _timestamp(moment: datetime) -> str:
    return f"{int(moment.replace(microsecond=0).timestamp())}.{moment.microsecond:06d}"
