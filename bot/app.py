"""The composition root: the config becomes adapters, adapters become the bot. The only importer of `commands`.

Decides nothing. Adapters are imported where they are made, so that a call pays only for the rooms it uses.
"""

import gc
import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import commands
from bot import access, redaction, targets, wording
from bot.checkout import Checkout
from bot.command import Context, Registry, discover
from bot.comparison.memory import Memory
from bot.config.environment import Surroundings
from bot.config.settings import Settings, load
from bot.conversation import Conversation
from bot.declared import Declarations
from bot.drift import episodes, syncing
from bot.errors import Refusal, Unavailable
from bot.language import arguments
from bot.language.words import Word
from bot.model.address import owner_and_name, same_forge
from bot.model.catalog import Target
from bot.model.promotion import Promotion
from bot.model.pull import Nudge
from bot.model.reply import Outcome
from bot.model.request import Actor, Message, Misunderstanding, Place
from bot.model.schedule import Every
from bot.model.secret import Renewed, Secret
from bot.model.sync import Sighting
from bot.perform import Performer
from bot.ports import Chat, Git
from bot.promotions import news
from bot.promotions.beginning import Beginning
from bot.promotions.found import Found
from bot.promotions.report import report
from bot.recent import Recent
from bot.survey import Progress, Survey, silently

if TYPE_CHECKING:
    from bot.clusters.engines.engines import Engines
    from bot.clusters.live import Clusters
    from bot.forges.credential import App as GitHubApp
    from bot.forges.github import GitHub
    from bot.jobs.drift import DriftCheck
    from bot.jobs.follow import Follow
    from bot.jobs.queue import Departures
    from bot.jobs.retreat import Retreat
    from bot.jobs.watch import Watch
    from bot.mirrors.folder import Mirrors
    from bot.rendering.renderer import Renderer
    from bot.slack.listeners import Slack
    from bot.store.store import Store
    from bot.verification.prober import Prober
    from bot.web.site import Endpoint

log = logging.getLogger(__name__)

