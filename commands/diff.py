"""What differs: a service between two environments as Git declares it, or between Git and what runs."""

from collections.abc import Sequence
from datetime import datetime

from bot import wording
from bot.command import Context, command
from bot.comparison.rendered import Changed, changes
from bot.comparison.schema import section
from bot.declared import Declared
from bot.drift import report
from bot.errors import Refusal
from bot.language.arguments import EnvironmentName, ServiceName
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.sync import Manifest, Sighting, SyncState

OBJECTS = 8
"""Objects whose lines are shown; of the others only the names."""
LINES = 60
"""Lines of one object that are shown."""


@command(
    "diff <service> <environment> [<other>]",
    examples=["diff payment prod", "diff payment staging prod"],
)
def diff(
    ctx: Context, service: ServiceName, environment: EnvironmentName, other: EnvironmentName | None = None
) -> Reply:
    """What differs between two environments in Git; with one environment, between Git and what runs there.

    Objects are compared as they are rendered, whatever files they come from. Values of Secrets are never shown.
    """
    if other is None:
        (sighting,) = ctx.survey.look([ctx.target(service, environment)])
        return _with_cluster(sighting, ctx.now)
    if other == environment:
        raise Refusal(
            f"{environment} is named twice. Name two environments, or one to compare Git with what runs there: "
            f"diff {service} {environment}"
        )
    return _between(_declared(ctx, service, environment), _declared(ctx, service, other))


def _declared(ctx: Context, service: str, environment: str) -> Declared:
    target = ctx.target(service, environment)
    declared = ctx.survey.declare(ctx.git.head(target.repository), target)
    if why := declared.unversioned or declared.why:
        raise Refusal(f"{target} can't be compared: {why}")
    return declared


def _between(one: Declared, two: Declared) -> Reply:
    places = (one.target.environment, two.target.environment)
    differ = changes(_aligned(one.manifests, two.manifests), two.manifests, two.target.namespace)
    same = one.version == two.version
    versions = (
        f"{wording.short(one.version)} in both {places[0]} and {places[1]}"
        if same
        else f"{wording.short(one.version)} in {places[0]}, {wording.short(two.version)} in {places[1]}"
    )
    count = f"{len(differ)} object{'s differ' if len(differ) > 1 else ' differs'}" if differ else "no object differs"
    return Reply(
        Outcome.ANSWERED,
        f"{one.target.service} in Git is {versions}; {count}.",
        _shown(differ, places) if differ else (),
        data={
            "service": one.target.service,
            "from": {"environment": places[0], "version": one.version},
            "to": {"environment": places[1], "version": two.version},
            "objects": [{"object": each.object, "diff": each.diff} for each in differ],
        },
    )


def _aligned(manifests: Sequence[Manifest], other: Sequence[Manifest]) -> list[Manifest]:
    """Where each environment has a namespace of its own, objects are their counterparts by name alone."""
    ours, theirs = _namespaces(manifests), _namespaces(other)
    if len(ours) != 1 or len(theirs) != 1:
        return list(manifests)
    renamed = {"namespace": theirs.pop()}
    return [
        {**each, "metadata": {**section(each, "metadata"), **renamed}} if _namespaces([each]) else each
        for each in manifests
    ]


def _namespaces(manifests: Sequence[Manifest]) -> set[str]:
    return {str(name) for each in manifests if (name := section(each, "metadata").get("namespace"))}


def _shown(differ: Sequence[Changed], places: tuple[str, str]) -> tuple[Section, ...]:
    sections = [Section(f"Lines with - are {places[0]}'s, lines with + are {places[1]}'s.")]
    for each in differ[:OBJECTS]:
        lines = each.diff.splitlines()
        hidden = len(lines) - LINES
        folded = [*lines[:LINES], f"… and {hidden} more lines"] if hidden > 1 else lines
        sections += [Section(each.object), Section("\n".join(folded), Layout.CODE)]
    if rest := [each.object for each in differ[OBJECTS:]]:
        sections.append(Section(f"Not shown: {', '.join(rest)}."))
    return tuple(sections)


def _with_cluster(seen: Sighting, now: datetime) -> Reply:
    target = seen.target
    data = {"service": target.service, "environment": target.environment} | {
        "target": report.data(seen),
        "desired": seen.desired,
        "live": seen.live,
    }
    if target.cluster is None and not seen.desired:
        raise Refusal(f"{target} can't be compared: {seen.why}")
    if target.cluster is None:
        raise Refusal(
            f"What runs in {target.environment} can't be told: {seen.why}. Name a second environment to compare with "
            f"in Git: diff {target.service} {target.environment} <environment>"
        )
    versions = f"Git has {wording.short(seen.desired)}, the cluster runs {wording.short(seen.live)}"
    state = {
        SyncState.SYNCED: "nothing differs from what Git declares",
        SyncState.PENDING: seen.why,
        SyncState.DRIFTED: "they differ",
        SyncState.UNKNOWN: f"they could not be compared: {seen.why}",
    }[seen.sync]
    return Reply(
        Outcome.ANSWERED, f"{target}: {versions}; {state}.", report.report([seen], now, offer=False), data=data
    )
