"""The state of services: what Git wants, what runs, and how that stands."""

from itertools import groupby

from bot import wording
from bot.command import Context, command
from bot.language.arguments import EnvironmentName, ServiceName
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.sync import Health, Sighting, SyncState

NAMED = 3
"""Targets that a sentence names; of more, it says how many."""

ROWS = 50
"""Targets of the table, about what a message can show; of more, those that aren't well come first."""


@command(
    "status [<service>] [in <environment>]",
    examples=["status", "status payment", "status in prod", "status api in staging"],
)
def status(ctx: Context, service: ServiceName | None = None, environment: EnvironmentName | None = None) -> Reply:
    """Versions, sync and health of services, with the reason for anything that isn't well."""
    sightings = ctx.survey.look(ctx.targets(service, environment))
    listed = sorted(sightings, key=lambda each: each.target.service)
    shown = listed if len(listed) <= ROWS else sorted(listed, key=_is_well)[:ROWS]
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
        for each in shown
    ]
    shared = groupby(sorted((each for each in sightings if each.why), key=_why), key=_why)
    below = [Section(f"{_named([str(each.target) for each in alike])}: {why}") for why, alike in shared]
    if len(below) > ROWS:
        below[ROWS:] = [Section(f"{len(below) - ROWS:,} more reasons are not shown.")]
    if len(listed) > len(shown):
        below.insert(0, Section(f"And {len(listed) - len(shown):,} more: {_narrower(environment)}."))
    return Reply(
        Outcome.ANSWERED,
        _summary(sightings),
        (Section(layout=Layout.TABLE, rows=tuple(rows)), *below) if sightings else (),
        data={"services": [_data(each) for each in sightings]},
    )


def _why(sighting: Sighting) -> str:
    return sighting.why


def _is_well(sighting: Sighting) -> bool:
    return sighting.sync is SyncState.SYNCED and sighting.health is Health.HEALTHY


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _narrower(environment: str | None) -> str:
    ways = ["status <service>"] if environment else ["status <service>", "status in <environment>"]
    return f"say {' or '.join(f'“{way}”' for way in ways)}"


def _summary(sightings: tuple[Sighting, ...]) -> str:
    if not sightings:
        return "No service was found there; the path templates of the config say where they are looked for."
    others = [f"{each.target} ({each.sync}, {each.health})" for each in sightings if not _is_well(each)]
    if len(sightings) == 1:
        (only,) = sightings
        runs = f"runs {wording.short(only.live)}, " if only.live else f"is at {wording.short(only.desired)} in Git, "
        return f"{only.target} {runs}{only.sync}, {only.health}."
    if all(each.target.cluster is None for each in sightings):
        return f"{len(sightings):,} targets as Git has them; no cluster is configured to tell what runs."
    if not others:
        return f"{'Both' if len(sightings) == 2 else f'All {len(sightings):,}'} are synced and healthy."
    well = len(sightings) - len(others)
    return f"{well:,} of {len(sightings):,} are synced and healthy. Not so: {_named(others)}."


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
