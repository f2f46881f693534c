"""The only caller of writes. Takes a change as a value and makes it so; done twice, it has the effect of once.

Must not know a verb, a chat or a library: it adopts, retries and gives up by what the ports answer.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock

from bot import branches, wording
from bot.errors import Protected, Refusal, Unavailable
from bot.model.catalog import Delivery, Merge, Target
from bot.model.change import (
    Adopted,
    Amendment,
    Change,
    Committed,
    Contested,
    Done,
    Errand,
    Failed,
    Muting,
    Opened,
    Outcome,
    Proposal,
    Queueing,
    Reversal,
    Unchanged,
    Unqueueing,
    Withdrawal,
    Withdrawn,
)
from bot.model.promotion import Report
from bot.model.pull import PullRequest
from bot.ports import EngineWrites, ForgeWrites, Git, GitWrites, Mutes, Queue
from bot.pulls import pending

TRIES = 10
"""Pushes to a branch that others push to as well, before giving up."""

FIRST_PAUSE = 0.2
"""Seconds after the first lost race; each further one half as long again."""

Plan = Callable[[], Change | Unchanged]
"""Look again and plan again, on the branch as it is now."""


@dataclass(frozen=True)
class Performer:
    """Where changes are made. Without a forge, only pushes can be. `look` gives reads, all of them fresh."""

    git: GitWrites
    forge: ForgeWrites | None
    look: Callable[[], Git]
    pause: Callable[[float], None] = time.sleep
    mutes: Mutes | None = None
    engines: EngineWrites | None = None
    queue: Queue | None = None
    _opening: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    """Held from looking for a pull request that stands in the way until ours is open: of two at once, one must see the
    other."""

    def perform(self, proposal: Change, plan_again: Plan) -> Outcome:
        """Make the change. Refusal and Unavailable pass through; nothing is half done then."""
        if not proposal.edits:
            step = proposal.steps[0] if isinstance(proposal, Proposal) else None
            return Unchanged(f"{proposal.targets[0]} is already {step.to_version if step else 'so in Git'}.")
        if proposal.delivery is Delivery.PUSH:
            return self._push(proposal, plan_again)
        return self._open(proposal)

    def follow_up(self, proposal: Change, pull: PullRequest) -> tuple[str, ...]:
        """What a pull request gets once it is open: its whole text, labels, people, and at last its merge.

        Gives what to say of it: a warning for each that failed, since the request stands, and a merge done at once.
        """
        if self.forge is None:
            return ()
        there: tuple[str, int] = (proposal.repository, pull.number)
        asks: dict[str, Callable[[], object]] = {}
        if (pull.title, pull.body) != (proposal.title, proposal.body):
            asks["its whole text"] = partial(self.forge.edit, *there, title=proposal.title, body=proposal.body)
        asks["labels"] = partial(self.forge.label, *there, proposal.labels)
        asks |= {f"{name} as assignee": partial(self.forge.assign, *there, [name]) for name in proposal.assignees}
        # GitHub asks nobody at all where the author is among them.
        reviewers = [name for name in proposal.reviewers if name.casefold() != pull.author.casefold()]
        asks |= {f"review by {name}": partial(self.forge.request_review, *there, [name]) for name in reviewers}
        said = []
        for what, ask in asks.items():
            try:
                ask()
            except (Refusal, Unavailable) as trouble:
                said.append(f"Pull request #{pull.number} is open, but without {what}: {trouble}")
        if proposal.merge is Merge.WHEN_READY:
            said += self._merge(self.forge, proposal, pull)
        return tuple(said)

    def _merge(self, forge: ForgeWrites, proposal: Change, pull: PullRequest) -> list[str]:
        """What there is to say of it: nothing where it merges later by itself, as was promised."""
        try:
            commit = forge.merge_when_ready(proposal.repository, pull.number, head=pull.head)
        except (Refusal, Unavailable) as trouble:
            return [f"Pull request #{pull.number} does not merge by itself: {trouble}"]
        return [f"Pull request #{pull.number} is merged, in commit {commit[:10]}."] if commit else []

    def _push(self, proposal: Change, plan_again: Plan) -> Outcome:
        with self.git.turn(proposal.repository) as newest:
            return self._push_onto(newest, proposal, plan_again)

    def _push_onto(self, newest: str, proposal: Change, plan_again: Plan) -> Outcome:
        """Whoever waited for the turn finds the branch further on, and plans again before pushing in vain."""
        for attempt in range(TRIES):
            if proposal.base != newest:
                again = plan_again()
                if isinstance(again, Unchanged):
                    return again
                if other := _otherwise(proposal, again):
                    return Failed(f"{other}, so nothing was done. Look at it with status, then say it again.")
                proposal = again
            commit = self.git.commit(proposal.repository, proposal.base, proposal.drafts)
            try:
                if self.git.push_base(proposal.repository, commit):
                    return Committed(commit)
            except Protected as refusal:
                return self._open_instead(proposal, refusal)
            newest = ""  # wherever others have moved it
            self.pause(FIRST_PAUSE * 1.5**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter, not secrecy
        return Failed(
            f"The branch of {proposal.repository} moved {TRIES} times while this was pushed; nothing was done. "
            "Try again in a minute."
        )

    def report(self, report: Report) -> None:
        """Tell the forge how a deployment stands, if there is one. Refusal and Unavailable pass through."""
        if self.forge is not None:
            self.forge.report(report)

    def withdraw(self, withdrawal: Withdrawal) -> Outcome:
        """Close a pull request of ours, and say there why. Refusal and Unavailable pass through."""
        forge = self._forge(withdrawal.environment, withdrawal.verb)
        self._close(forge, withdrawal.repository, withdrawal.pull, withdrawal.comment)
        return Withdrawn(withdrawal.pull)

    def run(self, errand: Errand) -> Done | Unchanged:
        """Have it done. Refusal and Unavailable pass through."""
        if isinstance(errand, Muting):
            return self._mute(errand)
        if isinstance(errand, Queueing | Unqueueing):
            return self._queue(errand)
        if self.engines is None:
            raise Refusal(f"No engine can be asked to sync {errand.target} from here.")
        self.engines.sync(errand.deployed)
        return Done(errand.text)

    def _queue(self, errand: Queueing | Unqueueing) -> Done | Unchanged:
        if self.queue is None:
            raise Refusal("Nothing remembers here what waits, so nothing was put there or taken back.")
        if isinstance(errand, Queueing):
            self.queue.put(errand.waiting)
        elif not self.queue.take(errand.waiting):
            return Unchanged(f"{errand.target} waits for nothing any more.")
        return Done(errand.text, errand.choices)

    def _mute(self, muting: Muting) -> Done | Unchanged:
        if self.mutes is None:
            raise Refusal("Nothing remembers mutes here, so nothing was muted.")
        if muting.mute is not None:
            self.mutes.mute(muting.mute)
        elif not self.mutes.unmute(muting.target.environment, muting.target.service):
            return Unchanged(f"{muting.target} is not muted, so its drift is told anyway.")
        return Done(muting.text)

    def _open(self, proposal: Change) -> Outcome:
        repository, forge = proposal.repository, self._forge(proposal.environment, proposal.verb)
        with self._opening:
            existing, older, seen = None, [], set()
            for pull in (pull for pull in forge.pulls(repository) if pull.ours):
                seen.add(pull.number)
                if pull.branch == proposal.branch:
                    existing = pull
                elif contested := self._same_matter(proposal, pull):
                    if not self._may_replace(proposal, pull):
                        return Contested(contested[0], pull)
                    older.append(pull)
            commit = self.git.commit(repository, proposal.base, proposal.drafts)
            head = self.git.push_branch(repository, proposal.branch, commit)
            if existing is None:
                ours = forge.open(
                    repository,
                    title=proposal.title,
                    body=proposal.body,
                    branch=proposal.branch,
                    draft=proposal.draft,
                )
                # Another process may have looked when ours wasn't there either: the later of the two sees both.
                for pull in (pull for pull in forge.pulls(repository) if pull.ours and pull.number not in seen):
                    same = pull.number < ours.number and self._same_matter(proposal, pull)
                    if same and self._may_replace(proposal, pull):
                        older.append(pull)
            else:
                ours = replace(existing, head=head)
            # Ours is there first: killed in between, there are two pull requests for a while, but never none.
            for pull in older:
                self._close(forge, repository, pull, f"#{ours.number} takes the place of this pull request.")
        return Opened(ours, tuple(older)) if existing is None else Adopted(ours)

    def _same_matter(self, proposal: Change, pull: PullRequest) -> tuple[Target, ...]:
        """The targets for which two pull requests can't both be meant: both move it, or both amend it in one way."""
        if isinstance(proposal, Amendment):
            return tuple(each for each in proposal.targets if branches.amends(pull.branch, proposal.verb, each))
        return pending.moved(self.look(), pull, proposal.repository, proposal.targets)

    def _open_instead(self, proposal: Change, refusal: Protected) -> Outcome:
        """What can't be pushed is proposed, where there is a forge, and said to be."""
        if self.forge is None:
            raise refusal
        result = self._open(proposal)
        return replace(result, why=str(refusal)) if isinstance(result, Opened) else result

    def _forge(self, environment: str, verb: str) -> ForgeWrites:
        if self.forge is None and verb in branches.AMENDING:
            raise Refusal(f"{verb} opens a pull request, and no forge is configured: {wording.SIGN_IN}.")
        if self.forge is None:
            raise Refusal(
                f"{environment} changes by pull request, and no forge is configured: {wording.SIGN_IN}, "
                f"or change: push under environments.{environment}."
            )
        return self.forge

    def _close(self, forge: ForgeWrites, repository: str, pull: PullRequest, why: str) -> None:
        forge.comment(repository, pull.number, why)
        forge.close(repository, pull.number, delete_branch=True)

    def _may_replace(self, proposal: Change, pull: PullRequest) -> bool:
        """A rollback gives way to none but another; a release to what moves all of its services; and what holds other
        people's commits, merges of the base aside, to nothing."""
        if branches.is_rollback(pull.branch) and not isinstance(proposal, Reversal):
            return False
        commits = self.look().unmerged(proposal.repository, pull.head)
        if not all(each.is_ours or len(each.parents) > 1 for each in commits):
            return False
        if not branches.is_release(pull.branch):
            return True
        ours = {(target.environment, target.service) for target in proposal.targets}
        return pending.released(self.look(), pull, proposal.repository) <= ours


def _otherwise(asked: Change, again: Change) -> str | None:
    """What makes a plan another than the one that was asked for, and perhaps confirmed."""
    if again.targets != asked.targets:
        # `rollback payment` means wherever it moved last: there, nobody judged whether this person may.
        now, then = (wording.joined([str(target) for target in each.targets]) for each in (again, asked))
        return f"That would change {now} by now and not {then}"
    if new := [other for other in again.also if other not in asked.also]:
        return f"That would move {wording.joined([str(other) for other in new])} as well by now"
    if not (isinstance(asked, Proposal) and isinstance(again, Proposal)):
        return None if again.fingerprint == asked.fingerprint else f"{asked.targets[0]} would change otherwise by now"
    for step, before in zip(again.steps, asked.steps, strict=True):
        if step.from_version != before.from_version:
            moved = f"{wording.short(before.from_version)} to {wording.short(step.from_version)}"
            return f"{step.target} was changed from {moved} by someone else meanwhile"
        if step.to_version != before.to_version:
            now, then = wording.short(step.to_version), wording.short(before.to_version)
            return f"{step.target} would go to {now} by now and not to {then}"
    return None
