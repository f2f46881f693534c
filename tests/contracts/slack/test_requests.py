"""HTTP mode: signed requests from the workspace, and what others send."""

import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from contracts.slack.standins import ANA, DEPLOYS, Connect, Listener, MemoryInbox
from loopback import http
from slack_sdk.signature import SignatureVerifier

from bot.model.secret import Secret
from bot.playground.slack import Workspace
from bot.slack.requests import endpoint
from bot.web.server import serve
from bot.web.site import site

PATH = "/slack/events"


@pytest.fixture
def address(workspace: Workspace, connect: Connect) -> Iterator[str]:
    slack = connect(app_token=None)
    slack.start()
    deliveries = {PATH: endpoint(slack.dispatch, workspace.installation.signing_secret)}
    server = serve(site(deliveries, lambda: None), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}{PATH}"
    server.stop()


def signed(workspace: Workspace, body: bytes, *, age: int = 0, kind: str = "application/json") -> dict[str, str]:
    timestamp = str(int(time.time()) - age)
    verifier = SignatureVerifier(workspace.installation.signing_secret.reveal())
    signature = verifier.generate_signature(timestamp=timestamp, body=body) or ""
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def mention() -> bytes:
    event = {"type": "app_mention", "user": ANA, "text": "status", "ts": "1700000000.000001", "channel": DEPLOYS}
    return json.dumps({"type": "event_callback", "event_id": "Ev1", "event": event}).encode()


def test_events_commands_and_presses_come_by_http(
    workspace: Workspace, address: str, hear: Listener, inbox: MemoryInbox
) -> None:
    workspace.point_at(address)  # answers Slack's challenge, too
    workspace.say("ana", "#deploys", "@quarterdeck status <x>")
    inbox.wait_finished(1)
    workspace.say("ana", "#deploys", "/deck history payment & more")
    inbox.wait_finished(2)
    assert [message.text for message in hear.heard] == ["status &lt;x&gt;", "history payment &amp; more"]
    assert all(delivery.acknowledged for delivery in workspace.deliveries)


def test_what_the_inbox_cannot_keep_is_503_and_comes_again(
    workspace: Workspace, address: str, hear: Listener, inbox: MemoryInbox
) -> None:
    inbox.broken = True
    assert http.post(address, content=mention(), headers=signed(workspace, mention())).status_code == 503
    inbox.broken = False
    assert http.post(address, content=mention(), headers=signed(workspace, mention())).status_code == 200
    assert http.post(address, content=mention(), headers=signed(workspace, mention())).status_code == 200
    inbox.wait_finished(1)
    assert len(hear.heard) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=\u00e9"},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": str(int(time.time()) + 1)},
    ],
)
def test_a_wrong_signature_is_401(
    workspace: Workspace, address: str, inbox: MemoryInbox, forged: dict[str, str]
) -> None:
    headers = {name: value.encode("latin-1") for name, value in (signed(workspace, mention()) | forged).items()}
    answer = http.post(address, content=mention(), headers=list(headers.items()))
    assert (answer.status_code, answer.text) == (401, "The request is not signed by Slack, or is too old.")
    assert inbox.kept == {}


@pytest.mark.parametrize("age", [301, -330, 10**9])
def test_a_signature_older_than_five_minutes_or_from_the_future_is_401(
    workspace: Workspace, address: str, inbox: MemoryInbox, age: int
) -> None:
    assert http.post(address, content=mention(), headers=signed(workspace, mention(), age=age)).status_code == 401
    assert inbox.kept == {}


def test_no_signature_at_all_is_401(address: str, inbox: MemoryInbox) -> None:
    assert http.post(address, content=mention()).status_code == 401
    assert http.post(address, data={"ssl_check": "1"}).status_code == 401
    assert inbox.kept == {}


@pytest.mark.parametrize("body", [b"{", urlencode({"payload": "{"}).encode()])
def test_a_signed_body_that_slack_does_not_send_is_400(workspace: Workspace, address: str, body: bytes) -> None:
    assert http.post(address, content=body, headers=signed(workspace, body)).status_code == 400


def test_a_body_that_is_no_text_is_401(workspace: Workspace, address: str) -> None:
    assert http.post(address, content=b"\xff\xfe", headers=signed(workspace, b"{}")).status_code == 401


def test_a_body_beyond_a_mebibyte_is_413(address: str) -> None:
    assert http.post(address, content=b"x" * (1024 * 1024 + 1)).status_code == 413


def test_an_empty_signing_secret_is_no_secret(connect: Connect) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        endpoint(connect(app_token=None).dispatch, Secret(""))


def test_a_bot_that_stops_acknowledges_nothing_more(workspace: Workspace, connect: Connect, inbox: MemoryInbox) -> None:
    slack = connect(app_token=None)
    deliveries = {PATH: endpoint(slack.dispatch, workspace.installation.signing_secret)}
    server = serve(site(deliveries, lambda: None), "127.0.0.1", 0)
    slack.stop()
    url = f"http://127.0.0.1:{server.port}{PATH}"
    assert http.post(url, content=mention(), headers=signed(workspace, mention())).status_code == 503
    assert inbox.kept == {}
    server.stop()
