"""Who may do what, and what is not to be told. Permission is the verb; who isn't listed only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Role:
    """Verbs allowed, in environments; `*` is all."""

    name: str
    may: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the config: the Slack user id, the GitHub login, their roles' names, and their address in commits."""

    id: str
    github: str | None = None
    roles: tuple[str, ...] = ()
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    people: Mapping[str, Person] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ignore:
    """A difference not worth telling. Empty fields match all; `path` is a JSON pointer, matched from its start."""

    why: str
    kind: str = ""
    name: str = ""
    path: str = ""
    manager: str = ""
    """The client that wrote the field last, as `managedFields` names it."""
    service: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Mute:
    """A target whose drift is not told for a while. It ends early when something worse is found than was known then."""

    environment: str
    service: str
    until: datetime
    by: str
    """Whoever asked for it, for people to read."""
    because: str
    at: datetime
