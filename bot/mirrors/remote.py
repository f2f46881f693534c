"""A repository's other end: which protocol leads there, with which credentials, and what its refusals mean.

The token goes into git's environment and nowhere else. What the other side says is matched for known words, never
passed on: it is foreign text.
"""

import base64
import logging
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bot.errors import Refusal, Unavailable
from bot.mirrors.process import Failed
from bot.model.address import protocol
from bot.model.catalog import Repository
from bot.model.secret import Secret

_log = logging.getLogger(__name__)

_CAUSES = (
    (r"find remote ref", "{url} has no branch `{branch}`: check `repositories.{name}.branch`"),
    (r"Host key verification failed", "The host key of {url} is not known here: add it to known_hosts"),
    (
        r"could not read Username|Authentication failed|Permission denied \(|error: 40[13]|Access denied|not granted",
        "{url} refused the credentials: check {credentials}",
    ),
    (r"insufficient permission|unable to create temporary", "{url} can't be written with {credentials}"),
    (
        r"[Rr]epository .*not found|error: 404|not appear to be a git repo|does not exist|No such file",
        "There is no repository at {url}, or it can't be seen with {credentials}: check `repositories.{name}.url`",
    ),
    (r"dubious ownership", "{url} belongs to another user of this machine: run as its owner, or change the owner"),
    (r"[Cc]ould not resolve host", "The host of {url} is unknown: check `repositories.{name}.url`"),
    (r"certificate|TLS|SSL", "The certificate of {url} is not trusted here: GIT_SSL_CAINFO can name your authority's"),
    (r"error: 30\d|redirect", "{url} has moved: put its new address, with `.git`, into `repositories.{name}.url`"),
    (r"error: (?:5\d\d|429)", "{url} has trouble of its own, or too much to do: try again later"),
    (r"No space left|Disk quota", "The disk for the copy of {url} is full"),
    (
        r"onnect|timed out|unreachable|No route to host",
        "{url} can't be reached, nothing answers there: try again later",
    ),
)
"""What git and ssh say, in the order of how much it tells, and the sentence for it."""
_UNKNOWN = "Git could not work with {url}, see the log"


@dataclass(frozen=True, slots=True)
class Remote:
    """Raises Refusal if the URL is of a kind that isn't safe to hand to git."""

    repository: Repository
    token: Secret | None = None

    def __post_init__(self) -> None:
        self.protocol  # noqa: B018 - judges the URL

    @property
    def protocol(self) -> str:
        """`https`, `http` (loopback only), `ssh` or `file`."""
        try:
            return protocol(self.repository.url)
        except ValueError as why:
            raise Refusal(f"`repositories.{self.repository.name}.url` {why}.") from None

    @property
    def url(self) -> str:
        """What git is given: a local path is made absolute, since git runs elsewhere."""
        url = self.repository.url
        return str(Path(url).absolute()) if self.protocol == "file" and "://" not in url else url

    @property
    def settings(self) -> Mapping[str, str]:
        """Git settings that authenticate: only for this server, and only over HTTP."""
        if self.token is None or self.protocol not in {"https", "http"}:
            return {}
        server = urlunsplit(urlsplit(self.url)._replace(path="/", query="", fragment=""))
        # The user name that GitHub asks for with tokens of every kind; others ignore it.
        login = base64.b64encode(f"x-access-token:{self.token.reveal()}".encode()).decode()
        return {f"http.{server}.extraHeader": f"Authorization: Basic {login}"}

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables of the transport."""
        ssh = "ssh -o BatchMode=yes -o ConnectTimeout=15"
        if self.repository.ssh_key_file is not None:
            ssh += f" -o IdentitiesOnly=yes -i {shlex.quote(os.fspath(self.repository.ssh_key_file.absolute()))}"
        return {"GIT_ALLOW_PROTOCOL": self.protocol, "GIT_SSH_COMMAND": ssh, "GIT_SSH_VARIANT": "ssh"}

    def explain(self, failed: Failed) -> Unavailable:
        """The sentence for a command that failed on the way there or at its end."""
        said = self.hide(failed.err)
        _log.warning("%s; repository %s: %s", failed, self.repository.name, said.strip())
        if failed.status is None:
            return Unavailable(f"{self.repository.url} did not answer in time; try again later.")
        heard = said.replace(self.url, "")  # an address may hold any of the words
        why = next((why for words, why in _CAUSES if re.search(words, heard)), _UNKNOWN)
        name, branch = self.repository.name, self.repository.branch
        sentence = why.format(url=self.repository.url, name=name, branch=branch, credentials=self._credentials)
        return Unavailable(f"{sentence}.")

    def hide(self, text: str) -> str:
        """The text without the token, in either form in which git could have met it."""
        for secret in (*self.settings.values(), self.token.reveal() if self.token else ""):
            text = text.replace(secret.rpartition(" ")[2] or "\0", "…")
        return text

    @property
    def _credentials(self) -> str:
        if self.protocol == "ssh":
            return f"`repositories.{self.repository.name}.ssh_key_file`"
        if self.protocol == "file":
            return "this user's permissions"
        return "GITHUB_TOKEN" if self.token else "GITHUB_TOKEN, which is not set or is not for that host"
