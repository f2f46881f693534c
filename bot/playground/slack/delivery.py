"""Getting what happened to the app, and again if it doesn't acknowledge: Slack's promise, whatever the way there.

Must not know what it carries. Events are retried with the same `event_id`; commands and presses never are.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.playground.slack.conversations import Json

ACK_SECONDS = 3.0
RETRY_PAUSES = (0.0, 60.0, 300.0)
"""Seconds before each retry (docs.slack.dev, "Events API", retries)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of one attempt. `body` is what the app answered with its acknowledgement, if anything."""

    acknowledged: bool
    trouble: str = ""
    body: Json | None = None
    final: bool = False
    """The app asked for no retries."""


class Transport(Protocol):
    """`kind` is Socket Mode's word: `events_api`, `slash_commands` or `interactive`."""

    def send(self, kind: str, payload: Json, attempt: int, trouble: str) -> Answer:
        """One attempt, waiting for its end. `attempt` is 0 at first; `trouble` is why the former one failed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, for the record. `id` is an event's `event_id`, or the `trigger_id`."""

    id: str
    kind: str
    attempt: int
    acknowledged: bool
    payload: Json


class Courier:
    """Carries each thing in a thread of its own, so a silent app holds up nobody who speaks."""

    def __init__(self, transport: Callable[[], Transport], pauses: Sequence[float], noted: Callable[[], None]) -> None:
        self._transport = transport
        self._pauses = pauses
        self._noted = noted
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._record: deque[Delivery] = deque(maxlen=1000)

    @property
    def record(self) -> tuple[Delivery, ...]:
        with self._lock:
            return tuple(self._record)

    def event(self, payload: Json, *, attempt: int = 0, trouble: str = "") -> None:
        """Deliver an event, with retries until it is acknowledged."""
        self._start(self._insist, payload, attempt, trouble)

    def once(self, kind: str, payload: Json, then: Callable[[Answer], None]) -> None:
        """Deliver a command or a press, and tell `then` what came of it."""
        self._start(lambda: then(self._try(kind, payload["trigger_id"], payload, 0, "")))

    def close(self) -> None:
        """No retries from now on."""
        self._closed.set()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, name="slack delivery", daemon=True).start()

    def _insist(self, payload: Json, attempt: int, trouble: str) -> None:
        for pause in (0.0, *self._pauses):
            if self._closed.wait(pause):
                return
            answer = self._try("events_api", payload["event_id"], payload, attempt, trouble)
            if answer.acknowledged or answer.final:
                return
            attempt, trouble = attempt + 1, answer.trouble

    def _try(self, kind: str, name: str, payload: Json, attempt: int, trouble: str) -> Answer:
        answer = self._transport().send(kind, payload, attempt, trouble)
        with self._lock:
            self._record.append(Delivery(name, kind, attempt, answer.acknowledged, payload))
        self._noted()
        return answer
