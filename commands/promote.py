"""Move a service forward: the versions that Git pins in an environment are set to the one asked for."""

from collections.abc import Sequence

from bot import pins, policy, proposals, wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, ServiceName, VersionName
from bot.model.catalog import Target
from bot.model.change import Draft, Edit, Proposal
from bot.model.reply import Outcome, Reply
from bot.model.sync import SyncState
from bot.ports import Tree
from bot.preview import Preview


@command(
    "promote <service> <version> to <environment>",
    "promote <service> to <environment>",
    examples=["promote payment v1.3.0 to prod", "promote payment to production"],
    changes=True,
)
def promote(
    ctx: Context, service: ServiceName, environment: EnvironmentName, version: VersionName | None = None
) -> Proposal | Reply:
    """Move a service to a version; without one, to what runs in the environment before.

    Opens a pull request, or commits where the environment says change: push.
    """
    target = ctx.target(service, environment)
    tree = ctx.git.head(target.repository)
    wanted = version or _running_before(ctx, service, environment)
    for image in sorted({pin.image.name for pin in pins.locate(tree, target)}):
        policy.check(ctx.catalog.images, image, wanted)
    edits = pins.edits(tree, target, wanted)
    before = pins.current(tree, target)
    if not edits:
        move = next(ctx.git.moves(target), None)
        # A base outside the target's folders may have moved it since: then that move is not the one.
        known = f" {wording.since(move, ctx.now)}" if move and move.to_version == before else ""
        return Reply(Outcome.UNCHANGED, f"{target} is already {wording.short(wanted)}{known}.")
    title = proposals.promote_title(target, before, wanted)
    trailers = proposals.trailers(target, before, wanted, ctx.message)
    place = ctx.catalog.environments[environment]
    return Proposal(
        verb="promote",
        target=target,
        delivery=place.delivery,
        from_version=before,
        to_version=wanted,
        base=tree.commit,
        drafts=(Draft(f"{title}\n\n{trailers}\n", edits),),
        branch=proposals.branch("promote", target, wanted),
        title=title,
        body=proposals.body(f"{title}.", target, (before, wanted), edits, ctx.message, undo=f"rollback {target}"),
        labels=("quarterdeck", f"env/{target.environment}"),
        reviewers=place.reviewers,
        confirm=_confirm(_doubt(before, wanted), _moved_too(ctx, tree, target, edits)),
    )


def _running_before(ctx: Context, service: str, environment: str) -> str:
    """The version of the environment before: as its cluster runs it, or as Git says where no cluster is configured."""
    order = list(ctx.catalog.environments)
    place = order.index(environment)
    if place == 0:
        raise Refusal(
            f"{environment} is the first environment, so name the version: promote {service} <version> to {environment}"
        )
    before = order[place - 1]
    (sighting,) = ctx.survey.look([ctx.target(service, before)])
    name_it = f"name the version: promote {service} <version> to {environment}"
    if sighting.target.cluster is None:
        if sighting.desired is None:
            raise Refusal(f"Which version {before} has can't be told ({sighting.why}); {name_it}")
        return sighting.desired
    if sighting.live is None or sighting.sync is SyncState.UNKNOWN:
        raise Refusal(f"What runs in {before} can't be told ({sighting.why or 'it is not there'}); {name_it}")
    if sighting.live != sighting.desired:
        raise Refusal(
            f"{service} in {before} is between versions: Git says {sighting.desired}, "
            f"the cluster runs {sighting.live}; {name_it}"
        )
    return sighting.live


def _doubt(before: str | None, after: str) -> str | None:
    """Why someone should look twice at the version, if they should."""
    if before is None:
        return None
    if policy.is_downgrade(before, after):
        return f"{wording.short(after)} is lower than {wording.short(before)}, so this is a downgrade."
    if policy.differs_in_prefix(before, after):
        return f"One of {before} and {after} begins with a v and the other does not; is that image there?"
    return None


def _moved_too(ctx: Context, tree: Tree, target: Target, edits: Sequence[Edit]) -> str | None:
    """Which other environments build on the files to be edited, such as one whose base is this one's folder."""
    after = Preview(tree, edits)
    others = [
        str(other)
        for other in ctx.targets(target.service)
        if other != target and other.repository == target.repository and _told(tree, other) != _told(after, other)
    ]
    return f"This moves {' and '.join(others)} as well, by the same files." if others else None


def _told(tree: Tree, target: Target) -> str | None:
    try:
        return pins.current(tree, target)
    except Refusal:
        return None


def _confirm(*doubts: str | None) -> str | None:
    return " ".join([*filter(None, doubts), "Go on?"]) if any(doubts) else None
