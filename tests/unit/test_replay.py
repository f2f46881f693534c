"""Bumps of the kind that people commit, in four ways that files differ in their bytes: the file after is theirs."""

import shlex
from pathlib import Path

import pytest
from diffs import apart, write

from bot import edit
from bot.cli import main

CASES = sorted((Path(__file__).parents[1] / "golden/replay").glob("*.diff"))
BYTES = {
    "as it is": lambda data: data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "no newline at the end": lambda data: data.removesuffix(b"\n"),
}


@pytest.mark.parametrize("variant", BYTES)
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_file_after_is_theirs(
    case: Path, variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before, after = (
        {name: BYTES[variant](content.encode()) for name, content in each.items()} for each in apart(case.read_text())
    )
    write(tmp_path, before)
    call = shlex.split(case.read_text().partition("\n")[0])[1:]
    assert main(call) == 0, capsys.readouterr().err
    assert {name: Path(name).read_bytes() for name in before} == after
    assert [path.as_posix() for path in Path().rglob("*") if path.is_file()] == list(before)


def test_most_of_them_change_one_line() -> None:
    pairs = [pair for case in CASES for pair in zip(*(each.values() for each in apart(case.read_text())), strict=True)]
    changed = [
        sum(one != two for one, two in zip(old.split("\n"), new.split("\n"), strict=False)) for old, new in pairs
    ]
    assert len(CASES) >= 35
    assert changed.count(1) >= len(CASES) - 3


def test_a_second_run_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for case in CASES:
        folder = tmp_path / case.stem
        write(folder, {name: content.encode() for name, content in apart(case.read_text())[1].items()})
        words = shlex.split(case.read_text().partition("\n")[0])[3]
        again = edit.plan([edit.setting(words)], [case.stem])
        assert (again.rewrites, again.refusals, bool(again.already)) == ([], [], True), case.stem
