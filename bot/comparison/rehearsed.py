"""What rehearsals (dry runs of an apply) make of differences: they dismiss, and never find.

A difference is dismissed only where applying what Git says would leave the place as it is: the server's own defaults,
admission webhooks and conversions know more than our normaliser. Nothing else is: what failed, what was not tried,
and what an apply can't see (a leftover that the deploying manager never owned stays through every dry run).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.comparison.immutable import REPLACE, SHRINK
from bot.comparison.openapi import type_of
from bot.comparison.paths import spell
from bot.comparison.secrets import is_one
from bot.comparison.walk import walk
from bot.model.sync import Difference, Kind, Manifest, ObjectRef, Rehearsal, Schemas, Severity

_UNKNOWN_FIELD = re.compile(r'unknown field "(.+)"')
_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"\[[^\]]*\]")
_OUTSIDE = frozenset(["apiVersion", "kind", "status"])


def suspects(differences: Sequence[Difference], live: Mapping[ObjectRef, Manifest]) -> tuple[ObjectRef, ...]:
    """The objects whose rehearsal could dismiss something, the worst first: live ones, of which none is a Secret."""
    ranks = list(Severity)
    worst: dict[ObjectRef, int] = {}
    for each in differences:
        if _doubtful(each) and each.object in live and not is_one(each.object):
            worst[each.object] = min(ranks.index(each.severity), worst.get(each.object, len(ranks)))
    return tuple(sorted(worst, key=lambda ref: (worst[ref], ref)))


def confirmed(
    differences: Sequence[Difference],
    live: Mapping[ObjectRef, Manifest],
    rehearsals: Mapping[ObjectRef, Rehearsal],
    schemas: Schemas | None = None,
) -> tuple[tuple[Difference, ...], int]:
    """The differences that stand, in their order, and how many were dismissed: so many gaps has our normaliser.

    One that nobody could confirm stands, with a note that says why; so does one whose rehearsal the server refused.
    """
    unlike = {
        ref: _unlike(ref, rehearsal.result, live[ref], schemas)
        for ref, rehearsal in rehearsals.items()
        if rehearsal.result is not None and ref in live
    }
    explained = {each.object for each in differences if _fixed(each)}
    kept: list[Difference] = []
    dismissed = 0
    for each in differences:
        rehearsal = rehearsals.get(each.object)
        if rehearsal is None or not _doubtful(each):
            kept.append(each)
        elif each.object not in unlike:
            known = rehearsal.immutable and _fixed(each)
            kept.append(each if known else _noted(each, _failure(rehearsal, each.object in explained)))
        elif _pruned(each, rehearsal.warnings):
            error = replace(each, kind=Kind.CONFIG_ERROR, severity=Severity.LOW)
            kept.append(_noted(error, f"field pruned: the API {each.object.api_version} does not know it"))
        elif any(_touches(each.path, path) for path in unlike[each.object]):
            kept.append(each)
        else:
            dismissed += 1
    return tuple(kept), dismissed


def _doubtful(difference: Difference) -> bool:
    """Whether an apply would tell: of null, which asks for a field to be taken away, it would not."""
    return difference.kind is Kind.DRIFT and difference.desired is not None and difference.path != ""


def _unlike(ref: ObjectRef, result: Manifest, live: Manifest, schemas: Schemas | None) -> tuple[str, ...]:
    """Where the rehearsed object is not like the live one.

    Not by `compare`, which leaves out objects that are marked so: the marks of a result may be the live object's.
    """
    kind = type_of(ref.group, ref.api_version.rpartition("/")[2], ref.kind, schemas)
    want, have = ({name: each[name] for name in each if name not in _OUTSIDE} for each in (result, live))
    return tuple(spell(found.path) for found in walk(kind, want, have))


def _touches(path: str, other: str) -> bool:
    """Whether one of two paths is the other, above it or below it.

    From an item on that is known by its index alone they are taken for the same: the two may count differently.
    """
    one, two = sorted((_INDEX.split(path)[0], _INDEX.split(other)[0]), key=len)
    return two == one or two.startswith((f"{one}.", f"{one}[")) or one == ""


def _pruned(difference: Difference, warnings: Sequence[str]) -> bool:
    """Whether the server warned that it doesn't know the field, or one above it, by the names of the fields."""
    path = _STEP.sub("", difference.path)
    unknown = (_STEP.sub("", named[1]) for warning in warnings if (named := _UNKNOWN_FIELD.search(warning)))
    return any(path == field or path.startswith(f"{field}.") for field in unknown)


def _fixed(difference: Difference) -> bool:
    """Whether it is known already that the API server refuses the change."""
    return any(note in difference.note for note in (REPLACE, SHRINK))


def _failure(rehearsal: Rehearsal, explained: bool) -> str:
    """Why there is no result. What is immutable elsewhere in the object is refused together with the rest."""
    if rehearsal.immutable and not explained:
        return REPLACE
    return f"not confirmed: {rehearsal.why or 'nobody could tell'}"


def _noted(difference: Difference, note: str) -> Difference:
    return replace(difference, note="; ".join(filter(None, (difference.note, note))))
