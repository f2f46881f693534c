"""Which addresses are the same forge's."""

import pytest

from bot.model.address import same_forge


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
