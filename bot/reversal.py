"""What takes a target back: a `git revert` of each move on the way, or, where that doesn't fit, the version set alone.

Reads only. Which way to go is `bot.lineage`'s to know; what becomes of it, the command's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot import markdown, pins, proposals, targets, wording
from bot.errors import Refusal
from bot.lineage import REJECTS, Way
from bot.model.catalog import Target
from bot.model.change import Draft, Edit, Move, Step, net
from bot.model.request import Message
from bot.ports import Git, Tree
from bot.preview import Preview

CONFLICTS = "Later changes stand in the way of a git revert, so only the version is set back."


@dataclass(frozen=True, slots=True)
class Return:
    """One target's way back, planned. Doubts are reasons to have it confirmed."""

    step: Step
    drafts: tuple[Draft, ...]
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    also: tuple[Target, ...] = ()
    """What the same files move as well."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What the drafts come to, one edit a file."""
        return net(edit for draft in self.drafts for edit in draft.edits)


@dataclass(frozen=True)
class Reverter:
    """Plans for one message. `neighbours` gives the other targets that may be made of the files that edits touch."""

    git: Git
    message: Message
    neighbours: Callable[[Target, Sequence[Edit]], Sequence[Target]]

    def plan(self, tree: Tree, target: Target, way: Way) -> Return | None:
        """None where the target is there already. Refusal where its version can't be told, or can't be set.

        Where `tree` is a preview, others' edits are in it, and no file of theirs is reverted.
        """
        step = Step(target, pins.current(tree, target), way.to_version)
        alone = _alone(tree, target, way.to_version)
        drafts, why = self._reverts(tree, way, step)
        doubts = _again(way, self.message)
        if drafts:
            notes = alone.notes if isinstance(alone, pins.Plan) else ()
            doubts += _more(drafts, alone, step)
        elif isinstance(alone, Refusal):
            raise alone
        elif not alone.edits:
            return None
        else:
            notes = (why, *alone.notes)
            drafts = (Draft(f"{proposals.rollback_title([step])}\n\n{self._trailers(step, way)}\n", alone.edits),)
        edits = [edit for draft in drafts for edit in draft.edits]
        others = targets.moved(tree, edits, self.neighbours(target, edits))
        doubts += filter(None, [wording.moved_too(others)])
        return Return(step, drafts, notes, tuple(doubts), others)

    def _reverts(self, tree: Tree, way: Way, step: Step) -> tuple[tuple[Draft, ...], str]:
        """The reverting commits; none, and why, if they conflict, or do anything but lead to the version."""
        target = step.target
        commits = [move.commit.sha for move in way.moves]
        reverted = self.git.revert(target.repository, commits, tree.commit, target.folders)
        if not reverted:
            return (), CONFLICTS
        drafts = tuple(
            Draft(proposals.revert_message(move.commit, self._trailers(_step(move, way), way)), edits)
            for move, edits in zip(way.moves, reverted, strict=True)
            if edits
        )
        edits = net(edit for draft in drafts for edit in draft.edits)
        if not edits:
            by = way.moves[0].commit.sha[:10]
            return (), f"It was moved by {by} outside its own folders, so only the version is set back, and only here."
        after = Preview(tree, edits)
        if any(tree.read(edit.path) != edit.before for edit in edits) or _told(after, target) != way.to_version:
            return (), CONFLICTS
        others = targets.moved(tree, edits, self.neighbours(target, edits))
        if any(other.environment == target.environment for other in others):
            names = wording.joined([other.service for other in others])
            return (), f"A git revert would take {names} back as well, so only the version is set back."
        return drafts, ""

    def _trailers(self, step: Step, way: Way) -> str:
        said = proposals.trailers(step, self.message)
        rejects = "" if way.undoes or step.from_version is None else f"\n{REJECTS}: {markdown.flat(step.from_version)}"
        return said + rejects


def _alone(tree: Tree, target: Target, version: str) -> pins.Plan | Refusal:
    try:
        return pins.plan(tree, target, version)
    except Refusal as refusal:
        return refusal


def _told(tree: Tree, target: Target) -> str | None:
    try:
        return pins.current(tree, target)
    except Refusal:
        return None


def _step(move: Move, way: Way) -> Step:
    return Step(move.target, move.to_version, move.from_version or way.to_version)


def _again(way: Way, message: Message) -> list[str]:
    if way.again is None:
        return []
    since = wording.since(way.again, message.at)
    if way.undoes:
        return [f"{wording.short(way.to_version)} was left for {wording.short(way.again.to_version)}, {since}."]
    return [f"It was rolled back before, {since}; this goes further back."]


def _more(drafts: Sequence[Draft], alone: pins.Plan | Refusal, step: Step) -> list[str]:
    """What else the commits brought to the service's folders goes back with the version: a person should know."""
    wanted = alone.edits if isinstance(alone, pins.Plan) else ()
    files = [edit.path for edit in net(edit for draft in drafts for edit in draft.edits) if edit not in wanted]
    if not files:
        return []
    only = (
        f"to set the version alone, say: promote {step.target.service} {step.to_version} to {step.target.environment}"
    )
    return [f"More than the version goes back, in {wording.joined(files)} ({only})."]
