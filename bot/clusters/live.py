"""Reads the objects that Git declares from their cluster, in as few calls as will do, with get and list rights alone.

A cautious reader: what was not seen is only missing if the API server itself said so of that very object. Anything
else that goes wrong leaves the objects concerned unchecked, each with a sentence, and the others read.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from math import ceil
from pathlib import Path
from typing import TypeVar

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery, Resource
from bot.clusters.rehearsal import Refused, rehearsed
from bot.clusters.schemas import Published
from bot.model.sync import Live, Manifest, ObjectRef, Rehearsal, Schemas

T = TypeVar("T")

PAGE = 500
WORKERS = 8
_FETCHED_ONE_BY_ONE = {("v1", "Secret")}
"""A list of these would bring more than was asked for."""

Place = tuple[str, str]
"""Namespace ("" for cluster-scoped) and name."""
Wanted = Mapping[Place, tuple[ObjectRef, ...]]
Job = Callable[[], Iterable["Job"]]
"""One piece of work; gives the work that follows from its outcome."""


class Clusters:
    """The clusters of a kubeconfig, by context; `in-cluster` is the one we run in. Implements `bot.ports.Clusters`.

    `namespace` is where namespaced objects are that name none. `seconds` is what one look may take in all,
    `request_seconds` what a single answer may. Threads may share it.
    """

    def __init__(
        self, kubeconfig: Path | None = None, *, namespace: str = "default", seconds: float = 30.0,
        request_seconds: float = 10.0,
    ) -> None:  # fmt: skip
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._seconds, self._request_seconds = seconds, request_seconds
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Connection, Discovery, Published]] = {}
        self._refused: Refused = {}

    def read(self, cluster: str, wanted: Iterable[ObjectRef]) -> Live:
        """One look at the objects asked for. Never raises: what can't be read is in `unchecked`, with a sentence."""
        refs = frozenset(wanted)
        try:
            connection, discovery, _ = self._connect(cluster)
        except Trouble as trouble:
            return Live({}, dict.fromkeys(refs, str(trouble)))
        look = _Look(connection, discovery, self._namespace, Budget(self._seconds))
        live = look.at(refs)
        if look.stopped is not None and look.stopped.status == 401:
            self._forget(cluster)  # the next look reads the kubeconfig again: it may hold new credentials by then
        return live

    def schemas(self, cluster: str, kinds: Collection[tuple[str, str]]) -> Schemas:
        """What the cluster publishes of kinds, by API version and kind. Never raises: what can't be read is left out."""
        try:
            *_, published = self._connect(cluster)
        except Trouble:
            return Schemas()
        return published.schemas(kinds, Budget(self._seconds))

    def rehearse(
        self, cluster: str, manifests: Mapping[ObjectRef, Manifest], manager: str
    ) -> Mapping[ObjectRef, Rehearsal]:
        """What would come of applying objects as this field manager: dry runs, nothing is changed. Never raises."""
        try:
            connection, discovery, _ = self._connect(cluster)
        except Trouble as trouble:
            return dict.fromkeys(manifests, Rehearsal(why=str(trouble)))
        budget = Budget(self._seconds)
        return rehearsed(connection, discovery, manifests, manager, budget, self._namespace, self._refused)

    def close(self) -> None:
        """Close every connection; a later `read` opens them again."""
        for cluster in list(self._open):
            self._forget(cluster)

    def _connect(self, cluster: str) -> tuple[Connection, Discovery, Published]:
        with self._lock:
            if cluster not in self._open:
                connection = Connection.open(cluster, self._kubeconfig, self._request_seconds)
                discovery = Discovery(connection)
                self._open[cluster] = connection, discovery, Published(connection, discovery)
            return self._open[cluster]

    def _forget(self, cluster: str) -> None:
        with self._lock:
            connection, *_ = self._open.pop(cluster, (None,))
        if connection is not None:
            connection.close()


