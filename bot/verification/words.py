"""Other programs' words as evidence: the first of them, in quotation marks. Pure."""

import re
from collections.abc import Sequence

from bot.quoting import quoted

WIDEST = 100
_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<!--.*?-->|</?[a-zA-Z!][^<>]*>")


def first(text: str, known: Sequence[str], widest: int = WIDEST) -> str:
    """`“upstream is down”`; "" where there are none, or they are none for people. `known` are secrets' values."""
    words = "" if "\x00" in text else quoted(_MARKUP.sub(" ", text), widest, known)
    return f"“{words}”" if words else ""
