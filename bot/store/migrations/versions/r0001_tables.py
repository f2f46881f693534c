"""The first tables."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.String(32)


def upgrade() -> None:
    """Make the tables, and the key that fingerprints are made with."""
    op.create_table(
        "inbox",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
    )
    op.create_index("inbox_finished_at", "inbox", ["finished_at"])
    op.create_table(
        "confirmations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("message_id", "actor_id", "actor")),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("service", sa.String),
        sa.Column("environment", sa.String),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "episodes",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service", "state")),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("began", INSTANT, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
    )
    op.create_table(
        "synced",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("repository", "service", "environment")),
        sa.Column("identity", sa.String, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    keys = op.create_table(
        "keys",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(keys, [{"name": "fingerprints", "value": secrets.token_bytes(32)}])
