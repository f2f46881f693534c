"""How many requests an API server has answered, by its own count."""

import re
import ssl
from urllib.request import Request, urlopen

_LINE = re.compile(r"^apiserver_request_total\{(?P<labels>[^}]*)\} (?P<count>[0-9.e+]+)$", re.MULTILINE)
_OTHERS = re.compile(
    r'verb="(WATCH|CONNECT)"|resource="(leases|events|endpoints|apiservices)"|subresource="/(metrics|readyz|livez)"'
)
"""The server's talk with itself, our own counting, and watches, which none of those compared begins."""


class Calls:
    def __init__(self, url: str, token: str, certificate: str) -> None:
        self._request = Request(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - https to ourselves
        self._trust = ssl.create_default_context(cafile=certificate)

    def total(self) -> int:
        with urlopen(self._request, context=self._trust, timeout=60) as answer:  # noqa: S310 - the same
            text = answer.read().decode()
        lines = _LINE.finditer(text)
        return int(sum(float(line["count"]) for line in lines if not _OTHERS.search(line["labels"])))
