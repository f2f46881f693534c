"""How Argo CD does with an Application: what failed, what it waits for, what somebody switched off. Pure.

Words by argo-cd, controller/appcontroller.go and controller/sync.go, and gitops-engine, pkg/sync/sync_context.go. What
failed counts for as long as it is the newest that Argo CD knows of: a newer commit makes it history, and so does a
comparison that finds nothing out of sync.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clusters.engines import sync_windows
from bot.clusters.engines.quoting import quoted
from bot.clusters.engines.said import commit, entries, moment, reference, text, within, written
from bot.comparison.schema import section
from bot.model.sync import Deployed, Health, Manifest
from bot.wording import moment as worded

SKIP = "argocd.argoproj.io/skip-reconcile"
_BROKEN = frozenset(("Failed", "Error"))
_HEALTHS = {
    "Healthy": Health.HEALTHY,
    "Progressing": Health.PROGRESSING,
    "Degraded": Health.DEGRADED,
    "Suspended": Health.SUSPENDED,
    "Missing": Health.MISSING,
    "Unknown": Health.UNKNOWN,
}
_CONDITIONS = {
    "InvalidSpecError": "Argo CD finds its Application invalid",
    "ComparisonError": "Argo CD can't compare it with Git",
    "SyncError": "Argo CD doesn't sync it",
    "DeletionError": "Argo CD can't delete it",
    "UnknownError": "Argo CD met an error",
    "OrphanedResourceError": "Argo CD met an error",
}
_RETRYING = re.compile(r"\.? ?Retrying attempt #\d+ at .*$", re.DOTALL)
_RETRIED = re.compile(r" \(retried \d+ times\)\.?$")
_ATTEMPT = re.compile(r"Failed (?:last )?sync attempt to ")
_BLOCKED = "blocked by sync window"
_SECONDS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")

Objects = Mapping[tuple[str, str], Manifest]
"""By namespace and name."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is to be known besides an Application, as far as it was needed and could be read."""

    now: datetime
    projects: Objects = field(default_factory=dict)
    sets: Objects = field(default_factory=dict)


def told(deployed: Deployed, application: Manifest, index: int, around: Around) -> Deployed:
    """With how Argo CD does with the source of that index. `waiting` reads after "waits for"."""
    operation = within(application, "status", "operationState")
    attempted = at(within(operation, "syncResult"), index)
    made_by = _set(application, around)
    rolling = _rolls(made_by) if made_by else False
    trouble = "" if _retries(application) else _trouble(application)
    waiting = "" if trouble else _waiting(application, made_by, around)
    explained = f"ApplicationSet {_name(made_by)} fails: {failure(made_by)}" if made_by and failure(made_by) else ""
    if explained and trouble:
        trouble = f"{trouble}; its {explained}"
    elif explained and not waiting and not _is_synced(application):
        waiting = f"its {explained}"
    paused, since = ("", None) if rolling else _paused(application)
    return replace(
        deployed,
        attempted=attempted if attempted != deployed.revision else None,
        health=_HEALTHS.get(text(within(application, "status", "health").get("status"))),
        trouble=trouble,
        waiting=waiting,
        paused=paused,
        paused_since=since,
    )


def phase(application: Manifest) -> str:
    return text(within(application, "status", "operationState").get("phase"))


def at(said: Mapping[str, Any], index: int) -> str | None:
    """The commit that is told of the source of an index, if it is one."""
    revisions = said.get("revisions")
    if isinstance(revisions, list) and revisions:
        return commit(revisions[index]) if index < len(revisions) else None
    return commit(said.get("revision")) if index == 0 else None


def automated(application: Manifest) -> Mapping[str, Any] | None:
    """Its settings of auto-sync; None where that is off."""
    policy = within(application, "spec").get("syncPolicy")
    found = policy.get("automated") if isinstance(policy, Mapping) else None
    return found if isinstance(found, Mapping) and found.get("enabled") is not False else None


def is_skipped(application: Manifest) -> bool:
    return str(section(within(application, "metadata"), "annotations").get(SKIP)).lower() == "true"


def owner(application: Manifest) -> tuple[str, str] | None:
    """Namespace and name of the ApplicationSet that made it."""
    metadata = within(application, "metadata")
    for each in entries(metadata.get("ownerReferences")):
        if each.get("kind") == "ApplicationSet" and text(each.get("apiVersion")).startswith("argoproj.io/"):
            return text(metadata.get("namespace")), text(each.get("name"))
    return None


