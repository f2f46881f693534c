"""Everything outside that the bot speaks to: each made when it is first needed, and closed at the end.

Knows the config and no command. Rooms are imported where they are made, so that a call pays only for those it uses.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot import wording
from bot.config.environment import Surroundings
from bot.config.settings import Settings
from bot.errors import Refusal, Unavailable
from bot.model.address import owner_and_name, same_forge
from bot.model.secret import Renewed, Secret

if TYPE_CHECKING:
    from bot.clusters.engines.engines import Engines
    from bot.clusters.live import Clusters
    from bot.forges.credential import App as GitHubApp
    from bot.forges.github import GitHub
    from bot.mirrors.folder import Mirrors
    from bot.rendering.renderer import Renderer
    from bot.store.store import Store


class Adapters:
    """Of one config. `now` is the clock of everything that must tell the time."""

    def __init__(self, settings: Settings, surroundings: Surroundings, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.surroundings = surroundings
        self.now = now
        self._closing = ExitStack()

    def close(self) -> None:
        """Close what was made."""
        self._closing.close()

    @cached_property
    def mirrors(self) -> "Mirrors":
        try:
            from bot.mirrors.folder import Mirrors
        except ImportError:  # GitPython looks for git when it is imported
            raise Unavailable("git is not installed here, or not on PATH; Quarterdeck needs 2.38 or newer.") from None
        return self._closing.enter_context(
            Mirrors(
                self.surroundings.data,
                self.settings.catalog.repositories,
                tokens=self._tokens(),
                author=replace(self.settings.author, key=self.surroundings.signing_key),
                now=self.now,
                committer=self._committer(),
            )
        )

    def _committer(self) -> "GitHub | None":
        """Who makes the commits, if not the bot. Refusal where GitHub should, and the bot can't ask it."""
        if self.settings.author.sign != "github":
            return None
        if self.forge is None:
            raise Refusal(f"author.sign is github, and the bot is not signed in there: {wording.SIGN_IN}.")
        return self.forge

    def _tokens(self) -> dict[str, Secret]:
        """What opens each repository of the forge for Git. Other hosts are not told."""
        app, token = self._github_app, self.surroundings.github_token
        urls = {name: each.url for name, each in self.settings.catalog.repositories.items()}
        there = {name: url for name, url in urls.items() if same_forge(url, self.surroundings.github_api_url)}
        if app is not None:
            names = {name: owner_and_name(url) for name, url in there.items()}
            return {name: Renewed(ask=partial(app.token, full)) for name, full in names.items() if full}
        return dict.fromkeys(there, token) if token else {}

    @cached_property
    def _github_app(self) -> "GitHubApp | None":
        key = self.surroundings.github_app
        if key is None:
            return None
        from bot.forges.credential import App as GitHubApp

        urls = (each.url for each in self.settings.catalog.repositories.values())
        written = {name for url in urls if (name := owner_and_name(url))}
        made = GitHubApp(self.surroundings.github_api_url, key, written)
        self._closing.callback(made.close)
        return made

    @cached_property
    def forge(self) -> "GitHub | None":
        credential = self._github_app or self.surroundings.github_token
        if credential is None:
            return None
        from bot.forges.github import GitHub

        repositories = self.settings.catalog.repositories
        url, clock = self.surroundings.github_api_url, lambda: self.now().timestamp()
        return self._closing.enter_context(GitHub(url, credential, repositories, clock=clock))

    @cached_property
    def store(self) -> "Store":
        from bot.store.store import Store

        store = Store.open(self.surroundings.database_url, self.now)
        self._closing.callback(store.close)
        return store

    @cached_property
    def renderer(self) -> "Renderer":
        from bot.rendering.renderer import Renderer

        return Renderer(self.surroundings.data / "renders")

    @cached_property
    def engines(self) -> "Engines":
        from bot.clusters.engines.engines import Engines

        catalog = self.settings.catalog
        hubs = {each.cluster for each in catalog.environments.values() if each.cluster}
        said = {each.name: each.engine for each in catalog.environments.values() if each.engine}
        return Engines(self.clusters.reach, catalog.repositories, hubs=hubs, said=said)

    @cached_property
    def clusters(self) -> "Clusters":
        from bot.clusters.live import Clusters

        kubeconfig = self.surroundings.kubeconfig
        clusters = Clusters(Path(kubeconfig) if kubeconfig else None, secrets=self.surroundings.secrets)
        self._closing.callback(clusters.close)
        return clusters
