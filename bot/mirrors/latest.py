"""By which move each of thousands of targets came to its version, found in one walk along the branch.

Says of each what `History.moves` says first, and what a move is only `History` knows. What was found is noted on disk
together, and continued where the branch has gone on: of all targets only those are looked at that were touched since.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain
from threading import Lock
from typing import Any

from bot.mirrors.commits import Change, Commits
from bot.mirrors.history import History, Step, plain, revived
from bot.mirrors.notes import Notes
from bot.mirrors.versions import Paths, covers
from bot.model.catalog import Target
from bot.model.change import Move

_NAMED = 500
"""Commits that one git is asked for: their ids are its arguments."""
_AT_ONCE = 4

_Row = list[Any]
"""The paths that a target's version is made of at the tip, and the move as JSON, or None where there was never one."""


class Latest:
    """One mirror's. Threads take turns: the second finds what the first one looked for."""

    def __init__(self, commits: Commits, history: History, notes: Notes) -> None:
        self._commits = commits
        self._history = history
        self._notes = notes
        self._turn = Lock()
        self._tip = ""
        self._rows: dict[str, _Row] = {}
        self._known: dict[Target, Move | None] = {}

    def all(self, start: str, targets: Sequence[Target]) -> Mapping[Target, Move]:
        """The newest move of each target from the commit `start` back; those never moved are left out."""
        with self._turn:
            if self._tip != start:
                self._continue(start, targets)
            missing = [target for target in targets if target not in self._known]
            unknown = [target for target in missing if repr(target) not in self._rows]
            if unknown:
                self._find(unknown, self._commits.changes(start))
                self._notes.keep({"tip": start, "targets": self._rows}, "latest")
            for target in missing:
                _, said = self._rows[repr(target)]
                self._known[target] = said and revived(said, target)
            found = ((target, self._known[target]) for target in targets)
            return {target: move for target, move in found if move is not None}

    def _continue(self, start: str, targets: Sequence[Target]) -> None:
        """Take up what is known of the branch as it was, as far as it is so still."""
        if not self._rows and (noted := self._notes.find("latest")):
            self._tip, self._rows = noted["tip"], noted["targets"]
        since = self._commits.since(self._tip, start) if self._rows else None
        if since is None:
            self._tip, self._rows, self._known = start, {}, {}
            return
        touched = set(chain.from_iterable(_above(file) for change in since for file in change.files))
        stale = {key: row for key, row in self._rows.items() if not touched.isdisjoint(row[0])}
        self._tip = start
        self._rows = {key: row for key, row in self._rows.items() if key not in stale}
        self._known = {target: move for target, move in self._known.items() if repr(target) not in stale}
        # Of those that nobody asks for now, nothing is told: they are looked for when somebody does.
        again = [target for target in targets if repr(target) in stale]
        self._find(again, since, {key: row[1] for key, row in stale.items()})
        if since:
            self._notes.keep({"tip": start, "targets": self._rows}, "latest")

    def _find(
        self, targets: Sequence[Target], changes: Iterable[Change], before: Mapping[str, Any] | None = None
    ) -> None:
        """Walk back until each has its move; those that have none on the way have the one from `before`."""
        paths = {target: self._history.look(self._tip, target).paths for target in targets}
        steps = self._walk(targets, changes)
        moves = self._told(steps)
        for target in targets:
            move = plain(moves[target]) if target in moves else (before or {}).get(repr(target))
            self._rows[repr(target)] = [list(paths[target]), move]

    def _walk(self, targets: Sequence[Target], changes: Iterable[Change]) -> dict[Target, Step]:
        """Between two commits that touched what a version is made of, nothing of it has changed: a look serves both."""
        looks = {target: self._history.look(self._tip, target) for target in targets}
        followed = {target: look.paths for target, look in looks.items()}
        index: dict[str, set[Target]] = {}
        for target, paths in followed.items():
            _enter(index, target, paths)
        found: dict[Target, Step] = {}
        for change in changes if targets else ():
            names = index.keys() & set(chain.from_iterable(map(_above, change.files)))
            for target in set(chain.from_iterable(index[name] for name in names)):
                before = self._history.look(change.parent, target)
                step = Step(change.sha, change.parent, before, looks[target])
                looks[target] = before
                if step.is_move:
                    found[target] = step
                    _leave(index, target, followed[target])
                elif not covers(followed[target], before.paths):
                    _leave(index, target, followed[target])
                    followed[target] = before.paths
                    _enter(index, target, before.paths)
            if len(found) == len(targets):
                break
        return found

    def _told(self, steps: Mapping[Target, Step]) -> dict[Target, Move]:
        ids = list(dict.fromkeys(step.sha for step in steps.values()))
        pages = (ids[at : at + _NAMED] for at in range(0, len(ids), _NAMED))
        commits = {commit.sha: commit for page in pages for commit in self._commits.named(page)}

        def told(target: Target) -> Move:
            return self._history.move(commits[steps[target].sha], steps[target], target)

        with ThreadPoolExecutor(_AT_ONCE, "moves") as pool:
            return dict(zip(steps, pool.map(told, steps), strict=True))


def _above(file: str) -> Iterable[str]:
    """A path, and every folder that it is in; "" is the root."""
    return chain([""], accumulate(file.split("/"), "{}/{}".format))


def _enter(index: dict[str, set[Target]], target: Target, paths: Paths) -> None:
    for path in paths:
        index.setdefault(path, set()).add(target)


def _leave(index: dict[str, set[Target]], target: Target, paths: Paths) -> None:
    for path in paths:
        index[path].discard(target)
        if not index[path]:
            del index[path]
