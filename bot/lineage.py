"""How the versions of a target followed on each other: which stand, which were rolled back, and the way back.

Pure: Git's moves in, the moves to revert out. Going back to a version takes away all that came after it, whether by a
rollback of ours, a revert or by hand: so what was left once is not gone back to by a second rollback.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.change import CHANGE, Move

REJECTS = "Quarterdeck-Rejects"
"""The trailer of a rollback of ours: the version that it takes back."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way back: the moves to revert, newest first, and the version that leads to."""

    moves: tuple[Move, ...]
    to_version: str
    again: Move | None = None
    """The earlier rollback that it goes on from, or undoes."""
    undoes: bool = False
    """Whether it leads to what was rolled back, and so rejects nothing."""


class Lineage:
    """One target's, from its moves, newest first: all of them."""

    def __init__(self, moves: Iterable[Move]) -> None:
        self.moves = tuple(moves)
        self._standing: list[tuple[str, Move | None]] = []
        self._undone: dict[str, Move] = {}
        self._rejected: dict[str, Move] = {}
        for move in reversed(self.moves):
            self._follow(move)

    @property
    def versions(self) -> tuple[str, ...]:
        """All that ever ran, newest first."""
        return tuple(
            dict.fromkeys(name for move in self.moves for name in (move.to_version, move.from_version) if name)
        )

    @property
    def earlier(self) -> tuple[str, ...]:
        """Those that stand below the present one, newest first."""
        return tuple(version for version, _ in reversed(self._standing[:-1]))

    def back(self) -> Way | None:
        """The way to the version before; None if nothing stands below the present one.

        After a rollback it goes further back, never to the version that was left for a reason.
        """
        if len(self._standing) < 2:
            return None
        _, brought = self._standing[-1]
        again = None if self.moves[0] is brought else self.moves[0]
        return Way(_moves(self._standing[-1:]), self._standing[-2][0], again)

    def back_to(self, version: str) -> Way | None:
        """The way to a version, by its tag or digest alone too; None if it never ran."""
        version = self._meant(version)
        standing = [name for name, _ in self._standing]
        if version in standing:
            return Way(_moves(self._standing[standing.index(version) + 1 :]), version)
        if version not in self.versions:
            return None
        since = []
        for move in self.moves:
            if move.to_version == version:
                break
            since.append(move)
        return Way(tuple(since), version, self._rejected.get(version) or since[-1], undoes=True)

    def undone(self, move: Move) -> Move | None:
        """The later move that went back past this one, if one did."""
        return self._undone.get(move.commit.sha)

    def rejected(self, version: str) -> Move | None:
        """The rollback by which a version was left, unless somebody went to it again since."""
        return self._rejected.get(self._meant(version))

    def _follow(self, move: Move) -> None:
        stack = self._standing
        if move.to_version is None:
            stack.clear()
            return
        if not stack and move.from_version is not None:
            stack.append((move.from_version, None))
        self._rejected.pop(move.to_version, None)
        versions = [version for version, _ in stack]
        if move.to_version not in versions:
            stack.append((move.to_version, move))
            return
        at = versions.index(move.to_version) + 1
        self._undone |= {brought.commit.sha: move for brought in _moves(stack[at:])}
        if _rejects(move):
            self._rejected |= dict.fromkeys(versions[at:], move)
        del stack[at:]

    def _meant(self, version: str) -> str:
        """The version that ran, where only its tag or digest is named; what is named, if several did."""
        ran = self.versions
        near = [name for name in ran if version in name.split("@")]
        return near[0] if version not in ran and len(near) == 1 else version


def is_ours(move: Move) -> bool:
    """Whether the bot's own commit made the move, be it merged or squashed."""
    return move.commit.is_ours or f"\n{CHANGE}: " in move.commit.message


def _rejects(move: Move) -> bool:
    """A promotion of ours to a lower version doesn't: it was asked for as a step forward, and confirmed."""
    said = move.commit
    return not is_ours(move) or REJECTS in said.trailers or "This reverts commit " in said.message


def _moves(standing: list[tuple[str, Move | None]]) -> tuple[Move, ...]:
    """What brought them, newest first."""
    return tuple(move for _, move in reversed(standing) if move)
