"""How Flux does with a Kustomization or HelmRelease: what failed, what it waits for, what is suspended. Pure.

Reasons of conditions by fluxcd/pkg, apis/meta; kustomize-controller, internal/controller; helm-controller, api/v2 and
internal/reconcile. Flux tries for ever whatever failed, unless a HelmRelease limits that: a failure is one from the
first time on, except within such a limit, or where its source has something newer by now. A source that fails is no
failure of all that is made of it: that stays as it is, and waits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.clusters.engines.quoting import LONGEST, quoted
from bot.clusters.engines.said import commit_of, entries, reference, text, within, written
from bot.model.sync import Deployed, Health, Manifest, ObjectRef

ORIGIN_REVISION = "org.opencontainers.image.revision"
_REASONS = {
    "BuildFailed": "the build failed",
    "ReconciliationFailed": "applying failed",
    "PruneFailed": "pruning failed",
    "HealthCheckFailed": "what it applied did not become healthy",
    "ArtifactFailed": "its source could not be read",
    "AccessDenied": "it may not read its source",
    "InstallFailed": "the Helm install failed",
    "UpgradeFailed": "the Helm upgrade failed",
    "TestFailed": "the Helm test failed",
    "RollbackSucceeded": "the Helm upgrade failed and was rolled back",
    "RollbackFailed": "the Helm upgrade failed, and so did its rollback",
    "UninstallSucceeded": "the Helm release failed and was uninstalled",
    "UninstallFailed": "the Helm release failed, and so did its removal",
}
_OF_A_REVISION = frozenset(("BuildFailed", "ReconciliationFailed", "PruneFailed", "HealthCheckFailed"))
"""Failures of what `lastAttemptedRevision` names."""
_DEPENDS = "DependencyNotReady"
_NO_FAILURE = frozenset(("", _DEPENDS, "HealthCheckCanceled", "Progressing", "SourceNotReady"))
_CHECKING = "Running health checks"

Key = tuple[str, str, str]
Objects = Mapping[Key, Manifest]
"""By kind, namespace and name."""


def told(deployed: Deployed, manifest: Manifest, source: Key, around: Objects) -> Deployed:
    """With how Flux does with it. `around` are its sources, and what it may depend on; `waiting` reads after "waits
    for"."""
    status = within(manifest, "status")
    chart = _chart(manifest)
    sources = [around[key] for key in (chart, source) if key in around]
    trouble = _failed(manifest, sources) or _broken_chart(sources)
    paused, since = _paused(manifest, sources)
    attempted = _attempted(status, around.get(source, {}))
    return replace(
        deployed,
        attempted=attempted if attempted != deployed.revision else None,
        health=_health(manifest),
        trouble=trouble,
        waiting="" if trouble or paused else _waiting(manifest, sources, around),
        paused=paused,
        paused_since=since,
    )


