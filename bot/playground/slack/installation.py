"""The app as installed in the workspace: its ids, and the secrets that Slack would show on the app's pages."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.model.secret import Secret


def _secret(prefix: str, length: int) -> Callable[[], Secret]:
    return lambda: Secret(prefix + secrets.token_hex(length))


@dataclass(frozen=True, slots=True)
class Installation:
    """Ids are the same in every workspace, so that a sample config can name them; secrets never are."""

    team_id: str = "T0HARBOUR1"
    team_domain: str = "harbour"
    team_name: str = "Harbour"
    app_id: str = "A0QDECK001"
    bot_id: str = "B0QDECK001"
    bot_user_id: str = "U0QDECK001"
    command: str = "/deck"
    bot_token: Secret = field(default_factory=_secret("xoxb-1-1-", 12))
    app_token: Secret = field(default_factory=_secret("xapp-1-A0QDECK001-1-", 32))
    signing_secret: Secret = field(default_factory=_secret("", 16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)
    """The token of old in every payload; no app should trust it."""
