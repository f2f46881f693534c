"""The store: bot.ports' Inbox, Confirmations, Audit, SyncedContents, Episodes and Mutes on SQLite. Newer ports have a
module each.

The only room that knows SQLAlchemy and Alembic. Every write is on the disk when its call returns.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.errors import Refusal, Unavailable
from bot.model.catalog import Target
from bot.model.episode import Episode, Outage
from bot.model.request import Message
from bot.model.rules import Mute
from bot.model.secret import Secret
from bot.model.sync import Content
from bot.store import episodes, messages, tables
from bot.store.migrations import NEWEST
from bot.store.notices import Notices
from bot.store.promotions import Promotions
from bot.store.queue import Queue
from bot.store.standings import Standings

_TARGET = ("repository", "service", "environment")

BUSY = timedelta(seconds=10)
"""How long a write waits for another process's, unless the URL has a `timeout` of its own."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Safe to use from several threads, and on one file from several processes."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._now = now

    @classmethod
    def open(cls, url: Secret, now: Callable[[], datetime] = utc_now) -> "Store":
        """Open `sqlite:///…`, made or brought up to date if need be; `close` it in the end.

        Refusal if the URL isn't SQLite's or a newer release wrote the file; Unavailable if the file can't be used.
        """
        engine = _engine(url)
        store = cls(engine, now)
        try:
            with store.transaction() as connection:
                _migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        return store

    def close(self) -> None:
        self._engine.dispose()

    def prune(self, keep: timedelta = timedelta(days=30)) -> None:
        """Forget messages, confirmations, promotions and standings of so long ago. The audit is kept."""
        before = self._now() - keep
        with self.transaction() as connection:
            connection.execute(delete(tables.inbox).where(tables.inbox.c.finished_at < before))
            connection.execute(delete(tables.confirmations).where(tables.confirmations.c.expires < before))
        self.promotions.prune(before)
        self.standings.prune(before)

    @cached_property
    def promotions(self) -> Promotions:
        return Promotions(self.transaction, self._now)

    @cached_property
    def standings(self) -> Standings:
        return Standings(self.transaction)

    @cached_property
    def notices(self) -> Notices:
        return Notices(self.transaction)

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.transaction, self._now)

    # Inbox

    def receive(self, message: Message) -> bool:
        row = {"id": message.id, "message": messages.dump(message), "received_at": self._now()}
        with self.transaction() as connection:
            written = connection.execute(insert(tables.inbox).values(row).on_conflict_do_nothing())
            return written.rowcount > 0

    def unfinished(self) -> tuple[Message, ...]:
        inbox = tables.inbox.c
        waiting = select(inbox.message).where(inbox.finished_at.is_(None)).order_by(inbox.received_at, text("rowid"))
        with self.transaction() as connection:
            return tuple(messages.read(line, resumed=True) for line in connection.scalars(waiting))

    def finish(self, message_id: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                update(tables.inbox).where(tables.inbox.c.id == message_id).values(finished_at=self._now())
            )

    # Confirmations

    def ask(self, message: Message, fingerprint: str, expires: datetime) -> str:
        confirmation = secrets.token_urlsafe(16)
        row = {"id": confirmation, "message": messages.dump(message), "fingerprint": fingerprint, "expires": expires}
        with self.transaction() as connection:
            connection.execute(insert(tables.confirmations).values(row))
        return confirmation

    def waiting(self, confirmation: str, now: datetime) -> tuple[Message, str] | None:
        asked = tables.confirmations.c
        wanted = select(asked.message, asked.fingerprint).where(
            asked.id == confirmation, asked.settled_at.is_(None), asked.expires > now
        )
        with self.transaction() as connection:
            row = connection.execute(wanted).one_or_none()
        return (messages.read(row.message), row.fingerprint) if row else None

    def settle(self, confirmation: str) -> None:
        asked = tables.confirmations
        with self.transaction() as connection:
            connection.execute(
                update(asked)
                .where(asked.c.id == confirmation, asked.c.settled_at.is_(None))
                .values(settled_at=self._now())
            )

    # Audit

    def record(self, message: Message, verb: str, target: Target | None, outcome: str, detail: str) -> None:
        row = {
            "at": self._now(),
            "message_id": message.id,
            "actor_id": message.actor.id,
            "actor": message.actor.name,
            "said": message.text,
            "verb": verb,
            "service": target.service if target else None,
            "environment": target.environment if target else None,
            "outcome": outcome,
            "detail": detail,
        }
        with self.transaction() as connection:
            connection.execute(insert(tables.audit).values(row))

    # SyncedContents

    def last(self, targets: Collection[Target]) -> Mapping[Target, Content]:
        with self.transaction() as connection:
            rows = connection.execute(select(tables.synced)).mappings().all()
        known = {tuple(row[name] for name in _TARGET): Content(row["identity"], row["commit"]) for row in rows}
        return {target: known[key] for target in targets if (key := _key(target)) in known}

    def remember(self, contents: Mapping[Target, Content]) -> None:
        last = self.last(contents)
        news = [
            dict(zip(_TARGET, _key(target), strict=True)) | {"identity": each.identity, "commit": each.commit}
            for target, each in contents.items()
            if target not in last or last[target].identity != each.identity
        ]
        if not news:
            return
        row = insert(tables.synced)
        changed = {name: row.excluded[name] for name in ("identity", "commit", "at")}
        with self.transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=_TARGET, set_=changed),
                [each | {"at": self._now()} for each in news],
            )

    # Episodes

    def underway(self, environment: str) -> tuple[Episode, ...]:
        with self.transaction() as connection:
            return episodes.underway(connection, tables.episodes, environment)

    def outages(self, environment: str) -> tuple[Outage, ...]:
        found = tables.outages.c
        wanted = select(tables.outages).where(found.environment == environment).order_by(found.cause)
        with self.transaction() as connection:
            return tuple(episodes.outage(*row) for row in connection.execute(wanted))

    def write(self, known: Sequence[Episode | Outage], forgotten: Sequence[Episode | Outage] = ()) -> bool:
        try:
            with self.transaction() as connection:
                episodes.write(connection, tables.episodes, known, forgotten)
        except episodes.Overtaken:
            return False
        return True

    # Mutes

    def mutes(self, environment: str) -> tuple[Mute, ...]:
        wanted = select(tables.mutes).where(tables.mutes.c.environment == environment).order_by(tables.mutes.c.service)
        with self.transaction() as connection:
            return tuple(Mute(**row) for row in connection.execute(wanted).mappings())

    def mute(self, mute: Mute) -> None:
        row = insert(tables.mutes).values({each.name: getattr(mute, each.name) for each in fields(mute)})
        changed = {name: row.excluded[name] for name in ("until", "by", "because", "at")}
        with self.transaction() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["environment", "service"], set_=changed))

    def unmute(self, environment: str, service: str) -> bool:
        muted = tables.mutes.c
        with self.transaction() as connection:
            gone = connection.execute(
                delete(tables.mutes).where(muted.environment == environment, muted.service == service)
            )
            return gone.rowcount > 0

    @property
    def fingerprint_key(self) -> bytes:
        """The key that episodes' fingerprints are made with; the same for the life of the store."""
        with self.transaction() as connection:
            return bytes(connection.scalars(select(tables.keys.c.value).filter_by(name="fingerprints")).one())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing, under the write lock. Unavailable if the file can't be used."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # SQLite's own few words ("database or disk is full") name no value; SQLAlchemy hides the parameters.
            why = str(getattr(error, "orig", None) or "it is damaged or in use").partition("\n")[0]
            raise Unavailable(f"The bot's own store {self._engine.url.database} can't be used: {why}.") from None


def _engine(url: Secret) -> Engine:
    try:
        parsed = make_url(url.reveal())
    except ArgumentError:
        raise Refusal("QUARTERDECK_DATABASE_URL is not a database's address: use sqlite:///<path>.") from None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise Refusal("QUARTERDECK_DATABASE_URL must be sqlite:///<path>; other databases are not supported yet.")
    try:
        Path(str(parsed.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder of the bot's store, {error.filename}, can't be made: {error.strerror}; "
            "QUARTERDECK_DATA can name another."
        ) from None
    patient = parsed.update_query_dict({"timeout": str(BUSY.total_seconds())} | dict(parsed.query))
    engine = create_engine(patient, hide_parameters=True)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    # sqlite3 would begin transactions at times of its own choosing; `_on_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # Taking the write lock first: a transaction that read before it writes can't be refused in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    """Bring the tables up to date, under the write lock, so that of two processes the second finds it done."""
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if current == NEWEST:
        return
    if current is not None and current > NEWEST:
        raise Refusal("The bot's store was written by a newer release of Quarterdeck: run that one, or a newer one.")
    from alembic import command  # noqa: PLC0415 - slow to load, and rarely needed
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def _key(target: Target) -> tuple[str, ...]:
    return target.repository, target.service, target.environment
