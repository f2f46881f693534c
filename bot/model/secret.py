"""Secrets as a type that can't be shown by accident."""

from collections.abc import Callable
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


@dataclass(frozen=True, slots=True, repr=False)
class Renewed(Secret):
    """A secret that another takes the place of from time to time: `reveal` gives the one that is valid now.

    It raises what `ask` raises.
    """

    _value: str = field(default="", init=False)
    ask: Callable[[], Secret] = field(kw_only=True)

    def reveal(self) -> str:
        return self.ask().reveal()


@dataclass(frozen=True, slots=True)
class AppKey:
    """What a GitHub App signs in with. `app` is its number or client id; `installation` is looked up where None."""

    app: str
    private_key: Secret
    installation: int | None = None
