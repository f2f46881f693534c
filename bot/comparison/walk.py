"""The walk over one object: everything that Git declares must be live, and what else is live must have a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.comparison import lists, scalars
from bot.comparison.kinds.pods import guess
from bot.comparison.lists import ABSENT
from bot.comparison.paths import Path
from bot.comparison.schema import CUSTOM, Type
from bot.model.sync import Kind


@dataclass(frozen=True, slots=True)
class Found:
    """A difference as the walk meets it. `want` is None where Git says nothing, `have` where nothing is live."""

    kind: Kind
    path: Path
    want: Any
    have: Any
    known: bool = True
    """Whether the field is one that only people fill; what a newer server may have filled is not."""
    dropped: bool = False
    """The API has no such field: what Git says there is never stored."""
    unkept: bool = False
    """The API has such a field and does not store it."""
    times: int = 1
    """How often Git declares an item of which the API keeps one."""


# Absent means something else than the zero value for these; for the rest the API drops zeros when it stores.
_ZERO_COUNTS = frozenset(
    [
        "activeDeadlineSeconds",
        "allowPrivilegeEscalation",
        "automountServiceAccountToken",
        "backoffLimitPerIndex",
        "enableServiceLinks",
        "fsGroup",
        "hostUsers",
        "maxFailedIndexes",
        "maxUnavailable",
        "minAvailable",
        "minReplicas",
        "replicas",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "stabilizationWindowSeconds",
        "startingDeadlineSeconds",
        "storageClassName",
        "terminationGracePeriodSeconds",
        "tolerationSeconds",
        "ttlSecondsAfterFinished",
    ]
)


def walk(kind: Type, want: Any, have: Any, path: Path = (), finding: Kind = Kind.DRIFT) -> Iterator[Found]:
    """What differs below a path. `finding` is UNDECLARED where `want` is a default instead of a word of Git's."""
    if isinstance(want, dict | list) and want == have and scalars.alike(want, have):
        return  # most of most objects, at the speed of C
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        yield from _mapping(kind, want, have, path, finding)
    elif isinstance(want, list) and isinstance(have, list):
        yield from _list(kind, want, have, path, finding)
    elif not scalars.legal(kind, want) and finding is Kind.DRIFT:
        yield Found(Kind.CONFIG_ERROR, path, want, have)
    elif not scalars.same(kind, want, have):
        yield Found(finding, path, want if finding is Kind.DRIFT else None, have)


def _mapping(
    kind: Type, want: Mapping[str, Any], have: Mapping[str, Any], path: Path, finding: Kind
) -> Iterator[Found]:
    if kind.complete is not None:
        want = kind.complete(want, have)
    for name, value in want.items():
        if kind.ignores(name):
            continue
        other = have.get(name)
        if name in kind.theirs and (void(value) or zero(kind, name, value) or (kind.custom and value == "")):
            continue
        if value is None or kind.clears(name, value):
            yield from _cleared(kind, name, want, have, path, finding)
        elif other is None and not (name in have and value == ""):
            if finding is Kind.DRIFT:  # a default that is not live is nobody's wish
                yield from _gone(kind, name, value, (*path, name))
        elif other is not None:
            yield from walk(type_at(kind, name, value), value, other, (*path, name), finding)
    for name in () if kind.shared else have.keys() - want.keys():
        if not kind.ignores(name):
            yield from _extra(kind, name, want, have[name], path, Kind.UNDECLARED)


def _gone(kind: Type, name: str, value: Any, path: Path) -> Iterator[Found]:
    """Git gives a field a value, and it is not live: fine if the API stores that value by leaving the field out."""
    of = type_at(kind, name, value)
    if kind.drops(name):
        if not (void(value) or zero(kind, name, value) or value == kind.default(name, {})):
            yield Found(Kind.CONFIG_ERROR, path, value, None, dropped=True)
    elif of.values is not None and isinstance(value, Mapping):
        yield from walk(of, value, {}, path)
    elif of.keys and isinstance(value, list):
        yield from walk(of, value, [], path)
    elif not _legal(of, value):
        yield Found(Kind.CONFIG_ERROR, path, value, None)
    elif void(value):
        if name in kind.presence:
            yield Found(Kind.DRIFT, path, value, None)
    elif not (zero(kind, name, value) or value == kind.default(name, {})):
        yield Found(Kind.DRIFT, path, value, None)


