"""Quantities of Kubernetes: `500m` CPU, `1Gi` of memory, as exact decimals.

Source: k8s.io/apimachinery/pkg/api/resource (the grammar in quantity.go); the server rounds amounts of resources up
to milli units (SetDefaults_ResourceList).
"""

import re
from decimal import ROUND_CEILING, Decimal

_SUFFIXES = {
    "": Decimal(1),
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{suffix + "i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
_MILLI = Decimal("0.001")


def parse(value: object) -> Decimal | None:
    """The amount in whole units, rounded up to milli units; None where it is no quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None or len(match[1]) > 100:
        return None
    number, exponent, suffix = match.groups()
    amount = Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]
    if abs(amount) >= Decimal(10) ** 20:
        return amount
    return amount.quantize(_MILLI, ROUND_CEILING)
