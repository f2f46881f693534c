"""The examples of docs/formats.md, run as they stand there."""

import re
from pathlib import Path

import pytest
from diffs import apart, write

from bot import edit, files

PAGE = Path(__file__).parents[2] / "docs/formats.md"
BLOCKS = re.compile(
    r"^```(?P<language>\w+) ?(?P<info>.*)\n(?P<body>(?:.*\n)*?)```\n(?:\n(?P<said>(?:> .*\n)+))?", re.MULTILINE
)
EXAMPLES = list(BLOCKS.finditer(PAGE.read_text()))
USUAL = "acme/payment=v1.3.0"


def line_of(example: re.Match[str]) -> str:
    return f"line {example.string.count(chr(10), 0, example.start()) + 1}"


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each["language"] == "diff"], ids=line_of)
def test_an_example_becomes_what_the_page_shows(
    example: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = apart(example["body"])
    assert before != after
    write(tmp_path, {name: content.encode() for name, content in before.items()})
    words = example["info"].removeprefix("--set ") or USUAL
    plan = edit.plan([edit.setting(words)], ["."])
    assert plan.refusals == []
    files.replace(plan.rewrites)
    assert {name: (tmp_path / name).read_text() for name in before} == after


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each["info"].startswith("refused ")], ids=line_of)
def test_what_is_refused_is_said_as_the_page_says(
    example: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = example["info"].removeprefix("refused ")
    (tmp_path / file).write_text(example["body"])
    (refused,) = edit.plan([edit.setting(USUAL)], [file]).refusals
    assert refused.why == " ".join(line.removeprefix("> ") for line in example["said"].splitlines())


def test_every_format_has_an_example() -> None:
    of_formats = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[2:-1]
    assert [section.partition("\n")[0] for section in of_formats if "```diff" not in section] == []
