"""The tables, each with the reason why nothing else could tell it. Times are UTC, in ISO 8601."""

from datetime import UTC, datetime

from sqlalchemy import Column, Dialect, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A point in time. As text of one length, since SQLite has no type for it and text sorts."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return value.astimezone(UTC).isoformat(timespec="microseconds") if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        return datetime.fromisoformat(value) if value else None


metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("id", String, primary_key=True),
    Column("message", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Index("inbox_finished_at", "finished_at"),
    comment="Messages taken over from the chat, which sends an acknowledged one never again.",
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", String, primary_key=True),
    Column("message", Text, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("settled_at", Instant),
    comment="Commands that wait for a yes: a button carries an id alone, since buttons can be forged.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("message_id", String, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("said", Text, nullable=False),
    Column("verb", String, nullable=False),
    Column("service", String),
    Column("environment", String),
    Column("outcome", String, nullable=False),
    Column("detail", Text, nullable=False),
    comment="Who asked what and what came of it, refusals too, which leave no trace in Git.",
)

episodes = Table(
    "episodes",
    metadata,
    Column("environment", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("record", Text, nullable=False),
    comment="What checks found of a target and said of it: clusters say what is, not what was, nor what was said.",
)

outages = Table(
    "outages",
    metadata,
    Column("environment", String, primary_key=True),
    Column("cause", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("record", Text, nullable=False),
    comment="Why targets could not be checked, and that it was said: a cluster that is down says nothing of itself.",
)

mutes = Table(
    "mutes",
    metadata,
    Column("environment", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("until", Instant, nullable=False),
    Column("by", String, nullable=False),
    Column("because", Text, nullable=False),
    Column("at", Instant, nullable=False),
    comment="What people asked not to be told for a while, which nobody else knows.",
)

promotions = Table(
    "promotions",
    metadata,
    Column("repository", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("environment", String, nullable=False),
    Column("asked", Instant, nullable=False),
    Column("ended", Instant),
    Column("version", Integer, nullable=False),
    Column("record", Text, nullable=False),
    Index("promotions_ended", "ended"),
    comment="Changes on their way, and which message tells of each: the forge knows the pull request alone.",
)

standings = Table(
    "standings",
    metadata,
    Column("environment", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("health", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("proven", Instant),
    Column("stirring", Instant),
    Index("standings_seen", "environment", "service", "seen"),
    comment="Since when each version has been healthy or not: clusters say how one does now.",
)

queue = Table(
    "queue",
    metadata,
    Column("environment", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("release", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    comment="Promotions that wait for their gates: nobody else knows that somebody wants them.",
)

notices = Table(
    "notices",
    metadata,
    Column("environment", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("record", Text, nullable=False),
    comment="What was said of services that do badly: clusters say what is, not what was said.",
)

synced = Table(
    "synced",
    metadata,
    Column("repository", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("environment", String, primary_key=True),
    Column("identity", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("at", Instant, nullable=False),
    comment="Each target's content last seen in sync: tells a change not deployed yet from one undone by hand.",
)

keys = Table(
    "keys",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="A random key for fingerprints, so that nobody who reads them can guess what they stand for.",
)
