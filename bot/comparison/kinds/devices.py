"""Claims of devices (DRA). Defaults after pkg/apis/resource/v1/defaults.go and v1beta1's, and their declared ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.schema import ANY, QUANTITY, free, keyed, record, sequence

_TOLERATIONS = sequence(record("key value effect tolerationSeconds", defaults={"operator": "Equal"}))
_CAPACITY = record(fields={"requests": free(QUANTITY)})


def _count(request: Mapping[str, Any]) -> int | None:
    return 1 if request.get("allocationMode") in (None, "", "ExactCount") else None


_WANTED = record(
    "deviceClassName selectors adminAccess",
    {"tolerations": _TOLERATIONS, "capacity": _CAPACITY},
    defaults={"allocationMode": "ExactCount", "count": _count},
)
_REQUEST = replace(
    _WANTED,
    fields={**_WANTED.fields, "name": ANY, "exactly": _WANTED, "firstAvailable": sequence(replace(_WANTED))},
    # v1beta1 has here what v1 has under `exactly`; beside that or alternatives, nothing is filled in.
    defaults={
        "allocationMode": lambda request: None if _is_split(request) else "ExactCount",
        "count": lambda request: None if _is_split(request) else _count(request),
    },
)


def _is_split(request: Mapping[str, Any]) -> bool:
    return bool(request.get("exactly") or request.get("firstAvailable"))


_CLAIM = record(
    fields={
        "devices": record(
            fields={"requests": keyed(_REQUEST, "name"), "constraints": sequence(ANY), "config": sequence(ANY)}
        )
    }
)
_GROUP = "resource.k8s.io"
TYPES = {
    (_GROUP, "ResourceClaim"): specified(_CLAIM),
    (_GROUP, "ResourceClaimTemplate"): specified(record(fields={"metadata": METADATA, "spec": _CLAIM})),
    (_GROUP, "DeviceClass"): specified(record("selectors config extendedResourceName")),
    (_GROUP, "DeviceTaintRule"): specified(
        record("deviceSelector", {"taint": record("key value effect", theirs="timeAdded")})
    ),
}
"""By API group and kind."""
