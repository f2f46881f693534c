"""Slack's payloads, in the shapes that docs.slack.dev shows, as messages."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.request import Actor, Message, Place, Press
from bot.slack.envelopes import in_thread, message_from

BOT = "U0BOT"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
WORKSPACE = "https://acme.slack.com/"


def read(body: dict[str, Any]) -> Message | None:
    return message_from(body, bot=BOT, now=NOW, workspace=WORKSPACE)


def event(**changes: Any) -> dict[str, Any]:
    said = {
        "type": "app_mention",
        "user": "U0ANA",
        "text": "<@U0BOT> promote payment v1.3.0 to prod",
        "ts": "1700000000.123456",
        "channel": "C0DEPLOYS",
        "event_ts": "1700000000.123456",
        "client_msg_id": "5f7e1f0e-3b0b-4b1c-8a2b-000000000000",
        "team": "T0ACME",
    } | changes
    return {
        "token": "verification",
        "team_id": "T0ACME",
        "api_app_id": "A0DECK",
        "type": "event_callback",
        "event_id": "Ev0123456789",
        "event_time": 1700000000,
        "event": said,
    }


def command(**changes: Any) -> dict[str, Any]:
    return {
        "token": "verification",
        "team_id": "T0ACME",
        "channel_id": "C0DEPLOYS",
        "channel_name": "deploys",
        "user_id": "U0ANA",
        "user_name": "ana",
        "command": "/deck",
        "text": "status payment",
        "api_app_id": "A0DECK",
        "response_url": "https://hooks.slack.com/commands/T0ACME/1/abc",
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    } | changes


def press(*, container: dict[str, Any] | None = None, **button: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0ACME"},
        "api_app_id": "A0DECK",
        "container": {
            "type": "message",
            "message_ts": "1700000000.123456",
            "channel_id": "C0DEPLOYS",
            "is_ephemeral": False,
        }
        | (container or {}),
        "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        "channel": {"id": "C0DEPLOYS", "name": "deploys"},
        "message": {
            "type": "message",
            "ts": "1700000000.123456",
            "text": "Sure? a &amp;&lt;b&gt; <https://x.example/1>",
        },
        "response_url": "https://hooks.slack.com/actions/T0ACME/1/abc",
        "actions": [
            {
                "type": "button",
                "action_id": "confirm",
                "block_id": "b",
                "value": "c-1",
                "action_ts": "1700000009.000001",
            }
            | button
        ],
    }


def test_a_mention() -> None:
    assert read(event()) == Message(
        id="Ev0123456789",
        text="promote payment v1.3.0 to prod",
        actor=Actor("U0ANA", "U0ANA"),
        place=Place("C0DEPLOYS", "1700000000.123456", "https://acme.slack.com/archives/C0DEPLOYS/p1700000000123456"),
        at=AT,
    )


def test_a_mention_in_a_thread_is_answered_there() -> None:
    message = read(event(thread_ts="1600000000.000001"))
    assert message is not None
    assert message.place == Place(
        "C0DEPLOYS",
        "1600000000.000001",
        "https://acme.slack.com/archives/C0DEPLOYS/p1700000000123456?thread_ts=1600000000.000001&cid=C0DEPLOYS",
    )
    assert in_thread(message)


def test_a_mention_at_the_top_begins_a_thread() -> None:
    message = read(event())
    assert message is not None
    assert not in_thread(message)


def test_a_direct_message() -> None:
    message = read(event(type="message", channel_type="im", channel="D0ANA", text="status"))
    assert message is not None
    assert (message.text, message.place.channel) == ("status", "D0ANA")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<@U0BOT> status", "status"),
        ("  <@U0BOT|deck>: status", "status"),
        ("<@U0BOT>", ""),
        ("<@U0BOT>\n status", "status"),
        ("hey <@U0BOT> status", "hey <@U0BOT> status"),
        ("<@U0BOT> lock <@U0BEN> <!channel> &lt;x&gt;", "lock <@U0BEN> <!channel> &lt;x&gt;"),
        ("<@U0BOTTOM> status", "<@U0BOTTOM> status"),
    ],
)
def test_only_the_leading_mention_of_the_bot_goes(written: str, meant: str) -> None:
    message = read(event(text=written))
    assert message is not None
    assert message.text == meant


@pytest.mark.parametrize(
    "changes",
    [
        {"user": BOT},
        {"bot_id": "B0OTHER"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "message": {}},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"edited": {"user": "U0ANA", "ts": "1700000001.000000"}},
        {"user": None},
        {"text": ""},
        {"type": "message", "channel_type": "channel"},
        {"type": "reaction_added"},
    ],
)
def test_what_no_person_said_to_the_bot_is_nothing(changes: dict[str, Any]) -> None:
    assert read(event(**changes)) is None


def test_a_command() -> None:
    assert read(command()) == Message(
        id="command-C0DEPLOYS-U0ANA-13345224609.738474920.8088930838d88f008e0",
        text="status payment",
        actor=Actor("U0ANA", "ana"),
        place=Place("C0DEPLOYS"),
        at=NOW,
    )


def test_a_press() -> None:
    message = read(press())
    assert message == Message(
        id="press-C0DEPLOYS-U0ANA-12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        text="",
        actor=Actor("U0ANA", "ana"),
        place=Place("C0DEPLOYS", "1700000000.123456", "https://acme.slack.com/archives/C0DEPLOYS/p1700000000123456"),
        at=datetime(2023, 11, 14, 22, 13, 29, 1, tzinfo=UTC),
        press=Press("confirm", "c-1", "1700000000.123456", "Sure? a &<b> https://x.example/1"),
    )
    assert not in_thread(message)


def test_a_press_in_a_thread_is_answered_there() -> None:
    message = read(press(container={"thread_ts": "1600000000.000001"}))
    assert message is not None
    assert message.place.thread == "1600000000.000001"
    assert in_thread(message)


def test_a_press_that_says_something_is_as_if_it_were_typed_there() -> None:
    message = read(press(action_id="say-3", value="drift sync payment in production"))
    assert message is not None
    assert message.text == "drift sync payment in production"
    assert message.place.thread == "1700000000.123456"
    assert message.press == Press("say", "", "1700000000.123456", "")


def test_a_press_on_what_only_one_person_sees_begins_no_thread() -> None:
    body = press(container={"is_ephemeral": True})
    del body["message"]
    message = read(body)
    assert message is not None
    assert message.place == Place("C0DEPLOYS")
    assert message.press == Press("confirm", "c-1", "1700000000.123456", "")


@pytest.mark.parametrize(
    "body",
    [
        press(action_id="link-1"),
        {"type": "block_actions", "user": {"id": "U0ANA"}, "actions": []},
        {"type": "view_submission"},
        {"type": "event_callback", "event_id": "Ev1"},
        {},
    ],
)
def test_other_payloads_are_nothing(body: dict[str, Any]) -> None:
    assert read(body) is None


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999))
def test_a_timestamp_keeps_its_microseconds(seconds: int, micro: int) -> None:
    ts = f"{seconds}.{micro:06d}"
    message = read(event(ts=ts))
    assert message is not None
    assert message.at == datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)
    assert not in_thread(message)
