"""The nearest known word to one that isn't known."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """At most `most` known words that the writer may have meant, best first; none if nothing is near."""
    by_folded = {name.casefold(): name for name in known}
    return tuple(by_folded[near] for near in difflib.get_close_matches(word.casefold(), by_folded, most, 0.6))
