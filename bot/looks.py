"""How a command, a job or the command line gets to see things: the reads of one moment, all of them fresh.

Makes a survey of adapters and the config, and a command's `Context` of that. Must not know any verb.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from bot import access, targets
from bot.adapters import Adapters
from bot.command import Context, Registry
from bot.comparison.memory import Memory
from bot.declared import Declarations
from bot.drift import episodes
from bot.errors import Refusal
from bot.language import arguments
from bot.language.words import Word
from bot.model.catalog import Target
from bot.model.request import Actor, Message, Misunderstanding, Place
from bot.model.sync import Sighting
from bot.ports import Git, Prober
from bot.recent import Recent
from bot.survey import Progress, Survey, silently


@dataclass(frozen=True)
class Looks:
    """One for the life of the process: it remembers what was compared, and what was seen a moment ago."""

    adapters: Adapters
    registry: Registry
    now: Callable[[], datetime]

    def look(
        self, service: str | None = None, environment: str | None = None, progress: Progress = silently
    ) -> tuple[Sighting, ...]:
        """Sightings of all targets and watched folders, or some. Refusal for a word that names nothing."""
        message = Message("look", "", Actor(access.TERMINAL, access.TERMINAL), Place(), self.now())
        context = self.context(message)
        wanted = _known(arguments.target, service, context.vocabulary)
        self.adapters.clusters.progress = lambda cluster, done, total: progress(f"read from {cluster}", done, total)
        found = replace(context.survey, progress=progress).look(
            context.compared(wanted, _known(arguments.environment, environment, context.vocabulary))
        )
        self.recent.feed(found, message.at)
        return found

    def context(self, message: Message) -> Context:
        reader = self.adapters.mirrors.reader()
        return Context(
            catalog=self.adapters.settings.catalog,
            git=reader,
            survey=self.survey(reader),
            message=message,
            now=self.now(),
            registry=self.registry,
            reach=lambda: self.adapters.forge,
            mutes=self.adapters.store.mutes,
            promotions=self.adapters.store.promotions.promotions,
            queue=self.adapters.store.queue.waiting,
            standings=self.adapters.store.standings.standings,
            recent=self.recent,
            prober=lambda: self.prober,
        )

    def survey(self, reader: Git) -> Survey:
        drift, catalog = self.adapters.settings.drift, self.adapters.settings.catalog
        return Survey(
            reader,
            self.adapters.renderer,
            self.adapters.clusters,
            self.adapters.store,
            self.adapters.engines,
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
        known = [episode for place in places for episode in self.adapters.store.underway(place)]
        return episodes.dated(sightings, known, self.adapters.store.fingerprint_key) if known else tuple(sightings)

    @cached_property
    def recent(self) -> Recent:
        return Recent(self.now)

    @cached_property
    def _memory(self) -> Memory:
        return Memory()

    @cached_property
    def _declarations(self) -> Declarations:
        return Declarations()

    @cached_property
    def prober(self) -> Prober:
        from bot.clusters.jobs import Jobs
        from bot.verification.prober import Prober as Looking

        jobs = Jobs(self.adapters.clusters.reach, self._namespaces)
        return Looking(self.now, jobs, self.adapters.surroundings.prometheus_token, self.adapters.surroundings.secrets)

    def _namespaces(self, target: Target) -> set[str]:
        """Where a target's objects are: as Git has it, or where its engine puts those that name none."""
        reader = self.adapters.mirrors.reader()
        declared = self.survey(reader).declare(reader.head(target.repository), target)
        engine = self.adapters.engines.deployed([target]).get(target)
        placed = declared.namespace or (engine.namespace if engine else "")
        return {each for each in (placed, *(ref.namespace for ref in declared.references)) if each} or {"default"}


def _known(convert: arguments.Converter, word: str | None, vocabulary: arguments.Vocabulary) -> str | None:
    """What a word of the command line names. Refusal, as in a conversation, if that is nothing."""
    found = None if word is None else convert(Word(word, 0), vocabulary)
    if isinstance(found, arguments.Unknown):
        raise Refusal(Misunderstanding(found.why, suggestions=found.suggestions).sentence)
    return found