def condition(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    found = entries(within(manifest, "status").get("conditions"))
    return next((each for each in found if each.get("type") == kind), {})


def suspended(manifest: Manifest) -> bool:
    return within(manifest, "spec").get("suspend") is True


def depends_on(manifest: Manifest) -> Iterator[Key]:
    ref = reference(manifest)
    for each in entries(within(manifest, "spec").get("dependsOn")):
        yield ref.kind, text(each.get("namespace")) or ref.namespace, text(each.get("name"))


def chart_of(manifest: Manifest) -> Key | None:
    """The HelmChart that Flux makes for a HelmRelease, if it has."""
    namespace, slash, name = text(within(manifest, "status").get("helmChart")).partition("/")
    return ("HelmChart", namespace, name) if slash else None


def _chart(manifest: Manifest) -> Key:
    return chart_of(manifest) or ("", "", "")


def _attempted(status: Mapping[str, Any], source: Manifest) -> str | None:
    """Of an artifact's digest, its origin, while the source still has that artifact."""
    tried = text(status.get("lastAttemptedRevision"))
    artifact = within(source, "status", "artifact")
    same = bool(tried) and artifact.get("revision") == tried
    origin = within(artifact, "metadata").get(ORIGIN_REVISION) if same else None
    return commit_of(tried) or commit_of(origin)


def _health(manifest: Manifest) -> Health | None:
    """Of what it waits for: without that, ready means applied."""
    spec, ready = within(manifest, "spec"), condition(manifest, "Ready")
    checks = bool(spec.get("wait") is True or spec.get("healthChecks") or spec.get("healthCheckExprs"))
    by_helm = reference(manifest).kind == "HelmRelease"
    if by_helm and within(spec, "upgrade").get("disableWait") is not True:
        checks = True
    if not checks or not ready:
        return None
    if ready.get("status") == "True":
        return Health.HEALTHY
    failures = {"HealthCheckFailed", "InstallFailed", "UpgradeFailed", "TestFailed"}
    if ready.get("status") == "False":
        return Health.DEGRADED if text(ready.get("reason")) in failures else Health.UNKNOWN
    return Health.PROGRESSING if condition(manifest, "Reconciling").get("status") == "True" else Health.UNKNOWN


def _failed(manifest: Manifest, sources: list[Manifest]) -> str:
    ready, stalled = condition(manifest, "Ready"), condition(manifest, "Stalled")
    reason = text(ready.get("reason"))
    is_stalled = stalled.get("status") == "True"
    if ready.get("status") != "False" or _is_of_old(manifest, ready):
        return ""
    if not is_stalled and (reason in _NO_FAILURE or _is_superseded(manifest, reason, sources)):
        return ""
    if not is_stalled and reason == "ArtifactFailed" and any(not _has_artifact(each) for each in sources):
        return ""
    if not is_stalled and _retries(manifest):
        return ""
    failure = _failure(manifest, reason)
    attempts = quoted(stalled.get("message"))
    return f"{failure} ({attempts})" if stalled.get("reason") == "RetriesExceeded" and attempts else failure


def _failure(manifest: Manifest, reason: str) -> str:
    """In words. Helm's own complaint is told by another condition, once it was remedied."""
    ready, released = condition(manifest, "Ready"), condition(manifest, "Released")
    remedied = condition(manifest, "Remediated").get("status") is not None and released.get("status") == "False"
    gist = quoted((released if remedied else ready).get("message"))
    words = _REASONS.get(reason) or quoted(reason, 60) or "it is not ready"
    return f"{words}: {gist}" if gist else words


def _is_of_old(manifest: Manifest, ready: Mapping[str, Any]) -> bool:
    """Whether it is told of settings that were changed since."""
    observed, generation = ready.get("observedGeneration"), within(manifest, "metadata").get("generation")
    return isinstance(observed, int) and isinstance(generation, int) and 0 < observed < generation


def _is_superseded(manifest: Manifest, reason: str, sources: list[Manifest]) -> bool:
    """Whether the source has something else by now than what failed."""
    if reason not in _OF_A_REVISION or not sources:
        return False
    newest = text(within(sources[-1], "status", "artifact").get("revision"))
    tried = text(within(manifest, "status").get("lastAttemptedRevision"))
    return bool(newest and tried) and newest != tried


def _retries(manifest: Manifest) -> int:
    """How many more attempts a HelmRelease has; 0 where there is no limit to reach, too."""
    status = within(manifest, "status")
    action = text(status.get("lastAttemptedReleaseAction"))
    limit = within(manifest, "spec", action, "remediation").get("retries") if action else None
    failures = status.get(f"{action}Failures", status.get("failures"))
    if reference(manifest).kind != "HelmRelease" or not isinstance(limit, int) or not isinstance(failures, int):
        return 0
    return max(0, limit - failures + 1)


def _broken_chart(sources: list[Manifest]) -> str:
    """That no chart can be made, though its source is well: the commit is at fault."""
    chart, *rest = sources or [{}]
    if reference(chart).kind != "HelmChart" or any(map(_fails, rest)) or not _fails(chart):
        return ""
    return _and_why(f"{_name(chart)} fails", chart)


def _fails(source: Manifest) -> bool:
    ready = condition(source, "Ready")
    return ready.get("status") == "False" and not suspended(source) and not _is_of_old(source, ready)


def _and_why(words: str, manifest: Manifest, longest: int = LONGEST) -> str:
    gist = quoted(condition(manifest, "Ready").get("message"), longest)
    return f"{words}: {gist}" if gist else words


def _waiting(manifest: Manifest, sources: list[Manifest], around: Objects) -> str:
    ready, working = condition(manifest, "Ready"), condition(manifest, "Reconciling")
    if ready.get("status") == "False" and ready.get("reason") == _DEPENDS:
        awaited = [each for key in depends_on(manifest) if (each := _awaited(key, manifest, around))]
        return awaited[0] if awaited else quoted(ready.get("message"))
    if ready.get("status") == "False" and _retries(manifest):
        left = _retries(manifest)
        return f"a retry ({left} left) of what failed: {_failure(manifest, text(ready.get('reason')))}"
    failing = [each for each in sources if _fails(each)]
    if failing:
        return _and_why(f"{_name(failing[-1])}, which fails, so that nothing new is seen", failing[-1])
    empty = next((each for each in sources if not _has_artifact(each)), None)
    if empty is not None and ready.get("status") != "True":
        return f"{_name(empty)}, which has nothing yet"
    if working.get("status") == "True" and text(working.get("message")).startswith(_CHECKING):
        return "what it applied to become healthy"
    return ""


def _awaited(key: Key, manifest: Manifest, around: Objects) -> str:
    """What is said of a dependency that keeps it waiting; "" of one that does not."""
    kind, namespace, name = key
    what = f"{kind} {namespace}/{name}"
    found = around.get(key)
    if found is None:
        return f"{what}, which is not there"
    ready = condition(found, "Ready")
    if suspended(found) and ready.get("status") != "True":
        return f"{what}, which is suspended"
    if ready.get("status") != "True":
        return _and_why(f"{what}, which is not ready", found, 100)
    if kind == "Kustomization" and _source(found) == _source(manifest):
        ahead = text(within(found, "status").get("lastAppliedRevision"))
        behind = text(within(manifest, "status").get("lastAttemptedRevision"))
        return "" if ahead == behind else f"{what}, which has yet to apply the newest commit"
    return ""


def _source(manifest: Manifest) -> tuple[str, str, str]:
    spec = within(manifest, "spec", "sourceRef")
    namespace = text(spec.get("namespace")) or reference(manifest).namespace
    return text(spec.get("kind")), namespace, text(spec.get("name"))


def _has_artifact(source: Manifest) -> bool:
    return bool(within(source, "status").get("artifact"))


def _paused(manifest: Manifest, sources: list[Manifest]) -> tuple[str, datetime | None]:
    if suspended(manifest):
        return "suspended in Flux", written(manifest, "spec", "suspend")
    for source in sources:
        if suspended(source):
            return f"its {_name(source)} is suspended in Flux", written(source, "spec", "suspend")
    return "", None


def _name(manifest: Manifest) -> str:
    ref: ObjectRef = reference(manifest)
    return f"{ref.kind} {ref.namespace}/{ref.name}"
