"""Slack's user ids -> names for people to read."""

from functools import lru_cache

from slack_sdk import WebClient

from bot.errors import Unavailable
from bot.slack.client import calling


class People:
    """Who is who in the workspace, asked once per person."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        # An exception is not cached, so a failed look-up is tried again next time.
        self._remembered = lru_cache(maxsize=4096)(self._ask)

    def name(self, user: str) -> str:
        """The name they show; the id itself where Slack can't tell now."""
        try:
            return self._remembered(user)
        except Unavailable:
            return user

    def _ask(self, user: str) -> str:
        with calling("users.info"):
            found = self._client.users_info(user=user)["user"]
        profile = found.get("profile", {})
        names = (profile.get("display_name"), profile.get("real_name"), found.get("real_name"), found.get("name"))
        return next(filter(None, names), user)
