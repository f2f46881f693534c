"""Ingress and NetworkPolicy. Defaults after pkg/apis/networking/v1/defaults.go."""

from collections.abc import Mapping
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.schema import record, sequence, unordered

_PEERS = sequence(record("ipBlock podSelector namespaceSelector", presence="podSelector namespaceSelector"))
_PORTS = sequence(record("port endPort", defaults={"protocol": "TCP"}))


def _policy_types(policy: Mapping[str, Any]) -> list[str]:
    return ["Ingress", "Egress"] if policy.get("egress") else ["Ingress"]


_POLICY = record(
    "podSelector",
    {
        "policyTypes": unordered(),
        "ingress": sequence(record(fields={"from": _PEERS, "ports": _PORTS})),
        "egress": sequence(record(fields={"to": _PEERS, "ports": _PORTS})),
    },
    defaults={"policyTypes": _policy_types},
)

_BACKEND = record("service resource serviceName servicePort")
_HTTP = record(
    fields={"paths": sequence(record("path", {"backend": _BACKEND}, defaults={"pathType": "ImplementationSpecific"}))}
)
_INGRESS = record(
    "tls", {"rules": sequence(record("host", {"http": _HTTP})), "defaultBackend": _BACKEND}, theirs="ingressClassName"
)


TYPES = {
    ("networking.k8s.io", "Ingress"): specified(_INGRESS),
    ("extensions", "Ingress"): specified(_INGRESS),
    ("networking.k8s.io", "NetworkPolicy"): specified(_POLICY),
    ("discovery.k8s.io", "EndpointSlice"): record(
        "addressType",
        {
            "metadata": METADATA,
            "endpoints": sequence(
                record("hostname nodeName zone hints targetRef conditions topology", {"addresses": unordered()})
            ),
            "ports": sequence(record("port appProtocol", defaults={"name": "", "protocol": "TCP"})),
        },
    ),
    ("networking.k8s.io", "IngressClass"): specified(
        record("controller", {"parameters": record("apiGroup kind name namespace", defaults={"scope": "Cluster"})})
    ),
}
"""By API group and kind."""
