"""Propose that what differs now is never told again: rules for the config repository, to be reviewed there."""

from bot import branches, proposals, wording
from bot.command import Context, command
from bot.drift import ignores
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, Reason, TargetName
from bot.model.catalog import Delivery
from bot.model.change import Amendment, Draft, Edit
from bot.model.rules import Ignore
from bot.model.sync import Severity, SyncState


@command(
    "drift ignore <service> in <environment> [because <reason…>]",
    examples=["drift ignore payment in prod because the HPA scales it"],
    changes=True,
)
def drift_ignore(
    ctx: Context, service: TargetName, environment: EnvironmentName, reason: Reason | None = None
) -> Amendment:
    """Open a pull request with rules that ignore a target's present findings, each by its object and place.

    The rules stand in .quarterdeck/ignore.yaml of the config repository, and count once they are merged. What is
    missing, or is there and should not be, has no place: that is not ignored.
    """
    target = ctx.target(service, environment, watched=True)
    (sighting,) = ctx.survey.look([target])
    told = [each for each in sighting.differences if each.severity is not Severity.INFO]
    findings = tuple(each for each in told if each.pointer)
    if not findings:
        why = f" ({sighting.why})" if sighting.why and sighting.sync is not SyncState.DRIFTED else ""
        whole = f"; {told[0].object} as a whole is no place to ignore" if told else ""
        raise Refusal(f"{target} is {sighting.sync}{why}, and has no finding that could be ignored{whole}.")
    why = reason or f"{ctx.message.actor.name} asked for it on {ctx.now:%Y-%m-%d}"
    rules = [
        Ignore(
            why,
            kind=each.object.kind,
            name=each.object.name,
            path=each.pointer,
            service=target.service,
            environment=target.environment,
        )
        for each in findings
    ]
    tree = ctx.git.head(target.repository)
    before = tree.read(ignores.FILE)
    edit = Edit(ignores.FILE, before, ignores.added(before, rules))
    if edit.before == edit.after:
        raise Refusal(f"{ignores.FILE} has rules for all findings of {target} already.")
    count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
    title = f"Ignore {count} of {target}"
    left = [wording.joined([str(each.object) for each in told if not each.pointer])]
    return Amendment(
        verb="drift ignore",
        target=target,
        summary=f"{count} to be ignored from now on, because {why}",
        findings=findings,
        delivery=Delivery.PULL_REQUEST,
        base=tree.commit,
        drafts=(Draft(proposals.amendment_message(title, target, ctx.message), (edit,)),),
        branch=branches.amendment("drift ignore", target, repr([(each.object, each.pointer) for each in findings])),
        title=title,
        notes=tuple(f"Not ignored, since it is a whole object: {each}." for each in left if each),
    )
