"""Socket Mode's server side: tickets, connections, envelopes and acknowledgements (docs.slack.dev, "Socket Mode").

Bridges the threads that deliver and the server's event loop; must not know what the envelopes carry.
"""

import asyncio
import json
import secrets
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.slack.conversations import Json
from bot.playground.slack.delivery import Answer

MOST_CONNECTIONS = 10


@dataclass(eq=False, slots=True)
class _Connection:
    """`None` in the outbox closes the connection."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    outbox: asyncio.Queue[Json | None] = field(default_factory=asyncio.Queue)

    def put(self, message: Json | None) -> None:
        with suppress(RuntimeError):  # its loop has ended, and the connection with it
            self.loop.call_soon_threadsafe(self.outbox.put_nowait, message)


class SocketMode:
    """Each envelope goes to one connection, in turn; an app that is away gets `ack_seconds` to come back."""

    def __init__(self, app_id: str, ack_seconds: float, noted: Callable[[], None]) -> None:
        self._app_id = app_id
        self._ack_seconds = ack_seconds
        self._noted = noted
        self._changed = threading.Condition()
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._waiting: dict[str, Future[Json]] = {}

    @property
    def connections(self) -> int:
        with self._changed:
            return len(self._connections)

    def ticket(self) -> str:
        """Good for one connection."""
        ticket = secrets.token_urlsafe(24)
        with self._changed:
            self._tickets.add(ticket)
        return ticket

    def send(self, kind: str, payload: Json, attempt: int, trouble: str) -> Answer:
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": trouble}
        acknowledged: Future[Json] = Future()
        with self._changed:
            if not self._changed.wait_for(lambda: self._connections, self._ack_seconds):
                return Answer(acknowledged=False, trouble="connection_failed")
            connection = self._connections.pop(0)
            self._connections.append(connection)
            self._waiting[envelope["envelope_id"]] = acknowledged
        connection.put(envelope)
        try:
            answer = acknowledged.result(self._ack_seconds)
        except TimeoutError:
            return Answer(acknowledged=False, trouble="timeout")
        finally:
            with self._changed:
                del self._waiting[envelope["envelope_id"]]
        return Answer(acknowledged=True, body=answer.get("payload") or None)

    def disconnect(self, reason: str | None) -> None:
        """Send every connection away, as Slack does every few hours; without a reason they just break."""
        with self._changed:
            connections, self._connections = self._connections, []
        for connection in connections:
            if reason:
                connection.put({"type": "disconnect", "reason": reason, "debug_info": {"host": "localhost"}})
            connection.put(None)
        self._noted()

    async def endpoint(self, websocket: WebSocket) -> None:
        """One connection's life. A ticket that isn't ours, or was used, is turned away with 403."""
        ticket = websocket.query_params.get("ticket", "")
        with self._changed:
            admitted = ticket in self._tickets and len(self._connections) < MOST_CONNECTIONS
            self._tickets.discard(ticket)
        if not admitted:
            await websocket.close()
            return
        await websocket.accept()
        connection = _Connection()
        with self._changed:
            count = len(self._connections) + 1
        connection.put(
            {
                "type": "hello",
                "num_connections": count,
                "debug_info": {"host": "localhost", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": self._app_id},
            }
        )
        with self._changed:
            self._connections.append(connection)
            self._changed.notify_all()
        self._noted()
        reader, writer = (
            asyncio.ensure_future(self._read(websocket)),
            asyncio.ensure_future(_write(websocket, connection)),
        )
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._changed, suppress(ValueError):
                self._connections.remove(connection)
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            self._noted()

    async def _read(self, websocket: WebSocket) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                message = json.loads(await websocket.receive_text())
                with self._changed:
                    waiting = self._waiting.get(message.get("envelope_id", ""))
                if waiting and not waiting.done():
                    waiting.set_result(message)


async def _write(websocket: WebSocket, connection: _Connection) -> None:
    while (message := await connection.outbox.get()) is not None:
        await websocket.send_text(json.dumps(message))
    await websocket.close()
