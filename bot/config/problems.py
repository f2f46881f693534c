"""What is wrong with a config, in sentences with file and line. Shows no value that may be a secret."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bot.config.parse import Step
from bot.config.schema import FileKeys, Keys
from bot.errors import Refusal
from bot.language.suggest import nearest

_SENTENCES = {
    "model_type": "must hold keys",
    "dict_type": "must hold keys",
    "list_type": "must be a list",
    "string_type": "must be text; quote it if it begins with { or [",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
}


@dataclass(frozen=True, slots=True)
class Problem:
    place: tuple[Step, ...]
    sentence: str


def problems(error: ValidationError) -> list[Problem]:
    """Each finding of pydantic's as a sentence of ours."""
    return [_problem(found) for found in error.errors(include_url=False)]


def refusal(path: Path, found: Iterable[tuple[int, str]]) -> Refusal:
    """One problem a line, in the order of the file, as compilers word them."""
    return Refusal("\n".join(f"{path}:{line}: {sentence}" for line, sentence in sorted(found)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'approvals'?`, or nothing."""
    near = nearest(word, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def dotted(place: tuple[Step, ...]) -> str:
    """`environments.staging.path`. Where one may stand for a list, an item's number would confuse."""
    if place and isinstance(place[-1], int):
        place = place[:-1]
    return ".".join(map(str, place)) or "the file"


def _problem(found: Mapping[str, Any]) -> Problem:
    place = tuple(step for step in found["loc"] if step != "[key]")
    inside, key = place[:-1], str(place[-1]) if place else ""
    model = _model(inside)
    match found["type"]:
        case "extra_forbidden" if lost := model.LATER.get(key):
            sentence = f"{key!r} is not supported yet under {dotted(inside)}: {lost}. Remove it"
        case "extra_forbidden":
            known = [each.alias or name for name, each in model.model_fields.items()]
            guess = did_you_mean(key, [*known, *model.LATER]) or f"; known are {', '.join(known)}"
            sentence = f"unknown key {key!r} under {dotted(inside)}{guess}"
        case "literal_error" if lost := model.LATER.get(f"{key}: {found['input']}"):
            sentence = f"{dotted(place)}: {found['input']} is not supported yet: {lost}. Use {found['ctx']['expected']}"
        case "literal_error":
            sentence = f"{dotted(place)} must be {found['ctx']['expected']}"
        case "missing":
            sentence = f"{dotted(inside)} has no {key!r}, which it needs"
        case "too_short":
            sentence = f"{dotted(place)} is empty, but needs at least one entry"
        case "greater_than_equal":
            sentence = f"{dotted(place)} must be {found['ctx']['ge']} or more"
        case "less_than_equal":
            sentence = f"{dotted(place)} must be {found['ctx']['le']} or less"
        case "value_error":
            sentence = f"{dotted(place)}: {found['ctx']['error']}"
        case kind:
            sentence = f"{dotted(place)} {_SENTENCES.get(kind, 'has a value of the wrong kind')}"
    return Problem(place, sentence)


def _model(place: tuple[Step, ...]) -> type[Keys]:
    """The mapping that a place of the file stands in."""
    kind: Any = FileKeys
    for step in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
            kind = _bare(fields.get(str(step)))
        else:
            kind = _bare(get_args(kind)[-1] if get_args(kind) else None)
    return kind if isinstance(kind, type) and issubclass(kind, Keys) else Keys


def _bare(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        kind = next(each for each in get_args(kind) if each is not type(None))
    return kind
