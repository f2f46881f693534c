"""Secrets that show by accident are none."""

from bot.model.secret import AppKey, Renewed, Secret


def test_a_renewed_secret_is_asked_for_at_each_use_and_shows_none() -> None:
    tokens = iter(["first", "second"])
    secret = Renewed(ask=lambda: Secret(next(tokens)))
    assert (f"{secret}", repr(secret), f"{AppKey('1', secret)}") == (
        "…",
        "…",
        "AppKey(app='1', private_key=…, installation=None)",
    )
    assert (secret.reveal(), secret.reveal()) == ("first", "second")
