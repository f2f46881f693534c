"""How many requests were answered, for whoever watches what following costs."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Requests:
    """`unchanged` are the 304s among them, which count against no hourly limit."""

    answered: int = 0
    unchanged: int = 0
    last: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=1000))
    """Method, path below the API and status of the newest."""

    def note(self, method: str, path: str, status: int) -> None:
        self.answered += 1
        self.unchanged += status == 304
        self.last.append((method, path, status))

    def clear(self) -> None:
        self.answered = self.unchanged = 0
        self.last.clear()
