"""Rules of what is not to be told: whole objects, places in them, single leaves of what differs, writers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from bot.comparison.paths import Path, parts, reaches
from bot.comparison.walk import Found
from bot.model.rules import Ignore
from bot.model.sync import ObjectRef, Writer


def concerns(rule: Ignore, ref: ObjectRef) -> bool:
    return rule.kind in {"", ref.kind} and rule.name in {"", ref.name}


def leaves_out(rule: Ignore, ref: ObjectRef) -> bool:
    """Whether the rule is about the object as a whole, so that it may even be missing."""
    return not (rule.path or rule.manager) and concerns(rule, ref)


def left(rule: Ignore, ref: ObjectRef, found: Found, writer: Callable[[], Writer | None]) -> Found | None:
    """What a rule leaves of a finding: all of it, less (where it names a leaf of a larger finding), or nothing.

    A writer's name may be a pattern (`*-controller`); `writer` is asked only where the rule names one.
    """
    if not concerns(rule, ref):
        return found
    named = parts(rule.path)
    if not reaches(found.path, named) or (rule.manager and not _wrote(rule.manager, writer())):
        return found
    below = named[len(found.path) :]
    return _without(found, below) if below else None


def _wrote(pattern: str, writer: Writer | None) -> bool:
    return writer is not None and fnmatchcase(writer.manager, pattern)


def _without(found: Found, below: Path) -> Found | None:
    want, have = _cut(found.want, below), _cut(found.have, below)
    if (want is found.want and have is found.have) or not (want == have or (_void(want) and _void(have))):
        return replace(found, want=want, have=have)
    return None


def _cut(value: Any, below: Path) -> Any:
    """The value without what a pointer names in it; the very same value if it names nothing there."""
    step, *rest = below
    if isinstance(value, Mapping):
        if step not in value:
            return value
        inner = _cut(value[step], tuple(rest)) if rest else None
        if rest and inner is value[step]:
            return value
        return {name: inner if name == step else each for name, each in value.items() if rest or name != step}
    if isinstance(value, list):
        cut = [_cut(each, tuple(rest)) if rest and _is(each, at, step) else each for at, each in enumerate(value)]
        kept = cut if rest else [each for at, each in enumerate(value) if not _is(each, at, step)]
        same = len(kept) == len(value) and all(one is other for one, other in zip(kept, value, strict=True))
        return value if same else kept
    return value


def _is(item: Any, at: int, step: Any) -> bool:
    """Whether a step of a pointer is a list's item: by its place, or by keys (`name=app`)."""
    if step == str(at):
        return True
    pairs = [pair.partition("=") for pair in str(step).split(",")]
    return isinstance(item, Mapping) and all(sign and str(item.get(name)) == value for name, sign, value in pairs)


def _void(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_void, value.values()))
    return value is None or value in ("", [])
