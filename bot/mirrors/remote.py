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

from bot.errors import Protected, Refusal, Unavailable
from bot.mirrors.process import Failed
from bot.model.address import protocol
from bot.model.catalog import Repository
from bot.model.change import PREFIX
from bot.model.secret import Renewed, Secret

_log = logging.getLogger(__name__)

_SSH = (
    "BatchMode=yes",  # no prompt for anything
    "StrictHostKeyChecking=yes",  # whatever ~/.ssh/config says
    "ConnectTimeout=15",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
)

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
_RULES = (
    ("through a pull request", "a pull request"),
    ("approving review", "reviews"),
    ("status check", "status checks"),
    ("linear history", "a linear history"),
)
"""What GitHub says under GH006 (protected branch) and GH013 (rule set), and our words for it."""
_PROTECTED = re.compile(r"GH006|GH013|protected branch|repository rule|allowed to push", re.IGNORECASE)
"""GitHub, GitLab and Forgejo on a branch that only requests may reach."""


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
        """Environment variables of the transport. Raises Refusal for a key file that ssh, or prudence, won't take."""
        options = list(_SSH)
        if self.repository.ssh_key_file is not None:
            key = self._key(self.repository.ssh_key_file.absolute())
            options += ["IdentitiesOnly=yes", f"IdentityFile={_ssh_word(key)}"]
        if self.repository.ssh_known_hosts_file is not None:
            options.append(f"UserKnownHostsFile={_ssh_word(self.repository.ssh_known_hosts_file.absolute())}")
        ssh = ["ssh", *(word for option in options for word in ("-o", option))]
        return {"GIT_ALLOW_PROTOCOL": self.protocol, "GIT_SSH_COMMAND": shlex.join(ssh), "GIT_SSH_VARIANT": "ssh"}

    def _key(self, file: Path) -> Path:
        key = f"`repositories.{self.repository.name}.ssh_key_file`"
        try:
            found = file.stat()
        except OSError as error:
            raise Refusal(f"{key}: {file} can't be read: {error.strerror}.") from None
        # ssh itself refuses a file of its user's that a group can read; one mounted for a group is another's.
        if found.st_mode & (0o077 if found.st_uid == os.getuid() else 0o007):
            raise Refusal(f"{key}: {file} can be read by others; take that from them (chmod 600), and it is used.")
        return file

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

    def explain_rejection(self, failed: Failed, rejected: str, branch: str) -> Refusal | Unavailable:
        """The sentence for a push that the other side took note of. `rejected` is git's own account of it."""
        unavailable, url = self.explain(failed), self.repository.url
        heard = f"{rejected}\n{failed.err}".replace(self.url, "").replace(branch, "")  # names may hold any of the words
        if "checked out" in heard:
            return Refusal(
                f"{url} has `{branch}` checked out: point the config at a bare repository (git clone --bare)."
            )
        if "rejected]" not in rejected or "unpacker error" in rejected:
            return unavailable
        if "signatures" in heard:
            return Refusal(
                f"{url} takes only verified commits on `{branch}`: set `author.sign`, and let its forge know the key "
                "and `author.email` as the same account's."
            )
        rules = " and ".join(words for sign, words in _RULES if sign in heard)
        why = f"its rules ask for {rules}" if rules else "it is protected, or a rule or hook there declines it"
        closed = f"{url} doesn't let the bot push to `{branch}`: {why}."
        if branch.startswith(PREFIX):
            return Refusal(f"{closed} Have an administrator let it push there.")
        kind = Protected if _PROTECTED.search(heard) else Refusal
        return kind(f"{closed} Have an administrator set `change: pull-request` for the environment.")

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
        if isinstance(self.token, Renewed):
            return "the GitHub App's permissions"
        return "GITHUB_TOKEN" if self.token else "GITHUB_TOKEN, which is not set or is not for that host"


def _ssh_word(file: Path) -> str:
    """A file's name as ssh reads it in an option: whole, and with % meaning itself (ssh_config(5))."""
    escaped = str(file).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
