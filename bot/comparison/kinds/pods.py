"""Pods and their templates. Defaults after k8s.io/kubernetes pkg/apis/core/v1/defaults.go, keys after its OpenAPI."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.comparison.kinds.metadata import METADATA
from bot.comparison.schema import (
    ANY,
    CUSTOM,
    QUANTITY,
    TEXT,
    Type,
    free,
    keyed,
    record,
    sequence,
    unordered,
)


def _pull_policy(container: Mapping[str, Any]) -> str:
    """Always for `latest` or no tag, else IfNotPresent (a digest counts as a tag), of containers and image volumes."""
    image = str(container.get("image") or container.get("reference") or "")
    last = image.rpartition("/")[2]
    return "IfNotPresent" if "@" in image or (":" in last and not last.endswith(":latest")) else "Always"


def _host_ports(pod: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """On the host's network a container's port is the host's port too (SetDefaults_PodSpec)."""
    if not (pod.get("hostNetwork") or live.get("hostNetwork")):
        return pod

    def opened(container: Any) -> Any:
        if not isinstance(container, dict) or not isinstance(container.get("ports"), list):
            return container
        ports = [
            {"hostPort": port["containerPort"], **port} if isinstance(port, dict) and "containerPort" in port else port
            for port in container["ports"]
        ]
        return {**container, "ports": ports}

    lists = {name: pod[name] for name in ("containers", "initContainers") if isinstance(pod.get(name), list)}
    return {**pod, **{name: [opened(container) for container in found] for name, found in lists.items()}}


RESOURCES = record(fields={"limits": free(QUANTITY), "requests": free(QUANTITY), "claims": keyed(ANY, "name")})

_FIELD = record("fieldPath", defaults={"apiVersion": "v1"})
_RESOURCE = record("containerName resource", {"divisor": QUANTITY}, defaults={"divisor": "0"})
_ENV_SOURCE = record("configMapKeyRef secretKeyRef fileKeyRef", {"fieldRef": _FIELD, "resourceFieldRef": _RESOURCE})
_ENV = record(fields={"name": TEXT, "value": TEXT, "valueFrom": _ENV_SOURCE})

_HANDLER = {
    "exec": record("command"),
    "httpGet": record("host port httpHeaders", defaults={"path": "/", "scheme": "HTTP"}),
    "tcpSocket": record("host port"),
    "grpc": record("port", defaults={"service": ""}),
}
_WAITS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBE = replace(
    record("initialDelaySeconds terminationGracePeriodSeconds", _HANDLER, defaults=_WAITS), counted=frozenset(_WAITS)
)
_HOOK = record("sleep", _HANDLER)

_CAPABILITIES = record(fields={"add": unordered(), "drop": unordered()})
_SECURITY = record(
    "allowPrivilegeEscalation appArmorProfile privileged readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser"
    " seLinuxOptions seccompProfile windowsOptions",
    {"capabilities": _CAPABILITIES},
    defaults={"procMount": "Default"},
)

CONTAINER = record(
    "image workingDir envFrom stdin stdinOnce tty restartPolicy targetContainerName",
    {
        "name": TEXT,
        "command": sequence(TEXT),
        "args": sequence(TEXT),
        "ports": keyed(
            record("name hostIP hostPort", {"containerPort": ANY}, defaults={"protocol": "TCP"}),
            "containerPort",
            "protocol",
        ),
        "env": keyed(_ENV, "name"),
        "resources": RESOURCES,
        "volumeMounts": keyed(record("name readOnly subPath subPathExpr mountPropagation"), "mountPath"),
        "volumeDevices": keyed(record("name"), "devicePath"),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": record(fields={"postStart": _HOOK, "preStop": _HOOK}),
        "securityContext": _SECURITY,
    },
    defaults={
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": _pull_policy,
    },
)

CLAIM = record(
    "selector",
    {"accessModes": unordered(), "resources": RESOURCES},
    defaults={"volumeMode": "Filesystem"},
    theirs="volumeName storageClassName dataSource dataSourceRef",
)
CLAIM_TEMPLATE = record(fields={"metadata": METADATA, "spec": CLAIM}, ignored="apiVersion kind status")

