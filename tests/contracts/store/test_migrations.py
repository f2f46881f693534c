"""The steps lead to the tables, and the newest step is the one that the store asks for."""

from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.model.secret import Secret
from bot.store import migrations, tables
from bot.store.store import Store


def test_the_steps_lead_to_the_tables(tmp_path: Path) -> None:
    with (
        closing(Store.open(Secret(f"sqlite:///{tmp_path / 'store.db'}"))) as store,
        store._engine.begin() as connection,
    ):
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_step_is_the_one_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.NEWEST


def test_every_table_says_why_it_is_there() -> None:
    assert [table.name for table in tables.metadata.sorted_tables if not table.comment] == []
