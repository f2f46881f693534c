"""Why a pod does not run, in words: what the kubelet and the scheduler wrote into its status.

Names of reasons as the kubelet writes them (`pkg/kubelet/images/types.go`, `pkg/kubelet/container/sync_result.go`). How
long something has been so, and for how long it is going to wait, is left out: it would be another text at each look.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.health.reading import condition, count, is_true, listed, many, moment, part, since, text
from bot.model.sync import Manifest
from bot.quoting import quoted

_IMAGE = {"ErrImagePull": "ImagePullBackOff"}
"""The kubelet tries and waits in turn: it is one cause."""
_IMAGES = frozenset(
    ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable")
)
_QUIET = frozenset(("ContainerCreating", "PodInitializing", ""))
_NO_BACK_OFF = ("back-off", "Back-off")


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why a pod is not ready. The lower its rank, the more it tells."""

    rank: int
    text: str
    restarts: int = 0
    container: str = ""
    """Which one fails; its log may tell more."""

    @property
    def is_failure(self) -> bool:
        """Whether the pod won't come right by waiting."""
        return self.rank <= _FAILING

    def __str__(self) -> str:
        return f"{self.text}, {many(self.restarts, 'restart')}" if self.restarts else self.text


_FAILING = 2
_WAITING, _BEGINNING = 3, 4


def causes(pod: Manifest) -> tuple[Cause, ...]:
    """Why a pod is not ready, the most telling first; nothing of one that is ready or done."""
    status = part(pod, "status")
    if is_true(status, "Ready") or status.get("phase") == "Succeeded":
        return ()
    return tuple(sorted({*_of_pod(pod), *_of_containers(pod)}, key=lambda each: (each.rank, each.text)))


def unready_since(pod: Manifest) -> datetime | None:
    """Since when a pod has not been ready."""
    status = part(pod, "status")
    found = condition(status, "Ready") or condition(status, "PodScheduled")
    return since(found) or moment(part(pod, "metadata").get("creationTimestamp"))


def summed_up(found: Iterable[Cause]) -> tuple[str, ...]:
    """The causes of several pods, each once: with the most restarts, the most telling and commonest first."""
    ranked: dict[str, tuple[int, int]] = {}
    worst: dict[str, int] = {}
    for each in found:
        rank, pods = ranked.get(each.text, (each.rank, 0))
        ranked[each.text] = min(rank, each.rank), pods - 1
        worst[each.text] = max(worst.get(each.text, 0), each.restarts)
    order = sorted(ranked, key=lambda said: (*ranked[said], said))
    return tuple(str(Cause(0, said, worst[said])) for said in order)


def _of_pod(pod: Manifest) -> Iterator[Cause]:
    status = part(pod, "status")
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        why = quoted(text(scheduled.get("message"))).split(" preemption: ")[0].rstrip(". ")
        reason = text(scheduled.get("reason")) or "Unschedulable"
        yield Cause(_WAITING, f"{reason}: {why}" if why else reason)
    if status.get("phase") == "Failed" and text(status.get("reason")):
        why = quoted(text(status.get("message"))).rstrip(". ")
        yield Cause(1, f"{text(status.get('reason'))}: {why}" if why else text(status.get("reason")))
    for gate in listed(part(pod, "spec"), "readinessGates"):
        kind = text(gate.get("conditionType"))
        if is_true(status, "ContainersReady") and not is_true(status, kind):
            yield Cause(_BEGINNING, f"the readiness gate {kind} is not met")


def _of_containers(pod: Manifest) -> Iterator[Cause]:
    spec, status = part(pod, "spec"), part(pod, "status")
    specs = {text(each.get("name")): each for key in ("initContainers", "containers") for each in listed(spec, key)}
    alone = len(listed(spec, "containers")) <= 1
    for key in ("initContainerStatuses", "containerStatuses"):
        for each in listed(status, key):
            name = text(each.get("name"))
            container = specs.get(name, {})
            if key == "initContainerStatuses":
                which = "sidecar" if container.get("restartPolicy") == "Always" else "init container"
                named = f" ({which} {name})"
            else:
                which, named = "container", "" if alone else f" (container {name})"
            found = _of_container(each, container, is_init=which == "init container")
            if found is not None:
                yield Cause(found.rank, found.text + named, found.restarts, name)


def _of_container(status: Manifest, spec: Manifest, *, is_init: bool) -> Cause | None:
    waiting, ended = part(status, "state", "waiting"), part(status, "state", "terminated")
    restarts = count(status.get("restartCount"))
    if text(waiting.get("reason")) not in _QUIET:
        return _of_waiting(status, spec, waiting, restarts)
    if ended and (count(ended.get("exitCode")) or ended.get("reason") == "OOMKilled"):
        return Cause(_FAILING, _end(ended), restarts)
    before = part(status, "lastState", "terminated")
    running = "running" in part(status, "state")
    if running and (status.get("ready") is True or is_init):
        return None if status.get("ready") is True else Cause(_BEGINNING, "still at work", restarts)
    if count(before.get("exitCode")):
        return Cause(_FAILING, _end(before), restarts)
    return _of_running(status, spec, restarts) if running else None


def _of_waiting(status: Manifest, spec: Manifest, waiting: Manifest, restarts: int) -> Cause:
    reason, message = text(waiting.get("reason")), quoted(text(waiting.get("message")))
    reason = _IMAGE.get(reason, reason)
    if reason in _IMAGES:
        image = text(spec.get("image")) or text(status.get("image"))
        return Cause(0, f"{reason} {quoted(image)}".strip())
    if reason == "CrashLoopBackOff":
        end = _end(part(status, "lastState", "terminated"))
        return Cause(1, ": ".join(filter(None, [reason, end])), restarts)
    # CreateContainerConfigError, CreateContainerError, RunContainerError and the like.
    return Cause(0, f"{reason}: {message}" if message and not message.startswith(_NO_BACK_OFF) else reason, restarts)


def _of_running(status: Manifest, spec: Manifest, restarts: int) -> Cause | None:
    for probe, fails in (("startupProbe", status.get("started") is False), ("readinessProbe", True)):
        if fails and probe in spec:
            return Cause(_WAITING, f"{probe.removesuffix('Probe')} probe failing", restarts)
    return Cause(_BEGINNING, "not ready", restarts) if restarts else None


def _end(terminated: Manifest) -> str:
    """How a container ended: `OOMKilled`, `exit code 1`, or what the runtime says where it never began."""
    reason, code = text(terminated.get("reason")), count(terminated.get("exitCode"))
    if reason in {"Error", "Completed", ""}:
        return f"exit code {code}" if terminated else ""
    if reason in {"OOMKilled", "DeadlineExceeded"}:
        return reason
    message = quoted(text(terminated.get("message")))
    return f"{reason}: {message}" if message else f"{reason}, exit code {code}"
