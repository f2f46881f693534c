"""Sentences and tables that several commands and jobs share. Plain text; whoever shows it escapes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from bot.model.change import Adopted, Committed, Contested, Failed, Move, Opened, Proposal, Reversal, Unchanged
from bot.model.change import Outcome as Result
from bot.model.reply import Choice, Layout, Outcome, Reply, Section
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState

HOW_TO_HEAL = "To heal it, undo the change in the cluster, or write it into Git and merge."

SHOWN = 8
"""Differences of one target that a message shows; the rest is counted."""


def short(version: str | None) -> str:
    """A version for people: a digest's first twelve digits, everything else whole."""
    if version is None:
        return "none"
    head, colon, digits = version.rpartition("sha256:")
    return f"{head}{colon}{digits[:12]}" if colon else version


def change(proposal: Proposal) -> str:
    """`payment in production: v1.2.0 → v1.3.0`."""
    return f"{proposal.target}: {short(proposal.from_version)} → {short(proposal.to_version)}"


def performed(proposal: Proposal, result: Result) -> Reply:
    """What came of a proposal, for the person who asked."""
    moved = change(proposal)
    done = "Rolled back" if isinstance(proposal, Reversal) else "Promoted"
    notes = tuple(Section(note) for note in proposal.notes)
    match result:
        case Opened(pull):
            text = f"{moved}. Pull request #{pull.number} is open: merge it and the cluster follows."
            return Reply(Outcome.OPENED, text, notes, _link(pull.number, pull.url), pull=pull)
        case Adopted(pull):
            text = f"{moved}. Pull request #{pull.number} does this already and is open."
            return Reply(Outcome.ADOPTED, text, notes, _link(pull.number, pull.url), pull=pull)
        case Committed(commit):
            text = f"{done} {moved}, in commit {commit[:10]}."
            return Reply(Outcome.COMMITTED, text, notes, commit=commit)
        case Unchanged(why):
            return Reply(Outcome.UNCHANGED, why)
        case Contested(pull):
            text = (
                f"{proposal.target} is being moved by pull request #{pull.number} ({pull.title}) already. "
                "Merge or close that one, then say it again."
            )
            return Reply(Outcome.CONTESTED, text, choices=_link(pull.number, pull.url), pull=pull)
        case Failed(why):
            return Reply(Outcome.FAILED, why)


def planned(proposal: Proposal, shown: str) -> Reply:
    """What would happen, under `--dry-run`."""
    how = f"a pull request from {proposal.branch}" if proposal.delivery == "pull-request" else "a commit"
    sections = (*(Section(note) for note in proposal.notes), Section(shown, Layout.CODE))
    return Reply(Outcome.PLANNED, f"{change(proposal)}, by {how}. Nothing was done.", sections)


def question(proposal: Proposal, confirmation: str, shown: str) -> Reply:
    """What a person must say yes to first, and the buttons for it."""
    choices = (
        Choice(
            "Roll back" if isinstance(proposal, Reversal) else "Promote",
            action="confirm",
            value=confirmation,
            danger=True,
        ),
        Choice("Cancel", action="cancel", value=confirmation),
    )
    sections = (*(Section(note) for note in proposal.notes), Section(shown, Layout.CODE))
    return Reply(Outcome.CONFIRM, f"{change(proposal)}. {proposal.confirm}", sections, choices)


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


def since(move: Move, now: datetime) -> str:
    """`since 1a2b3c4d5e by ana, 3 minutes ago (#12)`."""
    pull = f" (#{move.pull})" if move.pull else ""
    return f"since {move.commit.sha[:10]} by {move.by}, {ago(move.commit.at, now)}{pull}"


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


def _link(number: int, url: str) -> tuple[Choice, ...]:
    return (Choice(f"Open #{number}", url=url),)


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
