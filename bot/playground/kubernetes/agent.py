"""A stand-in of Flux for one cluster: it applies to the cluster what is merged, and tells of that by Flux's objects.

Each folder is a Kustomization. It is applied when the branch moves, and then only what changed in Git is touched; what
was changed by hand stays until somebody asks for a reconciliation. That is on purpose: the real kustomize-controller
would undo it within ten minutes, and the playground is for looking at drift. Objects removed from Git are removed from
the cluster.
"""

import fnmatch
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import yaml

from bot.playground.kubernetes import flux
from bot.playground.kubernetes.flux import Flux, Key
from bot.playground.kubernetes.kinds import Served
from bot.playground.kubernetes.objects import Json, Problem, Store

_BESIDE = Path(sys.executable).with_name("kubectl")
KUBECTL = str(_BESIDE) if _BESIDE.exists() else "kubectl"
"""The kubectl that comes with this Python's packages, else the one on PATH."""
_LIMIT_SECONDS = 30
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
        """Of its Kustomization."""
        return Path(self.path).name


class AgentError(Exception):
    """Git or the renderer said no; the sentence is for the playground's page."""


class Agent:
    """Follows `branch` of `repository` (a path or URL); every folder directly below `parent` is applied.

    `url` is where others find the repository. `start` lets it follow by itself, looking every `interval` seconds; tests
    call `sync` instead.
    """

    def __init__(
        self, cluster: Applied, repository: str | Path, parent: str, *, url: str = "", branch: str = "main",
        namespace: str = "default", interval: float = 1.0,
    ) -> None:  # fmt: skip
        self.cluster = cluster
        self.folders: dict[str, Folder] = {}
        self.revision = ""
        self.error = ""
        self._repository, self._branch = str(repository), branch
        self._parent, self._namespace, self._interval = parent, namespace, interval
        self._flux = Flux(cluster.objects, url or self._repository, branch, cluster.now)
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
                revision = self._head()
                if heal or revision != self.revision or self._has_news():
                    self._apply(revision, heal=heal)
                    self.revision = revision
            except (AgentError, Problem) as error:
                self.error = str(error)
                self._flux.tell_source(self.revision, self.error)

    def _has_news(self) -> bool:
        return self._flux.has_news([each.name for each in self.folders.values() if _NAME.fullmatch(each.name)])

    def _head(self) -> str:
        answer = _git("ls-remote", self._repository, f"refs/heads/{self._branch}").decode()
        if not answer:
            raise AgentError(f"the repository has no branch {self._branch}")
        return answer.partition("\t")[0]

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
        with tempfile.TemporaryDirectory(prefix="agent-") as name:
            root = Path(name)
            _check_out(self._repository, self._branch, root)
            paths = sorted(str(folder.relative_to(root)) for folder in (root / self._parent).glob("*/"))
            for path in paths:
                self._reconcile(self.folders.setdefault(path, Folder(path)), root, revision, heal=heal)
        for path in self.folders.keys() - set(paths):
            folder = self.folders.pop(path)
            self._apply_folder(folder, {}, revision, heal=heal)
            self._flux.forget(folder.name)
        self._flux.tell_source(revision)

    def _reconcile(self, folder: Folder, root: Path, revision: str, *, heal: bool) -> None:
        """Apply a folder if it is due, and tell of that. A request is for all of it, whatever was changed by hand."""
        if not _NAME.fullmatch(folder.name):
            folder.error = "the folder's name can't be that of a Kustomization"
            return
        self._flux.declare(folder.name, folder.path)
        if self._flux.suspended(folder.name):
            return
        request = self._flux.request(folder.name)
        if not (heal or request or folder.attempted != revision or self._flux.is_changed(folder.name)):
            return
        folder.attempted = revision
        try:
            wanted = self._objects(render(root / folder.path), folder)
        except AgentError as error:
            folder.error = str(error)
        else:
            self._apply_folder(folder, wanted, revision, heal=heal or bool(request))
        self._flux.tell(
            folder.name, revision, folder.revision, folder.objects, error=folder.error, handled=request
        )  # fmt: skip

    def _apply_folder(self, folder: Folder, wanted: Mapping[Key, Json], revision: str, *, heal: bool) -> None:
        """Create, change and prune so that the folder's objects follow; what fails is told and tried again later."""
        failed = []
        # What an agent of a former run applied is known by its labels alone.
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
        self.cluster.objects.apply(kind, key[2], old, new, manager=flux.MANAGER, heal=heal)

    def _delete(self, key: Key) -> None:
        kind = self.cluster.served.of(key[0], key[1])
        if kind is not None:
            with suppress(Problem):  # somebody deleted it by hand
                self.cluster.objects.delete(kind, key[2], key[3])

    def _applied(self, folder: Folder) -> set[Key]:
        """The live objects that this agent's labels say came from the folder."""
        marks = flux.labels(folder.name).items()
        return {
            (kind.api_version, kind.kind, manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])
            for kind in self.cluster.served
            for manifest in self.cluster.objects.all(kind)
            if marks <= manifest["metadata"].get("labels", {}).items()
        }

    def _objects(self, manifests: Sequence[Json], folder: Folder) -> dict[Key, Json]:
        """The manifests by identity, each with its namespace and the labels that say where it came from."""
        found: dict[Key, Json] = {}
        for manifest in manifests:
            api_version, name = str(manifest.get("apiVersion")), str(manifest.get("kind"))
            metadata = dict(manifest.get("metadata") or {})
            kind = self.cluster.served.of(api_version, name)
            namespace = ""
            if kind is None or kind.namespaced:
                namespace = metadata["namespace"] = metadata.get("namespace") or self._namespace
            metadata["labels"] = {**(metadata.get("labels") or {}), **flux.labels(folder.name)}
            found[api_version, name, namespace, str(metadata.get("name"))] = {**manifest, "metadata": metadata}
        return found


def render(folder: Path) -> list[Json]:
    """The objects of a folder: by `kubectl kustomize` where it has a kustomization, else its YAML files as they are."""
    if any((folder / name).is_file() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")):
        texts = [_run([KUBECTL, "kustomize", str(folder)], "the kustomization can't be built").decode()]
    else:
        texts = [file.read_text() for file in sorted(folder.iterdir()) if fnmatch.fnmatch(file.name, "*.y*ml")]
    try:
        documents = [document for text in texts for document in yaml.safe_load_all(text)]
    except (yaml.YAMLError, RecursionError) as error:
        raise AgentError("a manifest is not YAML") from error
    return [document for document in documents if isinstance(document, dict) and "kind" in document]


def _check_out(repository: str, branch: str, into: Path) -> None:
    """The files of the branch's newest commit, without leaving the folder."""
    bare = into / ".bare"
    _git("init", "--quiet", "--bare", str(bare))
    _git("-C", str(bare), "fetch", "--quiet", "--depth=1", repository, branch)
    archive = _git("-C", str(bare), "archive", "FETCH_HEAD")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(into, filter="data")


def _git(*arguments: str) -> bytes:
    return _run(["git", *arguments], "the repository can't be read")


def _run(command: list[str], complaint: str) -> bytes:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIMIT_SECONDS, check=False, env=environment)  # noqa: S603 - fixed programs, no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AgentError(f"{complaint}: {Path(command[0]).name} did not finish") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise AgentError(f"{complaint}: {last[0][:200]}")
    return done.stdout