def project(application: Manifest) -> tuple[str, str]:
    """Namespace and name of its AppProject, which is where Argo CD is."""
    namespace = text(within(application, "status").get("controllerNamespace"))
    name = text(within(application, "spec").get("project")) or "default"
    return namespace or reference(application).namespace, name


def is_settled(application: Manifest) -> bool:
    """Whether it is as Git says and nothing is under way, so that no window is of interest."""
    return _is_synced(application) and phase(application) != "Running"


def _is_synced(application: Manifest) -> bool:
    return within(application, "status", "sync").get("status") == "Synced"


def _trouble(application: Manifest) -> str:
    failed = _failed(application)
    if failed:
        return failed
    status = within(application, "status")
    for kind, words in _CONDITIONS.items():
        for each in entries(status.get("conditions")):
            message = text(each.get("message"))
            stale = kind == "SyncError" and (_is_synced(application) or _ATTEMPT.match(message))
            if each.get("type") == kind and not stale:
                return _said(words, message)
    hydrating = within(status, "sourceHydrator", "currentOperation")
    if hydrating.get("phase") == "Failed":
        return _said("Argo CD's hydrator failed", hydrating.get("message"))
    return ""


def _failed(application: Manifest) -> str:
    """Of the last sync, where it failed and nothing newer is known, nor asked for."""
    operation = within(application, "status", "operationState")
    sync, result = within(application, "status", "sync"), within(operation, "syncResult")
    if text(operation.get("phase")) not in _BROKEN or within(operation, "operation", "sync").get("dryRun") is True:
        return ""
    if within(application, "operation") or _is_synced(application):
        return ""
    if _revisions(sync) and _revisions(result) and _revisions(sync) != _revisions(result):
        return ""
    retries = operation.get("retryCount")
    times = f" after {retries} retries" if isinstance(retries, int) and retries > 1 else ""
    times = " after a retry" if retries == 1 else times
    return _said(f"the sync failed{times}", _reason(operation))


def _reason(operation: Mapping[str, Any]) -> str:
    """What broke a sync: an object by name, where one is told."""
    broken = [_broken(each) for each in entries(within(operation, "syncResult").get("resources"))]
    first, *more = [each for each in broken if each] or [""]
    if not first:
        message = _RETRIED.sub("", _RETRYING.sub("", text(operation.get("message"))))
        return quoted(message)
    return f"{first} (and {len(more)} more)" if more else first


def _broken(resource: Mapping[str, Any]) -> str:
    what, hook = _object(resource), text(resource.get("hookType"))
    if hook and text(resource.get("hookPhase")) in _BROKEN:
        return _said(f"{what}, a {hook} hook, failed", resource.get("message"))
    if resource.get("status") == "SyncFailed":
        return _said(f"{what} was not applied", resource.get("message"))
    if text(resource.get("hookPhase")) in _BROKEN:
        return _said(f"{what} did not become healthy", resource.get("message"))
    return ""


def _waiting(application: Manifest, made_by: Manifest | None, around: Around) -> str:
    operation = within(application, "status", "operationState")
    if _retries(application):
        return _retry(operation)
    closed = _closed(application, around, _is_by_hand(application, made_by))
    if closed:
        return closed
    if phase(application) == "Running":
        return next(_awaited(operation), "")
    return _turn(application, made_by) if made_by and not _is_synced(application) else ""


def _retries(application: Manifest) -> bool:
    """A sync that failed and is to be tried again counts as running, with a time at which it finished."""
    operation = within(application, "status", "operationState")
    counted = isinstance(operation.get("retryCount"), int) and operation["retryCount"] > 0
    is_over = bool(_RETRYING.search(text(operation.get("message"))))
    return phase(application) == "Running" and counted and is_over


def _retry(operation: Mapping[str, Any]) -> str:
    policy, count = within(operation, "operation", "retry"), operation["retryCount"]
    limit = policy.get("limit")
    of = f" of {limit}" if isinstance(limit, int) and limit > 0 else ""
    when = _next_try(within(policy, "backoff"), count, moment(operation.get("finishedAt")))
    at_ = f" at {when.astimezone(UTC):%H:%M} UTC" if when else ""
    return _said(f"retry {count}{of}{at_} of a sync that failed", _reason(operation))


def _next_try(backoff: Mapping[str, Any], count: int, failed: datetime | None) -> datetime | None:
    """By RetryStrategy.NextRetryAt: five seconds at first, twice as long each time, three minutes at most."""
    first, most = _seconds(backoff.get("duration"), 5), _seconds(backoff.get("maxDuration"), 180)
    factor = backoff.get("factor")
    if failed is None or first is None or most is None:
        return None
    grown = float(first) * (float(factor) if isinstance(factor, int) else 2.0) ** min(count - 1, 20)
    return failed + timedelta(seconds=min(grown, most or grown, 1e6))


