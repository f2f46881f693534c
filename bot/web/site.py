"""What the bot answers by HTTP: deliveries from outside, and how it is.

Must not know who delivers: each path's endpoint verifies its own sender.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

MOST: Final = 1024 * 1024
"""Bytes of a request's body; Slack's largest payloads are a quarter of that."""

Endpoint = Callable[[Request], Awaitable[Response]]


def site(deliveries: Mapping[str, Endpoint], waiting_for: Callable[[], str | None]) -> Starlette:
    """The bot's site: an endpoint for POST at each path of `deliveries`, and two questions for a supervisor.

    `/healthz` is 200 while the process answers at all; `/readyz` is 503 with a sentence while `waiting_for` gives one.
    """

    def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    def readyz(_request: Request) -> Response:
        why = waiting_for()
        return PlainTextResponse(why or "ok", 503 if why else 200)

    return Starlette(
        routes=[
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in deliveries.items()),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=MOST)],
    )
