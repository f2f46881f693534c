"""The ledger of the write path: every case of its catalogue is a test that names it, or a record says why it is not.

A test names its cases as `row_74`, `rows_17_and_18` or `row-65` in its own name, an id, a golden folder's name or a
transcript. The catalogue of drift has numbers of its own, and tests of its own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
LEFT_OUT = TESTS.parent / "docs/decisions/0006-cases-left-out.md"

UNUSED = {6, 19, 41, 52, 55, 71, 84}
CASES = set(range(1, 147)) - UNUSED
OF_DRIFT = ("cluster/", "contracts/clusters/", "contracts/rendering/", "scenarios/drift.md", "unit/comparison/")

_ROW = re.compile(
    r"\brows?[-_ ](\d+)((?:(?:_and_|_to_| and | to |, |–)\d+)*)|_rows?_(\d+)((?:_(?:and|to)_\d+)*)", re.IGNORECASE
)
_SPAN = re.compile(r"(\d+)(?:(?:–|_to_| to )(\d+))?")


def test_every_case_is_a_test_or_left_out_with_a_reason() -> None:
    assert sorted(CASES - set(covered()) - set(left_out())) == []


def test_the_record_names_cases_of_the_catalogue_with_a_reason_each() -> None:
    reasons = left_out()
    assert set(reasons) <= CASES
    assert all(len(reason) > 20 for reason in reasons.values())


def test_what_is_a_test_is_not_left_out() -> None:
    assert sorted(set(covered()) & set(left_out())) == []


def covered() -> Iterator[int]:
    for path in TESTS.rglob("*"):
        name = path.relative_to(TESTS).as_posix()
        if name.startswith(OF_DRIFT) or path == Path(__file__):
            continue
        yield from rows(path.name)
        if path.suffix in {".py", ".md"}:
            yield from rows(path.read_text())


def left_out() -> dict[int, str]:
    """The cases of the record's table, each with its reason."""
    cells = (line.strip("| \n").split(" | ") for line in LEFT_OUT.read_text().splitlines() if line.startswith("| "))
    return {row: reason for numbers, reason in cells for row in spans(numbers)}


def rows(text: str) -> Iterator[int]:
    for match in _ROW.finditer(text):
        yield from spans("".join(filter(None, match.groups())))


def spans(text: str) -> Iterator[int]:
    for first, last in _SPAN.findall(text):
        yield from range(int(first), int(last or first) + 1)
