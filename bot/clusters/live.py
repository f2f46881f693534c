"""Reads the objects that Git declares from their cluster, in as few calls as will do, with get and list rights alone.

A cautious reader: what was not seen is only missing if the API server itself said so of that very object, or of its
namespace. Anything else that goes wrong leaves the objects concerned unchecked, each with a sentence, and the others
read.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from bot.clusters import symptoms
from bot.clusters.connection import Budget, Connection, Trouble
from bot.clusters.discovery import Discovery
from bot.clusters.findings import Findings
from bot.clusters.look import MOST_CONFIRMED, Look
from bot.clusters.rehearsal import Refused, rehearsed
from bot.clusters.schemas import Published
from bot.model.secret import Secret
from bot.model.sync import Live, Manifest, ObjectRef, Rehearsal, Schemas, Symptoms
from bot.redaction import values

SECONDS = 180.0
"""What one look may take: 50,000 objects of a kind are 100 pages, one after the other, of up to a second or two each.
A cluster that does not answer at all ends the look long before."""
Progress = Callable[[str, int, int], None]
"""Told of a cluster how many of the objects asked for are settled, and how many there are; from any thread."""


class Clusters:
    """The clusters of a kubeconfig, by context; `in-cluster` is the one we run in. Implements `bot.ports.Clusters`.

    `namespace` is where namespaced objects are that name none. `seconds` is what one look may take in all,
    `request_seconds` what a single answer may; `most_confirmed` is how many objects in no list it asks for by name.
    `progress` hears how far each look is. `secrets` are masked in what is quoted of the clusters. Threads may share it.
    """

    def __init__(
        self, kubeconfig: Path | None = None, *, namespace: str = "default", seconds: float = SECONDS,
        request_seconds: float = 10.0, most_confirmed: int = MOST_CONFIRMED, progress: Progress | None = None,
        secrets: Collection[Secret] = (),
    ) -> None:  # fmt: skip
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._seconds, self._request_seconds = seconds, request_seconds
        self._most_confirmed = most_confirmed
        self._secrets = secrets
        self.progress = progress
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
        findings = Findings(len(refs), self.progress and partial(self.progress, cluster))
        budget = Budget(self._seconds)
        look = Look(connection, discovery, self._namespace, budget, findings, self._most_confirmed)
        live = look.at(refs)
        if look.stopped is not None and look.stopped.status == 401:
            self._forget(cluster)  # the next look reads the kubeconfig again: it may hold new credentials by then
        return live

    def schemas(self, cluster: str, kinds: Collection[tuple[str, str]]) -> Schemas:
        """What the cluster publishes of kinds, by API version and kind. Never raises: what can't be read is absent."""
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

    def symptoms(
        self,
        cluster: str,
        ailing: Mapping[ObjectRef, Manifest],
        *,
        closely: bool = False,
    ) -> Mapping[ObjectRef, Symptoms]:
        """What is to be seen of workloads that don't do well. Never raises: what can't be read is left out."""
        try:
            connection, *_ = self._connect(cluster)
        except Trouble:
            return {}
        known = values(self._secrets)
        seconds = min(self._seconds, symptoms.SECONDS)
        return symptoms.Examination(connection, self._namespace, known, seconds).of(ailing, closely=closely)

    def close(self) -> None:
        """Close every connection; a later `read` opens them again."""
        for cluster in list(self._open):
            self._forget(cluster)

    def reach(self, cluster: str) -> tuple[Connection, Discovery]:
        """The same connection, for others who read from the cluster; Trouble if its credentials can't be loaded."""
        connection, discovery, _ = self._connect(cluster)
        return connection, discovery

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
