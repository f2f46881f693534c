"""Calls to Slack's Web API: what is repeated, what never is, and what an error means to a person.

The other modules of this room speak to Slack through what is here, so no error of slack_sdk leaves the room.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Final
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler
from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from bot.errors import Gone, Unavailable
from bot.model.secret import Secret

TIMEOUT: Final = 10
PATIENCE: Final = 60
"""Seconds that a call waits at most when Slack names a time to come back."""
SLACK: Final = "https://slack.com/api/"

_REFUSED: Final = "Slack refuses {token}: copy it anew from the app's pages, once the app is installed there."
_MEANINGS: Final = {
    "not_in_channel": "The bot is not in {channel}: invite it there with /invite, then ask again.",
    "channel_not_found": "Slack knows no channel {channel} that the bot may see: check the name, and invite the bot.",
    "user_not_in_channel": "Slack can't show that person a message in {channel}: they are not in it.",
    "is_archived": "The channel {channel} is archived: name another one.",
    "invalid_auth": _REFUSED,
    "not_authed": _REFUSED,
    "account_inactive": _REFUSED,
    "token_revoked": _REFUSED,
    "not_allowed_token_type": _REFUSED,
    "missing_scope": "The Slack app lacks a permission for {method}: install it again with deploy/slack-app.yaml.",
    "message_not_found": "That message is no longer in {channel}.",
    "thread_not_found": "That message is no longer in {channel}.",
}


_ONCE: Final = ("/chat.postMessage", "/chat.postEphemeral", "/files.completeUploadExternal")
"""What everybody sees at once."""
_OUTSIDE: Final = {"not_in_channel", "channel_not_found", "user_not_in_channel"}


_GONE: Final = {"message_not_found", "thread_not_found", "is_archived"}


class Outside(Gone):
    """The bot is no member where it should speak, or no longer; nothing was said."""


class Rejected(Unavailable):
    """Slack does not take the message's blocks; nothing was said."""


class _Asked(RateLimitErrorRetryHandler):
    """Comes back when Slack said to (Retry-After), unless that is too far away."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        limited = super()._can_retry(state=state, request=request, response=response, error=error)
        return limited and _retry_after(response) <= PATIENCE


class _Unanswered(RetryHandler):
    """Repeats a call whose answer was lost, but never a post: it may have landed, and would be said twice."""

    def _can_retry(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the interface of slack_sdk
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        lost = isinstance(error, ConnectionError | TimeoutError) or (
            response is not None and response.status_code >= 500
        )
        return lost and not request.url.partition("?")[0].endswith(_ONCE)


def web_client(token: Secret, api_url: str | None = None) -> WebClient:
    """A client that repeats what may be repeated. `api_url` is another Web API than Slack's own."""
    handlers = [
        _Asked(max_retry_count=5),
        # urllib raises URLError only while connecting and sending, so the request never arrived whole.
        ConnectionErrorRetryHandler(max_retry_count=2),
        _Unanswered(max_retry_count=2),
    ]
    # slack_sdk logs bodies of failed calls; each failure is told by `calling` instead, without them.
    silent = logging.getLogger(f"{__name__}.sdk")
    silent.setLevel(logging.CRITICAL)
    return WebClient(
        token.reveal(), f"{(api_url or SLACK).rstrip('/')}/", timeout=TIMEOUT, retry_handlers=handlers, logger=silent
    )


@contextmanager
def calling(method: str, channel: str = "that channel") -> Iterator[None]:
    """Turns every failure of the call inside into Unavailable, with a sentence on what to do about it."""
    try:
        yield
    except SlackApiError as error:
        raise _unavailable(error, method, channel) from error
    except (SlackClientError, HTTPException, OSError) as error:
        # As above: what urllib raised while it was sending never arrived.
        unsure = not isinstance(error, URLError)
        why = f"Slack can't be reached for {method}: try again in a minute."
        raise Unavailable(why, retry_after=60, unsure=unsure) from error


def _unavailable(error: SlackApiError, method: str, channel: str) -> Unavailable:
    code = str(error.response.get("error", "")) if error.response is not None else ""
    if getattr(error.response, "status_code", None) == 429 or code in {"ratelimited", "rate_limited"}:
        seconds = _retry_after(error.response)
        return Unavailable(f"Slack takes no more calls of {method} for {seconds:.0f} seconds.", retry_after=seconds)
    known = _MEANINGS.get(code)
    if known:
        token = "SLACK_APP_TOKEN" if method.startswith("apps.") else "SLACK_BOT_TOKEN"
        kind = Outside if code in _OUTSIDE else Gone if code in _GONE else Unavailable
        return kind(known.format(channel=channel, method=method, token=token))
    if code == "invalid_blocks":
        return Rejected(f"Slack answered {code!r} to {method}.")
    # Anything but a code of Slack's may be a whole foreign page.
    said = f"{code!r}" if re.fullmatch(r"[a-z_]{1,40}", code) else "something that is no answer of its API"
    # Slack's pages of each method: "It's possible some aspect of the operation succeeded before the error was raised."
    unsure = code in {"internal_error", "fatal_error"} or getattr(error.response, "status_code", 0) >= 500
    return Unavailable(f"Slack answered {said} to {method}.", unsure=unsure)


def _retry_after(response: object) -> float:
    """Seconds of a Retry-After header, whose name and value differ in shape between slack_sdk's responses."""
    headers = {name.lower(): value for name, value in getattr(response, "headers", {}).items()}
    value = headers.get("retry-after", "1")
    try:
        return float(value if isinstance(value, str) else value[0])
    except ValueError:
        return 1.0
