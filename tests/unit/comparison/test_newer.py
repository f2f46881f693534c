"""What servers newer than the tests' make of what Git leaves out, by the sources of Kubernetes that each row names.

No default of a newer server is a difference, with the table alone; what a hand adds still is.
"""

from typing import Any

import pytest

from bot.comparison import compare
from bot.model.sync import Kind, Severity

Sides = tuple[dict[str, Any], dict[str, Any]]


def thing(kind: str, **parts: Any) -> dict[str, Any]:
    version, _, name = kind.rpartition("/")
    return {"apiVersion": version, "kind": name, "metadata": {"name": "x"}, **parts}


def pod(**spec: Any) -> dict[str, Any]:
    return thing("apps/v1/Deployment", spec={"template": {"spec": spec}})


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "v", **source}])


def service(**spec: Any) -> dict[str, Any]:
    return thing("v1/Service", spec={"ports": [{"port": 80}], **spec})


def hpa(**spec: Any) -> dict[str, Any]:
    return thing("autoscaling/v2/HorizontalPodAutoscaler", spec={"maxReplicas": 3, **spec})


def job(**spec: Any) -> dict[str, Any]:
    return thing("batch/v1/Job", spec=spec)


def claim(*requests: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    return thing(f"resource.k8s.io/{version}/ResourceClaim", spec={"devices": {"requests": list(requests)}})


def policy(kind: str, **spec: Any) -> dict[str, Any]:
    return thing(f"admissionregistration.k8s.io/v1/{kind}", spec=spec)


PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 15}
PODS = {"type": "Pods", "value": 4, "periodSeconds": 15}
RETAIN = {"whenDeleted": "Retain", "whenScaled": "Retain"}
MATCHED = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}
RULE = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}

