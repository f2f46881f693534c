"""GitHub, by PyGithub: reads and writes of pull requests. The only module that imports `github`.

Every failure leaves as one sentence of ours; GitHub's own words are read to tell cases apart, and never repeated.
PyGithub's waiting is switched off: who is asked to wait decides that for themselves, by `Unavailable.retry_after`.
Rules of the API: https://docs.github.com/en/rest/pulls/pulls and
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import github
from github.GithubException import BadAttributeException, GithubException, IncompletableObject
from github.PullRequest import PullRequest as Found
from github.Repository import Repository as Remote

from bot.errors import Refusal, Unavailable
from bot.model.address import endpoint
from bot.model.catalog import Repository
from bot.model.change import PREFIX, PullRequest
from bot.model.secret import Secret

TIMEOUT = 10
"""Seconds for connecting, and again for each answer."""
SECONDARY_WAIT = 60.0
"""Seconds to wait after the secondary limit where GitHub doesn't say: at least a minute, by its documentation."""
PAGE = 100
NOT_THE_API = (
    BadAttributeException,
    IncompletableObject,
    AssertionError,
    AttributeError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What PyGithub raises for redirects to elsewhere, and for answers that are not what was asked for."""


class GitHub:
    """Implements `Forge` and `ForgeWrites`. A context manager: its end closes the connection.

    Calls from several threads take turns, since PyGithub's connection is not made for sharing.
    """

    def __init__(
        self,
        api_url: str,
        token: Secret,
        repositories: Mapping[str, Repository],
        *,
        timeout: int = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`api_url` is `https://api.github.com`, or `https://<host>/api/v3` for GitHub Enterprise Server.

        Refusal where it would send the token in the clear, or the token can't be one.
        """
        try:
            base = endpoint(api_url)
        except ValueError as why:
            raise Refusal(f"GITHUB_API_URL {why}.") from None
        if not re.fullmatch(r"[\x21-\x7e]+", token.reveal()):
            raise Refusal("GITHUB_TOKEN is empty or holds characters that no token has: give it the token alone.")
        logging.getLogger("github").setLevel(logging.INFO)  # below that, PyGithub logs bodies of answers
        self._repositories = repositories
        self._host = urlsplit(base).netloc
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._login: str | None = None
        self._api = github.Github(
            auth=github.Auth.Token(token.reveal()),
            base_url=base,
            timeout=timeout,
            per_page=PAGE,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def pulls(self, repository: str) -> tuple[PullRequest, ...]:
        name, base = self._name(repository), self._repositories[repository].branch
        with self._asking(f"list the pull requests of {name}"):
            found = [
                pull
                for pull in self._remote(name).get_pulls(state="open", base=base)
                if pull.head.ref.startswith(PREFIX) and pull.base.repo == pull.head.repo
            ]
            login = self._whoami() if found else ""
            return tuple(_pull(pull, login) for pull in found)

    def open(self, repository: str, *, title: str, body: str, branch: str) -> PullRequest:
        """Open it, or give the one that is open already for this branch."""
        name, base = self._name(repository), self._repositories[repository].branch
        with self._asking(f"open a pull request for {branch} in {name}"):
            remote = self._remote(name)
            try:
                made = remote.create_pull(base=base, head=branch, title=title, body=body)
            except GithubException as error:
                said = _messages(error)
                if any(text.startswith("No commits between") for text in said):
                    raise Refusal(
                        f"{branch} holds no commit that {base} of {name} lacks, so there is nothing to open."
                    ) from None
                if not any(text.startswith("A pull request already exists") for text in said):
                    raise
                owner = name.partition("/")[0]
                for there in remote.get_pulls(state="open", head=f"{owner}:{branch}", base=base):
                    return _pull(there, self._whoami())
                raise Unavailable(f"The pull request for {branch} in {name} was closed just now: try again.") from None
            self._login = made.user.login
            return _pull(made, self._login)

    def comment(self, repository: str, number: int, text: str) -> None:
        name = self._name(repository)
        with self._asking(f"comment on {name}#{number}"):
            self._remote(name).get_issue(number).create_comment(text)

    def label(self, repository: str, number: int, labels: Sequence[str]) -> None:
        name = self._name(repository)
        if labels:
            with self._asking(f"label {name}#{number}"):
                self._remote(name).get_issue(number).add_to_labels(*labels)

    def request_review(self, repository: str, number: int, reviewers: Sequence[str]) -> None:
        """Asks all of them, and raises Refusal at the end for those whom GitHub did not accept."""
        name = self._name(repository)
        rejected = []
        for reviewer in reviewers:
            _, team, slug = reviewer.rpartition("/")
            with self._asking(f"ask for a review of {name}#{number}"):
                pull = self._remote(name).get_pull(number)
                try:
                    pull.create_review_request(**{"team_reviewers" if team else "reviewers": [slug]})
                except GithubException as error:
                    if error.status != 422:
                        raise
                    rejected.append(reviewer)
        if rejected:
            raise Refusal(
                f"GitHub did not ask {', '.join(rejected)} to review {name}#{number}: a reviewer must be able to see"
                " the repository and must not be the pull request's author."
            )

    def close(self, repository: str, number: int) -> None:
        name = self._name(repository)
        with self._asking(f"close {name}#{number}"):
            self._remote(name).get_pull(number).edit(state="closed")

    def merge(self, repository: str, number: int, *, head: str) -> str:
        name = self._name(repository)
        with self._asking(f"merge {name}#{number}"):
            try:
                merged = self._remote(name).get_pull(number).merge(merge_method="merge", sha=head)
            except GithubException as error:
                if error.status == 409:
                    raise Refusal(
                        f"{name}#{number} has new commits since it was looked at: look again, then merge."
                    ) from None
                if error.status == 405:
                    raise Refusal(
                        f"{name}#{number} can't be merged as it is: it is closed, conflicts with its base, or misses"
                        " something that the base branch requires. Its page on GitHub says which."
                    ) from None
                raise
            if not merged.sha:
                raise ValueError("no merge commit in the answer")
            return merged.sha

    def _name(self, repository: str) -> str:
        """`owner/repository` of a repository of the catalog."""
        parts = re.split(r"[/:]", self._repositories[repository].url.removesuffix("/").removesuffix(".git"))
        owner, name = ("", *parts)[-2:]
        if not owner or not name:
            raise Refusal(f"The URL of repository {repository} does not end in owner/name, as GitHub's do: correct it.")
        return f"{owner}/{name}"

    def _remote(self, name: str) -> Remote:
        return self._api.get_repo(name)

    def _whoami(self) -> str:
        if self._login is None:
            self._login = self._api.get_user().login
        return self._login

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """One thread at a time; whatever PyGithub raises inside leaves as Refusal or Unavailable."""
        with self._lock:
            try:
                yield
            except NOT_THE_API:
                raise Unavailable(
                    f"What answers at {self._host} is not GitHub's API, so the bot could not {what}:"
                    " check GITHUB_API_URL."
                ) from None
            except GithubException as error:
                raise self._translated(error, what) from None
            except OSError:  # requests' errors are
                raise Unavailable(
                    f"GitHub at {self._host} can't be reached, or took longer than {self._timeout} seconds, to {what}:"
                    " check the network and GITHUB_API_URL, then try again."
                ) from None

    def _translated(self, error: GithubException, what: str) -> Refusal | Unavailable:
        wait = self._wait(error)
        if wait is not None:
            return Unavailable(
                f"GitHub's rate limit does not let the bot {what} now: try again in {_in_words(wait)}.",
                retry_after=wait,
            )
        match error.status:
            case 401:
                return Unavailable(
                    f"GitHub does not accept the bot's token (401), so it could not {what}:"
                    " put a valid one into GITHUB_TOKEN and start the bot again."
                )
            case 403:
                return Unavailable(
                    f"GitHub does not allow the bot to {what} (403): its token needs to read contents and write pull"
                    " requests there."
                )
            case 404:
                return Refusal(
                    f"GitHub found nothing there to {what} (404): check the name and number, and that the bot's token"
                    " may see the repository."
                )
            case 422:
                return Refusal(f"GitHub could not {what} as it was asked to (422){_fields(error)}.")
            case status if status >= 500:
                return Unavailable(f"GitHub failed to {what} (its error {status}): try again in a few minutes.")
        return Unavailable(f"GitHub did not {what}: it answered with status {error.status}.")

    def _wait(self, error: GithubException) -> float | None:
        """Seconds until a rate limit ends; None if it is none."""
        headers = {key.lower(): value for key, value in (error.headers or {}).items()}
        if error.status not in (403, 429):
            return None
        if (after := headers.get("retry-after", "")).isdecimal():
            return float(after)
        if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
            return max(float(reset) - self._clock(), 1.0)
        limited = error.status == 429 or isinstance(error, github.RateLimitExceededException)
        return SECONDARY_WAIT if limited else None


def _pull(pull: Found, login: str) -> PullRequest:
    author = getattr(pull.user, "login", "ghost")  # a deleted account is null, or the user `ghost`
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        title=pull.title,
        body=pull.body or "",
        branch=pull.head.ref,
        head=pull.head.sha,
        base=pull.base.ref,
        state="merged" if pull.merged_at else pull.state,
        author=author,
        ours=author == login,
    )


def _in_words(seconds: float) -> str:
    if seconds < 2:
        return "a moment"
    return f"{math.ceil(seconds)} seconds" if seconds <= 90 else f"{math.ceil(seconds / 60)} minutes"


def _errors(error: GithubException) -> list[Mapping[str, object]]:
    listed = error.data.get("errors") if isinstance(error.data, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _messages(error: GithubException) -> list[str]:
    return [str(each.get("message", "")) for each in _errors(error)]


def _fields(error: GithubException) -> str:
    """Which fields were wrong, in words that can only be names of fields."""
    named = sorted({field for each in _errors(error) if re.fullmatch("[a-z_]{1,40}", field := str(each.get("field")))})
    return f": it refuses the {' and the '.join(named)}" if named else ""
