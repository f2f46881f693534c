"""A closer look at what ails: warning events and the last lines of logs, where there is a right to them.

Both are text of others: masked, cut, and few of each.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol, TypeVar

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Resource
from bot.clusters.pages import pages
from bot.health.causes import Cause, causes, summed_up, unready_since
from bot.health.owned import controller
from bot.health.reading import condition, count, listed, moment, part, text
from bot.model.sync import Manifest, ObjectRef
from bot.quoting import last_lines, quoted

MOST_CAUSES = 4
MOST_EVENTS = 5
MOST_LOGS = 3
"""Workloads of which logs are read; the others ail for the same reason, most likely."""
_MOST_PAGES = 4
_OFTEN = 3
"""Restarts from which on a crash is no accident."""
_TAIL: Mapping[str, str | int] = {"tailLines": 10, "limitBytes": 16_384}
_PODS = Resource("v1", "Pod", "pods", namespaced=True)
_EVENTS = (
    Resource("v1", "Event", "events", namespaced=True),
    Resource("events.k8s.io/v1", "Event", "events", namespaced=True),
)
"""The same events, by either API: a role may grant one of them."""
_FORBIDDEN = re.compile(r'^(?:pods|Pod) "[^"]*" is (?:forbidden|invalid): ')
_OF_ONE = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\b\d+(?:\.\d+)?(?:ms|[smh])\b|\d+")
"""What tells two events of one kind apart: identities, ports, how long to wait."""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Ask(Protocol):
    """Asks a cluster; every failure leaves as Trouble."""

    def __call__(self, question: Callable[[], T], /) -> T: ...


@dataclass(frozen=True)
class Patient:
    """An object that ails, and its pods that are not ready: of its newest revision, and older ones."""

    ref: ObjectRef
    namespace: str
    manifest: Manifest
    newest: Sequence[Manifest]
    older: Sequence[Manifest]

    @cached_property
    def found(self) -> Sequence[tuple[Manifest, Cause]]:
        """What the pods of the newest revision say. Those that have failed for good speak where no other does: they
        are history, unless they are a job's."""
        alive = [each for each in self.newest if part(each, "status").get("phase") != "Failed"]
        speaking = self.newest if self.ref.kind in {"Job", "CronJob"} or not alive else alive
        return [(pod, cause) for pod in speaking for cause in causes(pod)]

    @property
    def is_stuck(self) -> bool:
        """Whether pods of the newest revision can't run, and waiting won't help."""
        return any(cause.rank == 0 or (cause.is_failure and cause.restarts >= _OFTEN) for _, cause in self.found)

    @property
    def since(self) -> datetime | None:
        """Since when any of its newest pods has not been ready."""
        return min((at for pod, _ in self.found if (at := unready_since(pod))), default=None)

    def causes(self, known: Sequence[str]) -> tuple[str, ...]:
        """In words, the most telling first; the newest revision speaks before older ones."""
        failure = condition(part(self.manifest, "status"), "ReplicaFailure")
        unmade = text(failure.get("message")) if failure.get("status") == "True" else ""
        said = [
            *([_FORBIDDEN.sub("", unmade)] if unmade else []),
            *summed_up(cause for _, cause in self.found),
            *summed_up(cause for pod in self.older for cause in causes(pod)),
        ]
        return tuple(dict.fromkeys(quoted(each, known=known) for each in said))[:MOST_CAUSES]

    def concerns(self, kind: str, name: str) -> bool:
        """Whether an event of that object is about this one: itself, its pods, or what makes these."""
        if (kind, name) == (self.ref.kind, self.ref.name):
            return True
        pods = (*self.newest, *self.older)
        made_by = (kind, name) in {controller(pod) for pod in pods}
        between = kind in {"ReplicaSet", "Job"} and name.rpartition("-")[0] == self.ref.name
        return made_by or between or (kind == "Pod" and any(name == _name(pod) for pod in pods))


def warnings(
    patients: Sequence[Patient], ask: Ask, connection: Connection, budget: Budget, known: Sequence[str]
) -> Mapping[ObjectRef, tuple[str, ...]]:
    """Warning events by object, the newest first, each kind of event once with how often it came."""
    places: dict[str, list[Patient]] = defaultdict(list)
    for each in patients:
        places[each.namespace].append(each)
    found = {}
    for place, inside in places.items():
        events = sorted(_events(place, ask, connection, budget), key=_at, reverse=True)
        for patient in inside:
            own = [event for event in events if patient.concerns(*_about(event))]
            found[patient.ref] = tuple(_worded(own, known))
    return found


