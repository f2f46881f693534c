"""Text that may be printed: whatever it holds, it can't steer a terminal. Every call imports this, so it is light."""

import json
from collections.abc import Mapping
from typing import Any


def printable(text: str) -> str:
    """The text without control characters, invisible marks and halves of surrogate pairs; line feeds stay."""
    return "".join(c for c in text if c.isprintable() or c == "\n")


def dumps(value: Mapping[str, Any]) -> str:
    """JSON in which what can't be printed is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
