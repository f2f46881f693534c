"""What is to be seen of workloads that don't do well, from what their pods say.

A bystander: it reads with whatever rights there are, in few calls and little time. What may not be read, or comes too
late, is left out; whoever asks can do without.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from bot.clusters.closely import Patient, logs, warnings
from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Resource
from bot.clusters.pages import pages
from bot.health.causes import causes
from bot.health.owned import owner_kind, pods_of, selector
from bot.health.reading import listed, part, text
from bot.model.sync import Manifest, ObjectRef, Symptoms

SECONDS = 20.0
"""What it may take of one cluster: somebody waits for what is said without it."""
MOST_NAMESPACES = 10
"""Of more namespaces, the pods of the whole cluster are listed: that is fewer calls."""
_PODS = Resource("v1", "Pod", "pods", namespaced=True)
_WORKERS = 4
_METADATA = ("name", "namespace", "uid", "labels", "ownerReferences", "creationTimestamp")
_STATUS = ("phase", "reason", "message", "conditions", "initContainerStatuses", "containerStatuses")
_CONTAINER = ("name", "image", "restartPolicy", "readinessProbe", "startupProbe")

T = TypeVar("T")


@dataclass
class Examination:
    """One look at what ails in one cluster. `namespace` is where objects are that name none; `known` are secrets of
    ours, masked wherever they stand. To be used once."""

    connection: Connection
    namespace: str
    known: Sequence[str] = ()
    seconds: float = SECONDS
    _stopped: bool = field(default=False, init=False)

    def of(self, ailing: Mapping[ObjectRef, Manifest], *, closely: bool) -> dict[ObjectRef, Symptoms]:
        """What is to be seen of each; those of which nothing is are left out. Never raises."""
        budget = Budget(self.seconds)
        pods = self._pods({ref: each for ref, each in ailing.items() if owner_kind(each)}, budget)
        patients = [self._patient(ref, manifest, pods) for ref, manifest in ailing.items()]
        events: Mapping[ObjectRef, tuple[str, ...]] = {}
        last: Mapping[ObjectRef, tuple[str, ...]] = {}
        if closely:
            events = warnings(patients, self._ask, self.connection, budget, self.known)
            last = logs(patients, self._ask, self.connection, budget, self.known)
        found = {
            each.ref: Symptoms(
                each.causes(self.known),
                events.get(each.ref, ()),
                last.get(each.ref, ()),
                each.since,
                stuck=each.is_stuck,
            )
            for each in patients
        }
        return {ref: each for ref, each in found.items() if each.causes or each.events or each.log}

    def _patient(self, ref: ObjectRef, manifest: Manifest, pods: Mapping[str, Sequence[Manifest]]) -> Patient:
        place = ref.namespace or self.namespace
        if (ref.api_version, ref.kind) == ("v1", "Pod"):
            return Patient(ref, place, manifest, [manifest], [])
        newest, older = pods_of(manifest, pods.get(place, ())) if owner_kind(manifest) else ([], [])
        return Patient(ref, place, manifest, newest, older)

    def _pods(self, workloads: Mapping[ObjectRef, Manifest], budget: Budget) -> Mapping[str, Sequence[Manifest]]:
        """The pods that are not ready, by namespace."""
        inside: dict[str, list[Manifest]] = defaultdict(list)
        for ref, manifest in workloads.items():
            inside[ref.namespace or self.namespace].append(manifest)
        if len(inside) > MOST_NAMESPACES and (everywhere := self._list(None, "", budget)) is not None:
            found: dict[str, list[Manifest]] = defaultdict(list)
            for each in everywhere:
                found[text(part(each, "metadata").get("namespace"))].append(each)
            return found
        # A selector spares a large namespace; several don't fit into one question.
        selectors = {place: selector(own[0]) if len(own) == 1 else "" for place, own in inside.items()}
        with ThreadPoolExecutor(_WORKERS, "symptoms") as pool:
            lists = pool.map(lambda place: self._list(place, selectors[place], budget) or (), selectors)
            return dict(zip(selectors, lists, strict=True))

    def _list(self, namespace: str | None, labels: str, budget: Budget) -> list[Manifest] | None:
        """The pods of a namespace, or of all, that are not ready, trimmed, as far as it gets; None where none is
        listed."""
        asked = {"labelSelector": labels} if labels else {}
        kept: list[Manifest] = []

        def read() -> list[Manifest]:
            for page in pages(self.connection, _PODS, namespace, budget, asked):
                kept.extend(_trimmed(pod) for pod in page.items if causes(pod) and not _is_leaving(pod))
            return kept

        try:
            return self._ask(read)
        except Trouble:
            return kept or None

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask, unless the cluster is known to be out of reach. Every failure leaves as Trouble."""
        if self._stopped:
            raise Trouble(f"{self.connection.cluster} can't be reached")
        try:
            return question()
        except Trouble as trouble:
            self._stopped |= trouble.final or trouble.silent
            raise
        except Exception as error:  # an answer in a shape that no API server gives
            raise Trouble(f"{self.connection.cluster} gave an answer that is not understood") from error


def _is_leaving(pod: Manifest) -> bool:
    return "deletionTimestamp" in part(pod, "metadata")


def _trimmed(pod: Manifest) -> Manifest:
    """What is needed of a pod: a list holds thousands, and most of each is of no use here."""
    spec = part(pod, "spec")
    containers = {
        key: [{field: each[field] for field in _CONTAINER if field in each} for each in listed(spec, key)]
        for key in ("initContainers", "containers")
    }
    metadata, status = part(pod, "metadata"), part(pod, "status")
    return {
        "metadata": {key: metadata[key] for key in _METADATA if key in metadata},
        "spec": {**containers, "readinessGates": spec.get("readinessGates")},
        "status": {key: status[key] for key in _STATUS if key in status},
    }
