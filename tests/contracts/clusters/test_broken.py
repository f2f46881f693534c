"""Answers that no API server means to give: cut short, without end, in no time. A bare socket plays the scripts."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.clusters.live import Clusters
from bot.model.sync import ObjectRef
from bot.playground.kubernetes import kubeconfig

REFS = [ObjectRef("v1", "ConfigMap", "pay", name) for name in ("a", "b")]
SERVICE = ObjectRef("v1", "Service", "pay", "pay")
KINDS = {"configmaps": "ConfigMap", "services": "Service"}
RESOURCES = [{"name": name, "kind": kind, "namespaced": True, "verbs": ["get", "list"]} for name, kind in KINDS.items()]
LIST = json.dumps({"items": [{"metadata": {"name": ref.name, "namespace": "pay"}} for ref in REFS]}).encode()
ONE = b'{"metadata": {"name": "pay", "namespace": "pay"}}'

Script = Callable[[socket.socket], None]


def answer(body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (size, body)


def half(connection: socket.socket) -> None:
    connection.sendall(answer(LIST[:40], len(LIST)))


def chunks_cut_short(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n" + LIST[:40] + b"\r\n")


def cut_json(connection: socket.socket) -> None:
    connection.sendall(answer(LIST[:40]))


def nothing(connection: socket.socket) -> None:
    """Hang up at once."""


def trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


@contextmanager
def serving(folder: Path, *scripts: Script, again: bool = True, patience: float = 10) -> Iterator[Clusters]:
    """Each request for ConfigMaps gets the next script, with `again` the last one for ever; the rest is answered.

    `patience` is the seconds a request may take: short only where a script outlasts it, for any machine is slow once.
    """
    left = list(scripts)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            path = connection.recv(65536).split(b" ")[1].decode()
            if "configmaps" in path and left:
                (left[0] if again and len(left) == 1 else left.pop(0))(connection)
            elif path == "/api/v1":
                connection.sendall(answer(json.dumps({"resources": RESOURCES}).encode()))
            else:
                connection.sendall(answer(ONE if "services" in path else LIST))

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        kubeconfig.write(folder / "kubeconfig", {"odd": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        clusters = Clusters(folder / "kubeconfig", seconds=12 * patience, request_seconds=patience)
        yield clusters
        clusters.close()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (half, "broke off the connection when asked for"),
        (chunks_cut_short, "broke off the connection when asked for"),
        (nothing, "broke off the connection when asked for"),
        (cut_json, "answered with something other than JSON for"),
        (trickle, "didn't answer within 1 s when asked for"),
    ],
)
def test_row_97_an_answer_cut_short_leaves_its_objects_unchecked(tmp_path: Path, script: Script, why: str) -> None:
    with serving(tmp_path, script, patience=1 if script is trickle else 10) as clusters:
        live = clusters.read("odd", [*REFS, SERVICE])

    assert live.unchecked == dict.fromkeys(REFS, f"odd {why} configmaps in namespace pay")
    assert live.objects.keys() == {SERVICE}


@pytest.mark.parametrize("script", [half, chunks_cut_short, nothing])
def test_a_connection_that_breaks_off_once_is_tried_again(tmp_path: Path, script: Script) -> None:
    with serving(tmp_path, script, again=False) as clusters:
        assert clusters.read("odd", REFS).objects.keys() == set(REFS)


def test_a_cluster_that_gives_no_answers_is_given_up_before_the_time_is(tmp_path: Path) -> None:
    """Forty objects of a quarter of a second each would take two seconds, and thousands the whole look."""
    refs = [ObjectRef("v1", "ConfigMap", f"n{number}", name) for number in range(20) for name in ("a", "b")]

    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with serving(tmp_path, refuse, lambda _: time.sleep(1), patience=0.25) as clusters:
        live = clusters.read("odd", refs)

    assert live.unchecked.keys() == set(refs)
    assert any("so it was 8 times in a row" in why for why in live.unchecked.values())
