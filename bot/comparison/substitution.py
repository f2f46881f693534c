"""What Git leaves open until it is deployed: Flux's `${name}` (postBuild substitution), what SOPS has encrypted.

Such a text can't be compared, but it can be ruled out: live must be what it would be if each `${…}` stood for
something. Source: fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.comparison.paths import Item, Path
from bot.comparison.quantities import parse
from bot.comparison.secrets import decode, is_sealed
from bot.comparison.walk import Found
from bot.model.sync import Kind, ObjectRef

WHY = "needs substitution"
_PAIRS_TRIED = 20_000
_VARIABLE = re.compile(r"(?<!\$)\$\{[A-Za-z_][^{}]*\}")


def unnamed(ref: ObjectRef) -> str:
    """Why nobody can tell from Git which object it is; "" where one can."""
    names = (ref.api_version, ref.kind, ref.namespace, ref.name)
    if any(map(_VARIABLE.search, names)):
        return f"{WHY}: which object it is"
    return "encrypted: which object it is" if any(map(is_sealed, names)) else ""


def substituted(found: Sequence[Found], *, secret: bool = False) -> list[Found]:
    """The findings, with UNKNOWN for those that a substitution may explain. What none can explain stays drift."""
    extra = [each for each in found if each.kind is Kind.UNDECLARED]
    gone = sum(each.have is None for each in found)
    if gone * len(extra) > _PAIRS_TRIED:
        extra = []  # of so many, what became of which is anybody's guess
    explained: list[Found] = []
    told: list[Found] = []
    for each in found:
        if each.kind not in {Kind.DRIFT, Kind.CONFIG_ERROR} or not _open(each, secret=secret):
            told.append(each)
            continue
        twin = each if each.have is not None else _twin(each, extra, secret=secret)
        if twin is None or not _possible(each.want, twin.have, secret=secret):
            told.append(each if twin or not _only_variables(each.want) else replace(each, kind=Kind.UNKNOWN))
        else:
            told.append(replace(each, kind=Kind.UNKNOWN, have=twin.have))
            explained.append(twin)
    paired = {id(each) for each in explained}
    return [each for each in told if id(each) not in paired]


def legible(found: Iterable[Found], desired: Mapping[str, Any]) -> list[Found]:
    """The findings less those where Git's side is encrypted (by SOPS): only that there is a value can be compared."""
    if "sops" not in desired:
        return list(found)
    return [
        each for each in found if each.path[:1] != ("sops",) and not (each.have is not None and is_sealed(each.want))
    ]


def _open(found: Found, *, secret: bool) -> bool:
    last = found.path[-1] if found.path else ""
    return bool(_VARIABLE.search(last.label if isinstance(last, Item) else last)) or _mentions(found.want, secret)


def _mentions(value: object, secret: bool) -> bool:
    if isinstance(value, Mapping):
        return any(_mentions(key, False) or _mentions(each, secret) for key, each in value.items())
    if isinstance(value, list):
        return any(_mentions(each, secret) for each in value)
    return isinstance(value, str) and _VARIABLE.search(_plain(value, secret)) is not None


def _twin(found: Found, extra: Sequence[Found], *, secret: bool) -> Found | None:
    """What is live beside the place that Git names, and may be it under the name that it was given."""
    return next(
        (
            each
            for each in extra
            if each.path[:-1] == found.path[:-1]
            and _stands_for(found.path, each.path)
            and _possible(found.want, each.have, secret=secret)
        ),
        None,
    )


def _stands_for(path: Path, other: Path) -> bool:
    one, two = (step.label if isinstance(step, Item) else step for step in (path[-1], other[-1]))
    return _possible(one, two, secret=False)


def _only_variables(want: object) -> bool:
    return isinstance(want, str) and bool(_VARIABLE.search(want)) and not _VARIABLE.sub("", want).strip()


def _possible(want: Any, have: Any, *, secret: bool) -> bool:
    """Whether live could be what Git has once the variables have their values."""
    if isinstance(want, Mapping):
        return isinstance(have, Mapping) and all(
            any(
                _possible(name, other, secret=False) and _possible(value, have[other], secret=secret)
                for other in (have if _VARIABLE.search(name) else have.keys() & {name})
            )
            for name, value in want.items()
        )
    if isinstance(want, list):
        return isinstance(have, list) and len(want) == len(have) and _paired(want, have, secret=secret)
    if not isinstance(want, str) or isinstance(have, Mapping | list) or have is None:
        return bool(want == have)
    text = _plain(have, secret) if isinstance(have, str) else json.dumps(have)
    return _fits(_plain(want, secret), text)


def _paired(want: Sequence[Any], have: Sequence[Any], *, secret: bool) -> bool:
    """Whether each item can be one of the live list, in whatever order."""
    left = list(have)
    for item in want:
        at = next((at for at, other in enumerate(left) if _possible(item, other, secret=secret)), None)
        if at is None:
            return False
        left.pop(at)
    return True


def _fits(want: str, have: str) -> bool:
    variables = _VARIABLE.findall(want)
    if not variables or any(variable in have for variable in variables):
        return want == have  # where one was left as it is, nobody substitutes
    first, *middle, last = (literal.replace("$${", "${") for literal in _VARIABLE.split(want))
    if parse(_VARIABLE.sub("1", want)) is not None and parse(have) is not None:
        return True  # an amount, which the server may have spelt anew
    if len(have) < len(first) + len(last) or not (have.startswith(first) and have.endswith(last)):
        return False
    at, end = len(first), len(have) - len(last)
    for literal in middle:
        at = have.find(literal, at, end)
        if at < 0:
            return False
        at += len(literal)
    return True


def _plain(text: str, secret: bool) -> str:
    """A Secret's values are base64 on both sides by now, whatever Git wrote."""
    content = decode(text) if secret else None
    return text if content is None else content.decode("utf-8", "surrogateescape")
