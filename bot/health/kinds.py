"""The other kinds of the API itself that tell how they are: claims, Services, autoscalers, definitions and the like.

What comes right by itself is progressing (gitops-engine's rules, pkg/health); degraded is what waits for a person.
"""

import json
from datetime import datetime

from bot.health.reading import condition, listed, moment, part, since, text, why
from bot.health.verdict import Verdict, degraded, healthy, progressing
from bot.model.sync import Manifest

_OLD_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""Where an autoscaler has its conditions at v1."""
_NO_METRICS_YET = ("did not receive metrics", "no metrics returned")
"""What an autoscaler says of pods that have only just begun."""


def claim(manifest: Manifest) -> Verdict:
    match part(manifest, "status").get("phase"):
        case "Bound":
            return healthy()
        case "Lost":
            return degraded("its volume is lost")
    return progressing("no volume is bound yet", _born(manifest))


def service(manifest: Manifest) -> Verdict:
    """A load balancer's Service waits for its address; any other is healthy by being there."""
    addresses = listed(part(manifest, "status", "loadBalancer"), "ingress")
    if part(manifest, "spec").get("type") != "LoadBalancer" or addresses:
        return healthy()
    return progressing("its load balancer has no address yet", _born(manifest))


def namespace(manifest: Manifest) -> Verdict:
    status = part(manifest, "status")
    if status.get("phase") != "Terminating" and not part(manifest, "metadata").get("deletionTimestamp"):
        return healthy()
    for kind in (
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceFinalizersRemaining",
    ):
        if (found := condition(status, kind)).get("status") == "True":
            return progressing(f"it is being deleted: {why(found)}", since(found))
    return progressing("it is being deleted")


def autoscaler(manifest: Manifest) -> Verdict:
    """Degraded where it can't scale or can't tell by what. Scaled to zero it is off, which is nobody's fault."""
    conditions = part(manifest, "status")
    if old := part(manifest, "metadata", "annotations").get(_OLD_CONDITIONS):
        try:
            conditions = {"conditions": json.loads(text(old))}
        except (ValueError, RecursionError):
            return healthy()
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(conditions, kind)
        if found.get("status") != "False" or found.get("reason") == "ScalingDisabled":
            continue
        if any(phrase in text(found.get("message")) for phrase in _NO_METRICS_YET):
            return progressing("the autoscaler has no metrics of the pods yet", since(found))
        return degraded(f"the autoscaler can't work: {why(found)}", since(found))
    return healthy()


def budget(manifest: Manifest) -> Verdict:
    """Too few pods are the workload's matter, and some budgets never have enough (argoproj/argo-cd#20171)."""
    found = condition(part(manifest, "status"), "DisruptionAllowed")
    if found.get("status") == "False" and found.get("reason") != "InsufficientPods":
        return degraded(f"the budget can't be kept: {why(found)}", since(found))
    return healthy()


def api_service(manifest: Manifest) -> Verdict:
    found = condition(part(manifest, "status"), "Available")
    if found.get("status", "True") == "True":
        return healthy()
    return progressing(f"its API is not available: {why(found)}", since(found))


def definition(manifest: Manifest) -> Verdict:
    status = part(manifest, "status")
    if (going := condition(status, "Terminating")).get("status") == "True":
        return progressing(f"it is being deleted: {why(going)}", since(going))
    if (refused := condition(status, "NamesAccepted")).get("status") == "False":
        return degraded(f"its names are not accepted: {why(refused)}", since(refused))
    established = condition(status, "Established")
    if established.get("status") == "False" and established.get("reason") != "Installing":
        return degraded(f"it is not established: {why(established)}", since(established))
    if established.get("status") != "True":
        return progressing("it is not established yet", since(established) or _born(manifest))
    return healthy()


def _born(manifest: Manifest) -> datetime | None:
    return moment(part(manifest, "metadata").get("creationTimestamp"))
