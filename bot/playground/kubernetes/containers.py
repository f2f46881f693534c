"""How the containers of a pod fare, as the kubelet tells it (`pkg/kubelet/status`), and what they log."""

from datetime import UTC, datetime
from typing import Any

from bot.playground.kubernetes.objects import Problem

Json = dict[str, Any]

_MOST_RESTARTS = 7
_BETWEEN_RESTARTS = 3.0
"""Real ones wait longer and longer, up to five minutes; nobody watches a demonstration for that long."""


def failure(manifest: Json) -> str | None:
    """How the pods of a workload fail, by the tag of an image: `broken` or `crash`; None where they don't."""
    spec = manifest.get("spec", {})
    pod = spec.get("template", {}).get("spec", spec)
    tags = [str(container.get("image", "")).rpartition(":")[2] for container in pod.get("containers", [])]
    return next((how for how in ("broken", "crash") for tag in tags if how in tag), None)


def status(pod: Json, began: datetime, elapsed: float, *, ready: bool, done: bool = False) -> Json:
    """What the kubelet says of a pod. One that is not ready fails as its image's tag says, else it is starting."""
    wrong = None if ready or done else failure(pod)
    at = stamp(began)
    containers = [_container(each, wrong, began, elapsed, ready=ready, done=done) for each in pod["spec"]["containers"]]
    said = "True" if ready else "False"
    reason = {} if ready else {"reason": "PodCompleted" if done else "ContainersNotReady"}
    started = wrong == "crash" or ready
    return {
        "phase": ("Failed" if failure(pod) else "Succeeded") if done else "Running" if started else "Pending",
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": at},
            {"type": "Initialized", "status": "True", "lastTransitionTime": at},
            {"type": "ContainersReady", "status": said, "lastTransitionTime": at, **reason},
            {"type": "Ready", "status": said, "lastTransitionTime": at, **reason},
        ],
        "hostIP": "10.0.0.1", "podIP": "10.1.0.7", "startTime": at, "qosClass": "BestEffort",
        "containerStatuses": containers,
    }  # fmt: skip


def log(pod: Json, container: str, *, previous: bool) -> list[str]:
    """The lines that a container wrote. Problem 400 where it never began, as the kubelet answers."""
    statuses = {each["name"]: each for each in pod["status"].get("containerStatuses", [])}
    name = container or next(iter(statuses), "")
    if name not in statuses:
        raise Problem(400, "BadRequest", f"container {name} is not valid for pod {pod['metadata']['name']}")
    found = statuses[name]
    where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
    if previous and not found["restartCount"]:
        raise Problem(400, "BadRequest", f"previous terminated {where} not found")
    if found["state"].get("waiting", {}).get("reason") == "ImagePullBackOff":
        raise Problem(400, "BadRequest", f"{where} is waiting to start: trying and failing to pull image")
    began = [
        f"level=info msg=\"starting {name}\" image={found['image']}",
        "level=info msg=\"connecting\" url=postgres://app:correct-horse@db:5432/app",
    ]  # fmt: skip
    if found["state"].get("running") and found["ready"]:
        return [*began, 'level=info msg="listening on :8080"', 'level=info msg="GET /healthz" status=200']
    return [*began, 'level=error msg="the table payments has no column currency"', "panic: migration 42 failed"]


def _container(spec: Json, wrong: str | None, began: datetime, elapsed: float, *, ready: bool, done: bool) -> Json:
    name, image, at = spec["name"], spec["image"], stamp(began)
    found = {"name": name, "image": image, "imageID": "", "ready": ready, "started": ready, "restartCount": 0}
    if done:
        code = int(failure({"spec": {"containers": [spec]}}) is not None)
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": at, "finishedAt": at}
        return {**found, "state": {"terminated": ended}, "lastState": {}}
    if wrong == "crash" and failure({"spec": {"containers": [spec]}}):
        restarts = int(min(_MOST_RESTARTS, 1 + elapsed // _BETWEEN_RESTARTS))
        ended = {"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at}
        message = f"back-off {10 * restarts}s restarting failed container={name}"
        waiting = {"reason": "CrashLoopBackOff", "message": message}
        return {**found, "restartCount": restarts, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    if wrong == "broken" and failure({"spec": {"containers": [spec]}}):
        message = f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'
        return {**found, "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}, "lastState": {}}
    if not ready and wrong is None:
        return {**found, "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {}}
    return {**found, "ready": True, "started": True, "state": {"running": {"startedAt": at}}, "lastState": {}}


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
