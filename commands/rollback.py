"""Take a service back: a `git revert` of the commits that moved it, limited to its own folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot import pins, proposals, wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, ServiceName, VersionName
from bot.model.catalog import Delivery, Target
from bot.model.change import Draft, Edit, Move, Reversal, Step
from bot.model.reply import Outcome, Reply
from bot.ports import Tree
from bot.preview import Preview


@dataclass(frozen=True)
class Way:
    """The way back: the moves to revert, newest first, and the version that leads to."""

    moves: tuple[Move, ...]
    to_version: str
    again: bool = False
    """Whether it goes on from, or undoes, an earlier rollback."""


@command(
    "rollback <service> [in <environment>] [to <version>]",
    examples=["rollback payment", "rollback payment in prod", "rollback payment in prod to v1.1.0"],
    changes=True,
)
def rollback(
    ctx: Context, service: ServiceName, environment: EnvironmentName | None = None, version: VersionName | None = None
) -> Reversal | Reply:
    """Take a service back to the version before, or to one that ran there.

    Without an environment, the one of its latest move. The change is a git revert, as a pull request or a commit.
    """
    target = ctx.target(service, environment) if environment else _latest(ctx, service)
    tree = ctx.git.head(target.repository)
    current = pins.current(tree, target)
    moves = tuple(ctx.git.moves(target))
    if version is not None and version == current:
        return Reply(Outcome.UNCHANGED, f"{target} is already {wording.short(version)}.")
    if moves and moves[0].to_version not in {None, current}:
        raise Refusal(
            f"{target} went from {wording.short(moves[0].to_version)} to {wording.short(current)} by files outside its "
            f"folders, which may feed other environments, so no revert of its own takes it back. To go back, say: "
            f"promote {target.service} {moves[0].to_version} to {target.environment}"
        )
    way = _way(ctx, target, moves, version)
    return way if isinstance(way, Reply) else _reversal(ctx, tree, target, current, way)


def _latest(ctx: Context, service: str) -> Target:
    targets = ctx.targets(service)
    newest = [move for target in targets if (move := next(ctx.git.moves(target), None)) and move.from_version]
    if newest:
        return _newest(ctx, newest).target
    if len(targets) == 1:
        return targets[0]
    names = ", ".join(target.environment for target in targets)
    raise Refusal(f"{service} was never moved in any environment ({names}), so there is nothing to roll back.")


def _newest(ctx: Context, moves: Sequence[Move]) -> Move:
    """The one that landed last: by the branch's own order where there is one, since clocks have ties and differ."""
    if len({move.target.repository for move in moves}) > 1:
        return max(moves, key=lambda move: move.commit.at)
    folders = [folder for move in moves for folder in move.target.folders]
    by_commit = {move.commit.sha: move for move in reversed(moves)}
    landed = (commit.sha for commit in ctx.git.log(moves[0].target.repository, folders))
    return by_commit[next(sha for sha in landed if sha in by_commit)]


def _way(ctx: Context, target: Target, moves: tuple[Move, ...], version: str | None) -> Way | Reply:
    standing = _standing(moves)
    if version is not None:
        return _way_to(target, moves, standing, version)
    if len(standing) > 1:
        # A rollback that followed a rollback goes further back, never to the version that was left for a reason.
        again = bool(moves) and moves[0] is not standing[-1][1]
        return Way((_moved(standing[-1]),), standing[-2][0], again)
    if moves and moves[0].from_version is not None:
        back = moves[0]
        return Reply(
            Outcome.UNCHANGED,
            f"{target} is already rolled back from {wording.short(back.from_version)} to "
            f"{wording.short(back.to_version)} ({wording.since(back, ctx.now)}), and nothing earlier is known.",
        )
    known = f"; it is {wording.short(moves[0].to_version)} {wording.since(moves[0], ctx.now)}" if moves else ""
    raise Refusal(f"{target} was never promoted, so there is no version to go back to{known}.")


def _way_to(target: Target, moves: tuple[Move, ...], standing: list[tuple[str, Move | None]], version: str) -> Way:
    version = _meant(version, moves)
    versions = [name for name, _ in standing]
    if version in versions:
        above = standing[versions.index(version) + 1 :]
        return Way(tuple(_moved(each) for each in reversed(above)), version)
    ran = {move.to_version for move in moves} | {move.from_version for move in moves if move.from_version}
    if version not in ran:
        known = ", ".join(
            dict.fromkeys(name for move in moves for name in (move.to_version, move.from_version) if name)
        )
        raise Refusal(
            f"{wording.short(version)} never ran in {target.environment}, so {target.service} can't go back to it. "
            f"Known there: {known or 'nothing'}. To go to it anyway, say: "
            f"promote {target.service} {version} to {target.environment}"
        )
    since = []
    for move in moves:
        if move.to_version == version:
            break
        since.append(move)
    return Way(tuple(since), version, again=True)


