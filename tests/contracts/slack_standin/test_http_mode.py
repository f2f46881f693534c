"""Bolt behind a plain HTTP endpoint: signatures, challenge, retries."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import pytest
from loopback import http
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.playground.server import serve
from bot.playground.slack import Workspace


@dataclass
class Endpoint:
    """An app that writes down what comes in, answers the challenge, and else as the test says."""

    answers: Queue[Response]
    requests: Queue[tuple[dict[str, str], bytes]] = field(default_factory=Queue)

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        if b"url_verification" in body:
            return PlainTextResponse(json.loads(body)["challenge"])
        answer = self.answers.get_nowait() if not self.answers.empty() else PlainTextResponse("")
        self.requests.put((dict(request.headers), body))
        return answer


@contextmanager
def endpoint(*answers: Response) -> Iterator[tuple[Endpoint, str]]:
    queue: Queue[Response] = Queue()
    for answer in answers:
        queue.put(answer)
    taking = Endpoint(queue)
    with serve(Starlette(routes=[Route("/slack/events", taking.__call__, methods=["POST"])])) as url:
        yield taking, f"{url}/slack/events"


@contextmanager
def bolt(workspace: Workspace, listen: Callable[[App], object], signing_secret: str = "") -> Iterator[str]:
    client = WebClient(workspace.installation.bot_token.reveal(), base_url=workspace.api_url)
    app = App(client=client, signing_secret=signing_secret or workspace.installation.signing_secret.reveal())
    listen(app)
    handler = SlackRequestHandler(app)
    with serve(Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])) as url:
        yield f"{url}/slack/events"


def test_bolt_takes_the_three_kinds_of_request(workspace: Workspace, client: WebClient) -> None:
    heard: Queue[tuple[str, str]] = Queue()

    def listen(app: App) -> None:
        @app.event("app_mention")
        def mentioned(event: dict[str, Any]) -> None:
            heard.put(("mention", event["channel"]))

        @app.command("/deck")
        def commanded(ack: Any, command: dict[str, Any]) -> None:
            ack(text="*noted*", response_type="in_channel")
            heard.put(("command", command["text"]))

        @app.action("confirm")
        def pressed(ack: Any, action: dict[str, Any]) -> None:
            ack()
            heard.put(("press", action["value"]))

    elements = [
        {"type": "button", "action_id": "confirm", "text": {"type": "plain_text", "text": "Do it"}, "value": "7"}
    ]
    posted = client.chat_postMessage(channel="#drift", text="?", blocks=[{"type": "actions", "elements": elements}])
    with bolt(workspace, listen) as url:
        workspace.point_at(url)
        workspace.say("ana", "#deploys", "@Quarterdeck status")
        workspace.say("ana", "#deploys", "/deck lock prod")
        workspace.press("ana", "#drift", posted["ts"], "confirm")
        received = {heard.get(timeout=5) for _ in range(3)}
        workspace.wait_for(lambda: len(workspace.messages("#deploys")) == 2)
    assert received == {("mention", "C0DEPLOYS1"), ("command", "lock prod"), ("press", "7")}
    assert workspace.messages("#deploys")[1].text == "*noted*"


def test_a_wrong_signing_secret_fails_at_the_challenge(workspace: Workspace) -> None:
    with (
        bolt(workspace, lambda _app: None, signing_secret="other") as url,
        pytest.raises(ValueError, match="challenge"),
    ):
        workspace.point_at(url)


def test_requests_go_to_this_machine_only(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="of this machine"):
        workspace.point_at("http://example.com/slack/events")


def test_the_signature_is_the_one_slacks_sdk_checks(workspace: Workspace) -> None:
    verifier = SignatureVerifier(workspace.installation.signing_secret.reveal())
    with endpoint() as (taking, url):
        workspace.point_at(url)
        workspace.say("ana", "#deploys", "/deck status")
        headers, body = taking.requests.get(timeout=5)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b"x", headers)


def test_events_are_retried_and_commands_are_not(workspace: Workspace) -> None:
    failed = [PlainTextResponse("", 500), PlainTextResponse("", 500)]
    with endpoint(*failed) as (taking, url):
        workspace.point_at(url)
        workspace.say("ana", "#deploys", "@Quarterdeck status")
        got = [taking.requests.get(timeout=5) for _ in range(3)]
        workspace.wait_for(lambda: len(workspace.deliveries) == 3)
        taking.answers.put(PlainTextResponse("", 500))
        workspace.say("ana", "#deploys", "/deck status")
        workspace.wait_for(lambda: workspace.ephemerals("ana"))
    assert len({body for _, body in got}) == 1
    assert [headers.get("x-slack-retry-num") for headers, _ in got] == [None, "1", "2"]
    assert [headers.get("x-slack-retry-reason") for headers, _ in got] == [None, "http_error", "http_error"]
    assert [(each.kind, each.attempt) for each in workspace.deliveries] == [
        ("events_api", 0),
        ("events_api", 1),
        ("events_api", 2),
        ("slash_commands", 0),
    ]


def test_an_app_can_decline_retries(workspace: Workspace) -> None:
    with endpoint(PlainTextResponse("", 500, {"X-Slack-No-Retry": "1"})) as (_, url):
        workspace.point_at(url)
        workspace.say("ana", "#deploys", "@Quarterdeck status")
        workspace.wait_for(lambda: workspace.deliveries)
        with pytest.raises(TimeoutError):
            workspace.wait_for(lambda: len(workspace.deliveries) > 1, 0.3)


def test_an_app_that_is_gone_is_a_failed_command(workspace: Workspace) -> None:
    with endpoint() as (_, url):
        workspace.point_at(url)
    workspace.say("ben", "#deploys", "/deck status")
    (message,) = workspace.wait_for(lambda: workspace.ephemerals("ben"))
    assert message.text == '/deck failed with the error "dispatch_failed"'


def test_a_forged_request_is_turned_away_by_bolt(workspace: Workspace) -> None:
    with bolt(workspace, lambda _app: None) as url:
        answer = http.post(url, json={"type": "event_callback"}, headers={"X-Slack-Signature": "v0=forged"})
    assert answer.status_code == 401
