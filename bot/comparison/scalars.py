"""Whether two scalars are the same value, by what the field holds."""

from datetime import datetime
from typing import Any

from bot.comparison.quantities import parse
from bot.comparison.schema import Scalar, Type
from bot.comparison.secrets import decode

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF"))


def same(kind: Type, want: object, have: object) -> bool:
    """Type counts as well as value (`80` is not `"80"`, nor is `true` 1), since fields may take both."""
    if kind.scalar is Scalar.QUANTITY:
        amount = parse(want)
        return amount == parse(have) if amount is not None else want == have
    if kind.scalar is Scalar.BYTES:
        content = decode(want)
        return content is not None and content == decode(have)
    if kind.scalar is Scalar.TIME:
        moment = _moment(want)
        return moment == _moment(have) if moment is not None else want == have
    if isinstance(want, bool) or isinstance(have, bool):
        # kubectl reads the YAML 1.1 words as booleans, kustomize as text: which of them read Git is not known here.
        return want is have or (isinstance(want, str) and want in (_TRUE if have else _FALSE))
    if isinstance(want, int | float) and isinstance(have, int | float):
        return want == have
    return type(want) is type(have) and want == have


def alike(want: Any, have: Any) -> bool:
    """Whether values that Python takes for equal are so in JSON too: to Python, true is 1."""
    kind = want.__class__
    if kind is dict:
        for name, value in want.items():  # noqa: SIM110 - a generator would take twice as long
            if value.__class__ is not str and not alike(value, have[name]):
                return False
        return True
    if kind is list:
        for item, other in zip(want, have, strict=True):
            if item.__class__ is not str and not alike(item, other):
                return False
        return True
    return kind is have.__class__ or bool not in {kind, have.__class__}


def legal(kind: Type, want: object) -> bool:
    """Whether the API takes the value at all; it casts nothing."""
    if kind.scalar is Scalar.TEXT:
        return isinstance(want, str)
    return kind.scalar is not Scalar.BYTES or decode(want) is not None


def _moment(value: object) -> datetime | None:
    """Servers write moments in UTC, to the second or the microsecond."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
