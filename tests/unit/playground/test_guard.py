"""Who gets into the playground: not another page in the same browser, nor another name for this machine."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from loopback import http
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bot.playground.guard import COOKIE, Guard
from bot.playground.server import base_url, bind, serve

TOKEN = "a-token-of-this-run"


def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello from {request.url.path}")


async def greet(opened: WebSocket) -> None:
    await opened.accept()
    await opened.send_text("hello")
    await opened.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    paths = ("/", "/page", "/slack/api/chat.postMessage", "/slack/apiary")
    routes = [Route(path, hello, methods=["GET", "POST"]) for path in paths]
    sockets = [WebSocketRoute(path, greet) for path in ("/slack/socket", "/page-socket")]
    listener = bind()
    host = base_url(listener).removeprefix("http://")
    programs = ("/slack/api/", "/slack/socket")
    with serve(
        Guard(Starlette(routes=[*routes, *sockets]), token=TOKEN, host=host, programs=programs), listener=listener
    ):
        yield base_url(listener)


def get(url: str, path: str, *, cookie: str | None = TOKEN, method: str = "GET", **headers: str) -> httpx.Response:
    sent: dict[str, str | bytes] = {**headers}
    if cookie is not None:
        sent["Cookie"] = f"{COOKIE}={cookie}".encode()
    return http.request(method, url + path, headers=sent, trust_env=False)


def test_the_address_with_the_token_opens_the_page(url: str) -> None:
    entered = get(url, f"/?token={TOKEN}", cookie=None)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in entered.headers["location"], "the token leaves the address bar and the history"
    assert get(url, "/").text == "hello from /"


@pytest.mark.parametrize("path", ["/", "/page", "/?token=", "/?token=x", f"/page?token={TOKEN}", f"/?Token={TOKEN}"])
@pytest.mark.parametrize("cookie", [None, "", "x", TOKEN[:-1], TOKEN + "x", "\u00e9"])
def test_without_cookie_or_token_nobody_gets_in(url: str, path: str, cookie: str | None) -> None:
    refused = get(url, path, cookie=cookie)
    assert refused.status_code == 401
    assert TOKEN not in refused.text + str(refused.headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", "http://127.0.0.1.evil.example", "", "file://"],
)
def test_another_page_is_refused_although_the_browser_sends_the_cookie(url: str, origin: str, method: str) -> None:
    assert get(url, "/page", method=method, Origin=origin).status_code == 403


def test_our_own_page_is_let_in(url: str) -> None:
    for own in (url, url.replace("127.0.0.1", "localhost")):
        assert get(url, "/page", method="POST", Origin=own).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1:1", "localhost", "[::1]", "127.0.0.1.evil"]
)
@pytest.mark.parametrize("path", ["/", f"/?token={TOKEN}", "/slack/api/chat.postMessage"])
def test_another_name_for_this_machine_is_refused_even_for_programs(url: str, host: str, path: str) -> None:
    refused = get(url, path, Host=host)
    assert refused.status_code == 421
    assert "set-cookie" not in refused.headers


def test_programs_need_no_cookie_since_they_bring_their_own_credentials(url: str) -> None:
    assert get(url, "/slack/api/chat.postMessage", cookie=None, method="POST").status_code == 200
    assert get(url, "/slack/apiary", cookie=None).status_code == 401


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/slack/socket", {}, None),
        ("/slack/socket", {"Host": "evil.example"}, 403),
        ("/page-socket", {"Cookie": f"{COOKIE}={TOKEN}"}, None),
        ("/page-socket", {"Cookie": f"{COOKIE}={TOKEN}", "Origin": "https://evil.example"}, 403),
        ("/page-socket", {}, 403),
        ("/page-socket", {"Cookie": f"{COOKIE}=x"}, 403),
    ],
)
def test_websockets_are_guarded_alike(url: str, path: str, headers: dict[str, str], status: int | None) -> None:
    host = headers.get("Host", url.removeprefix("http://"))
    sent = {name: value for name, value in headers.items() if name != "Host"}
    reached = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    try:
        with connect(f"ws://{host}{path}", additional_headers=sent, sock=reached, proxy=None) as opened:
            assert opened.recv() == "hello"
            assert status is None
    except InvalidStatus as refused:
        assert refused.response.status_code == status  # noqa: PT017 - both ends are cases of one table
