"""What GitHub's failures mean, in sentences of ours. GitHub's own words are read to tell cases apart, never repeated.

Rules: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api. GraphQL answers 200 and says in
`errors` what went wrong; PyGithub raises that as status 400.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import github
from github.GithubException import BadAttributeException, GithubException, IncompletableObject

from bot.errors import Refusal, Unavailable

SECONDARY_WAIT = 60.0
"""Seconds to wait after the secondary limit where GitHub doesn't say: at least a minute, by its documentation."""
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
RATE_LIMITS = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
GRAPHQL = dict.fromkeys(RATE_LIMITS, 429) | {
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "STALE_DATA": 409,
    "UNPROCESSABLE": 422,
}
"""Types of GraphQL errors, as the REST API's statuses of the same meaning."""


@dataclass(frozen=True, slots=True)
class Failures:
    """`credential` is what a person calls the bot's sign-in, and `mend` what makes it valid again."""

    host: str
    timeout: int
    clock: Callable[[], float]
    credential: str = "the bot's token"
    mend: str = "put a valid one into GITHUB_TOKEN and start the bot again"

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Whatever PyGithub raises inside leaves as Refusal or Unavailable. `what` completes "could not …"."""
        try:
            yield
        except NOT_THE_API:
            raise Unavailable(
                f"What answers at {self.host} is not GitHub's API, so the bot could not {what}: check GITHUB_API_URL."
            ) from None
        except GithubException as error:
            raise self.translated(error, what) from None
        except OSError:  # requests' errors are
            raise Unavailable(
                f"GitHub at {self.host} can't be reached, or took longer than {self.timeout} seconds, to {what}:"
                " check the network and GITHUB_API_URL, then try again."
            ) from None

    def translated(self, error: GithubException, what: str) -> Refusal | Unavailable:
        wait = self._wait(error)
        if wait is not None:
            return Unavailable(
                f"GitHub's rate limit does not let the bot {what} now: try again in {_in_words(wait)}.",
                retry_after=wait,
            )
        match status(error):
            case 401:
                return Unavailable(
                    f"GitHub does not accept {self.credential} (401), so it could not {what}: {self.mend}."
                )
            case 403:
                return Unavailable(
                    f"GitHub does not allow the bot to {what} (403): its token needs to read contents and write pull"
                    " requests there."
                )
            case 404:
                return Refusal(
                    f"GitHub could not {what} (404): it is not there, or the bot may not see it; check the name and"
                    " number."
                )
            case 422:
                return Refusal(f"GitHub could not {what} as it was asked to (422){_fields(error)}.")
            case known if known >= 500:
                return Unavailable(f"GitHub failed to {what} (its error {known}): try again in a few minutes.")
            case known:
                return Unavailable(f"GitHub did not {what}: it answered with status {known}.")

    def _wait(self, error: GithubException) -> float | None:
        """Seconds until a rate limit ends; None if it is none."""
        headers = {key.lower(): value for key, value in (error.headers or {}).items()}
        if status(error) not in (403, 429):
            return None
        if (after := headers.get("retry-after", "")).isdecimal():
            return float(after)
        if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
            return max(float(reset) - self.clock(), 1.0)
        limited = status(error) == 429 or isinstance(error, github.RateLimitExceededException)
        return SECONDARY_WAIT if limited else None


def status(error: GithubException) -> int:
    """As of the REST API. GraphQL tells of the secondary limit in words alone:
    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    """
    if error.status != 400:
        return error.status
    if any("secondary rate limit" in text for text in said(error)):
        return 429
    kinds = [GRAPHQL.get(str(each.get("type"))) for each in _errors(error)]
    return next((kind for kind in kinds if kind), 400)


def extensions(error: GithubException) -> set[str]:
    """GraphQL's own codes of what is wrong with a question."""
    return {str(each["extensions"].get("code")) for each in _errors(error) if isinstance(each.get("extensions"), dict)}


def said(error: GithubException) -> list[str]:
    """GitHub's own sentences, to be matched and not to be passed on."""
    whole = error.data.get("message") if isinstance(error.data, dict) else None
    return [str(text) for text in (whole, *(each.get("message") for each in _errors(error))) if text]


def _in_words(seconds: float) -> str:
    if seconds < 2:
        return "a moment"
    return f"{math.ceil(seconds)} seconds" if seconds <= 90 else f"{math.ceil(seconds / 60)} minutes"


def _errors(error: GithubException) -> list[Mapping[str, Any]]:
    listed = error.data.get("errors") if isinstance(error.data, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _fields(error: GithubException) -> str:
    """Which fields were wrong, in words that can only be names of fields."""
    named = sorted({field for each in _errors(error) if re.fullmatch("[a-z_]{1,40}", field := str(each.get("field")))})
    return f": it refuses the {' and the '.join(named)}" if named else ""
