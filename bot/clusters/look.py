"""One look at one cluster: jobs that lead to more jobs, until every object is found, missing or unchecked.

Lists come first, since most objects are there: each kind once for the whole cluster, or once a namespace where that is
fewer calls. Whoever is in no list is asked for by name, since only that answer is about the object; before that, the
namespaces in which nothing was found, since nothing is in a namespace that is not there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import ceil
from operator import attrgetter
from queue import SimpleQueue
from typing import TypeVar

from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery, Resource
from bot.clusters.findings import Findings, Place, Wanted
from bot.clusters.pages import SIZES, pages
from bot.model.sync import Live, ObjectRef

T = TypeVar("T")

WORKERS = 8
SECRETS_LISTED = 10
"""From so many Secrets of one namespace on, it is listed. A list brings what nobody asked for, and takes a right that
reading by name does not: for few, the calls are the lesser evil."""
MOST_CONFIRMED = 500
"""Objects in no list that one look asks for by name: ten seconds, at the pace that is kept."""
MOST_REFUSED = 100
"""Refusals of a kind, where nothing of it may be read, until the rest counts as refused as well."""
FEW = 10
"""Namespaces that are asked for by name; of more, all are listed first."""
_SECRET = ("v1", "Secret")
_NAMESPACES = Resource("v1", "Namespace", "namespaces", namespaced=False)

Job = Callable[[], Iterable["Job"]]
"""One piece of work; gives the work that follows from its outcome."""


class Look:
    """To be used once. `namespace` is where namespaced objects are that name none; `most_confirmed` is how many objects
    in no list are asked for by name."""

    def __init__(
        self, connection: Connection, discovery: Discovery, namespace: str, budget: Budget, findings: Findings,
        most_confirmed: int = MOST_CONFIRMED,
    ) -> None:  # fmt: skip
        self._connection, self._discovery = connection, discovery
        self._namespace, self._budget, self._findings = namespace, budget, findings
        self._unlisted: list[tuple[Resource, Wanted]] = []
        self._most_confirmed, self._confirmed = most_confirmed, 0
        self._refused: dict[tuple[str, Resource], int] = defaultdict(int)
        self._allowed: set[tuple[str, Resource]] = set()
        self._silences = 0
        self.stopped: Trouble | None = None
        """Why nothing more is asked of this cluster."""

    def at(self, refs: Iterable[ObjectRef]) -> Live:
        by_version: dict[str, list[ObjectRef]] = defaultdict(list)
        for ref in refs:
            by_version[ref.api_version].append(ref)
        with ThreadPoolExecutor(WORKERS, "cluster") as pool:
            _run(pool, [partial(self._discover, version, found) for version, found in sorted(by_version.items())])
            absent = self._absent_namespaces(pool)
            _run(pool, self._confirm(absent))
        return self._findings.live(frozenset(absent))

    def _discover(self, api_version: str, refs: list[ObjectRef]) -> Iterable[Job]:
        """Find out where the kinds of one API version are, then choose how to read each."""
        by_kind: dict[str, list[ObjectRef]] = defaultdict(list)
        for ref in refs:
            by_kind[ref.kind].append(ref)
        served: Mapping[str, Resource] | None = None
        lacking = f"{self._connection.cluster} doesn't serve"
        try:
            served = self._ask(lambda: self._discovery.resources(api_version, set(by_kind), self._budget))
        except Trouble as trouble:
            if trouble.status != 404 or not self._lacks(api_version):
                return self._leave(refs, str(trouble))
        jobs: list[Job] = []
        for kind, found in by_kind.items():
            if served is None:
                self._miss(found, f"{lacking} the API {api_version}")
            elif kind not in served:
                self._miss(found, f"{lacking} {kind} in the API {api_version}")
            else:
                jobs += self._plan(served[kind], found)
        return jobs

    def _lacks(self, api_version: str) -> bool:
        """Whether the cluster itself says that it has no such API version; False if it can't tell."""
        group = api_version.rpartition("/")[0]
        try:
            return api_version not in self._ask(lambda: self._discovery.versions(group, self._budget))
        except Trouble:
            return False

    def _miss(self, refs: list[ObjectRef], why: str) -> None:
        """A kind that is not served: say at which versions it is."""
        one = refs[0]
        try:
            others = self._ask(lambda: self._discovery.others(one.api_version, one.kind, self._budget))
        except Trouble:
            self._leave(refs, why)
            return
        self._findings.unserved(refs, others)
        self._leave(refs, f"{why}; it has {one.kind} in {' and '.join(others)}" if others else why)

    def _plan(self, resource: Resource, refs: list[ObjectRef]) -> Iterable[Job]:
        places: dict[Place, tuple[ObjectRef, ...]] = {}
        for ref in sorted(refs, key=attrgetter("namespace", "name")):
            place = ((ref.namespace or self._namespace) if resource.namespaced else "", ref.name)
            illegal = resource.illegal(*place)
            if illegal is None:
                places[place] = (*places.get(place, ()), ref)
            else:
                self._leave((ref,), f"{illegal!r} is not a legal name of an object")
        if (resource.api_version, resource.kind) == _SECRET:
            return self._lists(resource, places, SECRETS_LISTED)
        if len(places) < 2:
            return self._gets(resource, places)
        namespaces = {namespace for namespace, _ in places}
        one = namespaces.pop() if len(namespaces) == 1 else None
        return [partial(self._list, resource, one, places)]

    def _list(self, resource: Resource, namespace: str | None, places: Wanted) -> Iterable[Job]:
        """Read a list; what is not in it is confirmed later."""
        whole = namespace is None and resource.namespaced
        calls = len({inside for inside, _ in places}) if whole else len(places)
        narrower = self._lists if whole else self._gets
        if self._closed("list", resource):
            return narrower(resource, places)
        found: set[Place] = set()
        listing = pages(self._connection, resource, namespace, self._budget)
        try:
            while (page := self._ask(lambda: next(listing, None))) is not None:
                found |= self._ask(partial(self._findings.take, resource, page.items, places))
                remaining = page.remaining
                del page  # or two would be in memory at once
                if ceil(remaining / SIZES[0]) > calls:
                    return narrower(resource, _without(places, found))
        except Trouble as trouble:
            if trouble.status == 403:  # a right to less than this list may be granted
                self._refused["list", resource] += not whole
                return narrower(resource, _without(places, found))
            return self._leave(_refs(_without(places, found)), str(trouble))
        self._allowed.add(("list", resource))
        self._unlisted.append((resource, _without(places, found)))
        return ()

    def _get(self, resource: Resource, place: Place, refs: tuple[ObjectRef, ...]) -> Iterable[Job]:
        namespace, name = place
        what = f"{resource.kind} {namespace}/{name}" if namespace else f"{resource.kind} {name}"
        cluster = self._connection.cluster
        if self._closed("get", resource):
            none = f"{cluster} doesn't let us read {resource.plural} (403 for {MOST_REFUSED} of them, and none allowed)"
            return self._leave(refs, f"{none}; grant get and list on them")
        try:
            manifest = self._ask(lambda: self._connection.get(resource.path(namespace, name), what, self._budget))
        except Trouble as trouble:
            self._refused["get", resource] += trouble.status == 403
            return self._findings.missing(refs) if trouble.absent else self._leave(refs, str(trouble))
        if (manifest.get("metadata") or {}).get("name") != name:
            return self._leave(refs, f"{cluster} answered with another object than {what}")
        self._findings.found(refs, manifest)
        self._allowed.add(("get", resource))
        return ()

    def _closed(self, verb: str, resource: Resource) -> bool:
        """Whether so many calls of this kind were refused, and none allowed, that more would only be a nuisance."""
        return self._refused[verb, resource] >= MOST_REFUSED and (verb, resource) not in self._allowed

    def _lists(self, resource: Resource, places: Wanted, least: int = 2) -> Iterator[Job]:
        """A job for each namespace: a list, or the objects themselves where fewer than `least` are wanted."""
        inside: dict[str, dict[Place, tuple[ObjectRef, ...]]] = defaultdict(dict)
        for place, refs in places.items():
            inside[place[0]][place] = refs
        for namespace, wanted in inside.items():
            if len(wanted) < least:
                yield from self._gets(resource, wanted)
            else:
                yield partial(self._list, resource, namespace, wanted)

    def _gets(self, resource: Resource, places: Wanted) -> Iterator[Job]:
        for place, refs in places.items():
            yield partial(self._get, resource, place, refs)

    def _absent_namespaces(self, pool: ThreadPoolExecutor) -> set[str]:
        """The namespaces of objects in no list that are not there, by the cluster's word of each."""
        suspects = {inside for resource, places in self._unlisted if resource.namespaced for inside, _ in places}
        suspects -= self._findings.namespaces()
        if len(suspects) > FEW:
            with suppress(Trouble):
                for page in self._ask(lambda: list(pages(self._connection, _NAMESPACES, None, self._budget))):
                    suspects -= {item["metadata"]["name"] for item in page.items}
        asked, absent = sorted(suspects)[: self._most_confirmed], set[str]()
        self._confirmed = len(asked)
        _run(pool, [partial(self._look_for, name, absent) for name in asked])
        return absent

    def _look_for(self, namespace: str, absent: set[str]) -> Iterable[Job]:
        """Note a namespace that is not there. What can't be told of it, the objects' own answers will."""
        if not self._closed("get", _NAMESPACES):
            try:
                path = _NAMESPACES.path(None, namespace)
                self._ask(lambda: self._connection.get(path, f"the namespace {namespace}", self._budget))
            except Trouble as trouble:
                self._refused["get", _NAMESPACES] += trouble.status == 403
                if trouble.absent:
                    absent.add(namespace)
        return ()

    def _confirm(self, absent: set[str]) -> Iterator[Job]:
        """Ask by name for those that are in no list, as far as one look goes."""
        many = f"more than {self._most_confirmed} objects are in no list, and no check asks for so many one by one"
        for resource, places in self._unlisted:
            for place, refs in places.items():
                if place[0] in absent:
                    self._findings.missing(refs)
                elif self._confirmed < self._most_confirmed:
                    self._confirmed += 1
                    yield partial(self._get, resource, place, refs)
                else:
                    self._leave(refs, f"{self._connection.cluster} may not have it: {many}")

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask, unless the cluster is known to be out of reach. Every failure leaves as Trouble."""
        if self.stopped is not None:
            raise self.stopped
        try:
            answer = question()
        except Trouble as trouble:
            self._silences += trouble.silent
            if trouble.final:
                self.stopped = trouble
            elif self._silences >= WORKERS:
                self.stopped = Trouble(f"{trouble}; so it was {WORKERS} times in a row, and no more was asked")
            raise
        except Exception as error:  # an answer in a shape that no API server gives must not hide the other objects
            sentence = f"{self._connection.cluster} gave an answer that is not understood ({type(error).__name__})"
            raise Trouble(sentence) from error
        self._silences = 0
        return answer

    def _leave(self, refs: Iterable[ObjectRef], why: str) -> tuple[()]:
        self._findings.leave(refs, why)
        return ()


def _run(pool: ThreadPoolExecutor, jobs: Iterable[Job]) -> None:
    """Do the jobs, and those that follow from them, until none is left."""
    done: SimpleQueue[Future[Iterable[Job]]] = SimpleQueue()
    running = 0
    while True:
        for job in jobs:
            pool.submit(job).add_done_callback(done.put)
            running += 1
        if not running:
            return
        jobs = done.get().result()
        running -= 1


def _without(places: Wanted, found: set[Place]) -> Wanted:
    return {place: refs for place, refs in places.items() if place not in found}


def _refs(places: Wanted) -> Iterator[ObjectRef]:
    for refs in places.values():
        yield from refs
