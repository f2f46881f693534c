"""What clusters hold that Git doesn't say, and the reverse, asked for by a person."""

from bot import wording
from bot.command import Context, command
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.reply import Outcome, Reply


@command("drift [check] [<service>] [in <environment>]", examples=["drift", "drift payment", "drift check in prod"])
def drift(ctx: Context, service: TargetName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Compare Git with the clusters now and show the differences."""
    sightings = ctx.survey.look(ctx.compared(service, environment))
    return Reply(
        Outcome.ANSWERED,
        wording.drift_summary(sightings),
        wording.drift_report(sightings),
        data={"targets": [wording.drift_data(each) for each in sightings]},
    )
