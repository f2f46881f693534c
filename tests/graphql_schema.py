"""Holds GraphQL requests and answers against GitHub's published schema (contracts/github/graphql-extract.json)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXTRACT = json.loads(Path(__file__).with_name("contracts").joinpath("github/graphql-extract.json").read_text("utf-8"))
MUTATION = re.compile(r"mutation\s+\w*\s*\(\$input: (\w+)!\)\s*\{ (\w+)\(input: \$input\) \{(.*)\} \}", re.DOTALL)
PLAIN = {"String": str, "ID": str, "GitObjectID": str, "Base64String": str, "Boolean": bool, "Int": int}


def problems(asked: dict[str, Any], answered: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a request and, if it succeeded, with its answer."""
    found = MUTATION.fullmatch(asked["query"].strip())
    if found is None:
        yield f"not a mutation that is understood here: {asked['query'][:80]}"
        return
    kind, name, wanted = found.groups()
    expected, payload = EXTRACT["mutations"][name]
    if kind != expected:
        yield f"{name} takes {expected}, not {kind}"
    yield from _input(expected, asked["variables"]["input"], name)
    data = (answered.get("data") or {}).get(name)
    if data is not None:
        yield from _object(payload, data, wanted, name)
    for error in answered.get("errors", []):
        if not isinstance(error.get("message"), str):
            yield f"{name}: an error without a message"


def _input(kind: str, value: Any, where: str) -> Iterator[str]:
    described = EXTRACT["inputs"].get(kind.strip("[]!"))
    if kind.endswith("!") and value is None:
        yield f"{where} is required"
    elif value is None:
        return
    elif kind.startswith("["):
        for number, each in enumerate(value):
            yield from _input(kind.rstrip("!")[1:-1], each, f"{where}[{number}]")
    elif isinstance(described, list):
        if value not in described:
            yield f"{where} is {value!r}, none of {described}"
    elif described is not None:
        yield from (f"{where}.{name} is not in {kind}" for name in value.keys() - described.keys())
        for name, each in described.items():
            yield from _input(each, value.get(name), f"{where}.{name}")
    elif not isinstance(value, PLAIN[kind.rstrip("!")]):
        yield f"{where} is no {kind}"


def _object(kind: str, value: dict[str, Any], wanted: str, where: str) -> Iterator[str]:
    described = EXTRACT["objects"][kind]
    for name, inner in re.findall(r"(\w+)\s*(?:\{([^{}]*)\})?", wanted):
        if name not in described:
            yield f"{where}.{name} is not in {kind}"
        elif value.get(name) is None and described[name].endswith("!"):
            yield f"{where}.{name} must not be null"
        elif inner and value.get(name) is not None:
            yield from _object(described[name].strip("[]!"), value[name], inner, f"{where}.{name}")
