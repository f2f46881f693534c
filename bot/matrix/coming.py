"""What is on its way: open pull requests of ours, promotions that are followed, and those that wait for their gates."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot import wording
from bot.matrix.board import Board
from bot.model.catalog import Target
from bot.model.promotion import Leg, Promotion, Stage, Waiting
from bot.model.sync import Sighting
from bot.pulls.pending import Pending

_STAGES = {
    Stage.CHECKS: "its checks have passed",
    Stage.APPROVED: "it is approved",
    Stage.MERGED: "the cluster has not got it yet",
    Stage.SYNCED: "the cluster has it, and it is not healthy yet",
}
"""What there is to say of a stage where nobody knows what it waits for."""


def on_the_way(board: Board) -> tuple[str, ...]:
    """`payment in production: v1.3.0 → v1.4.0 by #12, open for 2 hours; its checks have passed`."""
    there = {(each.target.environment, each.target.service): each for each in board.sightings}
    followed = {(each.repository, each.pull): each for each in board.promotions}
    return (
        *(_pending(each, there, followed, board.now) for each in board.pending),
        *(
            line
            for each in board.promotions
            if each.pull is None or _is_merged(each) or each.repository not in board.told
            for line in _promotion(each, there, board.now)
        ),
    )


def queued(board: Board) -> tuple[str, ...]:
    """`payment in production: v1.4.0 as soon as it may, asked for by ana 5 minutes ago, until 2026-03-02 14:00 UTC`."""
    there = {(each.target.environment, each.target.service) for each in board.sightings}
    waiting = (each for each in board.queue if (each.environment, each.service) in there and each.expires > board.now)
    return tuple(_waiting(each, board.now) for each in waiting)


def _is_merged(each: Promotion) -> bool:
    """Before that, the forge knows better whether its pull request is open still."""
    return each.stage in {Stage.MERGED, Stage.SYNCED}


def _pending(
    each: Pending,
    there: Mapping[tuple[str, str], Sighting],
    followed: Mapping[tuple[str, int | None], Promotion],
    now: datetime,
) -> str:
    pull = each.pull
    open_for = f", open for {wording.lasted(now - pull.opened)}" if pull.opened else ""
    draft = " as a draft" if pull.draft else ""
    said = f"{_from(each.target, there)}{_to(each.version)} by #{pull.number}{open_for}{draft}"
    promotion = followed.get((each.target.repository, pull.number))
    more = promotion and (promotion.why or _STAGES.get(promotion.stage))
    return f"{said}; {more}" if more else said


def _promotion(each: Promotion, there: Mapping[tuple[str, str], Sighting], now: datetime) -> Iterator[str]:
    """What it is, for those of its services that are looked at; nothing of what has ended."""
    if each.stage.is_end:
        return
    by = f" by #{each.pull}" if each.pull else ""
    for leg in each.legs:
        if (each.environment, leg.service) in there and not leg.stage.is_end:
            since = _since(each, now)
            why = leg.why or each.why or _STAGES.get(each.stage)
            yield f"{leg.service} in {each.environment}: {_versions(leg)}{by}{since}" + (f"; {why}" if why else "")


def _since(each: Promotion, now: datetime) -> str:
    stage = Stage.MERGED if Stage.MERGED in each.reached else Stage.OPEN
    when = each.reached.get(stage, each.asked)
    word = {Stage.MERGED: "merged" if each.pull else "committed"}.get(stage, "asked for")
    return f", {word} {wording.ago(when, now) if now - when >= timedelta(minutes=1) else 'just now'}"


def _waiting(each: Waiting, now: datetime) -> str:
    asked = f"asked for by {each.message.actor.name} {wording.ago(each.since, now)}"
    version = wording.short(each.version)
    until = wording.moment(each.expires)
    return f"{each.service} in {each.environment}: {version} as soon as it may, {asked}, until {until}"


def _versions(leg: Leg) -> str:
    return f"{wording.short(leg.from_version)} → {wording.short(leg.to_version)}"


def _from(target: Target, there: Mapping[tuple[str, str], Sighting]) -> str:
    seen = there.get((target.environment, target.service))
    return f"{target}: {wording.short(seen.desired)}" if seen else f"{target}:"


def _to(version: str | None) -> str:
    return f" → {wording.short(version)}" if version else " → ?"
