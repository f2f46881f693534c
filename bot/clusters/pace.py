"""How many requests a second one cluster is asked, since nothing in the client limits them."""

import threading
import time

RATE = 50.0
BURST = 100
"""What Argo CD allows itself of a cluster; kubectl has a burst of 300. A page of 500 objects counts as one."""


class Pace:
    """A token bucket that all looks at a cluster share: `burst` requests at once, then `rate` a second."""

    def __init__(self, rate: float = RATE, burst: int = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._lock = threading.Lock()
        self._tokens, self._at = float(burst), time.monotonic()
        self._resumes = self._at

    def turn(self, limit: float) -> bool:
        """Wait for one's turn; False, at once, if it comes later than in `limit` seconds."""
        with self._lock:
            now = time.monotonic()
            tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            wait = max((1 - tokens) / self._rate, self._resumes - now, 0.0)
            if wait > limit:
                return False
            self._tokens, self._at = tokens - 1, now
        if wait:
            time.sleep(wait)
        return True

    def pause(self, seconds: float) -> None:
        """Let nobody ask for so long: the server said that it is busy."""
        with self._lock:
            self._resumes = max(self._resumes, time.monotonic() + seconds)
