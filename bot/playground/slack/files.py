"""Files that apps put into the workspace: an address to send the bytes to, then a message that shows them.

docs.slack.dev/messaging/working-with-files: `files.getUploadURLExternal`, a POST of the bytes to the URL that it gives,
`files.completeUploadExternal`. Knows nothing of channels.
"""

import secrets
from threading import Lock
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.slack.conversations import Json

MOST = 1_000_000
"""Bytes of one file: text for people to read, not what Slack itself would take."""
SHOWN = 20_000
"""Characters of a file that the page shows without opening it."""


class ApiError(Exception):
    """An `ok: false` answer."""

    def __init__(self, error: str, **details: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **details}


class Uploads:
    """The files, begun and complete. `address` is the server's base URL."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = Lock()
        self._begun: dict[str, tuple[str, str, int]] = {}
        self._sent: dict[str, tuple[str, bytes]] = {}
        self._complete: dict[str, tuple[str, bytes]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/slack/upload/{key}", self._receive, methods=["POST"]),
            Route("/slack/files/{file}/{name}", self._show),
        ]

    def begin(self, arguments: Json) -> Json:
        """`files.getUploadURLExternal`."""
        name, length = str(arguments.get("filename") or ""), str(arguments.get("length") or "")
        if not name or not length:
            raise ApiError("missing_argument")
        if not length.isdecimal() or not int(length):
            raise ApiError("invalid_arguments")
        if int(length) > MOST:
            raise ApiError("file_upload_size_restricted")
        file, key = f"F{secrets.token_hex(5).upper()}", secrets.token_urlsafe(24)
        with self._lock:
            self._begun[key] = (file, name, int(length))
        return {"upload_url": f"{self._address}/slack/upload/{key}", "file_id": file}

    def complete(self, files: object) -> tuple[Json, ...]:
        """The files of `files.completeUploadExternal`, as a message has them; each is completed once."""
        if not isinstance(files, list) or not files or not all(isinstance(each, dict) for each in files):
            raise ApiError("invalid_arguments")
        shapes = []
        with self._lock:
            if any(str(each.get("id")) not in self._sent for each in files):
                raise ApiError("file_not_found")
            for each in files:
                file = str(each["id"])
                name, content = self._complete[file] = self._sent.pop(file)
                shapes.append(self._shape(file, name, str(each.get("title") or name), content))
        return tuple(shapes)

    def _shape(self, file: str, name: str, title: str, content: bytes) -> Json:
        """As a file object: https://docs.slack.dev/reference/objects/file-object."""
        text = content.decode("utf-8", "replace")
        return {
            "id": file,
            "name": name,
            "title": title,
            "mimetype": "text/plain",
            "filetype": "text",
            "mode": "snippet",
            "size": len(content),
            "permalink": f"{self._address}/slack/files/{file}/{name}",
            "preview": text[:SHOWN],
            "preview_is_truncated": len(text) > SHOWN,
        }

    async def _receive(self, request: Request) -> Response:
        content = await request.body()
        with self._lock:
            begun = self._begun.pop(request.path_params["key"], None)
            if begun is None or len(content) != begun[2]:
                return PlainTextResponse("no upload was begun here, or it is of another length", 400)
            file, name, length = begun
            self._sent[file] = (name, content)
        return PlainTextResponse(f"OK - {length}")

    async def _show(self, request: Request) -> Response:
        found = self._complete.get(request.path_params["file"])
        if found is None:
            return PlainTextResponse("There is no such file.", 404)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(found[1], media_type="text/plain; charset=utf-8", headers=headers)
