"""What is done where a version fails: its thread is told what ails it, and it is rolled back where the config says so.

May be called again for the same failure: a rollback that is there is found again by its branch, its commit by its
trailer, and its promotion by its key. Which may be rolled back is `bot.promotions.retreat`'s to say.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import branches, pins
from bot.conversation import Answer
from bot.errors import Refusal, Unavailable
from bot.lineage import Lineage
from bot.model.catalog import Catalog, Target
from bot.model.change import Step
from bot.model.promotion import Leg, Promotion
from bot.model.reply import Outcome, Reply, Section
from bot.model.request import Actor, Message, Place
from bot.model.rules import Person
from bot.model.sync import Sighting
from bot.model.verification import OnFailure
from bot.ports import Chat, Forge, Git, Promotions, Standings
from bot.promotions import failing
from bot.promotions.retreat import Situation, hindrance
from bot.pulls import pending
from bot.saying import way_back

log = logging.getLogger(__name__)

_DONE = {Outcome.OPENED, Outcome.ADOPTED, Outcome.COMMITTED}


@dataclass(frozen=True)
class Retreat:
    """`run` is the follower's hook for services that failed.

    `look` sees as closely as it can, logs included. `carry_out` does what a message says in the bot's own name, which
    is `itself`; `people` are the config's, by whom their forge's logins become people of the chat.
    """

    catalog: Catalog
    promotions: Promotions
    standings: Standings
    chat: Chat
    forge: Callable[[], Forge | None]
    git: Callable[[], Git]
    look: Callable[[Sequence[Target]], Sequence[Sighting]]
    carry_out: Callable[[Message], Answer]
    itself: Actor
    people: Mapping[str, Person]
    now: Callable[[], datetime]

    def run(self, promotion: Promotion, legs: Sequence[Leg]) -> None:
        """Tell it, and roll back what may be. What can't be found out stands against that, and is told."""
        now, place = self.now(), self.catalog.environments.get(promotion.environment)
        if place is None:
            return
        try:
            git, why = self.git(), ""
            targets = self._targets(git, promotion)
        except (Refusal, Unavailable) as trouble:
            targets, why = {}, str(trouble).rstrip(".")
        seen = self._seen([targets[leg.service] for leg in legs if leg.service in targets])
        told = failing.details(promotion, legs, seen, now)
        if place.verification.on_failure is not OnFailure.ROLLBACK:
            if told.sections:
                self._say(promotion, told)
            return
        done = self._done(promotion)
        left = [leg for leg in legs if leg.service not in done]
        if not left:
            return
        whys = {leg: why or self._hindrance(git, promotion, leg, targets, now) for leg in left}
        told = _with_hindrances(promotion, told, whys)
        if told.sections:
            self._say(promotion, told)
        for leg in [leg for leg, why in whys.items() if not why]:
            self._go_back(promotion, leg, now)

    def _targets(self, git: Git, promotion: Promotion) -> Mapping[str, Target]:
        found = git.targets(self.catalog)
        return {each.service: each for each in found if each.environment == promotion.environment}

    def _done(self, promotion: Promotion) -> frozenset[str]:
        """The services that a former call rolled back, and told of."""
        try:
            ours = [each for each in self.promotions.promotions() if _takes_back(each, promotion) and each.message]
        except Unavailable:
            return frozenset()
        return frozenset(leg.service for each in ours for leg in each.legs)

    def _seen(self, targets: Sequence[Target]) -> Mapping[str, Sighting]:
        """What is to be seen of them, as far as anybody can look: to go back, that need not be known."""
        try:
            return {each.target.service: each for each in self.look(targets)}
        except (Refusal, Unavailable) as trouble:
            log.warning("what failed can't be looked at: %s", trouble)
            return {}

    def _hindrance(self, git: Git, promotion: Promotion, leg: Leg, targets: Mapping[str, Target], now: datetime) -> str:
        """What stands against it; "" if nothing does."""
        try:
            target = targets.get(leg.service)
            if target is None:
                return "it is no longer in Git"
            known = self._situation(git, promotion, leg, target)
        except (Refusal, Unavailable) as trouble:
            return str(trouble).rstrip(".")
        return hindrance(promotion, leg, known, self.catalog.environments[promotion.environment].verification, now)

    def _situation(self, git: Git, promotion: Promotion, leg: Leg, target: Target) -> Situation:
        forge, before = self.forge(), leg.from_version
        pulls = forge.pulls(target.repository) if forge else ()
        # One that was opened by this very rollback, before the process was killed, is found again by its name.
        ours = branches.name("rollback", [Step(target, leg.to_version, before or "")])
        return Situation(
            current=pins.current(git.head(target.repository), target),
            lineage=Lineage(git.moves(target)),
            before=self.standings.standing(target.environment, target.service, before) if before else None,
            pulls=[
                pull
                for pull in pulls
                if pull.ours and pull.branch != ours and pending.moved(git, pull, target.repository, [target])
            ],
            others=[
                each
                for each in self.promotions.promotions()
                if each.environment == target.environment
                and (each.repository, each.key) != (promotion.repository, promotion.key)
                and not _takes_back(each, promotion)
                and any(other.service == target.service for other in each.legs)
            ],
        )

    def _go_back(self, promotion: Promotion, leg: Leg, now: datetime) -> None:
        message = Message(
            f"retreat:{promotion.repository}:{promotion.key}:{leg.service}",
            way_back(leg.service, promotion.environment, leg.to_version, leg.from_version),
            self.itself,
            self._place(promotion),
            now,
            resumed=True,
            after=promotion.key,
        )
        try:
            answer = self.carry_out(message)
        except (Refusal, Unavailable) as trouble:
            self._say(promotion, failing.stays(promotion, leg, str(trouble)))
            return
        except Exception:  # a defect: told once, since whoever calls would call again and again
            log.exception("%s broke", message.text)
            self._say(promotion, failing.stays(promotion, leg, "that broke; the bot's log says where"))
            return
        if answer.reply.outcome not in _DONE:
            self._say(promotion, failing.stays(promotion, leg, answer.reply.text))
            return
        told, elsewhere = failing.goes_back(answer.reply), self._elsewhere(promotion)
        concerned = replace(told, mentions=self._concerned(promotion), broadcast=elsewhere is None)
        self._note(answer, self._place(promotion), concerned)
        if elsewhere:
            self._post(Place(channel=elsewhere), Reply(told.outcome, told.text))
        try:
            warning = answer.afterwards()
        except Exception:
            log.exception("%s is done; what follows it failed", message.text)
            return
        if warning is not None:
            self._say(promotion, warning)

    def _note(self, answer: Answer, place: Place, told: Reply) -> None:
        """Say what was done, as the message that is kept up to date from now on."""
        message, channel = self._post(place, told), place.channel
        if message and channel:
            known = self.chat.channel(channel)
            try:
                answer.said(Place(known, place.thread, self.chat.link(known, message, place.thread or "")), message)
            except Unavailable as trouble:
                log.warning("nobody will know which message tells of %s: %s", told.text, trouble)

    def _concerned(self, promotion: Promotion) -> tuple[str, ...]:
        """Who asked, who approved and who merged, as far as the config knows them in the chat."""
        known = {each.github.casefold(): each.id for each in self.people.values() if each.github}
        logins = (*promotion.approvers, promotion.merged_by)
        ids = [promotion.by.id, *(known.get(login.casefold(), "") for login in logins)]
        return tuple(dict.fromkeys(each for each in ids if each))

    def _place(self, promotion: Promotion) -> Place:
        channel = promotion.channel or self.catalog.environments[promotion.environment].channel
        return Place(channel=channel, thread=(promotion.thread or promotion.message or None) if channel else None)

    def _elsewhere(self, promotion: Promotion) -> str | None:
        """The environment's own channel, unless it was asked for there: then it is shown there from the thread."""
        channel = self.catalog.environments[promotion.environment].channel
        if channel is None or not promotion.channel:
            return None
        return None if promotion.channel in {channel, self.chat.channel(channel)} else channel

    def _say(self, promotion: Promotion, reply: Reply) -> str:
        return self._post(self._place(promotion), reply)

    def _post(self, place: Place, reply: Reply) -> str:
        """The message's id; "" where it could not be said, which keeps nothing else back."""
        if place.channel is None:
            return ""
        try:
            return self.chat.post(place, reply)
        except (Refusal, Unavailable) as trouble:
            log.warning("%s could not be told: %s", reply.text, trouble)
            return ""


def _takes_back(one: Promotion, other: Promotion) -> bool:
    return one.automatic and (one.repository, one.after) == (other.repository, other.key)


def _with_hindrances(promotion: Promotion, told: Reply, whys: Mapping[Leg, str]) -> Reply:
    """With the reasons why people have to decide, and a button for each service that they decide on."""
    against = {leg: why for leg, why in whys.items() if why}
    if not against:
        return told
    sentences = [Section(failing.stays(promotion, leg, why).text) for leg, why in against.items()]
    ways = [way for leg in against for way in failing.ways_back(replace(promotion, legs=(leg,)))]
    return replace(told, outcome=Outcome.ANSWERED, sections=(*told.sections, *sentences), choices=tuple(ways))
