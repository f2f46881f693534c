"""A Job of the service that must have completed since the version was there. It is read, never made. Pure.

Engines and schedules make Jobs with names of their own: `smoke` stands for `smoke-<whatever>` too, if there is no
Job of that very name.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.model.sync import Manifest
from bot.model.verification import Proof
from bot.verification.words import first

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def probe(wanted: str, jobs: Sequence[Manifest], since: datetime, known: Sequence[str], now: datetime) -> Proof:
    """What the newest of the Jobs of a name has come to; `jobs` are all that there are where the service is."""
    what = f"the Job {wanted}"
    job = _newest(wanted, jobs)
    if job is None:
        return Proof(what, None, "there is none yet", now)
    name = _part(job, "metadata").get("name")
    named = f"{name}: " if name != wanted else ""
    for kind, passed in (("Complete", True), ("SuccessCriteriaMet", True), ("Failed", False), ("FailureTarget", False)):
        if (condition := _condition(job, kind)) is None:
            continue
        at = _time(condition.get("lastTransitionTime")) or _time(_part(job, "status").get("completionTime"))
        if at is not None and at < since.replace(microsecond=0):
            done = "completed" if passed else "failed"
            return Proof(what, None, f"{named}it {done} before this version was merged", now)
        why = " ".join(str(condition.get(key) or "") for key in ("reason", "message"))
        evidence = "it has completed" if passed else f"it failed {first(why, known)}".rstrip()
        return Proof(what, passed, named + evidence, now)
    return Proof(what, None, f"{named}it has not ended yet", now)


def _newest(name: str, jobs: Sequence[Manifest]) -> Manifest | None:
    named = [(str(_part(job, "metadata").get("name")), job) for job in jobs]
    prefix = name if name.endswith("-") else f"{name}-"
    fitting = [job for called, job in named if called == name] or [
        job for called, job in named if called.startswith(prefix)
    ]
    return max(fitting, key=lambda job: str(_part(job, "metadata").get("creationTimestamp", "")), default=None)


def _condition(job: Manifest, kind: str) -> Manifest | None:
    found = _part(job, "status").get("conditions")
    conditions = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return next((each for each in conditions if each.get("type") == kind and each.get("status") == "True"), None)


def _time(said: Any) -> datetime | None:
    """RFC 3339 as API servers write it (`metav1.Time`): whole seconds, UTC."""
    if not isinstance(said, str) or not _TIME.fullmatch(said):
        return None
    try:
        return datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _part(value: Manifest, key: str) -> Manifest:
    part = value.get(key)
    return part if isinstance(part, dict) else {}
