"""Replies out to Slack, at the pace Slack takes them.

Posts of one channel go one after the other, so that one that must wait holds the rest in order. Updates of one
message go at most once a second, and a newer one overtakes those that wait. Must not know what a reply is about.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from threading import Lock
from typing import Final

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.errors import Unavailable
from bot.model.reply import Reply
from bot.model.request import Actor, Place
from bot.slack.blocks import Content, render, settled
from bot.slack.client import TIMEOUT, Rejected, calling
from bot.slack.envelopes import is_direct, permalink

log = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between two updates of one message (docs.slack.dev/apis/web-api/rate-limits)."""


class Outbox:
    """Implements `bot.ports.Chat`."""

    def __init__(self, client: WebClient, every: float = EVERY, workspace: str = "", *, plan: bool = False) -> None:
        self._client = client
        self._every = every
        self._workspace = workspace
        self._plan = plan
        self._channels: defaultdict[str, Lock] = defaultdict(Lock)
        self._ids: dict[str, str] = {}
        self._lock = Lock()
        self._turns = count()
        self._newest: dict[tuple[str, str], int] = {}
        self._due: dict[tuple[str, str], float] = {}

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        """Say it, and give the message's `ts`. A private reply is shown to `to` alone, where the place has others.

        Unavailable if Slack did not take it, or did not say that it did: it isn't said again then.
        """
        channel = place.channel or ""
        alone = is_direct(place)
        with self._channels[channel]:
            if reply.private and to and not alone:
                with calling("chat.postEphemeral", channel):
                    answer = self._client.chat_postEphemeral(
                        channel=channel, user=to, thread_ts=place.thread, **render(reply)
                    )
                return str(answer["message_ts"])

            def post(content: Content) -> SlackResponse:
                with calling("chat.postMessage", channel):
                    return self._client.chat_postMessage(
                        channel=channel,
                        thread_ts=place.thread,
                        reply_broadcast=bool(reply.broadcast and place.thread),
                        unfurl_links=False,
                        unfurl_media=False,
                        **content,
                    )

            answer = self._shown(reply, post, asker=None if alone or place.thread else to)
        self._ids[channel] = answer["channel"]
        return str(answer["ts"])

    def _shown(self, reply: Reply, send: Callable[[Content], SlackResponse], asker: str | None = None) -> SlackResponse:
        """Send a reply; once more in classic blocks, which are taken everywhere, if Slack refuses a newer one."""
        if self._plan and any(section.steps for section in reply.sections):
            try:
                return send(render(reply, asker=asker, plan=True))
            except Rejected as why:
                log.warning("Steps are shown as lines from now on: %s", why)
                self._plan = False
        return send(render(reply, asker=asker))

    def channel(self, name: str) -> str:
        """The id of a channel that something was posted to since the start; else its name."""
        return self._ids.get(name, name)

    def link(self, channel: str, message: str, thread: str = "") -> str:
        """Where people read a message; "" without the workspace's address, or of a channel whose id is not known."""
        found = self.channel(channel)
        return "" if found.startswith("#") else permalink(self._workspace, found, message, thread)

    def update(self, channel: str, message: str, reply: Reply) -> None:
        """Replace what a message says; gives up silently if a newer update of it came meanwhile.

        `channel` is an id, or a `#name` that something was posted to since the start: Slack updates by id only. What
        should be updated after a restart too is kept with the id that `channel` gives.
        """
        self._replace(channel, message, lambda update: self._shown(reply, update))

    def attach(self, place: Place, name: str, text: str) -> None:
        """Put a text file there that is too long for a message, as `files.getUploadURLExternal` wants it.

        Unavailable if Slack did not take it, or did not say that it did: it isn't put there again then.
        """
        channel = place.channel or ""
        with self._channels[channel], calling("files.completeUploadExternal", channel):
            self._client.files_upload_v2(
                filename=name, title=name, content=text, channel=self.channel(channel), thread_ts=place.thread
            )

    def settle(self, channel: str, message: str, said: str, action: str, actor: Actor) -> None:
        """Take the buttons off a message and say who pressed which."""
        self._replace(channel, message, lambda update: update(settled(said, action, actor)))

    def respond(self, url: str, reply: Reply, *, to: str) -> None:
        """Answer a slash command at its `response_url`, which works where the bot is no member."""
        kind = "ephemeral" if reply.private else "in_channel"
        with calling("the command's response_url"):
            webhook = WebhookClient(url, timeout=TIMEOUT, proxy=self._client.proxy, retry_handlers=[])
            answer = webhook.send(response_type=kind, **render(reply, asker=None if reply.private else to))
        if answer.status_code != 200:
            raise Unavailable(f"Slack answered {answer.status_code} to the command's response_url.")

    def _replace(
        self, channel: str, message: str, show: Callable[[Callable[[Content], SlackResponse]], object]
    ) -> None:
        key = (self.channel(channel), message)
        with self._lock:
            now = time.monotonic()
            self._forget_before(now)
            turn = self._newest[key] = next(self._turns)
            due = self._due.setdefault(key, now)
        time.sleep(max(0.0, due - now))
        # The channel's lock keeps a slow update from landing after a newer one.
        with self._channels[channel]:
            with self._lock:
                if self._newest.get(key, turn) != turn:
                    return
                self._due[key] = time.monotonic() + self._every

            def update(content: Content) -> SlackResponse:
                with calling("chat.update", channel):
                    return self._client.chat_update(channel=key[0], ts=message, **content)

            show(update)

    def _forget_before(self, now: float) -> None:
        for key in [key for key, due in self._due.items() if due + self._every < now]:
            del self._due[key], self._newest[key]
