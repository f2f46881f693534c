"""Which version a target is at in a commit, told once for the same content.

What a version was told from is noted with it: every file and folder that was looked at, bases included. Where all of
them have the ids they had then, so it is the same version, whatever the commit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from bot.errors import Refusal
from bot.mirrors.contents import Contents
from bot.mirrors.notes import Notes
from bot.mirrors.tree import CommitTree
from bot.model.catalog import Reading, Target
from bot.ports import Tree

Version = Callable[[Tree, Target], str | None]
"""Tells the version at a target, as `bot.pins.current` does; may raise Refusal."""

_MANY = 50
"""Targets from which on reading all their files at once is faster than one by one."""

Paths = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A reading, and the paths that it depends on, none below another."""

    reading: Reading
    paths: Paths


class Versions:
    """One mirror's. Threads share it."""

    def __init__(self, contents: Contents, version: Version, notes: Notes) -> None:
        self._contents = contents
        self._version = version
        self._notes = notes
        self._looks: dict[Target, dict[Paths, dict[str, Look]]] = {}
        self._newest: tuple[str, dict[Target, Reading]] = ("", {})
        self._reading = Lock()

    def look(self, tree: Tree, target: Target) -> Look:
        """What a commit says of a target; never raises Refusal."""
        for paths, looks in self._looks.get(target, {}).items():
            if (known := looks.get(_content(tree, paths))) is not None:
                return known
        watched = Watched(tree)
        try:
            reading = Reading(self._version(watched, target))
        except Refusal as refusal:
            reading = Reading(None, str(refusal))
        look = Look(reading, _outermost((*target.folders, *watched.seen)))
        self._remember(target, _content(watched, look.paths), look)
        return look

    def all(self, commit: str, targets: Sequence[Target]) -> Mapping[Target, Reading]:
        """The reading of each target, perhaps of others too. Told from disk where another process has been here."""
        if len(targets) < _MANY:
            tree = self._contents.tree(commit)
            return {target: self.look(tree, target).reading for target in targets}
        with self._reading:
            at, known = self._newest
            missing = targets if at != commit else [target for target in targets if target not in known]
            if missing:
                told = self._look_at_many(commit, missing)
                self._newest = (commit, known | told if at == commit else told)
            return self._newest[1]

    def _look_at_many(self, commit: str, targets: Sequence[Target]) -> dict[Target, Reading]:
        noted = self._notes.find("versions") or {}
        rows = noted.get("targets", {})
        if noted.get("commit") == commit and all(repr(target) in rows for target in targets):
            return {target: Reading(*rows[repr(target)][:2]) for target in targets}
        self._contents.list(commit)
        tree = self._contents.tree(commit)
        for target in targets if rows else ():
            if (row := rows.get(repr(target))) is not None and target not in self._looks:
                version, why, content, paths = row
                self._remember(target, content, Look(Reading(version, why), tuple(paths)))
        fresh = [target for target in targets if not self._is_known(tree, target)]
        if len(fresh) > _MANY:
            tree = self._contents.ahead(tree, [folder for target in fresh for folder in target.folders])
        looks = {target: self.look(tree, target) for target in targets}
        kept = {repr(target): _row(tree, look) for target, look in looks.items()}
        self._notes.keep({"commit": commit, "targets": kept}, "versions")
        return {target: look.reading for target, look in looks.items()}

    def _is_known(self, tree: Tree, target: Target) -> bool:
        return any(_content(tree, paths) in looks for paths, looks in self._looks.get(target, {}).items())

    def _remember(self, target: Target, content: str, look: Look) -> None:
        self._looks.setdefault(target, {}).setdefault(look.paths, {})[content] = look


class Watched:
    """A tree that notes what was looked at, and asks for each identity once."""

    def __init__(self, tree: Tree) -> None:
        self.commit = tree.commit
        self.seen: dict[str, str | None] = {}
        self._tree = tree

    def read(self, path: str) -> bytes | None:
        self.identity(path)
        return self._tree.read(path)

    def files(self, folder: str) -> tuple[str, ...]:
        self.identity(folder)
        return self._tree.files(folder)

    def folders(self, folder: str) -> tuple[str, ...]:
        self.identity(folder)
        return self._tree.folders(folder)

    def identity(self, path: str) -> str | None:
        if path not in self.seen:
            self.seen[path] = self._tree.identity(path)
        return self.seen[path]


def _outermost(paths: Iterable[str]) -> Paths:
    """Without those that lie below another."""
    kept: list[str] = []
    for path in sorted({path.strip("/") for path in paths}, key=lambda path: path.replace("/", "\0")):
        if not kept or (kept[-1] and not path.startswith(f"{kept[-1]}/")):
            kept.append(path)
    return tuple(kept)


def covers(paths: Paths, others: Paths) -> bool:
    """Whether each of the others is one of the paths, or lies below one."""
    return all(any(not path or f"{other}/".startswith(f"{path}/") for path in paths) for other in others)


def _content(tree: Tree, paths: Paths) -> str:
    return " ".join(tree.identity(path) or "-" for path in paths)


def _row(tree: CommitTree, look: Look) -> list[Any]:
    return [look.reading.version, look.reading.why, _content(tree, look.paths), look.paths]
