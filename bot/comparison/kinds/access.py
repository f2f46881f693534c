"""Roles, bindings and what else decides who may: RBAC, admission, pod security."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.comparison.kinds.metadata import METADATA, specified
from bot.comparison.schema import ANY, BYTES, keyed, record, sequence, unordered

_RBAC = "rbac.authorization.k8s.io"
_RULE = record(
    fields=dict.fromkeys(("apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs"), unordered())
)


def _subject_group(subject: Mapping[str, Any]) -> str:
    return "" if subject.get("kind") == "ServiceAccount" else _RBAC


_ROLE = record(fields={"metadata": METADATA, "rules": unordered(_RULE)})
_BINDING = record(
    fields={
        "metadata": METADATA,
        "subjects": keyed(record(defaults={"apiGroup": _subject_group}), "kind", "namespace", "name"),
        "roleRef": record("kind name", defaults={"apiGroup": _RBAC}),
    }
)


def _aggregated(role: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rules of an aggregated role are its controller's, whatever Git says."""
    return {**role, "rules": live.get("rules")} if role.get("aggregationRule") else role


_CLUSTER_ROLE = record(
    fields={"metadata": METADATA, "rules": unordered(_RULE), "aggregationRule": ANY}, complete=_aggregated
)

_CLIENT = record("url", {"service": record("name namespace path", defaults={"port": 443})}, theirs="caBundle")
_HOOK_RULE = record(
    fields=dict.fromkeys(("apiGroups", "apiVersions", "operations", "resources"), unordered()), defaults={"scope": "*"}
)
_WEBHOOK = record(
    "sideEffects matchConditions",
    {"clientConfig": _CLIENT, "rules": unordered(_HOOK_RULE), "admissionReviewVersions": sequence(ANY)},
    defaults={
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "timeoutSeconds": 10,
        "reinvocationPolicy": "Never",
    },
)
_WEBHOOKS = record(fields={"metadata": METADATA, "webhooks": keyed(_WEBHOOK, "name")})
_OLDER_WEBHOOK = replace(
    _WEBHOOK,
    defaults={
        "failurePolicy": "Ignore",
        "matchPolicy": "Exact",
        "sideEffects": "Unknown",
        "timeoutSeconds": 30,
        "admissionReviewVersions": ["v1beta1"],
        "reinvocationPolicy": "Never",
    },
)
_OLDER_WEBHOOKS = record(fields={"metadata": METADATA, "webhooks": keyed(_OLDER_WEBHOOK, "name")})

_MATCH = record(
    fields=dict.fromkeys(("resourceRules", "excludeResourceRules"), unordered(_HOOK_RULE)),
    defaults={"matchPolicy": "Equivalent"},
)
_ADMISSION = record(
    "paramKind matchConditions variables validations auditAnnotations mutations reinvocationPolicy",
    {"matchConstraints": _MATCH},
    defaults={"failurePolicy": "Fail"},
)
_ADMISSION_BINDING = record(
    "policyName",
    {
        "validationActions": unordered(),
        "matchResources": _MATCH,
        "paramRef": record("name namespace selector", defaults={"parameterNotFoundAction": "Deny"}),
    },
)


def _versions(spec: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    return [{"name": spec["version"], "served": True, "storage": True}] if spec.get("version") else None


def _version(spec: Mapping[str, Any]) -> Any:
    return next((each.get("name") for each in spec.get("versions") or () if isinstance(each, Mapping)), None)


_DEFINITION = record(
    "group scope",
    {
        "versions": keyed(record("served storage schema subresources additionalPrinterColumns"), "name"),
        "names": record(
            "plural kind shortNames categories",
            defaults={
                "singular": lambda names: str(names.get("kind", "")).lower(),
                "listKind": lambda names: f"{names.get('kind')}List",
            },
        ),
        "conversion": record(
            fields={"webhook": record(fields={"clientConfig": _CLIENT})}, defaults={"strategy": "None"}
        ),
    },
    defaults={"conversion": {"strategy": "None"}},
)
_OLDER_DEFINITION = replace(
    _DEFINITION,
    defaults={**_DEFINITION.defaults, "preserveUnknownFields": True, "version": _version, "versions": _versions},
)

_ADMISSION_GROUP = "admissionregistration.k8s.io"
_DEFINITION_GROUP = "apiextensions.k8s.io"
TYPES = {
    (_RBAC, "Role"): _ROLE,
    (_RBAC, "ClusterRole"): _CLUSTER_ROLE,
    (_RBAC, "RoleBinding"): _BINDING,
    (_RBAC, "ClusterRoleBinding"): _BINDING,
    (_ADMISSION_GROUP, "ValidatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION_GROUP, "MutatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION_GROUP, "ValidatingAdmissionPolicy"): specified(_ADMISSION),
    (_ADMISSION_GROUP, "ValidatingAdmissionPolicyBinding"): specified(_ADMISSION_BINDING),
    (_ADMISSION_GROUP, "MutatingAdmissionPolicy"): specified(_ADMISSION),
    (_ADMISSION_GROUP, "MutatingAdmissionPolicyBinding"): specified(_ADMISSION_BINDING),
    ("certificates.k8s.io", "CertificateSigningRequest"): specified(
        # Who asks is written down by the server.
        record(
            "signerName expirationSeconds",
            {"request": BYTES, "usages": unordered()},
            theirs="groups uid username extra",
        )
    ),
    ("policy", "PodSecurityPolicy"): specified(
        record(
            "privileged hostNetwork hostPID hostIPC",
            {"volumes": unordered()},
            defaults={"allowPrivilegeEscalation": True},
        )
    ),
    ("apiregistration.k8s.io", "APIService"): specified(
        record(
            "group version groupPriorityMinimum versionPriority insecureSkipTLSVerify",
            {"service": record("name namespace", defaults={"port": 443})},
            theirs="caBundle",
        )
    ),
    (_DEFINITION_GROUP, "CustomResourceDefinition"): specified(_DEFINITION),
}
"""By API group and kind."""

OLDER = {
    (_ADMISSION_GROUP, "v1beta1", "ValidatingWebhookConfiguration"): _OLDER_WEBHOOKS,
    (_ADMISSION_GROUP, "v1beta1", "MutatingWebhookConfiguration"): _OLDER_WEBHOOKS,
    (_DEFINITION_GROUP, "v1beta1", "CustomResourceDefinition"): specified(_OLDER_DEFINITION),
}
"""By API group, version and kind: versions whose defaults are others than those of the newest (their defaults.go)."""
