"""A Slack workspace on loopback that speaks Slack's own protocols, for the playground and for tests.

It must not know the bot: whatever talks to it, talks as an app talks to Slack, and is held to Slack's limits.
"""

from bot.playground.slack.conversations import Channel, Message, User
from bot.playground.slack.delivery import Delivery
from bot.playground.slack.workspace import Workspace

__all__ = ["Channel", "Delivery", "Message", "User", "Workspace"]
