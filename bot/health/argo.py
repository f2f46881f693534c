"""Argo's own kinds: a Rollout as its controller sums it up, an Application as Argo CD does.

Sources: argo-rollouts' CRD and `utils/rollout/rolloututil.go`; Argo CD, resource_customizations/argoproj.io.
"""

from bot.health.conditions import UNSEEN
from bot.health.reading import condition, count, listed, many, moment, number, part, since, text, why
from bot.health.verdict import Verdict, degraded, healthy, progressing, suspended
from bot.model.sync import Health, Manifest
from bot.quoting import quoted

_FAILURES = ("RolloutAborted", "ProgressDeadlineExceeded")
_WORKLOAD = "rollout.argoproj.io/workload-generation"


def rollout(manifest: Manifest) -> Verdict:
    status = part(manifest, "status")
    if not _is_observed(manifest):
        return progressing(UNSEEN)
    progress, message = condition(status, "Progressing"), quoted(text(status.get("message")))
    invalid = condition(status, "InvalidSpec")
    if invalid.get("status") == "True":
        return degraded(f"its spec is invalid: {why(invalid)}", since(invalid))
    if status.get("abort") is True or progress.get("reason") == "RolloutAborted":
        at = moment(status.get("abortedAt")) or since(progress)
        return degraded(f"the rollout was aborted: {message or why(progress)}", at)
    phase = text(status.get("phase"))
    if phase == "Degraded" or progress.get("reason") in _FAILURES:
        return degraded(f"the rollout failed: {message or why(progress)}", since(progress))
    if phase == "Paused" or (not phase and _pauses(manifest)):
        return _paused(manifest)
    if phase == "Healthy":
        return healthy(f"{_of(status, manifest)} ready")
    if phase == "Progressing":
        return progressing(message or f"{_of(status, manifest)} ready")
    return _by_count(manifest)


def application(manifest: Manifest) -> Verdict:
    told = part(manifest, "status", "health")
    message, at = quoted(text(told.get("message"))), moment(told.get("lastTransitionTime"))
    state = text(told.get("status"))
    if state == "Healthy":
        return healthy()
    if state not in {"Degraded", "Missing", "Progressing", "Suspended", "Unknown"}:
        return progressing("Argo CD has not looked at it yet")
    return Verdict(Health(state.lower()), message or f"Argo CD says: {state}", at)


def _paused(manifest: Manifest) -> Verdict:
    """At a step with a duration it goes on by itself; at any other it waits for a person."""
    status, steps = part(manifest, "status"), listed(part(manifest, "spec", "strategy", "canary"), "steps")
    first = _pauses(manifest)[0] if _pauses(manifest) else {}
    at, step = moment(first.get("startTime")), number(status.get("currentStepIndex"))
    if step is None or step >= len(steps):
        return suspended(": ".join(filter(None, ["the rollout is paused", text(first.get("reason"))])), at)
    where = f"paused at step {step + 1} of {len(steps)}"
    timed = part(steps[step], "pause").get("duration") is not None and part(manifest, "spec").get("paused") is not True
    return progressing(f"{where}, for as long as the step says", at) if timed else suspended(where, at)


def _by_count(manifest: Manifest) -> Verdict:
    """Of a controller before 1.0, which writes no phase."""
    status, wanted = part(manifest, "status"), count(part(manifest, "spec").get("replicas", 1))
    if count(status.get("updatedReplicas")) < wanted:
        return progressing(f"{count(status.get('updatedReplicas'))} of {many(wanted, 'replica')} updated")
    if count(status.get("availableReplicas")) < wanted:
        return progressing(f"{count(status.get('availableReplicas'))} of {many(wanted, 'replica')} available")
    stable = text(status.get("stableRS"))
    if stable and stable != text(status.get("currentPodHash")):
        return progressing("its steps are not done yet")
    return healthy(f"{_of(status, manifest)} ready")


def _pauses(manifest: Manifest) -> list[Manifest]:
    spec: Manifest = {"reason": "spec.paused"}
    by_hand = [spec] if part(manifest, "spec").get("paused") is True else []
    return listed(part(manifest, "status"), "pauseConditions") or by_hand


def _of(status: Manifest, manifest: Manifest) -> str:
    wanted = count(part(manifest, "spec").get("replicas", 1))
    return f"{count(status.get('readyReplicas'))} of {many(wanted, 'replica')}"


def _is_observed(manifest: Manifest) -> bool:
    """Whether the status is of the newest spec, be it in the Rollout or in the Deployment that it points at.

    `observedGeneration` is text, and before 0.10 it is a hash that may look like a larger number.
    """
    status, metadata = part(manifest, "status"), part(manifest, "metadata")
    generation, observed = number(metadata.get("generation")), number(status.get("observedGeneration"))
    if not status:
        return False
    if generation is not None and observed is not None and observed < generation:
        return False
    named = number(part(metadata, "annotations").get(_WORKLOAD))
    if named is None or not part(manifest, "spec", "workloadRef"):
        return True
    return number(status.get("workloadObservedGeneration")) == named
