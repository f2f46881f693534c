"""`bot.ports.Queue`: promotions that wait for their gates, a row a target. Must not know what a gate is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from bot.model.promotion import Waiting
from bot.model.request import Message
from bot.store import messages
from bot.store.tables import inbox, queue

_KEY = ("environment", "service")


@dataclass(frozen=True)
class Queue:
    """Safe to use from several threads and processes, as the store that it is part of."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    now: Callable[[], datetime]

    def waiting(self) -> tuple[Waiting, ...]:
        wanted = select(queue).order_by(queue.c.since, queue.c.environment, queue.c.service)
        with self.transaction() as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            Waiting(row.environment, row.service, row.release, messages.read(row.message), row.expires, row.since)
            for row in rows
        )

    def put(self, waiting: Waiting) -> None:
        row = insert(queue).values(
            environment=waiting.environment,
            service=waiting.service,
            release=waiting.version,
            message=messages.dump(waiting.message),
            since=waiting.since,
            expires=waiting.expires,
        )
        changed = {column.name: row.excluded[column.name] for column in queue.columns if column.name not in _KEY}
        with self.transaction() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=_KEY, set_=changed))

    def take(self, waiting: Waiting) -> bool:
        with self.transaction() as connection:
            return connection.execute(delete(queue).where(*_is(waiting))).rowcount > 0

    def say(self, waiting: Waiting, message: Message) -> bool:
        row = {"id": message.id, "message": messages.dump(message), "received_at": self.now()}
        with self.transaction() as connection:
            if not connection.execute(delete(queue).where(*_is(waiting))).rowcount:
                return False
            return connection.execute(insert(inbox).values(row).on_conflict_do_nothing()).rowcount > 0


def _is(waiting: Waiting) -> list[ColumnElement[bool]]:
    """The row, if it is that one still: another may have been put in its place."""
    return [
        queue.c.environment == waiting.environment,
        queue.c.service == waiting.service,
        queue.c.release == waiting.version,
        queue.c.since == waiting.since,
    ]
