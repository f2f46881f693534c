"""A real kube-apiserver with its etcd, where KUBEBUILDER_ASSETS names a folder that holds them.

There are no controllers and no nodes: what a controller would write, somebody else writes through the status
subresource. Everything listens on 127.0.0.1 and is stopped by its own process id.
"""

import functools
import secrets
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

READY_WITHIN = 60.0
_PATIENCE = 2.0
"""An API server waits for those who still watch, up to a minute."""
GET_ASSETS = (
    "KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver: get them with setup-envtest "
    '(book.kubebuilder.io/reference/envtest), then export KUBEBUILDER_ASSETS="$(setup-envtest use -p path)".'
)


@dataclass
class ApiServer:
    """A running server. `kubeconfig` has one context a user: `admin` may all, `reader` what RBAC grants it."""

    folder: Path
    url: str
    kubeconfig: Path
    tokens: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def certificate(self) -> Path:
        """What its clients trust."""
        return self.folder / "certs" / "apiserver.crt"

    def request(self, method: str, path: str, body: bytes | None = None, *, kind: str = "application/json") -> bytes:
        """One call as `admin`. Raises `urllib.error.HTTPError` where the server says no."""
        headers = {"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": kind}
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)  # noqa: S310 - https to ourselves
        with urllib.request.urlopen(request, context=self._trust, timeout=20) as answer:  # noqa: S310 - as above
            content: bytes = answer.read()
            return content

    def namespace(self, prefix: str = "test") -> str:
        """Make a namespace that nobody else uses; its name."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        self.request("POST", "/api/v1/namespaces", b'{"metadata": {"name": "%s"}}' % name.encode())
        return name

    def stop(self) -> None:
        """End both processes by their own handles, the API server first; nothing of theirs is kept."""
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @functools.cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def are_in(assets: Path) -> bool:
    """Whether a folder holds both programs."""
    return all((assets / name).is_file() for name in ("etcd", "kube-apiserver"))


def start(assets: Path, folder: Path) -> ApiServer:
    """Start etcd and kube-apiserver in a folder and wait until `/readyz` says ok. OSError if a program can't start."""
    client_url, peer_url = (f"http://127.0.0.1:{_free_port()}" for _ in range(2))
    port = _free_port()
    tokens = {user: secrets.token_hex(16) for user in ("admin", "reader")}
    known = folder / "tokens.csv"
    known.touch(mode=0o600)
    known.write_text(f"{tokens['admin']},admin,admin,system:masters\n{tokens['reader']},reader,reader\n")
    (folder / "sa.key").write_bytes(_private_key())
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
        f"--token-auth-file={known}",
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
    ]
    server = ApiServer(folder, f"https://127.0.0.1:{port}", folder / "kubeconfig", tokens)
    try:
        for command in (etcd, apiserver):
            log = (folder / Path(command[0]).name).with_suffix(".log")
            with log.open("wb") as output:
                # Sessions of their own: Ctrl-C reaches them through us, once.
                process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, start_new_session=True)  # noqa: S603 - the assets' own programs
                server.processes.append(process)
        _wait(server)
    except BaseException:
        server.stop()
        raise
    server.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(server)))
    server.kubeconfig.chmod(0o600)
    return server


def _private_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
    cluster = {"server": server.url, "certificate-authority": str(server.certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "envtest", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}} for user, token in server.tokens.items()],
        "contexts": [{"name": user, "context": {"cluster": "envtest", "user": user}} for user in server.tokens],
    }
