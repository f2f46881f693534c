"""Values as people read them: one line, short, nothing that a terminal or a chat would obey."""

import json
import re

LIMIT = 200
"""Characters of a value; issue pages and chats show two of them side by side."""
_LEAD = 20
_OTHERWISE_READ = re.compile(
    r"|null|true|false|-?\d+(\.\d+)?([eE][+-]?\d+)?|\s.*|.*\s|.*\*\*\* \((before|after)\)|[\[{\"].*", re.DOTALL
)

BEFORE, AFTER = "*** (before)", "*** (after)"
"""What stands for the value in Git and in the cluster where it is secret: that it differs is all that is said."""


def pair(want: object, have: object) -> tuple[str | None, str | None]:
    """Two values side by side; None is absent. Of two long texts the parts around their first difference are shown."""
    left, right = _text(want), _text(have)
    skipped = 0
    if left is not None and right is not None and max(len(left), len(right)) > LIMIT:
        same = next(
            (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
        )
        skipped = max(0, same - _LEAD)
    return _cut(left, skipped), _cut(right, skipped)


def clean(text: str) -> str:
    """Without control characters, newlines and invisible marks (which could turn a line around), and short."""
    return _cut("".join(c if c.isprintable() else "" for c in text), 0) or ""


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and not _OTHERWISE_READ.fullmatch(value) and value.isprintable():
        return value
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _cut(text: str | None, skipped: int) -> str | None:
    if text is None:
        return None
    text = "…" + text[skipped + 1 :] if skipped else text
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
