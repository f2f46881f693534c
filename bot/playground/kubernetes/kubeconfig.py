"""The file by which kubectl and client libraries find the stand-in clusters."""

from collections.abc import Mapping
from pathlib import Path

import yaml


def write(path: Path, servers: Mapping[str, str]) -> None:
    """Write a kubeconfig with one context per cluster: `servers` maps the context's name to the API's base URL.

    Readable by its owner alone, since the URLs are the credential.
    """
    entries = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(servers)),
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "anyone"}} for name in servers],
        "users": [{"name": "anyone", "user": {}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(entries, sort_keys=False))
