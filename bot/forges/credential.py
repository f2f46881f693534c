"""Who the bot is at GitHub: the holder of a token, or an App that gets a short-lived token for each repository.

An App's tokens are asked for one repository at a time, with the least that serves: config repositories are written,
others only read (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app).
"""

import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import github
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from github.GithubException import GithubException
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from bot.errors import Refusal, Unavailable
from bot.forges.failures import Failures, said
from bot.model.address import endpoint
from bot.model.secret import AppKey, Secret

TIMEOUT = 10
"""Seconds for connecting, and again for each answer."""
RENEW = 300.0
"""Seconds before a token ends at which another is asked for: longer than a push takes. They last an hour."""
WRITES = {"contents": "write", "pull_requests": "write", "metadata": "read"}
FOLLOWS = WRITES | {"checks": "read", "statuses": "write", "deployments": "write"}
"""What following a change takes as well. An App that was not given all of this works, and follows with less."""
READS = {"contents": "read", "metadata": "read"}


class Credential(Protocol):
    """`name` is what a person calls it, and `mend` what makes it valid again."""

    name: str
    mend: str

    def token(self, repository: str) -> Secret:
        """A token for `owner/name` that is valid for some minutes at least. Refusal or Unavailable."""

    def login(self) -> str | None:
        """Who its holder is; None if the API must be asked as that one."""

    def forget(self) -> None:
        """GitHub did not accept a token: ask for others."""


class Token:
    """A token that someone else renews. Refusal if it can't be one."""

    name = "the bot's token"
    mend = "put a valid one into GITHUB_TOKEN and start the bot again"

    def __init__(self, token: Secret) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", token.reveal()):
            raise Refusal("GITHUB_TOKEN is empty or holds characters that no token has: give it the token alone.")
        self._token = token

    def token(self, repository: str) -> Secret:  # noqa: ARG002 - the same for all
        return self._token

    def login(self) -> None:
        return None

    def forget(self) -> None:
        """There is no other."""


class _NotGranted(Refusal):
    """The App was not given all that a token was asked to open."""


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret
    expires: float


