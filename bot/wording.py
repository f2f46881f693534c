"""Sentences and tables that several commands and jobs share. Plain text; whoever shows it escapes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.model.catalog import Target
from bot.model.change import Amendment, Change, Move, Proposal, Step
from bot.model.sync import Ailment, Deployed, Writer

SIGN_IN = "set GITHUB_APP_ID or GITHUB_TOKEN"
"""What makes a forge of the config's GitHub (docs/github.md)."""

NAMED = 3
"""Services that a sentence names; of more, it says how many."""

CAUSES = 2
"""Of why something ails, that a sentence names."""

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


def engine(deployed: Deployed) -> str:
    """The engine's name as its project writes it."""
    return {"argocd": "Argo CD", "flux": "Flux"}.get(deployed.engine, deployed.engine)


def said(ailment: Ailment, now: datetime) -> str:
    """`2 of 3 replicas ready for 6 minutes: ImagePullBackOff registry.example.com/payment:v1.3.0`.

    The object is not named. What the cluster's clock dates after ours has just begun.
    """
    since, causes = ailment.since or ailment.symptoms.since, ailment.symptoms.causes[:CAUSES]
    text = ailment.reason or ailment.health.value
    head, _, told = text.partition(": ")
    if told and any(cause.startswith(told) for cause in causes):
        text = head  # the pod's own reason is the first of its causes
    if since is not None and now - since >= timedelta(minutes=1):
        text += f"{',' if ':' in text else ''} for {lasted(now - since)}"
    return f"{text}: {'; '.join(causes)}" if causes else text


def named(ailment: Ailment, said: str) -> str:
    """`Deployment shop/payment: 2 of 3 replicas ready`; what names the object already stays as it is."""
    name = str(ailment.object)
    return said if name in said else ": ".join(filter(None, [name, said]))


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
