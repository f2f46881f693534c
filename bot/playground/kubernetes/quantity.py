"""Quantities in the one form that an API server answers with: `1000m` is stored as `1`, `0.5` as `500m`.

Rules: the doc comments of apimachinery's `resource.Quantity` ("canonical form").
"""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Any

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def canonical(value: Any, *, least: int = -9) -> str:
    """The canonical form; `least` is the smallest power of ten kept, as resource lists are rounded up to milli (-3).

    Raises `ValueError` for what is no quantity.
    """
    match = _FORM.fullmatch(str(value))
    if not match or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a quantity such as 500m, 1 or 2Gi")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        amount = number * 1024 ** (_BINARY.index(suffix) + 1)
        if amount == amount.to_integral_value() and abs(amount) >= 1024:
            return _binary(int(amount))
    elif suffix in _DECIMAL:
        amount = number.scaleb(_DECIMAL[suffix])
    else:
        text = _decimal(number.scaleb(int(suffix[1:])), least)
        digits = text.rstrip("".join(_DECIMAL))
        power = _DECIMAL[text.removeprefix(digits)]
        return f"{digits}e{power}" if power else digits
    return _decimal(amount, least)


def _binary(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power < len(_BINARY):
        amount, power = amount // 1024, power + 1
    return f"{amount}{_BINARY[power - 1] if power else ''}"


def _decimal(amount: Decimal, least: int) -> str:
    if not amount:
        return "0"
    rounded = amount.quantize(Decimal(1).scaleb(least), rounding=ROUND_CEILING)
    for suffix, power in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = rounded.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    raise AssertionError("quantize leaves no digits below the least suffix")
