"""The composition root: the config becomes adapters, adapters become the bot. The only importer of `commands`.

Decides nothing. Adapters are imported where they are made, so that a call pays only for the rooms it uses.
"""

import gc
import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import commands
from bot import access, redaction, targets
from bot.adapters import Adapters
from bot.checkout import Checkout
from bot.command import Registry, discover
from bot.config.environment import Surroundings
from bot.config.settings import Settings, load
from bot.conversation import Conversation
from bot.duties import Duties
from bot.errors import Refusal
from bot.looks import Looks
from bot.model.address import owner_and_name, same_forge
from bot.model.pull import Nudge
from bot.model.request import Actor
from bot.model.schedule import Every
from bot.perform import Performer
from bot.ports import Chat
from bot.promotions.beginning import Beginning

if TYPE_CHECKING:
    from bot.slack.listeners import Slack
    from bot.web.site import Endpoint

log = logging.getLogger(__name__)

FOLLOWING = "following of promotions"
_COLLECTIONS = (50_000, 20, 50)
"""How seldom cycles are searched for. Objects of clusters and renders have none but very many nodes: with Python's own
thresholds, half the processor time of reading 10,000 of them goes into the search."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class App:
    """The bot of one config, to be closed after use. `now` is the clock of everything that must tell the time."""

    def __init__(self, settings: Settings, surroundings: Surroundings, now: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.surroundings = surroundings
        self.now = now
        self.adapters = Adapters(settings, surroundings, now)

    @classmethod
    def load(cls, config: Path, log_from: int = logging.ERROR) -> Self:
        """The bot as a config file and this process's environment describe it. Refusal with every problem.

        `log_from` is the level from which the log is shown: whoever gets answers needs none of what led to them.
        """
        surroundings = Surroundings.read(os.environ)
        redaction.log_to_stderr(surroundings.secrets, log_from)
        gc.set_threshold(*_COLLECTIONS)
        return cls(load(config, discover(commands).commands), surroundings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.adapters.close()

    @cached_property
    def registry(self) -> Registry:
        return discover(commands)

    @cached_property
    def looks(self) -> Looks:
        return Looks(self.adapters, self.registry, self.now)

    def duties(self, chat: Chat) -> Duties:
        """What the bot does by itself, told there."""
        return Duties(self.adapters, self.looks, self.conversation, lambda: self._performer, chat, self.now)

    @cached_property
    def conversation(self) -> Conversation:
        return Conversation(
            registry=self.registry,
            rules=self.settings.rules,
            look=self.looks.context,
            performer=self._about_to_change,
            confirmations=self.adapters.store,
            audit=self.adapters.store,
            beginning=Beginning(self.adapters.store.promotions, self.settings.catalog.environments),
            now=self.now,
        )

    @cached_property
    def _performer(self) -> Performer:
        return Performer(
            self.adapters.mirrors.writer(),
            self.adapters.forge,
            self.adapters.mirrors.reader,
            mutes=self.adapters.store,
            engines=self.adapters.engines,
            queue=self.adapters.store.queue,
        )

    def _about_to_change(self) -> Performer:
        self.looks.recent.forget()
        return self._performer

    def terminal_actor(self, person: str | None, user: str) -> Actor:
        """Who speaks at a terminal: the person of that GitHub name, or the holder of the Git token."""
        if person is None:
            return Actor(access.TERMINAL, user)
        for each in self.settings.rules.people.values():
            if each.github == person:
                return Actor(each.id, person, each.github)
        known = ", ".join(sorted(each.github for each in self.settings.rules.people.values() if each.github))
        raise Refusal(f"--as {person}: no people.*.github of the config is {person}; known are {known or 'none'}.")

    def check(self, checkout: Path) -> list[str]:
        """What is wrong with a checked-out config repository: a sentence for each target that can't be worked with."""
        tree = Checkout(checkout)
        found = targets.find(self.settings.catalog, lambda _: tree)
        if not found:
            return [f"{checkout} holds no service; environments.*.path says where they are looked for."]
        survey, policy = self.looks.survey(self.adapters.mirrors.reader()), self.settings.catalog.images
        return [problem for target in found for problem in survey.problems(tree, target, policy)]

    def serve(self, stop: threading.Event) -> None:
        """The bot until `stop` is set; then it finishes what it began. Refusal if a setting it needs is missing."""
        from bot.jobs import queue, watch
        from bot.jobs.scheduler import Scheduler
        from bot.web.server import serve
        from bot.web.site import site

        slack = self.connect()
        duties = self.duties(slack.chat)
        scheduler = Scheduler(self.now)
        drift = self.settings.drift
        for environment in self.settings.catalog.environments:
            if (check := duties.drift_check(environment)) is not None:
                scheduler.add(f"drift check of {environment}", drift.schedule, check.run, drift.jitter)
        following = duties.follower()
        # People wait for these, and checks of clusters that are down take long.
        scheduler.add(FOLLOWING, Every(timedelta(seconds=5)), following.run, apart=True)

        def nudged(nudge: Nudge) -> None:
            if self.adapters.forge is not None:
                self.adapters.forge.forget(nudge)
            if following.nudge():
                scheduler.hurry(FOLLOWING)

        scheduler.add("watch", Every(watch.EVERY), duties.watch().run, apart=True)
        scheduler.add("queue", Every(queue.EVERY), duties.departures(slack.work).run, apart=True)
        scheduler.add("pruning of the store", Every(timedelta(days=1)), lambda _: self.adapters.store.prune())
        with ExitStack() as running:
            host, port = self.surroundings.listen
            pages = site(
                self._deliveries(slack, nudged), lambda: None if slack.connected() else "not connected to Slack"
            )
            # First what was left undone: a delivery that came in before would count as that, and be worked on twice.
            slack.start()
            running.callback(slack.stop)
            web = serve(pages, host, port)
            running.callback(web.stop)
            scheduler.start()
            running.callback(scheduler.stop)
            log.info("Quarterdeck is listening to Slack; health is at http://%s:%d/readyz", host, web.port)
            while not stop.wait(1):  # a signal that another thread was given is seen only when this one wakes
                pass
            log.info("Quarterdeck stops: it finishes what it began")

    def connect(self) -> "Slack":
        """The ear and mouth in Slack, not yet listening. Refusal without its tokens."""
        from bot.slack.listeners import Slack

        token = self.surroundings.slack_bot_token
        if token is None:
            raise Refusal("SLACK_BOT_TOKEN is not set, and serve needs it: see README, Install.")
        # Now, so that settings they can't work with are refused at once, and no two threads make their own.
        self._performer, self.adapters.renderer, self.adapters.clusters  # noqa: B018 - see above
        return Slack(
            self.adapters.store,
            self.conversation.hear,
            bot_token=token,
            app_token=self.surroundings.slack_app_token,
            api_url=self.surroundings.slack_api_url,
            plan=self.settings.plan,
        )

    def _deliveries(self, slack: "Slack", nudged: Callable[[Nudge], None]) -> "dict[str, Endpoint]":
        from bot.slack.requests import endpoint

        if self.surroundings.slack_app_token is not None:
            return self._webhooks(nudged)
        secret = self.surroundings.slack_signing_secret
        if secret is None:
            raise Refusal("Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set: Slack could not reach the bot.")
        return {"/slack/events": endpoint(slack.dispatch, secret), **self._webhooks(nudged)}

    def _webhooks(self, nudged: Callable[[Nudge], None]) -> "dict[str, Endpoint]":
        """GitHub's, where there is a secret that proves they are."""
        secret = self.surroundings.github_webhook_secret
        if secret is None:
            return {}
        from bot.forges import hooks

        ours: dict[str, list[tuple[str, str]]] = {}
        for name, each in self.settings.catalog.repositories.items():
            full = owner_and_name(each.url)
            if full and same_forge(each.url, self.surroundings.github_api_url):
                ours.setdefault(full.casefold(), []).append((name, each.branch))
        return {hooks.PATH: hooks.endpoint(secret, ours, nudged)}
