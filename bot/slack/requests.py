"""Slack's requests by HTTP: who may knock, before anything of them is read.

The alternative to Socket Mode. Must not know what a request asks.
"""

from collections.abc import Awaitable, Callable, Mapping

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.model.secret import Secret

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(dispatch: Callable[[BoltRequest], BoltResponse], signing_secret: Secret) -> Endpoint:
    """The endpoint for events, commands and buttons. Answers 401 unless Slack signed it within five minutes.

    docs.slack.dev/authentication/verifying-requests-from-slack. ValueError for an empty secret.
    """
    verifier = SignatureVerifier(signing_secret.reveal())

    async def slack(request: Request) -> Response:
        body = await request.body()
        if not _is_genuine(verifier, body, request.headers):
            return PlainTextResponse("The request is not signed by Slack, or is too old.", 401)
        try:
            asked = to_bolt_request(request, body)
        except ValueError:
            return PlainTextResponse("The request is not what Slack sends.", 400)
        return to_starlette_response(await run_in_threadpool(dispatch, asked))

    return slack


def _is_genuine(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        return verifier.is_valid_request(body, headers)
    except (ValueError, TypeError):  # a timestamp that is no number, a signature beyond ASCII, a body beyond UTF-8
        return False
