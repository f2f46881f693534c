"""What clusters hold that Git doesn't say, and the reverse, asked for by a person."""

from collections.abc import Iterator, Sequence

from bot import drift_report, wording
from bot.command import Context, command
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.reply import Outcome, Reply, Section
from bot.model.sync import Sighting, SyncState


@command("drift [check] [<service>] [in <environment>]", examples=["drift", "drift payment", "drift check in prod"])
def drift(ctx: Context, service: TargetName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Compare Git with the clusters now and show the differences."""
    sightings = ctx.survey.look(ctx.compared(service, environment))
    return Reply(
        Outcome.ANSWERED,
        drift_report.summary(sightings),
        (*drift_report.report(sightings, ctx.now), *_muted(ctx, sightings)),
        data={"targets": [drift_report.data(each) for each in sightings]},
    )


def _muted(ctx: Context, sightings: Sequence[Sighting]) -> Iterator[Section]:
    """Which of the drifted targets the scheduled checks keep quiet about."""
    drifted = {str(each.target): each.target for each in sightings if each.sync is SyncState.DRIFTED}
    for environment in dict.fromkeys(target.environment for target in drifted.values()):
        for mute in ctx.mutes(environment):
            target = drifted.get(f"{mute.service} in {mute.environment}")
            if target is not None and mute.until > ctx.now:
                why = f", because {mute.because}" if mute.because else ""
                yield Section(f"{target} is muted until {wording.moment(mute.until)}, by {mute.by}{why}.")
