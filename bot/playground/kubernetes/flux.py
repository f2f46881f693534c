"""What an agent tells of itself in its cluster: Flux's objects, by which clients see what is deployed, and ask for it.

Fields by the CRDs, words and conditions by the controllers (fluxcd/source-controller, fluxcd/kustomize-controller).
There is no artifact, which the real source-controller serves to the others.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from bot.playground.kubernetes.engine import Key, Outcome
from bot.playground.kubernetes.kinds import FLUX, Kind
from bot.playground.kubernetes.objects import Json, Problem, Store

GROUP = "kustomize.toolkit.fluxcd.io"
NAME, NAMESPACE = f"{GROUP}/name", f"{GROUP}/namespace"
"""Labels on everything that is applied: the Kustomization that it is of."""
REQUESTED = "reconcile.fluxcd.io/requestedAt"
"""Any new value of this annotation asks for a reconciliation now."""
PLACE = "flux-system"
MANAGER = "kustomize-controller"
"""The field manager of what is applied, and of the Kustomizations themselves, which Git declares where Flux is at
home."""
_SOURCE = "gitops"
_INTERVAL = "10m0s"
_REPOSITORY_KIND, _KUSTOMIZATION_KIND = FLUX


class Flux:
    """A GitRepository, and a Kustomization for each folder. Implements `Engine`."""

    manager, kind, compares = MANAGER, _KUSTOMIZATION_KIND.kind, False

    def __init__(self, objects: Store, url: str, branch: str, now: Callable[[], datetime]) -> None:
        self._objects, self._url, self._branch, self._now = objects, url, branch, now
        self._is_served = all(
            objects.served.find(kind.group, kind.version, kind.plural)
            for kind in (_REPOSITORY_KIND, _KUSTOMIZATION_KIND)
        )

    def declare(self, name: str, path: str) -> None:
        """See to it that the folder's Kustomization is there, and what it refers to."""
        if not self._is_served:
            return
        ref = {"branch": self._branch}
        self._make(_REPOSITORY_KIND, _SOURCE, {"interval": _INTERVAL, "url": self._url, "ref": ref})
        source = {"kind": _REPOSITORY_KIND.kind, "name": _SOURCE}
        spec = {"interval": _INTERVAL, "path": f"./{path}", "prune": True, "sourceRef": source}
        self._make(_KUSTOMIZATION_KIND, name, spec)

    def forget(self, name: str) -> None:
        """The folder left Git."""
        if self._is_served:
            with suppress(Problem):  # somebody deleted it by hand
                self._objects.delete(_KUSTOMIZATION_KIND, PLACE, name)

    def has_news(self, names: Iterable[str]) -> bool:
        """Whether somebody asks for something, or changed or deleted a Kustomization."""
        if not self._is_served:
            return False
        there = {each["metadata"]["name"]: each for each in self._objects.all(_KUSTOMIZATION_KIND)}
        return any(name not in there or _wants(there[name]) for name in names)

    def suspended(self, name: str) -> bool:
        """Whether a Kustomization is to be left alone: `flux suspend` sets that."""
        return self._is_served and _suspended(self._kustomization(name))

    def is_changed(self, name: str) -> bool:
        """Whether a Kustomization says something else than when it was reconciled last."""
        return self._is_served and _is_changed(self._kustomization(name))

    def request(self, name: str) -> str:
        """What asks for a reconciliation of a Kustomization, to be told as handled; "" if nothing does."""
        return _request(self._kustomization(name)) if self._is_served else ""

    def leave(self, name: str, revision: str, *, differs: bool) -> None:
        """Flux says nothing of what it leaves alone."""

    def observe(self, name: str, objects: Mapping[Key, Json]) -> None:
        """Flux says nothing of how they do, unless it is told to wait."""

    def mark(self, name: str, key: Key, metadata: Json) -> Json:  # noqa: ARG002 - the same for all
        return {**metadata, "labels": {**(metadata.get("labels") or {}), NAME: name, NAMESPACE: PLACE}}

    def owner(self, metadata: Json) -> str:
        labels: Json = metadata.get("labels") or {}
        return str(labels.get(NAME, "")) if labels.get(NAMESPACE) == PLACE else ""

    def tell(self, name: str, outcome: Outcome) -> None:
        if not self._is_served:
            return
        error, handled = outcome.error, outcome.handled
        message = error or f"Applied revision: {self._revision(outcome.attempted)}"
        entries = [
            {"id": f"{namespace}_{each.replace(':', '__')}_{_group(api)}_{kind}", "v": api.rpartition("/")[2]}
            for api, kind, namespace, each in sorted(outcome.objects)
        ]

        def told(live: Json) -> Json:
            status = {**_section(live, "status"), "lastAttemptedRevision": self._revision(outcome.attempted)}
            status |= {"inventory": {"entries": entries}}
            status |= {"lastAppliedRevision": self._revision(outcome.applied)} if outcome.applied else {}
            status |= {"lastHandledReconcileAt": handled} if handled else {}
            failed = "ReconciliationFailed" if outcome.built else "BuildFailed"
            reason = failed if error else "ReconciliationSucceeded"
            return self._with(live, status, reason, message, is_ready=not error)

        self._objects.edit(_KUSTOMIZATION_KIND, PLACE, name, told, part="status", manager=f"gotk-{MANAGER}")

    def tell_source(self, revision: str, error: str = "") -> None:
        """Of a look at the repository."""
        if not self._is_served:
            return
        message = error or f"stored artifact for revision '{self._revision(revision)}'"

        def told(live: Json) -> Json:
            handled = live["metadata"].get("annotations", {}).get(REQUESTED)
            status = _section(live, "status") | ({"lastHandledReconcileAt": handled} if handled else {})
            return self._with(live, status, "GitOperationFailed" if error else "Succeeded", message, is_ready=not error)

        with suppress(Problem):  # there is nothing to deploy, or somebody deleted it
            self._objects.edit(_REPOSITORY_KIND, PLACE, _SOURCE, told, part="status", manager="gotk-source-controller")

    def _make(self, kind: Kind, name: str, spec: Json) -> None:
        try:
            self._objects.get(kind, PLACE, name)
        except Problem:
            metadata = {"name": name, "namespace": PLACE}
            new = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
            self._objects.apply(kind, PLACE, None, new, manager=MANAGER, heal=True)

    def _kustomization(self, name: str) -> Json:
        return self._objects.get(_KUSTOMIZATION_KIND, PLACE, name)

    def _revision(self, commit: str) -> str:
        return f"{self._branch}@sha1:{commit}"

    def _with(self, live: Json, status: Json, reason: str, message: str, *, is_ready: bool) -> Json:
        """With the conditions that follow; a failure is tried again, which Flux says by a second one."""
        generation = live["metadata"]["generation"]
        told = [("Ready", "True" if is_ready else "False", reason)]
        told += [] if is_ready else [("Reconciling", "True", "ProgressingWithRetry")]
        known = _section(live, "status").get("conditions") or []
        before = {(each.get("type"), each.get("status")): each for each in known if isinstance(each, dict)}
        now = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = []
        for kind, state, why in told:
            since = before.get((kind, state), {}).get("lastTransitionTime", now)
            conditions.append(
                {
                    "type": kind, "status": state, "reason": why, "message": message,
                    "lastTransitionTime": since, "observedGeneration": generation,
                }
            )  # fmt: skip
        return {**live, "status": {**status, "conditions": conditions, "observedGeneration": generation}}


def _request(manifest: Json) -> str:
    asked: str = manifest["metadata"].get("annotations", {}).get(REQUESTED, "")
    return "" if asked == _section(manifest, "status").get("lastHandledReconcileAt", "") else asked


def _is_changed(manifest: Json) -> bool:
    return bool(manifest["metadata"]["generation"] != _section(manifest, "status").get("observedGeneration"))


def _suspended(manifest: Json) -> bool:
    return _section(manifest, "spec").get("suspend") is True


def _wants(manifest: Json) -> bool:
    return not _suspended(manifest) and (bool(_request(manifest)) or _is_changed(manifest))


def _section(manifest: Json, name: str) -> Json:
    """Its own words are well-formed; people may write anything, since no definition is checked here."""
    found = manifest.get(name)
    return found if isinstance(found, dict) else {}


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
