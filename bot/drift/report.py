"""What a comparison of Git with clusters found, in words: for whoever asks, for files, and for scripts.

Plain text; whoever shows it escapes it. Which side is which is said in words, since tools disagree on signs.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from bot import wording
from bot.comparison.causes import MANY, Cause, causes
from bot.model.reply import Layout, Section
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState, Writer

HOW_TO_HEAL = "To heal it, undo the change in the cluster, or write it into Git and merge."

SHOWN = 8
"""Findings of one target that a message shows; the rest is counted."""

NAMED = 5
"""Targets, or objects of one cause, that are named; the rest is counted."""

_ITEM = re.compile(r"(.+)\[(?!name=)[^\[\]]*\]")
"""An item of a list. One with a name is itself, whatever else it holds; a port is only known by its number."""

NEVER = datetime.min.replace(tzinfo=UTC)

Moment = Callable[[datetime], str]
"""How a time is said: how long ago in an answer, which hour in a message that stays."""


def summary(sightings: Sequence[Sighting]) -> str:
    """One sentence: how many of how many drifted, and which."""
    drifted = [sighting for sighting in sightings if sighting.sync is SyncState.DRIFTED]
    unknown = sum(sighting.sync is SyncState.UNKNOWN for sighting in sightings)
    pending = sum(sighting.sync is SyncState.PENDING for sighting in sightings)
    tail = (f"; {pending} pending" if pending else "") + (f"; {unknown} not checked" if unknown else "")
    if sightings and unknown == len(sightings):
        return (
            f"None of {unknown} targets could be checked." if unknown > 1 else f"{sightings[0].target} was not checked."
        )
    total = f"{len(sightings)} target{'s' if len(sightings) != 1 else ''}"
    if not drifted:
        checked = f"{len(sightings) - unknown} of {total}" if unknown else total
        return f"No drift in {checked}{tail}."
    return f"Drift in {len(drifted)} of {total}: {named([str(each.target) for each in drifted])}{tail}."


def report(sightings: Sequence[Sighting], now: datetime, *, offer: bool = True) -> tuple[Section, ...]:
    """The findings of each drifted target, orphans of the others, what could not be checked, and with `offer` how to
    heal it.

    Worst first, one cause in many objects once, and never too long.
    """
    drifted = [sighting for sighting in sightings if sighting.sync is SyncState.DRIFTED]
    common, apart = _shared(drifted)
    sections = [section for cause in common for section in _everywhere(cause, drifted, ago(now))]
    for sighting in drifted:
        own = apart[str(sighting.target)]
        lines = [*listed(own, ago(now)), *_not_compared(sighting)]
        if lines:
            # While a change made by hand rolls out, that it does so is no news beside the change.
            told = sighting.why and sighting.health in {Health.HEALTHY, Health.UNKNOWN, Health.DEGRADED}
            sections.append(Section(f"{sighting.target} ({sighting.why})" if told else str(sighting.target)))
            sections.append(Section("\n".join(lines), Layout.CODE))
    for sighting in sightings:
        orphans = [each for each in _told(sighting) if each.kind is Kind.ORPHAN]
        if orphans and sighting.sync is SyncState.SYNCED:
            sections.append(Section(f"{sighting.target} is in sync, and has left something behind:"))
            sections.append(Section("\n".join(listed(orphans, ago(now))), Layout.CODE))
    unknown = sorted((each for each in sightings if each.sync is SyncState.UNKNOWN), key=lambda each: each.why)
    for why, grouped in groupby(unknown, lambda each: each.why):
        names = named([str(sighting.target) for sighting in grouped])
        sections.append(Section(f"Not checked: {names}: {why or 'it could not be read'}"))
    if offer and drifted:
        sections.append(Section(HOW_TO_HEAL))
    return tuple(sections)


def listed(differences: Sequence[Difference], moment: Moment, most: int = SHOWN) -> list[str]:
    """The findings of one target, by object, worst first; of one cause in many objects one, and where else it is."""
    lines: list[str] = []
    found = causes(_worst_first(_paired(differences)))
    by_object: dict[ObjectRef, list[Cause]] = {}
    for cause in found[:most]:
        by_object.setdefault(cause.differences[0].object, []).append(cause)
    for ref, group in by_object.items():
        lines.append(str(ref))
        for cause in group:
            lines.append(f"  {finding(cause.differences[0], moment)}")
            if others := [str(each.object) for each in cause.differences[1:] if each.object != ref]:
                lines.append(f"    and the same in {named(others)}")
    hidden = sum(len(cause.differences) for cause in found[most:])
    return [*lines, f"… and {hidden} more"] if hidden else lines


def finding(difference: Difference, moment: Moment) -> str:
    """One difference without its object: what Git wants, what the cluster has, by whom and when, what else to know."""
    said = _sides(difference)
    where = f"{difference.path}: " if difference.path else ""
    known = [*_hand(difference, moment), *filter(None, [difference.note])]
    return where + said + (f" ({'; '.join(known)})" if known else "")


def ago(now: datetime) -> Moment:
    return lambda then: wording.ago(then, now)


def named(names: Sequence[str]) -> str:
    """`a, b and c`, and how many more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def full_report(sightings: Sequence[Sighting], now: datetime) -> str:
    """Every difference with all that is known of it, pending ones and mere information too, as a text file."""
    lines: list[str] = []
    for sighting in sightings:
        lines.append(f"{sighting.target} at commit {sighting.revision[:10]}, looked at {wording.moment(now)}")
        for ref, found in groupby(sorted(sighting.differences, key=_object), _object):
            lines += ["", f"{ref} ({ref.api_version})"]
            for each in found:
                lines.append(f"  {each.severity} {each.kind}: {each.path or 'the object'}")
                sides = [f"Git wants:   {_or_nothing(each.desired)}", f"cluster has: {_or_nothing(each.live)}"]
                lines += [f"    {said}" for said in (sides if each.path else [_sides(each)])]
                known = [*_hand(each, wording.moment), *filter(None, [each.note])]
                lines += [f"    {'; '.join(known)}"] if known else []
        lines.append("")
    return "\n".join(lines)