ITSELF = Actor("quarterdeck", "Quarterdeck")
"""Who asks for what the config has the bot do by itself."""
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
        self._closing = ExitStack()

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
        self._closing.close()

    @cached_property
    def registry(self) -> Registry:
        return discover(commands)

    @cached_property
    def conversation(self) -> Conversation:
        return Conversation(
            registry=self.registry,
            rules=self.settings.rules,
            look=self._context,
            performer=self._about_to_change,
            confirmations=self._store,
            audit=self._store,
            beginning=Beginning(self._store.promotions, self.settings.catalog.environments),
            now=self.now,
        )

    @cached_property
    def _performer(self) -> Performer:
        return Performer(
            self._mirrors.writer(),
            self._forge,
            self._mirrors.reader,
            mutes=self._store,
            engines=self._engines,
            queue=self._store.queue,
        )

    def _about_to_change(self) -> Performer:
        self._recent.forget()
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

    def look(
        self, service: str | None = None, environment: str | None = None, progress: Progress = silently
    ) -> tuple[Sighting, ...]:
        """Sightings of all targets and watched folders, or some. Refusal for a word that names nothing."""
        message = Message("look", "", Actor(access.TERMINAL, access.TERMINAL), Place(), self.now())
        context = self._context(message)
        wanted = _known(arguments.target, service, context.vocabulary)
        self._clusters.progress = lambda cluster, done, total: progress(f"read from {cluster}", done, total)
        found = replace(context.survey, progress=progress).look(
            context.compared(wanted, _known(arguments.environment, environment, context.vocabulary))
        )
        self._recent.feed(found, message.at)
        return found

    def check(self, checkout: Path) -> list[str]:
        """What is wrong with a checked-out config repository: a sentence for each target that can't be worked with."""
        tree = Checkout(checkout)
        found = targets.find(self.settings.catalog, lambda _: tree)
        if not found:
            return [f"{checkout} holds no service; environments.*.path says where they are looked for."]
        survey, policy = self._survey(self._mirrors.reader()), self.settings.catalog.images
        return [problem for target in found for problem in survey.problems(tree, target, policy)]

    def serve(self, stop: threading.Event) -> None:
        """The bot until `stop` is set; then it finishes what it began. Refusal if a setting it needs is missing."""
        from bot.jobs import queue, watch
        from bot.jobs.scheduler import Scheduler
        from bot.web.server import serve
        from bot.web.site import site

        slack = self.connect()
        scheduler = Scheduler(self.now)
        drift = self.settings.drift
        for environment in self.settings.catalog.environments:
            if (check := self.drift_check(environment, slack.chat)) is not None:
                scheduler.add(f"drift check of {environment}", drift.schedule, check.run, drift.jitter)
        following = self.follower(slack.chat)
        scheduler.add(FOLLOWING, Every(timedelta(seconds=5)), following.run)

        def nudged(nudge: Nudge) -> None:
            if self._forge is not None:
                self._forge.forget(nudge)
            if following.nudge():
                scheduler.hurry(FOLLOWING)

        scheduler.add("watch", Every(watch.EVERY), self.watch(slack.chat).run)
        scheduler.add("queue", Every(queue.EVERY), self.departures(slack.chat, slack.work).run)
        scheduler.add("pruning of the store", Every(timedelta(days=1)), lambda _: self._store.prune())
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
        self._performer, self._renderer, self._clusters  # noqa: B018 - see above
        return Slack(
            self._store,
            self.conversation.hear,
            bot_token=token,
            app_token=self.surroundings.slack_app_token,
            api_url=self.surroundings.slack_api_url,
            plan=self.settings.plan,
        )

    def drift_check(self, environment: str, chat: Chat) -> "DriftCheck | None":
        """The scheduled check of an environment; None where there is no cluster, or nowhere to tell it."""
        from bot.jobs.drift import DriftCheck

        place = self.settings.catalog.environments[environment]
        channel = self.settings.drift.channel or place.channel
        if channel is None or place.cluster is None:
            return None
        return DriftCheck(
            environment,
            channel,
            survey=lambda name: self.look(environment=name),
            chat=chat,
            episodes=self._store,
            key=self._store.fingerprint_key,
            offer=self.settings.drift.offer,
            heal=self._heal if self.settings.drift.sync else None,
        )

    def follower(self, chat: Chat) -> "Follow":
        """Follows promotions to their end, and tells each step."""
        from bot.jobs.announcing import Announcer, Hooks, Words
        from bot.jobs.follow import Follow
        from bot.jobs.gathering import Gathering

        catalog, store = self.settings.catalog, self._store.promotions
        found = Found(catalog, self._mirrors.reader, store, self.settings.rules.people)
        words = Words(lambda each: news.message(each, catalog.environments), news.step, news.ended)
        return Follow(
            catalog,
            store,
            Gathering(
                catalog,
                lambda: self._forge,
                self._mirrors.reader,
                lambda git, wanted: self._survey(git).look(wanted),
                self._prober,
            ),
            Announcer(
                store,
                chat,
                words,
                Hooks(self._retreat(chat).run, self._report, found.proposed, found.pushed),
                self._store.fingerprint_key,
                lambda name: catalog.environments[name].channel if name in catalog.environments else None,
            ),
            lambda: self._forge,
        )

    def _retreat(self, chat: Chat) -> "Retreat":
        from bot.jobs.retreat import Retreat

        def closely(wanted: Sequence[Target]) -> list[Sighting]:
            survey = self._survey(self._mirrors.reader())
            return [survey.closely(each) for each in survey.look(wanted)]

        return Retreat(
            self.settings.catalog,
            self._store.promotions,
            self._store.standings,
            chat,
            lambda: self._forge,
            self._mirrors.reader,
            closely,
            self.conversation.carry_out,
            ITSELF,
            self.settings.rules.people,
            self.now,
        )

    def _report(self, promotion: Promotion) -> str:
        """What the forge knows of it by now. Refusal where it may not be told."""
        environments = self.settings.catalog.environments
        told = report(promotion, environments, news.message(promotion, environments).text)
        if told is None:
            return promotion.reported
        self._performer.report(told)
        return told.state

    @cached_property
    def _prober(self) -> "Prober":
        from bot.clusters.jobs import Jobs
        from bot.verification.prober import Prober

        jobs = Jobs(self._clusters.reach, self._namespaces)
        return Prober(self.now, jobs, self.surroundings.prometheus_token, self.surroundings.secrets)

    def _namespaces(self, target: Target) -> set[str]:
        """Where a target's objects are: as Git has it, or where its engine puts those that name none."""
        reader = self._mirrors.reader()
        declared = self._survey(reader).declare(reader.head(target.repository), target)
        engine = self._engines.deployed([target]).get(target)
        placed = declared.namespace or (engine.namespace if engine else "")
        return {each for each in (placed, *(ref.namespace for ref in declared.references)) if each} or {"default"}

    def watch(self, chat: Chat) -> "Watch":
        """Looks at all environments that have a cluster, for all who want to know how things go on."""
        from bot.jobs.notices import Notices
        from bot.jobs.watch import Watch

        environments = self.settings.catalog.environments
        notices = Notices(
            {name: each.channel for name, each in environments.items() if each.channel},
            chat,
            self._store.notices,
            self._store.promotions,
            lambda wanted: self._mirrors.reader().latest(wanted),
            self._store.fingerprint_key,
        )
        return Watch(
            {name: each.verification.healthy_for for name, each in environments.items() if each.cluster},
            self._watched,
            self._store.standings,
            self.now,
            then=(notices,),
        )

    def _watched(self, environment: str) -> tuple[Sighting, ...]:
        """A look that others have something of as well."""
        began = self.now()
        sightings = self.look(environment=environment)
        self._recent.feed(sightings, began)
        return sightings

    def departures(self, chat: Chat, say: Callable[[Message], None]) -> "Departures":
        """What waits for its gates; `say` works on a message of the inbox."""
        from bot.jobs.queue import Departures

        return Departures(self._store.queue, self._context, say, chat, self._store)

    def _heal(self, sighting: Sighting) -> str:
        """Have a target's engine asked to sync it, in the bot's own name. Refusal where it may not."""
        target, deployed = sighting.target, sighting.deployed
        if deployed is None:
            raise Refusal(f"no engine deploys {target}.")
        asked = syncing.request(target, deployed)
        self._about_to_change().run(asked)
        now = self.now()
        said = Message(f"heal:{target}:{now.isoformat()}", "drift.heal: sync", ITSELF, Place(), now)
        try:
            self._store.record(said, syncing.VERB, target, Outcome.DONE, asked.text)
        except Unavailable as trouble:  # what is done is done, and must not be said to have failed
            return f"{asked.text} The audit does not hold this: {trouble}"
        return asked.text

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

    def _context(self, message: Message) -> Context:
        reader = self._mirrors.reader()
        return Context(
            catalog=self.settings.catalog,
            git=reader,
            survey=self._survey(reader),
            message=message,
            now=self.now(),
            registry=self.registry,
            reach=lambda: self._forge,
            mutes=self._store.mutes,
            promotions=self._store.promotions.promotions,
            queue=self._store.queue.waiting,
            standings=self._store.standings.standings,
            recent=self._recent,
            prober=lambda: self._prober,
        )

    def _survey(self, reader: Git) -> Survey:
        drift, catalog = self.settings.drift, self.settings.catalog
        return Survey(
            reader,
            self._renderer,
            self._clusters,
            self._store,
            self._engines,
            drift.ignore,
            self._memory,
            self._declarations,
            secrets=drift.secrets,
            confirm=drift.confirm,
            everywhere=lambda: (*reader.targets(catalog), *targets.watched(catalog, reader.head)),
            dated=self._dated,
        )

    def _dated(self, sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
        """With what the scheduled checks know of since when."""
        places = dict.fromkeys(each.target.environment for each in sightings if each.differences)
        known = [episode for place in places for episode in self._store.underway(place)]
        return episodes.dated(sightings, known, self._store.fingerprint_key) if known else tuple(sightings)

    @cached_property
    def _mirrors(self) -> "Mirrors":
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
        if self._forge is None:
            raise Refusal(f"author.sign is github, and the bot is not signed in there: {wording.SIGN_IN}.")
        return self._forge

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
    def _forge(self) -> "GitHub | None":
        credential = self._github_app or self.surroundings.github_token
        if credential is None:
            return None
        from bot.forges.github import GitHub

        repositories = self.settings.catalog.repositories
        url, clock = self.surroundings.github_api_url, lambda: self.now().timestamp()
        return self._closing.enter_context(GitHub(url, credential, repositories, clock=clock))

    @cached_property
    def _store(self) -> "Store":
        from bot.store.store import Store

        store = Store.open(self.surroundings.database_url, self.now)
        self._closing.callback(store.close)
        return store

    @cached_property
    def _recent(self) -> Recent:
        return Recent(self.now)

    @cached_property
    def _memory(self) -> Memory:
        return Memory()

    @cached_property
    def _declarations(self) -> Declarations:
        return Declarations()

    @cached_property
    def _renderer(self) -> "Renderer":
        from bot.rendering.renderer import Renderer

        return Renderer(self.surroundings.data / "renders")

    @cached_property
    def _engines(self) -> "Engines":
        from bot.clusters.engines.engines import Engines

        catalog = self.settings.catalog
        hubs = {each.cluster for each in catalog.environments.values() if each.cluster}
        said = {each.name: each.engine for each in catalog.environments.values() if each.engine}
        return Engines(self._clusters.reach, catalog.repositories, hubs=hubs, said=said)

    @cached_property
    def _clusters(self) -> "Clusters":
        from bot.clusters.live import Clusters

        kubeconfig = self.surroundings.kubeconfig
        clusters = Clusters(Path(kubeconfig) if kubeconfig else None, secrets=self.surroundings.secrets)
        self._closing.callback(clusters.close)
        return clusters


def _known(convert: arguments.Converter, word: str | None, vocabulary: arguments.Vocabulary) -> str | None:
    """What a word of the command line names. Refusal, as in a conversation, if that is nothing."""
    found = None if word is None else convert(Word(word, 0), vocabulary)
    if isinstance(found, arguments.Unknown):
        raise Refusal(Misunderstanding(found.why, suggestions=found.suggestions).sentence)
    return found
