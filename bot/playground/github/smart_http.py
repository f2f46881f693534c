"""Git's smart HTTP protocol, by git's own CGI program `git http-backend` (gitprotocol-http, git-http-backend(1)).

Bodies are streamed both ways; what a client sends is never held in memory whole.
"""

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.playground.github.apps import Access
from bot.playground.github.bare import environment
from bot.playground.github.protection import guarding

if TYPE_CHECKING:
    from bot.playground.github import GitHub

SERVICES = ("git-upload-pack", "git-receive-pack")
CHUNK = 64 * 1024


def route(github: "GitHub") -> Route:
    async def serve(request: Request) -> Response:
        access = _authenticate(github, request.headers.get("Authorization", ""))
        if access is None:
            return PlainTextResponse(
                "remote: Invalid username or token.\n", 401, {"WWW-Authenticate": 'Basic realm="GitHub"'}
            )
        owner, repo, rest = (request.path_params[name] for name in ("owner", "repo", "rest"))
        name, service = f"{owner}/{repo}", request.query_params.get("service", "")
        repository = github.find(name) if access.sees(name) else None
        if repository is None or not _is_smart(request.method, rest, service):
            return PlainTextResponse("Repository not found.\n", 404)
        writes = "git-receive-pack" in (rest, service)
        if not access.may("contents", "write" if writes else "read"):
            return PlainTextResponse("Write access to repository not granted.\n", 403)
        headers = request.headers
        variables = {
            "GIT_PROJECT_ROOT": str(repository.bare.path),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{rest}",
            "QUERY_STRING": request.url.query,
            "REQUEST_METHOD": request.method,
            "REMOTE_USER": access.person.login,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
            **guarding(repository.protected),
        }
        if "Content-Length" in headers:
            variables["CONTENT_LENGTH"] = headers["Content-Length"]
        return _Cgi(environment(github.hooks, **variables))

    return Route("/{owner}/{repo}.git/{rest:path}", serve, methods=["GET", "POST"])


def _is_smart(method: str, path: str, service: str) -> bool:
    """Only the protocol's three addresses: the backend would serve files of the repository too."""
    return service in SERVICES if (method, path) == ("GET", "info/refs") else method == "POST" and path in SERVICES


def _authenticate(github: "GitHub", header: str) -> Access | None:
    """The token is Basic's password, whatever the user's name: `x-access-token` by GitHub's documentation."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return github.who(token)


class _Cgi(Response):
    """A run of the backend. One task reads the request while another answers: git begins to answer early."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__()
        self._variables = variables

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend", stdin=pipe, stdout=pipe, env=self._variables
        )
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for; for the type checker
        assert process.stdout is not None  # noqa: S101 - likewise
        feeding = asyncio.create_task(_feed(Request(scope, receive), process.stdin))
        try:
            status, headers = await _head(process.stdout)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            while chunk := await process.stdout.read(CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            feeding.cancel()
            if process.returncode is None and not process.stdout.at_eof():
                process.kill()
            await process.wait()


async def _head(stream: asyncio.StreamReader) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Status and headers of a CGI answer (RFC 3875, 6.3); 500 where there is none."""
    status, headers = 200, []
    while line := (await stream.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    return (status, headers) if headers else (500, [])


async def _feed(request: Request, pipe: asyncio.StreamWriter) -> None:
    try:
        async for chunk in request.stream():
            pipe.write(chunk)
            await pipe.drain()
    except (BrokenPipeError, ConnectionResetError, ClientDisconnect):
        pass  # git had read what it needed, or there is nobody left to answer
    finally:
        pipe.close()
