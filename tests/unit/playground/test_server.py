"""The server starts, answers, stops, and leaves nothing behind."""

import asyncio
import socket
import threading

import httpx
import pytest
from loopback import http
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from bot.playground.server import base_url, bind, serve


def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_it_answers_and_then_frees_the_port() -> None:
    before = threading.active_count()
    with serve(Starlette(routes=[Route("/", hello)])) as url:
        assert http.get(url).text == "hello"
        port = int(url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert threading.active_count() <= before + 1, "only an idle worker of the pool may still be ending"


def test_a_listener_can_be_bound_before_the_application_exists() -> None:
    listener = bind()
    with serve(Starlette(routes=[Route("/", hello)]), listener=listener) as url:
        assert url == base_url(listener)
        assert http.get(url).text == "hello"


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Head and body leave in two writes: ten answers would wait ten times 40 ms for the first to be acknowledged."""
    with bind() as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_that_never_ends_does_not_keep_it_from_stopping() -> None:
    async def endless(request: Request) -> StreamingResponse:
        async def watch():  # type: ignore[no-untyped-def]  # an endless generator for the test
            yield b"first"
            await asyncio.Event().wait()

        return StreamingResponse(watch())

    with serve(Starlette(routes=[Route("/", endless)])) as url:
        client = httpx.Client()
        stream = client.stream("GET", url, timeout=10)
        response = stream.__enter__()
        assert next(response.iter_raw()) == b"first"
    response.close()
    client.close()


def test_an_application_that_fails_to_start_is_an_error() -> None:
    async def broken(scope, receive, send):  # type: ignore[no-untyped-def]  # plain ASGI
        await receive()
        await send({"type": "lifespan.startup.failed", "message": ""})

    with pytest.raises(RuntimeError, match="did not start"), serve(broken):
        pass
