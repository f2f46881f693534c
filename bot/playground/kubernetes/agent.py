"""A stand-in of Flux or Argo CD for one cluster: it applies to the cluster what is merged, and tells of that by the
engine's objects.

Each folder is a Kustomization, or an Application. It is applied when the branch moves, and then only what changed in
Git is touched; what was changed by hand stays until somebody asks for a reconciliation. That is on purpose: the real
kustomize-controller would undo it within ten minutes, and Argo CD with self-heal at once, and the playground is for
looking at drift. Objects removed from Git are removed from the cluster.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.playground.kubernetes.argocd import ArgoCD
from bot.playground.kubernetes.commit import Commit, Unreadable, tip
from bot.playground.kubernetes.engine import Engine, Key, Outcome
from bot.playground.kubernetes.flux import Flux
from bot.playground.kubernetes.kinds import Served
from bot.playground.kubernetes.objects import Json, Problem, Store

ENGINES: Mapping[str, Callable[[Store, str, str, Callable[[], datetime]], Engine]] = {"flux": Flux, "argocd": ArgoCD}
NAMESPACE = "default"
"""Where an object is that names no namespace."""
_STEP_SECONDS = 0.25
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
"""What both an object and a label's value may be."""


class Applied(Protocol):
    """A cluster that an agent brings to what Git says, a stand-in or a real one."""

    name: str
    served: Served
    now: Callable[[], datetime]

    @property
    def objects(self) -> Store: ...

    def step(self) -> None:
        """Let the controllers do what is due by now."""

    def settle(self) -> None:
        """Finish every rollout at once."""

    def pods(self, workload: Json) -> list[Json]:
        """The pods that a workload has by now."""


@dataclass
class Folder:
    """What a folder of the repository declared when it was last applied; `error` if it can't be applied now."""

    path: str
    objects: dict[Key, Json] = field(default_factory=dict)
    revision: str = ""
    """The commit that was applied last, in whole."""
    attempted: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """Of its Kustomization or Application."""
        return Path(self.path).name


