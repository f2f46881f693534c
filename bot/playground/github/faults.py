"""GitHub on a bad day: answers that a test plans ahead, in the words and headers of the real one.

Sources: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api for the two rate limits.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UNICORN = "<!DOCTYPE html><html><body><p>This page is taking too long to load.</p></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """`after`: the request was carried out, and only its answer is lost. A `body` that is text is HTML."""

    status: int
    body: Mapping[str, Any] | Sequence[Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False


def error(status: int, message: str = "Server Error", *, after: bool = False) -> Fault:
    said = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Fault(status, said, after=after)


def bad_gateway(*, after: bool = False) -> Fault:
    """502 from the proxy in front: a page, not JSON."""
    return Fault(502, UNICORN, after=after)


def rate_limit(reset: int) -> Fault:
    """The hourly limit; `reset` in epoch seconds."""
    said = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": "https://docs.github.com/rest"}
    limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    return Fault(403, said, limits)


def secondary_rate_limit(retry_after: int | None, status: int = 403) -> Fault:
    """Too many writes at once; `retry_after` in seconds, which GitHub sometimes leaves out."""
    said = {
        "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        "documentation_url": "https://docs.github.com/rest",
    }
    return Fault(status, said, {} if retry_after is None else {"Retry-After": str(retry_after)})


class Faults:
    """Planned answers, used up in the order they were planned by the requests they are meant for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[tuple[str, str, Fault]] = []

    def plan(self, fault: Fault, *, times: int = 1, method: str = "", path: str = "") -> None:
        """For the next requests of this method whose path ends so; "" is any."""
        with self._lock:
            self._planned += [(method, path, fault)] * times

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for index, (wanted, end, fault) in enumerate(self._planned):
                if wanted in ("", method) and path.endswith(end):
                    del self._planned[index]
                    return fault
        return None
