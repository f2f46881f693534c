"""Episodes that know their findings, outages by their cause, and mutes.

What was told of drift stays told: it becomes open episodes, whose findings the next check takes as known. That
something could not be checked is forgotten, and said once more if it still is so.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.String(32)


def upgrade() -> None:
    """Make the tables, and carry over what was told."""
    told = op.get_bind().execute(sa.text("SELECT * FROM episodes WHERE state = 'drifted'")).mappings().all()
    messages = [each["message"] for each in told]
    op.drop_table("episodes")
    episodes = op.create_table(
        "episodes",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "outages",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "cause")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "mutes",
        *(sa.Column(name, sa.String, primary_key=True) for name in ("environment", "service")),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    rows = []
    for each in told:
        record = {
            "began": each["began"],
            "opened": each["began"],
            "told": True,
            "inherited": True,
            "channel": each["channel"],
            "message": each["message"],
            "shared": messages.count(each["message"]) > 1,
        }
        keys = {"environment": each["environment"], "service": each["service"], "version": 1}
        rows.append(keys | {"record": json.dumps(record)})
    if rows:
        op.bulk_insert(episodes, rows)
