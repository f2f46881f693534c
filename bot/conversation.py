"""A message in, an answer out: the whole bot without Slack.

Understands, plans, judges, asks for a yes where one is needed, has the change performed and words what came of it.
Must not know any verb, nor how messages arrive or leave.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from threading import Lock

from bot import proposals, results, wording
from bot.access import OVERRIDE, Refused, judge
from bot.command import Context, Registry
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Merge
from bot.model.change import (
    Adopted,
    Change,
    Committed,
    Errand,
    Opened,
    Proposal,
    Release,
    Unchanged,
    Withdrawal,
)
from bot.model.change import Outcome as Result
from bot.model.promotion import Promotion
from bot.model.pull import PullRequest
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.request import SAY, Invocation, Message, Misunderstanding, Place, Press
from bot.model.rules import Rules
from bot.perform import Performer
from bot.ports import Audit, Confirmations
from bot.promotions import beginning
from bot.promotions.beginning import Beginning
from bot.pulls import briefing
from bot.results import Plan

CONFIRM_WITHIN = timedelta(minutes=15)


def _nothing() -> Reply | None:
    return None


def _unnoted(place: Place, message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and what to do once it is said; the latter may give a warning to say as well."""

    reply: Reply
    afterwards: Callable[[], Reply | None] = _nothing
    said: Callable[[Place, str], None] = _unnoted
    """Takes where it was said, with the link to it, and the message's id: to be called where everybody sees it."""
    more: tuple["Answer", ...] = ()
    """What is to be said after it, each in a message of its own."""