class App:
    """A GitHub App. Threads share it; to be closed after use.

    `written` are the repositories, as `owner/name`, that it may change. Refusal if the key is none.
    """

    name = "the token it gave to the bot's App"
    mend = "try again"

    def __init__(
        self,
        api_url: str,
        key: AppKey,
        written: Collection[str],
        *,
        timeout: int = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        base = api(api_url)
        try:
            # Once: to load a key is to prove its numbers, which takes longer than anything that is signed with it.
            loaded = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(key.private_key.reveal())
            if isinstance(loaded, RSAPublicKey):
                raise TypeError  # noqa: TRY301 - as what can't be loaded at all
            signing = github.Auth.AppAuth(key.app, sign_func=lambda claims: jwt.encode(claims, loaded, "RS256"))
            signing.create_jwt()
        except (PyJWTError, ValueError, TypeError):
            raise Refusal(
                "GITHUB_APP_PRIVATE_KEY is not an RSA private key in PEM form: give it the whole .pem file that GitHub"
                " made for the App."
            ) from None
        self._app = key.app
        self._written = frozenset(written)
        self._installation = key.installation
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._failures = Failures(urlsplit(base).netloc, timeout, clock)
        self._api = github.GithubIntegration(
            auth=signing,
            base_url=base,
            timeout=timeout,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    def close(self) -> None:
        self._api.close()

    def token(self, repository: str) -> Secret:
        with self._lock:
            held = self._held.get(repository)
            if held is None or held.expires - RENEW <= self._clock():
                held = self._held[repository] = self._renewed(repository)
            return held.token

    def login(self) -> str:
        """Whom GitHub shows as the author of what an App does."""
        return f"{self._slug}[bot]"

    def forget(self) -> None:
        with self._lock:
            self._held.clear()

    def _renewed(self, repository: str) -> _Held:
        installation = self._installation or self._found(repository)
        made = self._made(installation, repository)
        try:
            return _Held(Secret(made["token"]), datetime.fromisoformat(made["expires_at"]).timestamp())
        except (KeyError, TypeError, ValueError):
            raise Unavailable(
                f"What answers at {self._failures.host} is not GitHub's API: it gave no token. Check GITHUB_API_URL."
            ) from None

    def _made(self, installation: int, repository: str) -> Any:
        path = f"/app/installations/{installation}/access_tokens"
        asked = {"repositories": [repository.partition("/")[2]]}
        if repository not in self._written:
            return self._ask("POST", path, repository, asked | {"permissions": READS})
        try:
            return self._ask("POST", path, repository, asked | {"permissions": FOLLOWS})
        except _NotGranted:
            granted = self._ask("GET", f"/app/installations/{installation}", repository).get("permissions") or {}
            held = {name: level for name, level in FOLLOWS.items() if granted.get(name) in (level, "write")}
            return self._ask("POST", path, repository, asked | {"permissions": held | WRITES})

    def _found(self, repository: str) -> int:
        found = self._ask("GET", f"/repos/{quote(repository)}/installation", repository)
        if found.get("suspended_at"):
            raise self._suspended(repository)
        return int(found["id"])

    @cached_property
    def _slug(self) -> str:
        return str(self._ask("GET", "/app", "")["slug"])

    def _ask(self, method: str, path: str, repository: str, body: object = None) -> Any:
        """An answer to the App itself, which signs in by its key."""
        doing = f"sign in as GitHub App {self._app}" + (f" for {repository}" if repository else "")
        with self._failures.during(doing):
            try:
                _, answer = self._api.requester.requestJsonAndCheck(method, path, input=body)
            except GithubException as error:
                raise self._refused(error, repository) or error from None
            return answer

    def _refused(self, error: GithubException, repository: str) -> Refusal | None:
        """The sentence for what someone must put right about the App; None if it is nothing of that kind."""
        words = " ".join(said(error))
        match error.status:
            case 401:
                return Refusal(
                    f"GitHub does not accept the key as that of App {self._app} (401): check that GITHUB_APP_ID and"
                    " GITHUB_APP_PRIVATE_KEY belong together, and that this machine's clock is right."
                )
            case 404 if "Integration" in words or not repository:
                return Refusal(f"GitHub knows no App {self._app} (404): check GITHUB_APP_ID and GITHUB_API_URL.")
            case 404 if self._installation:
                return Refusal(
                    f"GitHub App {self._app} has no installation {self._installation} (404): correct"
                    " GITHUB_APP_INSTALLATION_ID, or leave it out to have it looked up."
                )
            case 404:
                return Refusal(
                    f"GitHub App {self._app} is not installed for {repository} (404): install it there, on its page"
                    " under Settings, GitHub Apps, and let it see that repository."
                )
            case 403 if "suspended" in words:
                return self._suspended(repository)
            case 422 if "permissions" in words:
                needed = "write contents and pull requests of" if repository in self._written else "read contents of"
                return _NotGranted(
                    f"GitHub App {self._app} is not allowed to {needed} {repository} (422): give it that permission,"
                    " and have its owner accept the change."
                )
            case 422:
                return Refusal(
                    f"The installation of GitHub App {self._app} does not see {repository} (422): add the repository"
                    " under Repository access of the installation."
                )
        return None

    def _suspended(self, repository: str) -> Refusal:
        return Refusal(
            f"The installation of GitHub App {self._app} for {repository} is suspended: an owner of the account can"
            " unsuspend it under Settings, GitHub Apps."
        )


def api(url: str) -> str:
    """The API's address. Refusal where a token would be sent in the clear."""
    try:
        return endpoint(url)
    except ValueError as why:
        raise Refusal(f"GITHUB_API_URL {why}.") from None
