"""Kinds that run pods. Defaults after pkg/apis/apps/v1/defaults.go and pkg/apis/batch/v1/defaults.go."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.kinds.pods import CLAIM_TEMPLATE, POD, POD_TEMPLATE
from bot.comparison.schema import Type, record, section, sequence, unordered

_ROLLING: Mapping[str, Any] = {"type": "RollingUpdate", "rollingUpdate": {}}


def _rolling(defaults: Mapping[str, Any]) -> Type:
    """An update strategy; only a rolling one has (defaulted) parameters."""
    return record(
        fields={"rollingUpdate": record(defaults=defaults)},
        defaults={
            "type": "RollingUpdate",
            "rollingUpdate": lambda strategy: {} if strategy.get("type") in (None, "RollingUpdate") else None,
        },
    )


def _pod_labels(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return section(section(section(spec, "template"), "metadata"), "labels") or None


def _labelled(workload: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without labels of its own it gets those of its pods, as the server does for the oldest kinds."""
    metadata = section(workload, "metadata")
    labels = _pod_labels(section(workload, "spec"))
    return workload if metadata.get("labels") else {**workload, "metadata": {**metadata, "labels": labels}}


def _workload(plain: str = "", *, defaults: Mapping[str, Any], fields: Mapping[str, Type] | None = None) -> Type:
    """Replicas that Git does not name are whoever's who scales."""
    spec = record(
        f"selector {plain}",
        {"template": POD_TEMPLATE, **(fields or {})},
        defaults=defaults,
        theirs="replicas",
    )
    return specified(spec)


_FAILURE = record(
    "action",
    {
        "onExitCodes": record("containerName operator", {"values": unordered()}),
        "onPodConditions": sequence(record("type", defaults={"status": "True"})),
    },
)
_JOB = record(
    "activeDeadlineSeconds manualSelector ttlSecondsAfterFinished successPolicy backoffLimitPerIndex maxFailedIndexes"
    " managedBy",
    {"template": POD_TEMPLATE, "podFailurePolicy": record(fields={"rules": sequence(_FAILURE)})},
    defaults={
        "parallelism": 1,
        "completions": lambda job: None if "parallelism" in job else 1,
        "backoffLimit": lambda job: 6 if job.get("backoffLimitPerIndex") is None else 2**31 - 1,
        "completionMode": "NonIndexed",
        "suspend": False,
    },
    theirs="selector podReplacementPolicy",
)

TYPES = {
    ("", "Pod"): POD,
    ("", "PodTemplate"): record(fields={"metadata": METADATA, "template": POD_TEMPLATE}),
    ("", "ReplicationController"): replace(
        _workload("minReadySeconds", defaults={"selector": _pod_labels}), complete=_labelled
    ),
    ("apps", "ReplicaSet"): _workload("minReadySeconds", defaults={}),
    ("apps", "Deployment"): _workload(
        "minReadySeconds paused",
        fields={"strategy": _rolling({"maxSurge": "25%", "maxUnavailable": "25%"})},
        defaults={"strategy": _ROLLING, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
    ),
    ("apps", "StatefulSet"): _workload(
        "minReadySeconds serviceName ordinals",
        fields={
            "updateStrategy": _rolling({"partition": 0, "maxUnavailable": 1}),
            "volumeClaimTemplates": sequence(CLAIM_TEMPLATE),
            "persistentVolumeClaimRetentionPolicy": record(defaults={"whenDeleted": "Retain", "whenScaled": "Retain"}),
        },
        defaults={
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": _ROLLING,
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": {},
        },
    ),
    ("apps", "DaemonSet"): _workload(
        "minReadySeconds",
        fields={"updateStrategy": _rolling({"maxUnavailable": 1, "maxSurge": 0})},
        defaults={"updateStrategy": _ROLLING, "revisionHistoryLimit": 10},
    ),
    ("batch", "Job"): record(fields={"metadata": METADATA, "spec": _JOB}, complete=_labelled),
    ("batch", "CronJob"): record(
        fields={
            "metadata": METADATA,
            "spec": record(
                "schedule startingDeadlineSeconds timeZone",
                {"jobTemplate": specified(_JOB)},
                defaults={
                    "concurrencyPolicy": "Allow",
                    "suspend": False,
                    "successfulJobsHistoryLimit": 3,
                    "failedJobsHistoryLimit": 1,
                },
            ),
        }
    ),
}
"""By API group and kind."""
