"""Write what a cluster has into Git, where Git writes that field: drift that was right ends that way."""

from collections.abc import Sequence

from bot import branches, pins, policy, proposals, wording
from bot.command import Context, command
from bot.comparison.identity import declared
from bot.drift.adoption import Adopter
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, TargetName
from bot.manifests import images
from bot.model.catalog import Delivery, Target
from bot.model.change import Amendment, Draft
from bot.model.sync import Difference, Kind, SyncState
from bot.ports import Tree
from bot.preview import Preview

NAMED = 8
"""Findings that can't be adopted and are named; of more, it says how many."""


@command("drift adopt <service> in <environment>", examples=["drift adopt payment in prod"], changes=True)
def drift_adopt(ctx: Context, service: TargetName, environment: EnvironmentName) -> Amendment:
    """Open a pull request that writes the live values of a target into Git, so that they stay.

    It is a pull request in every environment, since nobody has reviewed yet what somebody changed by hand. Only single
    values that Git declares are adopted, and none of Secrets; what else differs is named, with the reason.
    """
    target = ctx.target(service, environment, watched=True)
    (seen,) = ctx.survey.inspect([target])
    if seen.evidence is None or seen.sighting.sync is not SyncState.DRIFTED:
        why = f": {seen.sighting.why}" if seen.sighting.why else ""
        raise Refusal(f"{target} is {seen.sighting.sync}{why}; only what drifted can be adopted.")
    tree = seen.evidence.declared.tree
    allowed, refused = _allowed(ctx, [each for each in seen.sighting.differences if each.kind is Kind.DRIFT])
    adopter = Adopter(
        tree,
        target,
        ctx.survey.renderer,
        lambda manifests: {item.ref: item.manifest for item in declared(manifests, target.namespace)},
        [each for each in ctx.compared() if each != target and each.repository == target.repository],
    )
    adoption = adopter.plan(allowed, seen.evidence.live)
    left = [*refused, *adoption.left]
    if not adoption.edits:
        raise Refusal(_nothing(target, left))
    count = f"{len(adoption.adopted)} live value{'s' if len(adoption.adopted) > 1 else ''}"
    title = f"Adopt {count} of {target}"
    return Amendment(
        verb="drift adopt",
        target=target,
        summary=f"{count} written into Git",
        findings=adoption.adopted,
        delivery=Delivery.PULL_REQUEST,
        base=tree.commit,
        drafts=(Draft(proposals.amendment_message(title, target, ctx.message), adoption.edits),),
        branch=branches.amendment("drift adopt", target, repr([(each.path, each.after) for each in adoption.edits])),
        title=title,
        notes=(*_moved(target, tree, Preview(tree, adoption.edits)), *_left(left)),
    )


def _allowed(ctx: Context, findings: Sequence[Difference]) -> tuple[list[Difference], list[tuple[Difference, str]]]:
    """The findings but images that the config does not allow, and why those are not."""
    allowed, refused = [], []
    for each in findings:
        try:
            if each.pointer.endswith("/image") and each.live:
                image = images.parse(each.live)
                policy.check(ctx.catalog.images, image.name, image.version or "latest")
            allowed.append(each)
        except Refusal as refusal:
            refused.append((each, str(refusal)))
    return allowed, refused


def _moved(target: Target, before: Tree, after: Tree) -> list[str]:
    """That the version goes with it, where somebody changed the image by hand."""
    try:
        old, new = (None if target.watched else pins.current(tree, target) for tree in (before, after))
    except Refusal:
        return []
    moved = f"from {wording.short(old)} to {wording.short(new)}"
    return [] if old == new else [f"This moves the version of {target} in Git {moved}, which is what runs."]


def _left(left: Sequence[tuple[Difference, str]]) -> list[str]:
    said = [f"Not adopted: {_place(each)}: {why}" for each, why in left[:NAMED]]
    return [*said, f"{len(left) - NAMED} more are not adopted."] if len(left) > NAMED else said


def _nothing(target: Target, left: Sequence[tuple[Difference, str]]) -> str:
    if not left:
        return f"{target} has no value that could be adopted: only values that Git declares can be."
    (first, why), *others = left
    more = f" So it is, or alike, with {len(others)} more." if others else ""
    return f"Nothing of {target} can be adopted. {_place(first)}: {why}{more}"


def _place(found: Difference) -> str:
    return f"{found.object} {found.path}"
