"""The tables of a status: services by environments, or one row a target."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot import wording
from bot.matrix.board import Board, is_blind, is_well
from bot.model.catalog import Target
from bot.model.change import Move
from bot.model.sync import Sighting

WELL = "\N{CHECK MARK}"
"""Synced and healthy: whatever is not so is said in words."""
NAME = 12
"""Characters of a person's name in a cell: a thread has room for some sixty in a line."""

Row = tuple[str, ...]


def matrix(board: Board, services: Sequence[str]) -> tuple[Row, ...]:
    """A row a service, a column an environment, the header first."""
    by_place = {(each.target.service, each.target.environment): each for each in board.sightings}
    there = {each.target.environment for each in board.sightings}
    columns = [name for name in board.environments if name in there]
    pulls = _pulls(board)
    blind = is_blind(board.sightings)

    def row(service: str) -> Row:
        found = (by_place.get((service, column)) for column in columns)
        return (service, *(_cell(each, board, pulls, blind=blind) if each else "" for each in found))

    return (("Service", *columns), *map(row, services))


def table(board: Board, sightings: Sequence[Sighting], *, by_service: bool) -> tuple[Row, ...]:
    """A row a target, the header first; named by its service, or else by its environment."""
    rows: list[Row] = [
        ("Service" if by_service else "Environment", "Version in Git", "Cluster", "Sync", "Health", "Since", "By")
    ]
    for each in sightings:
        move = board.moves.get(each.target)
        rows.append(
            (
                each.target.service if by_service else each.target.environment,
                wording.short(each.desired),
                wording.short(each.live),
                each.sync.value,
                each.health.value,
                age(move.commit.at, board.now) if move else "",
                _who(move) if move else "",
            )
        )
    return tuple(rows)


def age(then: datetime, now: datetime) -> str:
    """`2h`, as short as a cell."""
    seconds = (now - then) / timedelta(seconds=1)
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return "now"


def _cell(each: Sighting, board: Board, pulls: Mapping[Target, list[int]], *, blind: bool) -> str:
    """`v1.3.0 ✓ 2h ana`; `v1.2.0 → v1.3.0 pending 5m ana, #12`."""
    git, runs = wording.short(each.desired), wording.short(each.live)
    version = git if each.live in {None, each.desired} else f"{runs} → {git}"
    move = board.moves.get(each.target)
    when = f"{age(move.commit.at, board.now)} {_name(move)}" if move else ""
    said = " ".join(filter(None, [version, "" if blind else _state(each), when]))
    return ", ".join([said, *(f"#{number}" for number in pulls.get(each.target, ()))])


def _state(each: Sighting) -> str:
    paused = ["paused"] if each.deployed and each.deployed.paused else []
    if is_well(each):
        return " ".join([WELL, *paused])
    words = [each.sync.value] * (each.sync.value != "synced") + [each.health.value] * (each.health.value != "healthy")
    return ", ".join([*dict.fromkeys(words), *paused])


def _pulls(board: Board) -> dict[Target, list[int]]:
    found: dict[Target, list[int]] = {}
    for each in board.pending:
        found.setdefault(each.target, []).append(each.pull.number)
    return found


def _who(move: Move) -> str:
    return _name(move) + (f" (#{move.pull})" if move.pull else "")


def _name(move: Move) -> str:
    name = (move.by.split() or [""])[0]
    return name if len(name) <= NAME else f"{name[: NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
