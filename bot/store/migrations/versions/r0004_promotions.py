"""Promotions on their way, how versions have done, what waits for its gates, and notices."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.String(32)


def upgrade() -> None:
    """Make the tables; there was nothing like them before."""
    op.create_table(
        "promotions",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("repository", "key")),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("asked", INSTANT, nullable=False),
        sa.Column("ended", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Index("promotions_ended", "ended"),
    )
    op.create_table(
        "standings",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service", "version")),
        sa.Column("health", sa.String, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("seen", INSTANT, nullable=False),
        sa.Column("proven", INSTANT),
        sa.Column("stirring", INSTANT),
        sa.Index("standings_seen", "environment", "service", "seen"),
    )
    op.create_table(
        "queue",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service")),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
    )
    op.create_table(
        "notices",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
