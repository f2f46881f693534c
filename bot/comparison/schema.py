"""What is known of the shape of a value, as far as comparing needs it.

A `Type` never says that a field must exist: an unknown field is compared as it stands, and one unknown field costs
the rest of its object nothing. Knows no kind; those are in `bot.comparison.kinds`, and `bot.comparison.openapi` adds
to them what a server publishes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Scalar(Enum):
    QUANTITY = "quantity"
    """`1000m` is `1`; see `bot.comparison.quantities`. What is no amount (`25%`) counts as it stands."""
    BYTES = "bytes"
    """Base64; the decoded bytes count."""
    TIME = "time"
    """A moment (RFC 3339), in any zone and precision."""
    TEXT = "text"
    """The API takes strings alone here: anything else in Git is a mistake there."""


Default = Any
"""A default's value, or a function of the mapping in Git that it completes; None is "no default"."""

Complete = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""A mapping in Git and the live one -> what to compare with the live one."""


@dataclass(frozen=True)
class Type:
    fields: Mapping[str, "Type"] = field(default_factory=dict)
    """Fields that nobody but a person or a tool of theirs sets: undeclared ones are worth telling."""
    defaults: Mapping[str, Default] = field(default_factory=dict)
    """What a server makes of an absent field, in any version of it."""
    theirs: frozenset[str] = frozenset()
    """Fields that servers and controllers fill: compared where Git gives them a value, else left alone."""
    ignored: frozenset[str] = frozenset()
    """Names never compared, even where Git has them. An entry ending in `/` stands for all names with that prefix."""
    values: "Type | None" = None
    """For a mapping with free keys (labels): the type of its values."""
    items: "Type | None" = None
    """For a list: the type of its items."""
    keys: tuple[str, ...] = ()
    """For a list that is a map in truth: the fields that tell its items apart."""
    ordered: bool = True
    """False for a list whose order means nothing."""
    shared: bool = False
    """True for a list or a mapping to which others add items of theirs (finalizers)."""
    scalar: Scalar | None = None
    complete: Complete | None = None
    """Rewrites the mapping in Git as the server would, where a field depends on others far from it."""
    counted: frozenset[str] = frozenset()
    """Numbers of which 0 asks for the default; elsewhere 0 is a value like any other."""
    presence: frozenset[str] = frozenset()
    """Fields that mean something though empty: `namespaceSelector: {}` is every namespace, without it only one."""
    custom: bool = False
    """Part of a custom resource: stored as written, so that a zero is not the same as absent."""
    served: frozenset[str] | None = None
    """The fields that the server has; what Git has beside them it drops when it stores. None: not known."""
    known: frozenset[str] | None = None
    """The fields of `fields` that only people set; who sets what a schema alone tells of, nobody knows. None: all.

    A list or a mapping with free keys that a schema alone tells of has none: undeclared, it is told as a whole.
    """

    def of(self, name: str) -> "Type":
        """The type of a field."""
        return self.fields.get(name) or self.values or (CUSTOM if self.custom else ANY)

    def knows(self, name: str) -> bool:
        known = name in self.fields if self.known is None else name in self.known
        return known or name in self.defaults or (self.values is not None and self.known is None)

    def clears(self, name: str, value: object) -> bool:
        """Whether a value asks for the default as null does: the API takes it for absent."""
        if value == "":
            return name in self.defaults and not self.custom
        return name in self.counted and value == 0

    def drops(self, name: str) -> bool:
        return self.served is not None and name not in self.served

    def ignores(self, name: str) -> bool:
        prefix, slash, _ = name.partition("/")
        return name in self.ignored or (bool(slash) and prefix + "/" in self.ignored)

    def default(self, name: str, want: Mapping[str, Any]) -> Any:
        found = self.defaults.get(name)
        return found(want) if callable(found) else found


ANY = Type()
CUSTOM = Type(custom=True)
QUANTITY = Type(scalar=Scalar.QUANTITY)
TIME = Type(scalar=Scalar.TIME)
BYTES = Type(scalar=Scalar.BYTES)
TEXT = Type(scalar=Scalar.TEXT)


def record(
    plain: str = "",
    fields: Mapping[str, Type] | None = None,
    *,
    defaults: Mapping[str, Default] | None = None,
    theirs: str = "",
    ignored: str = "",
    presence: str = "",
    complete: Complete | None = None,
) -> Type:
    """A mapping with named fields; `plain` names those of which nothing more is known."""
    return Type(
        fields={**dict.fromkeys(plain.split(), ANY), **(fields or {})},
        defaults=defaults or {},
        theirs=frozenset(theirs.split()),
        ignored=frozenset(ignored.split()),
        presence=frozenset(presence.split()),
        complete=complete,
    )


def free(values: Type, *, ignored: str = "") -> Type:
    """A mapping with free keys."""
    return Type(values=values, ignored=frozenset(ignored.split()))


def keyed(items: Type, *keys: str, shared: bool = False) -> Type:
    """A list whose items are told apart by fields (`x-kubernetes-list-type: map`)."""
    return Type(items=items, keys=keys, shared=shared)


def unordered(items: Type = ANY, *, shared: bool = False) -> Type:
    """A list whose order means nothing."""
    return Type(items=items, ordered=False, shared=shared)


def sequence(items: Type) -> Type:
    """A list that is one value, in its order (`x-kubernetes-list-type: atomic`)."""
    return Type(items=items)


def section(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping in an object; empty where there is none, or something else."""
    found = manifest.get(name)
    return found if found.__class__ is dict or isinstance(found, Mapping) else {}
