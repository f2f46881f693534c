"""Bolt's own Socket Mode handler against the workspace: what people do reaches an app in Slack's shapes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from loopback import http
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.playground.slack import Workspace

ASK = {
    "type": "actions",
    "block_id": "ask",
    "elements": [
        {"type": "button", "action_id": "confirm", "text": {"type": "plain_text", "text": "Do it"}, "value": "7"},
        {"type": "button", "action_id": "look", "text": {"type": "plain_text", "text": "Look"}, "url": "http://x"},
    ],
}


@contextmanager
def bolt(workspace: Workspace, listen: Callable[[App], object]) -> Iterator[App]:
    client = WebClient(workspace.installation.bot_token.reveal(), base_url=workspace.api_url)
    app = App(client=client, signing_secret=workspace.installation.signing_secret.reveal())
    listen(app)
    handler = SocketModeHandler(app, workspace.installation.app_token.reveal())
    handler.connect()
    try:
        workspace.wait_for(lambda: workspace.connections == 1)
        yield app
    finally:
        # Slack's client holds its socket for as long as it waits for words, so the server hangs up first.
        handler.client.auto_reconnect_enabled = False
        workspace.disconnect(None)
        handler.close()


@contextmanager
def raw(workspace: Workspace) -> Iterator[ClientConnection]:
    """A connection that acknowledges only what the test acknowledges."""
    with connect(ticketed(workspace)) as connection:
        assert receive(connection)["type"] == "hello"
        yield connection


def ticketed(workspace: Workspace) -> str:
    client = WebClient(base_url=workspace.api_url)
    return str(client.apps_connections_open(app_token=workspace.installation.app_token.reveal())["url"])


def receive(connection: ClientConnection) -> dict[str, Any]:
    message = json.loads(connection.recv(timeout=5))
    assert isinstance(message, dict)
    return message


def acknowledge(connection: ClientConnection, envelope: dict[str, Any], payload: Any = None) -> None:
    connection.send(json.dumps({"envelope_id": envelope["envelope_id"], "payload": payload}))


def mention(workspace: Workspace, text: str) -> str:
    return f"<@{workspace.installation.bot_user_id}> {text}"


def test_bolt_hears_and_answers_all_three_kinds(workspace: Workspace, client: WebClient) -> None:
    def listen(app: App) -> None:
        @app.event("app_mention")
        def mentioned(event: dict[str, Any], say: Any) -> None:
            say(text=f"heard: {event['text']}", thread_ts=event["ts"])

        @app.command("/deck")
        def commanded(ack: Any) -> None:
            ack("one moment")

        @app.action("confirm")
        def pressed(ack: Any, respond: Any) -> None:
            ack()
            respond(text="done", replace_original=True)

    asked = client.chat_postMessage(channel="#drift", text="sure?", blocks=[ASK])
    with bolt(workspace, listen):
        ts = workspace.say("ana", "#deploys", "@Quarterdeck status <b> & `<c>`")
        workspace.say("ana", "#deploys", "/deck status")
        workspace.press("ben", "#drift", asked["ts"], "Do it")
        (_, reply) = workspace.wait_for(
            lambda: workspace.messages("#deploys", ts)[1:] and workspace.messages("#deploys", ts)
        )
        workspace.wait_for(lambda: workspace.ephemerals("ana"))
        workspace.wait_for(lambda: workspace.messages("#drift")[0].text == "done")
    assert reply.text == f"heard: {mention(workspace, 'status &lt;b&gt; &amp; `&lt;c&gt;`')}"
    assert reply.user == workspace.installation.bot_user_id
    assert workspace.ephemerals("ana")[0].text == "one moment"


def test_a_mention_has_slacks_shape(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        ts = workspace.say("ana", "#deploys", mention(workspace, "status"))
        envelope = receive(connection)
        acknowledge(connection, envelope)
    payload, event = envelope["payload"], envelope["payload"]["event"]
    assert (envelope["type"], envelope["accepts_response_payload"], envelope["retry_attempt"]) == (
        "events_api",
        False,
        0,
    )
    assert payload["type"] == "event_callback"
    assert payload["event_id"].startswith("Ev")
    assert payload["event_time"] == 1772443800
    assert payload["authorizations"][0]["user_id"] == workspace.installation.bot_user_id
    assert {key: event[key] for key in ("type", "user", "text", "ts", "channel", "event_ts", "team")} == {
        "type": "app_mention",
        "user": workspace.people[0].id,
        "text": mention(workspace, "status"),
        "ts": ts,
        "channel": "C0DEPLOYS1",
        "event_ts": ts,
        "team": workspace.installation.team_id,
    }
    assert "thread_ts" not in event


def test_a_mention_in_a_thread_says_so(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        first = workspace.say("ana", "#deploys", "not for the app")
        workspace.say("ben", "#deploys", mention(workspace, "help"), first)
        envelope = receive(connection)
        acknowledge(connection, envelope)
    assert envelope["payload"]["event"]["thread_ts"] == first


def test_direct_messages_need_no_mention_and_the_app_hears_itself(workspace: Workspace, client: WebClient) -> None:
    with raw(workspace) as connection:
        heard = []

        def hear() -> None:
            envelope = receive(connection)
            acknowledge(connection, envelope)
            heard.append(envelope["payload"]["event"])

        workspace.say("ana", "@quarterdeck", "status")
        hear()
        posted = client.chat_postMessage(channel=heard[0]["channel"], text="here")
        hear()
        client.chat_update(channel=heard[0]["channel"], ts=posted["ts"], text="still here")
        hear()
    assert [(event["type"], event["channel_type"], event.get("subtype")) for event in heard] == [
        ("message", "im", None),
        ("message", "im", None),
        ("message", "im", "message_changed"),
    ]
    assert [event.get("bot_id") for event in heard[:2]] == [None, workspace.installation.bot_id]
    assert (heard[2]["message"]["text"], heard[2]["previous_message"]["text"]) == ("still here", "here")
    assert [message.text for message in workspace.messages(workspace.direct("ana"))] == ["status", "still here"]


def test_a_slash_command_and_its_response_url(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        assert workspace.say("ana", "#deploys", "/deck promote a & b <c>") == ""
        envelope = receive(connection)
        acknowledge(connection, envelope, {"text": "noted", "response_type": "in_channel"})
        workspace.wait_for(lambda: workspace.messages("#deploys"))
    body = envelope["payload"]
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert (body["command"], body["text"]) == ("/deck", "promote a &amp; b &lt;c&gt;")
    assert (body["channel_id"], body["channel_name"]) == ("C0DEPLOYS1", "deploys")
    assert (body["user_id"], body["user_name"]) == (workspace.people[0].id, "ana")
    answers = [http.post(body["response_url"], json={"text": str(number)}).text for number in range(6)]
    assert answers[:5] == ["ok"] * 5
    assert json.loads(answers[5]) == {"ok": False, "error": "used_url"}
    assert [message.text for message in workspace.messages("#deploys")] == ["noted"]
    assert [message.text for message in workspace.ephemerals("ana")] == ["0", "1", "2", "3", "4"]


def test_a_response_url_ends_after_half_an_hour(workspace: Workspace, clock: Any) -> None:
    with raw(workspace) as connection:
        workspace.say("ana", "#deploys", "/deck help")
        envelope = receive(connection)
        acknowledge(connection, envelope)
    clock.advance(minutes=31)
    answer = http.post(envelope["payload"]["response_url"], json={"text": "late"})
    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")


def test_a_slash_command_in_a_thread_is_slacks_to_refuse(workspace: Workspace) -> None:
    ts = workspace.say("ana", "#deploys", "hello")
    workspace.say("ana", "#deploys", "/deck help", ts)
    assert [message.text for message in workspace.ephemerals("ana")] == ["/deck is not supported in threads. Sorry!"]
    assert workspace.deliveries == ()


def test_a_slash_command_nobody_takes_fails_visibly_and_is_not_retried(workspace: Workspace) -> None:
    workspace.say("ana", "#deploys", "/deck help")
    (message,) = workspace.wait_for(lambda: workspace.ephemerals("ana"))
    assert message.text == '/deck failed with the error "dispatch_failed"'
    assert len(workspace.deliveries) == 1


def test_a_press_reaches_the_app_with_its_message(workspace: Workspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#deploys", text="sure?", blocks=[ASK])
    with raw(workspace) as connection:
        workspace.press("ben", "#deploys", posted["ts"], "Do it")
        envelope = receive(connection)
        acknowledge(connection, envelope)
    body = envelope["payload"]
    assert envelope["type"] == "interactive"
    assert body["type"] == "block_actions"
    assert body["user"]["id"] == workspace.people[1].id
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": posted["channel"],
        "is_ephemeral": False,
    }
    assert (body["message"]["ts"], body["message"]["text"]) == (posted["ts"], "sure?")
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == (
        "confirm",
        "ask",
        "7",
        "button",
    )


def test_a_press_on_an_ephemeral_message_carries_no_message(workspace: Workspace, client: WebClient) -> None:
    client.chat_postEphemeral(channel="#deploys", user=workspace.people[0].id, text="sure?", blocks=[ASK])
    (message,) = workspace.ephemerals("ana")
    with raw(workspace) as connection:
        workspace.press("ana", "#deploys", message.ts, "confirm")
        envelope = receive(connection)
        acknowledge(connection, envelope)
    assert "message" not in envelope["payload"]
    assert envelope["payload"]["container"]["is_ephemeral"] is True
    answer = http.post(envelope["payload"]["response_url"], json={"delete_original": True})
    assert (answer.text, workspace.ephemerals("ana")) == ("ok", [])


def test_only_buttons_that_are_there_can_be_pressed(workspace: Workspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#deploys", text="sure?", blocks=[ASK])
    with pytest.raises(ValueError, match="no button undo; its buttons: Do it, Look"):
        workspace.press("ben", "#deploys", posted["ts"], "undo")
    client.chat_postEphemeral(channel="#deploys", user=workspace.people[0].id, text="sure?", blocks=[ASK])
    with pytest.raises(ValueError, match="no message"):
        workspace.press("ben", "#deploys", workspace.ephemerals("ana")[0].ts, "confirm")


def test_a_trigger_opens_one_view_for_three_seconds(workspace: Workspace, client: WebClient, clock: Any) -> None:
    with raw(workspace) as connection:
        triggers = []
        for _ in range(2):
            workspace.say("ana", "#deploys", "/deck form")
            envelope = receive(connection)
            acknowledge(connection, envelope)
            triggers.append(envelope["payload"]["trigger_id"])
    assert client.views_open(trigger_id=triggers[0], view={"type": "modal"})["view"]["id"]
    for trigger, seconds in ((triggers[0], 0), (triggers[1], 4)):  # a second use, and a late one
        clock.advance(seconds=seconds)
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            client.views_open(trigger_id=trigger, view={"type": "modal"})


def test_an_event_unacknowledged_comes_again_with_its_id(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        workspace.say("ana", "#deploys", mention(workspace, "status"))
        first, second = receive(connection), receive(connection)
        acknowledge(connection, second)
        workspace.wait_for(lambda: any(each.acknowledged for each in workspace.deliveries))
    assert first["payload"] == second["payload"]
    assert first["envelope_id"] != second["envelope_id"]
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert [(each.attempt, each.acknowledged) for each in workspace.deliveries] == [(0, False), (1, True)]


def test_a_duplicate_on_order(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        workspace.say("ana", "#deploys", mention(workspace, "status"))
        first = receive(connection)
        acknowledge(connection, first)
        workspace.wait_for(lambda: workspace.deliveries)
        workspace.deliver_again(first["payload"]["event_id"])
        second = receive(connection)
        acknowledge(connection, second)
    assert second["payload"] == first["payload"]
    assert second["retry_attempt"] == 1
    with pytest.raises(ValueError, match="no event Ev0"):
        workspace.deliver_again("Ev0")


def test_each_event_goes_to_one_connection(workspace: Workspace) -> None:
    with raw(workspace) as one, raw(workspace) as two:
        texts = []
        for text, connection in (("first", one), ("second", two), ("third", one)):
            workspace.say("ana", "#deploys", mention(workspace, text))
            envelope = receive(connection)
            acknowledge(connection, envelope)
            texts.append(envelope["payload"]["event"]["text"])
    assert texts == [mention(workspace, text) for text in ("first", "second", "third")]


def test_a_ticket_is_good_once(workspace: Workspace) -> None:
    url = ticketed(workspace)
    with connect(url) as connection:
        receive(connection)
        with pytest.raises(InvalidStatus, match="403"):
            connect(url)
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{url}x")


def test_disconnected_apps_are_told_and_come_back(workspace: Workspace) -> None:
    with raw(workspace) as connection:
        workspace.disconnect()
        farewell = receive(connection)
        assert (farewell["type"], farewell["reason"]) == ("disconnect", "refresh_requested")
        with pytest.raises(ConnectionClosed):
            receive(connection)

    def listen(app: App) -> None:
        @app.event("app_mention")
        def answer(event: dict[str, Any], say: Any) -> None:
            say("back")

    with bolt(workspace, listen):
        workspace.disconnect()
        workspace.wait_for(lambda: workspace.connections == 1)
        workspace.say("ana", "#deploys", mention(workspace, "status"))
        workspace.wait_for(lambda: len(workspace.messages("#deploys")) == 2)


def test_an_app_that_is_away_for_a_moment_misses_nothing(workspace: Workspace) -> None:
    workspace.say("ana", "#deploys", mention(workspace, "status"))
    with raw(workspace) as connection:
        envelope = receive(connection)
        acknowledge(connection, envelope)
    assert envelope["payload"]["event"]["text"] == mention(workspace, "status")
