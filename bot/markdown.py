"""Markdown of GitHub's kind, made of text that others wrote: nobody is pinged, nothing linked, no markup comes of it.

GitHub turns `@ana`, `#12`, `GH-12` and addresses into links after it has read the Markdown, so no escape stops that: a
character without width behind the sign does. Rules: https://github.github.com/gfm and
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

_NO_WIDTH = "\u200b"
_MARKUP = re.compile(r"[\\`*_\[\]|~$]|^[-+=]")
_LINKED = re.compile(r"@|#|\bGH-|:(?=//)|\bwww(?=\.)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]\\|]{1,2000}")
LONGEST_TEXT = 300
"""Characters of one text from outside."""


def text(plain: str, longest: int = LONGEST_TEXT) -> str:
    """Plain text as Markdown shows it, on one line."""
    return _unlinked(html.escape(_MARKUP.sub(r"\\\g<0>", clipped(plain, longest)), quote=False))


def code(plain: str) -> str:
    """A command or a name, to be copied: nothing in it is changed but what could end it, or a comment."""
    line = clipped(plain)
    ticks = "`" * (1 + _longest_run(line))
    pad = " " if "`" in line else ""
    return f"{ticks}{pad}{_uncommented(line)}{pad}{ticks}"


def link(label: str, address: str) -> str:
    """A link; the label alone where the address is none that can stand in Markdown."""
    return f"[{text(label)}]({address})" if _ADDRESS.fullmatch(address) else text(label)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are Markdown already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def fenced(shown: str) -> str:
    """A diff, which no line of it can end."""
    fence = "`" * max(3, 1 + _longest_run(shown))
    return f"{fence}diff\n{_uncommented(shown)}\n{fence}"


def folded(summary: str, content: str) -> str:
    """Content behind a click; the summary is plain text."""
    said = _unlinked(html.escape(clipped(summary), quote=False))
    return f"<details><summary>{said}</summary>\n\n{content}\n\n</details>"


def flat(plain: str) -> str:
    """On one line, without control characters and marks that turn a line around."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in plain).split())


def clipped(plain: str, longest: int = LONGEST_TEXT) -> str:
    """Flat, and cut with an ellipsis."""
    line = flat(plain[: 4 * longest])
    return line if len(line) <= longest and len(plain) <= 4 * longest else f"{line[: longest - 1]}…"


def _longest_run(plain: str) -> int:
    return max(map(len, re.findall(r"`+", plain)), default=0)


def _uncommented(plain: str) -> str:
    """Without what would open or close an HTML comment, for tools that look for ours in the raw text."""
    return plain.replace("<!--", f"<{_NO_WIDTH}!--").replace("-->", f"--{_NO_WIDTH}>")


def _unlinked(escaped: str) -> str:
    return _LINKED.sub(rf"\g<0>{_NO_WIDTH}", escaped)
