"""HTTP mode: Slack's signed requests to an app's request URLs (docs.slack.dev, "Verifying requests from Slack")."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from bot.model.secret import Secret
from bot.playground.slack.conversations import Json
from bot.playground.slack.delivery import Answer

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def sign(signing_secret: Secret, timestamp: str, body: bytes) -> str:
    """The value of `X-Slack-Signature`."""
    message = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(signing_secret.reveal().encode(), message, hashlib.sha256).hexdigest()


class HttpMode:
    """Posts to `urls` by kind: JSON for events, forms for commands and presses.

    Signs with the machine's own clock, not the workspace's: the app compares with its own.
    """

    def __init__(self, signing_secret: Secret, urls: Mapping[str, str], ack_seconds: float) -> None:
        for url in urls.values():
            if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in LOOPBACK:
                raise ValueError(f"{url} is not a plain http address of this machine, the only ones requests go to")
        self._signing_secret = signing_secret
        self._urls = urls
        self._ack_seconds = ack_seconds

    def verify(self, verification_token: str) -> None:
        """Slack's handshake when an events URL is entered. ValueError if it doesn't echo the challenge."""
        challenge = secrets.token_urlsafe(24)
        payload = {"token": verification_token, "challenge": challenge, "type": "url_verification"}
        answer = self.send("events_api", payload, 0, "")
        if not answer.acknowledged or not answer.body or challenge not in answer.body.values():
            raise ValueError(f"{self._urls['events_api']} didn't answer Slack's challenge")

    def send(self, kind: str, payload: Json, attempt: int, trouble: str) -> Answer:
        match kind:
            case "events_api":
                content_type, body = "application/json", json.dumps(payload).encode()
            case "slash_commands":
                content_type, body = "application/x-www-form-urlencoded", urlencode(payload).encode()
            case _:
                content_type = "application/x-www-form-urlencoded"
                body = urlencode({"payload": json.dumps(payload)}).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._signing_secret, timestamp, body),
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": trouble}
        return self._post(self._urls[kind], body, headers)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=self._ack_seconds)
        try:
            connection.request("POST", parts.path or "/", body, dict(headers))
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except TimeoutError:
            return Answer(acknowledged=False, trouble="http_timeout")
        except (OSError, HTTPException):
            return Answer(acknowledged=False, trouble="connection_failed")
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            final = response.getheader("X-Slack-No-Retry") == "1"
            return Answer(acknowledged=False, trouble="http_error", final=final)
        return Answer(acknowledged=True, body=_body(text))


def _body(text: str) -> Json | None:
    """An app may answer with a message: an object of JSON, or plain text."""
    try:
        value = json.loads(text)
    except ValueError:
        return {"text": text} if text else None
    return value if isinstance(value, dict) and value else None
