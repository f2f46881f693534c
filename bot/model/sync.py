"""What clusters hold against what Git declares. One vocabulary everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    MISSING = "missing"
    UNDECLARED = "undeclared"
    CONFIG_ERROR = "config-error"


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


@dataclass(frozen=True, slots=True)
class Live:
    """What one look at a cluster found of the objects asked for. In neither mapping: it is not there."""

    objects: Mapping[ObjectRef, Manifest]
    unchecked: Mapping[ObjectRef, str] = field(default_factory=dict)
    """Objects that could not be read, and why, in a sentence."""


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
