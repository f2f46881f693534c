"""What an agent is to its cluster: an engine's objects, by which clients see what it deployed, and ask for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.playground.kubernetes.objects import Json

Key = tuple[str, str, str, str]
"""API version, kind, namespace and name of an object."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a reconciliation: the commits tried and applied last, the objects now there, and what went wrong."""

    attempted: str
    applied: str
    objects: Iterable[Key] = ()
    error: str = ""
    built: bool = True
    """False if the folder can't be rendered: nothing was tried then."""
    changed: bool = True
    """Whether Git has something new for it, or all was applied anew."""
    handled: str = ""
    """What asked for it."""


class Engine(Protocol):
    """The objects of an engine. All may raise `Problem` where the cluster says no.

    A cluster that does not serve an engine's kinds is told nothing, and asks for nothing.
    """

    manager: str
    """The field manager of what is applied."""
    kind: str
    """Of the object that stands for a folder."""
    compares: bool
    """Whether it tells what Git has, also of a folder that it is to leave alone."""

    def declare(self, name: str, path: str) -> None:
        """See to it that the folder's object is there, and what it refers to."""

    def forget(self, name: str) -> None:
        """The folder left Git."""

    def has_news(self, names: Iterable[str]) -> bool:
        """Whether somebody asks for something, or changed or deleted a folder's object."""

    def suspended(self, name: str) -> bool:
        """Whether a folder is to be left alone."""

    def is_changed(self, name: str) -> bool:
        """Whether a folder's object says something else than when it was reconciled last."""

    def request(self, name: str) -> str:
        """What asks for a reconciliation of a folder, to be told as handled; "" if nothing does."""

    def leave(self, name: str, revision: str, *, differs: bool) -> None:
        """Tell of a commit that is not applied, for the folder is to be left alone."""

    def tell(self, name: str, outcome: Outcome) -> None: ...

    def tell_source(self, revision: str, error: str = "") -> None:
        """Of a look at the repository."""

    def observe(self, name: str, objects: Mapping[Key, Json]) -> None:
        """Tell how the objects do that are there."""

    def mark(self, name: str, key: Key, metadata: Json) -> Json:
        """An object's metadata, with what says which folder it is of."""

    def owner(self, metadata: Json) -> str:
        """The name of the folder that an object is of; "" for what is not marked as ours."""
