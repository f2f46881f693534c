"""The one GET of a probe, against servers that behave badly."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.verification.fetching import Fetched, Fetcher, Unanswered


class Handler(BaseHTTPRequestHandler):
    """Each path is another way to answer."""

    seen: ClassVar[list[dict[str, str]]] = []
    released = threading.Event()

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        match self.path.partition("?")[0]:
            case "/ok":
                self.say(200, b"all ok")
            case "/near":
                self.say(302, b"", Location="/ok")
            case "/round":
                self.say(302, b"", Location="/round")
            case "/far":
                self.say(302, b"", Location="http://localhost:1/ok")
            case "/packed":
                self.say(200, b"\x1f\x8b...", **{"Content-Encoding": "gzip"})
            case "/long":
                self.say(200, b"x" * 1_000_000)
            case "/silent":
                self.released.wait(30)
            case "/broken":
                self.connection.close()
            case "/trickle":
                self.say(200, b"begun ", **{"Content-Length": "1000"})
                self.released.wait(30)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - clients that leave early are the point
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        Handler.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def base() -> Iterator[str]:
    Handler.seen.clear()
    Handler.released.clear()
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/ok", Fetched(200, "all ok")),
        ("/near", Fetched(200, "all ok")),
        ("/round", Fetched(302, "", "/round")),
        ("/packed", Fetched(200, "")),
        ("/long", Fetched(200, "x" * 65536)),
    ],
)
def test_an_answer(base: str, path: str, found: Fetched) -> None:
    assert Fetcher()(base + path, {}) == found


def test_a_redirect_is_not_followed_unasked(base: str) -> None:
    assert Fetcher()(f"{base}/near", {}, hops=0) == Fetched(302, "", "/ok")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/far", "it leads to localhost, and is not followed to another host"),
        ("/broken", "it broke off the connection"),
    ],
)
def test_no_answer(base: str, path: str, why: str) -> None:
    with pytest.raises(Unanswered) as silence:
        Fetcher()(base + path, {})
    assert str(silence.value) == why


def test_nobody_there() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(Unanswered) as silence:
        Fetcher()(f"http://127.0.0.1:{port}/", {})
    assert str(silence.value) == "it can't be reached: no connection"


@pytest.mark.parametrize("url", [f"http://{'a' * 70}.example/", "http://a..b/"])
def test_a_name_that_none_can_have(url: str) -> None:
    with pytest.raises(Unanswered) as silence:
        Fetcher()(url, {})
    assert str(silence.value) == "its address can't be asked"


def test_a_server_that_says_nothing_is_not_waited_for(base: str) -> None:
    with pytest.raises(Unanswered) as silence:
        Fetcher(seconds=0.2)(f"{base}/silent", {})
    assert str(silence.value) == "it did not answer within 0.2 s"


def test_only_what_is_given_is_sent(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    Fetcher()(f"{base}/near", {"Accept": "*/*"})
    assert {name for asked in Handler.seen for name in asked} == {
        "Host",
        "User-Agent",
        "Accept-Encoding",
        "Connection",
        "Accept",
    }


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as port, pytest.raises(Unanswered) as silence:
        Fetcher()(f"https://127.0.0.1:{port}/ok", {})
    assert str(silence.value) == "TLS failed; is its certificate trusted?"
