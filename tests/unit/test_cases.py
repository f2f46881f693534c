"""The ledgers: every case of the catalogues is a test that names it, or a record says why it is not.

Reading a case, a person finds its test; changing a test, its case. What the tests prove is theirs to say.
"""

import re
from pathlib import Path

from ledger import TESTS, named, spans

DOCS = TESTS.parent / "docs"
LEFT_OUT = DOCS / "decisions/0006-cases-left-out.md"
DRIFT = DOCS / "drift.md"

CASES = set(range(1, 147)) - {6, 19, 41, 52, 55, 71, 84}
CASES_OF_DRIFT = set(range(1, 133)) - {7, 9, 27, 38, 47, 65, 112, 114}


def test_every_case_of_the_write_path_is_a_test_or_left_out_with_a_reason() -> None:
    assert sorted(CASES - covered() - set(left_out())) == []


def test_the_record_names_cases_of_the_catalogue_with_a_reason_each() -> None:
    reasons = left_out()
    assert set(reasons) <= CASES
    assert all(len(reason) > 20 for reason in reasons.values())


def test_what_is_a_test_is_not_left_out() -> None:
    assert sorted(covered() & set(left_out())) == []


def test_every_case_of_drift_is_told_with_tests_that_name_it() -> None:
    proven = {(f"tests/{file}", row) for file, row in named(of_drift=True)}
    told = {int(row): set(re.findall(r"tests/[\w./-]+", line)) for row, line in table(DRIFT)}
    assert sorted(CASES_OF_DRIFT ^ told.keys()) == []
    assert [row for row, files in told.items() if not files] == []
    assert sorted({(file, row) for row, files in told.items() for file in files} - proven) == []


def covered() -> set[int]:
    return {row for _, row in named(of_drift=False)}


def left_out() -> dict[int, str]:
    """The cases of the record's table, each with its reason."""
    cells = (line.strip("| \n").split(" | ") for line in LEFT_OUT.read_text().splitlines() if line.startswith("| "))
    return {row: reason for numbers, reason in cells for row in spans(numbers)}


def table(page: Path) -> list[tuple[str, str]]:
    """The lines of a page's tables that begin with a number."""
    return re.findall(r"^\| (\d+) (\|.*)$", page.read_text(), re.MULTILINE)
