"""When pull requests are asked about, so that hundreds can be followed with next to no requests.

A look costs one conditional request for the list of what changed last, which GitHub does not count while it is the
same. A pull request is asked about where its date of change has moved, where a nudge says so, and now and then: checks
and conflicts come about without that the date moves. All of it is in memory and lost at a restart without harm.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from github.GithubException import GithubException

from bot.errors import Unavailable
from bot.forges import progress
from bot.forges.api import Api
from bot.forges.failures import extensions, status
from bot.model.pull import Nudge, Progress

RECHECK: Final = 15.0
"""Seconds after which what will be otherwise soon is asked about again: checks run, or may be about to begin."""
STALE: Final = 60.0
"""Seconds after which the others are."""
YOUNG: Final = 120.0
"""Seconds in which a new head's checks are expected to begin."""
PAUSES: Final = (1.25, 2.5, 6.0)
"""Seconds for each repository that is followed, between its lists and between questions about what will be otherwise
soon, and about the others: however many there are, less than one request a second is made while nothing changes.
"""
IDLE: Final = 600.0
"""Seconds after which what nobody looks at is forgotten."""
NUDGES: Final = 10_000
"""That are kept until the next look."""
PAGE: Final = 50
PAGES: Final = 5
"""Of a list. If more has changed than they hold, everything is asked about."""
TOO_MUCH: Final = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"})
"""Errors with which GitHub says that a question is too large. A proxy's 502 or 504 can mean the same."""


@dataclass(slots=True)
class _Known:
    """A pull request as it was when it was asked about; None is not there."""

    progress: Progress | None
    updated: str
    """Its date of change, in ISO 8601 and UTC; and the one that the list had when it was asked about."""
    listed: str
    unsettled: bool
    asked: float
    head_since: float
    wanted: float

    def is_due(self, now: float, listed: str, repositories: int) -> bool:
        _, quickly, slowly = (repositories * each for each in PAUSES)
        if self.progress is None:
            return now - self.asked >= max(STALE, slowly)
        ahead = listed > self.updated
        if ahead and listed != self.listed:
            return True
        if self.progress.pull.state != "open" and not self.unsettled and not ahead:
            return False
        soon = self.unsettled or ahead or now - self.head_since < YOUNG
        return now - self.asked >= (max(RECHECK, quickly) if soon else max(STALE, slowly))


@dataclass(slots=True)
class _Repository:
    path: str
    """`owner/name` by its present name, should it have been renamed."""
    wanted: float = 0.0
    tag: str = ""
    newest: str = ""
    listed_at: float = float("-inf")
    listed: dict[int, str] = field(default_factory=dict)
    known: dict[int, _Known] = field(default_factory=dict)

    def note(self, number: int, found: progress.Found | None, seen: Progress | None, now: float) -> None:
        before = self.known.get(number)
        moved = before is None or (before.progress and before.progress.pull.head) != (seen and seen.pull.head)
        self.known[number] = _Known(
            progress=seen,
            updated=str(found["updatedAt"]) if found else "",
            listed=self.listed.get(number, ""),
            unsettled=found is not None and seen is not None and progress.is_unsettled(found, seen),
            asked=now,
            head_since=now if moved or before is None else before.head_since,
            wanted=now,
        )


class _TooMuch(Exception):  # noqa: N818 - it is an answer, not a fault
    """GitHub did not manage to answer all of a question."""


