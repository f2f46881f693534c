"""One HTTP server on 127.0.0.1 for whatever speaks ASGI; the playground and the tests start the same one.

Loopback is not a setting: what is served here trusts who reaches it. Knows nothing of what it serves.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
GRACE = 2
"""Seconds that requests still running get when the server stops; watches and WebSockets never end by themselves."""


class _Server(uvicorn.Server):
    """Tells by an event that it listens, or never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            with suppress(SystemExit):  # how uvicorn gives up on an application; `started` stays False
                super().run(sockets)
        finally:
            self.settled.set()


def bind(port: int = 0) -> socket.socket:
    """A listening socket on loopback, for who must know the port before the application exists.

    `port` 0 takes a free one. OSError if the port is taken.
    """
    listener = socket.create_server((HOST, port), backlog=128)
    # Accepted connections inherit it. Without it each answer waits 40 ms for the client's delayed acknowledgement of
    # its head, since asyncio sets it only on sockets whose protocol is given by number.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def base_url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, *, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve `app` in a thread for as long as the block runs; gives the base URL, without a slash at the end.

    The listener is closed at the end, and lasting connections after `GRACE` seconds.
    RuntimeError if the application's own start-up fails.
    """
    listener = listener or bind()
    url = base_url(listener)
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name=f"serve {url}", daemon=True)
    thread.start()
    try:
        server.settled.wait()
        if not server.started:
            raise RuntimeError(f"the application at {url} did not start")
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
