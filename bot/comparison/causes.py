"""Which differences have one cause: the same change in many objects is one thing to tell.

Groups only. Knows nothing of targets, nor of the words that a group is told in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.sync import Difference, Severity

MANY = 3
"""Objects from which on the same change in each is told once."""

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_CONTAINER = re.compile(r"((?:^|\.)(?:initC|ephemeralC|c)ontainers)\[name=[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Cause:
    """What probably happened once. Never empty; the differences are worst first, else in the order given."""

    differences: tuple[Difference, ...]

    @property
    def severity(self) -> Severity:
        return self.differences[0].severity


def causes(differences: Sequence[Difference]) -> tuple[Cause, ...]:
    """Differences in groups, worst first; of groups alike the larger first, then in the order given.

    A group is the same change at the same place in `MANY` objects or more, whatever their containers are called; or
    the very same difference, met more than once (a Namespace that several targets miss). All else is by itself.
    """
    alike: dict[tuple[object, ...], list[Difference]] = {}
    for difference in differences:
        alike.setdefault(_change(difference), []).append(difference)
    found: list[Cause] = []
    for group in alike.values():
        if len({difference.object for difference in group}) >= MANY:
            found.append(_cause(group))
            continue
        same: dict[tuple[object, ...], list[Difference]] = {}
        for difference in group:
            same.setdefault((difference.object, difference.path), []).append(difference)
        found += [_cause(each) for each in same.values()]
    first = {id(difference): at for at, difference in reversed(list(enumerate(differences)))}
    return tuple(sorted(found, key=lambda cause: _order(cause, first)))


def _order(cause: Cause, first: dict[int, int]) -> tuple[int, int, int]:
    begins = min(first[id(difference)] for difference in cause.differences)
    return _RANKS[cause.severity], -len(cause.differences), begins


def _cause(group: Sequence[Difference]) -> Cause:
    return Cause(tuple(sorted(group, key=lambda difference: _RANKS[difference.severity])))


def _change(difference: Difference) -> tuple[object, ...]:
    """What is the same where the cause is. Whole objects have but their kind and place in common."""
    where: object = _CONTAINER.sub(r"\1", difference.path)
    if not difference.path:
        where = difference.object.group, difference.object.kind, difference.object.namespace
    return difference.kind, where, difference.desired, difference.live
