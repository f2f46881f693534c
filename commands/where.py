"""Where a version of a service is, since when, and where it was before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot import wording
from bot.command import Context, command
from bot.language.arguments import ServiceName, VersionName
from bot.model.change import Move
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.sync import Sighting

LOOKED_AT = 200
"""Moves of one environment that are looked through, newest first."""
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Stay:
    """A time for which Git declared the version; `until` is None while it does."""

    move: Move
    until: datetime | None


@command("where is <version> of <service>", examples=["where is v1.3.0 of payment"])
def where(ctx: Context, version: VersionName, service: ServiceName) -> Reply:
    """In which environments a version is declared or runs, since when, and where it was before.

    Of a version with a digest, the tag or the digest alone will do.
    """
    seen = ctx.survey.look(ctx.targets(service))
    declared = [each.target.environment for each in seen if _is(version, each.desired)]
    runs = [each.target.environment for each in seen if _runs(version, each)]
    stays = {each.target.environment: tuple(_stays(ctx, each, version)) for each in seen}
    rows: list[tuple[str, ...]] = [("Environment", "Now", "From", "Until", "By", "Commit")]
    for each in seen:
        rows += _rows(ctx, each, version, stays[each.target.environment])
    data = {
        "service": service,
        "version": version,
        "environments": [
            {
                "environment": each.target.environment,
                "declared": each.target.environment in declared,
                "runs": each.target.environment in runs,
                "stays": [_data(stay) for stay in stays[each.target.environment]],
            }
            for each in seen
        ],
    }
    table = (Section(layout=Layout.TABLE, rows=tuple(rows)),) if len(rows) > 1 else ()
    before = [environment for environment, stayed in stays.items() if stayed and environment not in declared]
    return Reply(Outcome.ANSWERED, _sentence(service, version, (declared, runs, before)), table, data=data)


def _is(version: str, said: str | None) -> bool:
    """Whether a version is the one meant: by its whole name, its tag or its digest."""
    return said is not None and (said == version or version in said.split("@"))


def _runs(version: str, seen: Sighting) -> bool:
    """A cluster in the middle of a rollout runs several."""
    return any(_is(version, each) for each in (seen.live or "").split(", "))


def _stays(ctx: Context, seen: Sighting, version: str) -> Iterator[Stay]:
    until = None
    for move in islice(ctx.git.moves(seen.target), LOOKED_AT):
        if _is(version, move.to_version):
            yield Stay(move, until)
        until = move.commit.at


def _sentence(service: str, version: str, places: tuple[Sequence[str], Sequence[str], Sequence[str]]) -> str:
    declared, runs, before = places
    name = f"{wording.short(version)} of {service}"
    was = f" It was in {wording.joined(before)} before." if before else ""
    if declared:
        ahead = [each for each in runs if each not in declared]
        still = f" {wording.joined(ahead)} still runs it, though Git says otherwise." if ahead else ""
        return f"{name} is in {wording.joined(declared)}.{still}{was}"
    if runs:
        return f"{name} runs in {wording.joined(runs)}, though Git says otherwise.{was}"
    return (
        f"{name} is in no environment now.{was}"
        if was
        else (f"{name} is, and was, in no environment. To see the versions that were, say: history {service}")
    )


def _rows(ctx: Context, seen: Sighting, version: str, stays: Sequence[Stay]) -> list[tuple[str, ...]]:
    now = " and ".join(
        name for name, there in (("Git", _is(version, seen.desired)), ("cluster", _runs(version, seen))) if there
    )
    environment = seen.target.environment
    if now and not stays:
        return [(environment, now, "", "", "", "")]
    found: list[tuple[str, ...]] = []
    for number, stay in enumerate(stays[:SHOWN]):
        move = stay.move
        until = wording.ago(stay.until, ctx.now) if stay.until else ""
        since, what = wording.ago(move.commit.at, ctx.now), wording.commit(move)
        found.append((environment, "" if number else now, since, until, move.by, what))
    return found


def _data(stay: Stay) -> dict[str, object]:
    move = stay.move
    return {
        "from": move.commit.at.isoformat(),
        "until": stay.until and stay.until.isoformat(),
        "commit": move.commit.sha,
        "by": move.by,
        "pull": move.pull,
    }