def logs(
    patients: Sequence[Patient], ask: Ask, connection: Connection, budget: Budget, known: Sequence[str]
) -> Mapping[ObjectRef, tuple[str, ...]]:
    """The last lines of a failing container of each of the first few, of the run that failed."""
    telling = [(each, *one) for each in patients if (one := _logging(each.found)) is not None]
    return {
        each.ref: last_lines(_log(each.namespace, pod, cause, ask, connection, budget), known)
        for each, pod, cause in telling[:MOST_LOGS]
    }


def _logging(found: Iterable[tuple[Manifest, Cause]]) -> tuple[Manifest, Cause] | None:
    """The pod and cause whose container has a log: one that never began has none."""
    having = [(pod, cause) for pod, cause in found if cause.container and cause.rank > 0]
    return min(having, key=lambda each: each[1].rank, default=None)


def _log(namespace: str, pod: Manifest, cause: Cause, ask: Ask, connection: Connection, budget: Budget) -> str:
    path, what = f"{_PODS.path(namespace, _name(pod))}/log", f"the log of pod {namespace}/{_name(pod)}"
    query = {**_TAIL, "container": cause.container}
    former: dict[str, str | int] = {"previous": "true"}
    for which in (former, {}) if cause.restarts and not _ended(pod, cause.container) else ({},):
        asked = {**query, **which}
        try:
            return ask(lambda asked=asked: connection.text(path, what, budget, **asked))  # type: ignore[misc]  # bound at once
        except Trouble as trouble:
            if trouble.status != 400:  # the kubelet keeps no former run
                return ""
    return ""


def _events(namespace: str, ask: Ask, connection: Connection, budget: Budget) -> list[Mapping[str, Any]]:
    for resource in _EVENTS:
        try:
            return ask(lambda resource=resource: list(_warned(connection, resource, namespace, budget)))  # type: ignore[misc]  # bound at once
        except Trouble as trouble:
            if trouble.status != 403:
                return []
    return []


def _warned(connection: Connection, resource: Resource, namespace: str, budget: Budget) -> Iterator[Mapping[str, Any]]:
    listing = pages(connection, resource, namespace, budget, {"fieldSelector": "type=Warning"})
    for _, page in zip(range(_MOST_PAGES), listing, strict=False):
        yield from (each for each in page.items if each.get("type") == "Warning")


def _worded(events: Iterable[Mapping[str, Any]], known: Sequence[str]) -> Iterator[str]:
    """`BackOff: Back-off restarting failed container (12 times)`."""
    alike: dict[tuple[str, str], tuple[str, int]] = {}
    for event in events:
        reason, said = text(event.get("reason")), text(event.get("message")) or text(event.get("note"))
        key = reason, _OF_ONE.sub("", said.replace(_about(event)[1], ""))
        first, before = alike.get(key, (f"{reason}: {said}", 0))
        alike[key] = first, before + _times(event)
    for said, times in list(alike.values())[:MOST_EVENTS]:
        yield quoted(said, known=known) + (f" ({times} times)" if times > 1 else "")


def _about(event: Mapping[str, Any]) -> tuple[str, str]:
    about = part(event, "involvedObject") or part(event, "regarding")
    return text(about.get("kind")), text(about.get("name"))


def _times(event: Mapping[str, Any]) -> int:
    ways = (part(event, "series").get("count"), event.get("count"), event.get("deprecatedCount"))
    return next((times for way in ways if (times := count(way))), 1)


def _at(event: Mapping[str, Any]) -> datetime:
    """When it came last: old and new ways of writing events have that in fields of their own."""
    ways = (
        part(event, "series").get("lastObservedTime"), event.get("lastTimestamp"), event.get("deprecatedLastTimestamp"),
        event.get("eventTime"), part(event, "metadata").get("creationTimestamp"),
    )  # fmt: skip
    return next((at for way in ways if (at := moment(way))), _NEVER)


def _ended(pod: Manifest, container: str) -> bool:
    """Whether a container's present run is the one that failed: it has ended, and no other was begun."""
    statuses = (
        *listed(part(pod, "status"), "initContainerStatuses"),
        *listed(part(pod, "status"), "containerStatuses"),
    )
    return any(each.get("name") == container and part(each, "state", "terminated") for each in statuses)


def _name(pod: Manifest) -> str:
    return text(part(pod, "metadata").get("name"))
