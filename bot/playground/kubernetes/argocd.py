"""What an agent tells of itself in its cluster: Argo CD's objects, by which clients see what is deployed, and ask.

Fields by the CRDs, words by the controller (argo-cd, controller/appcontroller.go and controller/sync.go). Each folder
is an Application of the project `default`, with auto-sync, pruning and self-heal.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.health import health
from bot.model.sync import Health
from bot.playground.kubernetes.engine import Key, Outcome
from bot.playground.kubernetes.kinds import ARGOCD
from bot.playground.kubernetes.objects import Json, Problem, Store

PLACE = "argocd"
MANAGER = "argocd-controller"
TRACKING = "argocd.argoproj.io/tracking-id"
"""An annotation of everything that is applied: the Application that it is of, and what it is itself."""
REFRESH = "argocd.argoproj.io/refresh"
_SKIP = "argocd.argoproj.io/skip-reconcile"
_SERVER = "https://kubernetes.default.svc"
_APPLICATION, _PROJECT = ARGOCD
_KEPT = 10
"""Entries of a history, as `revisionHistoryLimit` is by default."""
_HEALTHS = {
    Health.DEGRADED: "Degraded",
    Health.PROGRESSING: "Progressing",
    Health.MISSING: "Missing",
    Health.SUSPENDED: "Suspended",
}
"""The worst first."""


class ArgoCD:
    """An Application for each folder. Implements `Engine`."""

    manager, kind, compares = MANAGER, _APPLICATION.kind, True

    def __init__(self, objects: Store, url: str, branch: str, now: Callable[[], datetime]) -> None:
        self._objects, self._url, self._branch, self._now = objects, url, branch, now
        self._is_served = all(objects.served.find(kind.group, kind.version, kind.plural) for kind in ARGOCD)

    def declare(self, name: str, path: str) -> None:
        if not self._is_served:
            return
        everything = {"group": "*", "kind": "*"}
        project = {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [everything],
        }
        self._make(_PROJECT, "default", project)
        source = {"repoURL": self._url, "path": path, "targetRevision": self._branch}
        policy = {"automated": {"prune": True, "selfHeal": True}}
        spec = {"project": "default", "source": source, "destination": {"server": _SERVER}, "syncPolicy": policy}
        self._make(_APPLICATION, name, spec)

    def forget(self, name: str) -> None:
        if self._is_served:
            with suppress(Problem):  # somebody deleted it by hand
                self._objects.delete(_APPLICATION, PLACE, name)

    def has_news(self, names: Iterable[str]) -> bool:
        if not self._is_served:
            return False
        there = {each["metadata"]["name"]: each for each in self._objects.all(_APPLICATION)}
        return any(name not in there or _wants(there[name]) for name in names)

    def suspended(self, name: str) -> bool:
        """Auto-sync is off, and nobody syncs it by hand."""
        return self._is_served and not _may_sync(self._application(name))

    def is_changed(self, name: str) -> bool:
        return self._is_served and _is_pending(self._application(name))

    def request(self, name: str) -> str:
        return _request(self._application(name)) if self._is_served else ""

    def leave(self, name: str, revision: str, *, differs: bool) -> None:
        if not self._is_served or _annotations(self._application(name)).get(_SKIP) == "true":
            return

        def compared(live: Json) -> Json:
            status = _section(live, "status") | {
                "sync": self._sync(live, revision, "OutOfSync" if differs else "Synced")
            }
            return _handled({**live, "status": status})

        self._edit(name, compared)

    def tell(self, name: str, outcome: Outcome) -> None:
        if self._is_served:
            self._edit(name, lambda live: self._told(live, outcome))

    def tell_source(self, revision: str, error: str = "") -> None:
        """Argo CD has no object for a repository: each Application tells that it can't be compared."""
        if not self._is_served or not error:
            return

        def failed(live: Json) -> Json:
            status = _section(live, "status")
            message = f"Failed to load target state: failed to generate manifest for source 1 of 1: {error}"
            conditions = [self._condition(live, "ComparisonError", message)]
            sync = self._sync(live, revision, "Unknown")
            return {**live, "status": {**status, "conditions": conditions, "sync": sync}}

        for each in self._objects.all(_APPLICATION):
            with suppress(Problem):
                self._edit(each["metadata"]["name"], failed)

    def observe(self, name: str, objects: Mapping[Key, Json]) -> None:
        if not self._is_served:
            return
        found = [health(live)[0] for key in objects if (live := self._live(key)) is not None]
        found += [Health.MISSING] * (len(objects) - len(found))
        worst = next((word for state, word in _HEALTHS.items() if state in found), "Healthy")

        def seen(live: Json) -> Json:
            status = _section(live, "status")
            before = _section(status, "health")
            since = before.get("lastTransitionTime") if before.get("status") == worst else None
            now = {"status": worst, "lastTransitionTime": since or self._time()}
            return {**live, "status": {**status, "health": now}}

        with suppress(Problem):
            self._edit(name, seen)

    def mark(self, name: str, key: Key, metadata: Json) -> Json:
        api_version, kind, namespace, own = key
        tracking = f"{name}:{_group(api_version)}/{kind}:{namespace}/{own}"
        return {**metadata, "annotations": {**(metadata.get("annotations") or {}), TRACKING: tracking}}

    def owner(self, metadata: Json) -> str:
        annotations: Json = metadata.get("annotations") or {}
        return str(annotations.get(TRACKING, "")).partition(":")[0]

    def _told(self, live: Json, outcome: Outcome) -> Json:
        """The Application after a comparison, and after the sync that followed if there was something to do."""
        status, source = _section(live, "status"), _section(_section(live, "spec"), "source")
        failed, tried = bool(outcome.error), outcome.built and outcome.changed
        state = ("OutOfSync" if outcome.built else "Unknown") if failed else "Synced"
        status |= {
            "sync": self._sync(live, outcome.attempted, state),
            "resources": [_resource(key, state) for key in sorted(outcome.objects)],
            "reconciledAt": self._time(),
            "sourceType": "Kustomize",
            "controllerNamespace": PLACE,
            "conditions": [],
        }
        if not outcome.built:
            message = f"Failed to load target state: failed to generate manifest for source 1 of 1: {outcome.error}"
            status["conditions"] = [self._condition(live, "ComparisonError", message)]
        if tried:
            status["operationState"] = self._operation(live, outcome)
        if tried and failed:
            why = f"Failed last sync attempt to [{outcome.attempted}]: {status['operationState']['message']}"
            status["conditions"] = [self._condition(live, "SyncError", why)]
        if tried and not failed:
            known = status.get("history") or []
            entry = {
                "id": known[-1].get("id", 0) + 1 if known else 0,
                "revision": outcome.attempted,
                "deployStartedAt": self._time(),
                "deployedAt": self._time(),
                "initiatedBy": {"automated": True},
                "source": source,
            }
            status["history"] = [*known, entry][-_KEPT:]
        return _handled({**live, "status": status})

    def _operation(self, live: Json, outcome: Outcome) -> Json:
        source = _section(_section(live, "spec"), "source")
        done = {"status": "Synced", "syncPhase": "Sync", "hookPhase": "Running", "message": "configured"}
        resources = [{**_identity(key), **done} for key in sorted(outcome.objects)]
        message = "successfully synced (all tasks run)"
        if outcome.error:
            message = f"one or more objects failed to apply, reason: {outcome.error}"
        return {
            "phase": "Failed" if outcome.error else "Succeeded",
            "message": message,
            "startedAt": self._time(),
            "finishedAt": self._time(),
            "operation": {
                "initiatedBy": {"automated": True},
                "retry": {"limit": 5},
                "sync": {"revision": outcome.attempted, "prune": True},
            },
            "syncResult": {"revision": outcome.attempted, "source": source, "resources": resources},
        }

    def _sync(self, live: Json, revision: str, state: str) -> Json:
        spec = _section(live, "spec")
        compared = {"source": _section(spec, "source"), "destination": _section(spec, "destination")}
        return {"status": state, "revision": revision, "comparedTo": compared}

    def _condition(self, live: Json, kind: str, message: str) -> Json:
        known = _section(live, "status").get("conditions") or []
        before: Json = next((each for each in known if (each.get("type"), each.get("message")) == (kind, message)), {})
        return {"type": kind, "message": message, "lastTransitionTime": before.get("lastTransitionTime", self._time())}

    def _live(self, key: Key) -> Json | None:
        kind = self._objects.served.of(key[0], key[1])
        try:
            return self._objects.get(kind, key[2], key[3]) if kind is not None else None
        except Problem:
            return None

    def _application(self, name: str) -> Json:
        return self._objects.get(_APPLICATION, PLACE, name)

    def _edit(self, name: str, change: Callable[[Json], Json]) -> None:
        self._objects.edit(_APPLICATION, PLACE, name, change, manager="argocd-application-controller")

    def _make(self, kind: Any, name: str, spec: Json) -> None:
        try:
            self._objects.get(kind, PLACE, name)
        except Problem:
            metadata = {"name": name, "namespace": PLACE}
            new = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
            self._objects.apply(kind, PLACE, None, new, manager="argocd-server", heal=True)

    def _time(self) -> str:
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _handled(live: Json) -> Json:
    """Without what asked for it: the controller takes that off."""
    metadata = dict(live["metadata"])
    metadata["annotations"] = {name: value for name, value in _annotations(live).items() if name != REFRESH}
    if not metadata["annotations"]:
        del metadata["annotations"]
    return {key: value for key, value in live.items() if key != "operation"} | {"metadata": metadata}


