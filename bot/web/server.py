"""An ASGI application on a port, in a thread of its own."""

import socket
from threading import Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from bot.errors import Unavailable

PATIENCE: Final = 10
"""Seconds that requests under way are given to end at `stop`."""


class Server:
    """A running server; `port` is the one it got where 0 was asked for."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=PATIENCE)
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, and return when those under way are answered."""
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()


def serve(app: ASGIApp, host: str, port: int) -> Server:
    """Answer at host and port from now on. Unavailable if the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # It listens before the thread runs, so no caller ever finds the port closed.
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        why = str(error.strerror).partition(" (while")[0]
        raise Unavailable(f"Can't listen on {host}:{port} ({why}): set another address or port.") from error
    # Accepted connections inherit it. Without it every answer but the first on a connection waits 40 ms for the
    # client's delayed acknowledgement: asyncio sets it only on sockets whose protocol is given by number.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Server(app, listening)
