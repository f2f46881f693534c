"""Secrets as a type that can't be shown by accident."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A token or key. `repr` and `str` give `…`; the value leaves only by `reveal`, at the call that needs it."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "…"

    __str__ = __repr__
