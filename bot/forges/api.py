"""One GitHub's REST and GraphQL API, for one bot: connections, their sign-in, and one thread at a time on them.

PyGithub's waiting is switched off: who is asked to wait decides that for themselves, by `Unavailable.retry_after`.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import github
from github.GithubException import GithubException
from github.Repository import Repository as Remote

from bot.errors import Refusal
from bot.forges.credential import TIMEOUT, Credential, api
from bot.forges.failures import RATE_LIMITS, Failures, status
from bot.model.change import Author
from bot.model.secret import Secret

PAGE = 100


class _Renewed(github.Auth.Auth):
    """Asked by PyGithub before each request, so that a token never outlives its time."""

    def __init__(self, ask: Callable[[], Secret]) -> None:
        self._ask = ask

    @property
    def token_type(self) -> str:
        return "token"

    @property
    def token(self) -> str:
        return self._ask().reveal()


class Api:
    """To be closed after use. Repositories are named `owner/name`."""

    def __init__(
        self, url: str, credential: Credential, *, timeout: int = TIMEOUT, clock: Callable[[], float] = time.time
    ) -> None:
        logging.getLogger("github").setLevel(logging.INFO)  # below that, PyGithub logs bodies of answers
        self._base = api(url)
        self._credential = credential
        self._timeout = timeout
        self._host = urlsplit(self._base).netloc
        self._failures = Failures(self._host, timeout, clock, credential.name, credential.mend)
        self._connections: dict[str, github.Github] = {}
        self._lock = threading.Lock()
        self._login: str | None = None

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """One thread at a time; whatever PyGithub raises inside leaves as Refusal or Unavailable."""
        with self._lock, self._failures.during(what):
            try:
                yield
            except GithubException as error:
                if status(error) == 401:
                    self._credential.forget()
                raise

    def repository(self, name: str) -> Remote:
        """Nothing is asked yet; to be used inside `asking`."""
        return self._connection(name).get_repo(name)

    def mutate(self, name: str, mutation: str, given: Mapping[str, Any], wanted: str) -> Any:
        """The GraphQL mutation's payload, with the `wanted` fields; to be used inside `asking`."""
        _, answer = self._connection(name).requester.graphql_named_mutation(mutation, dict(given), wanted)
        return answer

    def ask(self, name: str, query: str, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Any]]:
        """What GraphQL gives of the query's data, and the errors for what it does not; to be used inside `asking`."""
        requester = self._connection(name).requester
        asked = {"query": query, "variables": dict(given)}
        headers, answer = requester.requestJsonAndCheck("POST", requester.graphql_url, input=asked)
        data, errors = answer.get("data"), answer.get("errors") or []
        if isinstance(data, str):  # PyGithub's wrapping of what is no JSON
            raise ValueError("no JSON")  # noqa: TRY004 - said by what answers, not by who calls
        if not isinstance(data, dict) or any(each.get("type") in RATE_LIMITS for each in errors):
            raise requester.createException(400, headers, answer)
        return data, errors

    def call(self, name: str, method: str, path: str, given: Mapping[str, Any]) -> Any:
        """An answer of the REST API; to be used inside `asking`. Refusal where the repository is elsewhere by now."""
        return self._answer(name, method, path, given, {})[1]

    def newer(self, name: str, path: str, given: Mapping[str, Any], tag: str) -> tuple[Any, str]:
        """What is at a path and its tag; None and the same tag if it has not changed since. Such an answer counts
        against no hourly limit. To be used inside `asking`.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
        """
        headers, answer = self._answer(name, "GET", path, given, {"If-None-Match": tag} if tag else {})
        return (None, tag) if answer is None else (answer, str(headers.get("etag", "")))

    def _answer(
        self, name: str, method: str, path: str, given: Mapping[str, Any], headers: dict[str, str]
    ) -> tuple[Mapping[str, Any], Any]:
        """Headers and JSON; None for what has not changed."""
        requester, asked = self._connection(name).requester, dict(given)
        parameters, body = (asked, None) if method == "GET" else ({}, asked)
        code, told, text = requester.requestJson(method, path, parameters, headers, body)
        if code == 304:
            return told, None
        is_json = text[:1] in ("[", "{")
        answer = json.loads(text) if is_json else {}
        if code >= 400:
            raise requester.createException(code, told, answer)
        if code >= 300:
            raise Refusal(f"{name} was renamed or moved at GitHub: correct its URL in the config.")
        if not is_json:
            raise ValueError("no JSON")
        return told, answer

    def login(self, name: str) -> str:
        """Who the bot is; to be used inside `asking`, with a repository that it may see."""
        if self._login is None:
            self._login = self._credential.login() or self._connection(name).get_user().login
        return self._login

    def author(self, name: str) -> Author:
        """How GitHub writes the bot into commits: so written, they are shown as its own.

        https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
        """
        with self.asking("learn the number of the bot's account"):
            account = self._connection(name).get_user(self.login(name))
            host = (urlsplit(self._base).hostname or "").removeprefix("api.")
            return Author(account.login, f"{account.id}+{account.login}@users.noreply.{host}")

    def _connection(self, name: str) -> github.Github:
        if name not in self._connections:
            self._connections[name] = github.Github(
                auth=_Renewed(partial(self._credential.token, name)),
                base_url=self._base,
                timeout=self._timeout,
                per_page=PAGE,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
                lazy=True,
            )
        return self._connections[name]