class Lookout:
    """Threads share it: one looks at a time. `clock` gives seconds; repositories are named `owner/name`."""

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._repositories: dict[str, _Repository] = {}
        self._nudges: deque[tuple[str, Nudge]] = deque(maxlen=NUDGES)
        self._lock = threading.Lock()
        self._newer = True
        """Whether the server has the fields that older ones lack."""

    def look(self, name: str, numbers: Collection[int]) -> dict[int, Progress]:
        """Those that are not there are left out. Unavailable if GitHub tells nothing of one, and never has."""
        if not numbers:
            return {}
        with self._lock:
            now = self._clock()
            self._forget()
            here = self._repository(name, numbers, now)
            repositories = len(self._repositories)
            is_old = now - here.listed_at >= PAUSES[0] * (repositories - 1)
            everything = bool(here.known) and is_old and not self._list(name, here, now)
            due = [
                number
                for number in sorted(set(numbers))
                if everything
                or (known := here.known.get(number)) is None
                or known.is_due(now, here.listed.get(number, ""), repositories)
            ]
            for first in range(0, len(due), progress.MOST):
                self._ask(name, here, due[first : first + progress.MOST], now)
            if untold := sorted(set(numbers) - here.known.keys()):
                listed = ", ".join(f"#{number}" for number in untold[:5])
                raise Unavailable(f"GitHub tells nothing of {name}{listed}, not even that it is not there: try again.")
            return {number: seen for number in sorted(set(numbers)) if (seen := here.known[number].progress)}

    def forget(self, name: str, nudge: Nudge) -> None:
        """The next look asks about what the nudge names; of one that names nothing, the list tells. Never waits."""
        self._nudges.append((name, nudge))

    def _forget(self) -> None:
        while self._nudges:
            name, nudge = self._nudges.popleft()
            here = self._repositories.get(name)
            if here is None:
                continue
            here.listed_at = float("-inf")
            for number, known in here.known.items():
                head = known.progress and known.progress.pull.head
                if number in nudge.pulls or (nudge.commit and head == nudge.commit):
                    known.asked, known.unsettled = float("-inf"), True

    def _repository(self, name: str, numbers: Collection[int], now: float) -> _Repository:
        for other in [each for each, held in self._repositories.items() if now - held.wanted > IDLE]:
            del self._repositories[other]
        here = self._repositories.setdefault(name, _Repository(name))
        here.wanted = now
        for number in here.known.keys() & set(numbers):
            here.known[number].wanted = now
        here.known = {number: known for number, known in here.known.items() if now - known.wanted <= IDLE}
        return here

    def _list(self, name: str, here: _Repository, now: float) -> bool:
        """Learn which changed since the last list; False if there may be more."""
        given = {"state": "all", "sort": "updated", "direction": "desc", "per_page": PAGE}
        listed: dict[int, str] = {}
        complete = False
        with self._api.asking(f"list the pull requests of {name}"):
            path = f"/repos/{here.path}/pulls"
            found, tag = self._api.newer(name, path, given, here.tag)
            page = 1
            while found:
                listed |= {int(pull["number"]): str(pull["updated_at"]) for pull in found}
                if len(found) < PAGE or not here.newest or min(listed.values()) < here.newest:
                    complete = True
                    break
                if page == PAGES:
                    break
                page += 1
                found, _ = self._api.newer(name, path, given | {"page": page}, "")
        here.listed_at, here.tag = now, tag
        if not listed:
            return True
        here.newest = max(here.newest, *listed.values())
        here.listed = {number: date for number, date in (here.listed | listed).items() if number in here.known}
        return complete

    def _ask(self, name: str, here: _Repository, numbers: Sequence[int], now: float) -> None:
        try:
            with self._api.asking(f"look at pull requests of {name}"):
                found = self._found(name, here, numbers)
                ours = any(each and progress.is_candidate(each) for each in found.values())
                login = self._api.login(name) if ours else ""
                for number, each in found.items():
                    here.note(number, each, progress.progress(each, login) if each else None, now)
        except _TooMuch:
            half = len(numbers) // 2
            for some in (numbers[:half], numbers[half:]):
                self._ask(name, here, some, now)

    def _found(self, name: str, here: _Repository, numbers: Sequence[int]) -> Mapping[int, progress.Found | None]:
        """What there is of each, None for what is not there; those that GitHub did not tell of are left out."""
        owner, _, repository = here.path.partition("/")
        variables = {"owner": owner, "name": repository}
        try:
            try:
                data, errors = self._api.ask(name, progress.question(numbers, newer=self._newer), variables)
            except GithubException as error:
                if not self._newer or "undefinedField" not in extensions(error):
                    raise
                self._newer = False
                data, errors = self._api.ask(name, progress.question(numbers, newer=False), variables)
        except GithubException as error:
            if len(numbers) > 1 and status(error) in (502, 504):
                raise _TooMuch from None
            raise
        kinds = {tuple(each.get("path") or ()): str(each.get("type")) for each in errors}
        if len(numbers) > 1 and not TOO_MUCH.isdisjoint(kinds.values()):
            raise _TooMuch
        if data.get("repository") is None:
            raise GithubException(403 if "FORBIDDEN" in kinds.values() else 404, {}, {})
        here.path = str(data["repository"]["nameWithOwner"])
        gone = {path[1] for path, kind in kinds.items() if kind == "NOT_FOUND" and len(path) == 2}
        told = {number: data["repository"].get(f"p{number}") for number in numbers}
        return {number: each for number, each in told.items() if each or f"p{number}" in gone}