def data(sighting: Sighting) -> dict[str, object]:
    """A target of `drift --json`, schema quarterdeck/drift/v1 (docs/json.md)."""
    return {
        "service": sighting.target.service,
        "environment": sighting.target.environment,
        "cluster": sighting.target.cluster,
        "revision": sighting.revision,
        "state": sighting.sync.value,
        "why": sighting.why,
        "differences": [
            {
                "object": {
                    "apiVersion": each.object.api_version,
                    "kind": each.object.kind,
                    "namespace": each.object.namespace,
                    "name": each.object.name,
                },
                "class": each.kind.value,
                "path": each.path,
                "desired": each.desired,
                "live": each.live,
                "severity": each.severity.value,
                "by": _writer(each.by),
                "since": each.since.isoformat() if each.since else None,
                "note": each.note,
            }
            for each in sighting.differences
        ],
    }


def _object(difference: Difference) -> ObjectRef:
    return difference.object


def _sides(difference: Difference) -> str:
    want, have = difference.desired, difference.live
    match difference.kind:
        case Kind.MISSING:
            return "is missing from the cluster"
        case Kind.ORPHAN:
            return "is still in the cluster, and Git no longer declares it"
        case Kind.UNDECLARED:
            return f"cluster has {have}, Git does not mention it"
        case Kind.LEFTOVER:
            return "Git no longer has it, the cluster still does" + (f": {have}" if have is not None else "")
        case Kind.PENDING:
            still = f"Git wants {_or_nothing(want)}, the cluster still has {_or_nothing(have)} as it was last deployed"
            return still if difference.path else "is not as Git says yet"
        case Kind.UNKNOWN:
            return "can't be compared"
        case Kind.CONFIG_ERROR:
            return want or "cannot be applied"
    return f"Git wants {_or_nothing(want)}, " + ("it is gone" if have is None else f"cluster has {have}")


