"""`bot.ports.Standings`: how versions have done, a row each. Must not know what a break is."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from bot.model.promotion import Standing
from bot.model.sync import Health
from bot.store.tables import standings as table

_KEY = ("environment", "service", "version")
_NAMES = [each.name for each in fields(Standing)]
_READ = [table.c[name] for name in _NAMES]


@dataclass(frozen=True)
class Standings:
    """Safe to use from several threads and processes, as the store that it is part of."""

    transaction: Callable[[], AbstractContextManager[Connection]]

    def standings(self, environment: str) -> Mapping[str, Standing]:
        mine = table.c.environment == environment
        last = select(table.c.service, func.max(table.c.seen).label("seen")).where(mine).group_by(table.c.service)
        newest = last.subquery()
        same = (table.c.service == newest.c.service) & (table.c.seen == newest.c.seen)
        with self.transaction() as connection:
            rows = connection.execute(select(*_READ).join(newest, same).where(mine)).mappings().all()
        return {row["service"]: _read(row) for row in rows}

    def standing(self, environment: str, service: str, version: str) -> Standing | None:
        wanted = select(*_READ).where(
            table.c.environment == environment, table.c.service == service, table.c.version == version
        )
        with self.transaction() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return _read(row) if row else None

    def note(self, standings: Collection[Standing]) -> None:
        if not standings:
            return
        row = insert(table)
        changed = {name: row.excluded[name] for name in _NAMES if name not in _KEY}
        with self.transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=_KEY, set_=changed),
                [{name: getattr(each, name) for name in _NAMES} | {"health": each.health.value} for each in standings],
            )

    def prune(self, before: datetime) -> None:
        """Forget versions that nobody has seen running since."""
        with self.transaction() as connection:
            connection.execute(delete(table).where(table.c.seen < before))


def _read(row: Mapping[Any, Any]) -> Standing:
    found = next((each for each in Health if each == row["health"]), Health.UNKNOWN)
    return Standing(**{**{name: row[name] for name in _NAMES}, "health": found})
