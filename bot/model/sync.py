"""What clusters hold against what Git declares. One vocabulary everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model.catalog import Target

Manifest = Mapping[str, Any]
"""An object as JSON: what a render gives or an API server answers."""


class SyncState(StrEnum):
    SYNCED = "synced"
    PENDING = "pending"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"


class Health(StrEnum):
    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    DEGRADED = "degraded"
    MISSING = "missing"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Kind(StrEnum):
    """The class of a difference (`class` in `drift --json`)."""

    DRIFT = "drift"
    """A path that Git declares differs, or is gone."""
    LEFTOVER = "leftover"
    """Git removed what it once declared, and the cluster still has it."""
    UNDECLARED = "undeclared"
    """The cluster has something that Git never mentioned."""
    MISSING = "missing"
    ORPHAN = "orphan"
    """A whole object that an engine deployed for the target, and that Git no longer declares."""
    PENDING = "pending"
    """Git is ahead: the cluster is there as it was last deployed."""
    UNKNOWN = "unknown"
    """Can't be compared, such as what an engine substitutes when it deploys."""
    CONFIG_ERROR = "config-error"
    """Git's side is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """An object's identity at the version Git names. `namespace` is "" for cluster-scoped objects."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a field last, by the object's `managedFields`: the client, how (`Apply` or `Update`), and when.

    A hint: whoever creates an object owns its defaults too, and what a webhook changes is booked on its caller.
    """

    manager: str
    operation: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where live is not as declared. `path` is for people: `spec.template.spec.containers[name=app].image`.

    Values of Secrets are masked before they get here; None is "absent".
    """

    object: ObjectRef
    kind: Kind
    path: str
    desired: str | None
    live: str | None
    severity: Severity
    by: Writer | None = None
    since: datetime | None = None
    """When it began, as far as anybody knows: when the field was written, or when a check saw it first."""
    pointer: str = ""
    """`path` as a JSON pointer (RFC 6901), an item of a list by its keys: `/spec/containers/name=app/image`."""
    note: str = ""
    """What else there is to know, for people: that the field is immutable, that nobody could confirm it."""


@dataclass(frozen=True, slots=True)
class Live:
    """What one look at a cluster found of the objects asked for. In neither mapping: it is not there."""

    objects: Mapping[ObjectRef, Manifest]
    """Without their `managedFields`, which are the larger part of most."""
    unchecked: Mapping[ObjectRef, str] = field(default_factory=dict)
    """Objects that could not be read, and why, in a sentence."""
    unserved: Mapping[ObjectRef, tuple[str, ...]] = field(default_factory=dict)
    """Those of `unchecked` whose kind the cluster does not serve at that version, and the versions of the same group at
    which it does."""
    managed: Mapping[ObjectRef, bytes] = field(default_factory=dict)
    """The objects' `managedFields`, as JSON: who wrote what is only read where something differs."""
    tracked: Mapping[ObjectRef, Manifest] = field(default_factory=dict)
    """Objects met on the way that nobody asked for and that bear an engine's mark; their metadata alone."""
    absent_namespaces: frozenset[str] = frozenset()
    """Namespaces of objects that were asked for which the cluster says it does not have."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """What an API server publishes of kinds: OpenAPI schemas, references between them not followed."""

    kinds: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """By API version and kind."""
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What `$ref`s name, by their last segment."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the API server says would come of applying an object as Git has it: a server-side apply, dry run."""

    result: Manifest | None = None
    """The object as it would be stored; None if nobody could tell."""
    why: str = ""
    """Why nobody could tell, in a sentence."""
    immutable: bool = False
    """The server refuses the change (422): the object would have to be replaced."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deployed:
    """What an engine (Argo CD, Flux) says of the folder that it deploys."""

    engine: str
    """`argocd` or `flux`."""
    cluster: str
    """Where the engine's own object is."""
    object: ObjectRef
    """An Application, a Kustomization, a HelmRelease."""
    folder: str
    revision: str | None = None
    """The commit that it applied last, if it said so and it is one."""
    busy: str = ""
    """What it is doing, in a few words, while nothing should be judged: `Argo CD is syncing it`."""
    inventory: frozenset[ObjectRef] | None = None
    """The objects it says it deployed (of any version of their API); None if it does not say."""
    uid: str = ""
    mark: str = ""
    """What the marks on Argo CD's objects call it: its name, or its namespace and name."""
    namespace: str = ""
    """Where it puts namespaced objects that name no namespace, if it says so."""
    alone: bool = True
    """Whether it deploys this folder and nothing else. Only then is all that it deployed the target's."""
    recurses: bool = False
    """Whether it deploys plain files of the folders below as well, which a render leaves out."""
    rewrites: tuple[str, ...] = ()
    """Its settings by which it deploys something other than the folder says: `patches`, `postBuild`."""
    held: str = ""
    """Why asking it to sync would be in vain, and what to do instead, in a sentence: it is suspended."""
    attempted: str | None = None
    """The commit that it tried to apply last, if that is another."""
    health: Health | None = None
    """What it says itself of all it deployed."""
    trouble: str = ""
    """What went wrong when it tried last, in words: `the sync failed: Job shop/migrate, a PreSync hook, failed`."""
    waiting: str = ""
    """What it waits for before it applies what Git says: a sync window, another object, a retry. It follows the words
    "waits for"."""
    paused: str = ""
    """That somebody switched it off: `suspended in Flux`, `auto-sync is off in Argo CD`."""
    paused_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What else there is to see of an object that does not do well. Text of others, with known secrets taken out."""

    causes: tuple[str, ...] = ()
    """What its pods say, the most telling first: `ImagePullBackOff registry.example.com/payment:v1.3.0`."""
    events: tuple[str, ...] = ()
    """Warnings, the newest first."""
    log: tuple[str, ...] = ()
    """The last lines of a container that fails."""
    since: datetime | None = None
    stuck: bool = False
    """Whether its newest pods fail so that waiting won't help."""


@dataclass(frozen=True, slots=True)
class Ailment:
    """An object that is not healthy."""

    object: ObjectRef
    health: Health
    reason: str
    """`2 of 3 replicas ready`, without a time that passes."""
    since: datetime | None = None
    symptoms: Symptoms = Symptoms()


@dataclass(frozen=True, slots=True)
class Content:
    """What a target is made of in Git. `identity` is the same for the same files; `commit` is one that holds them."""

    identity: str
    commit: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at one target, in Git and in its cluster."""

    target: Target
    revision: str
    desired: str | None
    live: str | None
    sync: SyncState
    health: Health
    why: str = ""
    differences: tuple[Difference, ...] = ()
    deployed: Deployed | None = None
    """The engine that deploys it, where one is found."""
    unread: Mapping[ObjectRef, str] = field(default_factory=dict)
    """Objects of the target that could not be read, and why: nothing is known of their differences."""
    ailments: tuple[Ailment, ...] = ()
    """What keeps it from being healthy, the worst first."""