@dataclass(frozen=True)
class Conversation:
    """The bot. `look` gives a command its reads, all of them fresh; `performer` is asked for when something changes."""

    registry: Registry
    rules: Rules
    look: Callable[[Message], Context]
    performer: Callable[[], Performer]
    confirmations: Confirmations
    audit: Audit
    beginning: Beginning
    now: Callable[[], datetime]
    _pressing: Lock = field(default_factory=Lock, repr=False, compare=False)
    """One press at a time: of two people, the first answers the question, and the second is told so."""
    _answered: set[str] = field(default_factory=set, repr=False, compare=False)
    """Questions answered but not yet settled in the store. In memory, since a press that is taken up again after a kill
    must find its question."""

    def hear(self, message: Message, *, dry_run: bool = False, yes: bool = False) -> Answer:
        """Answer a message. `dry_run` plans only; `yes` is the confirmation, given in advance.

        Never raises what a person could have caused, nor what the world did.
        """
        answer = self._heard(self._known(message), dry_run=dry_run, yes=yes)
        if not message.due:
            return answer
        # Whoever asked has turned to other things since.
        return replace(answer, reply=replace(answer.reply, private=False, mentions=(message.actor.id,)))

    def _heard(self, message: Message, *, dry_run: bool, yes: bool) -> Answer:
        try:
            if message.press is not None and message.press.action != SAY:
                with self._pressing:
                    return self._pressed(message, message.press)
            return self._asked(message, dry_run=dry_run, yes=yes)
        except Refusal as refusal:
            return Answer(Reply(Outcome.REFUSED, str(refusal), private=True))
        except Unavailable as trouble:
            return Answer(Reply(Outcome.FAILED, str(trouble)))

    def carry_out(self, message: Message) -> Answer:
        """Do what the config has the bot do by itself: no role is asked for, and nobody can be asked back.

        Refusal and Unavailable pass through: what has doubts that a person would have to confirm is refused.
        """
        context = self.look(message)
        invocation = self.registry.understand(message.text, context.vocabulary)
        if isinstance(invocation, Misunderstanding):
            raise Refusal(invocation.sentence)
        if (done := self._done(invocation, context)) is not None:
            return done
        planned = self._plan(invocation, context)
        if isinstance(planned, Reply):
            return Answer(planned)
        if not isinstance(planned, Change):
            raise Refusal(f"{message.text} is not done without a person.")
        if planned.confirm and not planned.sure:
            raise Refusal(f"somebody would have to confirm it: {planned.confirm.removesuffix(' Go on?')}")
        if planned.because or planned.also:
            raise Refusal(f"{message.text} is not done without a person.")
        return self._perform(context, invocation, planned)

    def _known(self, message: Message) -> Message:
        """The message with its speaker's GitHub login and address, where the config knows them."""
        person = self.rules.people.get(message.actor.id)
        if person is None:
            return message
        return replace(message, actor=replace(message.actor, github=person.github, email=person.email))

    def _asked(self, message: Message, *, dry_run: bool, yes: bool, agreed: str | None = None) -> Answer:
        context = self.look(message)
        invocation = self.registry.understand(message.text, context.vocabulary)
        if isinstance(invocation, Misunderstanding):
            return Answer(_misunderstood(invocation))
        if message.resumed and (done := self._done(invocation, context)) is not None:
            return done
        planned = self._plan(invocation, context)
        if isinstance(planned, Reply):
            return Answer(planned)
        if dry_run:
            return Answer(results.planned(planned, "" if isinstance(planned, Errand) else _shown(planned)))
        self._judge(message, planned)
        return self._have(context, invocation, planned, yes=yes, agreed=agreed)

    def _have(
        self,
        context: Context,
        invocation: Invocation,
        planned: Plan | Errand,
        *,
        yes: bool,
        agreed: str | None,
    ) -> Answer:
        """What is planned and allowed is done, or asked back."""
        message = context.message
        if isinstance(planned, Errand):
            return self._run(message, planned)
        changed = agreed is not None and agreed != planned.fingerprint
        if changed or (agreed is None and results.doubts(planned) and not yes):
            return Answer(self._question(message, planned, changed=changed))
        if isinstance(planned, Change):
            return self._perform(context, invocation, planned)
        if isinstance(planned, Withdrawal):
            return self._withdraw(message, planned)
        return self._release(context, invocation, planned)

    def _judge(self, message: Message, planned: Plan | Errand) -> None:
        """Refusal unless the actor may do all of it."""
        for each in planned.proposals if isinstance(planned, Release) else [planned]:
            overrides = isinstance(each, Change) and each.because
            also = {other.environment for other in each.also} if isinstance(each, Change) else set()
            verbs = [each.verb, OVERRIDE] if overrides else [each.verb]
            for verb, place in product(verbs, [each.environment, *sorted(also - {each.environment})]):
                verdict = judge(message.actor, verb, place, self.rules)
                if isinstance(verdict, Refused):
                    for target in each.targets:
                        self.audit.record(message, each.verb, target, Outcome.REFUSED, verdict.why)
                    raise Refusal(verdict.why)

    def _pressed(self, message: Message, press: Press) -> Answer:
        waiting = self.confirmations.waiting(press.confirmation, message.at)
        if waiting is None or press.confirmation in self._answered:
            raise Refusal("That question was answered already, or is older than 15 minutes; say the command again.")
        asked, fingerprint = waiting
        if press.action == "cancel":
            self.confirmations.settle(press.confirmation)
            return Answer(Reply(Outcome.ANSWERED, f"Cancelled by {message.actor.name}; nothing was done."))
        # Whoever presses must be allowed to, so the command runs as theirs; its id stays, so that it runs once.
        pressed = replace(asked, actor=message.actor, resumed=message.resumed)
        answer = self._asked(pressed, dry_run=False, yes=False, agreed=fingerprint)
        if answer.reply.outcome is Outcome.FAILED:
            return answer
        self._answered.add(press.confirmation)

        def settle() -> Reply | None:
            self.confirmations.settle(press.confirmation)
            self._answered.discard(press.confirmation)
            return answer.afterwards()

        return replace(answer, afterwards=settle)

    def _plan(self, invocation: Invocation, context: Context) -> Plan | Errand | Reply:
        planned = self.registry.commands[invocation.verb].run(context, **invocation.arguments)
        if isinstance(planned, Release):
            return replace(planned, proposals=tuple(briefing.prepared(context, each) for each in planned.proposals))
        return briefing.prepared(context, planned) if isinstance(planned, Change) else planned

    def _done(self, invocation: Invocation, context: Context) -> Answer | None:
        """What an interrupted run of this very message has done already, told from Git.

        What names no service, or several, may be half done: planned again, it skips what is there.
        """
        said = {name: str(value) for name, value in invocation.arguments.items()}
        services = invocation.arguments.get("services")
        service = services[0] if isinstance(services, tuple) and len(services) == 1 else said.get("service")
        if service is None or not self.registry.commands[invocation.verb].changes:
            return None
        change = proposals.change_id(context.message)
        for target in context.targets(service, said.get("environment")):
            if (commit := context.git.find_change(target, change)) is not None:
                reply = Reply(Outcome.COMMITTED, f"Done for {target}, in commit {commit[:10]}.", commit=commit)
                return self._followed(reply, partial(self.beginning.known, target.repository, commit))
        return None

    def _question(self, message: Message, planned: Plan, *, changed: bool) -> Reply:
        confirmation = self.confirmations.ask(message, planned.fingerprint, self.now() + CONFIRM_WITHIN)
        note = "The repository has changed since the question was asked, so here it is again." if changed else ""
        return results.question(planned, confirmation, _shown(planned), note)

    def _perform(self, context: Context, invocation: Invocation, planned: Change) -> Answer:
        message = context.message

        def plan_again() -> Change | Unchanged:
            return _same(planned, self._plan(invocation, self.look(message)))

        try:
            result = self.performer().perform(planned, plan_again)
        except (Refusal, Unavailable) as trouble:
            outcome = Outcome.REFUSED if isinstance(trouble, Refusal) else Outcome.FAILED
            self._keep(message, planned, outcome, str(trouble))
            raise
        reply = results.performed(planned, result)
        unkept = self._keep(message, planned, reply.outcome, reply.text)
        answer = self._begin(message, planned, result, reply)
        answer = replace(answer, reply=replace(answer.reply, sections=(*answer.reply.sections, *unkept)))
        if isinstance(result, Opened | Adopted):
            return replace(answer, afterwards=lambda: self._follow_up(context, invocation, planned, result.pull))
        return answer

    def _begin(self, message: Message, planned: Change, result: Result, reply: Reply) -> Answer:
        """The answer to what was done; where that is followed, its message is the one that is kept up to date."""
        if not isinstance(planned, Proposal) or not isinstance(result, Opened | Adopted | Committed):
            return Answer(reply)
        new = beginning.promotion(planned, result, reply, message, self.now())
        return self._followed(reply, partial(self.beginning.begin, new))

    def _followed(self, reply: Reply, find: Callable[[], Promotion | None]) -> Answer:
        """The answer that tells the promotion, if there is one: what is done stays so where nobody can follow it."""
        try:
            followed = find()
        except Unavailable as trouble:
            return Answer(replace(reply, sections=(*reply.sections, Section(f"It is not followed: {trouble}"))))
        if followed is None:
            return Answer(reply)
        return Answer(self.beginning.answer(followed, reply), said=partial(self.beginning.said, followed))

    def _release(self, context: Context, invocation: Invocation, planned: Release) -> Answer:
        """Each proposal by itself: one that fails doesn't hide the others."""
        answers = []
        for proposal in planned.proposals:
            try:
                answers.append(self._perform(context, invocation, proposal))
            except (Refusal, Unavailable) as trouble:
                outcome = Outcome.REFUSED if isinstance(trouble, Refusal) else Outcome.FAILED
                answers.append(Answer(Reply(outcome, str(trouble))))

        def afterwards() -> Reply | None:
            warnings = [warning.text for answer in answers if (warning := answer.afterwards())]
            return Reply(Outcome.ANSWERED, " ".join(warnings)) if warnings else None

        reply = results.released(planned, [answer.reply for answer in answers])
        if len(answers) == 1 and not planned.skipped:
            steps = tuple(each for each in answers[0].reply.sections if each.layout is Layout.STEPS)
            choices = answers[0].reply.choices
            return replace(answers[0], reply=replace(reply, sections=(*reply.sections, *steps), choices=choices))
        return Answer(reply, afterwards, more=tuple(each for each in answers if each.said is not _unnoted))

    def _run(self, message: Message, planned: Errand) -> Answer:
        try:
            reply = results.run(self.performer().run(planned))
        except (Refusal, Unavailable) as trouble:
            outcome = Outcome.REFUSED if isinstance(trouble, Refusal) else Outcome.FAILED
            self._keep(message, planned, outcome, str(trouble))
            raise
        return Answer(replace(reply, sections=self._keep(message, planned, reply.outcome, reply.text)))

    def _withdraw(self, message: Message, planned: Withdrawal) -> Answer:
        self.performer().withdraw(planned)
        reply = results.withdrawn(planned)
        return Answer(replace(reply, sections=self._keep(message, planned, reply.outcome, reply.text)))

    def _keep(
        self, message: Message, planned: Change | Withdrawal | Errand, outcome: Outcome, detail: str
    ) -> tuple[Section, ...]:
        """What to say where the audit can't hold it: what is done is done, and must not be said to have failed."""
        try:
            said = f" Anyway, because {planned.because}" if isinstance(planned, Change) and planned.because else ""
            for target in planned.targets or (None,):
                self.audit.record(message, planned.verb, target, outcome, detail + said)
        except Unavailable as trouble:
            return (Section(f"The audit does not hold this: {trouble}"),)
        return ()

    def _follow_up(self, context: Context, invocation: Invocation, planned: Change, pull: PullRequest) -> Reply | None:
        closed = ""
        if planned.gated and planned.merge is Merge.WHEN_READY:
            closed = self._closed(context.message, invocation, planned)
        agreed = replace(planned, merge=Merge.BY_HAND) if closed else planned
        said = self.performer().follow_up(briefing.completed(context, agreed), pull)
        if closed:
            said = (*said, f"Pull request #{pull.number} does not merge by itself: {closed}")
        return Reply(Outcome.ANSWERED, " ".join(said)) if said else None

    def _closed(self, message: Message, invocation: Invocation, planned: Change) -> str:
        """Why it would not be done again, now that it could be merged; empty if all of it would."""
        try:
            again = _same(planned, self._plan(invocation, self.look(message)))
        except (Refusal, Unavailable) as trouble:
            return str(trouble)
        if isinstance(again, Unchanged):
            return again.why
        return "" if set(again.targets) == set(planned.targets) else "not all of it may go on any more."


def _shown(planned: Plan) -> str:
    """The diff of all that is planned."""
    return proposals.diff([edit for each in results.proposed(planned) for edit in each.edits], context=0)


def _same(asked: Change, again: Plan | Errand | Reply) -> Change | Unchanged:
    """The proposal for the same services in what was planned again."""
    if isinstance(again, Reply | Errand):
        return Unchanged(again.text)
    planned = results.proposed(again)
    for each in planned:
        if len(planned) == 1 or each.targets == asked.targets:
            return each
    return Unchanged(f"{wording.change(asked)} is no longer to be done: it was done meanwhile, or can't be.")


def _misunderstood(trouble: Misunderstanding) -> Reply:
    sections: tuple[Section, ...] = ()
    if trouble.position is not None:
        start = trouble.text.rfind("\n", 0, trouble.position) + 1
        line = trouble.text[start:].partition("\n")[0]
        caret = " " * (trouble.position - start) + "^" * max(1, trouble.length)
        sections = (Section(f"{line}\n{caret}", Layout.CODE),)
    return Reply(Outcome.MISUNDERSTOOD, trouble.sentence, sections, private=True)
