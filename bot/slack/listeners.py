"""Slack's deliveries in, answers out: each message is written to the inbox, then acknowledged, then worked on.

Bolt acknowledges an event before its listener runs, so there are none here: a global middleware does the keeping and
gives the acknowledgement itself. What can't be written down is not acknowledged, and Slack sends it again. Must not
know what a message means, nor how a reply looks.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final

from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode import SocketModeClient

from bot.conversation import Answer
from bot.errors import Unavailable
from bot.model.reply import Outcome, Reply
from bot.model.request import Message, Place
from bot.model.secret import Secret
from bot.ports import Inbox
from bot.slack.client import Outside, calling, web_client
from bot.slack.envelopes import in_thread, is_direct, message_from
from bot.slack.outbox import Outbox
from bot.slack.people import People

log = logging.getLogger(__name__)

Hear = Callable[[Message], Answer]

WORKERS: Final = 8
_OPEN: Final = {Outcome.REFUSED, Outcome.FAILED}
"""Outcomes of a press that leave the question open, and so its buttons in place."""


class Slack:
    """The bot in one workspace. `chat` may be used from the start; nothing is heard before `start`.

    With an app token it listens by Socket Mode; without one, `dispatch` takes the requests that
    `bot.slack.requests` has verified. `plan` shows steps by a newer block. Unavailable if Slack can't be reached or
    refuses the bot token.
    """

    def __init__(
        self,
        inbox: Inbox,
        hear: Hear,
        *,
        bot_token: Secret,
        app_token: Secret | None = None,
        api_url: str | None = None,
        plan: bool = False,
        workers: int = WORKERS,
    ) -> None:
        client = web_client(bot_token, api_url)
        with calling("auth.test"):
            us = client.auth_test()
            # Signatures are verified before a request is even parsed: see bot.slack.requests.
            # Bolt warns that it leaves SLACK_BOT_TOKEN alone since it was given a client, which is as meant.
            quiet = logging.getLogger(f"{__name__}.bolt")
            quiet.setLevel(logging.ERROR)
            app = App(client=client, request_verification_enabled=False, ssl_check_enabled=False, logger=quiet)
        app.use(self._receive)
        self._bot, self._workspace = str(us["user_id"]), str(us["url"])
        self.chat = Outbox(client, workspace=self._workspace, plan=plan)
        self.dispatch = app.dispatch
        self._inbox = inbox
        self._hear = hear
        self._people = People(client)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="slack")
        self._socket = SocketModeHandler(app, app_token.reveal()).client if app_token else None
        self._response_urls: dict[str, str] = {}
        self._stopping = Event()

    def start(self) -> None:
        """Take up what a former process left undone, then listen. Unavailable if Slack can't be reached."""
        self._pool.submit(self._catch_up, self._inbox.unfinished())
        if self._socket:
            with calling("apps.connections.open"):
                self._socket.connect()

    def _catch_up(self, left: Sequence[Message]) -> None:
        """One after the other, in the order they were said: two of them may move the same service."""
        for message in left:
            if self._stopping.is_set():
                return
            self._work(message)

    def work(self, message: Message) -> None:
        """Work on a message that is in the inbox already, beside those that come in."""
        if not self._stopping.is_set():  # else the next start takes it up
            self._pool.submit(self._work, message)

    def stop(self) -> None:
        """Stop listening and finish what was begun; what waits stays in the inbox for the next start."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._socket:
            _close(self._socket)
        self._pool.shutdown()

    def connected(self) -> bool:
        """Whether messages can come in; by HTTP they always can."""
        return self._socket is None or self._socket.is_connected()

    def _receive(self, body: Mapping[str, Any]) -> BoltResponse:
        """Bolt's global middleware: any other status than 200 is no acknowledgement."""
        message = message_from(body, bot=self._bot, workspace=self._workspace, now=datetime.now(UTC))
        if message is None:
            return BoltResponse(status=200)
        if self._stopping.is_set():
            return BoltResponse(status=503)
        try:
            is_new = self._inbox.receive(message)
        except Unavailable as why:
            log.warning("Message %s is not acknowledged, since the inbox can't keep it: %s", message.id, why)
            return BoltResponse(status=503)
        if is_new:
            if "command" in body and "response_url" in body:
                self._response_urls[message.id] = body["response_url"]
            self._pool.submit(self._work, message)
        return BoltResponse(status=200)

    def _work(self, message: Message) -> None:
        answer = self._answer(message)
        try:
            self._tell(message, answer)
            self._settle(message, answer.reply)
            if (warning := answer.afterwards()) is not None:
                self._say(message, warning)
        except Exception:
            log.exception("Message %s was answered; what follows an answer failed.", message.id)
        finally:
            self._response_urls.pop(message.id, None)
        try:
            # Only now: killed before, the next start adopts what is there, and does what follows it.
            self._inbox.finish(message.id)
        except Unavailable as why:
            log.warning("Message %s was answered, and will be again at the next start: %s", message.id, why)

    def _answer(self, message: Message) -> Answer:
        try:
            actor = replace(message.actor, name=self._people.name(message.actor.id))
            return self._hear(replace(message, actor=actor))
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("Incident %s, with message %s.", incident, message.id)
            apology = f"Sorry, that went wrong on my side. Whoever runs me finds it in my log as incident {incident}."
            return Answer(Reply(Outcome.FAILED, apology))

    def _tell(self, message: Message, answer: Answer) -> None:
        """Say it, and all that belongs to it; whoever keeps it up to date is told which messages these are."""
        for each in (answer, *answer.more):
            posted = self._say(message, each.reply)
            channel, thread = message.place.channel, message.place.thread
            if posted is None or channel is None:
                continue
            try:
                each.said(Place(channel, thread, self.chat.link(channel, posted, thread or "")), posted)
            except Unavailable as why:
                log.warning("Nobody will know that message %s is the answer to %s: %s", posted, message.id, why)

    def _say(self, message: Message, reply: Reply) -> str | None:
        """The id of the message, where everybody sees it."""
        place = message.place
        reply = self._with_file(place, reply)
        if reply.private and not (in_thread(message) or is_direct(place)):
            # Slack shows an ephemeral message in a thread only to those who have that thread before them.
            place = replace(place, thread=None)
        try:
            try:
                posted = self.chat.post(place, reply, to=message.actor.id)
            except Outside:
                # A command can be given where the bot is no member; its response URL works there.
                if message.id not in self._response_urls:
                    raise
                self.chat.respond(self._response_urls[message.id], reply, to=message.actor.id)
                return None
        except Unavailable as why:
            log.warning("The answer to message %s could not be given: %s", message.id, why)
            return None
        return None if reply.private else posted

    def _with_file(self, place: Place, reply: Reply) -> Reply:
        """The reply once its file is there, or with the reason why it isn't."""
        if reply.attachment is None:
            return reply
        try:
            self.chat.attach(place, reply.attachment.name, reply.attachment.text)
        except Unavailable as why:
            return replace(reply, text=f"{reply.text} But it could not be put here: {why}", outcome=Outcome.FAILED)
        return reply

    def _settle(self, message: Message, reply: Reply) -> None:
        press, channel = message.press, message.place.channel
        if not (press and press.said and channel) or reply.private or reply.outcome in _OPEN:
            return
        try:
            self.chat.settle(channel, press.message, press.said, press.action, message.actor)
        except Unavailable as why:
            log.warning("The buttons of message %s could not be taken off: %s", press.message, why)


def _close(socket: SocketModeClient) -> None:
    """Close the connection without the seconds that its two threads would still wait for something to come.

    An answer to a ping ends the read, and an empty message the wait for the next one.
    """
    if socket.current_session:
        socket.current_session_state.terminated = True
        with suppress(OSError):  # the connection may be broken already
            socket.current_session.ping("bye")
    socket.closed = True
    socket.enqueue_message("")
    socket.close()
