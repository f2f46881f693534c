"""What engines quote of others, such as an API server's complaint or a tool's output, made fit to be shown.

Kept is the first line, up to where it begins to quote a manifest, without control characters, and cut. Masked are
credentials in addresses, what follows a word such as `password`, values that the API server refuses of a Secret, and
long runs of base64. A line that quotes a Secret's value otherwise than that would pass: engines don't, as far as known
(Argo CD masks Secrets' data in what it reports; the API server quotes what it refuses).
"""

import re

from bot.printing import printable

LONGEST = 160
_MANIFEST = re.compile(
    r"""[{\[]\s*["{]|\bmap\[|\bapiVersion\s*:|\b(?:stringData|binaryData|data)["']?\s*:|error\ found\ in\ \#""",
    re.VERBOSE,
)
_ADDRESS = re.compile(r"://[^/\s@]+@")
_NAMED = re.compile(
    r"""(?i)([\w-]*(?:password|passwd|token|api[_-]?key|access[_-]?key|client[_-]?secret|authorization)["']?\s*[:=]\s*["']?)
    (?:(?:bearer|basic)\s+)?[^\s"',;&]+""",
    re.VERBOSE,
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_REFUSED = re.compile(r"""(?i)(\bvalue:\s*)(?:"(?:[^"\\]|\\.)*"?|\S+)""")
_RUN = re.compile(r"(?=[A-Za-z+/]*\d)(?=[a-z0-9+/]*[A-Z])[A-Za-z0-9+/]{40,}={0,2}")
_OF_SECRET = re.compile(r"\bSecret\b|\b(?:data|stringData)[\[.]")


def quoted(value: object, longest: int = LONGEST) -> str:
    """The gist of somebody else's text, on one line; "" for what is no text."""
    lines = value.strip().splitlines() if isinstance(value, str) else []
    line = lines[0][: 4 * longest] if lines else ""
    started = _MANIFEST.search(line)
    cut = bool(started) or len(lines[0]) > len(line) if lines else False
    line = line[: started.start()] if started else line
    line = _ADDRESS.sub("://…@", line)
    line = _NAMED.sub(r"\1…", line)
    line = _BEARER.sub(r"\1 …", line)
    if _OF_SECRET.search(line):
        line = _REFUSED.sub(r"\1…", line)
    line = " ".join(printable(_RUN.sub("…", line).replace("\t", " ")).split()).rstrip(" .:,;'\"(")
    if len(line) > longest:
        line, cut = line[: longest - 1].rstrip(), True
    return f"{line}…" if cut and line and not line.endswith("…") else line
