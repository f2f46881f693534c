"""A small GitOps controller for one cluster: it applies to the cluster what is merged.

Like the real ones left to their defaults, it acts when the branch moves and touches only what changed in Git; what was
changed by hand stays until somebody asks for a full sync. Objects removed from Git are removed from the cluster.
"""

import fnmatch
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml

from bot.playground.kubernetes.kinds import Served
from bot.playground.kubernetes.objects import Json, Problem, Store

REVISION = "kustomize.toolkit.fluxcd.io/revision"
FOLDER = "kustomize.toolkit.fluxcd.io/path"
"""Annotations on everything that the agent applies: the commit and the folder it came from."""
_BESIDE = Path(sys.executable).with_name("kubectl")
KUBECTL = str(_BESIDE) if _BESIDE.exists() else "kubectl"
"""The kubectl that comes with this Python's packages, else the one on PATH."""
_LIMIT_SECONDS = 30
_STEP_SECONDS = 0.25

Key = tuple[str, str, str, str]


class Applied(Protocol):
    """A cluster that an agent brings to what Git says, a stand-in or a real one."""

    name: str
    served: Served
    manager: str
    """The agent's field manager there."""

    @property
    def objects(self) -> Store: ...

    def step(self) -> None:
        """Let the controllers do what is due by now."""


@dataclass
class Folder:
    """What a folder of the repository declared when it was last applied; `error` if it can't be rendered now."""

    path: str
    objects: dict[Key, Json] = field(default_factory=dict)
    revision: str = ""
    error: str = ""


class AgentError(Exception):
    """Git or the renderer said no; the sentence is for the playground's page."""


class Agent:
    """Follows `branch` of `repository` (a path or URL); every folder directly below one of `parents` is applied.

    `start` lets it follow by itself, looking every `interval` seconds; tests call `sync` instead.
    """

    def __init__(
        self, cluster: Applied, repository: str | Path, *parents: str, branch: str = "main",
        namespace: str = "default", interval: float = 1.0,
    ) -> None:  # fmt: skip
        self.cluster = cluster
        self.folders: dict[str, Folder] = {}
        self.revision = ""
        self.error = ""
        self._repository, self._branch = str(repository), branch
        self._parents, self._namespace, self._interval = parents, namespace, interval
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def sync(self, *, heal: bool = False) -> None:
        """Apply what changed in Git since the last time; with `heal`, everything that Git declares, whatever live is.

        Errors are kept in `error` and in the folders' `error`: a folder that can't be rendered stays as it was.
        """
        with self._lock:
            try:
                revision = self._head()
                if heal or revision != self.revision:
                    self._apply(revision, heal=heal)
                    self.revision = revision
                self.error = ""
            except (AgentError, Problem) as error:
                self.error = str(error)

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
            if waited >= self._interval:
                waited = 0.0
                self.sync()
            self.cluster.step()

    def _apply(self, revision: str, *, heal: bool) -> None:
        with tempfile.TemporaryDirectory(prefix="agent-") as name:
            root = Path(name)
            _check_out(self._repository, self._branch, root)
            paths = sorted(
                str(folder.relative_to(root)) for parent in self._parents for folder in (root / parent).glob("*/")
            )
            for path in paths:
                folder = self.folders.setdefault(path, Folder(path))
                try:
                    wanted = self._objects(render(root / path), path)
                except AgentError as error:
                    folder.error = str(error)
                else:
                    self._apply_folder(folder, wanted, revision, heal=heal)
        for path in self.folders.keys() - set(paths):
            self._apply_folder(self.folders.pop(path), {}, revision, heal=heal)

    def _apply_folder(self, folder: Folder, wanted: Mapping[Key, Json], revision: str, *, heal: bool) -> None:
        """Create, change and prune so that the folder's objects follow; what fails is told and tried again later."""
        failed = []
        # What an agent of a former run applied is known by its annotations alone.
        for key in (self._applied(folder) | folder.objects.keys()) - wanted.keys():
            self._delete(key)
        kept = {key: manifest for key, manifest in folder.objects.items() if key in wanted}
        for key, manifest in sorted(wanted.items(), key=lambda item: item[0][1] != "Namespace"):
            old = kept.get(key)
            if heal or old != manifest:
                try:
                    self._write(key, old, manifest, revision, heal=heal or old is None)
                    kept[key] = manifest
                except Problem as problem:
                    failed.append(f"{key[1]} {key[3]}: {problem}")
        folder.objects, folder.revision, folder.error = kept, revision, "; ".join(failed)

    def _write(self, key: Key, old: Json | None, new: Json, revision: str, *, heal: bool) -> None:
        kind = self.cluster.served.of(key[0], key[1])
        if kind is None:
            raise Problem(404, "NotFound", f"the cluster does not serve {key[1]} in {key[0]}")
        marked = {**new, "metadata": {**new["metadata"]}}
        marked["metadata"]["annotations"] = {**(new["metadata"].get("annotations") or {}), REVISION: revision}
        self.cluster.objects.apply(kind, key[2], old, marked, manager=self.cluster.manager, heal=heal)

    def _delete(self, key: Key) -> None:
        kind = self.cluster.served.of(key[0], key[1])
        if kind is not None:
            with suppress(Problem):  # somebody deleted it by hand
                self.cluster.objects.delete(kind, key[2], key[3])

    def _applied(self, folder: Folder) -> set[Key]:
        """The live objects that this agent's annotations say came from the folder."""
        return {
            (kind.api_version, kind.kind, manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"])
            for kind in self.cluster.served
            for manifest in self.cluster.objects.all(kind)
            if manifest["metadata"].get("annotations", {}).get(FOLDER) == folder.path
        }

    def _objects(self, manifests: Sequence[Json], folder: str) -> dict[Key, Json]:
        """The manifests by identity, each with its namespace and the annotation that says where it came from."""
        found: dict[Key, Json] = {}
        for manifest in manifests:
            api_version, name = str(manifest.get("apiVersion")), str(manifest.get("kind"))
            metadata = dict(manifest.get("metadata") or {})
            kind = self.cluster.served.of(api_version, name)
            namespace = ""
            if kind is None or kind.namespaced:
                namespace = metadata["namespace"] = metadata.get("namespace") or self._namespace
            metadata["annotations"] = {**(metadata.get("annotations") or {}), FOLDER: folder}
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