def _cleared(
    kind: Type, name: str, want: Mapping[str, Any], have: Mapping[str, Any], path: Path, finding: Kind
) -> Iterator[Found]:
    """Git says null, which asks for the default: another value is drift. Go reads null as the empty text."""
    if have.get(name) is not None and (kind.custom or have[name] != ""):
        rest = {key: value for key, value in want.items() if key != name}
        yield from _extra(kind, name, rest, have[name], path, finding)


def _extra(kind: Type, name: str, want: Mapping[str, Any], have: Any, path: Path, finding: Kind) -> Iterator[Found]:
    """A live field that Git leaves out."""
    default = kind.default(name, want)
    if name in kind.theirs or (void(have) and name not in kind.presence) or (not default and zero(kind, name, have)):
        return
    at = (*path, name)
    of = kind.of(name)
    if default is not None:
        yield from (_as(found, finding) for found in walk(of, default, have, at, Kind.UNDECLARED))
    elif kind.known is not None and not kind.knows(name):
        yield Found(finding, at, None, have, known=False)
    elif of.known is None and of.values is not None and isinstance(have, Mapping):
        yield from walk(of, {}, have, at, Kind.UNDECLARED)
    elif of.known is None and isinstance(have, list) and (of.keys or not of.ordered):
        yield from _list(of, [], have, at, Kind.UNDECLARED)
    else:
        yield Found(finding, at, None, have, known=kind.knows(name))


def _list(kind: Type, want: Sequence[Any], have: Sequence[Any], path: Path, finding: Kind) -> Iterator[Found]:
    of = kind.items or (CUSTOM if kind.custom else Type())
    pairs = lists.by_key(kind, want, have) if kind.keys else None
    if pairs is None and not kind.ordered:
        if all(not isinstance(item, dict | list) for item in (*want, *have)):
            yield from _set(kind, want, have, path, finding)
            return
        pairs = list(lists.by_likeness(want, have, lambda item, other: not any(walk(of, item, other))))
    if pairs is None:
        if len(want) != len(have):
            yield Found(finding, path, list(want) if finding is Kind.DRIFT else None, list(have))
            return
        pairs = list(lists.by_position(want, have))
    if finding is Kind.DRIFT and len(want) != len(have):
        for step, item, times in lists.repeated(kind, want):
            yield Found(Kind.CONFIG_ERROR, (*path, step), item, None, times=times)
    for step, item, other in pairs:
        at = (*path, step)
        if other is ABSENT:
            if finding is Kind.DRIFT:
                yield Found(finding, at, item, None)
        elif item is not ABSENT:
            yield from walk(of, item, other, at, finding)
        elif not kind.shared:
            yield Found(Kind.UNDECLARED, at, None, other)


def _set(kind: Type, want: Sequence[Any], have: Sequence[Any], path: Path, finding: Kind) -> Iterator[Found]:
    wanted = set(want)
    missing = wanted - set(have)
    more = [] if kind.shared else [item for item in have if item not in wanted]
    if (missing or more) and want:
        yield Found(finding, path, list(want) if finding is Kind.DRIFT else None, list(have))
    elif more:
        yield Found(Kind.UNDECLARED, path, None, list(have))


def _as(found: Found, finding: Kind) -> Found:
    return Found(finding, found.path, found.want, found.have, found.known)


def type_at(kind: Type, name: str, value: object) -> Type:
    of = kind.of(name)
    return guess(name, value) if of is CUSTOM else of


def _legal(kind: Type, value: object) -> bool:
    """Whether the API takes a value that is not live, and all values below it."""
    if isinstance(value, Mapping):
        return all(_legal(kind.of(name), below) for name, below in value.items() if below is not None)
    return isinstance(value, list) or scalars.legal(kind, value)


def void(value: object) -> bool:
    """Null, an empty list, an empty mapping, or a mapping of such: stored or dropped as the server likes."""
    if isinstance(value, Mapping):
        return all(map(void, value.values()))
    return value is None or value == []


def zero(kind: Type, name: str, value: object) -> bool:
    """A zero value in a built-in kind, which the API does not store, where that means the same as absent."""
    if kind.custom or name in _ZERO_COUNTS or kind.values is not None:
        return False
    return value is False or value == "" or (type(value) is int and value == 0)