class Agent:
    """Follows `branch` of `repository`, a folder; every folder directly below `parent` is applied.

    `url` is where others find the repository, `engine` one of `ENGINES`, whose stand-in it is. `start` lets it follow
    by itself, looking every `interval` seconds; tests call `sync` instead.
    """

    def __init__(
        self, cluster: Applied, repository: str | Path, parent: str, *, url: str = "", branch: str = "main",
        interval: float = 1.0, engine: str = "flux",
    ) -> None:  # fmt: skip
        self.cluster = cluster
        self.folders: dict[str, Folder] = {}
        self.revision = ""
        self.error = ""
        self._repository, self._branch = str(repository), branch
        self._parent, self._interval = parent, interval
        self.engine = ENGINES[engine](cluster.objects, url or self._repository, branch, cluster.now)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def sync(self, *, heal: bool = False) -> None:
        """Apply what changed in Git since the last time, and in whole what was asked for; with `heal`, everything.

        Errors are kept in `error` and in the folders' `error`: a folder that can't be rendered stays as it was.
        """
        with self._lock:
            try:
                self.error = ""
                revision = tip(self._repository, self._branch)
                if heal or revision != self.revision or self._has_news():
                    self._apply(revision, heal=heal)
                    self.revision = revision
                self._observe()
            except (Unreadable, Problem) as error:
                self.error = str(error)
                self.engine.tell_source(self.revision, self.error)

    def _has_news(self) -> bool:
        return self.engine.has_news([each.name for each in self.folders.values() if _NAME.fullmatch(each.name)])

    def _observe(self) -> None:
        for folder in self.folders.values():
            if _NAME.fullmatch(folder.name):
                self.engine.observe(folder.name, folder.objects)

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._follow, name=f"agent {self.cluster.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        waited = self._interval
        while not self._stop.wait(_STEP_SECONDS):
            waited += _STEP_SECONDS
            if waited >= self._interval or self._has_news():
                waited = 0.0
                self.sync()
            self.cluster.step()

    def _apply(self, revision: str, *, heal: bool) -> None:
        commit = Commit(revision, self._repository)
        paths = commit.folders(self._parent)
        for path in paths:
            self._reconcile(self.folders.setdefault(path, Folder(path)), commit, heal=heal)
        for path in self.folders.keys() - set(paths):
            folder = self.folders.pop(path)
            self._apply_folder(folder, {}, revision, heal=heal)
            self.engine.forget(folder.name)
        self.engine.tell_source(revision)

    def _reconcile(self, folder: Folder, commit: Commit, *, heal: bool) -> None:
        """Apply a folder if it is due, and tell of that. A request is for all of it, whatever was changed by hand."""
        if not _NAME.fullmatch(folder.name):
            folder.error = f"the folder's name can't be that of a {self.engine.kind}"
            return
        self.engine.declare(folder.name, folder.path)
        if self.engine.suspended(folder.name):
            self._leave(folder, commit)
            return
        revision, request = commit.id, self.engine.request(folder.name)
        if not (heal or request or folder.attempted != revision or self.engine.is_changed(folder.name)):
            return
        folder.attempted, built, before = revision, True, dict(folder.objects)
        try:
            wanted = self._objects(commit.objects(folder.path), folder)
        except Unreadable as error:
            folder.error, built = str(error), False
        else:
            self._apply_folder(folder, wanted, revision, heal=heal or bool(request))
        changed = heal or bool(request or folder.error) or folder.objects != before
        self.engine.tell(
            folder.name,
            Outcome(revision, folder.revision, folder.objects, folder.error, built, changed, request),
        )

    def _leave(self, folder: Folder, commit: Commit) -> None:
        """Let the engine tell what is new in Git for a folder that it is to leave alone, if it does that."""
        if self.engine.compares:
            with suppress(Unreadable):
                wanted = self._objects(commit.objects(folder.path), folder)
                self.engine.leave(folder.name, commit.id, differs=wanted != folder.objects)

    def _apply_folder(self, folder: Folder, wanted: Mapping[Key, Json], revision: str, *, heal: bool) -> None:
        """Create, change and prune so that the folder's objects follow; what fails is told and tried again later."""
        failed = []
        # What an agent of a former run applied is known by its marks alone.
        for key in (self._applied(folder) | folder.objects.keys()) - wanted.keys():
            self._delete(key)
        kept = {key: manifest for key, manifest in folder.objects.items() if key in wanted}
        for key, manifest in sorted(wanted.items(), key=lambda item: item[0][1] != "Namespace"):
            old = kept.get(key)
            if heal or old != manifest:
                try:
                    self._write(key, old, manifest, heal=heal or old is None)
                    kept[key] = manifest
                except Problem as problem:
                    failed.append(f"{key[1]} {key[3]}: {problem}")
        folder.objects, folder.error = kept, "; ".join(failed)
        folder.revision = folder.revision if failed else revision

    def _write(self, key: Key, old: Json | None, new: Json, *, heal: bool) -> None:
        kind = self.cluster.served.of(key[0], key[1])
        if kind is None:
            raise Problem(404, "NotFound", f"the cluster does not serve {key[1]} in {key[0]}")
        self.cluster.objects.apply(kind, key[2], old, new, manager=self.engine.manager, heal=heal)

    def _delete(self, key: Key) -> None:
        kind = self.cluster.served.of(key[0], key[1])
        if kind is not None:
            with suppress(Problem):  # somebody deleted it by hand
                self.cluster.objects.delete(kind, key[2], key[3])

    def _applied(self, folder: Folder) -> set[Key]:
        """The live objects that this agent's marks say came from the folder."""
        return {
            (kind.api_version, kind.kind, manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])
            for kind in self.cluster.served
            for manifest in self.cluster.objects.all(kind)
            if self.engine.owner(manifest["metadata"]) == folder.name
        }

    def _objects(self, manifests: Sequence[Json], folder: Folder) -> dict[Key, Json]:
        """The manifests by identity, each with its namespace and the mark that says where it came from."""
        found: dict[Key, Json] = {}
        for manifest in manifests:
            api_version, name = str(manifest.get("apiVersion")), str(manifest.get("kind"))
            metadata = dict(manifest.get("metadata") or {})
            kind = self.cluster.served.of(api_version, name)
            namespace = ""
            if kind is None or kind.namespaced:
                namespace = metadata["namespace"] = metadata.get("namespace") or NAMESPACE
            key = (api_version, name, namespace, str(metadata.get("name")))
            found[key] = {**manifest, "metadata": self.engine.mark(folder.name, key, metadata)}
        return found
