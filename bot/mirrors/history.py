"""How a target's version came about: who moved it to what, when, and by which pull request. Judges nothing.

Follows everything that the version is made of, bases outside the target's own folders included, through commits of
any origin. What was found is noted on disk, and continued where the branch has gone on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from itertools import dropwhile
from typing import Any

from bot.mirrors.commits import Change, Commits
from bot.mirrors.mirror import Mirror
from bot.mirrors.notes import Notes
from bot.mirrors.tree import CommitTree
from bot.mirrors.versions import Look, Paths, Versions, covers
from bot.model.catalog import Reading, Target
from bot.model.change import CHANGE, Commit, Move

_PULL = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")
_PAGE = 16
"""Moves that are told, and noted, before anybody has to wait for more; each further page has twice as many."""


_Touching = Callable[[str, Paths], Iterator[tuple[str, str | None]]]
"""Commits from one back that touched any of the paths, newest first, each with its first parent."""


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that touched what a version is made of, its first parent, and the looks at both."""

    sha: str
    parent: str | None
    before: Look
    after: Look

    @property
    def is_move(self) -> bool:
        return self.before.reading.version != self.after.reading.version


@dataclass(frozen=True, slots=True)
class _Known:
    """The moves from a commit of the branch back, newest first; older ones are to be looked for from `rest` on."""

    tip: str
    moves: tuple[Move, ...]
    rest: str | None


class History:
    """One mirror's. Threads and processes may share the notes: each writes only what it found by itself, whole."""

    def __init__(self, mirror: Mirror, commits: Commits, versions: Versions, notes: Notes) -> None:
        self._mirror = mirror
        self._commits = commits
        self._versions = versions
        self._notes = notes

    def moves(self, start: str, target: Target) -> Iterator[Move]:
        """From the commit `start` back, newest first, found as they are asked for.

        A version that can't be told counts as None.
        """
        known, size = self._known(start, target), _PAGE
        yield from known.moves
        while known.rest is not None:
            page, rest = self._page(known.rest, target, size)
            known = _Known(start, known.moves + page, rest)
            self._keep(target, known)
            yield from page
            size *= 2

    def find_change(self, start: str, target: Target, change: str) -> str | None:
        """The newest commit with the trailer `Quarterdeck-Change: <change>` among those that touched what the version
        is made of, be it on the branch or brought by a merge."""
        for path in self.look(start, target).paths:
            for commit in self._commits.holding(start, change, path):
                if commit.trailers.get(CHANGE) == change:
                    return commit.sha
        return None

    def _known(self, start: str, target: Target) -> _Known:
        noted = self._noted(target)
        since = self._commits.since(noted.tip, start) if noted else None
        if noted is None or since is None:
            return _Known(start, (), start)
        if not since:
            return noted
        steps = self._steps(start, target, partial(_touching, since))
        newer = [step for step in steps if step.is_move]
        known = replace(noted, tip=start, moves=self._told(newer, target) + noted.moves)
        self._keep(target, known)
        return known

    def _page(self, start: str, target: Target, size: int) -> tuple[tuple[Move, ...], str | None]:
        """So many moves, and the commit to go on from; None if there are no more."""
        found: list[Step] = []
        for step in self._steps(start, target, self._commits.touching):
            if step.is_move:
                found.append(step)
            if len(found) == size:
                return self._told(found, target), step.parent
        return self._told(found, target), None

    def _steps(self, start: str, target: Target, touching: _Touching) -> Iterator[Step]:
        """Between two steps nothing that the version is made of has changed, so one look serves both.

        Where a commit made it be made of other files, the walk goes on along those.
        """
        at: str | None = start
        after = self.look(start, target)
        while at is not None:
            followed, walked, at = after.paths, touching(at, after.paths), None
            for sha, parent in walked:
                before = self.look(parent, target)
                yield Step(sha, parent, before, after)
                after = before
                if not covers(followed, before.paths):
                    at = parent
                    break

    def look(self, commit: str | None, target: Target) -> Look:
        """What a commit, or the nothing before the first, says of a target."""
        if commit is None:
            return Look(Reading(None), ())
        return self._versions.look(CommitTree(self._mirror, commit), target)

    def _told(self, steps: Sequence[Step], target: Target) -> tuple[Move, ...]:
        commits = self._commits.named([step.sha for step in steps])
        return tuple(self.move(commit, step, target) for commit, step in zip(commits, steps, strict=True))

    def move(self, commit: Commit, step: Step, target: Target) -> Move:
        """The move that a step is; `commit` is the step's."""
        if len(commit.parents) > 1:
            # A merge says little itself; the trailers stand in what it brought.
            onto, merged = commit.parents[:2]
            brought = next(self._commits.brought(merged, onto, step.after.paths, first_parents=True), None)
            commit = replace(commit, trailers=(brought.trailers if brought else {}) | commit.trailers)
        pull = _PULL.search(commit.subject)
        return Move(
            target=target,
            from_version=step.before.reading.version,
            to_version=step.after.reading.version,
            commit=commit,
            by=commit.trailers.get("Requested-by") or commit.author,
            pull=int(pull[1] or pull[2]) if pull else None,
        )

    def _noted(self, target: Target) -> _Known | None:
        noted = self._notes.find("moves", repr(target))
        return noted and _Known(noted["tip"], tuple(revived(each, target) for each in noted["moves"]), noted["rest"])

    def _keep(self, target: Target, known: _Known) -> None:
        moves = [plain(move) for move in known.moves]
        self._notes.keep({"tip": known.tip, "moves": moves, "rest": known.rest}, "moves", repr(target))


def _touching(changes: Sequence[Change], start: str, paths: Paths) -> Iterator[tuple[str, str | None]]:
    for each in dropwhile(lambda change: change.sha != start, changes):
        if any(covers(paths, (file,)) for file in each.files):
            yield each.sha, each.parent


def plain(move: Move) -> dict[str, Any]:
    plain = asdict(move)
    del plain["target"]
    plain["commit"]["at"] = move.commit.at.isoformat()
    return plain


def revived(plain: dict[str, Any], target: Target) -> Move:
    said = plain["commit"]
    at, parents = datetime.fromisoformat(said["at"]), tuple(said["parents"])
    return Move(target=target, **plain | {"commit": Commit(**said | {"at": at, "parents": parents})})