_FILES = record("items optional", {"secretName": ANY, "name": ANY}, defaults={"defaultMode": 420})
_DOWNWARD = record(fields={"items": sequence(record("path mode", {"fieldRef": _FIELD, "resourceFieldRef": _RESOURCE}))})
_PROJECTED = record(
    fields={
        "sources": sequence(
            record(
                "configMap secret clusterTrustBundle",
                {
                    "downwardAPI": _DOWNWARD,
                    "podCertificate": record("signerName keyType", defaults={"maxExpirationSeconds": 86400}),
                    "serviceAccountToken": record("audience path", defaults={"expirationSeconds": 3600}),
                },
            )
        )
    },
    defaults={"defaultMode": 420},
)
VOLUME = record(
    "name nfs csi cephfs cinder fc flexVolume flocker gcePersistentDisk awsElasticBlockStore azureFile glusterfs"
    " photonPersistentDisk portworxVolume quobyte storageos vsphereVolume gitRepo persistentVolumeClaim",
    {
        "image": record("reference", defaults={"pullPolicy": _pull_policy}),
        "emptyDir": record("medium", {"sizeLimit": QUANTITY}),
        "hostPath": record("path", defaults={"type": ""}),
        "secret": _FILES,
        "configMap": _FILES,
        "downwardAPI": replace(_DOWNWARD, defaults={"defaultMode": 420}),
        "projected": _PROJECTED,
        "ephemeral": record(fields={"volumeClaimTemplate": CLAIM_TEMPLATE}),
        "iscsi": record("targetPortal iqn lun", defaults={"iscsiInterface": "default"}),
        "rbd": record("monitors image", defaults={"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
        "azureDisk": record(
            "diskName diskURI",
            defaults={"cachingMode": "ReadWrite", "fsType": "ext4", "kind": "Shared", "readOnly": False},
        ),
        "scaleIO": record("gateway system", defaults={"storageMode": "ThinProvisioned", "fsType": "xfs"}),
    },
)

POD_SPEC = record(
    "activeDeadlineSeconds affinity automountServiceAccountToken dnsConfig hostIPC hostNetwork hostPID hostUsers"
    " hostname nodeName os overhead preemptionPolicy priority priorityClassName readinessGates"
    " resourceClaims runtimeClassName schedulingGates setHostnameAsFQDN shareProcessNamespace subdomain",
    {
        "containers": keyed(CONTAINER, "name"),
        "initContainers": keyed(CONTAINER, "name"),
        "ephemeralContainers": keyed(CONTAINER, "name", shared=True),
        "volumes": keyed(VOLUME, "name"),
        "imagePullSecrets": keyed(ANY, "name"),
        "hostAliases": keyed(ANY, "ip"),
        "nodeSelector": free(TEXT),
        "tolerations": sequence(ANY),
        "topologySpreadConstraints": keyed(
            record("maxSkew labelSelector matchLabelKeys minDomains"), "topologyKey", "whenUnsatisfiable"
        ),
        "securityContext": record(
            "fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile"
            " supplementalGroups sysctls windowsOptions appArmorProfile"
        ),
        "resources": RESOURCES,
    },
    defaults={
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "enableServiceLinks": True,
        "serviceAccountName": lambda pod: pod.get("serviceAccount"),
    },
    theirs="serviceAccount",  # the old name of the one above: the server keeps both the same
    complete=_host_ports,
)
POD_TEMPLATE = record(fields={"metadata": METADATA, "spec": POD_SPEC}, defaults={"metadata": {}})


def _bare() -> Type:
    """A pod that stands alone: the scheduler and admission complete it, as they do not with a template.

    A LimitRange adds to its limits and requests, and the server to its requests, for each limit without one.
    """
    amounts = Type(values=QUANTITY, shared=True)
    container = replace(
        CONTAINER,
        fields={
            **CONTAINER.fields,
            "resources": replace(RESOURCES, fields={**RESOURCES.fields, "limits": amounts, "requests": amounts}),
            "volumeMounts": replace(CONTAINER.fields["volumeMounts"], shared=True),
        },
        theirs=frozenset({"resources", "resizePolicy"}),
    )
    spec = replace(
        POD_SPEC,
        fields={
            **{
                name: found
                for name, found in POD_SPEC.fields.items()
                if name not in {"nodeName", "priority", "preemptionPolicy"}
            },
            "containers": keyed(container, "name"),
            "initContainers": keyed(container, "name"),
            "volumes": keyed(VOLUME, "name", shared=True),
            "imagePullSecrets": keyed(ANY, "name", shared=True),
            "tolerations": keyed(ANY, "key", "operator", "value", "effect", shared=True),
        },
        theirs=frozenset(
            {"nodeName", "priority", "preemptionPolicy", "resources", "serviceAccount", "serviceAccountName"}
        ),
    )
    return record(fields={"metadata": METADATA, "spec": spec})


POD = _bare()


def guess(name: str, value: object) -> Type:
    """The type of a field of a custom resource, where it looks like a pod template or an amount of resources."""
    if isinstance(value, dict):
        spec = value.get("spec")
        if "emplate" in name and isinstance(spec, dict) and isinstance(spec.get("containers"), list):
            return POD_TEMPLATE
        if name == "resources" and value.keys() <= RESOURCES.fields.keys():
            return RESOURCES
    return CUSTOM
