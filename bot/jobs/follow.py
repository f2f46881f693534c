"""The follower: looks at every promotion that is underway, has its course judged, and tells each step once.

Knows neither words nor gates. May stop between any two steps: what is known is written before and after it is told
(docs/decisions/0013); what may have been said is not said again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model.catalog import Catalog, Target
from bot.model.promotion import Leg, Promotion
from bot.model.pull import PullRequest
from bot.model.reply import Reply
from bot.model.sync import Sighting
from bot.ports import Chat, Forge, Git, Prober, Promotions


@dataclass(frozen=True)
class Words:
    """How promotions are told (`bot.promotions.news`)."""

    message: Callable[[Promotion], Reply]
    """The one message, as it is to say now."""
    step: Callable[[Promotion, Promotion], Reply | None]
    """What goes to the thread at a step: before and after; None where there are no details."""
    ended: Callable[[Promotion], Reply]
    """What goes to the thread at the end; it is posted to `promotion.by`."""


@dataclass(frozen=True)
class Hooks:
    """What else is done at a step. Each may be called again after a restart, and must have the effect of once.

    A Refusal or Unavailable is logged and keeps nothing back.
    """

    failed: Callable[[Promotion, Sequence[Leg]], None] = lambda _promotion, _legs: None
    """Services of it have just failed, or timed out: offers or does the rollback, by the config."""
    report: Callable[[Promotion], str] = lambda promotion: promotion.reported
    """Tells the forge how far it is, if `promotion.reported` is not that; what it was told, for `reported`."""
    adopt: Callable[[str, PullRequest], Promotion | None] = lambda _repository, _pull: None
    """An open pull request of ours that the store doesn't know, in a repository, as a promotion; None: not followed."""


@dataclass(frozen=True)
class Follow:
    """`run` every few seconds; `nudge` when something is known to have happened."""

    catalog: Catalog
    promotions: Promotions
    chat: Chat
    forge: Callable[[], Forge | None]
    git: Callable[[], Git]
    """Reads, all of them fresh."""
    look: Callable[[Sequence[Target]], Sequence[Sighting]]
    prober: Prober
    words: Words
    hooks: Hooks = Hooks()

    def run(self, now: datetime) -> None:
        """One round. Unavailable if the store can't be read; the next round goes on."""
        raise NotImplementedError

    def nudge(self) -> None:
        """Something happened: the next round asks everybody, whenever it asked last."""
        raise NotImplementedError
