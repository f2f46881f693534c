"""A status as it is answered: one sentence, a table, and below it whatever isn't well, and what is on its way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot import wording
from bot.matrix.board import Board, is_blind, is_well
from bot.matrix.cells import matrix, table
from bot.matrix.coming import on_the_way, queued
from bot.matrix.data import data
from bot.matrix.reasons import is_flagged, reasons
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.model.sync import Sighting

NAMED = 3
"""Targets that a sentence names; of more, it says how many."""
ROWS = 50
"""Rows of a table, and of those no more than have room: the message has 10,000 characters for all there is to say."""
ROOM = 5_000
LINES = 20
"""Lines of a kind below the table; of more, it says how many."""


def reply(board: Board, service: str | None = None, environment: str | None = None) -> Reply:
    """The whole answer to `status [<service>] [in <environment>]`."""
    if not board.sightings:
        nowhere = "No service was found there; the path templates of the config say where they are looked for."
        return Reply(Outcome.ANSWERED, nowhere, data=data(board))
    rows, left = _table(board, service, environment)
    below = [
        *([Section(_left(left, board, environment))] if left else []),
        *_lines(_grouped(board)),
        *_lines(on_the_way(board), "On the way"),
        *_lines(queued(board), "Waiting for their turn"),
        *_lines(board.following, "By the order of promotion"),
        *map(Section, board.troubles),
    ]
    if board.seen is not None:
        below.append(Section(f"As it was {_ago(board.seen, board.now)}."))
    table_first = (Section(layout=Layout.TABLE, rows=rows), *below)
    return Reply(Outcome.ANSWERED, _summary(board.sightings), table_first, data=data(board))


def _table(
    board: Board, service: str | None, environment: str | None
) -> tuple[tuple[tuple[str, ...], ...], list[list[Sighting]]]:
    """The rows that are shown, and what would be in those that are not."""
    units: dict[str, list[Sighting]] = {}
    for each in board.sightings:
        units.setdefault(each.target.environment if service else each.target.service, []).append(each)
    order = board.environments if service else sorted(units)
    names = _chosen(board, units, [name for name in order if name in units])
    if service or environment:
        rows = table(board, [units[name][0] for name in names], by_service=not service)
    else:
        rows = matrix(board, names)
    rows = rows[: 1 + min(ROWS, _room(rows))]
    shown = set(names[: len(rows) - 1])
    return rows, [units[name] for name in units if name not in shown]


def _room(rows: Sequence[Sequence[str]]) -> int:
    """How many rows below the header there is room for: columns are as wide as their widest cell."""
    widths = list(map(len, rows[0]))
    for number, row in enumerate(rows):
        widths = list(map(max, widths, map(len, row)))
        if number > 1 and (number + 2) * (sum(widths) + 2 * len(widths) - 1) > ROOM:
            return number - 1
    return len(rows) - 1


def _chosen(board: Board, units: Mapping[str, Sequence[Sighting]], names: Sequence[str]) -> Sequence[str]:
    """All in their order, or of very many those alone that need a look; where none does, those that moved last."""
    if len(names) <= ROWS:
        return names
    pending, blind = {each.target for each in board.pending}, is_blind(board.sightings)
    needy = [
        name
        for name in names
        if any(each.target in pending or is_flagged(each) or not (blind or is_well(each)) for each in units[name])
    ]
    return needy or sorted(names, key=lambda name: _last(board, units[name]), reverse=True)[:ROWS]


def _last(board: Board, unit: Sequence[Sighting]) -> float:
    moves = (board.moves.get(each.target) for each in unit)
    return max((move.commit.at.timestamp() for move in moves if move), default=0.0)


def _left(left: Sequence[Sequence[Sighting]], board: Board, environment: str | None) -> str:
    """`And 412 more, all synced and healthy.`"""
    ways = ["status <service>"] if environment else ["status <service>", "status in <environment>"]
    say = f"say {' or '.join(f'“{way}”' for way in ways)}"
    if is_blind(board.sightings):
        return f"And {len(left):,} more: {say}."
    ill = sum(not all(map(is_well, unit)) for unit in left)
    if not ill:
        return f"And {len(left):,} more, all synced and healthy: {say}."
    return f"And {len(left):,} more, {ill:,} of them not well: {say}."


def _grouped(board: Board) -> list[str]:
    """Why which targets are not well: the same reason once, the one of most targets first."""
    alike: dict[str, list[str]] = {}
    for each in board.sightings:
        if why := reasons(each, board.now):
            alike.setdefault(why, []).append(str(each.target))
    most_first = sorted(alike.items(), key=lambda item: -len(item[1]))
    return [f"{_named(names)}: {why}" for why, names in most_first]


def _lines(lines: Sequence[str], title: str = "") -> Iterable[Section]:
    if not lines:
        return
    more = [f"And {len(lines) - LINES:,} more."] if len(lines) > LINES else []
    yield Section("\n".join([*([f"{title}:"] if title else []), *lines[:LINES], *more]))


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _ago(then: datetime, now: datetime) -> str:
    seconds = max(1, round((now - then) / timedelta(seconds=1)))
    return f"{seconds} second{'s' * (seconds > 1)} ago" if seconds < 60 else wording.ago(then, now)


def _summary(sightings: Sequence[Sighting]) -> str:
    others = [f"{each.target} ({each.sync}, {each.health})" for each in sightings if not is_well(each)]
    if len(sightings) == 1:
        (only,) = sightings
        runs = f"runs {wording.short(only.live)}, " if only.live else f"is at {wording.short(only.desired)} in Git, "
        return f"{only.target} {runs}{only.sync}, {only.health}."
    if is_blind(sightings):
        return f"{len(sightings):,} targets as Git has them; no cluster is configured to tell what runs."
    if not others:
        return f"{'Both' if len(sightings) == 2 else f'All {len(sightings):,}'} are synced and healthy."
    well = len(sightings) - len(others)
    return (
        f"{well:,} of {len(sightings):,} {'is' if well == 1 else 'are'} synced and healthy. Not so: {_named(others)}."
    )
