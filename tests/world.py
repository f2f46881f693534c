"""The whole of it for a test: the playground's servers, the bot in this process connected to them, and one clock.

Everything goes over real HTTP, WebSockets and git. Nothing of the bot is replaced but the time it reads.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import App
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.model.pull import Nudge
from bot.playground.github.bare import Signature
from bot.playground.github.pulls import Person
from bot.playground.playground import REPOSITORY, Playground
from bot.slack.listeners import Slack


class Clock:
    """Time that passes a millisecond at every look, so that things have an order, and otherwise when told to."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def passes(self, period: timedelta) -> None:
        with self._lock:
            self._now += period


class World:
    """A playground with a bot in it."""

    def __init__(self, playground: Playground, app: App, slack: Slack, clock: Clock) -> None:
        self.playground = playground
        self.app = app
        self.slack = slack
        self.clock = clock
        self.follower = app.duties(slack.chat).follower()

    def git(self, *arguments: str) -> str:
        """Ask the config repository."""
        command = ["git", "-C", str(self.playground.repository.bare.path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, person: Person, files: dict[str, bytes | None], message: str) -> str:
        """A commit of a person's own on main; its id."""
        bare = self.playground.repository.bare
        author = Signature(person.name, f"{person.login}@example.com", self.clock.now())
        return bare.commit("main", files, message, author, bare.branches()["main"])

    def nudge(self) -> None:
        """Something happened, as a webhook of GitHub's says: what is known of pull requests is asked anew."""
        forge = self.app.adapters.forge
        assert forge
        forge.forget(Nudge("config", tuple(each.number for each in self.playground.repository.pulls())))
        self.follower.nudge()

    def follow(self) -> None:
        """The clusters' agents apply what is merged, and every rollout ends."""
        for name, agent in self.playground.agents.items():
            agent.sync()
            self.playground.clusters[name].settle()


@contextmanager
def world(folder: Path, *, replace: tuple[tuple[str, str], ...] = ()) -> Iterator[World]:
    """A world in a folder, its clusters in sync; `replace` changes words of the sample config."""
    clock = Clock()
    playground = Playground(folder, now=clock.now)
    text = playground.config.read_text()
    for old, new in replace:
        assert old in text, f"the sample config has no {old!r}"
        text = text.replace(old, new)
    playground.config.write_text(text)
    surroundings = Surroundings.read(playground.environment)
    with playground.running(), App(load(playground.config), surroundings, clock.now) as app:
        slack = app.connect()
        slack.start()
        try:
            made = World(playground, app, slack, clock)
            made.follow()
            yield made
        finally:
            slack.stop()


__all__ = ["REPOSITORY", "Clock", "World", "world"]
