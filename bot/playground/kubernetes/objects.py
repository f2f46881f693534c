"""The objects of one stand-in cluster, in memory: what etcd and the API machinery do to them, without HTTP.

Objects handed out are never changed again: a write replaces them. Every method may be called from any thread.
"""

import copy
import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.playground.kubernetes import defaults, ownership
from bot.playground.kubernetes.kinds import Kind, Served
from bot.playground.kubernetes.ownership import Applied, Writer
from bot.playground.kubernetes.patches import three_way

Json = dict[str, Any]
Change = Callable[[Json], Json]

REMEMBERED_EVENTS = 2000
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_RBAC_NAME = re.compile(r"[^/%]{1,253}")
_WITHOUT_GENERATION = {"HorizontalPodAutoscaler"}
_PEOPLE = "kubectl"
"""How the names of field managers begin that people write by."""
_SERVER_OWNED = ("uid", "creationTimestamp", "managedFields", "generation", "deletionTimestamp", "selfLink")


class Problem(Exception):  # noqa: N818 - it is an answer of the API, not a fault of the program
    """An answer other than success; `code` and `reason` as the API's conventions name them."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.details = code, reason, details or {}

    def status(self) -> Json:
        return {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": str(self),
            "reason": self.reason, "details": self.details, "code": self.code,
        }  # fmt: skip


class Store(Protocol):
    """A cluster's objects, in memory or behind an API server. All raise `Problem` where the cluster says no."""

    served: Served

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held over what must be one step here."""

    def all(self, kind: Kind) -> list[Json]: ...

    def get(self, kind: Kind, namespace: str, name: str) -> Json: ...

    def edit(
        self, kind: Kind, namespace: str, name: str, change: Change, *, part: str = "", manager: str = ""
    ) -> Json: ...

    def delete(self, kind: Kind, namespace: str, name: str) -> Json: ...

    def apply(self, kind: Kind, namespace: str, old: Json | None, new: Json, *, manager: str, heal: bool) -> None: ...


class Objects:
    """A versioned collection of objects. Namespaces appear with the first object in them."""

    def __init__(self, served: Served, now: Callable[[], datetime]) -> None:
        self.served = served
        self.lock = threading.RLock()
        self._now = now
        self._version = 1000
        self._objects: dict[tuple[Kind, str, str], Json] = {}
        self._events: deque[tuple[int, str, Kind, Json]] = deque(maxlen=REMEMBERED_EVENTS)
        for name in ("default", "kube-system"):
            self._ensure_namespace(name)

    @property
    def version(self) -> int:
        return self._version

    def all(self, kind: Kind, namespace: str | None = None) -> list[Json]:
        """Every object of a kind, by namespace and name."""
        with self.lock:
            keys = sorted(key[1:] for key in self._objects if key[0] == kind and namespace in {None, key[1]})
            return [self._objects[kind, *key] for key in keys]

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        with self.lock:
            try:
                return self._objects[kind, namespace, name]
            except KeyError:
                raise _not_found(kind, name) from None

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        return self._objects.get((kind, namespace, name))

    def create(
        self, kind: Kind, namespace: str, manifest: Json, *, manager: str | Applied = "", dry: bool = False
    ) -> Json:
        with self.lock:
            new = copy.deepcopy(manifest)
            metadata = new.setdefault("metadata", {})
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
            _check(kind, namespace, new)
            name = metadata["name"]
            if (kind, namespace, name) in self._objects:
                details = {"name": name, "group": kind.group, "kind": kind.plural}
                raise Problem(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', details)
            for field in ("generation", "managedFields", "deletionTimestamp", "resourceVersion", "selfLink"):
                metadata.pop(field, None)
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": _timestamp(self._now())}
            if kind.namespaced:
                metadata["namespace"] = namespace
            if kind.status:
                new.pop("status", None)
            _fill(kind, new)
            if _has_generation(kind):
                metadata["generation"] = 1
            if not dry and kind.namespaced:
                self._ensure_namespace(namespace)
            self._book(kind, {}, new, manager)
            return self._store("ADDED", kind, new, dry=dry)

    def edit(
        self, kind: Kind, namespace: str, name: str, change: Change, *, part: str = "",
        manager: str | Applied = "", dry: bool = False,
    ) -> Json:  # fmt: skip
        """Read, change, write, as one step. `part` is "" for the object, or the subresource that it is written through.

        A write that changes nothing is none: version, generation and watchers stay as they were. No `manager` is the
        server itself, which owns no fields.
        """
        with self.lock:
            before = self.get(kind, namespace, name)
            changed = change(copy.deepcopy(before))
            wanted = str(changed.get("metadata", {}).get("resourceVersion") or "")
            if wanted and wanted != before["metadata"]["resourceVersion"]:
                sentence = "the object has been modified; please apply your changes to the latest version and try again"
                message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {sentence}'
                raise Problem(409, "Conflict", message, {"name": name, "group": kind.group, "kind": kind.plural})
            if part == "status":
                after = copy.deepcopy(before) | {"status": changed.get("status", {})}
            else:
                after = self._rewritten(kind, namespace, before, changed)
            self._book(kind, before, after, manager, part)
            if after == before:
                return before
            if not after["metadata"].get("finalizers") and after["metadata"].get("deletionTimestamp"):
                return self._remove(kind, namespace, name)
            return self._store("MODIFIED", kind, after, dry=dry)

    def delete(self, kind: Kind, namespace: str, name: str, *, dry: bool = False) -> Json:
        """Remove it; an object with finalizers only gets its deletion timestamp."""
        with self.lock:
            before = self.get(kind, namespace, name)
            if dry:
                return before
            if before["metadata"].get("finalizers"):
                after = copy.deepcopy(before)
                after["metadata"].setdefault("deletionTimestamp", _timestamp(self._now()))
                return before if after == before else self._store("MODIFIED", kind, after, dry=False)
            if kind.kind == "Namespace":
                for other, inside, child in [key for key in self._objects if key[1] == name and key[0].namespaced]:
                    self._remove(other, inside, child)
            return self._remove(kind, namespace, name)

    def apply(self, kind: Kind, namespace: str, old: Json | None, new: Json, *, manager: str, heal: bool) -> None:
        """What a GitOps controller does: what changed from `old` to `new`; with `heal`, all that `new` declares.

        Healing also takes away what people added by kubectl, as Flux does (kustomize-controller, `apply`); what others
        added is theirs.
        """
        applied = Applied(manager, new, forced=heal)

        def change(live: Json) -> Json:
            return dict(three_way(old, new, ownership.without(live, _PEOPLE) if heal else live, heal=heal))

        try:
            if self.find(kind, namespace, new["metadata"]["name"]) is None:
                self.create(kind, namespace, new, manager=applied)
            else:
                self.edit(kind, namespace, new["metadata"]["name"], change, manager=applied)
        except (AttributeError, TypeError, KeyError) as error:
            raise Problem(400, "BadRequest", "a field has the wrong type") from error

    def since(self, version: int, kind: Kind, namespace: str | None) -> Iterator[tuple[str, Json]]:
        """What happened after a version. Problem 410 if that is longer ago than remembered."""
        with self.lock:
            if self._events and version < self._events[0][0] - 1 and len(self._events) == REMEMBERED_EVENTS:
                raise Problem(410, "Expired", f"too old resource version: {version} ({self._events[0][0]})")
            events = [event for event in self._events if event[0] > version and event[2] == kind]
        for _, what, _, manifest in events:
            if namespace in {None, manifest["metadata"].get("namespace", "")}:
                yield what, manifest

    def _rewritten(self, kind: Kind, namespace: str, before: Json, changed: Json) -> Json:
        """The changed object as the server stores it: its own fields kept, defaults filled, generation counted."""
        after = copy.deepcopy(changed)
        _check(kind, namespace, after)
        metadata, old = after["metadata"], before["metadata"]
        if metadata["name"] != old["name"]:
            raise Problem(400, "BadRequest", "the name of the object does not match the name on the URL")
        for field in _SERVER_OWNED:
            metadata.pop(field, None)
        metadata |= {field: old[field] for field in (*_SERVER_OWNED, "namespace", "resourceVersion") if field in old}
        if kind.status:
            after.pop("status", None)
            after |= {"status": before["status"]} if "status" in before else {}
        _fill(kind, after)
        if _has_generation(kind) and _declared(after) != _declared(before):
            metadata["generation"] = old.get("generation", 0) + 1
        _check_immutable(kind, before, after)
        return after

    def _book(self, kind: Kind, before: Json, after: Json, manager: str | Applied, part: str = "") -> None:
        """Note who wrote which fields."""
        if manager:
            writer = Writer(manager, _timestamp(self._now()), kind.api_version, part)
            after["metadata"]["managedFields"] = ownership.book(writer, before, after)

    def _store(self, what: str, kind: Kind, manifest: Json, *, dry: bool) -> Json:
        metadata = manifest["metadata"]
        if dry:
            return manifest
        self._version += 1
        metadata["resourceVersion"] = str(self._version)
        self._objects[kind, metadata.get("namespace", ""), metadata["name"]] = manifest
        self._events.append((self._version, what, kind, manifest))
        return manifest

    def _remove(self, kind: Kind, namespace: str, name: str) -> Json:
        self._version += 1
        gone = copy.deepcopy(self._objects.pop((kind, namespace, name)))
        gone["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, "DELETED", kind, gone))
        return gone

    def _ensure_namespace(self, name: str) -> None:
        kind = self.served.of("v1", "Namespace")
        if kind and (kind, "", name) not in self._objects:
            self.create(kind, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _check(kind: Kind, namespace: str, manifest: Json) -> None:
    """Refuse what any API server refuses: another kind, a bad name, another namespace."""
    manifest.setdefault("apiVersion", kind.api_version)
    manifest.setdefault("kind", kind.kind)
    given = f"{manifest['apiVersion']} {manifest['kind']}"
    if given != f"{kind.api_version} {kind.kind}":
        raise Problem(400, "BadRequest", f"the object is {given}, the URL is of {kind.api_version} {kind.kind}")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        raise Problem(400, "BadRequest", "metadata is missing")
    name = metadata.get("name")
    form = _RBAC_NAME if kind.group == "rbac.authorization.k8s.io" else _NAME
    if not isinstance(name, str) or not form.fullmatch(name):
        raise _invalid(kind, str(name or ""), "metadata.name", "must be a lowercase RFC 1123 subdomain")
    if kind.namespaced and metadata.get("namespace", namespace) != namespace:
        raise Problem(400, "BadRequest", "the namespace of the object does not match the namespace on the URL")
    for field in ("labels", "annotations"):
        _check_strings(metadata.get(field), f"metadata.{field}")
    if kind.kind == "ConfigMap":
        _check_strings(manifest.get("data"), "data")


def _check_strings(values: Any, field: str) -> None:
    for key, value in (values or {}).items():
        if not isinstance(value, str | None):
            raise Problem(400, "BadRequest", f"{field}.{key}: expects a string, found {type(value).__name__}")


def _check_immutable(kind: Kind, before: Json, after: Json) -> None:
    if kind.group in {"apps", "batch"} and before["spec"].get("selector") != after["spec"].get("selector"):
        raise _invalid(kind, before["metadata"]["name"], "spec.selector", "field is immutable")
    if kind.kind == "Job" and before["spec"].get("template") != after["spec"].get("template"):
        raise _invalid(kind, before["metadata"]["name"], "spec.template", "field is immutable")


def _check_workload(kind: Kind, manifest: Json) -> None:
    """What the controllers and pages rely on: containers with a name and an image, and replicas that are a number."""
    spec = manifest["spec"]
    name = manifest["metadata"]["name"]
    replicas = spec.get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise _invalid(kind, name, "spec.replicas", "must be a whole number from 0")
    containers = spec.get("template", {}).get("spec", {}).get("containers")
    if not isinstance(containers, list) or not containers:
        raise _invalid(kind, name, "spec.template.spec.containers", "at least one is required")
    for container in containers:
        if not all(isinstance(container.get(field), str) for field in ("name", "image")):
            raise _invalid(kind, name, "spec.template.spec.containers", "each needs a name and an image")


def _fill(kind: Kind, manifest: Json) -> None:
    try:
        defaults.fill(manifest)
        if kind.group == "apps" or kind.kind == "Job":
            _check_workload(kind, manifest)
        if kind.kind == "Service" and not all(
            isinstance(port["port"], int) for port in manifest["spec"].get("ports", [])
        ):
            raise _invalid(kind, manifest["metadata"]["name"], "spec.ports", "each needs a port number")
    except ValueError as error:
        raise Problem(400, "BadRequest", str(error)) from error
    except (AttributeError, TypeError, KeyError) as error:
        message = f"{kind.kind} in version {kind.version} cannot be handled: a field has the wrong type"
        raise Problem(400, "BadRequest", message) from error


def _has_generation(kind: Kind) -> bool:
    return kind.group not in {"", "rbac.authorization.k8s.io"} and kind.kind not in _WITHOUT_GENERATION


def _declared(manifest: Json) -> Json:
    return {key: value for key, value in manifest.items() if key not in {"metadata", "status"}}


def _not_found(kind: Kind, name: str) -> Problem:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return Problem(404, "NotFound", f'{kind.resource} "{name}" not found', details)


def _invalid(kind: Kind, name: str, field: str, why: str) -> Problem:
    message = f'{kind.kind}.{kind.group} "{name}" is invalid: {field}: Invalid value: {why}'
    causes = [{"reason": "FieldValueInvalid", "message": f"Invalid value: {why}", "field": field}]
    details = {"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}
    return Problem(422, "Invalid", message, details)


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def matches_labels(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy a label selector, of equality and of sets. Problem 400 if it can't be parsed."""
    for part in re.split(r",(?![^(]*\))", selector) if selector else ():
        term = part.strip()
        if among := re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", term):
            values = {value.strip() for value in among[3].split(",")}
            fits = (labels.get(among[1]) in values) == (among[2] == "in")
        elif equal := re.fullmatch(r"([^=!\s]+)\s*(!=|==?)\s*([^=!\s]*)", term):
            fits = (labels.get(equal[1]) == equal[3]) == (equal[2] != "!=")
        elif exists := re.fullmatch(r"(!?)\s*([^=!\s]+)", term):
            fits = (exists[2] in labels) != bool(exists[1])
        else:
            raise Problem(400, "BadRequest", f"unable to parse the label selector {term!r}")
        if not fits:
            return False
    return True


def matches_fields(selector: str, manifest: Json) -> bool:
    """Whether an object satisfies a field selector; any dotted path will do here."""
    for term in selector.split(",") if selector else ():
        match = re.fullmatch(r"([\w.]+)(!=|==?)(.*)", term)
        if not match:
            raise Problem(400, "BadRequest", f"unable to parse the field selector {term!r}")
        value: Any = manifest
        for step in match[1].split("."):
            value = value.get(step, "") if isinstance(value, dict) else ""
        if (str(value) == match[3]) == (match[2] == "!="):
            return False
    return True
