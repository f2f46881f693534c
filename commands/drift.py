"""What clusters hold that Git doesn't say, and the reverse, asked for by a person."""

from collections.abc import Sequence

from bot import wording
from bot.command import Context, command
from bot.drift import report
from bot.drift.offers import offers
from bot.language.arguments import EnvironmentName, TargetName
from bot.model.reply import Choice, Outcome, Reply, Section
from bot.model.rules import Mute
from bot.model.sync import Sighting, SyncState


@command("drift [check] [<service>] [in <environment>]", examples=["drift", "drift payment", "drift check in prod"])
def drift(ctx: Context, service: TargetName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Compare Git with the clusters now and show the differences."""
    sightings = ctx.survey.look(ctx.compared(service, environment))
    muted = _muted(ctx, sightings)
    return Reply(
        Outcome.ANSWERED,
        report.summary(sightings),
        (*report.report(sightings, ctx.now), *map(_silence, muted)),
        _offered(sightings, muted=bool(muted)),
        data={"targets": [report.data(each) for each in sightings]},
    )


def _muted(ctx: Context, sightings: Sequence[Sighting]) -> list[Mute]:
    """What the scheduled checks keep quiet about, of what drifted."""
    drifted = [each.target for each in sightings if each.sync is SyncState.DRIFTED]
    places = {(target.environment, target.service) for target in drifted}
    environments = dict.fromkeys(target.environment for target in drifted)
    mutes = [mute for environment in environments for mute in ctx.mutes(environment)]
    return [mute for mute in mutes if (mute.environment, mute.service) in places and mute.until > ctx.now]


def _silence(mute: Mute) -> Section:
    why = f", because {mute.because}" if mute.because else ""
    until = wording.moment(mute.until)
    return Section(f"{mute.service} in {mute.environment} is muted until {until}, by {mute.by}{why}.")


def _offered(sightings: Sequence[Sighting], *, muted: bool) -> tuple[Choice, ...]:
    """What to do about it, where one target alone drifted."""
    drifted = [each for each in sightings if each.sync is SyncState.DRIFTED]
    if len(drifted) != 1:
        return ()
    (only,) = drifted
    kinds = {each.kind for each in only.differences}
    target = only.target
    syncs = only.deployed is not None and not only.deployed.held
    return offers(target.service, target.environment, kinds, syncs=syncs, adopts=True, muted=muted)
