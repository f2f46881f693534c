"""Read a scenario: a Markdown file that people read as a conversation and pytest runs as a test.

A step is a paragraph; what should come of it follows as a block quote (a message) or a fenced block (output, a diff).
`…` stands for anything on its line. A message that begins with `(the message now says)` is an earlier one, updated;
`(in the thread)` is checked; `(silence)` is nothing new and nothing updated. Headings and plain paragraphs are for the
reader.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

_STEP = re.compile(r"\*\*(?P<who>[^*]+)\*\* (?P<what>.+)")
_FENCE = re.compile(r"(`{3,})(\w*)")


@dataclass
class Step:
    """One thing that happens, where it stands in the file, and what is expected to come of it."""

    line: int
    who: str
    what: str
    said: list[str] = field(default_factory=list)
    """Expected messages, one an entry."""
    block: str | None = None
    language: str = ""


def read(path: Path) -> list[Step]:
    """The steps of a file, in order. ValueError for a block without a step, or a step that isn't one."""
    steps: list[Step] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    quoting = False
    while number < len(lines):
        line = lines[number]
        if match := _STEP.fullmatch(line):
            steps.append(Step(number + 1, match["who"], match["what"]))
        elif line.startswith("$ "):
            raise ValueError(f"{path.name}:{number + 1}: a command belongs into a ```console block")
        elif line.startswith(">"):
            text = line.removeprefix(">").removeprefix(" ")
            if quoting:
                steps[-1].said[-1] += "\n" + text
            else:
                steps[-1].said.append(text)
        elif fence := _FENCE.fullmatch(line):
            end = lines.index(fence[1], number + 1)
            block = "\n".join(lines[number + 1 : end])
            if fence[2] == "console":
                command, _, output = block.partition("\n")
                steps.append(Step(number + 2, "$", command.removeprefix("$ "), block=output, language="console"))
            else:
                steps[-1].block, steps[-1].language = block, fence[2]
            number = end
        quoting = line.startswith(">")
        number += 1
    return steps


def matches(expected: str, seen: str) -> bool:
    """Whether the text is as expected, line by line, `…` being anything on its line."""
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected.strip()))
    return re.fullmatch(pattern, seen.strip()) is not None
