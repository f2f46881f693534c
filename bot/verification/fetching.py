"""One GET over HTTP, within limits of time and size. The room's only importer of urllib3.

No credentials but those that it is given, no cookies, no proxy, no connection that was used before: it may lead to a
pod of the version before. What goes wrong becomes `Unanswered`, a clause for people.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

SECONDS = 10.0
MOST_BYTES = 64 * 1024
_CHUNK = 16 * 1024
_HOPS = 3
_REDIRECTS = {301, 302, 303, 307, 308}


class Unanswered(Exception):  # noqa: N818 - it ends as evidence, never as a fault
    """No answer came, or one that may not be followed; why, as a clause."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `text` is its beginning; empty where it is packed in a way that nobody asked for."""

    status: int
    text: str
    location: str = ""


class Fetch(Protocol):
    """Asks for an address; Unanswered. `hops` is how often it may be sent on, within the same host."""

    def __call__(self, url: str, headers: Mapping[str, str], *, hops: int = _HOPS) -> Fetched: ...


@dataclass(frozen=True)
class Fetcher:
    """`seconds` is what one address may take in all, names and redirects included; `most` is what is read of it."""

    seconds: float = SECONDS
    most: int = MOST_BYTES

    def __call__(self, url: str, headers: Mapping[str, str], *, hops: int = _HOPS) -> Fetched:
        """As `Fetch`. A server that trickles, or a name that nobody resolves, is not waited for any longer."""
        came: SimpleQueue[Fetched | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                came.put(self._followed(url, headers, time.monotonic() + self.seconds, hops))
            except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits
                came.put(error)

        Thread(target=ask, name="probe", daemon=True).start()
        try:
            answer = came.get(timeout=self.seconds)
        except Empty:
            raise Unanswered(f"it did not answer within {self.seconds:.3g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _followed(self, url: str, headers: Mapping[str, str], deadline: float, hops: int) -> Fetched:
        found = self._once(url, headers, deadline)
        for _ in range(hops):
            if found.status not in _REDIRECTS or not found.location:
                return found
            onward = urljoin(url, found.location)
            if _origin(urlsplit(onward)) != _origin(urlsplit(url)):
                raise Unanswered(f"it leads to {urlsplit(onward).hostname}, and is not followed to another host")
            url = onward
            found = self._once(url, headers, deadline)
        return found

    def _once(self, url: str, headers: Mapping[str, str], deadline: float) -> Fetched:
        import urllib3  # noqa: PLC0415 - a fifth of a second that few commands need
        from urllib3 import exceptions as wrong  # noqa: PLC0415 - as above

        left = max(0.1, deadline - time.monotonic())
        asked = {"User-Agent": "quarterdeck", "Accept-Encoding": "identity", "Connection": "close", **headers}
        try:
            with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=left)) as pool:
                answer = pool.request(
                    "GET", url, headers=asked, redirect=False, preload_content=False, decode_content=False
                )
                body = self._body(answer, deadline)
                packed = answer.headers.get("Content-Encoding", "identity") != "identity"
                text = "" if packed else body.decode("utf-8", "replace")
                return Fetched(answer.status, text, answer.headers.get("Location", ""))
        except wrong.NameResolutionError:
            raise Unanswered("its name is not known") from None
        except (wrong.ConnectTimeoutError, wrong.NewConnectionError):
            raise Unanswered("it can't be reached: no connection") from None
        except wrong.TimeoutError:
            raise Unanswered(f"it did not answer within {self.seconds:.3g} s") from None
        except wrong.SSLError:
            raise Unanswered("TLS failed; is its certificate trusted?") from None
        except (wrong.LocationValueError, UnicodeError):
            raise Unanswered("its address can't be asked") from None
        except (wrong.HTTPError, OSError):
            raise Unanswered("it broke off the connection") from None

    def _body(self, answer: "_Readable", deadline: float) -> bytes:
        """The beginning of what it says: of one that never ends, what came in time."""
        pieces, size = [], 0
        while size < self.most and time.monotonic() < deadline and (piece := answer.read1(_CHUNK)):
            pieces.append(piece)
            size += len(piece)
        answer.close()
        return b"".join(pieces)[: self.most]


class _Readable(Protocol):
    def read1(self, amt: int | None = ...) -> bytes: ...

    def close(self) -> None: ...


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
