"""The state of services: what Git wants, what runs, and how that stands."""

from itertools import groupby

from bot import wording
from bot.command import Context, command
from bot.language.arguments import EnvironmentName, ServiceName
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.sync import Health, Sighting, SyncState

NAMED = 3
"""Targets that the first sentence names; the table has them all."""


@command(
    "status [<service>] [in <environment>]",
    examples=["status", "status payment", "status in prod", "status api in staging"],
)
def status(ctx: Context, service: ServiceName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Versions, sync and health of services, with the reason for anything that isn't well."""
    sightings = ctx.survey.look(ctx.targets(service, environment))
    rows = [("Service", "Environment", "Git", "Cluster", "Sync", "Health")]
    rows += [
        (
            each.target.service,
            each.target.environment,
            wording.short(each.desired),
            wording.short(each.live),
            each.sync.value,
            each.health.value,
        )
        for each in sorted(sightings, key=lambda each: each.target.service)
    ]
    shared = groupby(sorted((each for each in sightings if each.why), key=_why), key=_why)
    reasons = tuple(Section(f"{', '.join(str(each.target) for each in alike)}: {why}") for why, alike in shared)
    return Reply(
        Outcome.ANSWERED,
        _summary(sightings),
        (Section(layout=Layout.TABLE, rows=tuple(rows)), *reasons) if sightings else (),
        data={"services": [_data(each) for each in sightings]},
    )


def _why(sighting: Sighting) -> str:
    return sighting.why


def _summary(sightings: tuple[Sighting, ...]) -> str:
    if not sightings:
        return "No service was found there; the path templates of the config say where they are looked for."
    well = [each for each in sightings if each.sync is SyncState.SYNCED and each.health is Health.HEALTHY]
    if len(sightings) == 1:
        (only,) = sightings
        runs = f"runs {wording.short(only.live)}, " if only.live else f"is at {wording.short(only.desired)} in Git, "
        return f"{only.target} {runs}{only.sync}, {only.health}."
    if all(each.target.cluster is None for each in sightings):
        return f"{len(sightings)} targets as Git has them; no cluster is configured to tell what runs."
    if len(well) == len(sightings):
        return f"{'Both' if len(sightings) == 2 else f'All {len(sightings)}'} are synced and healthy."
    others = [f"{each.target} ({each.sync}, {each.health})" for each in sightings if each not in well]
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return f"{len(well)} of {len(sightings)} are synced and healthy. Not so: {', '.join(others[:NAMED])}{more}."


def _data(each: Sighting) -> dict[str, str | None]:
    return {
        "service": each.target.service,
        "environment": each.target.environment,
        "desired": each.desired,
        "live": each.live,
        "sync": each.sync.value,
        "health": each.health.value,
        "why": each.why,
    }
