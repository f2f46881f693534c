"""Episodes and outages as JSON and back. What one release writes the next must read."""

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from bot.model.episode import Episode, Finding, Outage, Silence
from bot.model.sync import Kind, Severity

_COLUMNS = {"environment", "service", "cause", "version"}
_TIMES = {"began", "opened", "healed", "stirred", "first", "left", "at", "until"}


def dump(known: Episode | Outage) -> str:
    """One line of JSON, without what the table has columns for, and without what is as it always is."""
    return json.dumps(_plain(known))


def episode(environment: str, service: str, version: int, line: str) -> Episode:
    """The episode again. Keys of another release's are passed over, and keys it lacks have their defaults."""
    found: dict[str, Any] = json.loads(line)
    given = _times(found, Episode)
    given["findings"] = tuple(_finding(each) for each in found.get("findings", ()))
    if silence := found.get("silence"):
        given["silence"] = Silence(**_times(silence, Silence) | {"known": tuple(silence.get("known", ()))})
    return Episode(**given | {"environment": environment, "service": service, "version": version})


def outage(environment: str, cause: str, version: int, line: str) -> Outage:
    given = _times(json.loads(line), Outage)
    return Outage(**given | {"environment": environment, "cause": cause, "version": version})


def _finding(found: dict[str, Any]) -> Finding:
    given = _times(found, Finding)
    return Finding(**given | {"kind": Kind(found["kind"]), "severity": Severity(found["severity"])})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Episode | Outage | Finding | Silence):
        said = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
        return {
            name: _plain(each) for name, (each, default) in said.items() if name not in _COLUMNS and each != default
        }
    return value


def _times(found: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    """The keys that the kind has, times read."""
    known = {each.name for each in fields(kind)}
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and value else value
        for name, value in found.items()
        if name in known
    }
