"""A usage line as grammar: "promote <service> <version> to <environment>" matches words and names its slots.

`<service>` takes a word, `<services,…>` a list with commas or “and”, `<reason…>` all the rest. Must not know
what a service is: a slot takes any word that is not a keyword of the same usage.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.language.words import Word

AND = "and"
"""In a list, the same as a comma."""

_PIECES = re.compile(r"\[|\]|<([a-z_]+)(,?…)?>|[^\s\[\]<>]+")


@dataclass(frozen=True)
class Slot:
    """`takes` is "" for a word, ",…" for a list, "…" for the rest."""

    name: str
    takes: str = ""

    def __str__(self) -> str:
        return f"<{self.name}{self.takes}>"

    def ends(self, words: tuple[Word, ...], at: int, keywords: frozenset[str]) -> int:
        """Where the words end that the slot takes from `at` on; `at` itself where it can take none."""
        if self.takes == "…":
            return len(words)
        end = at
        while end < len(words) and words[end].text.casefold() not in keywords:
            end += 1
            last, following = words[end - 1].text, words[end].text if end < len(words) else ""
            anded = self.takes and AND in {last.casefold(), following.casefold()}
            if not (anded or last.endswith(",") or following.startswith(",")):
                break
        listed = any("," in word.text for word in words[at:end])
        return at if listed and not self.takes else end


@dataclass(frozen=True)
class Group:
    """Words that may be left out together."""

    pieces: tuple["Piece", ...]


Piece = str | Slot | Group


@dataclass(frozen=True)
class Match:
    """Words by slot, and whether nothing was left over; else how far it got and what it wanted there."""

    slots: Mapping[str, tuple[Word, ...]]
    complete: bool
    reached: int
    wanted: str | None = None
    said: frozenset[str] = field(default=frozenset(), compare=False)
    """The keywords that were said."""


@dataclass(frozen=True)
class Usage:
    """One form of a command, as it is written in help and docs."""

    line: str

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        pieces, rest = _parse(list(_PIECES.finditer(self.line)))
        if rest:
            raise ValueError(f"usage {self.line!r} closes a bracket that was never opened")
        return pieces

    @cached_property
    def keywords(self) -> frozenset[str]:
        return frozenset(_keywords(self.pieces))

    @cached_property
    def slots(self) -> tuple[str, ...]:
        return tuple(re.findall(r"<([a-z_]+)(?:,?…)?>", self.line))

    def match(self, words: tuple[Word, ...]) -> Match:
        """The match that consumes all words, or the attempt that got furthest."""
        best = Match({}, complete=False, reached=0, wanted=self.line.split()[0])
        for attempt in self._attempts(self.pieces, words, 0, {}, frozenset()):
            if attempt.complete and attempt.reached == len(words):
                return attempt
            if attempt.reached >= best.reached:
                best = Match(attempt.slots, complete=False, reached=attempt.reached, wanted=attempt.wanted)
        return best

    def _attempts(
        self,
        pieces: tuple[Piece, ...],
        words: tuple[Word, ...],
        at: int,
        taken: Mapping[str, tuple[Word, ...]],
        said: frozenset[str],
    ) -> Iterator[Match]:
        if not pieces:
            yield Match(taken, complete=True, reached=at, said=said)
            return
        piece, rest = pieces[0], pieces[1:]
        if isinstance(piece, Group):
            yield from self._attempts(piece.pieces + rest, words, at, taken, said)
            yield from self._attempts(rest, words, at, taken, said)
        elif at == len(words):
            yield Match(taken, complete=False, reached=at, wanted=str(piece))
        elif isinstance(piece, Slot):
            end = piece.ends(words, at, self.keywords)
            if end == at:
                yield Match(taken, complete=False, reached=at, wanted=str(piece))
            else:
                yield from self._attempts(rest, words, end, {**taken, piece.name: words[at:end]}, said)
        elif words[at].text.casefold() == piece:
            yield from self._attempts(rest, words, at + 1, taken, said | {piece})
        else:
            yield Match(taken, complete=False, reached=at, wanted=piece)


def _parse(tokens: list[re.Match[str]]) -> tuple[tuple[Piece, ...], list[re.Match[str]]]:
    pieces: list[Piece] = []
    while tokens:
        token, *tokens = tokens
        if token[0] == "[":
            inner, tokens = _parse(tokens)
            if not tokens:
                raise ValueError("a usage opens a bracket and never closes it")
            tokens = tokens[1:]
            pieces.append(Group(inner))
        elif token[0] == "]":
            return tuple(pieces), [token, *tokens]
        else:
            pieces.append(Slot(token[1], token[2] or "") if token[1] else token[0])
    return tuple(pieces), []


def _keywords(pieces: tuple[Piece, ...]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Group):
            yield from _keywords(piece.pieces)
        elif isinstance(piece, str):
            yield piece
