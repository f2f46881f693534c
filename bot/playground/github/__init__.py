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
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, Mount

from bot.model.secret import Secret
from bot.playground.github import endpoints, graphql, pages, protection, smart_http
from bot.playground.github.apps import GRANTED, Access, App, Installation, Issued, key_pair
from bot.playground.github.bare import Bare, Signature
from bot.playground.github.denied import Denied
from bot.playground.github.faults import Faults
from bot.playground.github.pulls import Person
from bot.playground.github.repository import Repository
from bot.playground.github.requests import Requests
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
        self.apps: dict[str, App] = {}
        """By their number, as text: it is what their JWTs name as issuer."""
        self.tokens: list[Issued] = []
        self.faults = Faults()
        self.requests = Requests()
        self.lock = threading.RLock()
        """Held by whoever looks at or changes pull requests."""
        self.shapes = Shapes(public_url)
        self.hooks = protection.install(folder / "hooks")
        self._folder = folder
        self._host = urlsplit(public_url).hostname or "localhost"
        self._teams = teams

    def routes(self) -> list[BaseRoute]:
        """To be mounted at the path of `public_url`."""
        return [
            Mount("/api/v3", routes=endpoints.routes(self)),
            graphql.route(self),
            smart_http.route(self),
            *pages.routes(self),
        ]

    @property
    def api_url(self) -> str:
        return self.shapes.api

    def add_person(self, login: str, name: str, *, bot: bool = False) -> Person:
        """A new account with a random token."""
        token = Secret(f"ghp_{secrets.token_hex(18)}")
        with self.lock:
            self.people[login] = Person(len(self.people) + 1, login, name, token, bot, self._host)
            return self.people[login]

    def add_app(self, slug: str, name: str, pair: tuple[Secret, str] | None = None) -> App:
        """A GitHub App of that name, nowhere installed yet; `pair` are its keys, new ones if it is not given."""
        key, public = pair or key_pair()
        with self.lock:
            person = self.add_person(f"{slug}[bot]", f"{slug}[bot]", bot=True)
            app = App(1000 + person.id, slug, name, key, person, public, self.now())
            self.apps[str(app.id)] = app
            return app

    def install(
        self, app: App, account: str, repositories: Collection[str], permissions: Mapping[str, str] = GRANTED
    ) -> Installation:
        """Give an App some repositories of an account, named without it."""
        with self.lock:
            names = frozenset(f"{account}/{name}" for name in repositories)
            number = 5000 + sum(len(each.installations) for each in self.apps.values())
            made = Installation(number, account, names, permissions, self.now())
            app.installations.append(made)
            return made

    def who(self, token: str) -> Access | None:
        """Whose token it is, and what it opens; None if it is nobody's, or not any more."""
        said = token.encode()
        for person in self.people.values():
            if hmac.compare_digest(person.token.reveal().encode(), said):
                return Access(person)
        for issued in self.tokens:
            if hmac.compare_digest(issued.token.reveal().encode(), said):
                return issued.access if self.now() < issued.expires else None
        return None

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
