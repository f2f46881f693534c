"""Where following begins: a change that was just made becomes a promotion, and the answer that tells it its message.

Written down before it is told: killed in between, there is a promotion without a message, and the follower posts one.
Knows neither the chat nor how a promotion goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.model.catalog import Environment
from bot.model.change import Adopted, Committed, Opened, Proposal
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Choice, Layout, Reply
from bot.model.request import Message, Place
from bot.ports import Promotions
from bot.promotions import news

Made = Opened | Adopted | Committed
"""What a promotion is followed of."""

TRIES = 3
"""How often a promotion is written at most while others write it too."""


def promotion(proposal: Proposal, made: Made, reply: Reply, message: Message, now: datetime) -> Promotion:
    """The promotion that a change is. `reply` is what whoever asked is told of it."""
    pull = None if isinstance(made, Committed) else made.pull
    commit = made.commit if isinstance(made, Committed) else ""
    stage = Stage.OPEN if pull else Stage.MERGED
    return Promotion(
        repository=proposal.repository,
        key=f"#{pull.number}" if pull else commit,
        environment=proposal.environment,
        verb=proposal.verb,
        legs=tuple(Leg(step.target.service, step.from_version, step.to_version, stage) for step in proposal.steps),
        by=message.actor,
        asked=message.at,
        title=proposal.title,
        stage=stage,
        reached={Stage.REQUESTED: message.at, stage: now},
        pull=pull.number if pull else None,
        url=pull.url if pull else "",
        head=pull.head if pull else "",
        commit=commit,
        automatic=bool(message.after),
        after=message.after,
        notes=tuple(section.text for section in reply.sections if section.layout is Layout.TEXT),
    )


@dataclass(frozen=True)
class Beginning:
    """Begins promotions. Unavailable if the store can't be used."""

    promotions: Promotions
    environments: Mapping[str, Environment]

    def begin(self, new: Promotion) -> Promotion:
        """Have it followed; what is followed now: another where its pull request was followed already.

        That one leads to what was pushed just now. One that has ended goes on: its pull request was opened again.
        One that takes another back by itself is told to whoever asked for the other.
        """
        taken_back = self.promotions.promotion(new.repository, new.after) if new.after else None
        if taken_back:
            new = replace(new, by=taken_back.by)
        for _ in range(TRIES):
            if self.promotions.begin(new):
                return replace(new, version=new.version + 1)
            known = self.promotions.promotion(new.repository, new.key)
            if known is None:
                continue
            if known.stage.is_end and new.pull:
                again = replace(new, version=known.version)
            elif known.pull and known.head != new.head and Stage.MERGED not in known.reached:
                again = replace(known, head=new.head, legs=new.legs)
            else:
                return known
            if self.promotions.keep(again):
                return replace(again, version=again.version + 1)
        return new

    def known(self, repository: str, key: str) -> Promotion | None:
        """What is followed by that key."""
        return self.promotions.promotion(repository, key)

    def answer(self, followed: Promotion, reply: Reply) -> Reply:
        """The reply as it is said: as the message that is kept up to date, or with the way to it where there is one."""
        if followed.message:
            elsewhere = Choice("See its progress", url=followed.link)
            return replace(reply, choices=(*reply.choices, *([elsewhere] if followed.link else [])))
        message = news.message(followed, self.environments)
        kept = [section for section in reply.sections if section.text not in followed.notes]
        return replace(reply, sections=(*message.sections, *kept), choices=message.choices)

    def said(self, followed: Promotion, place: Place, message: str) -> None:
        """Note which message tells of it, unless there is one already."""
        for _ in range(TRIES):
            known = self.promotions.promotion(followed.repository, followed.key)
            if known is None or known.message:
                return
            at = replace(
                known, channel=place.channel or "", message=message, thread=place.thread or "", link=place.link or ""
            )
            if self.promotions.keep(at):
                return