class _Look:
    """One look at one cluster: jobs that lead to more jobs, until every object is found, absent or unchecked."""

    def __init__(self, connection: Connection, discovery: Discovery, namespace: str, budget: Budget) -> None:
        self._connection, self._discovery = connection, discovery
        self._namespace, self._budget = namespace, budget
        self._objects: dict[ObjectRef, Manifest] = {}
        self._unchecked: dict[ObjectRef, str] = {}
        self.stopped: Trouble | None = None
        """Why nothing more is asked of this cluster."""

    def at(self, refs: Iterable[ObjectRef]) -> Live:
        by_version: dict[str, list[ObjectRef]] = defaultdict(list)
        for ref in refs:
            by_version[ref.api_version].append(ref)
        jobs: list[Job] = [partial(self._discover, version, found) for version, found in sorted(by_version.items())]
        with ThreadPoolExecutor(WORKERS, "cluster") as pool:
            running: set[Future[Iterable[Job]]] = {pool.submit(job) for job in jobs}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(job) for future in done for job in future.result()}
        return Live(self._objects, self._unchecked)

    def _discover(self, api_version: str, refs: list[ObjectRef]) -> Iterable[Job]:
        """Find out where the kinds of one API version are, then choose how to read each."""
        by_kind: dict[str, list[ObjectRef]] = defaultdict(list)
        for ref in refs:
            by_kind[ref.kind].append(ref)
        try:
            served = self._ask(lambda: self._discovery.resources(api_version, set(by_kind), self._budget))
        except Trouble as trouble:
            return self._leave(refs, str(trouble))
        jobs: list[Job] = []
        for kind, found in by_kind.items():
            if kind in served:
                jobs += self._plan(served[kind], found)
            else:
                self._leave(found, f"{self._connection.cluster} doesn't serve {kind} in the API {api_version}")
        return jobs

    def _plan(self, resource: Resource, refs: list[ObjectRef]) -> Iterable[Job]:
        places: dict[Place, tuple[ObjectRef, ...]] = {}
        for ref in sorted(refs):
            place = ((ref.namespace or self._namespace) if resource.namespaced else "", ref.name)
            places[place] = (*places.get(place, ()), ref)
        if len(places) == 1 or (resource.api_version, resource.kind) in _FETCHED_ONE_BY_ONE:
            return self._gets(resource, places)
        namespaces = {namespace for namespace, _ in places}
        return [partial(self._list, resource, None if len(namespaces) > 1 else namespaces.pop(), places)]

    def _list(self, resource: Resource, namespace: str | None, places: Wanted) -> Iterable[Job]:
        """Read a list; whoever isn't in it is asked for by name, since only that answer is about the object."""
        narrower = self._lists if namespace is None and resource.namespaced else self._gets
        try:
            items = self._ask(lambda: self._items(resource, namespace, places))
        except Trouble as trouble:
            if trouble.status == 403:  # a right to less than this list may be granted
                return narrower(resource, places)
            return self._leave(_refs(places), str(trouble))
        if items is None:
            return narrower(resource, places)
        for place in places.keys() & items.keys():
            self._found(places[place], items[place])
        return self._gets(resource, {place: refs for place, refs in places.items() if place not in items})

    def _items(self, resource: Resource, namespace: str | None, places: Wanted) -> dict[Place, Manifest] | None:
        """The wanted objects of a list; None if it is so long that asking more narrowly takes fewer calls.

        A list whose history was compacted away half-way (410) is begun again, once.
        """
        try:
            return self._pages(resource, namespace, places)
        except Trouble as trouble:
            if trouble.status != 410:
                raise
        return self._pages(resource, namespace, places)

    def _pages(self, resource: Resource, namespace: str | None, places: Wanted) -> dict[Place, Manifest] | None:
        where = f" in namespace {namespace}" if namespace else ""
        calls = len({inside for inside, _ in places}) if namespace is None and resource.namespaced else len(places)
        found: dict[Place, Manifest] = {}
        query: dict[str, str | int] = {"limit": PAGE}
        while True:
            path, what = resource.path(namespace), f"{resource.plural}{where}"
            page = self._connection.get(path, what, self._budget, **query)
            for item in page.get("items") or ():
                metadata = item["metadata"]
                place = (metadata.get("namespace", ""), metadata["name"])
                if place in places:  # the items of a list don't repeat what they are
                    found[place] = {"apiVersion": resource.api_version, "kind": resource.kind, **item}
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return found
            if ceil((metadata.get("remainingItemCount") or 0) / PAGE) > calls:
                return None
            query["continue"] = metadata["continue"]

    def _get(self, resource: Resource, place: Place, refs: tuple[ObjectRef, ...]) -> Iterable[Job]:
        namespace, name = place
        what = f"{resource.kind} {namespace}/{name}" if namespace else f"{resource.kind} {name}"
        try:
            manifest = self._ask(lambda: self._connection.get(resource.path(namespace, name), what, self._budget))
        except Trouble as trouble:
            return () if trouble.absent else self._leave(refs, str(trouble))
        if (manifest.get("metadata") or {}).get("name") != name:
            return self._leave(refs, f"{self._connection.cluster} answered with another object than {what}")
        self._found(refs, manifest)
        return ()

    def _lists(self, resource: Resource, places: Wanted) -> Iterator[Job]:
        """A job for each namespace: a list, or the object itself where only one is wanted."""
        inside: dict[str, dict[Place, tuple[ObjectRef, ...]]] = defaultdict(dict)
        for place, refs in places.items():
            inside[place[0]][place] = refs
        for namespace, wanted in inside.items():
            if len(wanted) == 1:
                yield from self._gets(resource, wanted)
            else:
                yield partial(self._list, resource, namespace, wanted)

    def _gets(self, resource: Resource, places: Wanted) -> Iterator[Job]:
        for place, refs in places.items():
            yield partial(self._get, resource, place, refs)

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask, unless the cluster is known to be out of reach. Every failure leaves as Trouble."""
        if self.stopped is not None:
            raise self.stopped
        try:
            return question()
        except Trouble as trouble:
            if trouble.final:
                self.stopped = trouble
            raise
        except Exception as error:  # an answer in a shape that no API server gives must not hide the other objects
            sentence = f"{self._connection.cluster} gave an answer that is not understood ({type(error).__name__})"
            raise Trouble(sentence) from error

    def _found(self, refs: Iterable[ObjectRef], manifest: Manifest) -> None:
        for ref in refs:
            self._objects[ref] = manifest

    def _leave(self, refs: Iterable[ObjectRef], why: str) -> tuple[()]:
        for ref in refs:
            self._unchecked[ref] = why
        return ()


def _refs(places: Wanted) -> Iterator[ObjectRef]:
    for refs in places.values():
        yield from refs
