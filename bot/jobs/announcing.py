"""Write down and tell the next step of a promotion, so that it is told once, as far as that can be.

As docs/decisions/0013 has it: written down before it is told, as if it had been, and marked; what may have been said is
not said again. Where the chat did not take it, what was known before is restored, and the next round tells it. Knows
neither words nor stages, but that some are ends.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.errors import Gone, Refusal, Unavailable
from bot.jobs.telling import fingerprint
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import PullRequest
from bot.model.reply import Reply
from bot.model.request import Place
from bot.ports import Chat, Promotions

log = logging.getLogger(__name__)

TRIES = 3
UNNOTED = timedelta(minutes=1)
"""How long whoever began a promotion may take to note its message: only then is it told by another."""


@dataclass(frozen=True)
class Words:
    """How promotions are told (`bot.promotions.news`)."""

    message: Callable[[Promotion], Reply]
    """The one message, as it is to say now."""
    step: Callable[[Promotion, Promotion], Reply | None]
    """What goes to the thread at a step: before and after; None where there are no details."""
    ended: Callable[[Promotion], Reply]
    """What goes to the thread at the end, to whoever asked."""


@dataclass(frozen=True)
class Hooks:
    """What else is done at a step. Each may be called again after a restart, and must have the effect of once.

    A Refusal or Unavailable is logged and keeps nothing back.
    """

    failed: Callable[[Promotion, Sequence[Leg]], None] = lambda _promotion, _legs: None
    """Services of it have just failed, or timed out: offers or does the rollback, by the config."""
    report: Callable[[Promotion], str] = lambda promotion: promotion.reported
    """Tells the forge how far it is, unless that is `promotion.reported`; what it was told, for `reported`."""
    adopt: Callable[[str, PullRequest], Promotion | None] = lambda _repository, _pull: None
    """An open pull request of ours that the store doesn't know, in a repository, as a promotion; None: not followed."""
    pushed: Callable[[str, datetime], Sequence[Promotion]] = lambda _repository, _now: ()
    """What was committed to a repository's branch lately and the store doesn't know, as promotions."""


