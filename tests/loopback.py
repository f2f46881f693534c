"""Requests to the playground's servers. httpx reads the machine's certificates for each call otherwise: 30 ms."""

from functools import partial
from types import SimpleNamespace

import httpx

http = SimpleNamespace(
    **{
        method: partial(getattr(httpx, method), verify=False, trust_env=False)
        for method in ("delete", "get", "patch", "post", "put", "request")
    }
)
"""httpx' functions: each call has a client of its own, without cookies. Nothing here speaks TLS."""
