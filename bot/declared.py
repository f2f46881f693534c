"""What Git declares of a target at one commit: its version and its objects. Knows nothing of clusters."""

import hashlib
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from threading import Lock

from bot import pins
from bot.comparison.identity import Declared as DeclaredObject
from bot.comparison.identity import declared as identified
from bot.errors import Refusal, Unavailable
from bot.manifests import kustomize
from bot.model.catalog import Reading, Target
from bot.model.sync import Content, Manifest, ObjectRef
from bot.ports import Renderer, Tree

log = logging.getLogger(__name__)

_MANIFESTS = frozenset((".yaml", ".yml", ".json"))
_MADE_OF_ITS_OWN = (*kustomize.NAMES, "Chart.yaml")
"""Files that say themselves what is rendered."""
MOST = 30_000
"""Objects kept between looks, of about 5 kB each, most of which the renders in memory hold anyway."""


@dataclass(frozen=True)
class Declared:
    """What Git says of a target at one commit; `why` where its objects can't be told."""

    target: Target
    tree: Tree
    version: str | None
    manifests: tuple[Manifest, ...] = ()
    inputs: tuple[str, ...] = ()
    """The files and folders that the manifests are made of, bases included."""
    why: str = ""
    unversioned: str = ""
    """Why the version can't be told, where it can't. The objects are declared all the same."""
    placed: str = ""
    """The namespace in which an engine puts objects that name none."""

    @property
    def namespace(self) -> str | None:
        """Where objects are that name no namespace; None is the cluster's `default`."""
        return self.target.namespace or self.placed or None

    @cached_property
    def objects(self) -> tuple[DeclaredObject, ...]:
        return identified(self.manifests, self.namespace)

    @cached_property
    def references(self) -> tuple[ObjectRef, ...]:
        return tuple(each.ref for each in self.objects)

    @cached_property
    def content(self) -> Content:
        return Content(self.identity_in(self.tree), self.tree.commit)

    @cached_property
    def passes_over(self) -> bool:
        """Whether there are manifests below a plain folder, which is rendered without them: an engine may not."""
        return any(self._passed_over(folder) for folder in self.target.folders)

    def _passed_over(self, folder: str) -> bool:
        if not self.tree.folders(folder) or any(self.tree.identity(f"{folder}/{name}") for name in _MADE_OF_ITS_OWN):
            return False
        files = (PurePosixPath(path) for path in self.tree.files(folder))
        return any(path.suffix in _MANIFESTS and path.parent != PurePosixPath(folder) for path in files)

    def identity_in(self, tree: Tree) -> str:
        """What the same files hold in another tree, by Git's object ids: as here, then nothing has changed."""
        named = ((path, tree.identity(path)) for path in self.inputs)
        return hashlib.sha256(repr(tuple(named)).encode()).hexdigest()


class Declarations:
    """What was declared of targets, for as long as Git stays where it is. Threads share it.

    What could not be rendered is not kept: it may be possible a moment later. With and without Secrets are two things.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[tuple[Target, bool], Declared] = {}
        self._objects = 0
        self._lock = Lock()

    def rendered(self, bare: Declared, renderer: Renderer, *, secrets: bool = True) -> Declared:
        """As `rendered` says, or said when the same was asked of the same commit."""
        key = bare.target, secrets
        kept = self._kept.get(key)
        if kept is not None and _said(kept) == _said(bare):
            return kept
        found = rendered(bare, renderer, secrets=secrets)
        if not found.why:
            with self._lock:
                before = self._kept.pop(key, None)
                self._objects += len(found.manifests) - (len(before.manifests) if before else 0)
                if self._objects > self._most:
                    self._kept, self._objects = {}, len(found.manifests)
                self._kept[key] = found
        return found


def _said(declared: Declared) -> tuple[str, str | None, str]:
    return declared.tree.commit, declared.version, declared.unversioned


def bare(tree: Tree, target: Target, reading: Reading) -> Declared:
    """A target's version alone: enough where no cluster is compared with it."""
    return Declared(target, tree, reading.version, unversioned=reading.why)


def rendered(declared: Declared, renderer: Renderer, *, secrets: bool = True) -> Declared:
    """With the objects as well; never raises. Without `secrets` those are left out."""
    tree, target = declared.tree, declared.target
    try:
        manifests = tuple(each for folder in target.folders for each in renderer.render(tree, folder, target))
        inputs = {path for folder in target.folders for path in renderer.inputs(tree, folder, target)}
    except (Refusal, Unavailable) as trouble:
        return replace(declared, why=str(trouble))
    except Exception as fault:
        log.exception("%s broke its rendering", target)
        return replace(declared, why=f"rendering it broke ({type(fault).__name__}); the bot's log says where")
    kept = manifests if secrets else tuple(each for each in manifests if not _is_secret(each))
    return replace(declared, manifests=kept, inputs=tuple(sorted(inputs)))


def declare(tree: Tree, target: Target, renderer: Renderer, *, secrets: bool = True) -> Declared:
    """What a commit declares of a target; never raises, since others wait for their turn."""
    reading = Reading(None)
    if not target.watched:
        try:
            reading = Reading(pins.current(tree, target))
        except (Refusal, Unavailable) as trouble:
            reading = Reading(None, str(trouble))
    return rendered(bare(tree, target, reading), renderer, secrets=secrets)


def _is_secret(manifest: Manifest) -> bool:
    return (manifest.get("apiVersion"), manifest.get("kind")) == ("v1", "Secret")
