"""Sentences and tables that several commands and jobs share. Plain text; whoever shows it escapes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from bot.model.catalog import Target
from bot.model.change import Amendment, Change, Move, Proposal, Step
from bot.model.reply import Layout, Section
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState, Writer

SIGN_IN = "set GITHUB_APP_ID or GITHUB_TOKEN"
"""What makes a forge of the config's GitHub (docs/github.md)."""

HOW_TO_HEAL = "To heal it, undo the change in the cluster, or write it into Git and merge."

NAMED = 3
"""Services that a sentence names; of more, it says how many."""

SHOWN = 8
"""Differences of one target that a message shows; the rest is counted."""

_NOT_CLIENTS = {
    "ancient-changes": "clients of long ago",
    "before-first-apply": "whoever came before the first server-side apply",
}
"""What the API server books on itself: it keeps ten updating clients, and joins the older ones."""


def short(version: str | None) -> str:
    """A version for people: a digest's first twelve digits, everything else whole."""
    if version is None:
        return "none"
    head, colon, digits = version.rpartition("sha256:")
    return f"{head}{colon}{digits[:12]}" if colon else version


def services(steps: Sequence[Step]) -> str:
    """`payment`, `api and payment`, `7 services`."""
    names = [step.target.service for step in steps]
    return joined(names) if len(names) <= NAMED else f"{len(names)} services"


