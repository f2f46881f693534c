"""Kinds of the core group that run nothing. Defaults after pkg/apis/core/v1/defaults.go."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.kinds.pods import CLAIM, VOLUME
from bot.comparison.schema import (
    ANY,
    BYTES,
    QUANTITY,
    TEXT,
    TIME,
    free,
    keyed,
    record,
    section,
    sequence,
    unordered,
)
from bot.comparison.secrets import as_stored

_PORT = replace(
    record(
        "name appProtocol port",
        defaults={"protocol": "TCP", "targetPort": lambda port: port.get("port")},
        theirs="nodePort",
    ),
    counted=frozenset({"targetPort"}),
)
_SERVICE = record(
    "externalIPs loadBalancerSourceRanges externalName publishNotReadyAddresses trafficDistribution",
    {
        "sessionAffinityConfig": record(
            fields={"clientIP": record(defaults={"timeoutSeconds": 10800})}, defaults={"clientIP": {}}
        ),
        "selector": free(TEXT),
        "ports": keyed(_PORT, "port", "protocol"),
    },
    defaults={
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "sessionAffinityConfig": lambda spec: (
            {"clientIP": {"timeoutSeconds": 10800}} if spec.get("sessionAffinity") == "ClientIP" else None
        ),
        "internalTrafficPolicy": "Cluster",
        "externalTrafficPolicy": "Cluster",
        "allocateLoadBalancerNodePorts": True,
    },
    # The last two are written by controllers of load balancers: that of AWS the class, kube-vip the address.
    theirs="clusterIP clusterIPs healthCheckNodePort ipFamilies ipFamilyPolicy ipFamily"
    " loadBalancerClass loadBalancerIP",
)

_VOLUME_SPEC = record(
    "mountOptions nodeAffinity local",
    {**VOLUME.fields, "capacity": free(QUANTITY), "accessModes": unordered()},
    defaults={"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem", "storageClassName": ""},
    theirs="claimRef",
)

_AMOUNTS = ("min", "max", "maxLimitRequestRatio", "default", "defaultRequest")


def _limits(item: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of containers complete each other (SetDefaults_LimitRangeItem)."""
    if item.get("type") != "Container":
        return item
    least, most, limit, request = (section(item, name) for name in ("min", "max", "default", "defaultRequest"))
    limit = {**most, **limit}
    return {**item, "default": limit, "defaultRequest": {**least, **limit, **request}}


def _secret(secret: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """One for a service account's token is filled by a controller."""
    stored = as_stored(secret, live)
    if stored.get("type") != "kubernetes.io/service-account-token":
        return stored
    filled = {name: value for name, value in section(live, "data").items() if name in {"token", "ca.crt", "namespace"}}
    return {**stored, "data": {**filled, **section(stored, "data")}}


def _addresses() -> dict[str, Any]:
    return {
        "addresses": unordered(),
        "notReadyAddresses": unordered(),
        "ports": unordered(record(defaults={"protocol": "TCP"})),
    }


TYPES = {
    ("", "Service"): specified(_SERVICE),
    ("", "ConfigMap"): record("immutable", {"metadata": METADATA, "data": free(TEXT), "binaryData": free(BYTES)}),
    ("", "Secret"): record(
        "immutable", {"metadata": METADATA, "data": free(BYTES)}, defaults={"type": "Opaque"}, complete=_secret
    ),
    ("", "ServiceAccount"): record(
        "automountServiceAccountToken",
        {
            "metadata": METADATA,
            "secrets": keyed(ANY, "name", shared=True),
            "imagePullSecrets": keyed(ANY, "name", shared=True),
        },
    ),
    ("", "Namespace"): record(
        fields={"metadata": METADATA, "spec": record(fields={"finalizers": unordered(shared=True)})},
        defaults={"spec": {}},
    ),
    ("", "PersistentVolumeClaim"): specified(CLAIM),
    ("", "PersistentVolume"): specified(_VOLUME_SPEC),
    ("", "LimitRange"): record(
        fields={
            "metadata": METADATA,
            "spec": record(
                fields={"limits": sequence(record("type", dict.fromkeys(_AMOUNTS, free(QUANTITY)), complete=_limits))}
            ),
        }
    ),
    ("", "ResourceQuota"): record(
        fields={
            "metadata": METADATA,
            "spec": record("scopeSelector", {"hard": free(QUANTITY), "scopes": unordered()}),
        }
    ),
    ("", "Node"): specified(
        # A node is its kubelet's and the controllers'; people label it, and taint it with keys of theirs.
        record(
            fields={"taints": keyed(record("value"), "key", "effect", shared=True)},
            theirs="podCIDR podCIDRs providerID externalID unschedulable configSource",
        )
    ),
    ("", "Event"): record(
        fields={"metadata": METADATA, **dict.fromkeys(("firstTimestamp", "lastTimestamp", "eventTime"), TIME)}
    ),
    ("", "Endpoints"): record(fields={"metadata": METADATA, "subsets": unordered(record(fields=_addresses()))}),
}
"""By API group and kind."""
