"""A cluster that answers HTTP as a Kubernetes API server does, for kubectl and for client libraries.

kubectl sends no token over plain http, so the credential is the address: clusters are served below a path that can't
be guessed (`mount`). What is missing on purpose: server-side apply, protobuf, OpenAPI schemas, admission.
"""

import asyncio
import base64
import binascii
import json
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from bot.playground.kubernetes import kinds
from bot.playground.kubernetes.kinds import Kind, Served
from bot.playground.kubernetes.made import Made, pods_of
from bot.playground.kubernetes.objects import Json, Objects, Problem, matches_fields, matches_labels
from bot.playground.kubernetes.requests import body, change_of, scale_of, wants_table
from bot.playground.kubernetes.rollout import Rollouts
from bot.playground.kubernetes.tables import table

WATCH_SECONDS = 300.0
WATCH_PAUSE = 0.1
_REMEMBERED = 1000
_MOST_PAGES = 100


@dataclass(slots=True)
class Fault:
    """An answer instead of the true one, after `seconds`; 200 without a `body` only delays the true one.

    It is for `times` requests whose path and query the regular expression `matching` is found in.
    """

    status: int = 503
    matching: str = ""
    times: float = float("inf")
    retry_after: int | None = None
    seconds: float = 0.0
    body: str | None = None


@dataclass(frozen=True, slots=True)
class _Path:
    """What a URL names: a kind, and as far as given a namespace, an object and its subresource."""

    kind: Kind
    namespace: str | None
    name: str = ""
    part: str = ""

    @property
    def where(self) -> tuple[Kind, str, str]:
        return self.kind, self.namespace or "", self.name


