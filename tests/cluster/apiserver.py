"""A real kube-apiserver and etcd for the tests, where KUBEBUILDER_ASSETS names a folder that holds them.

There are no controllers and no nodes: what a controller would write, a test writes through the status subresource.
One server serves the whole session, so tests that write work in a namespace of their own (`ApiServer.namespace`).
"""

import atexit
import functools
import os
import secrets
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

READY_WITHIN = 60.0
NO_ASSETS = "KUBEBUILDER_ASSETS is not set: no real API server here"


@dataclass
class ApiServer:
    """A running server. `kubeconfig` has one context a user: `admin` may all, `reader` what a test grants by RBAC."""

    folder: Path
    url: str
    kubeconfig: Path
    tokens: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def request(self, method: str, path: str, body: bytes | None = None, *, kind: str = "application/json") -> bytes:
        """One call as `admin`. Raises `urllib.error.HTTPError` where the server says no."""
        headers = {"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": kind}
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)  # noqa: S310 - https to ourselves
        with urllib.request.urlopen(request, context=self._trust, timeout=20) as answer:  # noqa: S310 - as above
            content: bytes = answer.read()
            return content

    def namespace(self, prefix: str = "test") -> str:
        """Make a namespace that no other test uses; its name."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        self.request("POST", "/api/v1/namespaces", b'{"metadata": {"name": "%s"}}' % name.encode())
        return name

    def stop(self) -> None:
        """End both processes by their own handles, the API server first."""
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @functools.cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "certs" / "apiserver.crt"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(assets: Path, folder: Path) -> ApiServer:
    """Start etcd and kube-apiserver in a folder and wait until `/readyz` says ok."""
    client_url, peer_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    port = free_port()
    tokens = {user: secrets.token_hex(16) for user in ("admin", "reader")}
    (folder / "tokens.csv").write_text(
        f"{tokens['admin']},admin,admin,system:masters\n{tokens['reader']},reader,reader\n"
    )
    key = ["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"]
    subprocess.run(key, check=True, capture_output=True)
    etcd = [
        str(assets / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
    ]
    apiserver = [
        str(assets / "kube-apiserver"),
        f"--etcd-servers={client_url}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certs'}",
        "--service-account-issuer=https://localhost",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--service-account-key-file={folder / 'sa.key'}",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
    ]
    server = ApiServer(folder, f"https://127.0.0.1:{port}", folder / "kubeconfig", tokens)
    for command in (etcd, apiserver):
        log = (folder / Path(command[0]).name).with_suffix(".log")
        with log.open("wb") as output:
            server.processes.append(subprocess.Popen(command, stdout=output, stderr=output, cwd=folder))
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    server.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(server)))
    server.kubeconfig.chmod(0o600)
    return server


@functools.cache
def shared() -> ApiServer:
    """The session's server, started at the first call and stopped when the process ends. Skips where there is none."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        pytest.skip(NO_ASSETS)
    folder = tempfile.TemporaryDirectory(prefix="apiserver-")
    atexit.register(folder.cleanup)
    server = start(Path(assets), Path(folder.name))
    atexit.register(server.stop)  # runs before the folder is removed: last registered, first called
    return server


@pytest.fixture(scope="session")
def api_server() -> ApiServer:
    """Import this fixture into a test module; every module gets the same server."""
    return shared()


def _wait(server: ApiServer) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        for process in server.processes:
            if process.poll() is not None:
                raise RuntimeError(f"{Path(str(process.args[0])).name} ended at once")  # type: ignore[index]  # args is a list here
        try:
            if server.request("GET", "/readyz") == b"ok":
                server.request("GET", "/api/v1/namespaces/default")
                return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"kube-apiserver was not ready within {READY_WITHIN:.0f} s")


def _kubeconfig(server: ApiServer) -> dict[str, object]:
    certificate = str(server.folder / "certs" / "apiserver.crt")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "envtest", "cluster": {"server": server.url, "certificate-authority": certificate}}],
        "users": [{"name": user, "user": {"token": token}} for user, token in server.tokens.items()],
        "contexts": [{"name": user, "context": {"cluster": "envtest", "user": user}} for user in server.tokens],
    }
