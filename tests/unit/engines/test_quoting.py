"""Other people's messages are shown in part: never control characters, nor what looks like a Secret's value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clusters.engines.quoting import quoted

LONG = "c2VjcmV0LXBhc3N3b3JkLWZvci10aGUtZGF0YWJhc2UtMTIzNDU2Nzg5MA=="


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('namespaces "shop" not found', 'namespaces "shop" not found'),
        ("first\nsecond", "first"),
        ("  ends with a stop. ", "ends with a stop"),
        ("bell \x07 and \x1b[31mred\u202e", "bell and red"),
        (None, ""),
        (["a"], ""),
        ("", ""),
        ("no " * 500, " ".join(["no"] * 53) + "…"),
        ('secrets "payment-db" not found', 'secrets "payment-db" not found'),
        ("spec.replicas: Invalid value: -1: must be positive", "spec.replicas: Invalid value: -1: must be positive"),
    ],
)
def test_the_gist_of_a_message(message: object, shown: str) -> None:
    assert quoted(message) == shown


@pytest.mark.parametrize(
    "message",
    [
        "clone https://ana:hunter2@git.example.com/x.git: authentication required",
        "clone https://hunter2@git.example.com/x.git: authentication required",
        'Secret "db" is invalid: data[password]: Invalid value: "hunter2": too short',
        'Secret "db" is invalid: data[password]: Invalid value: "say \\"hunter2\\" twice": too short',
        'stringData.password: Invalid value: hunter2',
        'unable to decode: json: illegal base64, error found in #10 byte of ...|word":"hunter2"}|...',
        'error when applying {"apiVersion":"v1","kind":"Secret","data":{"password":"hunter2"}}',
        "failed to convert map[apiVersion:v1 data:map[password:hunter2] kind:Secret]",
        "cannot parse: apiVersion: v1 kind: Secret stringData: password: hunter2",
        "can't parse: data: {password: hunter2}",
        "GET /x?access_token=hunter2&y=1: 401",
        "password=hunter2 was refused",
        'db_password: "hunter2" was refused',
        "Authorization: Bearer hunter2hunter2",
        "sent bearer hunter2hunter2 in vain",
        f"illegal value {LONG} here",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_masked(message: str) -> None:
    shown = quoted(message)
    assert "hunter2" not in shown
    assert LONG not in shown
    assert "…" in shown


@given(st.text(max_size=2000), st.integers(10, 300))
def test_it_is_one_printable_line_of_limited_length(message: str, longest: int) -> None:
    shown = quoted(message, longest)
    assert shown.isprintable()
    assert len(shown) <= longest + 1


@pytest.mark.parametrize(
    "message", ["A" * 1_000_000, "Secret value: " * 100_000, '{ "' + "{ " * 100_000, "data " * 200_000]
)
def test_a_long_message_is_cut_and_not_searched_for_ever(message: str) -> None:
    assert len(quoted(message)) <= 161
