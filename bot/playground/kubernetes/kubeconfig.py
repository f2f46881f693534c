"""The file by which kubectl and client libraries find the clusters."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Server:
    """An API's base URL, and where that is not enough, whom to trust and the token to show."""

    url: str
    certificate: Path | None = None
    token: str = ""

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)


def write(path: Path, servers: Mapping[str, Server | str]) -> None:
    """Write a kubeconfig with one context per cluster, by the context's name.

    Readable by its owner alone: tokens are credentials, and so are the stand-ins' URLs.
    """
    known = {name: Server(each) if isinstance(each, str) else each for name, each in servers.items()}
    entries = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(known)),
        "clusters": [{"name": name, "cluster": _cluster(each)} for name, each in known.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in known],
        "users": [{"name": name, "user": {"token": each.token} if each.token else {}} for name, each in known.items()],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(entries, sort_keys=False))


def _cluster(server: Server) -> dict[str, str]:
    trusted = {"certificate-authority": str(server.certificate)} if server.certificate else {}
    return {"server": server.url, **trusted}
