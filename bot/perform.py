"""The only caller of writes. Takes a change as a value and makes it so; done twice, it has the effect of once.

Must not know a verb, a chat or a library: it adopts, retries and gives up by what the ports answer.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from bot import proposals, wording
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Delivery
from bot.model.change import Adopted, Committed, Contested, Failed, Opened, Outcome, Proposal, PullRequest, Unchanged
from bot.ports import ForgeWrites, GitWrites

TRIES = 10
"""Pushes to a branch that others push to as well, before giving up."""

FIRST_PAUSE = 0.2
"""Seconds after the first lost race; each further one half as long again."""

Plan = Callable[[], Proposal | Unchanged]
"""Look again and plan again, on the branch as it is now."""


@dataclass(frozen=True)
class Performer:
    """Where changes are made. Without a forge, only pushes can be."""

    git: GitWrites
    forge: ForgeWrites | None
    pause: Callable[[float], None] = time.sleep
    _opening: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    """Held from looking for a pull request that stands in the way until ours is open: of two at once, one must see the
    other."""

    def perform(self, proposal: Proposal, plan_again: Plan) -> Outcome:
        """Make the change. Refusal and Unavailable pass through; nothing is half done then."""
        if not proposal.edits:
            return Unchanged(f"{proposal.target} is already {proposal.to_version}.")
        if proposal.delivery is Delivery.PUSH:
            return self._push(proposal, plan_again)
        return self._open(proposal)

    def follow_up(self, proposal: Proposal, pull: PullRequest) -> tuple[str, ...]:
        """Labels and reviewers of a new pull request: a warning for each that failed, since the request stands."""
        if self.forge is None:
            return ()
        there, warnings = (proposal.target.repository, pull.number), []
        asks = {"labels": partial(self.forge.label, *there, proposal.labels)}
        asks |= {f"review by {name}": partial(self.forge.request_review, *there, [name]) for name in proposal.reviewers}
        for what, ask in asks.items():
            try:
                ask()
            except (Refusal, Unavailable) as trouble:
                warnings.append(f"Pull request #{pull.number} is open, but without {what}: {trouble}")
        return tuple(warnings)

    def _push(self, proposal: Proposal, plan_again: Plan) -> Outcome:
        for attempt in range(TRIES):
            commit = self.git.commit(proposal.target.repository, proposal.base, proposal.drafts)
            if self.git.push_base(proposal.target.repository, commit):
                return Committed(commit)
            self.pause(FIRST_PAUSE * 1.5**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter, not secrecy
            again = plan_again()
            if isinstance(again, Unchanged):
                return again
            if other := _otherwise(proposal, again):
                return Failed(f"{other}, so nothing was done. Look at it with status, then say it again.")
            proposal = again
        return Failed(
            f"The branch of {proposal.target.repository} moved {TRIES} times while this was pushed; nothing was done. "
            "Try again in a minute."
        )

    def _open(self, proposal: Proposal) -> Outcome:
        repository = proposal.target.repository
        if self.forge is None:
            raise Refusal(
                f"{proposal.target.environment} changes by pull request, and no forge is configured: set GITHUB_TOKEN, "
                f"or change: push under environments.{proposal.target.environment}."
            )
        with self._opening:
            existing = None
            for pull in self.forge.pulls(repository):
                if pull.ours and pull.branch == proposal.branch:
                    existing = pull
                elif pull.ours and proposals.moves(pull.branch, proposal.target):
                    return Contested(pull)
            commit = self.git.commit(repository, proposal.base, proposal.drafts)
            self.git.push_branch(repository, proposal.branch, commit)
            if existing is not None:
                return Adopted(existing)
            opened = self.forge.open(repository, title=proposal.title, body=proposal.body, branch=proposal.branch)
        return Opened(opened)


def _otherwise(asked: Proposal, again: Proposal) -> str | None:
    """What makes a plan another than the one that was asked for, and perhaps confirmed."""
    if again.target != asked.target:
        # `rollback payment` means wherever it moved last: there, nobody judged whether this person may.
        return f"That would change {again.target} by now and not {asked.target}"
    if again.from_version != asked.from_version:
        moved = f"{wording.short(asked.from_version)} to {wording.short(again.from_version)}"
        return f"{asked.target} was changed from {moved} by someone else meanwhile"
    if again.to_version != asked.to_version:
        now, then = wording.short(again.to_version), wording.short(asked.to_version)
        return f"{asked.target} would go to {now} by now and not to {then}"
    return None
