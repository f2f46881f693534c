"""Which addresses are the same forge's, and where people see what is behind them."""

import pytest

from bot.model.address import owner_and_name, page, same_forge


@pytest.mark.parametrize(
    ("url", "api", "same"),
    [
        ("https://github.com/acme/gitops.git", "https://api.github.com", True),
        ("https://shop.ghe.com/acme/gitops.git", "https://api.shop.ghe.com", True),
        ("https://git.example.com/acme/gitops.git", "https://git.example.com/api/v3", True),
        ("http://127.0.0.1:8700/github/acme/gitops.git", "http://127.0.0.1:8700/github/api/v3", True),
        ("http://127.0.0.1:8701/acme/gitops.git", "http://127.0.0.1:8700/github/api/v3", False),
        ("https://gitlab.com/acme/gitops.git", "https://api.github.com", False),
        ("https://github.com.example.com/acme/gitops.git", "https://api.github.com", False),
        ("/srv/git/gitops.git", "https://api.github.com", False),
    ],
)
def test_same_forge(url: str, api: str, same: bool) -> None:
    assert same_forge(url, api) is same


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://github.com/acme/gitops.git", "https://github.com/acme/gitops"),
        ("https://github.com/acme/gitops/", "https://github.com/acme/gitops"),
        ("http://127.0.0.1:8700/github/acme/gitops.git", "http://127.0.0.1:8700/github/acme/gitops"),
        ("git@github.com:acme/gitops.git", "https://github.com/acme/gitops"),
        ("ssh://git@github.com:22/acme/gitops.git", "https://github.com/acme/gitops"),
        ("/srv/git/gitops.git", None),
        ("file:///srv/git/gitops.git", None),
        ("srv/git@2/gitops", None),
    ],
)
def test_page(url: str, seen: str | None) -> None:
    assert page(url) == seen


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/gitops.git", "acme/gitops"),
        ("http://127.0.0.1:8700/github/acme/gitops.git/", "acme/gitops"),
        ("git@github.com:acme/gitops.git", "acme/gitops"),
        ("acme/gitops", "acme/gitops"),
        ("gitops.git", None),
        ("https:///gitops.git", None),
        ("", None),
    ],
)
def test_owner_and_name(url: str, name: str | None) -> None:
    assert owner_and_name(url) == name
