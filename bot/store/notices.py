"""What was said of services that do badly: `bot.ports.Episodes` in a table of its own, without outages."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.model.episode import Episode, Outage
from bot.store import episodes
from bot.store.tables import notices as table


@dataclass(frozen=True)
class Notices:
    """Safe to use from several threads and processes, as the store that it is part of."""

    transaction: Callable[[], AbstractContextManager[Connection]]

    def underway(self, environment: str) -> tuple[Episode, ...]:
        with self.transaction() as connection:
            return episodes.underway(connection, table, environment)

    def outages(self, environment: str) -> tuple[Outage, ...]:  # noqa: ARG002 - as the port has it
        """None: what can't be looked at is the drift check's to tell."""
        return ()

    def write(self, known: Sequence[Episode | Outage], forgotten: Sequence[Episode | Outage] = ()) -> bool:
        try:
            with self.transaction() as connection:
                episodes.write(connection, table, known, forgotten)
        except episodes.Overtaken:
            return False
        return True
