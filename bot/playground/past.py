"""What happened in the sample repository before the playground began, so that history and rollback have something to
tell at once. Dates are days before now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.playground.github import Repository
from bot.playground.github.pulls import Person


@dataclass(frozen=True, slots=True)
class Event:
    """A version set by a person, as a commit of their own."""

    days: int
    login: str
    service: str
    environment: str
    before: str
    after: str

    @property
    def path(self) -> str:
        return f"environments/{self.environment}/{self.service}/kustomization.yaml"

    def within(self, files: Mapping[str, bytes], old: str, new: str) -> bytes:
        content = files[self.path]
        wanted = f"newTag: {old}\n".encode()
        if wanted not in content:
            raise ValueError(f"the sample's {self.path} is not at {old}")
        return content.replace(wanted, f"newTag: {new}\n".encode())


BEGAN = timedelta(days=13)
"""How long ago the repository was made."""

PAST = (
    Event(9, "ana", "payment", "production", "v1.1.0", "v1.2.0"),
    Event(6, "ben", "api", "production", "v2.7.2", "v2.7.3"),
    Event(3, "ana", "payment", "staging", "v1.2.0", "v1.3.0"),
    Event(2, "ana", "api", "staging", "v2.7.3", "v2.8.0"),
)


def before(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The sample's files as they were before the past."""
    then = dict(files)
    for event in reversed(PAST):
        then[event.path] = event.within(then, event.after, event.before)
    return then


def happen(
    repository: Repository, files: Mapping[str, bytes], people: Mapping[str, Person], now: Callable[[], datetime]
) -> None:
    """Commit the past on top of `before(files)`; afterwards the branch holds the sample as it is."""
    then = before(files)
    for event in PAST:
        then[event.path] = event.within(then, event.before, event.after)
        person, tip = people[event.login], repository.bare.branches()["main"]
        signature = person.signature(now() - timedelta(days=event.days))
        message = f"Run {event.service} {event.after} in {event.environment}\n"
        repository.bare.commit("main", {event.path: then[event.path]}, message, signature, tip)
