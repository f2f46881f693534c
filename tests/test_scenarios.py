"""Every file of tests/scenarios/ is a transcript of the whole bot at work, and a test."""

from pathlib import Path

import pytest
from steps import Stage
from transcript import read
from world import world

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.md"))
CONFIGURED = {
    "drift-heal": (("drift:\n", "drift:\n  heal: sync\n"),),
    "follow-rollback": (('    channel: "#deploys"\n', '    channel: "#deploys"\n    on_failure: rollback\n'),),
    "gates": (("    cluster: production\n", "    cluster: production\n    after: staging\n    soak: 15m\n"),),
}
"""What is set otherwise than in the playground's config, by scenario."""


SLOW = {"program"}
"""It starts the program for each command; `tests/program` does so sparingly."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in SLOW)) for path in SCENARIOS],
)
def test_scenario(path: Path, tmp_path: Path) -> None:
    steps = read(path)
    assert any(step.said or step.block for step in steps), "a transcript that expects nothing can't fail"
    with world(tmp_path, replace=CONFIGURED.get(path.stem, ())) as made:
        stage = Stage(made)
        for step in steps:
            stage.run(step)
