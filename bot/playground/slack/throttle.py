"""Slack's pace: about one message a second and channel, with a short burst allowed (docs.slack.dev, "Rate limits")."""

import math
import time
from collections import defaultdict
from threading import Lock


class Throttle:
    """A token bucket a key, by the machine's own clock: apps wait in real seconds."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._lock = Lock()
        self._tokens: defaultdict[str, float] = defaultdict(lambda: float(burst))
        self._at: dict[str, float] = {}

    def wait(self, key: str) -> int:
        """Take one message's worth: 0, or the whole seconds until there is one."""
        with self._lock:
            now = time.monotonic()
            gained = (now - self._at.get(key, now)) * self._per_second
            self._at[key] = now
            self._tokens[key] = min(self._tokens[key] + gained, self._burst)
            if self._tokens[key] < 1:
                return math.ceil((1 - self._tokens[key]) / self._per_second)
            self._tokens[key] -= 1
            return 0
