"""Slack's Web API: the methods a chat bot calls, with Slack's checks, limits and words for errors (docs.slack.dev).

Must not know how events reach the app: what a call changes is told through `spoke` and `edited`.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.slack import block_kit
from bot.playground.slack.conversations import Channel, Conversations, Json, Message
from bot.playground.slack.faults import Fault, Faults
from bot.playground.slack.files import ApiError, Uploads
from bot.playground.slack.installation import Installation
from bot.playground.slack.throttle import Throttle

MOST_MESSAGE = 40_000
"""Characters of a message's text; past it Slack truncates, and this workspace says so instead."""
PACED = {"chat.postMessage", "chat.update"}


class WebApi:
    """`socket_url` gives a fresh address for Socket Mode; `open_trigger` tells whether a trigger id may open a view."""

    def __init__(  # noqa: PLR0913 - these are the workspace's own parts, handed over once, by name
        self,
        installation: Installation,
        conversations: Conversations,
        faults: Faults,
        *,
        address: str,
        throttle: Throttle | None,
        socket_url: Callable[[], str],
        open_trigger: Callable[[str], bool],
        uploads: Uploads,
        spoke: Callable[[Message], None],
        edited: Callable[[Message, Message], None],
    ) -> None:
        self._installation = installation
        self._conversations = conversations
        self._faults = faults
        self._address = address
        self._throttle = throttle
        self._socket_url = socket_url
        self._open_trigger = open_trigger
        self._uploads = uploads
        self._spoke = spoke
        self._edited = edited
        self._methods: Mapping[str, Callable[[Json], Json]] = {
            "api.test": lambda _arguments: {},
            "auth.test": self._auth_test,
            "apps.connections.open": lambda _arguments: {"url": self._socket_url()},
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "conversations.info": self._conversation_info,
            "conversations.list": self._conversation_list,
            "conversations.open": self._conversation_open,
            "conversations.replies": self._replies,
            "files.completeUploadExternal": self._complete_upload,
            "files.getUploadURLExternal": uploads.begin,
            "reactions.add": lambda arguments: self._react(arguments, on=True),
            "reactions.remove": lambda arguments: self._react(arguments, on=False),
            "users.info": self._user_info,
            "views.open": self._view_open,
        }

    async def endpoint(self, request: Request) -> Response:
        """One call: arguments in a form, in JSON or in the query."""
        method = request.path_params["method"]
        fault = self._faults.take(method)
        if fault and not fault.done:
            return _failed(fault)
        try:
            arguments = await _arguments(request)
            self._admit(method, _token(request, arguments))
            seconds = self._pace(method, arguments)
            if seconds:
                return _failed(Fault("ratelimited", 429, seconds))
            answer = {"ok": True, **self._methods[method](arguments)}
        except ApiError as error:
            answer = error.answer
        return _failed(fault) if fault else JSONResponse(answer)

    def _admit(self, method: str, token: str) -> None:
        if method not in self._methods:
            raise ApiError("unknown_method", req_method=method)
        if not token:
            raise ApiError("not_authed")
        bot, app = self._installation.bot_token.reveal(), self._installation.app_token.reveal()
        if token not in {bot, app}:
            raise ApiError("invalid_auth")
        if token != (app if method == "apps.connections.open" else bot):
            raise ApiError("not_allowed_token_type")

    def _pace(self, method: str, arguments: Json) -> int:
        if self._throttle is None or method not in PACED:
            return 0
        return self._throttle.wait(f"{method} {self._channel(arguments).id}")

    def _auth_test(self, _arguments: Json) -> Json:
        here = self._installation
        return {
            "url": f"{self._address}/",
            "team": here.team_name,
            "team_id": here.team_id,
            "user": self._conversations.users[here.bot_user_id].name,
            "user_id": here.bot_user_id,
            "bot_id": here.bot_id,
            "is_enterprise_install": False,
        }

    def _channel(self, arguments: Json) -> Channel:
        name = str(arguments.get("channel") or "")
        channel = self._conversations.channel(name, self._installation.bot_user_id)
        if channel is None:
            raise ApiError("channel_not_found")
        return channel

    def _content(self, arguments: Json) -> tuple[str, tuple[Json, ...]]:
        """The text and blocks of a message, held to Slack's limits."""
        text, blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise ApiError("invalid_blocks_format")
        if not text and not blocks:
            raise ApiError("no_text")
        if len(text) > MOST_MESSAGE:
            raise ApiError("msg_too_long")
        if found := block_kit.faults(blocks):
            plain = [sentence.removeprefix("[ERROR] ") for sentence in found]
            raise ApiError("invalid_blocks", errors=plain, response_metadata={"messages": found})
        if block_kit.length(blocks) > block_kit.MOST_TEXT:
            raise ApiError("msg_blocks_too_long")
        return text, block_kit.named(blocks)

    def _thread(self, channel: Channel, arguments: Json) -> str | None:
        ts = arguments.get("thread_ts")
        if not ts:
            return None
        parent = self._conversations.find(channel.id, str(ts))
        if parent is None or parent.visible_to:
            raise ApiError("thread_not_found")
        return parent.thread or parent.ts

    def _post_message(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        text, blocks = self._content(arguments)
        thread = self._thread(channel, arguments)
        message = self._conversations.add(
            channel.id,
            self._installation.bot_user_id,
            text,
            blocks=blocks,
            thread=thread,
            broadcast=thread is not None and _truth(arguments.get("reply_broadcast")),
            bot_id=self._installation.bot_id,
        )
        self._spoke(message)
        return {"channel": channel.id, "ts": message.ts, "message": message.json()}

    def _post_ephemeral(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        user = str(arguments.get("user") or "")
        if user not in self._conversations.users or (channel.is_direct and user not in channel.members):
            raise ApiError("user_not_in_channel")
        text, blocks = self._content(arguments)
        message = self._conversations.add(
            channel.id,
            self._installation.bot_user_id,
            text,
            blocks=blocks,
            thread=self._thread(channel, arguments),
            visible_to=user,
            bot_id=self._installation.bot_id,
        )
        return {"message_ts": message.ts}

    def _update(self, arguments: Json) -> Json:
        channel = self._conversations.channels.get(str(arguments.get("channel") or ""))
        if channel is None:
            raise ApiError("channel_not_found")
        before = self._conversations.find(channel.id, str(arguments.get("ts") or ""))
        if before is None or before.visible_to:
            raise ApiError("message_not_found")
        if before.bot_id != self._installation.bot_id:
            raise ApiError("cant_update_message")
        text, blocks = self._content(arguments)
        message = self._conversations.put(
            replace(before, text=text, blocks=blocks, edited=self._conversations.timestamp())
        )
        self._edited(message, before)
        return {"channel": channel.id, "ts": message.ts, "text": text, "message": message.json()}

    def _complete_upload(self, arguments: Json) -> Json:
        """Uploaded files become a message; without a channel they would stay private, which no bot here wants."""
        channel = self._conversations.channels.get(str(arguments.get("channel_id") or ""))
        if channel is None:
            raise ApiError("channel_not_found" if arguments.get("channel_id") else "missing_argument")
        thread = self._thread(channel, arguments)
        files = self._uploads.complete(arguments.get("files"))
        message = self._conversations.add(
            channel.id,
            self._installation.bot_user_id,
            str(arguments.get("initial_comment") or ""),
            thread=thread,
            bot_id=self._installation.bot_id,
            files=files,
        )
        self._spoke(message)
        return {"files": [{"id": file["id"], "title": file["title"]} for file in files]}

    def _conversation_info(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        return {"channel": channel.json(self._installation.bot_user_id)}

    def _conversation_list(self, arguments: Json) -> Json:
        kinds = set(str(arguments.get("types") or "public_channel").split(","))
        found = [
            channel.json(self._installation.bot_user_id)
            for channel in self._conversations.channels.values()
            if ("im" if channel.is_direct else "public_channel") in kinds
        ]
        return {"channels": found, "response_metadata": {"next_cursor": ""}}

    def _conversation_open(self, arguments: Json) -> Json:
        user = arguments.get("users") or ""
        user = user[0] if isinstance(user, list) and len(user) == 1 else user
        channel = self._conversations.channel(str(user), self._installation.bot_user_id)
        if channel is None or not channel.is_direct:
            raise ApiError("user_not_found")
        return {"channel": {"id": channel.id}}

    def _replies(self, arguments: Json) -> Json:
        channel = self._channel(arguments)
        parent = self._conversations.find(channel.id, str(arguments.get("ts") or ""))
        if parent is None or parent.visible_to:
            raise ApiError("thread_not_found")
        messages = self._conversations.messages(channel.id, parent.thread or parent.ts)
        shapes = [message.json() for message in messages]
        shapes[0] |= self._conversations.threads(channel.id).get(messages[0].ts, {})
        return {"messages": shapes, "has_more": False}

    def _react(self, arguments: Json, *, on: bool) -> Json:
        channel = self._channel(arguments)
        message = self._conversations.find(channel.id, str(arguments.get("timestamp") or ""))
        name = str(arguments.get("name") or "").strip(":")
        if message is None or message.visible_to:
            raise ApiError("message_not_found")
        if not name:
            raise ApiError("invalid_name")
        if not self._conversations.react(message, name, self._installation.bot_user_id, on=on):
            raise ApiError("already_reacted" if on else "no_reaction")
        return {}

    def _user_info(self, arguments: Json) -> Json:
        user = self._conversations.users.get(str(arguments.get("user") or ""))
        if user is None:
            raise ApiError("user_not_found")
        profile = {"real_name": user.real_name, "display_name": user.name, "title": user.title}
        return {
            "user": {
                "id": user.id,
                "team_id": self._installation.team_id,
                "name": user.name,
                "real_name": user.real_name,
                "deleted": False,
                "is_bot": user.is_bot,
                "tz": "Etc/UTC",
                "profile": profile,
            }
        }

    def _view_open(self, arguments: Json) -> Json:
        """Checks the trigger and gives an id; a modal is not shown anywhere here."""
        if not self._open_trigger(str(arguments.get("trigger_id") or "")):
            raise ApiError("expired_trigger_id")
        view = arguments.get("view")
        if not isinstance(view, dict):
            raise ApiError("invalid_arguments")
        return {"view": {**view, "id": "V0QDECK001", "team_id": self._installation.team_id}}


async def _arguments(request: Request) -> Json:
    arguments: Json = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            arguments |= json.loads(await request.body() or b"{}")
        except (ValueError, TypeError):
            raise ApiError("invalid_json") from None
    else:
        async with request.form() as form:
            arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    for key in ("blocks", "view", "files"):  # in a form, structures travel as JSON
        if isinstance(arguments.get(key), str):
            with suppress(ValueError):  # what stays text is refused as what it should be
                arguments[key] = json.loads(arguments[key])
    return arguments


def _token(request: Request, arguments: Json) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else str(arguments.get("token") or "")


def _truth(value: object) -> bool:
    return str(value).lower() in {"true", "1"}


def _failed(fault: Fault) -> Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.status == 200 or fault.error == "ratelimited":
        return JSONResponse({"ok": False, "error": fault.error}, fault.status, headers)
    return PlainTextResponse("upstream connect error", fault.status, headers)
