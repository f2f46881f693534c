"""GitHub's webhooks: who may knock, and what a delivery is about. Nothing else of it is believed.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries and, for what events hold,
https://docs.github.com/en/webhooks/webhook-events-and-payloads. The signature is of the body alone, so headers prove
nothing; whoever repeats a delivery gets the answer of the first and makes nobody look.
"""

import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.forges.deployments import CONTEXT
from bot.model.pull import Nudge
from bot.model.secret import Secret

PATH: Final = "/github/events"
REMEMBERED: Final = 1000
"""Deliveries that a repetition of is known."""
COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
OF_COMMITS: Final = ("check_suite", "check_run", "workflow_run")
EVENTS: Final = ("pull_request", "pull_request_review", *OF_COMMITS, "status", "push", "merge_group")
"""What an App's or a repository's webhook should send; others are taken, and ignored."""
BRANCHES: Final = "refs/heads/"

Endpoint = Callable[[Request], Awaitable[Response]]
Ours = Mapping[str, Sequence[tuple[str, str]]]
"""The catalog's names and branches of each `owner/name`, which is folded: GitHub takes either case."""


def endpoint(secret: Secret, ours: Ours, nudged: Callable[[Nudge], None]) -> Endpoint:
    """The endpoint for deliveries. `nudged` is called once for each thing to look at, and must neither wait nor fail.

    401 unless GitHub signed it with this secret; 202 for what is taken, be it looked at or not. ValueError for an empty
    secret.
    """
    key = secret.reveal().encode()
    if not key:
        raise ValueError("an empty secret proves nothing")
    seen: OrderedDict[str, None] = OrderedDict()

    async def github(request: Request) -> Response:
        body = await request.body()
        signature = request.headers.get("X-Hub-Signature-256", "")
        if not hmac.compare_digest(
            f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}".encode(), signature.encode()
        ):
            return PlainTextResponse("The request is not signed by GitHub with the webhook's secret.", 401)
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            return PlainTextResponse("Set the webhook's content type to application/json.", 415)
        event = request.headers.get("X-GitHub-Event", "")
        if event == "ping":
            return PlainTextResponse("pong")
        if event not in EVENTS:
            return PlainTextResponse("Ignored: nothing follows such events.", 202)
        if signature in seen:
            return PlainTextResponse("Ignored: it came before.", 202)
        try:
            found = nudges(event, json.loads(body), ours)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return PlainTextResponse(f"The request is no {event} event as GitHub sends it.", 400)
        seen[signature] = None
        if len(seen) > REMEMBERED:
            seen.popitem(last=False)
        for nudge in found:
            nudged(nudge)
        return PlainTextResponse("Taken." if found else "Ignored: it is about nothing that is followed.", 202)

    return github


def nudges(event: str, payload: Mapping[str, Any], ours: Ours) -> tuple[Nudge, ...]:
    """What an event is about. KeyError, TypeError, AttributeError or ValueError for what is none."""
    if event == "merge_group" and "repository" not in payload:
        return ()
    named = ours.get(str(payload["repository"]["full_name"]).casefold(), ())
    pulls, commit, branch = _about(event, payload)
    if event == "status" and str(payload["context"]).startswith(CONTEXT):
        return ()  # our own
    return tuple(
        Nudge(name, pulls, commit) for name, followed in named if branch is None or branch == BRANCHES + followed
    )


def _about(event: str, payload: Mapping[str, Any]) -> tuple[tuple[int, ...], str, str | None]:
    """The pull requests, the commit, and the branch if it is about that alone."""
    match event:
        case "pull_request" | "pull_request_review":
            pull = payload["pull_request"]
            return (_number(pull),), _commit(pull["head"]["sha"]), None
        case "status":
            return (), _commit(payload["sha"]), None
        case "push":
            return (), _commit(payload["after"]), str(payload["ref"])
        case "merge_group":
            return (), "", None  # a commit of the queue's own, which is no pull request's
        case _:
            about = payload[event]
            return tuple(map(_number, about["pull_requests"])), _commit(about["head_sha"]), None


def _number(pull: Mapping[str, Any]) -> int:
    number = pull["number"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("no number of a pull request")
    return number


def _commit(text: object) -> str:
    if not isinstance(text, str) or not COMMIT.fullmatch(text):
        raise ValueError("no commit")
    return text