def _may_sync(application: Json) -> bool:
    if _annotations(application).get(_SKIP) == "true":
        return False
    automated = _section(_section(application, "spec"), "syncPolicy").get("automated")
    is_automated = isinstance(automated, dict) and automated.get("enabled") is not False
    return is_automated or isinstance(application.get("operation"), dict)


def _request(application: Json) -> str:
    asked = _annotations(application).get(REFRESH, "")
    return "operation" if isinstance(application.get("operation"), dict) else str(asked)


def _is_pending(application: Json) -> bool:
    """Whether Git has something new that no sync was tried of yet: its auto-sync was off."""
    status = _section(application, "status")
    sync, operation = _section(status, "sync"), _section(status, "operationState")
    tried = _section(operation, "syncResult").get("revision")
    return sync.get("status") in {None, "OutOfSync"} and sync.get("revision") != tried


def _wants(application: Json) -> bool:
    if _annotations(application).get(_SKIP) == "true":
        return False
    return bool(_request(application)) or (_may_sync(application) and _is_pending(application))


def _annotations(manifest: Json) -> dict[str, Any]:
    found = _section(manifest, "metadata").get("annotations")
    return found if isinstance(found, dict) else {}


def _section(manifest: Json, name: str) -> Json:
    """Its own words are well-formed; people may write anything, since no definition is checked here."""
    found = manifest.get(name)
    return dict(found) if isinstance(found, dict) else {}


def _resource(key: Key, state: str) -> Json:
    return {field: value for field, value in _identity(key).items() if value} | {"status": state}


def _identity(key: Key) -> Json:
    api_version, kind, namespace, name = key
    version = api_version.rpartition("/")[2]
    return {"group": _group(api_version), "version": version, "kind": kind, "namespace": namespace, "name": name}


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
