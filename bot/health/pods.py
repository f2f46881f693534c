"""Pods by themselves: those that Git declares, without a workload that would make new ones."""

from bot.health.causes import Cause, causes, unready_since
from bot.health.reading import condition, is_true, listed, part, text
from bot.health.verdict import Verdict, degraded, healthy, progressing
from bot.model.sync import Health, Manifest

_OFTEN = 3
"""Restarts from which on a container that runs for the moment does not count as on its way."""
_STUCK = ("ImagePullBackOff", "CrashLoopBackOff")


def pod(manifest: Manifest) -> Verdict:
    """Degraded where a container can't run, its own or one of its init containers and sidecars.

    A crash is none yet: containers are started again (kubelet, restartPolicy).
    """
    status = part(manifest, "status")
    found, since = causes(manifest), unready_since(manifest)
    stuck = next((each for each in found if _is_stuck(each)), None)
    match status.get("phase"):
        case "Succeeded":
            return healthy("the pod is done")
        case "Failed":
            first = found[0].text if found else "a container ended with an error"
            return degraded(f"the pod failed: {text(status.get('reason')) or first}", since)
        case _ if stuck is not None:
            return degraded(f"a container can't run: {stuck.text}", since)
        case "Running":
            if not listed(status, "conditions") or is_true(status, "Ready"):
                return healthy()
            return progressing(f"the pod is not ready: {found[0].text}" if found else "the pod is not ready", since)
        case "Pending" | None:
            scheduled = condition(status, "PodScheduled").get("status") != "False"
            return progressing("the pod is pending" if scheduled else "the pod can't be scheduled", since)
    return Verdict(Health.UNKNOWN, "the pod's node does not answer", since)


def _is_stuck(cause: Cause) -> bool:
    """Whether waiting won't help: what the kubelet itself waits longer and longer for, or can't begin."""
    return cause.rank == 0 or cause.text.startswith(_STUCK) or (cause.is_failure and cause.restarts >= _OFTEN)