def _meant(version: str, moves: Sequence[Move]) -> str:
    """The version that ran, where a person named only its tag or only its digest; what they named, if several did."""
    ran = {name for move in moves for name in (move.to_version, move.from_version) if name}
    near = {name for name in ran if version in name.split("@")}
    return near.pop() if version not in ran and len(near) == 1 else version


def _standing(moves: Sequence[Move]) -> list[tuple[str, Move | None]]:
    """The versions that stand under the present one, oldest first, each with the move that brought it.

    Going back to a version takes away all that came after it, whether by a rollback of ours, a revert or by hand: so
    what was left once is not gone back to by a second rollback.
    """
    stack: list[tuple[str, Move | None]] = []
    for move in reversed(moves):
        if move.to_version is None:
            stack.clear()
            continue
        if not stack and move.from_version is not None:
            stack.append((move.from_version, None))
        versions = [version for version, _ in stack]
        if move.to_version in versions:
            del stack[versions.index(move.to_version) + 1 :]
        else:
            stack.append((move.to_version, move))
    return stack


def _moved(standing: tuple[str, Move | None]) -> Move:
    _, move = standing
    if move is None:
        raise AssertionError("only the oldest version stands without a move, and nothing is reverted to get below it")
    return move


def _reversal(ctx: Context, tree: Tree, target: Target, current: str | None, way: Way) -> Reversal | Reply:
    step = Step(target, current, way.to_version)
    trailers = proposals.trailers(step, ctx.message)
    title = proposals.rollback_title([step])
    drafts = _reverted(ctx, tree, target, way)
    notes = [
        f"{wording.short(move.to_version)} was set by {move.by}'s commit {move.commit.sha[:10]}, not by one of mine."
        for move in way.moves[:1]
        if "Quarterdeck-Change" not in move.commit.trailers
    ]
    if drafts is None:
        edits = pins.edits(tree, target, way.to_version)
        if not edits:
            return Reply(Outcome.UNCHANGED, f"{target} is already {wording.short(way.to_version)}.")
        drafts = (Draft(f"{title}\n\n{trailers}\n", edits),)
        notes.append("Later changes stand in the way of a git revert, so only the version is set back.")
    place = ctx.catalog.environments[target.environment]
    every = tuple(edit for draft in drafts for edit in draft.edits)
    # Rolling back once more would go further back.
    undo = f"promote {target.service} {current} to {target.environment}"
    return Reversal(
        verb="rollback",
        steps=(step,),
        delivery=place.delivery,
        base=tree.commit,
        drafts=drafts,
        branch=proposals.branch("rollback", target, way.to_version),
        title=title,
        body=proposals.body(f"{title}.", [step], _net(every), ctx.message, notes, undo=[undo]),
        labels=("quarterdeck", f"env/{target.environment}", "rollback"),
        reviewers=place.reviewers,
        notes=tuple(notes),
        confirm=_confirm(place.delivery, way),
    )


def _reverted(ctx: Context, tree: Tree, target: Target, way: Way) -> tuple[Draft, ...] | None:
    """The reverting commits; None if they conflict, or don't lead to the version."""
    edits = ctx.git.revert(target.repository, [move.commit.sha for move in way.moves], tree.commit, target.folders)
    if edits is None:
        return None
    drafts = tuple(
        Draft(proposals.revert_message(move.commit, _trailers(ctx, move, way)), changed)
        for move, changed in zip(way.moves, edits, strict=True)
        if changed
    )
    after = Preview(tree, _net(tuple(edit for changed in edits for edit in changed)))
    try:
        return drafts if drafts and pins.current(after, target) == way.to_version else None
    except Refusal:
        return None


def _trailers(ctx: Context, move: Move, way: Way) -> str:
    step = Step(move.target, move.to_version, move.from_version or way.to_version)
    return proposals.trailers(step, ctx.message)


def _net(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Edits in turn as one edit a file."""
    merged: dict[str, Edit] = {}
    for edit in edits:
        first = merged.get(edit.path, edit)
        merged[edit.path] = Edit(edit.path, first.before, edit.after)
    return tuple(merged.values())


def _confirm(delivery: Delivery, way: Way) -> str | None:
    if way.again:
        return "It was rolled back before, and this goes on from there. Go on?"
    return "This is committed at once, without a pull request. Go on?" if delivery is Delivery.PUSH else None
