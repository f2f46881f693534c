"""The sample repository's past leads to the sample as it is."""

from datetime import UTC, datetime
from pathlib import Path

from bot.playground.past import PAST
from bot.playground.playground import SAMPLE, Playground


def test_the_past_ends_with_the_sample(tmp_path: Path) -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    playground = Playground(tmp_path, now=lambda: now, lived_in=True)
    with playground.running():
        bare = playground.repository.bare
        tip = bare.branches()["main"]
        for path in (path for path in SAMPLE.rglob("*") if path.is_file()):
            assert bare.read(tip, str(path.relative_to(SAMPLE))) == path.read_bytes()
        ages = [(now - each.author.at).days for each in reversed(bare.log("main"))]
        assert ages == [13, *(event.days for event in PAST)]
