"""Faults on order: the next calls of a method fail, as Slack's do on a bad day."""

from collections import defaultdict, deque
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Fault:
    """`status` other than 200 answers with a body that isn't JSON, as a proxy in the way does.

    `done` makes the call happen first and fail then: an answer lost, which an app can't tell from a refusal.
    """

    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    done: bool = False


class Faults:
    def __init__(self) -> None:
        self._lock = Lock()
        self._next: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._next[method].extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        with self._lock:
            return self._next[method].popleft() if self._next[method] else None
