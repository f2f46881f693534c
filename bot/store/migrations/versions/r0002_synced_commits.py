"""The commit at which a target was last seen in sync, so that it can be rendered again as it was then.

What was noted without a commit is forgotten: the next check that finds a target in sync notes it anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM synced")
    with op.batch_alter_table("synced") as synced:
        synced.add_column(sa.Column("commit", sa.String, nullable=False))
