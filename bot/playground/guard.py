"""Who gets in: this machine's own browser, with the page's token, and programs with credentials of their own.

Other pages in the same browser can send requests to loopback too (and DNS rebinding lets them read the answers), so
the Host and the Origin must be ours, and pages need a cookie that only the address with the token sets.
"""

import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "playground"


class Guard:
    """ASGI middleware. `programs` are path prefixes whose requests carry credentials that are checked there."""

    def __init__(self, app: ASGIApp, *, token: str, host: str, programs: Sequence[str]) -> None:
        self._app = app
        self._token = token
        # Slack's own Socket Mode client leaves the port out of its Host header.
        self._hosts = {host, host.replace("127.0.0.1", "localhost"), "127.0.0.1"}
        self._origins = {f"http://{each}" for each in self._hosts}
        self._programs = tuple(programs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("This playground answers only to its own address.", 421)
        if scope["path"].startswith(self._programs):
            return None
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            return PlainTextResponse("Requests from other pages are refused.", 403)
        request = HTTPConnection(scope)
        if secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), self._token.encode()):
            return None
        given = request.query_params.get("token", "")
        if scope["path"] == "/" and secrets.compare_digest(given.encode(), self._token.encode()):
            entered = RedirectResponse("/", 303)
            entered.set_cookie(COOKIE, self._token, httponly=True, samesite="strict")
            return entered
        return PlainTextResponse("Open the address that the playground printed: it holds the key to this page.", 401)
