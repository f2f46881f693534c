"""All of one target's drift, where a message shows only the beginning."""

from bot.command import Context, command
from bot.drift import report
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.reply import Attachment, Outcome, Reply
from bot.model.sync import SyncState


@command("drift show <service> in <environment>", examples=["drift show payment in prod"])
def drift_show(ctx: Context, service: TargetName, environment: EnvironmentName) -> Reply:
    """Compare one target with its cluster now, and give every difference, as a file."""
    (sighting,) = ctx.survey.look([ctx.target(service, environment, watched=True)])
    target, found = sighting.target, sighting.differences
    if not found and sighting.sync is SyncState.UNKNOWN:
        raise Refusal(f"{target} was not checked: {sighting.why}")
    data = {"targets": [report.data(sighting)]}
    if not found:
        return Reply(Outcome.ANSWERED, f"{target} has no difference to show.", data=data, private=True)
    count = f"{len(found):,} difference{'s' if len(found) > 1 else ''}"
    return Reply(
        Outcome.ANSWERED,
        f"{target} has {count}; the file holds all of it.",
        data=data,
        private=True,
        attachment=Attachment(_name(str(target)), report.full_report([sighting], ctx.now)),
    )


def _name(target: str) -> str:
    """A file's name, whatever a service is called."""
    return "".join(sign if sign.isalnum() or sign in ".-" else "-" for sign in f"drift of {target}") + ".txt"
