"""Text of others (conditions, events, logs), made fit to be quoted: no secret, no control character, no great length.

The masker is careful rather than exact: what merely looks like a secret is masked too. It knows shapes, such as
`password=…`; the values of our own secrets are handed in by whoever holds them.
"""

import re
from collections.abc import Iterable, Sequence

from bot.printing import printable

MASK = "…"
LINE = 200
"""Characters of a line."""
TOTAL = 600
"""Characters of all lines of a log."""
_MOST = 16_384
"""Characters that are looked at: masking more would take long, and nobody is shown so much."""

_STEERING = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[@-_]?|[\x00-\x08\x0b\x0c\x0e-\x1a]"
)
"""Escape sequences (ECMA-48): they could stand in the middle of a secret, and hide it."""
_KEY = (
    r"(?:pass(?:word|wd|phrase|code)|(?<![a-z])pass(?![a-z])|pwd|secret|token|credential|"
    r"(?:api|access|private|account|shared|encryption|signing|master|client|auth|license)[-_.]?key|(?<![a-z])auth(?![a-z])|"
    r"(?<![a-z])sig(?:nature)?(?![a-z])|session[-_.]?(?:id|key)|cookie|jwt|(?<![a-z])dsn(?![a-z])|"
    r"connection[-_.]?string|hmac)"
)
_NAME = rf"(?<![\w.-])[\w.-]*?{_KEY}[\w.-]{{0,40}}"
_OPEN = r"\\{0,3}[\"'`]"
_IS = rf"(?:{_OPEN})?\]?\s{{0,3}}(?:=>|:=|==?|:(?!:|//))\s{{0,3}}"
_VALUE = r"(?:\\{1,3}\".*?(?:\\{1,3}\"|$)|\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?|`[^`\n]*`?|\S+)"

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]{0,30}://"
_PORT = r"\d{1,5}(?:[/?#\s'\",)]|$)"
_SHUFFLED = r"(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*\d)[\w+/-]{20,}={0,2}"
"""Base64, most likely: names of objects have no capitals."""
_ANNOUNCED = (
    r"(?i:\b(?:key|secret|token|password|signature|hmac|credentials?|private|bearer|identified by)\b)[^\n]{0,16}?"
)
_VENDORS = (
    r"gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|xapp-[\w-]{8,}|(?:AKIA|ASIA)[0-9A-Z]{16}|"
    r"AIza[\w-]{30,}|sk_(?:live|test)_\w{8,}|sk-(?:proj-|ant-)?\w{20,}|npm_\w{30,}|hvs\.[\w-]{20,}|ya29\.[\w.-]{20,}|"
    r"SG\.[\w-]{16,}\.[\w-]{16,}"
)
_DIGIT = r"[\w.~+/=-]"
_MASKED: Sequence[tuple[str, str]] = (
    # PEM, whole or begun before or ended after what is seen of it.
    (r"(?s)-----BEGIN [^-\n]{1,60}-----.*?(?:-----END [^-\n]{1,60}-----|\Z)", MASK),
    (r"(?s)\A.*?-----END [^-\n]{1,60}-----", MASK),
    (r"(?m)^[ \t]*[A-Za-z0-9+/]{60,}={0,2}[ \t]*$", MASK),
    (r"\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)*", MASK),
    (rf"\b(?:{_VENDORS})", MASK),
    # The user's part of an address. A password may hold slashes; a port is none.
    (rf"({_SCHEME})[^\s/?#'\"<>]{{0,512}}@", rf"\1{MASK}@"),
    (rf"({_SCHEME})[^\s:/@'\"]{{0,128}}:(?!{_PORT})[^\s'\"]{{0,512}}@", rf"\1{MASK}@"),
    # Headers hold spaces.
    (rf"(?i)((?:proxy-)?authorization|(?:set-)?cookie)({_IS}\[?(?:{_OPEN})?)[^\n\"'`]+", rf"\1\2{MASK}"),
    (rf"\b((?i:bearer|basic))\s+(?:(?={_DIGIT}*(?:\d|=|[a-z][A-Z])){_DIGIT}{{6,}}|{_DIGIT}{{16,}})", rf"\1 {MASK}"),
    (rf"(?i)({_NAME}{_IS})(?!\s){_VALUE}", rf"\1{MASK}"),
    # What follows the first word of a passphrase.
    (rf"(?i)(pass(?:word|phrase|wd)[\w.-]{{0,40}}:\s{{1,3}}{MASK})[^\n]*", r"\1"),
    (rf"(?i)((?<![\w-])--?[\w-]{{0,60}}?{_KEY}[\w-]{{0,40}}\s{{1,3}})(?!-)\S+", rf"\1{MASK}"),
    (rf"(?i)(<[\w.:-]{{0,60}}?{_KEY}[\w.:-]{{0,40}}>)[^<\n]+", rf"\1{MASK}"),
    (r"(?i)(pass(?:word|wd|phrase)\s+(?:is\s+)?)([\"'`])[^\"'`\n]+\2", rf"\1{MASK}"),
    (rf"({_ANNOUNCED})(?<![A-Za-z0-9+/_=-])(?:[0-9a-fA-F]{{32,}}|{_SHUFFLED})", rf"\1{MASK}"),
)
_RULES = [(re.compile(pattern), instead) for pattern, instead in _MASKED]


def masked(text: str, known: Iterable[str] = ()) -> str:
    """The text, its first 16 KB, without what steers a terminal and without what is or looks secret.

    `known` are values to be masked wherever they stand, the longest first. Lines stay lines.
    """
    text = _STEERING.sub("", text[:_MOST].replace("\r\n", "\n").replace("\r", "\n")).replace("\t", " ")
    text = printable(text)
    for value in known:
        text = text.replace(value, MASK)
    for rule, instead in _RULES:
        text = rule.sub(instead, text)
    return text


def quoted(text: str, most: int = LINE, known: Iterable[str] = ()) -> str:
    """One line of at most so many characters, masked."""
    return _cut(" ".join(masked(text, known).split()), most)


def last_lines(text: str, known: Iterable[str] = (), *, count: int = 10, total: int = TOTAL) -> tuple[str, ...]:
    """The last lines of a log that fit, masked, each cut; empty ones are left out."""
    kept: list[str] = []
    for line in reversed(masked(text, known).split("\n")):
        shown = _cut(line.strip(), LINE)
        if not shown:
            continue
        total -= len(shown)
        if len(kept) == count or total < 0:
            break
        kept.append(shown)
    return tuple(reversed(kept))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
