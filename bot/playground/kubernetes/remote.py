"""A cluster behind a real API server, as the agents and pages see clusters: over HTTPS, with nothing kept.

An agent applies server-side here, so that fields have owners. `rollout.py` plays the controllers, which are missing.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException, HTTPSConnection
from urllib.parse import quote, urlencode, urlsplit

from bot.playground.kubernetes.envtest import ApiServer
from bot.playground.kubernetes.kinds import Kind, Served
from bot.playground.kubernetes.kubeconfig import Server
from bot.playground.kubernetes.made import pods_of
from bot.playground.kubernetes.objects import Change, Json, Problem
from bot.playground.kubernetes.rollout import Rollouts

_STEP_SECONDS = 1.0
"""Between two looks of the controllers: each is a list of every kind of workload."""
_SECONDS = 20.0
_OWN_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease")
_OWN = "kubernetes.io/bootstrapping"
"""The label of roles that the server makes for itself."""


class RemoteCluster:
    """One cluster; implements `agent.Applied`. The server's start and end are somebody else's.

    It has no custom kinds, so no agent tells of itself there.
    """

    def __init__(self, name: str, server: ApiServer, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.name = name
        self.now = now
        self.served = Served()
        self.address = Server(server.url, server.certificate, server.tokens["admin"])
        self.objects = RemoteObjects(self.address, self.served)
        self._rollouts = Rollouts(self.objects, now)
        self._stepped = 0.0

    def step(self) -> None:
        if time.monotonic() - self._stepped >= _STEP_SECONDS:
            with suppress(Problem):  # the next step tries again
                self._rollouts.step()
            self._stepped = time.monotonic()

    def settle(self) -> None:
        """Finish every rollout at once."""
        self._rollouts.step(finish=True)

    def pods(self, workload: Json) -> list[Json]:
        """The pods that a workload would have by now: the server knows of none."""
        return pods_of(workload, self._rollouts, self.objects)

    def close(self) -> None:
        """Hang up."""
        self.objects.close()


class RemoteObjects:
    """A cluster's objects, but those that the server made for itself. Threads may share it."""

    def __init__(self, server: Server, served: Served) -> None:
        self.served = served
        self.lock = threading.RLock()
        self._server = server
        self._trust = server.trust()
        self._idle: list[HTTPSConnection] = []

    def all(self, kind: Kind) -> list[Json]:
        """Every object of a kind; none where the server does not know the kind."""
        try:
            found = self._call("GET", f"{_root(kind)}/{kind.plural}", {"labelSelector": f"!{_OWN}"})
        except Problem as problem:
            if problem.code == 404:
                return []
            raise
        each = ({"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in found["items"])
        return sorted((item for item in each if not _is_own(item)), key=_place)

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        return self._call("GET", _path(kind, namespace, name))

    def edit(self, kind: Kind, namespace: str, name: str, change: Change, *, part: str = "", manager: str = "") -> Json:
        """Read, change, write; a write that changes nothing is none. Problem 409 if somebody was faster."""
        before = self.get(kind, namespace, name)
        after = change(json.loads(json.dumps(before)))
        if after == before:
            return before
        path = _path(kind, namespace, name) + (f"/{part}" if part else "")
        return self._call("PUT", path, {"fieldManager": manager or "controllers"}, after)

    def delete(self, kind: Kind, namespace: str, name: str) -> Json:
        return self._call("DELETE", _path(kind, namespace, name), {"propagationPolicy": "Background"})

    def apply(self, kind: Kind, namespace: str, old: Json | None, new: Json, *, manager: str, heal: bool) -> None:  # noqa: ARG002 - the server knows by its owner what was applied before
        """By server-side apply, which takes back what people changed of it. A missing namespace is made first."""
        path = _path(kind, namespace, new["metadata"]["name"])
        query = {"fieldManager": manager, "force": "true"}
        new = _with_protocols(new) if kind.kind == "Service" else new
        try:
            self._call("PATCH", path, query, new)
        except Problem as problem:
            place = self.served.find("", "v1", "namespaces")
            if problem.code != 404 or not namespace or place is None:
                raise
            made: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self._call("PATCH", _path(place, "", namespace), query, made)
            self._call("PATCH", path, query, new)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _call(self, method: str, path: str, query: dict[str, str] | None = None, body: Json | None = None) -> Json:
        form = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self._server.token}", "Content-Type": form}
        asked = f"{path}?{urlencode(query)}" if query else path
        content = None if body is None else json.dumps(body)
        try:
            try:
                status, answer = self._ask(method, asked, content, headers)
            except (HTTPException, ConnectionError):  # it was closed while idle
                status, answer = self._ask(method, asked, content, headers)
        except (HTTPException, OSError) as error:
            raise Problem(503, "ServiceUnavailable", "the API server does not answer") from error
        try:
            found: Json = json.loads(answer)
        except ValueError:
            found = {}
        if status >= 400:
            raise Problem(status, str(found.get("reason", "Unknown")), str(found.get("message") or f"status {status}"))
        return found

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            connection = self._idle.pop()
        except IndexError:
            address = urlsplit(self._server.url)
            connection = HTTPSConnection(address.netloc, timeout=_SECONDS, context=self._trust)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = answer.status, answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return found


def _with_protocols(service: Json) -> Json:
    """Ports are told apart by their protocol too, and servers before 1.21 don't add it before they look.

    https://github.com/kubernetes-sigs/structured-merge-diff/issues/130; Flux does the same.
    """
    spec = service.get("spec") or {}
    ports = [{"protocol": "TCP", **port} for port in spec.get("ports") or ()]
    return {**service, "spec": {**spec, "ports": ports}} if ports else service


def _root(kind: Kind) -> str:
    return f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"


def _path(kind: Kind, namespace: str, name: str) -> str:
    inside = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced else ""
    return f"{_root(kind)}{inside}/{kind.plural}/{quote(name, safe='')}"


def _is_own(manifest: Json) -> bool:
    metadata = manifest["metadata"]
    if manifest["kind"] == "Namespace":
        return metadata["name"] in (*_OWN_NAMESPACES, "default")
    return metadata.get("namespace") in _OWN_NAMESPACES or (manifest["kind"], _place(manifest)) == (
        "Service",
        ("default", "kubernetes"),
    )


def _place(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
