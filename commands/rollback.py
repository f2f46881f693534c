"""Take services back: a `git revert` of the commits that moved them, limited to their own folders."""

from collections.abc import Sequence
from dataclasses import replace

from bot import branches, pins, proposals, wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, PullNumber, ServiceName, VersionName
from bot.lineage import Lineage, Way, is_ours
from bot.model.catalog import Delivery, Target
from bot.model.change import (
    Commit,
    Edit,
    Move,
    Release,
    Reversal,
    Skipped,
    Step,
    Withdrawal,
)
from bot.model.pull import PullRequest
from bot.model.reply import Outcome, Reply
from bot.ports import Tree
from bot.preview import Preview
from bot.pulls import landed, pending
from bot.reversal import Return, Reverter


@command(
    "rollback <service> [in <environment>] [from <present>] [to <version>]",
    "rollback pr <number>",
    examples=[
        "rollback payment",
        "rollback payment in prod",
        "rollback payment in prod to v1.1.0",
        "rollback payment in prod from v1.3.0 to v1.2.9",
        "rollback pr 12",
    ],
    changes=True,
)
def rollback(
    ctx: Context,
    service: ServiceName | None = None,
    environment: EnvironmentName | None = None,
    present: VersionName | None = None,
    version: VersionName | None = None,
    number: PullNumber | None = None,
) -> Reversal | Release | Withdrawal | Reply:
    """Take a service back to the version before, or to one that ran there; or back on what a pull request moved.

    Without an environment, the one of its latest move. The change is a git revert, as a pull request or a commit. A
    promotion that is not merged yet is closed instead. What was rolled back is promoted again only “anyway”. With
    “from”, nothing is done if the service has left that version by then.
    """
    if number is not None:
        return _pull(ctx, number)
    if service is None:
        raise AssertionError("every usage without a number names a service")
    target = ctx.target(service, environment) if environment else _latest(ctx, service)
    if version is None and present is None and (pull := _promotion(ctx, target)):
        return _withdrawal(ctx, target, pull)
    tree = ctx.git.head(target.repository)
    current = pins.current(tree, target)
    if present is not None and current != present and present not in (current or "").split("@"):
        now, then = wording.short(current), wording.short(present)
        raise Refusal(f"{target} is at {now} by now and not {then}, so nothing was rolled back.")
    lineage = Lineage(ctx.git.moves(target))
    way = _way(ctx, target, lineage, current, version)
    if isinstance(way, Reply):
        return way
    planned = _reverter(ctx).plan(tree, target, way)
    if planned is None:
        return Reply(Outcome.UNCHANGED, f"{target} is already {wording.short(way.to_version)}.")
    interrupted = _interrupted(ctx, target) if version is None else []
    planned = replace(planned, doubts=(*interrupted, *_by_hand(way, planned.step), *planned.doubts))
    return _reversal(ctx, tree, [planned], _further(target, lineage, way) if version is None else [])


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
    by_commit = {move.commit.sha: move for move in reversed(moves)}
    if len(by_commit) == 1:
        return moves[0]
    log = ctx.git.log(moves[0].target.repository, [""])
    return next(by_commit[commit.sha] for commit in log if commit.sha in by_commit)


def _promotion(ctx: Context, target: Target) -> PullRequest | None:
    """An open pull request of ours that would move the target forward, alone or with others."""
    forge = ctx.reach() if ctx.catalog.environments[target.environment].delivery is Delivery.PULL_REQUEST else None
    pulls = forge.pulls(target.repository) if forge else ()
    for pull in pulls:
        goes_on = pull.ours and not branches.is_rollback(pull.branch)
        if goes_on and pending.moved(ctx.git, pull, target.repository, [target]):
            return pull
    return None


