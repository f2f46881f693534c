"""Which item of a list in Git is which item of the live list."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.comparison.paths import Item
from bot.comparison.schema import Type

Pair = tuple[Item, Any, Any]
"""Where, the item in Git, the live item; ABSENT on either side."""

ABSENT = object()
_PAIRS_TRIED = 100_000


def by_key(kind: Type, want: Sequence[Any], have: Sequence[Any]) -> list[Pair] | None:
    """Items paired by their key fields, defaulted first. None where that can't be: then it is a sequence after all.

    A key that is there twice makes it one too, unless the server kept only some: then the last one has won.
    """
    last_wins = len(want) != len(have)
    ours, others = _index(kind, want, last_wins=last_wins), _index(kind, have, last_wins=last_wins)
    if ours is None or others is None:
        return None
    pairs: list[Pair] = [
        (_label(kind, key, at), item, others[key][1] if key in others else ABSENT) for key, (at, item) in ours.items()
    ]
    pairs += [(_label(kind, key, at), ABSENT, item) for key, (at, item) in others.items() if key not in ours]
    return pairs


def repeated(kind: Type, items: Sequence[Any]) -> Iterator[tuple[Item, Any, int]]:
    """Items whose keys stand there more than once: the last of each, and how many there are."""
    keys: Counter[tuple[Any, ...]] = Counter()
    last = _index(kind, items, last_wins=True) if kind.keys else None
    if last is not None and len(last) < len(items):
        keys.update(tuple(_key(kind, item, name) for name in kind.keys) for item in items)
    for key, times in keys.items():
        if times > 1 and last is not None:
            yield _label(kind, key, last[key][0]), last[key][1], times


def by_likeness(want: Sequence[Any], have: Sequence[Any], alike: Callable[[Any, Any], bool]) -> Iterator[Pair]:
    """Items of a list whose order means nothing: equal ones first, what is left in turn."""
    same: dict[str, list[int]] = {}
    for at, other in reversed(list(enumerate(have))):
        same.setdefault(_spelt(other), []).append(at)
    rest = [
        (at, item) for at, item in enumerate(want) if not (same.get(_spelt(item)) and same[_spelt(item)].pop() >= 0)
    ]
    left = [have[at] for at in sorted(at for places in same.values() for at in places)]
    unmatched = []
    for at, item in rest:
        # Of very many that are all different, what is which is anybody's guess.
        is_likely = len(rest) * len(have) <= _PAIRS_TRIED
        found = next((i for i, other in enumerate(left) if alike(item, other)), None) if is_likely else None
        if found is None:
            unmatched.append((at, item))
        else:
            left.pop(found)
    for (at, item), other in zip(unmatched, left, strict=False):
        yield Item(str(at), at), item, other
    for at, item in unmatched[len(left) :]:
        yield Item(str(at), at), item, ABSENT
    for other in left[len(unmatched) :]:
        at = next(i for i, item in enumerate(have) if item is other)
        yield Item(str(at), at), ABSENT, other


def by_position(want: Sequence[Any], have: Sequence[Any]) -> Iterator[Pair]:
    """Items of two lists of one length, in turn."""
    for at, (item, other) in enumerate(zip(want, have, strict=True)):
        yield Item(str(at), at), item, other


def _spelt(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _index(kind: Type, items: Sequence[Any], *, last_wins: bool) -> dict[tuple[Any, ...], tuple[int, Any]] | None:
    found: dict[tuple[Any, ...], tuple[int, Any]] = {}
    for at, item in enumerate(items):
        if not isinstance(item, Mapping):
            return None
        key = tuple(_key(kind, item, name) for name in kind.keys)
        if any(isinstance(part, dict | list) for part in key) or (key in found and not last_wins):
            return None
        found[key] = (at, item)
    return found


def _key(kind: Type, item: Mapping[str, Any], name: str) -> Any:
    value = item.get(name)
    if value is None and kind.items is not None:
        value = kind.items.default(name, item)
    return value


def _label(kind: Type, key: tuple[Any, ...], index: int) -> Item:
    pairs = [f"{name}={value}" for name, value in zip(kind.keys, key, strict=True) if value is not None]
    return Item(",".join(pairs), index)
