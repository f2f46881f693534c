"""Which tests name which cases of a catalogue: `row_74`, `rows_17_and_18`, `row-65`, `rows 8–10`."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
OF_DRIFT = (
    "cluster/", "contracts/clusters/", "contracts/rendering/", "scenarios/drift", "unit/comparison/", "unit/drift/",
    "unit/test_survey.py", "unit/test_judging.py", "unit/test_bases.py", "unit/jobs/",

)  # fmt: skip
"""Where the tests of drift are: that catalogue has numbers of its own."""

_ROW = re.compile(
    r"\brows?[-_ ](\d+)((?:(?:_and_|_to_| and | to |, |–)\d+)*)|_rows?_(\d+)((?:_(?:and|to)_\d+)*)", re.IGNORECASE
)
_SPAN = re.compile(r"(\d+)(?:(?:–|_to_| to )(\d+))?")


def named(*, of_drift: bool) -> Iterator[tuple[str, int]]:
    """Each test file with a case that it names, in its own name or in its text; as often as it does."""
    for path in sorted(TESTS.rglob("*")):
        file = path.relative_to(TESTS).as_posix()
        if file.startswith(OF_DRIFT) is not of_drift or path.name in {"ledger.py", "test_cases.py"}:
            continue
        for row in rows(path.name):
            yield file, row
        if path.suffix in {".py", ".md"}:
            for row in rows(path.read_text()):
                yield file, row


def rows(text: str) -> Iterator[int]:
    for match in _ROW.finditer(text):
        yield from spans("".join(filter(None, match.groups())))


def spans(text: str) -> Iterator[int]:
    for first, last in _SPAN.findall(text):
        yield from range(int(first), int(last or first) + 1)