def _withdrawal(ctx: Context, target: Target, pull: PullRequest) -> Withdrawal:
    there = [each for each in ctx.targets(environment=target.environment) if each.repository == target.repository]
    moved = pending.moved(ctx.git, pull, target.repository, there)
    others = wording.joined([each.service for each in moved if each != target])
    stays = wording.short(pins.current(ctx.git.head(target.repository), target))
    return Withdrawal(
        verb="rollback",
        environment=target.environment,
        repository=target.repository,
        pull=pull,
        comment=proposals.closing(f"{target} is to be rolled back, and this was not merged yet.", ctx.message),
        text=(
            f"Pull request #{pull.number} ({pull.title}) is closed: it was not merged, so {target} stays at {stays}. "
            f"To go further back, say: rollback {target.service} in {target.environment}"
        ),
        targets=moved,
        confirm=f"It would have moved {others} as well. Go on?" if others else None,
    )


def _way(ctx: Context, target: Target, lineage: Lineage, current: str | None, version: str | None) -> Way | Reply:
    newest = lineage.moves[0] if lineage.moves else None
    if version is not None:
        if version == current:
            return Reply(Outcome.UNCHANGED, f"{target} is already {wording.short(version)}.")
        return lineage.back_to(version) or _never_ran(target, lineage, version)
    if (way := lineage.back()) is not None:
        return way
    if newest and newest.from_version is not None:
        return Reply(
            Outcome.UNCHANGED,
            f"{target} is already rolled back from {wording.short(newest.from_version)} to "
            f"{wording.short(newest.to_version)} ({wording.since(newest, ctx.now)}), and nothing earlier is known.",
        )
    known = f"; it is {wording.short(newest.to_version)} {wording.since(newest, ctx.now)}" if newest else ""
    raise Refusal(f"{target} was never promoted, so there is no version to go back to{known}.")


def _never_ran(target: Target, lineage: Lineage, version: str) -> Way:
    raise Refusal(
        f"{wording.short(version)} never ran in {target.environment}, so {target.service} can't go back to it. "
        f"Known there: {', '.join(lineage.versions) or 'nothing'}. To go to it anyway, say: "
        f"promote {target.service} {version} to {target.environment}"
    )


def _further(target: Target, lineage: Lineage, way: Way) -> list[str]:
    """What to say to go back further than one step."""
    below = [version for version in lineage.earlier if version != way.to_version]
    if not below:
        return []
    return [f"To go further back, say: rollback {target.service} in {target.environment} to {below[0]}"]


def _by_hand(way: Way, step: Step) -> list[str]:
    """What a person or a program set is not ours to undo unasked."""
    if way.again or not way.moves or is_ours(way.moves[0]):
        return []
    by = f"{way.moves[0].by} ({way.moves[0].commit.sha[:10]})"
    return [f"{wording.short(step.from_version)} in {step.target.environment} was set by {by}, not by me."]


def _interrupted(ctx: Context, target: Target) -> list[str]:
    """A promotion that a killed run has closed can't be seen any more, and this would go one step too far back."""
    if not ctx.message.resumed or ctx.catalog.environments[target.environment].delivery is Delivery.PUSH:
        return []
    return ["I was restarted while I worked on this, and may have closed a pull request for it already."]


def _pull(ctx: Context, number: int) -> Reversal | Release | Reply:
    """Back on each service that a pull request moved, in each environment."""
    repository, commits = _landed(ctx, number)
    among = [target for target in ctx.targets() if target.repository == repository]
    planned: dict[tuple[str, str], list[Return]] = {}
    skipped = []
    for target in landed.touched(ctx.git, among, commits):
        group = (target.environment, target.service if ctx.catalog.environments[target.environment].apart else "")
        before = [edit for each in planned.get(group, []) for edit in each.edits]
        try:
            # Services may share a file: each goes back in what the ones before it leave.
            back = _back_on(ctx, Preview(ctx.git.head(repository), before), target, number, commits)
        except Refusal as refusal:
            back = Skipped(target.service, target.environment, f"{target}: {refusal}", refused=True)
        if isinstance(back, Skipped):
            skipped.append(back)
        elif back is not None:
            planned.setdefault(group, []).append(back)
    if not planned:
        return _nothing(number, skipped)
    tree = ctx.git.head(repository)
    back_on = f"This goes back on pull request #{number}."
    reversals = [_reversal(ctx, tree, returns, [back_on]) for returns in planned.values()]
    return reversals[0] if len(reversals) == 1 and not skipped else Release(tuple(reversals), tuple(skipped))