def _seconds(value: object, default: int) -> int | None:
    found = _SECONDS.fullmatch(text(value))
    if not value:
        return default
    if found is None:
        return None
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _is_by_hand(application: Manifest, made_by: Manifest | None) -> bool:
    """Whether a person syncs it, now or at all (argo-cd, controller/sync.go, syncWindowPreventsSync)."""
    if phase(application) == "Running":
        begun = within(application, "status", "operationState", "operation", "initiatedBy")
        return begun.get("automated") is not True
    return automated(application) is None and not (made_by and _rolls(made_by))


def _closed(application: Manifest, around: Around, by_hand: bool) -> str:
    blocked = phase(application) == "Running" and _BLOCKED in text(
        within(application, "status", "operationState").get("message")
    )
    if not blocked and is_settled(application):
        return ""
    key = project(application)
    of = f"a sync window of AppProject {'/'.join(key)}"
    windows = sync_windows.windows(around.projects.get(key, {}), application)
    if sync_windows.is_open(windows, around.now, by_hand=by_hand):
        return of if blocked and key not in around.projects else ""
    if any(each.schedule is None for each in windows):
        return f"{of} that nobody can read: its schedule or duration is wrong"
    opening = sync_windows.opens(windows, around.now, by_hand=by_hand)
    return f"{of}, which opens at {worded(opening)}" if opening else f"{of}, which opens at no time within a year"


def _awaited(operation: Mapping[str, Any]) -> Iterator[str]:
    """What a sync that is running stands at: hooks first, then objects of a wave that are not healthy yet."""
    resources = entries(within(operation, "syncResult").get("resources"))
    running = [each for each in resources if each.get("hookPhase") == "Running"]
    hooks = [each for each in running if each.get("hookType")]
    for each in hooks:
        yield f"{_object(each)}, a {text(each.get('hookType'))} hook, to complete"
    message = text(operation.get("message"))
    if message.startswith("waiting for "):
        yield quoted(message.removeprefix("waiting for "))


def _turn(application: Manifest, made_by: Manifest) -> str:
    """Its turn in a progressive sync."""
    statuses = entries(within(made_by, "status").get("applicationStatus"))
    name = reference(application).name
    mine = next((each for each in statuses if each.get("application") == name), {})
    if text(mine.get("status")) not in {"Waiting", "Pending"} or not _rolls(made_by):
        return ""
    step = text(mine.get("step"))
    which = f"step {step} of the" if step.isdigit() else "its turn in the"
    return f"{which} rolling sync of ApplicationSet {_name(made_by)}"


def _paused(application: Manifest) -> tuple[str, datetime | None]:
    if is_skipped(application):
        since = written(application, "metadata", "annotations", SKIP)
        return f"Argo CD is told to leave it alone, by its annotation {SKIP}", since
    if automated(application) is None:
        return "auto-sync is off in Argo CD", written(application, "spec", "syncPolicy", "automated", "enabled")
    return "", None


def _set(application: Manifest, around: Around) -> Manifest | None:
    found = owner(application)
    return around.sets.get(found) if found else None


def _rolls(made_by: Manifest) -> bool:
    """Whether the ApplicationSet syncs its Applications by itself, step by step, and so takes auto-sync off them."""
    strategy = within(made_by, "spec", "strategy")
    return strategy.get("type") == "RollingSync" and bool(within(strategy, "rollingSync").get("steps"))


def failure(made_by: Manifest) -> str:
    """Why an ApplicationSet fails; "" where it does not."""
    for each in entries(within(made_by, "status").get("conditions")):
        if each.get("type") == "ErrorOccurred" and each.get("status") == "True":
            return quoted(each.get("message")) or "it does not say why"
    return ""


def _name(manifest: Manifest) -> str:
    ref = reference(manifest)
    return f"{ref.namespace}/{ref.name}"


def _revisions(said: Mapping[str, Any]) -> tuple[str, ...]:
    revisions = said.get("revisions")
    several = revisions if isinstance(revisions, list) and revisions else [said.get("revision")]
    return tuple(filter(None, map(text, several)))


def _object(resource: Mapping[str, Any]) -> str:
    kind, namespace, name = (quoted(resource.get(each), 80) for each in ("kind", "namespace", "name"))
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _said(words: str, message: object) -> str:
    gist = quoted(message)
    return f"{words}: {gist}" if gist else words
