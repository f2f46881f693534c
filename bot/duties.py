"""What the bot does by itself: by the clock, and when it is nudged.

Puts the jobs together; what each does is in `bot.jobs`. Must not know any command.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.adapters import Adapters
from bot.conversation import Conversation
from bot.drift import syncing
from bot.errors import Refusal, Unavailable
from bot.looks import Looks
from bot.model.catalog import Target
from bot.model.promotion import Promotion
from bot.model.reply import Outcome
from bot.model.request import Actor, Message, Place
from bot.model.sync import Sighting
from bot.perform import Performer
from bot.ports import Chat
from bot.promotions import news
from bot.promotions.found import Found
from bot.promotions.report import report

if TYPE_CHECKING:
    from bot.jobs.drift import DriftCheck
    from bot.jobs.follow import Follow
    from bot.jobs.queue import Departures
    from bot.jobs.retreat import Retreat
    from bot.jobs.watch import Watch

ITSELF = Actor("quarterdeck", "Quarterdeck")
"""Who asks for what the config has the bot do by itself."""


@dataclass(frozen=True)
class Duties:
    """Those of one bot. What they have to tell goes to `chat`."""

    adapters: Adapters
    looks: Looks
    conversation: Conversation
    performer: Callable[[], Performer]
    chat: Chat
    now: Callable[[], datetime]

    def drift_check(self, environment: str) -> "DriftCheck | None":
        """The scheduled check of an environment; None where there is no cluster, or nowhere to tell it."""
        from bot.jobs.drift import DriftCheck

        place = self.adapters.settings.catalog.environments[environment]
        channel = self.adapters.settings.drift.channel or place.channel
        if channel is None or place.cluster is None:
            return None
        return DriftCheck(
            environment,
            channel,
            survey=lambda name: self.looks.look(environment=name),
            chat=self.chat,
            episodes=self.adapters.store,
            key=self.adapters.store.fingerprint_key,
            offer=self.adapters.settings.drift.offer,
            heal=self._heal if self.adapters.settings.drift.sync else None,
        )

    def follower(self) -> "Follow":
        """Follows promotions to their end, and tells each step."""
        from bot.jobs.announcing import Announcer, Hooks, Words
        from bot.jobs.follow import Follow
        from bot.jobs.gathering import Gathering

        catalog, store = self.adapters.settings.catalog, self.adapters.store.promotions
        found = Found(catalog, self.adapters.mirrors.reader, store, self.adapters.settings.rules.people)
        words = Words(lambda each: news.message(each, catalog.environments), news.step, news.ended)
        return Follow(
            catalog,
            store,
            Gathering(
                catalog,
                lambda: self.adapters.forge,
                self.adapters.mirrors.reader,
                lambda git, wanted: self.looks.survey(git).look(wanted),
                self.looks.prober,
            ),
            Announcer(
                store,
                self.chat,
                words,
                Hooks(self._retreat().run, self._report, found.proposed, found.pushed),
                self.adapters.store.fingerprint_key,
                lambda name: catalog.environments[name].channel if name in catalog.environments else None,
            ),
            lambda: self.adapters.forge,
        )

    def _retreat(self) -> "Retreat":
        from bot.jobs.retreat import Retreat

        def closely(wanted: Sequence[Target]) -> list[Sighting]:
            survey = self.looks.survey(self.adapters.mirrors.reader())
            return [survey.closely(each) for each in survey.look(wanted)]

        return Retreat(
            self.adapters.settings.catalog,
            self.adapters.store.promotions,
            self.adapters.store.standings,
            self.chat,
            lambda: self.adapters.forge,
            self.adapters.mirrors.reader,
            closely,
            self.conversation.carry_out,
            ITSELF,
            self.adapters.settings.rules.people,
            self.now,
        )

    def _report(self, promotion: Promotion) -> str:
        """What the forge knows of it by now. Refusal where it may not be told."""
        environments = self.adapters.settings.catalog.environments
        told = report(promotion, environments, news.message(promotion, environments).text)
        if told is None:
            return promotion.reported
        self.performer().report(told)
        return told.state

    def watch(self) -> "Watch":
        """Looks at all environments that have a cluster, for all who want to know how things go on."""
        from bot.jobs.notices import Notices
        from bot.jobs.watch import Watch

        environments = self.adapters.settings.catalog.environments
        notices = Notices(
            {name: each.channel for name, each in environments.items() if each.channel},
            self.chat,
            self.adapters.store.notices,
            self.adapters.store.promotions,
            lambda wanted: self.adapters.mirrors.reader().latest(wanted),
            self.adapters.store.fingerprint_key,
        )
        return Watch(
            {name: each.verification.healthy_for for name, each in environments.items() if each.cluster},
            lambda name: self.looks.look(environment=name),
            self.adapters.store.standings,
            self.now,
            then=(notices,),
        )

    def departures(self, say: Callable[[Message], None]) -> "Departures":
        """What waits for its gates; `say` works on a message of the inbox."""
        from bot.jobs.queue import Departures

        return Departures(self.adapters.store.queue, self.looks.context, say, self.chat, self.adapters.store)

    def _heal(self, sighting: Sighting) -> str:
        """Have a target's engine asked to sync it, in the bot's own name. Refusal where it may not."""
        target, deployed = sighting.target, sighting.deployed
        if deployed is None:
            raise Refusal(f"no engine deploys {target}.")
        asked = syncing.request(target, deployed)
        self.looks.recent.forget()
        self.performer().run(asked)
        now = self.now()
        said = Message(f"heal:{target}:{now.isoformat()}", "drift.heal: sync", ITSELF, Place(), now)
        try:
            self.adapters.store.record(said, syncing.VERB, target, Outcome.DONE, asked.text)
        except Unavailable as trouble:  # what is done is done, and must not be said to have failed
            return f"{asked.text} The audit does not hold this: {trouble}"
        return asked.text
