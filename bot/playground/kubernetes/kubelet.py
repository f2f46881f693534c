"""Plays scheduler, kubelet and the controllers that make pods: what there would be below a workload, made when asked.

Nothing of it is stored: it follows from the workload's status and from how long its rollout has gone on, so that a
cluster of hundreds of workloads costs no more.
"""

import json
import uuid
from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.playground.kubernetes.containers import failure, stamp, status
from bot.playground.kubernetes.rollout import Rollout, made_up
from bot.playground.kubernetes.rollout import revision as _revision

Json = dict[str, Any]

_NODE = "node-1"


def replica_sets(manifest: Json, rollout: Rollout) -> Iterator[Json]:
    """The newest ReplicaSet of a Deployment, and the one before as long as it has pods."""
    status = manifest.get("status", {})
    new, old = _shares(manifest, rollout)
    number = rollout.revision
    for template, count, ready in ((rollout.template, new[0], new[1]), (rollout.previous, old, old)):
        if template and (count or template == rollout.template) and status.get("observedGeneration"):
            made = _named(manifest, "ReplicaSet", _revision(template), manifest["metadata"]["creationTimestamp"])
            made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
            pod = json.loads(template)
            hashed = {"pod-template-hash": _revision(template)}
            pod.setdefault("metadata", {})["labels"] = {**pod.get("metadata", {}).get("labels", {}), **hashed}
            selector = {"matchLabels": {**manifest["spec"].get("selector", {}).get("matchLabels", {}), **hashed}}
            counts = {"replicas": count, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
            made |= {"spec": {"replicas": count, "selector": selector, "template": pod}, "status": counts}
            made["metadata"] |= {"labels": pod["metadata"]["labels"], "generation": 1}
            yield made
        number -= 1


def pods(manifest: Json, rollout: Rollout, elapsed: float, deleted: Container[str] = frozenset()) -> Iterator[Json]:
    """The pods of a workload, `elapsed` seconds into its rollout; infinity is in the end. In place of those whose names
    are `deleted` there are others."""
    kind = manifest["kind"]
    (new, ready), old = _shares(manifest, rollout)
    born = datetime.fromisoformat(manifest["metadata"]["creationTimestamp"])
    first = old if kind == "StatefulSet" else 0  # the highest ordinal is replaced first
    for number in range(first, first + new):
        yield _pod(manifest, rollout.template, number, rollout.began, elapsed, deleted, ready=number - first < ready)
    for number in range(old):
        yield _pod(manifest, rollout.previous, number, born, elapsed, deleted, ready=True)


def events(pod: Json, now: datetime) -> Iterator[Json]:
    """What scheduler and kubelet tell of a pod."""
    metadata = pod["metadata"]
    began = datetime.fromisoformat(metadata["creationTimestamp"])
    said = [("Normal", "Scheduled", f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {_NODE}", 1)]
    for each in pod["status"].get("containerStatuses", []):
        waiting = each["state"].get("waiting", {}).get("reason")
        if waiting == "ImagePullBackOff":
            said.append(("Warning", "Failed", f'Failed to pull image "{each["image"]}": not found', 3))
            said.append(("Warning", "BackOff", f'Back-off pulling image "{each["image"]}"', 5))
        elif waiting == "CrashLoopBackOff":
            again = f"Back-off restarting failed container {each['name']} in pod {metadata['name']}"
            said.append(("Warning", "BackOff", again, each["restartCount"]))
    for number, (kind, reason, message, count) in enumerate(said):
        at = began if kind == "Normal" else max(began, now - timedelta(seconds=len(said) - number))
        yield {
            "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "message": message, "count": count,
            "metadata": {
                "name": f"{metadata['name']}.{number:016x}", "namespace": metadata["namespace"],
                "uid": _uid(metadata["uid"], str(number)), "creationTimestamp": stamp(began), "resourceVersion": "1",
            },
            "involvedObject": {
                "kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "source": {"component": "default-scheduler" if reason == "Scheduled" else "kubelet"},
            "firstTimestamp": stamp(began), "lastTimestamp": stamp(at),
        }  # fmt: skip


def _shares(manifest: Json, rollout: Rollout) -> tuple[tuple[int, int], int]:
    """How many pods are of the newest template, how many of these are ready, and how many are of the one before."""
    spec, told = manifest.get("spec", {}), manifest.get("status", {})
    match manifest["kind"]:
        case "Deployment" | "StatefulSet":
            ready, updated = told.get("readyReplicas", 0), told.get("updatedReplicas", 0)
        case "DaemonSet":
            ready, updated = told.get("numberReady", 0), told.get("updatedNumberScheduled", 0)
        case "ReplicaSet":
            ready, updated = told.get("readyReplicas", 0), told.get("replicas", 0)
        case "Job":
            return (1 if told.get("startTime") and not spec.get("suspend") else 0, 0), 0
        case _:
            return (0, 0), 0
    fresh = 0 if failure(manifest) and rollout.previous else min(updated, ready)
    return (updated, fresh), max(0, ready - fresh) if rollout.previous else 0


def _pod(
    manifest: Json, template: str, number: int, began: datetime, elapsed: float, deleted: Container[str], *, ready: bool
) -> Json:
    kind, metadata, spec = manifest["kind"], manifest["metadata"], json.loads(template)
    revision, attempt = _revision(template), 0
    base = f"{metadata['name']}-{revision}" if kind == "Deployment" else metadata["name"]
    if kind == "StatefulSet":
        name = f"{base}-{number}"
    else:
        while (name := f"{base}-{made_up(metadata['uid'], template, number, attempt)}") in deleted:
            attempt += 1
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            **_owned(manifest, revision), "name": name, "namespace": metadata["namespace"],
            "uid": _uid(metadata["uid"], name), "creationTimestamp": stamp(began),
            "resourceVersion": metadata["resourceVersion"],
            "labels": {**spec.get("metadata", {}).get("labels", {}), **_labels(kind, name, metadata["name"], revision)},
            "annotations": spec.get("metadata", {}).get("annotations", {}),
        },
        "spec": {**spec.get("spec", {}), "nodeName": _NODE},
    }  # fmt: skip
    done = kind == "Job" and any(key in manifest.get("status", {}) for key in ("succeeded", "failed"))
    pod["status"] = status(pod, began, elapsed, ready=ready, done=done)
    return pod


def _owned(manifest: Json, revision: str) -> Json:
    metadata = manifest["metadata"]
    api_version, kind, name, uid = manifest["apiVersion"], manifest["kind"], metadata["name"], metadata["uid"]
    if kind == "Deployment":
        kind, name = "ReplicaSet", f"{name}-{revision}"
        uid = _uid(uid, name)
    owner = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return {"ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]}


def _labels(kind: str, pod: str, name: str, revision: str) -> dict[str, str]:
    match kind:
        case "Deployment":
            return {"pod-template-hash": revision}
        case "StatefulSet":
            return {"controller-revision-hash": f"{name}-{revision}", "statefulset.kubernetes.io/pod-name": pod}
        case "DaemonSet":
            return {"controller-revision-hash": revision}
        case "Job":
            return {"job-name": name, "batch.kubernetes.io/job-name": name}
    return {}


def _named(manifest: Json, kind: str, revision: str, born: str) -> Json:
    metadata = manifest["metadata"]
    name = f"{metadata['name']}-{revision}"
    owner = {"apiVersion": "apps/v1", "kind": manifest["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {
            "name": name, "namespace": metadata["namespace"], "uid": _uid(metadata["uid"], name),
            "creationTimestamp": born, "resourceVersion": metadata["resourceVersion"],
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
    }  # fmt: skip


def _uid(*of: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(of)))