def joined(names: Sequence[str]) -> str:
    """`api, payment and web`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def moved_too(others: Sequence[Target]) -> str:
    """`This moves payment in staging as well, by the same files.`; empty where nothing else is moved."""
    return f"This moves {joined([str(other) for other in others])} as well, by the same files." if others else ""


def change(proposal: Change) -> str:
    """`payment in production: v1.2.0 → v1.3.0`; of several services, each."""
    if isinstance(proposal, Amendment):
        return f"{proposal.target}: {proposal.summary}"
    if not isinstance(proposal, Proposal):
        return proposal.title
    moved = [f"{short(step.from_version)} → {short(step.to_version)}" for step in proposal.steps]
    if len(moved) == 1:
        return f"{proposal.steps[0].target}: {moved[0]}"
    each = (f"{step.target.service} {versions}" for step, versions in zip(proposal.steps, moved, strict=True))
    return f"{proposal.environment}: {', '.join(each)}"


def ago(then: datetime, now: datetime) -> str:
    """`3 minutes ago`; a date where it is more than a fortnight."""
    period = now - then
    if period > timedelta(days=14):
        return f"on {then:%Y-%m-%d}"
    return f"{lasted(period)} ago" if period >= timedelta(minutes=1) else "just now"


def lasted(period: timedelta) -> str:
    """`42 minutes`."""
    seconds = max(0.0, period.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def moment(when: datetime) -> str:
    """`2026-03-03 09:00 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def commit(move: Move) -> str:
    """`1a2b3c4d5e (#12)`."""
    return move.commit.sha[:10] + (f" (#{move.pull})" if move.pull else "")


def since(move: Move, now: datetime) -> str:
    """`since 1a2b3c4d5e by ana, 3 minutes ago (#12)`."""
    return f"since {move.commit.sha[:10]} {by(move, now)}"


def by(move: Move, now: datetime) -> str:
    """`by ana, 3 minutes ago (#12)`."""
    pull = f" (#{move.pull})" if move.pull else ""
    return f"by {move.by}, {ago(move.commit.at, now)}{pull}"


def written(writer: Writer, now: datetime) -> str:
    """`kubectl-edit, 14 minutes ago`: which client wrote a field, by the API server's word."""
    who = _NOT_CLIENTS.get(writer.manager, writer.manager)
    return who if writer.at is None else f"{who}, {ago(writer.at, now)}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of one width, the header underlined; a missing cell is empty."""
    if not rows:
        return ""
    count = max(map(len, rows))
    cells = [[cell.replace("\n", " ") for cell in row] + [""] * (count - len(row)) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(count)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def drift_report(sightings: Sequence[Sighting], *, offer: bool = True) -> tuple[Section, ...]:
    """The findings of each drifted target, what could not be checked, and with `offer` how to heal it.

    Worst first, and never too long.
    """
    sections = []
    for sighting in sightings:
        if sighting.sync is SyncState.DRIFTED:
            findings = _worst_first([each for each in sighting.differences if each.severity is not Severity.INFO])
            lines = [
                line
                for _, found in groupby(findings[:SHOWN], lambda each: each.object)
                for line in _object(list(found))
            ]
            if (hidden := len(findings) - SHOWN) > 0:
                lines.append(f"… and {hidden} more")
            # While a change made by hand rolls out, that it does so is no news beside the change.
            told = sighting.why and sighting.health in {Health.HEALTHY, Health.UNKNOWN, Health.DEGRADED}
            sections.append(Section(f"{sighting.target} ({sighting.why})" if told else str(sighting.target)))
            sections.append(Section("\n".join(lines), Layout.CODE))
    unknown = [sighting for sighting in sightings if sighting.sync is SyncState.UNKNOWN]
    for why, grouped in groupby(sorted(unknown, key=lambda each: each.why), lambda each: each.why):
        names = ", ".join(str(sighting.target) for sighting in grouped)
        sections.append(Section(f"Not checked: {names}: {why or 'it could not be read'}"))
    if offer and any(sighting.sync is SyncState.DRIFTED for sighting in sightings):
        sections.append(Section(HOW_TO_HEAL))
    return tuple(sections)


def _worst_first(differences: Sequence[Difference]) -> list[Difference]:
    """Objects by their worst difference, each object's own together."""
    ranks = list(Severity)
    worst: dict[ObjectRef, int] = {}
    for each in differences:
        worst[each.object] = min(ranks.index(each.severity), worst.get(each.object, len(ranks)))
    return sorted(differences, key=lambda each: (worst[each.object], each.object, ranks.index(each.severity)))


def drift_summary(sightings: Sequence[Sighting]) -> str:
    """One sentence: how many of how many drifted, and which."""
    drifted = [sighting for sighting in sightings if sighting.sync is SyncState.DRIFTED]
    unknown = sum(sighting.sync is SyncState.UNKNOWN for sighting in sightings)
    pending = sum(sighting.sync is SyncState.PENDING for sighting in sightings)
    tail = (f"; {pending} pending" if pending else "") + (f"; {unknown} not checked" if unknown else "")
    if sightings and unknown == len(sightings):
        return (
            f"None of {unknown} targets could be checked." if unknown > 1 else f"{sightings[0].target} was not checked."
        )
    total = f"{len(sightings)} target{'s' if len(sightings) != 1 else ''}"
    if not drifted:
        checked = f"{len(sightings) - unknown} of {total}" if unknown else total
        return f"No drift in {checked}{tail}."
    more = f" and {len(drifted) - 5} more" if len(drifted) > 5 else ""
    names = ", ".join(str(sighting.target) for sighting in drifted[:5]) + more
    return f"Drift in {len(drifted)} of {total}: {names}{tail}."


def _object(found: list[Difference]) -> list[str]:
    return [str(found[0].object), *(f"  {_finding(difference)}" for difference in found)]


def _finding(difference: Difference) -> str:
    match difference.kind:
        case Kind.MISSING:
            return "is missing from the cluster"
        case Kind.UNDECLARED:
            return f"{difference.path}: cluster has {difference.live}, Git does not mention it"
        case Kind.CONFIG_ERROR:
            return f"{difference.path}: {difference.desired or 'cannot be applied'}"
    gone = difference.live is None
    return f"{difference.path}: Git wants {difference.desired}, " + (
        "it is gone" if gone else f"cluster has {difference.live}"
    )


def drift_data(sighting: Sighting) -> dict[str, object]:
    """A target of `drift --json`, schema quarterdeck/drift/v1 (docs/json.md)."""
    return {
        "service": sighting.target.service,
        "environment": sighting.target.environment,
        "cluster": sighting.target.cluster,
        "revision": sighting.revision,
        "state": sighting.sync.value,
        "why": sighting.why,
        "differences": [
            {
                "object": {
                    "apiVersion": each.object.api_version,
                    "kind": each.object.kind,
                    "namespace": each.object.namespace,
                    "name": each.object.name,
                },
                "class": each.kind.value,
                "path": each.path,
                "desired": each.desired,
                "live": each.live,
                "severity": each.severity.value,
            }
            for each in sighting.differences
        ],
    }
