"""Cut what a person typed into words, whatever chat it came from.

Knows Slack's markup and people's smart quotes; must not know any verb. Quoted text and code blocks are taken out
first: they show a command, they don't give one.
"""

import html
import re
import unicodedata
from dataclasses import dataclass

from bot.model.request import Misunderstanding

LONGEST = 1000
"""Characters of a command; the longest sensible one is a fifth of that."""

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]*)`")
_MARKUP = re.compile(r"<([^<>\s|][^<>|]*)(?:\|([^<>]*))?>")
_END = re.compile(r"(?<=\w)[.!?]+\Z")
"""What ends a sentence. A tag may end with a point; nobody's does."""
_QUOTE_MARKS = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " "})
_DASHES = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2013": "-"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it stands in the cleaned text, in code points."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Words:
    """The cleaned text, a line each entry of `lines`, all words in `words`."""

    text: str
    lines: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line)


def split(typed: str) -> Words | Misunderstanding:
    """The words of a message; a misunderstanding if it is empty, only quotes something, or is no plain text."""
    if len(typed) > LONGEST:
        return Misunderstanding(
            f"That message has {len(typed):,} characters and a command at most {LONGEST:,}; "
            "type the command alone, for example: help"
        )
    for position, character in enumerate(typed):
        if unicodedata.category(character) in {"Cc", "Cs", "Co"} and character not in "\n\r\t":
            return Misunderstanding(
                f"That message holds the control character U+{ord(character):04X} at position {position + 1}; "
                "type the command again by hand."
            )
    text = _without_quotations(_plain(typed))
    lines = tuple(_line(text, match.start(), match.end()) for match in re.finditer(r"[^\n]+", text))
    lines = tuple(line for line in lines if line)
    if lines:
        return Words(text, lines)
    if typed.strip():
        return Misunderstanding("Quoted text and code are not commands; type the command as plain text.")
    return Misunderstanding("No command was given; for example: status, or help for all of them.")


def _plain(typed: str) -> str:
    """Slack's escapes and links as the person saw them; invisible format characters gone."""
    typed = typed.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    seen = html.unescape(_MARKUP.sub(_label, typed))
    seen = "".join(character for character in seen if unicodedata.category(character) != "Cf")
    return seen.translate(_QUOTE_MARKS).translate(_DASHES)


def _label(match: re.Match[str]) -> str:
    target, label = match[1], match[2]
    if target.startswith("!"):
        return "@" + target[1:].partition("^")[0]
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("@"):
        return label or target
    if label or "://" in target or target.startswith("mailto:"):
        return label or target
    return match[0]


def _without_quotations(text: str) -> str:
    text = _FENCED.sub("\n", text)
    # One word in back-ticks is emphasis ("promote `payment`"); several are an example of what to type.
    text = _INLINE.sub(lambda match: match[1] if len(match[1].split()) == 1 else " ", text)
    kept = [line for line in text.split("\n") if not line.lstrip().startswith((">", '"'))]
    return _END.sub("", "\n".join(kept).strip())


def _line(text: str, start: int, end: int) -> tuple[Word, ...]:
    return tuple(Word(match[0], match.start()) for match in re.finditer(r"\S+", text[:end]) if match.start() >= start)