def _or_nothing(value: str | None) -> str:
    return "nothing" if value is None else value


def _hand(difference: Difference, moment: Moment) -> Iterator[str]:
    """Whose hand it was, and when; where nobody knows whose, since when it is known."""
    writer = difference.by
    if writer is not None:
        who = wording.written(replace(writer, at=None), NEVER)
        yield f"{who}, {moment(writer.at)}" if writer.at else who
    elif difference.since is not None:
        yield f"first noticed {moment(difference.since)}"


def _writer(writer: Writer | None) -> dict[str, object] | None:
    if writer is None:
        return None
    return {
        "manager": writer.manager,
        "operation": writer.operation,
        "at": writer.at.isoformat() if writer.at else None,
    }


def _shared(drifted: Sequence[Sighting]) -> tuple[list[Cause], dict[str, list[Difference]]]:
    """The causes that several targets have in common, and what each target has apart from them."""
    owner = {id(each): str(sighting.target) for sighting in drifted for each in _told(sighting)}
    everything = [each for sighting in drifted for each in _told(sighting)]
    common = [
        cause
        for cause in causes(everything)
        if len({owner[id(each)] for each in cause.differences}) > 1 and len(cause.differences) >= MANY
    ]
    taken = {id(each) for cause in common for each in cause.differences}
    return common, {
        str(sighting.target): [each for each in _told(sighting) if id(each) not in taken] for sighting in drifted
    }


def _everywhere(cause: Cause, drifted: Sequence[Sighting], moment: Moment) -> Iterator[Section]:
    """One cause in several targets."""
    ids = {id(each) for each in cause.differences}
    hit = [str(sighting.target) for sighting in drifted if any(id(each) in ids for each in sighting.differences)]
    yield Section(f"The same in {len(hit)} targets: {named(hit)}")
    objects = named([str(each.object) for each in cause.differences])
    yield Section(f"{objects}\n  {finding(cause.differences[0], moment)}", Layout.CODE)


def _told(sighting: Sighting) -> list[Difference]:
    return [each for each in sighting.differences if _is_told(each)]


def _is_told(difference: Difference) -> bool:
    return difference.severity is not Severity.INFO and difference.kind not in {Kind.PENDING, Kind.UNKNOWN}


def _not_compared(sighting: Sighting) -> list[str]:
    """What nobody can judge, such as what an engine substitutes when it deploys: one line."""
    found = [each for each in sighting.differences if each.kind is Kind.UNKNOWN]
    if not found:
        return []
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"Not compared: {' '.join(filter(None, [str(first.object), first.path, first.note]))}{more}"]


def _paired(differences: Sequence[Difference]) -> list[Difference]:
    """An item of a list that is gone, and the only one that came beside it, as one that was changed."""
    gone: dict[tuple[ObjectRef, str], list[Difference]] = defaultdict(list)
    more: dict[tuple[ObjectRef, str], list[Difference]] = defaultdict(list)
    for each in differences:
        if match := _ITEM.fullmatch(each.path):
            if each.kind is Kind.DRIFT and each.live is None:
                gone[each.object, match[1]].append(each)
            elif each.kind is Kind.UNDECLARED:
                more[each.object, match[1]].append(each)
    pairs = {id(gone[at][0]): more[at][0] for at in gone if len(gone[at]) == len(more[at]) == 1}
    spent = {id(each) for each in pairs.values()}
    return [
        replace(each, live=pairs[id(each)].live, by=pairs[id(each)].by) if id(each) in pairs else each
        for each in differences
        if id(each) not in spent
    ]


def _worst_first(differences: Sequence[Difference]) -> list[Difference]:
    """Objects by their worst difference, each object's own together."""
    ranks = list(Severity)
    worst: dict[ObjectRef, int] = {}
    for each in differences:
        worst[each.object] = min(ranks.index(each.severity), worst.get(each.object, len(ranks)))
    return sorted(differences, key=lambda each: (worst[each.object], each.object, ranks.index(each.severity)))