def _nothing(number: int, skipped: Sequence[Skipped]) -> Reply:
    said = " ".join(each.why for each in skipped)
    if not skipped:
        raise Refusal(
            f"Pull request #{number} changed no service's version in its own folders, so nothing is to be rolled back; "
            "revert it at the forge."
        )
    if any(each.refused for each in skipped):
        raise Refusal(said)
    return Reply(Outcome.UNCHANGED, said)


def _landed(ctx: Context, number: int) -> tuple[str, Sequence[Commit]]:
    """The repository that a pull request was merged in, and its commits there."""
    found = ctx.across(lambda repository: landed.commits(ctx.git, ctx.reach(), repository, number))
    if len(found) > 1:
        names = wording.joined(list(found))
        raise Refusal(f"{names} each have a pull request #{number}; say: rollback <service> in <environment>")
    return next(iter(found.items()))


def _back_on(
    ctx: Context, tree: Tree, target: Target, number: int, commits: Sequence[Commit]
) -> Return | Skipped | None:
    """The way back to before the commits; None where they moved no version of the target."""
    lineage = Lineage(ctx.git.moves(target))
    ids = {commit.sha for commit in commits}
    theirs = [move for move in lineage.moves if move.commit.sha in ids]
    if not theirs:
        return None
    before = theirs[-1].from_version
    if before is None:
        raise Refusal(f"it came there with #{number}, so there is no version to go back to.")
    if undone := lineage.undone(theirs[0]):
        went = f"from {wording.short(undone.from_version)} to {wording.short(undone.to_version)}"
        why = f"{target} is already rolled back {went} ({wording.since(undone, ctx.now)})."
        return Skipped(target.service, target.environment, why, refused=False)
    way = lineage.back_to(before)
    back = _reverter(ctx).plan(tree, target, way) if way else None
    if way is None or back is None:
        why = f"{target} is already {wording.short(before)}."
        return Skipped(target.service, target.environment, why, refused=False)
    since = [move for move in way.moves if move.commit.sha not in ids]
    if not since:
        return back
    later = f"It was moved since #{number}, to {wording.short(back.step.from_version)}; that goes back as well."
    return replace(back, doubts=(*back.doubts, later))


def _reverter(ctx: Context) -> Reverter:
    return Reverter(ctx.git, ctx.message, lambda target, edits: _neighbours(ctx, target, edits))


def _neighbours(ctx: Context, target: Target, edits: Sequence[Edit]) -> list[Target]:
    """The same service elsewhere, whose base may be edited, and the services whose files are."""
    files = {edit.path for edit in edits}
    return [
        other
        for other in ctx.targets()
        if other != target
        and other.repository == target.repository
        and (other.service == target.service or any(_holds(other, file) for file in files))
    ]


def _holds(target: Target, file: str) -> bool:
    return any(f"{file}/".startswith(f"{folder}/") for folder in target.folders)


def _reversal(ctx: Context, tree: Tree, returns: Sequence[Return], notes: Sequence[str]) -> Reversal:
    steps = tuple(each.step for each in returns)
    environment = steps[0].target.environment
    place = ctx.catalog.environments[environment]
    title = proposals.rollback_title(steps)
    notes = [*notes, *(_of(each, note, returns) for each in returns for note in each.notes)]
    doubts = [_of(each, doubt, returns) for each in returns for doubt in each.doubts]
    at_once = ["This is committed at once, without a pull request."] if place.delivery is Delivery.PUSH else []
    return Reversal(
        verb="rollback",
        steps=steps,
        delivery=place.delivery,
        base=tree.commit,
        drafts=tuple(draft for each in returns for draft in each.drafts),
        branch=branches.name("rollback", steps),
        title=title,
        notes=tuple(notes),
        confirm=" ".join([*doubts, *at_once, "Go on?"]) if doubts or at_once else None,
        sure=not doubts,
        also=tuple(other for each in returns for other in each.also),
    )


def _of(one: Return, said: str, returns: Sequence[Return]) -> str:
    return said if len(returns) == 1 else f"{one.step.target.service}: {said}"
