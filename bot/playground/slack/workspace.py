"""The workspace as one thing: its parts put together, and what its people do in it.

The only module here that knows all the others. What bots may do is in `web_api`; nothing here is for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.playground.slack import block_kit, composer, payloads
from bot.playground.slack.conversations import Channel, Conversations, Json, Message, User
from bot.playground.slack.delivery import ACK_SECONDS, RETRY_PAUSES, Answer, Courier, Delivery, Transport
from bot.playground.slack.faults import Fault, Faults
from bot.playground.slack.files import Uploads
from bot.playground.slack.http_mode import HttpMode
from bot.playground.slack.installation import Installation
from bot.playground.slack.page import Page
from bot.playground.slack.response_urls import ResponseUrls, Right
from bot.playground.slack.socket_mode import SocketMode
from bot.playground.slack.throttle import Throttle
from bot.playground.slack.web_api import WebApi

T = TypeVar("T")

SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True)
ANA = User("U0ANA00001", "ana", "Ana Ulm", "Developer")
BEN = User("U0BEN00001", "ben", "Ben Urban", "Approver")
CHANNELS = (
    Channel("C0DEPLOYS1", "deploys", "Promotions and rollbacks"),
    Channel("C0DRIFT001", "drift", "Where the clusters differ from Git"),
    Channel("C0GENERAL1", "general", "Everything else"),
)


class Workspace:
    """Safe to use from any thread. Close it before its server stops.

    `address` is the server's base URL without a slash at the end. A user is given by id or name, a channel by id,
    `#name` or, for direct messages with the app, `@<its name>`. `paced` holds the app to Slack's pace; `ack_seconds`
    and `retry_pauses` are Slack's own unless a test is in a hurry.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        address: str,
        paced: bool = False,
        ack_seconds: float = ACK_SECONDS,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
    ) -> None:
        self.installation = Installation()
        app = User(self.installation.bot_user_id, "quarterdeck", "Quarterdeck", "App", is_bot=True)
        self.people = (ANA, BEN)
        direct = [Channel(f"D{user.id[1:]}", user.name, members=(user.id, app.id)) for user in self.people]
        self._conversations = Conversations(now, (*self.people, app, SLACKBOT), (*CHANNELS, *direct))
        self.address = address
        self._ack_seconds = ack_seconds
        self._faults = Faults()
        self._response_urls = ResponseUrls(now)
        self._triggers: dict[str, datetime] = {}
        self._now = now
        self._sockets = SocketMode(self.installation.app_id, ack_seconds, self._conversations.touch)
        self._transport: Transport = self._sockets
        self._courier = Courier(lambda: self._transport, retry_pauses, self._conversations.touch)
        self._uploads = Uploads(address)
        self._page = Page(self._conversations, self, bot=app.id, command=self.installation.command)
        self._web_api = WebApi(
            self.installation,
            self._conversations,
            self._faults,
            address=address,
            throttle=Throttle(per_second=1, burst=5) if paced else None,
            socket_url=self._socket_url,
            open_trigger=self._open_trigger,
            uploads=self._uploads,
            spoke=self._spoke,
            edited=self._edited,
        )

    def routes(self) -> list[BaseRoute]:
        """The page at `/`, and everything else under `/slack/`."""
        return [
            *self._page.routes(),
            Route("/slack/api/{method}", self._web_api.endpoint, methods=["GET", "POST"]),
            Route("/slack/respond/{key}", self._respond, methods=["POST"]),
            *self._uploads.routes(),
            WebSocketRoute("/slack/socket", self._sockets.endpoint),
        ]

    @property
    def api_url(self) -> str:
        """Where an app's Slack client is pointed."""
        return f"{self.address}/slack/api/"

    def close(self) -> None:
        """End connections, streams and retries."""
        self._courier.close()
        self._sockets.disconnect(None)
        self._page.close()

    # What people do

    def say(self, user: str, channel: str, text: str, thread: str | None = None) -> str:
        """Send what was typed in the message box; the message's `ts`.

        The app hears of it if it is mentioned, or in direct messages. A text that starts with the slash command
        posts no message: then the answer is "".
        ValueError for an unknown user, channel or thread, or an empty text.
        """
        who, where = self._user(user), self._channel(user, channel)
        if not text.strip():
            raise ValueError("there is nothing to say")
        command, _, rest = text.strip().partition(" ")
        if command == self.installation.command:
            self._command(who, where, rest.strip(), thread)
            return ""
        if thread and self._conversations.find(where.id, thread) is None:
            raise ValueError(f"there is no message {thread} in {where.name}")
        wire = composer.on_the_wire(text, self._conversations.users.values(), self._conversations.channels.values())
        message = self._conversations.add(where.id, who.id, wire, thread=thread)
        if where.is_direct or f"<@{self.installation.bot_user_id}>" in wire:
            self._tell(payloads.said("message" if where.is_direct else "app_mention", message, self._team))
        return message.ts

    def press(self, user: str, channel: str, ts: str, button: str, block: str | None = None) -> None:
        """Press a button, given by its `action_id` or its label; the first in the message, or in `block` (its id).

        A confirm dialog counts as said yes to.

        ValueError if there is no such message or button for this user.
        """
        who, where = self._user(user), self._channel(user, channel)
        message = self._conversations.find(where.id, ts)
        if message is None or message.visible_to not in {None, who.id}:
            raise ValueError(f"there is no message {ts} in {where.name}")
        found = [
            each
            for each in message.buttons
            if button in {each["action_id"], each["text"]["text"]} and block in {None, each["block_id"]}
        ]
        if not found:
            labels = ", ".join(each["text"]["text"] for each in message.buttons) or "none"
            raise ValueError(f"the message has no button {button}; its buttons: {labels}")
        key = self._response_urls.grant(who.id, where.id, message)
        payload = payloads.block_actions(
            self.installation,
            who,
            where,
            message,
            found[0],
            trigger=self._trigger(),
            response_url=self._respond_url(key),
            at=self._conversations.timestamp(),
        )

        def then(answer: Answer) -> None:
            if not answer.acknowledged and "url" not in found[0]:  # a link opens in any case
                self._slackbot(who, where, "This app did not respond to the button in time.", message.thread)

        self._courier.once("interactive", payload, then)

    def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Add a reaction, or take it back if it is there already. ValueError if there is no such message."""
        who, where = self._user(user), self._channel(user, channel)
        message = self._conversations.find(where.id, ts)
        if message is None or message.visible_to:
            raise ValueError(f"there is no message {ts} in {where.name}")
        if not self._conversations.react(message, name, who.id, on=True):
            self._conversations.react(message, name, who.id, on=False)

    # What tests and scenarios look at

    def messages(self, channel: str, thread: str | None = None) -> list[Message]:
        """What everybody sees: a channel's top level, or a thread with its first message; oldest first."""
        return self._conversations.messages(self._channel(None, channel).id, thread)

    def direct(self, user: str) -> str:
        """The id of the direct messages between a user and the app."""
        return self._channel(user, "@quarterdeck").id

    def ephemerals(self, user: str) -> list[Message]:
        """What only this user sees, in all channels; oldest first."""
        return self._conversations.ephemerals(self._user(user).id)

    def wait_for(self, predicate: Callable[[], T], seconds: float = 5.0) -> T:
        """The predicate's first true value, tried again after each change. TimeoutError if there is none in time."""
        return self._conversations.wait_for(predicate, seconds)

    @property
    def connections(self) -> int:
        """Open Socket Mode connections."""
        return self._sockets.connections

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every finished attempt to reach the app, oldest first."""
        return self._courier.record

    # What happens to the app

    def deliver_again(self, event_id: str) -> None:
        """Send an event once more as Slack does when an acknowledgement was lost. ValueError if there was none."""
        payload = next((each.payload for each in self.deliveries if each.id == event_id), None)
        if payload is None or "event_id" not in payload:
            raise ValueError(f"no event {event_id} was delivered")
        self._courier.event(payload, attempt=1, trouble="timeout")

    def disconnect(self, reason: str | None = "refresh_requested") -> None:
        """Send the Socket Mode connections away, or break them (None); apps come back by themselves."""
        self._sockets.disconnect(reason)

    def point_at(self, events: str, *, commands: str | None = None, interactivity: str | None = None) -> None:
        """Turn to HTTP mode, with the app's request URLs; after Slack's challenge to the events URL.

        ValueError if a URL isn't of this machine, or the challenge isn't answered.
        """
        urls = {"events_api": events, "slash_commands": commands or events, "interactive": interactivity or events}
        http = HttpMode(self.installation.signing_secret, urls, self._ack_seconds)
        http.verify(self.installation.verification_token)
        self._transport = http

    def fail_next(
        self,
        method: str,
        *,
        error: str = "internal_error",
        status: int = 200,
        retry_after: int | None = None,
        done: bool = False,
        times: int = 1,
    ) -> None:
        """Fail the next calls of a Web API method; see `Fault`."""
        self._faults.add(method, Fault(error, status, retry_after, done), times)

    # Between the parts

    @property
    def _team(self) -> str:
        return self.installation.team_id

    def _user(self, name: str) -> User:
        for user in self._conversations.users.values():
            if name in {user.id, user.name}:
                return user
        raise ValueError(f"there is no user {name} in the workspace")

    def _channel(self, user: str | None, name: str) -> Channel:
        bot = self._conversations.users[self.installation.bot_user_id]
        if user and name.casefold() == f"@{bot.name}":
            channel = self._conversations.channel(bot.id, self._user(user).id)
        else:
            channel = self._conversations.channel(name)
        if channel is None or (user and channel.is_direct and self._user(user).id not in channel.members):
            raise ValueError(f"there is no channel {name} in the workspace")
        return channel

    def _tell(self, event: Json) -> None:
        self._courier.event(payloads.event_callback(self.installation, event))

    def _spoke(self, message: Message) -> None:
        """An app hears itself in direct messages, and must know to keep still."""
        if self._conversations.channels[message.channel].is_direct:
            self._tell(payloads.said("message", message, self._team))

    def _edited(self, message: Message, before: Message) -> None:
        if self._conversations.channels[message.channel].is_direct:
            self._tell(payloads.changed(message, before, self._conversations.timestamp()))

    def _command(self, user: User, channel: Channel, text: str, thread: str | None) -> None:
        command = self.installation.command
        if thread:
            self._slackbot(user, channel, f"{command} is not supported in threads. Sorry!", thread)
            return
        key = self._response_urls.grant(user.id, channel.id)
        payload = payloads.slash_command(
            self.installation,
            user,
            channel,
            composer.escape(text),
            trigger=self._trigger(),
            response_url=self._respond_url(key),
        )

        def then(answer: Answer) -> None:
            if not answer.acknowledged:
                word = "operation_timeout" if "timeout" in answer.trouble else "dispatch_failed"
                self._slackbot(user, channel, f'{command} failed with the error "{word}"', None)
            elif answer.body:
                self._answer(Right(user.id, channel.id, None, self._now()), answer.body)

        self._courier.once("slash_commands", payload, then)

    def _slackbot(self, user: User, channel: Channel, text: str, thread: str | None) -> None:
        self._conversations.add(channel.id, SLACKBOT.id, text, visible_to=user.id, thread=thread)

    def _trigger(self) -> str:
        trigger = payloads.trigger_id()
        self._triggers[trigger] = self._now()
        return trigger

    def _open_trigger(self, trigger: str) -> bool:
        """A trigger opens one view, within three seconds."""
        issued = self._triggers.pop(trigger, None)
        return issued is not None and (self._now() - issued).total_seconds() <= 3

    def _socket_url(self) -> str:
        return f"ws{self.address.removeprefix('http')}/slack/socket?ticket={self._sockets.ticket()}"

    def _respond_url(self, key: str) -> str:
        return f"{self.address}/slack/respond/{key}"

    async def _respond(self, request: Request) -> Response:
        """A `response_url` used."""
        right = self._response_urls.use(request.path_params["key"])
        if isinstance(right, str):
            return JSONResponse({"ok": False, "error": right}, 404)
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return PlainTextResponse("invalid_payload", 400)
        trouble = self._answer(right, body)
        return PlainTextResponse(trouble or "ok", 400 if trouble else 200)

    def _answer(self, right: Right, body: Json) -> str:
        """Post, replace or delete by right of a response URL; Slack's word for what is wrong, or ""."""
        text, blocks = str(body.get("text") or ""), body.get("blocks") or []
        pressed = right.message and self._conversations.find(right.channel, right.message.ts)
        if pressed and body.get("delete_original"):
            self._conversations.remove(pressed)
            return ""
        if not text and not blocks:
            return "no_text"
        if block_kit.faults(blocks):
            return "invalid_blocks"
        blocks = block_kit.named(blocks)
        if pressed and body.get("replace_original"):
            edited = None if pressed.visible_to else self._conversations.timestamp()
            self._conversations.put(replace(pressed, text=text, blocks=blocks, edited=edited))
            return ""
        self._conversations.add(
            right.channel,
            self.installation.bot_user_id,
            text,
            blocks=blocks,
            thread=body.get("thread_ts") or (pressed.thread if pressed else None),
            visible_to=None if body.get("response_type") == "in_channel" else right.user,
            bot_id=self.installation.bot_id,
        )
        return ""
