"""What the chat page asks for: one picture of what a person sees, a nudge when it changes, and what they do.

The page draws; nothing is decided there. Any of the workspace's people may be spoken for: who may reach these
addresses at all is the server's business.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.playground.slack.conversations import Channel, Conversations, Json, Message, User

STATIC = Path(__file__).parent.parent / "static"
POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""The page loads nothing from outside, whatever a message says."""
KEEP_ALIVE = 15.0


class Hands(Protocol):
    """What a person can do in the workspace."""

    def say(self, user: str, channel: str, text: str, thread: str | None = None) -> str: ...

    def press(self, user: str, channel: str, ts: str, button: str, block: str | None = None) -> None: ...

    def react(self, user: str, channel: str, ts: str, name: str) -> None: ...


class Page:
    def __init__(self, conversations: Conversations, hands: Hands, *, bot: str, command: str) -> None:
        self._conversations = conversations
        self._hands = hands
        self._bot = bot
        self._command = command
        self._closed = False

    def routes(self) -> list[BaseRoute]:
        def act(path: str, action: Callable[[Json], object]) -> BaseRoute:
            async def endpoint(request: Request) -> Response:
                # Only JSON: a form on another site can't send it without asking first.
                if not request.headers.get("content-type", "").startswith("application/json"):
                    return JSONResponse({"error": "send JSON"}, 415)
                try:
                    action(await request.json())
                except (KeyError, TypeError, ValueError) as error:
                    return JSONResponse({"error": str(error)}, 400)
                return JSONResponse({})

            return Route(path, endpoint, methods=["POST"])

        hands = self._hands
        return [
            Route("/", self._page),
            Route("/archives/{channel}/p{digits:int}", self._permalink),
            Route("/slack/page/view", self._view),
            Route("/slack/page/changes", self._changes),
            act("/slack/page/say", lambda it: hands.say(it["as"], it["channel"], it["text"], it.get("thread"))),
            act(
                "/slack/page/press",
                lambda it: hands.press(it["as"], it["channel"], it["ts"], it["button"], it["block"]),
            ),
            act("/slack/page/react", lambda it: hands.react(it["as"], it["channel"], it["ts"], it["name"])),
            act("/slack/page/read", lambda it: self._conversations.mark_read(it["as"], it["channel"], it["ts"])),
        ]

    def close(self) -> None:
        """End the streams, so that the server can stop at once."""
        self._closed = True
        self._conversations.touch()

    async def _page(self, _request: Request) -> Response:
        return FileResponse(STATIC / "chat.html", headers={"Content-Security-Policy": POLICY})

    async def _permalink(self, request: Request) -> Response:
        """A message's address of Slack's form (`/archives/<channel>/p<ts without its dot>`), shown in its thread."""
        digits = str(request.path_params["digits"])
        thread = request.query_params.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        return RedirectResponse(f"/#/{quote(request.path_params['channel'])}/{quote(thread)}")

    async def _view(self, request: Request) -> Response:
        """Everything `as` sees with `channel`, and perhaps `thread`, open."""
        them, users = self._conversations, self._conversations.users
        people = [user for user in users.values() if not user.is_bot]
        me = users.get(request.query_params.get("as", ""), people[0])
        channels = [channel for channel in them.channels.values() if not channel.members or me.id in channel.members]
        channel = them.channels.get(request.query_params.get("channel", ""), channels[0])
        channel = channel if channel in channels else channels[0]
        thread, threads = request.query_params.get("thread"), them.threads(channel.id)

        def shown(root: str | None) -> list[Json]:
            return [_message(each, threads) for each in them.messages(channel.id, root, seen_by=me.id)]

        return JSONResponse(
            {
                "revision": them.revision,
                "me": me.id,
                "bot": self._bot,
                "command": self._command,
                "users": [_user(user) for user in users.values()],
                "people": [user.id for user in people],
                "channels": [self._channel(each, me) for each in channels],
                "channel": channel.id,
                "read": them.read_until(me.id, channel.id),
                "messages": shown(None),
                "thread": shown(thread) if thread else [],
            },
            headers={"Cache-Control": "no-store"},
        )

    async def _changes(self, _request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        """The revision, whenever it rises: the page then asks for what it shows."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def nudge() -> None:
            with suppress(RuntimeError):  # the loop has ended, and this stream with it
                loop.call_soon_threadsafe(changed.set)

        end = self._conversations.watch(nudge)
        try:
            while not self._closed:
                changed.clear()
                yield f"data: {json.dumps(self._conversations.revision)}\n\n"
                try:
                    await asyncio.wait_for(changed.wait(), KEEP_ALIVE)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            end()

    def _channel(self, channel: Channel, me: User) -> Json:
        other = next((self._conversations.users[member] for member in channel.members if member != me.id), None)
        return {
            "id": channel.id,
            "name": other.real_name if other else channel.name,
            "direct": other.id if other else None,
            "topic": channel.topic,
            "unread": self._conversations.unread(me.id, channel.id),
        }


def _message(message: Message, threads: Mapping[str, Json]) -> Json:
    more = {"ephemeral": message.visible_to is not None, "broadcast": message.broadcast}
    return message.json() | more | threads.get(message.ts, {})


def _user(user: User) -> Json:
    return {"id": user.id, "name": user.name, "real_name": user.real_name, "title": user.title, "bot": user.is_bot}
