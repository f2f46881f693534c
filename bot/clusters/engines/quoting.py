"""What engines quote of others, such as an API server's complaint or a tool's output, made fit to be shown.

Kept is the first line, up to where it begins to quote a manifest, masked as `bot.quoting` masks, and cut. Of a Secret,
values that the API server refuses are masked too. A Secret's value that an engine quotes in any other way would pass:
none does, as far as known (Argo CD masks Secrets in what it reports, and Helm's values are in its further lines).
"""

import re

from bot import quoting

LONGEST = 160
_MANIFEST = re.compile(
    r"""[{\[]\s*["{]|\bmap\[|\bapiVersion\s*:|\b(?:stringData|binaryData|data)["']?\s*:|error\ found\ in\ \#""",
    re.VERBOSE,
)
_REFUSED = re.compile(r"""(?i)(\bvalue:\s*)(?:"(?:[^"\\]|\\.)*"?|\S+)""")
_RUN = re.compile(r"(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*\d)(?=[a-z0-9+/]*[A-Z])[A-Za-z0-9+/]{40,}={0,2}")
"""Base64: what engines tell has no other use for so many letters in a row. Looked for where a run begins alone, or a
long one would take for ever."""
_OF_SECRET = re.compile(r"\bSecret\b|\b(?:data|stringData)[\[.]")


def quoted(value: object, longest: int = LONGEST) -> str:
    """The gist of somebody else's text, on one line; "" for what is no text."""
    lines = value.strip().splitlines() if isinstance(value, str) else []
    line = lines[0] if lines else ""
    started = _MANIFEST.search(line)
    line = line[: started.start()] if started else line
    if _OF_SECRET.search(line):
        line = _REFUSED.sub(r"\1…", line)
    line = quoting.quoted(_RUN.sub(quoting.MASK, line), longest).rstrip(" .:,;'\"(|")
    return f"{line}…" if started and line and not line.endswith("…") else line
