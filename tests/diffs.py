"""Files before and after, written as one diff with all of their lines, so that what changes is seen at a glance."""

from collections.abc import Mapping
from pathlib import Path


def apart(diff: str) -> tuple[dict[str, str], dict[str, str]]:
    """The files by path, before and after. Lines before the first `--- a/` are not looked at."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    name = ""
    for line in diff.splitlines(keepends=True):
        if line.startswith("--- a/"):
            name = line.removeprefix("--- a/").rstrip()
            before[name] = after[name] = ""
        elif name and not line.startswith("+++ b/"):
            sign, rest = (" ", line) if line == "\n" else (line[0], line[1:])
            before[name] += rest if sign in " -" else ""
            after[name] += rest if sign in " +" else ""
    return before, after


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
