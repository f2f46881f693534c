"""Whether nothing differs, told fast: most objects are as they should be on most looks.

Says yes only where `walk` would find nothing; wherever that takes thought it says no, and `walk` tells. It builds no
path, makes no list, and knows no rule that `walk` does not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.comparison import scalars
from bot.comparison.schema import ANY, CUSTOM, Scalar, Type
from bot.comparison.walk import type_at, void, zero

_PLAIN = frozenset((str, int, bool, float))
_AS_TEXT = frozenset((Scalar.TEXT, Scalar.BYTES))


def settled(kind: Type, want: Any, have: Any) -> bool:
    """Whether there is certainly nothing to tell of a live value."""
    if want.__class__ is dict and have.__class__ is dict:
        return _mapping(kind, want, have)
    if want.__class__ is list and have.__class__ is list:
        return _list(kind, want, have)
    return scalars.legal(kind, want) and scalars.same(kind, want, have)


def _mapping(kind: Type, want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    values, ignored = kind.values, kind.ignored
    if values is not None and values.scalar in _AS_TEXT and want == have:
        return True  # what a server keeps as text is text
    if kind.complete is not None:
        want = kind.complete(want, have)
    for name, value in want.items():
        other = have.get(name)
        if value == other and (value.__class__ is str or scalars.alike(value, other)):
            continue
        if ignored and (name in ignored or kind.ignores(name)):
            continue
        if value is None or other is None:
            if other is not None or not _may_be_gone(kind, name, value):
                return False
        elif not settled(type_at(kind, name, value), value, other):
            return False
    return kind.shared or _no_more(kind, want, have)


def _no_more(kind: Type, want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    """Whether all that is live beside Git's fields is there by itself."""
    theirs, defaults, ignored = kind.theirs, kind.defaults, kind.ignored
    for name, other in have.items():
        if name in want or other is None or name in theirs:
            continue
        default = defaults.get(name)
        if default is not None:
            if callable(default):
                default = default(want)
            if default == other and default.__class__ in _PLAIN:
                continue
        if not (ignored and (name in ignored or kind.ignores(name))) and not _may_be_extra(kind, name, default, other):
            return False
    return True


def _may_be_gone(kind: Type, name: str, value: Any) -> bool:
    """Whether nothing is said by a field of Git's that is not live."""
    return value is None or (void(value) and name not in kind.presence and not kind.drops(name))


def _may_be_extra(kind: Type, name: str, default: Any, have: Any) -> bool:
    """Whether a live field that Git leaves out is as it is by default."""
    if (void(have) and name not in kind.presence) or (not default and zero(kind, name, have)):
        return True
    of = kind.of(name)
    if default is not None:
        return have.__class__ is default.__class__ and settled(of, default, have)
    if of.values is not None and have.__class__ is dict and (kind.known is None or kind.knows(name)):
        return _mapping(of, {}, have)
    return False


def _list(kind: Type, want: Sequence[Any], have: Sequence[Any]) -> bool:
    """Item by item: servers keep the order that they are given, whatever it means."""
    if len(want) != len(have):
        return False
    of = kind.items or (CUSTOM if kind.custom else ANY)
    if kind.keys:
        seen = set()
        for item, other in zip(want, have, strict=True):
            key, twin = _key(kind, of, item), _key(kind, of, other)
            if key is None or key != twin or key in seen:
                return False
            seen.add(key)
    for item, other in zip(want, have, strict=True):
        if not ((item == other and scalars.alike(item, other)) or settled(of, item, other)):
            return False
    return True


def _key(kind: Type, of: Type, item: Any) -> tuple[Any, ...] | None:
    """What tells an item apart, defaulted; None where it can't."""
    if item.__class__ is not dict:
        return None
    key = []
    for name in kind.keys:
        part = item.get(name)
        if part is None:
            part = of.default(name, item)
        if part.__class__ in {dict, list}:
            return None
        key.append(part)
    return tuple(key)
