"""Episodes and outages as rows: JSON beside the table's key. What one release writes the next must read."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from bot.model.episode import Episode, Finding, Outage, Silence
from bot.model.sync import Kind, Severity
from bot.store import tables

_COLUMNS = {"environment", "service", "cause", "version"}
_TIMES = {"began", "opened", "healed", "stirred", "first", "left", "at", "until"}


class Overtaken(Exception):  # noqa: N818 - it never leaves the room
    """Another process has written what is to be written."""


def underway(connection: Connection, table: Table, environment: str) -> tuple[Episode, ...]:
    """The episodes of an environment in one of the tables that hold such."""
    wanted = select(table).where(table.c.environment == environment).order_by(table.c.service)
    return tuple(episode(*row) for row in connection.execute(wanted))


def write(
    connection: Connection,
    table: Table,
    known: Sequence[Episode | Outage],
    forgotten: Sequence[Episode | Outage],
) -> None:
    """Keep some and forget others, episodes in this table. Overtaken, and the transaction is to be given up."""
    for each in known:
        where, row = _row(table, each)
        if each.version:
            written = connection.execute(update(where).where(*_is(where, each)).values(row))
        else:
            written = connection.execute(insert(where).values(row).on_conflict_do_nothing())
        if not written.rowcount:
            raise Overtaken
    for each in forgotten:
        where, _ = _row(table, each)
        if not connection.execute(delete(where).where(*_is(where, each))).rowcount:
            raise Overtaken


def _row(table: Table, known: Episode | Outage) -> tuple[Table, dict[str, object]]:
    row = {"environment": known.environment, "version": known.version + 1, "record": dump(known)}
    if isinstance(known, Episode):
        return table, row | {"service": known.service}
    return tables.outages, row | {"cause": known.cause}


def _is(table: Table, known: Episode | Outage) -> list[ColumnElement[bool]]:
    """The row as it was when it was read."""
    names = [column.name for column in table.primary_key] + ["version"]
    return [table.c[name] == getattr(known, name) for name in names]


def dump(known: Episode | Outage) -> str:
    """One line of JSON, without what the table has columns for, and without what is as it always is."""
    return json.dumps(_plain(known))


def episode(environment: str, service: str, version: int, line: str) -> Episode:
    """The episode again. Keys of another release's are passed over, and keys it lacks have their defaults."""
    found: dict[str, Any] = json.loads(line)
    given = _times(found, Episode)
    given["findings"] = tuple(_finding(each) for each in found.get("findings", ()))
    if silence := found.get("silence"):
        given["silence"] = Silence(**_times(silence, Silence) | {"known": tuple(silence.get("known", ()))})
    return Episode(**given | {"environment": environment, "service": service, "version": version})


def outage(environment: str, cause: str, version: int, line: str) -> Outage:
    given = _times(json.loads(line), Outage)
    return Outage(**given | {"environment": environment, "cause": cause, "version": version})


def _finding(found: dict[str, Any]) -> Finding:
    given = _times(found, Finding)
    return Finding(**given | {"kind": Kind(found["kind"]), "severity": Severity(found["severity"])})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Episode | Outage | Finding | Silence):
        said = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
        return {
            name: _plain(each) for name, (each, default) in said.items() if name not in _COLUMNS and each != default
        }
    return value


def _times(found: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    """The keys that the kind has, times read."""
    known = {each.name for each in fields(kind)}
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and value else value
        for name, value in found.items()
        if name in known
    }
