from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.kubernetes.quantity import canonical


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1000m", "1"),
        (1, "1"),
        (0.5, "500m"),
        ("0.5", "500m"),
        ("1000M", "1G"),
        ("3072Mi", "3Gi"),
        ("1.5Gi", "1536Mi"),
        ("1024Ki", "1Mi"),
        ("512", "512"),
        ("1024", "1024"),
        ("0", "0"),
        ("0Gi", "0"),
        ("0.5Ki", "512"),
        ("1e3", "1e3"),
        ("15E2", "1500"),
        ("5e-3", "5e-3"),
        ("2E", "2E"),
        ("1500", "1500"),
        ("1000", "1k"),
        ("+5", "5"),
        ("-5m", "-5m"),
        (".5", "500m"),
    ],
)
def test_canonical_form(written: object, stored: str) -> None:
    assert canonical(written) == stored


def test_resource_lists_are_rounded_up_to_milli() -> None:
    assert canonical("0.0001", least=-3) == "1m"


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "--1", True, None, "1.2.3", "NaN"])
def test_what_is_no_quantity(text: object) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        canonical(text)


@given(st.integers(0, 10**12), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_is_stable_and_equal(number: int, suffix: str) -> None:
    written = f"{number}{suffix}"

    assert canonical(canonical(written)) == canonical(written)
    assert value(canonical(written)) == value(written)


def value(text: str) -> Decimal:
    factors = {"m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
    factors |= {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)}
    suffix = text.lstrip("+-.0123456789")
    return Decimal(text.removesuffix(suffix)) * factors.get(suffix, 1)
