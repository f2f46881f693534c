"""Objects that Git declares and the cluster does not have: missing, yet to come, or of an API that is gone."""

from collections.abc import Sequence
from dataclasses import replace

from bot.comparison import severity
from bot.comparison.identity import Declared, skipped
from bot.comparison.ignoring import leaves_out
from bot.comparison.schema import section
from bot.comparison.severity import worst
from bot.model.rules import Ignore
from bot.model.sync import Difference, Kind, Live, ObjectRef, Severity


def absent(item: Declared, ignore: Sequence[Ignore], *, is_new: bool) -> tuple[Difference, ...]:
    """An object that is not there, unless it is one that goes by itself or that Git or a rule leaves out.

    `is_new`: Git did not declare it before, and nobody says that what Git says now is deployed.
    """
    spec = section(item.manifest, "spec")
    goes_by_itself = item.ref.kind == "Job" and spec.get("ttlSecondsAfterFinished") is not None
    if goes_by_itself or any(leaves_out(rule, item.ref) for rule in ignore) or skipped(item.manifest):
        return ()
    if is_new:
        return (Difference(item.ref, Kind.PENDING, "", None, None, Severity.INFO, note="not created yet"),)
    return (Difference(item.ref, Kind.MISSING, "", None, None, severity.of_missing(item.ref)),)


def unserved(ref: ObjectRef, versions: Sequence[str]) -> Difference:
    """An object of an API version that the cluster does not have, though it has others of the group."""
    served = ", ".join(
        f"{ref.group}/{version}" if ref.group and "/" not in version else version for version in versions
    )
    why = f"removed API: the cluster serves {served}"
    return Difference(ref, Kind.CONFIG_ERROR, "", ref.api_version, served, Severity.MEDIUM, note=why)


def folded(found: Sequence[Difference], live: Live) -> tuple[Difference, ...]:
    """The differences, with one for each namespace that is not there in place of one for each object in it."""
    lost: dict[str, list[Difference]] = {}
    for each in found:
        place = _place(each)
        if each.kind in {Kind.MISSING, Kind.PENDING} and not each.path and place in live.absent_namespaces:
            lost.setdefault(place, []).append(each)
    if not lost:
        return tuple(found)
    inside = {id(each) for group in lost.values() for each in group}
    told: list[Difference] = []
    for each in found:
        place = _place(each)
        if id(each) not in inside:
            told.append(each)
        elif each is lost[place][0]:
            told.append(_namespace(place, lost[place]))
    return tuple(told)


def _place(difference: Difference) -> str:
    """The namespace that an object is in, or is."""
    ref = difference.object
    return ref.name if (ref.group, ref.kind) == ("", "Namespace") else ref.namespace


def _namespace(name: str, group: Sequence[Difference]) -> Difference:
    ref = ObjectRef("v1", "Namespace", "", name)
    own = next((each for each in group if each.object == ref), None)
    inside = len(group) - (own is not None)
    what = "1 object is in it" if inside == 1 else f"{inside} objects are in it"
    notes = [*([] if own else ["not declared in Git"]), *([what] if inside else [])]
    gone = [each for each in group if each.kind is Kind.MISSING]
    kind = Kind.MISSING if gone else Kind.PENDING
    told = replace(own or group[0], object=ref, kind=kind, severity=worst(each.severity for each in gone or group))
    return replace(told, note="; ".join(filter(None, [told.note if own else "", *notes])))
