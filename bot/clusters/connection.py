"""One cluster's API server: GET and PATCH, as JSON, within a budget of time. The only importer of `kubernetes`.

Whatever goes wrong becomes a `Trouble`: one sentence for people, never the answer's body, and the status for the
caller to judge. Raw JSON throughout: the client's models would drop fields they don't know, and its DynamicClient
takes an unavailable API for an absent one.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bot.clusters.pace import Pace

IN_CLUSTER = "in-cluster"
"""The name of the cluster that we run in ourselves, as a pod with a service account."""
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer. Eight may come in at once; an object has 1.5 MB at most (etcd's limit of a request)."""
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_CHUNK = 256 * 1024
_TRIES = 5
_CONNECTIONS = 16


class Trouble(Exception):  # noqa: N818 - it ends as a sentence in `Live.unchecked`, never as a fault
    """The cluster didn't give what was asked for. `status` is HTTP's, 0 where there was no answer.

    `absent` is the API server's word that there is no such object. `final` says that nothing else needs to be tried;
    `heavy`, that the answer was too long; `silent`, that it took too long.
    """

    def __init__(
        self, sentence: str, status: int = 0, *, absent: bool = False, final: bool = False, heavy: bool = False,
        silent: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(sentence)
        self.status, self.absent, self.final, self.heavy, self.silent = status, absent, final, heavy, silent


class _Broken(Trouble):
    """The connection ended before the answer did."""


class _TooLong(Exception):  # noqa: N818 - a signal between two functions here
    """The answer is longer than any may be."""


class Budget:
    """The time that one look may take, whatever it is spent on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a PATCH. A refusal's `document` may quote values of Secrets: it is to be judged, never shown."""

    status: int
    document: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    """The texts of the API server's `Warning` headers (RFC 7234, section 5.5)."""


class Connection:
    """A context of a kubeconfig, or `in-cluster`. Threads may share it."""

    def __init__(self, cluster: str, client: Any, request_seconds: float) -> None:
        self.cluster = cluster
        self._client = client
        self._request_seconds = request_seconds
        self._pace = Pace()
        self.most_bytes = MOST_BYTES

    @classmethod
    def open(cls, cluster: str, kubeconfig: Path | None, request_seconds: float) -> Self:
        """Read the credentials; nothing is sent yet. Without a path, kubectl's own rules find the kubeconfig."""
        from kubernetes import client, config  # noqa: PLC0415 - half a second that most commands don't need

        load: Any = config  # its functions have no types
        settings = client.Configuration()
        settings.retries = False  # the budget decides, not urllib3
        settings.connection_pool_maxsize = _CONNECTIONS
        file = None if kubeconfig is None else str(kubeconfig)
        try:
            if cluster == IN_CLUSTER:
                load.load_incluster_config(client_configuration=settings)
            else:
                load.load_kube_config(file, context=cluster, client_configuration=settings, persist_config=False)
        except Exception as error:  # the loader parses files and runs programs of others: anything can come up
            raise Trouble(_why_no_credentials(cluster, file, error), final=True) from error
        return cls(cluster, client.ApiClient(settings), request_seconds)

    @property
    def server(self) -> str:
        """The API server's address, as the kubeconfig has it."""
        return str(self._client.configuration.host)

    def close(self) -> None:
        self._client.rest_client.close()

    def get(self, path: str, what: str, budget: Budget, **query: str | int) -> dict[str, Any]:
        """The document at a path; `what` names it in sentences. A server that asks to wait is waited for in budget.

        A connection that breaks off is tried once more: one that was kept may have been closed meanwhile.
        """
        content = self._got(path, what, query, budget)
        try:
            document = json.loads(content)
        except ValueError as error:
            raise Trouble(f"{self.cluster} answered with something other than JSON for {what}", 200) from error
        if not isinstance(document, dict):
            raise Trouble(f"{self.cluster} answered with something other than an object for {what}", 200)
        return document

    def text(self, path: str, what: str, budget: Budget, **query: str | int) -> str:
        """The text at a path, such as a log, got in the same way."""
        return self._got(path, what, query, budget).decode(errors="replace")

    def _got(self, path: str, what: str, query: Mapping[str, str | int], budget: Budget) -> bytes:
        broken = 0
        for _ in range(_TRIES):
            try:
                status, headers, content = self._send("GET", path, what, query, budget)
            except _Broken:
                broken += 1
                if broken > 1:
                    raise
                continue
            wait = _retry_after(status, headers)
            if wait is None:
                break
            if wait >= budget.left():
                asked = f"{self.cluster} is busy ({status}) and asks to wait {wait:.0f} s for {what}"
                raise Trouble(f"{asked}, longer than a check may take", status)
            self._pace.pause(wait)
        if status != 200:
            raise self._refused(status, content, what)
        return content

    def patch(
        self, path: str, body: Mapping[str, Any], kind: str, what: str, budget: Budget, **query: str | int
    ) -> Answer:
        """The answer to one PATCH of this media type, whatever its status. Sent once: one more would load webhooks."""
        status, headers, content = self._send("PATCH", path, what, query, budget, (kind, body))
        if status == 401:
            raise self._refused(status, content, what)
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None  # a proxy's page, an answer cut short: the status has to do
        return Answer(status, document if isinstance(document, dict) else {}, _warnings(headers))

    def _send(
        self, method: str, path: str, what: str, query: Mapping[str, Any], budget: Budget,
        body: tuple[str, Mapping[str, Any]] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, TimeoutError  # noqa: A004, PLC0415 - as above

        limit = min(self._request_seconds, budget.left())
        if limit <= 0 or not self._pace.turn(budget.left()):
            raise Trouble(f"the check's time was up before {self.cluster} gave {what}")
        accepted, sent = {"Accept": "application/json"}, None
        if body is not None:
            accepted["Content-Type"] = body[0]  # the client makes text of JSON itself, and of nothing else
            sent = body[1] if body[0].endswith("json") else json.dumps(body[1]).encode()
        try:
            method, url, headers, _, _ = self._client.param_serialize(
                method, path, query_params=list(query.items()), header_params=accepted, auth_settings=["BearerToken"]
            )
            answer = self._client.rest_client.request(method, url, headers=headers, body=sent, _request_timeout=limit)
            until = time.monotonic() + limit
            return answer.status, answer.headers, _content(answer.response, until, self.most_bytes)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise Trouble(f"{self.cluster} can't be reached: no connection to its API server", final=True) from error
        except TimeoutError as error:
            silence = f"{self.cluster} didn't answer within {limit:.3g} s when asked for {what}"
            raise Trouble(silence, silent=True) from error
        except _TooLong as error:
            most = f"more than {self.most_bytes // 1024 // 1024} MB"
            raise Trouble(f"{self.cluster} answered with {most} for {what}", heavy=True) from error
        except HTTPError as error:
            raise _Broken(f"{self.cluster} broke off the connection when asked for {what}") from error
        except Exception as error:  # an exec plugin, a certificate file, the client's wrapping of TLS errors
            cause = "TLS failed; is its certificate trusted?" if "SSL" in str(error) else type(error).__name__
            raise Trouble(f"{self.cluster} can't be reached: {cause}", final=True) from error

    def _refused(self, status: int, content: bytes, what: str) -> Trouble:
        if status == 401:
            sentence = f"{self.cluster} refuses our credentials (401); renew those of its kubeconfig context"
            return Trouble(sentence, status, final=True)
        if status == 403:
            return Trouble(f"{self.cluster} doesn't let us read {what} (403); grant get and list on it", status)
        if status == 429:
            return Trouble(f"{self.cluster} is too busy to give {what} (429)", status)
        return Trouble(f"{self.cluster} answered {status} for {what}", status, absent=_says_absent(status, content))


def _content(response: Any, deadline: float, most: int) -> bytes:
    """The body, read piece by piece: a server that trickles must not outlast the deadline, nor fill the memory."""
    from urllib3.exceptions import TimeoutError  # noqa: A004, PLC0415 - as above

    pieces, size, whole = [], 0, False
    try:
        while piece := response.read1(_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _TooLong
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")
        whole = True
    finally:
        response.release_conn() if whole else response.close()
    return b"".join(pieces)


def _retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds to wait before asking again, where the answer is such a request: 429 or any 5xx, as client-go has it."""
    asked = headers.get("Retry-After", "")
    return float(asked) if (status == 429 or status >= 500) and asked.isdecimal() else None


def _warnings(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The quoted texts of `299 - "unknown field \\"spec.x\\"", 299 - "…"`: several headers come joined by commas."""
    return tuple(re.sub(r"\\(.)", r"\1", text) for text in _WARNING.findall(headers.get("Warning", "")))


def _says_absent(status: int, content: bytes) -> bool:
    """Whether this 404 is of the object. One of an API that is gone, or of a proxy, names no object."""
    try:
        answer = json.loads(content) if status == 404 else None
    except ValueError:
        return False
    if not isinstance(answer, dict) or answer.get("reason") != "NotFound":
        return False
    return bool((answer.get("details") or {}).get("name"))


def _why_no_credentials(cluster: str, file: str | None, error: Exception) -> str:
    from kubernetes import config  # noqa: PLC0415 - as above

    load: Any = config
    if cluster == IN_CLUSTER:
        return "in-cluster was asked for, but there is no service account here; name a context of a kubeconfig instead"
    try:
        known = [str(context["name"]) for context in load.list_kube_config_contexts(file)[0]]
    except Exception:  # noqa: BLE001 - as in `open`; there is a sentence already for what can't be read
        return f"no kubeconfig can be read from {file or 'KUBECONFIG or ~/.kube/config'}"
    if cluster not in known:
        return f"the kubeconfig has no context {cluster}; known are {', '.join(sorted(known)) or 'none'}"
    return f"the credentials of the context {cluster} can't be loaded ({type(error).__name__})"
