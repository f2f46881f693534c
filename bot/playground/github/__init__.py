"""A GitHub for one machine: the REST API, Git over smart HTTP, and pages to review and merge on.

It speaks the real protocols, so that the bot and git need no special case for it. Git's data is on disk in bare
repositories; people and pull requests live as long as the process. It trusts who holds a token and, on its pages,
who can reach them: the playground's guard stands before those.
"""

import hmac
import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path

from starlette.routing import BaseRoute, Mount

from bot.model.secret import Secret
from bot.playground.github import pages, rest, smart_http
from bot.playground.github.bare import Bare, Signature
from bot.playground.github.denied import Denied
from bot.playground.github.faults import Faults
from bot.playground.github.pulls import Person
from bot.playground.github.repository import Repository
from bot.playground.github.shapes import Shapes

__all__ = ["GitHub", "Person", "Repository"]


class GitHub:
    """`public_url` is where `routes()` are mounted, such as `http://127.0.0.1:8700/github`."""

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime], public_url: str, teams: Collection[str] = ()
    ) -> None:
        self.now = now
        self.started = now()
        self.people: dict[str, Person] = {}
        self.repositories: dict[str, Repository] = {}
        self.faults = Faults()
        self.lock = threading.RLock()
        """Held by whoever looks at or changes pull requests."""
        self.shapes = Shapes(public_url)
        self._folder = folder
        self._teams = teams

    def routes(self) -> list[BaseRoute]:
        """To be mounted at the path of `public_url`."""
        return [Mount("/api/v3", routes=rest.routes(self)), smart_http.route(self), *pages.routes(self)]

    @property
    def api_url(self) -> str:
        return self.shapes.api

    def add_person(self, login: str, name: str, *, bot: bool = False) -> Person:
        """A new account with a random token."""
        token = Secret(f"ghp_{secrets.token_hex(18)}")
        with self.lock:
            self.people[login] = Person(len(self.people) + 1, login, name, token, bot)
            return self.people[login]

    def who(self, token: str) -> Person | None:
        """Whose token it is."""
        said = token.encode()
        known = (person for person in self.people.values() if hmac.compare_digest(person.token.reveal().encode(), said))
        return next(known, None)

    def create_repository(
        self, name: str, files: Mapping[str, bytes], *, message: str = "Initial commit", at: datetime | None = None
    ) -> Repository:
        """A repository `owner/name` whose branch `main` has one commit with these files; its URL is `clone_url`.

        `at` is the commit's date, now if it is not given.
        """
        bare = Bare.create(self._folder / f"{name}.git")
        bare.commit("main", files, message, Signature("GitHub", "noreply@github.com", at or self.now()), None)
        with self.lock:
            self.repositories[name] = Repository(name, bare, self.people, self._teams, self.now)
            return self.repositories[name]

    def clone_url(self, name: str) -> str:
        return f"{self.shapes.site}/{name}.git"

    def find(self, name: str) -> Repository | None:
        return self.repositories.get(name)

    def repository(self, name: str) -> Repository:
        """Denied (404) where there is none."""
        found = self.find(name)
        if found is None:
            raise Denied(404, "Not Found")
        return found
