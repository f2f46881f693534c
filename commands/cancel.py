"""Take back what was asked for and is not done yet: one of our pull requests is closed, and its branch goes; or what
waits for its gates waits no longer."""

from bot import branches, proposals, queueing, wording
from bot.command import Context, command
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, PullNumber, ServiceName
from bot.model.catalog import Target
from bot.model.change import Unqueueing, Withdrawal
from bot.model.pull import PullRequest
from bot.model.reply import Outcome, Reply
from bot.pulls import pending


@command(
    "cancel pr <number>",
    "cancel <service> in <environment>",
    examples=["cancel pr 12", "cancel payment in prod"],
    changes=True,
)
def cancel(
    ctx: Context,
    number: PullNumber | None = None,
    service: ServiceName | None = None,
    environment: EnvironmentName | None = None,
) -> Withdrawal | Unqueueing | Reply:
    """Close a pull request of the bot's that is open, tell it who asked, and delete its branch.

    With a service and an environment, take back a promotion that waits there until it is healthy.
    """
    if service is not None and environment is not None:
        return _unqueued(ctx, ctx.target(service, environment))
    return _closed(ctx, number or PullNumber(0))


def _unqueued(ctx: Context, target: Target) -> Unqueueing | Reply:
    back = queueing.take_back(ctx, target)
    why = f"Nothing waits to go to {target}. To close a pull request of mine, say: cancel pr <number>"
    return back or Reply(Outcome.UNCHANGED, why)


def _closed(ctx: Context, number: int) -> Withdrawal | Reply:
    repository, pull = _found(ctx, number)
    named = f"Pull request #{pull.number} ({pull.title})"
    if not pull.ours:
        raise Refusal(f"{named} is {pull.author}'s and none of mine, so it is left alone; close it at {pull.url}")
    if pull.state != "open":
        back = f"; to take it back, say: rollback pr {pull.number}" if pull.state == "merged" else ""
        return Reply(Outcome.UNCHANGED, f"{named} is {pull.state} already{back}.")
    environment = branches.environment(pull.branch, ctx.catalog.environments)
    if environment is None:
        raise Refusal(f"{named} is for no environment of the config, so nobody may close it here; do so at {pull.url}")
    there = [target for target in ctx.targets(environment=environment) if target.repository == repository]
    targets = pending.moved(ctx.git, pull, repository, there)
    return Withdrawal(
        verb="cancel",
        environment=environment,
        repository=repository,
        pull=pull,
        comment=proposals.closing("This was cancelled.", ctx.message),
        text=f"{named} is closed, and its branch is gone.",
        targets=targets or tuple(target for target in there if branches.names(pull.branch, target)),
    )


def _found(ctx: Context, number: int) -> tuple[str, PullRequest]:
    """The pull request of that number, ours before others', and the repository it is in."""
    found = ctx.across(lambda repository: ctx.forge.pull(repository.name, number))
    meant = [each for each in found.items() if each[1].ours and each[1].state == "open"] or list(found.items())
    if len(meant) > 1:
        urls = wording.joined([pull.url for _, pull in meant])
        raise Refusal(f"Several repositories have a pull request #{number}; close the one that is meant: {urls}")
    return meant[0]
