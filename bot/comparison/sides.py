"""The third side: what Git declared before tells what is on its way, what was left behind, and what is a hand's work.

A difference from what Git says now is PENDING where live is still as Git said before. What Git no longer says is
LEFTOVER where it was taken away and stuck, PENDING where that is yet to come, and UNDECLARED where Git never said it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bot.comparison import lists
from bot.comparison.fields import Fields
from bot.comparison.lists import ABSENT
from bot.comparison.paths import Item, Path, Places
from bot.comparison.schema import ANY, CUSTOM, Type, section
from bot.comparison.walk import Found, type_at, void, walk
from bot.model.sync import Kind, Manifest

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Past:
    """What is known of an object's past. `kind`, `desired` and `live` are as they were compared."""

    kind: Type
    desired: Manifest
    live: Manifest
    fields: Fields
    base: Manifest | None = None
    """What Git said of it before; None where that is not known, or it did not mention it."""
    matters: Callable[[Found], bool] = lambda _: True
    """Whether a difference from the base means that the base is not what is live."""
    has_base: bool = False
    """Whether it is known what Git said before, if only that the object was not there."""
    is_deployed: bool | None = None

    def judged(self, found: Sequence[Found]) -> list[Found]:
        """The findings, each as what it is by what went before; and what Git took away that `walk` leaves alone."""
        silent = list(_taken(self.kind, self.base, self.desired, self.live)) if self.base is not None else []
        ahead = {id(each) for each in found if each.kind is Kind.DRIFT and self._is_ahead(each.path)}
        judged = []
        for each in (*found, *silent):
            kind = Kind.PENDING if id(each) in ahead else each.kind
            if kind is Kind.UNDECLARED and self._was_declared(each):
                kind = Kind.PENDING if self._is_still_declared(each, is_ahead=bool(ahead)) else Kind.LEFTOVER
            judged.append(each if kind is each.kind else replace(each, kind=kind))
        return judged

    def _is_ahead(self, path: Path) -> bool:
        """Whether Git has moved on and live has not: it is there as Git said before."""
        if not self.has_base or self.is_deployed:
            return False
        if self.is_deployed is None and self._was_applied(path):
            return False
        return path not in self._since_base

    def _was_applied(self, path: Path) -> bool:
        """Whether Git's present word has been in the cluster, by the record of the last apply or by what came after.

        Who applies owns what it wrote: where it owns it no more, somebody has set it back.
        """
        if self.fields.applied_last(path) is not None:
            return self.fields.taken(path)
        if self.last_applied is None:
            return False
        return path not in self._since_applied

    def _was_declared(self, found: Found) -> bool:
        """Whether Git, or whoever deploys, ever gave the field a value."""
        path = found.path
        records = (self.base, self.last_applied)
        if any(record is not None and held(self.kind, record, path, found.have) for record in records):
            return True
        if self.fields.applied_last(path):
            return True
        # Who creates an object owns its defaults too: the record of what was sent knows better, where there is one.
        return found.known and self.last_applied is None and bool(self.fields.applied(path))

    def _is_still_declared(self, found: Found, *, is_ahead: bool) -> bool:
        """Whether what was deployed last still has the field: then it is Git's newest word that takes it away.

        Where no record tells, that word has not come yet if another of its kind has not (`is_ahead`), or if the whole
        object is as Git said before.
        """
        had = self.base is not None and held(self.kind, self.base, found.path, found.have)
        if self.is_deployed is not None or not had:
            return had and not self.is_deployed
        applied = self.fields.applied_last(found.path)
        if applied is not None:
            return applied
        if self.last_applied is not None:
            return held(self.kind, self.last_applied, found.path, found.have)
        return is_ahead or not self._since_base

    @cached_property
    def last_applied(self) -> Manifest | None:
        """The object as a client-side apply sent it last, by its own account. Of a Secret it has the values."""
        text = section(section(self.live, "metadata"), "annotations").get(_LAST_APPLIED)
        try:
            read = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(read, dict):
            return None
        return read if self.kind.complete is None else self.kind.complete(read, {})

    @cached_property
    def _since_base(self) -> Places:
        """Where live is not as Git said before."""
        found = () if self.base is None else walk(self.kind, self.base, self.live)
        return Places(each.path for each in found if self.matters(each))

    @cached_property
    def _since_applied(self) -> Places:
        """Where Git says something else than what was applied last."""
        found = () if self.last_applied is None else walk(self.kind, self.desired, self.last_applied)
        return Places(each.path for each in found if each.kind is not Kind.UNDECLARED)


def held(kind: Type, record: Any, path: Path, live: Any) -> bool:
    """Whether a manifest says something at a path. `live` is what is there, to know an item without keys by."""
    value = record
    for depth, step in enumerate(path):
        if kind.complete is not None and isinstance(value, Mapping):
            value = kind.complete(value, {})
        if isinstance(step, str):
            if not isinstance(value, Mapping):
                return False
            value = value.get(step)
            kind = type_at(kind, step, value)
        elif not isinstance(value, list):
            return False
        else:
            is_last = depth == len(path) - 1
            value, kind = _item(kind, value, step, live if is_last else ABSENT), _items(kind)
        if value is None or value is ABSENT:
            return False
    return not (void(value) or value == "")


def _item(kind: Type, items: Sequence[Any], step: Item, live: Any) -> Any:
    by_label = {pair[0].label: pair[1] for pair in (lists.by_key(kind, items, items) or ())} if kind.keys else {}
    if by_label:
        return by_label.get(step.label, ABSENT)
    if live is ABSENT:
        return items[step.index] if kind.ordered and step.index < len(items) else ABSENT
    return next((item for item in items if not any(walk(_items(kind), item, live))), ABSENT)


def _items(kind: Type) -> Type:
    return kind.items or (CUSTOM if kind.custom else ANY)


def _taken(kind: Type, base: Any, want: Any, have: Any, path: Path = ()) -> Iterator[Found]:
    """What Git no longer says and live has just as it was said, of what is a controller's while Git is silent."""
    if isinstance(base, list) and isinstance(want, list) and isinstance(have, list):
        yield from _taken_items(kind, base, want, have, path)
    if not (isinstance(base, Mapping) and isinstance(want, Mapping) and isinstance(have, Mapping)):
        return
    for name, value in base.items():
        now, there, at = want.get(name), have.get(name), (*path, name)
        if value is None or there is None or value == now or kind.ignores(name):
            continue
        of = type_at(kind, name, value)
        if now is None and name in kind.theirs:
            if not void(value) and not any(walk(of, value, there)):
                yield Found(Kind.UNDECLARED, at, None, there)
        elif now is not None or of.shared:
            yield from _taken(of, value, [] if now is None else now, there, at)


def _taken_items(
    kind: Type, base: Sequence[Any], want: Sequence[Any], have: Sequence[Any], path: Path
) -> Iterator[Found]:
    if not kind.keys:
        if kind.shared:
            for at, item in enumerate(have):
                if item in base and item not in want:
                    yield Found(Kind.UNDECLARED, (*path, Item(str(at), at)), None, item)
        return
    ours, theirs = lists.by_key(kind, base, have) or (), lists.by_key(kind, want, have) or ()
    declared = {step.label: item for step, item, _ in theirs if item is not ABSENT}
    for step, item, other in ours:
        if item is ABSENT or other is ABSENT:
            continue
        if step.label in declared:
            yield from _taken(_items(kind), item, declared[step.label], other, (*path, step))
        elif kind.shared:
            yield Found(Kind.UNDECLARED, (*path, step), None, other)
