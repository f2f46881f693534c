"""The bot's site over real HTTP."""

import socket

import httpx
import pytest
from loopback import http
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.errors import Unavailable
from bot.web.server import serve
from bot.web.site import MOST, site


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def test_it_tells_how_it_is_and_takes_deliveries_of_a_bounded_size() -> None:
    waiting: list[str] = ["Slack is not connected."]
    server = serve(site({"/hook": length}, lambda: waiting[0] if waiting else None), "127.0.0.1", 0)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", verify=False) as client:  # noqa: S501 - it is plain HTTP
        assert client.get("/healthz").text == "ok"
        assert (client.get("/readyz").status_code, client.get("/readyz").text) == (503, "Slack is not connected.")
        waiting.clear()
        assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ok")
        assert client.post("/hook", content=b"x" * MOST).text == str(MOST)
        assert client.post("/hook", content=b"x" * (MOST + 1)).status_code == 413
        assert client.post("/hook", content=iter([b"x" * MOST, b"x"])).status_code == 413
        assert client.get("/hook").status_code == 405
        assert client.get("/").status_code == 404
    server.stop()
    with pytest.raises(httpx.ConnectError):
        http.get(f"http://127.0.0.1:{server.port}/healthz")


def test_answers_are_sent_at_once_on_a_connection_that_is_kept() -> None:
    server = serve(site({}, lambda: None), "127.0.0.1", 0)
    assert server._listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    server.stop()


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            serve(site({}, lambda: None), "127.0.0.1", port)
    assert (
        str(caught.value) == f"Can't listen on 127.0.0.1:{port} (Address already in use): set another address or port."
    )