UNTOUCHED: dict[str, Sides] = {
    "row-33 pkg/apis/core/v1/defaults.go SetDefaults_Service, registry/core/service/storage/alloc.go": (
        service(type="LoadBalancer"),
        service(
            type="LoadBalancer",
            clusterIP="10.0.0.1",
            clusterIPs=["10.0.0.1"],
            internalTrafficPolicy="Cluster",
            externalTrafficPolicy="Cluster",
            allocateLoadBalancerNodePorts=True,
            ipFamilies=["IPv4"],
            ipFamilyPolicy="SingleStack",
            sessionAffinity="None",
        ),
    ),
    "row-34 what controllers of load balancers write": (
        service(type="LoadBalancer"),
        service(type="LoadBalancer", loadBalancerClass="service.k8s.aws/nlb", loadBalancerIP="192.0.2.1"),
    ),
    "row-44 a claim, bound": (
        thing("v1/PersistentVolumeClaim", spec={}),
        thing(
            "v1/PersistentVolumeClaim",
            metadata={
                "name": "x",
                "finalizers": ["kubernetes.io/pvc-protection"],
                "annotations": {"volume.kubernetes.io/selected-node": "a", "pv.kubernetes.io/bind-completed": "yes"},
            },
            spec={
                "volumeName": "v",
                "storageClassName": "s",
                "volumeMode": "Filesystem",
                "dataSourceRef": {"name": "y"},
            },
        ),
    ),
    "row-33 session affinity in part": (
        service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {}}),
        service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}}),
    ),
    "row-37 core/v1 SetDefaults_Volume, ImageVolume": (
        volume(image={"reference": "registry.example.com/model:v1"}),
        volume(image={"reference": "registry.example.com/model:v1", "pullPolicy": "IfNotPresent"}),
    ),
    "row-37 core/v1 types.go PodCertificateProjection": (
        volume(projected={"sources": [{"podCertificate": {"signerName": "a.example.com/b", "keyType": "ED25519"}}]}),
        volume(
            projected={
                "defaultMode": 420,
                "sources": [
                    {
                        "podCertificate": {
                            "signerName": "a.example.com/b",
                            "keyType": "ED25519",
                            "maxExpirationSeconds": 86400,
                        }
                    }
                ],
            }
        ),
    ),
    "row-36 core/v1 zz_generated.defaults.go GRPCAction": (
        pod(containers=[{"name": "a", "livenessProbe": {"grpc": {"port": 1}}}]),
        pod(containers=[{"name": "a", "livenessProbe": {"grpc": {"port": 1, "service": ""}, "timeoutSeconds": 1}}]),
    ),
    "row-91 core/v1 SetDefaults_Pod, pod-level resources and resizing": (
        thing("v1/Pod", spec={"containers": [{"name": "a"}]}),
        thing(
            "v1/Pod",
            spec={
                "containers": [
                    {"name": "a", "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]}
                ],
                "resources": {"requests": {"cpu": "1"}},
            },
        ),
    ),
    "row-32 apps/v1 SetDefaults_DaemonSet": (
        thing("apps/v1/DaemonSet", spec={}),
        thing(
            "apps/v1/DaemonSet",
            spec={
                "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            },
        ),
    ),
    "row-43 apps/v1 SetDefaults_StatefulSet, StatefulSetAutoDeletePVC": (
        thing("apps/v1/StatefulSet", spec={}),
        thing(
            "apps/v1/StatefulSet",
            spec={
                "podManagementPolicy": "OrderedReady",
                "persistentVolumeClaimRetentionPolicy": RETAIN,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
            },
        ),
    ),
    "row-41 batch/v1 SetDefaults_Job, JobPodReplacementPolicy": (
        job(template={}),
        job(
            template={"metadata": {"labels": {"batch.kubernetes.io/job-name": "x", "controller-uid": "u"}}},
            completions=1,
            parallelism=1,
            backoffLimit=6,
            completionMode="NonIndexed",
            suspend=False,
            manualSelector=False,
            podReplacementPolicy="TerminatingOrFailed",
            selector={"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        ),
    ),
    "row-41 batch/v1 SetDefaults_Job, JobBackoffLimitPerIndex": (
        job(completionMode="Indexed", completions=3, parallelism=3, backoffLimitPerIndex=1),
        job(completionMode="Indexed", completions=3, parallelism=3, backoffLimitPerIndex=1, backoffLimit=2147483647),
    ),
    "row-41 batch/v1 SetDefaults_PodFailurePolicyOnPodConditionsPattern": (
        job(podFailurePolicy={"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}),
        job(
            podFailurePolicy={
                "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            podReplacementPolicy="Failed",
        ),
    ),
    "row-40 autoscaling/v2/defaults.go": (
        hpa(behavior={"scaleDown": {"tolerance": "50m"}}),
        hpa(
            minReplicas=1,
            metrics=[
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }
            ],
            behavior={
                "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [PODS, PERCENT]},
                "scaleDown": {"tolerance": "50m", "selectPolicy": "Max", "policies": [PERCENT]},
            },
            selectionStrategy="LabelSelector",
        ),
    ),
    "row-51 admissionregistration/v1 SetDefaults_MatchResources and _ValidatingAdmissionPolicySpec": (
        policy("ValidatingAdmissionPolicy", matchConstraints={"resourceRules": [RULE]}),
        policy(
            "ValidatingAdmissionPolicy",
            failurePolicy="Fail",
            matchConstraints={**MATCHED, "resourceRules": [{**RULE, "scope": "*"}]},
        ),
    ),
    "row-51 admissionregistration/v1 bindings": (
        policy(
            "ValidatingAdmissionPolicyBinding", policyName="p", validationActions=["Deny", "Audit"], matchResources={}
        ),
        policy(
            "ValidatingAdmissionPolicyBinding",
            policyName="p",
            validationActions=["Audit", "Deny"],
            matchResources=MATCHED,
        ),
    ),
    "row-51 admissionregistration/v1 MutatingAdmissionPolicy": (
        policy("MutatingAdmissionPolicy", matchConstraints={"resourceRules": [RULE]}, reinvocationPolicy="Never"),
        policy(
            "MutatingAdmissionPolicy",
            failurePolicy="Fail",
            reinvocationPolicy="Never",
            matchConstraints={**MATCHED, "resourceRules": [{**RULE, "scope": "*"}]},
        ),
    ),
    "flowcontrol/v1/defaults.go": (
        thing(
            "flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration",
            spec={"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}},
        ),
        thing(
            "flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration",
            spec={
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 30,
                    "lendablePercent": 0,
                    "limitResponse": {
                        "type": "Queue",
                        "queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50},
                    },
                },
            },
        ),
    ),
    "resource/v1/defaults.go SetDefaults_ExactDeviceRequest": (
        claim({"name": "gpu", "exactly": {"deviceClassName": "gpu", "tolerations": [{"key": "a"}]}}),
        claim(
            {
                "name": "gpu",
                "exactly": {
                    "deviceClassName": "gpu",
                    "allocationMode": "ExactCount",
                    "count": 1,
                    "tolerations": [{"key": "a", "operator": "Equal"}],
                },
            }
        ),
    ),
    "resource/v1/defaults.go SetDefaults_DeviceSubRequest": (
        claim({"name": "gpu", "firstAvailable": [{"name": "a", "deviceClassName": "a"}]}),
        claim(
            {
                "name": "gpu",
                "firstAvailable": [{"name": "a", "deviceClassName": "a", "allocationMode": "ExactCount", "count": 1}],
            }
        ),
    ),
    "resource/v1beta1/defaults.go": (
        claim({"name": "gpu", "deviceClassName": "gpu"}, version="v1beta1"),
        claim({"name": "gpu", "deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1}, version="v1beta1"),
    ),
    "resource/v1alpha3/defaults.go SetDefaults_DeviceTaint": (
        thing("resource.k8s.io/v1beta2/DeviceTaintRule", spec={"taint": {"key": "a", "effect": "NoExecute"}}),
        thing(
            "resource.k8s.io/v1beta2/DeviceTaintRule",
            spec={"taint": {"key": "a", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}},
        ),
    ),
    "storage/v1/defaults.go SetDefaults_CSIDriver": (
        thing("storage.k8s.io/v1/CSIDriver", spec={}),
        thing(
            "storage.k8s.io/v1/CSIDriver",
            spec={
                "attachRequired": True,
                "podInfoOnMount": False,
                "storageCapacity": False,
                "requiresRepublish": False,
                "seLinuxMount": False,
                "fsGroupPolicy": "ReadWriteOnceWithFSType",
                "volumeLifecycleModes": ["Persistent"],
            },
        ),
    ),
    "discovery/v1/defaults.go": (
        thing("discovery.k8s.io/v1/EndpointSlice", addressType="IPv4", endpoints=[], ports=[{"port": 80}]),
        thing(
            "discovery.k8s.io/v1/EndpointSlice",
            addressType="IPv4",
            endpoints=None,
            ports=[{"port": 80, "name": "", "protocol": "TCP"}],
        ),
    ),
    "row-69 a service account's token, filled by its controller": (
        thing(
            "v1/Secret",
            type="kubernetes.io/service-account-token",
            metadata={"name": "x", "annotations": {"kubernetes.io/service-account.name": "robot"}},
        ),
        thing(
            "v1/Secret",
            type="kubernetes.io/service-account-token",
            metadata={"name": "x", "annotations": {"kubernetes.io/service-account.name": "robot"}},
            data={"token": "eA==", "ca.crt": "eA==", "namespace": "eA=="},
        ),
    ),
    "networking/v1 ServiceCIDR": (
        thing("networking.k8s.io/v1/ServiceCIDR", spec={"cidrs": ["10.0.0.0/16"]}),
        thing("networking.k8s.io/v1/ServiceCIDR", spec={"cidrs": ["10.0.0.0/16"]}, status={"conditions": []}),
    ),
}


@pytest.mark.parametrize("source", UNTOUCHED)
def test_no_default_of_a_newer_server_is_a_difference(source: str) -> None:
    want, have = UNTOUCHED[source]
    assert compare(want, have) == ()


def with_secret(**data: str) -> dict[str, Any]:
    return thing("v1/Secret", type="kubernetes.io/service-account-token", data=data)


BY_HAND: dict[str, tuple[dict[str, Any], dict[str, Any], str, Severity]] = {
    "row-75 a container": (
        pod(containers=[]),
        pod(containers=[{"name": "x", "resizePolicy": []}]),
        "spec.template.spec.containers[name=x]",
        Severity.HIGH,
    ),
    "row-75 the host's network": (
        pod(hostUsers=False),
        pod(hostUsers=False, hostNetwork=True),
        "spec.template.spec.hostNetwork",
        Severity.HIGH,
    ),
    "traffic's distribution": (
        service(),
        service(trafficDistribution="PreferClose"),
        "spec.trafficDistribution",
        Severity.MEDIUM,
    ),
    "a key beside a token": (with_secret(), with_secret(token="eA==", more="eA=="), "data.more", Severity.HIGH),
    "row-75 a rule of an admission policy": (
        policy("ValidatingAdmissionPolicy", matchConstraints={}),
        policy("ValidatingAdmissionPolicy", matchConstraints={}, failurePolicy="Ignore"),
        "spec.failurePolicy",
        Severity.HIGH,
    ),
    "how claims of pods are kept": (
        thing("apps/v1/StatefulSet", spec={}),
        thing(
            "apps/v1/StatefulSet", spec={"persistentVolumeClaimRetentionPolicy": {**RETAIN, "whenDeleted": "Delete"}}
        ),
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        Severity.MEDIUM,
    ),
    "another number of devices": (
        claim({"name": "gpu", "exactly": {"deviceClassName": "gpu"}}),
        claim({"name": "gpu", "exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 8}}),
        "spec.devices.requests[name=gpu].exactly.count",
        Severity.MEDIUM,
    ),
    "a field that nobody here knows": (
        pod(containers=[]),
        pod(containers=[], newest={"a": 1}),
        "spec.template.spec.newest",
        Severity.INFO,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_what_a_hand_adds_is_told(name: str) -> None:
    want, have, path, severity = BY_HAND[name]
    assert [(each.kind, each.path, each.severity) for each in compare(want, have)] == [
        (Kind.UNDECLARED, path, severity)
    ]
