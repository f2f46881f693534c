"""Credentials reach the one server they are for, and nothing else; what servers refuse becomes a sentence."""

import base64
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.errors import Refusal, Unavailable
from bot.mirrors.process import Failed
from bot.mirrors.remote import Remote
from bot.model.catalog import Repository
from bot.model.secret import Renewed, Secret

TOKEN = "ghp_planted-secret-0123456789"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


class Server(ThreadingHTTPServer):
    """Answers every request with one status, and remembers what it was sent."""

    status = 401

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/acme/config.git"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", f"http://localhost:{self.server.server_port}/elsewhere{self.path}")
        if self.server.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()
        self.wfile.write(f"text from outside, with {self.headers['Authorization']}".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "{url} refused the credentials: check GITHUB_TOKEN."),
        (403, "{url} refused the credentials: check GITHUB_TOKEN."),
        (
            404,
            "There is no repository at {url}, or it can't be seen with GITHUB_TOKEN: check `repositories.config.url`.",
        ),
        (302, "{url} has moved: put its new address, with `.git`, into `repositories.config.url`."),
        (429, "{url} has trouble of its own, or too much to do: try again later."),
        (500, "{url} has trouble of its own, or too much to do: try again later."),
        (200, "{url} has no branch `main`: check `repositories.config.branch`."),
    ],
)
def test_what_a_server_refuses_becomes_a_sentence(server, mirrors, caplog, status, sentence):
    server.status = status
    with pytest.raises(Unavailable) as ended, caplog.at_level(logging.DEBUG):
        mirrors(server.url, tokens={"config": Secret(TOKEN)}).reader().head("config")
    assert str(ended.value) == sentence.format(url=server.url)
    assert {authorization for _, authorization in server.seen} == {f"Basic {BASIC}"}
    assert not [path for path, _ in server.seen if path.startswith("/elsewhere")]
    assert ended.value.__cause__ is None
    for text in (caplog.text, repr(ended.value)):
        assert TOKEN not in text
        assert BASIC not in text


def test_a_token_that_is_renewed_is_an_apps(server, mirrors):
    server.status = 403
    token = Renewed(ask=lambda: Secret(TOKEN))
    with pytest.raises(Unavailable, match="refused the credentials: check the GitHub App's permissions"):
        mirrors(server.url, tokens={"config": token}).reader().head("config")
    assert {authorization for _, authorization in server.seen} == {f"Basic {BASIC}"}


def test_no_token_at_all_is_said(server, mirrors):
    with pytest.raises(Unavailable, match="check GITHUB_TOKEN, which is not set"):
        mirrors(server.url).reader().head("config")
    assert {authorization for _, authorization in server.seen} == {None}


def test_a_server_that_is_not_the_forges_gets_no_token(server, mirrors):
    with pytest.raises(Unavailable, match="GITHUB_TOKEN, which is not set or is not for that host"):
        mirrors(server.url, tokens={"other": Secret(TOKEN)}).reader().head("config")
    assert {authorization for _, authorization in server.seen} == {None}


def test_nothing_listens_there(mirrors):
    with Server() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match="can't be reached, nothing answers there"):
        mirrors(url, tokens={"config": Secret(TOKEN)}).reader().head("config")


def test_row_128_the_token_shows_in_no_argument_and_no_file(server, mirrors, tmp_path, monkeypatch):
    log = tmp_path / "arguments"
    program = tmp_path / "programs" / "git"
    program.parent.mkdir()
    real = next(Path(part) / "git" for part in os.environ["PATH"].split(":") if (Path(part) / "git").exists())
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(Unavailable):
        mirrors(server.url, tokens={"config": Secret(TOKEN)}).reader().head("config")
    assert server.url in log.read_text()
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert TOKEN.encode() not in path.read_bytes()
        assert BASIC.encode() not in path.read_bytes()


def remote(url: str, **options: object) -> Remote:
    return Remote(Repository("config", url, **options), Secret(TOKEN))  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("https://github.com/acme/config.git", "https"),
        ("http://127.0.0.1:8080/x.git", "http"),
        ("http://localhost/x.git", "http"),
        ("http://[::1]:80/x.git", "http"),
        ("git@github.com:acme/config.git", "ssh"),
        ("ssh://git@github.com:22/acme/config.git", "ssh"),
        ("file:///srv/config.git", "file"),
        ("/srv/with space/config.git", "file"),
        ("../config.git", "file"),
        ("/srv/a@b:c", "file"),
    ],
)
def test_protocols(url, protocol):
    made = remote(url)
    assert made.protocol == protocol
    assert made.variables["GIT_ALLOW_PROTOCOL"] == protocol
    assert bool(made.settings) == (protocol in {"https", "http"})
    assert TOKEN not in repr(made)


def test_the_token_is_for_the_repositorys_server_alone():
    assert remote("https://github.com/acme/config.git").settings == {
        "http.https://github.com/.extraHeader": f"Authorization: Basic {BASIC}"
    }


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"https://x-access-token:{TOKEN}@github.com/acme/config.git", "carries credentials"),
        (f"https://{TOKEN}@github.com/acme/config.git", "carries credentials"),
        (f"ssh://git:{TOKEN}@github.com/acme/config.git", "carries credentials"),
        ("http://github.com/acme/config.git", "plain http"),
        ("http://127.0.0.1.example.com/x.git", "plain http"),
        ("git://github.com/acme/config.git", "a protocol that isn't allowed"),
        ("ftp://github.com/acme/config.git", "a protocol that isn't allowed"),
        ("ext::sh -c id", "is not an address"),
        ("-oProxyCommand=id", "is not an address"),
    ],
)
def test_unsafe_addresses_are_refused(url, why):
    with pytest.raises(Refusal, match=why) as refused:
        remote(url)
    assert TOKEN not in str(refused.value)


def test_what_git_said_is_logged_without_the_token(caplog):
    made = remote("https://github.com/acme/config.git")
    with caplog.at_level(logging.DEBUG):
        told = made.explain(Failed("fetch", 128, "", f"fatal: strange {TOKEN} and {BASIC}"))
    assert "strange … and …" in caplog.text
    assert str(told) == "Git could not work with https://github.com/acme/config.git, see the log."


def test_words_in_the_address_itself_tell_nothing():
    told = remote("https://github.com/acme/SSL-connect.git").explain(
        Failed("fetch", 128, "", "fatal: unable to access 'https://github.com/acme/SSL-connect.git/': odd")
    )
    assert str(told) == "Git could not work with https://github.com/acme/SSL-connect.git, see the log."


def test_a_time_limit_is_said():
    told = remote("https://github.com/acme/config.git").explain(Failed("fetch", None, "", ""))
    assert str(told) == "https://github.com/acme/config.git did not answer in time; try again later."