class Cluster:
    """One cluster: its objects, its controllers, and the routes of its API."""

    def __init__(
        self, name: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC), served: Served | None = None
    ) -> None:
        self.name = name
        self.now = now
        self.served = served or Served()
        self.objects = Objects(self.served, now)
        self.faults: list[Fault] = []
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        """Method and path with query of the latest requests, for tests that count calls."""
        self._rollouts = Rollouts(self.objects, now)
        self._made = Made(self.objects, self._rollouts, now)
        self._pages: dict[str, tuple[int, list[Json]]] = {}

    def step(self) -> None:
        """Let the controllers do what is due by now."""
        self._rollouts.step()

    def settle(self) -> None:
        """Finish every rollout at once; broken ones pass their deadline."""
        self._rollouts.step(finish=True)

    def fail(self, status: int = 503, **how: Any) -> None:
        """Answer wrongly from now on; see `Fault`."""
        self.faults.append(Fault(status, **how))

    def pods(self, workload: Json) -> list[Json]:
        """The pods that a workload has by now."""
        return pods_of(workload, self._rollouts, self.objects)

    def recover(self) -> None:
        self.faults.clear()

    def routes(self) -> list[BaseRoute]:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [Route("/{path:path}", self._handle, methods=methods)]

    async def _handle(self, request: Request) -> Response:
        path = "/" + str(request.path_params["path"])
        asked = f"{path}?{request.url.query}" if request.url.query else path
        self.requests.append((request.method, asked))
        try:
            return await self._faulty(asked) or await self._answer(request, path)
        except Problem as problem:
            return JSONResponse(problem.status(), problem.code)
        except ValueError:
            unread = Problem(400, "BadRequest", "a parameter of the query is not a number")
            return JSONResponse(unread.status(), unread.code)

    async def _faulty(self, asked: str) -> Response | None:
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.matching, asked):
                fault.times -= 1
                await asyncio.sleep(fault.seconds)
                if fault.status == HTTPStatus.OK:
                    return None if fault.body is None else PlainTextResponse(fault.body)
                phrase = HTTPStatus(fault.status).phrase
                headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                if fault.body is not None:
                    return PlainTextResponse(fault.body, fault.status, headers)
                problem = Problem(fault.status, phrase.replace(" ", ""), phrase.lower())
                return JSONResponse(problem.status(), fault.status, headers)
        return None

    async def _answer(self, request: Request, path: str) -> Response:
        parts = [part for part in path.split("/") if part]
        document = self._document(parts, str(request.scope.get("root_path", "")))
        if document is not None:
            return document
        at = self._locate(parts)
        dry = request.query_params.get("dryRun") == "All"
        program = request.headers.get("User-Agent", "").split("/")[0]
        manager = request.query_params.get("fieldManager") or program or "unknown"
        if at.part == "log":
            return PlainTextResponse(self._made.log(at.namespace or "", at.name, request.query_params))
        if at.part == "scale":
            return await self._scale(request, at, manager, dry=dry)
        if request.method == "GET":
            if request.query_params.get("watch") in {"1", "true"}:
                return StreamingResponse(self._watch(request, at), media_type="application/json")
            return JSONResponse(self._single(request, at) if at.name else self._list(request, at))
        if request.method == "POST" and not at.name:
            manifest = await body(request)
            new = self.objects.create(at.kind, at.namespace or "", manifest, manager=manager, dry=dry)
            return JSONResponse(new, HTTPStatus.CREATED)
        if request.method in {"PUT", "PATCH"} and at.name:
            change = await change_of(request, at.kind)
            return JSONResponse(self.objects.edit(*at.where, change, part=at.part, manager=manager, dry=dry))
        if request.method == "DELETE":
            return self._delete(request, at, dry=dry)
        raise Problem(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _document(self, parts: list[str], prefix: str) -> Response | None:
        """Discovery and the like; None if the path is none of these."""
        document: Any = None
        match parts:
            case ["version"]:
                document = kinds.version()
            case ["api"]:
                document = self.served.core()
            case ["apis"]:
                document = self.served.groups()
            case ["api", version]:
                document = self.served.resources("", version)
            case ["apis", group]:
                document = self.served.group(group)
            case ["apis", group, version]:
                document = self.served.resources(group, version)
            case ["openapi", "v3"]:
                document = self.served.openapi_index(prefix)
            case ["openapi", "v3", "api", version]:
                document = self.served.openapi("", version)
            case ["openapi", "v3", "apis", group, version]:
                document = self.served.openapi(group, version)
            case ["healthz" | "livez" | "readyz"]:
                return PlainTextResponse("ok")
        return None if document is None else JSONResponse(document)

    def _locate(self, parts: list[str]) -> _Path:
        match parts:
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest]:
                pass
            case _:
                rest, group, version = [], "", ""
        namespace = None
        if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in {"status", "finalize"}:
            namespace, rest = rest[1], rest[2:]
        kind = self.served.find(group, version, rest[0]) if rest else None
        part = rest[2] if len(rest) == 3 else ""
        missing = kind is None or len(rest) > 3 or (part and part not in kind.subresources)
        if kind is None or missing or kind.namespaced < (namespace is not None):
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        if kind.namespaced and len(rest) > 1 and namespace is None:
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        return _Path(kind, namespace, rest[1] if len(rest) > 1 else "", part)

    def _list(self, request: Request, at: _Path) -> Json:
        query = request.query_params
        if token := query.get("continue"):
            version, items = self._page(token)
        else:
            with self.objects.lock:
                version, items = self.objects.version, self._made.all(at.kind, at.namespace)
            items = [item for item in items if _selected(request, item)]
        metadata: Json = {"resourceVersion": str(version)}
        limit = int(query.get("limit") or 0)
        if limit and len(items) > limit:
            rest, items = items[limit:], items[:limit]
            metadata |= {"continue": self._keep(version, rest), "remainingItemCount": len(rest)}
        if wants_table(request):
            return table(at.kind.kind, items, self.now(), metadata, whole=query.get("includeObject") == "Object")
        bare = [{key: value for key, value in item.items() if key not in {"apiVersion", "kind"}} for item in items]
        return {"kind": f"{at.kind.kind}List", "apiVersion": at.kind.api_version, "metadata": metadata, "items": bare}

    def _keep(self, version: int, rest: list[Json]) -> str:
        token = secrets.token_hex(8)
        self._pages[token] = (version, rest)
        while len(self._pages) > _MOST_PAGES:  # lists that nobody read to their end
            del self._pages[next(iter(self._pages))]
        return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "start": token}).encode()).decode()

    def _page(self, token: str) -> tuple[int, list[Json]]:
        try:
            key = json.loads(base64.urlsafe_b64decode(token))["start"]
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise Problem(400, "BadRequest", "continue key is not valid") from error
        if key not in self._pages:
            message = "The provided continue parameter is too old to display a consistent list result."
            raise Problem(410, "Expired", message)
        return self._pages.pop(key)

    def _single(self, request: Request, at: _Path) -> Json:
        manifest = self._made.get(*at.where)
        return self._shaped(request, at, manifest) if wants_table(request) else manifest

    def _shaped(self, request: Request, at: _Path, manifest: Json) -> Json:
        if not wants_table(request):
            return manifest
        metadata = {"resourceVersion": manifest["metadata"]["resourceVersion"]}
        whole = request.query_params.get("includeObject") == "Object"
        return table(at.kind.kind, [manifest], self.now(), metadata, whole=whole)

    async def _watch(self, request: Request, at: _Path) -> AsyncIterator[bytes]:
        query = request.query_params
        deadline = time.monotonic() + float(query.get("timeoutSeconds") or WATCH_SECONDS)
        version = int(query.get("resourceVersion") or 0)
        if at.name:
            at = _Path(at.kind, at.namespace)
        if version == 0:
            with self.objects.lock:
                version, items = self.objects.version, self._made.all(at.kind, at.namespace)
            for item in items:
                if _selected(request, item):
                    yield _event("ADDED", self._shaped(request, at, item))
        if query.get("sendInitialEvents") == "true":
            yield _event("BOOKMARK", _bookmark(at.kind, version, initial=True))
        made: dict[str, Json] = {}
        list(self._made.changes(at.kind, at.namespace, made))  # the client has seen these
        while time.monotonic() < deadline:
            with self.objects.lock:
                newest = self.objects.version
                try:
                    events = list(self.objects.since(version, at.kind, at.namespace))
                except Problem as problem:
                    yield _event("ERROR", problem.status())
                    return
            for what, item in [*events, *self._made.changes(at.kind, at.namespace, made)]:
                if _selected(request, item):
                    yield _event(what, self._shaped(request, at, item))
            version = newest
            await asyncio.sleep(WATCH_PAUSE)
        if query.get("allowWatchBookmarks") == "true":
            yield _event("BOOKMARK", _bookmark(at.kind, version, initial=False))

    async def _scale(self, request: Request, at: _Path, manager: str, *, dry: bool) -> Response:
        manifest = self.objects.get(*at.where)
        if request.method in {"PUT", "PATCH"}:
            change = await change_of(request, at.kind)

            def rescaled(live: Json) -> Json:
                replicas = change(scale_of(live)).get("spec", {}).get("replicas", 0)
                if not isinstance(replicas, int) or replicas < 0:
                    raise Problem(422, "Invalid", "spec.replicas: Invalid value: must be a whole number from 0")
                live["spec"]["replicas"] = replicas
                return live

            manifest = self.objects.edit(*at.where, rescaled, part=at.part, manager=manager, dry=dry)
        elif request.method != "GET":
            raise Problem(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return JSONResponse(scale_of(manifest))

    def _delete(self, request: Request, at: _Path, *, dry: bool) -> Response:
        if at.name and (taken := self._made.delete(*at.where)) is not None:
            return JSONResponse(taken)
        if not at.name:
            items = [item for item in self.objects.all(at.kind, at.namespace) if _selected(request, item)]
            for item in items:
                metadata = item["metadata"]
                self.objects.delete(at.kind, metadata.get("namespace", ""), metadata["name"], dry=dry)
            return JSONResponse({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
        gone = self.objects.delete(*at.where, dry=dry)
        if gone["metadata"].get("finalizers"):
            return JSONResponse(gone)
        details = {"name": at.name, "group": at.kind.group, "kind": at.kind.plural, "uid": gone["metadata"]["uid"]}
        answer = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return JSONResponse(answer)


def mount(token: str, *clusters: Cluster) -> list[Mount]:
    """The clusters' APIs at `/clusters/<token>/<name>`; the token is what a caller must know."""
    return [Mount(f"/clusters/{token}/{cluster.name}", routes=cluster.routes()) for cluster in clusters]


def _selected(request: Request, manifest: Json) -> bool:
    query = request.query_params
    labels = manifest["metadata"].get("labels", {})
    return matches_labels(query.get("labelSelector", ""), labels) and matches_fields(
        query.get("fieldSelector", ""), manifest
    )


def _event(what: str, manifest: Json) -> bytes:
    return json.dumps({"type": what, "object": manifest}).encode() + b"\n"


def _bookmark(kind: Kind, version: int, *, initial: bool) -> Json:
    metadata: Json = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