@dataclass(frozen=True)
class Announcer:
    """`key` makes the fingerprints; `channel` gives where an environment's news go, if anywhere."""

    promotions: Promotions
    chat: Chat
    words: Words
    hooks: Hooks
    key: bytes
    channel: Callable[[str], str | None]
    _unheard: set[tuple[str, str]] = field(default_factory=set, init=False)
    """Those whose news the chat did not take, and whose failure was handed on all the same."""
    _reported: dict[tuple[str, str], Stage] = field(default_factory=dict, init=False)
    """At which stage each was reported last by this process, or may not be."""
    _late: dict[tuple[str, str], Promotion] = field(default_factory=dict, init=False)
    """Those that ended and could not be reported then."""
    _settled: dict[tuple[str, str], Promotion] = field(default_factory=dict, init=False)
    """As each was when there was nothing more to say or to do."""

    def is_early(self, promotion: Promotion, now: datetime) -> bool:
        """Whether it may still be noted which message tells it, so that nothing should be told yet."""
        begun = max([promotion.asked, *promotion.reached.values()])
        return not promotion.message and abs(now - begun) < UNNOTED

    def catch_up(self) -> None:
        """Report what ended while the forge could not be reached."""
        for place, promotion in [*self._late.items()]:
            del self._late[place]
            told = self._reporting(promotion)
            known = self.promotions.promotion(*place) if told != promotion else None
            if known is not None and known.stage is told.stage:
                self._keep(replace(known, reported=told.reported))

    def step(self, before: Promotion, after: Promotion) -> Promotion:
        """Keep what is known now, and tell what is news; the promotion as it is kept then.

        Unavailable or Refusal if the chat or the store did not take it. One that another process tells stays as it was.
        """
        place = (after.repository, after.key)
        if after == before and self._settled.get(place) == before:
            return before
        self._settled.pop(place, None)
        said = self.words.message(after)
        news = self.words.step(before, after) if _is_step(before, after) else None
        ended = after.stage.is_end and not before.stage.is_end
        if not (news or ended or before.telling):
            return self._quietly(before, after, said)
        claimed = self._keep(replace(after, telling=True))
        if claimed is None:
            return before
        told = claimed
        try:
            told = self._shown(claimed, said)
            self._say(told, news, ended=ended)
        except (Refusal, Unavailable) as trouble:
            # An update that perhaps landed can be made again, and a post can't.
            updating = claimed.message and told is claimed and claimed.shown != fingerprint(self.key, said)
            if updating or not (isinstance(trouble, Unavailable) and trouble.unsure):
                self._unsaid(trouble, before, told)
                if place not in self._unheard:  # a rollback by itself is not to wait for a chat that is away
                    self._unheard.add(place)
                    self._hand_on(before, told)
                raise
            log.warning("%s may have been told: %s", after.key, trouble)
        return self._done(before, told)

    def _quietly(self, before: Promotion, after: Promotion, said: Reply) -> Promotion:
        """Nothing but the message changes, which can be repeated."""
        if after != before:
            kept = self._keep(after)
            if kept is None:
                return before
            after = kept
        told = self._reporting(self._shown(after, said))
        if told != after:
            return self._insist(told)
        place = (after.repository, after.key)
        if self._reported.get(place) is after.stage:
            self._settled[place] = after
        return after

    def _shown(self, promotion: Promotion, said: Reply) -> Promotion:
        """The promotion with its message saying that; a new message where there is none, or no longer."""
        shown = fingerprint(self.key, said)
        if promotion.shown == shown:
            return promotion
        if promotion.message:
            channel = self.chat.channel(promotion.channel)
            if channel.startswith("#"):
                return promotion  # Without an id nothing can be updated.
            try:
                self.chat.update(channel, promotion.message, said)
            except Gone:
                return self._anew(self._unplaced(promotion), said, shown)
            return replace(promotion, channel=channel, shown=shown)
        return self._anew(promotion, said, shown)

    def _anew(self, promotion: Promotion, said: Reply, shown: str) -> Promotion:
        channel = promotion.channel or self.channel(promotion.environment)
        if channel is None:
            return replace(promotion, shown=shown)
        try:
            message = self.chat.post(Place(channel=channel, thread=promotion.thread or None), said)
        except Gone as gone:
            elsewhere = self._unplaced(promotion)
            if (elsewhere.channel, elsewhere.thread) != (channel, promotion.thread):
                return self._anew(elsewhere, said, shown)
            log.warning("nobody can be told of %s of %s: %s", promotion.key, promotion.repository, gone)
            return replace(promotion, shown=shown)
        except Unavailable as trouble:
            if not trouble.unsure:
                raise
            log.warning("%s may have been told: %s", promotion.key, trouble)
            return replace(promotion, shown=shown)
        known = self.chat.channel(channel)
        link = self.chat.link(known, message, promotion.thread)
        return replace(promotion, message=message, channel=known, link=link, shown=shown)

    def _unplaced(self, promotion: Promotion) -> Promotion:
        """Without the message that somebody took away; the next is posted where the environment's news go."""
        channel = self.channel(promotion.environment) or promotion.channel
        return replace(promotion, message="", thread="", link="", shown="", channel=channel)

    def _say(self, promotion: Promotion, news: Reply | None, *, ended: bool) -> None:
        """Details and the end, in the thread."""
        if not promotion.message:
            return
        place = Place(channel=promotion.channel, thread=promotion.thread or promotion.message)
        for reply in (news, self.words.ended(promotion) if ended else None):
            if reply is not None:
                self.chat.post(place, reply)

    def _done(self, before: Promotion, told: Promotion) -> Promotion:
        """What else is to be done, and that it is."""
        self._unheard.discard((told.repository, told.key))
        self._hand_on(before, told)
        return self._insist(replace(self._reporting(told), telling=False))

    def _hand_on(self, before: Promotion, told: Promotion) -> None:
        """The services that have just failed, to whoever does something about it."""
        known = {(leg.service, leg.stage) for leg in before.legs if not before.telling}
        lost = [leg for leg in told.legs if leg.stage.is_lost and (leg.service, leg.stage) not in known]
        if lost:
            try:
                self.hooks.failed(told, lost)
            except (Refusal, Unavailable) as trouble:
                log.warning("what follows the failure of %s of %s: %s", told.key, told.repository, trouble)
            except Exception:  # else it would be done, and told, again at every round
                log.exception("what follows the failure of %s of %s broke", told.key, told.repository)

    def _reporting(self, promotion: Promotion) -> Promotion:
        place = (promotion.repository, promotion.key)
        if self._reported.get(place) is promotion.stage:
            return promotion
        try:
            promotion = replace(promotion, reported=self.hooks.report(promotion))
        except Unavailable as trouble:
            log.warning("%s of %s is not reported: %s", promotion.key, promotion.repository, trouble)
            if promotion.stage.is_end:
                self._late[place] = promotion
            return promotion
        except Refusal as refusal:
            log.warning("%s of %s can't be reported: %s", promotion.key, promotion.repository, refusal)
        self._reported[place] = promotion.stage
        if promotion.stage.is_end:
            del self._reported[place]
        return promotion

    def _keep(self, promotion: Promotion) -> Promotion | None:
        if self.promotions.keep(promotion):
            return replace(promotion, version=promotion.version + 1)
        log.info("another process follows %s of %s as well", promotion.key, promotion.repository)
        return None

    def _insist(self, told: Promotion) -> Promotion:
        """Note what was told of one of which something may have been written meanwhile, such as its message."""
        after: Promotion | None = told
        for _ in range(TRIES):
            if after is None:
                break
            if kept := self._keep(after):
                return kept
            now = self.promotions.promotion(told.repository, told.key)
            after = now and replace(
                now,
                telling=told.telling,
                message=told.message or now.message,
                channel=told.channel or now.channel,
                thread=told.thread if told.message else now.thread,
                link=told.link or now.link,
                shown=told.shown,
                reported=told.reported,
            )
        return told

    def _unsaid(self, trouble: Refusal | Unavailable, before: Promotion, told: Promotion) -> None:
        """Restore what was known before, since it is certain that the rest was not said."""
        known = replace(
            before,
            version=told.version,
            message=told.message,
            channel=told.channel,
            thread=told.thread,
            link=told.link,
            shown=told.shown,
        )
        if isinstance(trouble, Gone):
            known = self._unplaced(known)
        self.promotions.keep(known)


def _is_step(before: Promotion, after: Promotion) -> bool:
    """Whether there can be details to tell."""
    return _told(before) != _told(after)


def _told(promotion: Promotion) -> tuple[object, ...]:
    legs = [(leg.service, leg.to_version, leg.stage) for leg in promotion.legs]
    return promotion.stage, promotion.trouble, promotion.notes, promotion.head, legs
