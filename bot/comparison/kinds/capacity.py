"""How much and how many: autoscaling, disruption, storage classes, priorities.

Defaults after pkg/apis/{autoscaling/v2,storage/v1,scheduling/v1,flowcontrol/v1}/defaults.go.
"""

from collections.abc import Mapping
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.schema import QUANTITY, TIME, Type, free, record, unordered

_AMOUNTS = dict.fromkeys(("value", "averageValue", "targetValue", "targetAverageValue"), QUANTITY)
_SOURCE = record(
    "name container describedObject metric metricName metricSelector selector targetAverageUtilization",
    {**_AMOUNTS, "target": record("type averageUtilization", _AMOUNTS)},
)
_METRIC = record("type", dict.fromkeys(("resource", "containerResource", "pods", "object", "external"), _SOURCE))

_PERCENT, _PODS = (
    {"type": "Percent", "value": 100, "periodSeconds": 15},
    {"type": "Pods", "value": 4, "periodSeconds": 15},
)


def _scaling(**defaults: Any) -> Type:
    return record(fields={"policies": unordered()}, defaults={"selectPolicy": "Max", **defaults})


_BEHAVIOR = record(
    fields={
        "scaleUp": _scaling(stabilizationWindowSeconds=0, policies=[_PERCENT, _PODS]),
        "scaleDown": _scaling(stabilizationWindowSeconds=300, policies=[_PERCENT]),
    },
    defaults={"scaleUp": {}, "scaleDown": {}},
)


def _busy_cpu(autoscaler: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without metrics it goes by the CPU's use, which v2beta1 spells in its own way."""
    spelled = ({"target": {"type": "Utilization", "averageUtilization": 80}}, {"targetAverageUtilization": 80})
    found = live.get("metrics")
    for target in spelled:
        metrics = [{"type": "Resource", "resource": {"name": "cpu", **target}}]
        if found == metrics and not autoscaler.get("metrics"):
            return {**autoscaler, "metrics": metrics}
    return autoscaler


_AUTOSCALER = record(
    "maxReplicas scaleTargetRef",
    {"metrics": unordered(_METRIC), "behavior": _BEHAVIOR},
    defaults={"minReplicas": 1, "targetCPUUtilizationPercentage": 80, "selectionStrategy": "LabelSelector"},
    complete=_busy_cpu,
)

_SHARES = {"nominalConcurrencyShares": 0, "lendablePercent": 0}


TYPES = {
    ("autoscaling", "HorizontalPodAutoscaler"): specified(_AUTOSCALER),
    ("policy", "PodDisruptionBudget"): specified(
        record("minAvailable maxUnavailable selector unhealthyPodEvictionPolicy")
    ),
    ("storage.k8s.io", "StorageClass"): record(
        "provisioner parameters allowVolumeExpansion mountOptions allowedTopologies",
        {"metadata": METADATA},
        defaults={"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    ),
    ("storage.k8s.io", "CSIDriver"): specified(
        record(
            "tokenRequests",
            {"volumeLifecycleModes": unordered()},
            defaults={
                "attachRequired": True,
                "podInfoOnMount": False,
                "storageCapacity": False,
                "requiresRepublish": False,
                "seLinuxMount": False,
                "fsGroupPolicy": "ReadWriteOnceWithFSType",
                "volumeLifecycleModes": ["Persistent"],
            },
        )
    ),
    ("scheduling.k8s.io", "PriorityClass"): record(
        "value globalDefault description", {"metadata": METADATA}, defaults={"preemptionPolicy": "PreemptLowerPriority"}
    ),
    ("node.k8s.io", "RuntimeClass"): record(
        "handler scheduling", {"metadata": METADATA, "overhead": record(fields={"podFixed": free(QUANTITY)})}
    ),
    ("coordination.k8s.io", "Lease"): specified(record(fields={"acquireTime": TIME, "renewTime": TIME})),
    ("events.k8s.io", "Event"): record(
        fields={
            "metadata": METADATA,
            **dict.fromkeys(("eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"), TIME),
        }
    ),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): specified(
        record("priorityLevelConfiguration distinguisherMethod rules", defaults={"matchingPrecedence": 1000})
    ),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): specified(
        record(
            "type",
            {
                "limited": record(
                    "borrowingLimitPercent",
                    {
                        "limitResponse": record(
                            "type",
                            {"queuing": record(defaults={"queues": 64, "handSize": 8, "queueLengthLimit": 50})},
                        )
                    },
                    defaults=_SHARES | {"assuredConcurrencyShares": 30, "nominalConcurrencyShares": 30},
                ),
                "exempt": record(defaults=_SHARES),
            },
        )
    ),
}
"""By API group and kind."""
