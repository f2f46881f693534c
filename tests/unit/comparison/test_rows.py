"""One test a row of the catalogue of what drift is; the numbers are the catalogue's."""

from dataclasses import dataclass
from typing import Any

import pytest

from bot.comparison import compare
from bot.model.sync import Kind, Severity

HIGH, MEDIUM, LOW, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
DRIFT, UNDECLARED, WRONG = Kind.DRIFT, Kind.UNDECLARED, Kind.CONFIG_ERROR
POD = "spec.template.spec"
APP = f"{POD}.containers[name=app]"

Found = tuple[Kind, str, str | None, str | None, Severity]


@dataclass
class Row:
    want: dict[str, Any]
    have: dict[str, Any]
    found: tuple[Found, ...] = ()


def thing(kind: str, **parts: Any) -> dict[str, Any]:
    version, _, name = kind.rpartition("/")
    metadata = parts.pop("metadata", {})
    return {"apiVersion": version, "kind": name, "metadata": {"name": "x", **metadata}, **parts}


def pod(**spec: Any) -> dict[str, Any]:
    """A Deployment by its pod's spec."""
    return thing("apps/v1/Deployment", spec={"template": {"spec": {"containers": [{"name": "app"}], **spec}}})


def app(**container: Any) -> dict[str, Any]:
    """A Deployment by its container."""
    return pod(containers=[{"name": "app", **container}])


def limits(**amounts: Any) -> dict[str, Any]:
    return app(resources={"limits": amounts})


def config(**data: Any) -> dict[str, Any]:
    return thing("v1/ConfigMap", data=data)


def secret(**parts: Any) -> dict[str, Any]:
    return thing("v1/Secret", **parts)


def service(*ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return thing("v1/Service", spec={"ports": list(ports), **spec})


def custom(**spec: Any) -> dict[str, Any]:
    return thing("example.com/v1/Thing", spec=spec)


def rule(*verbs: str, resources: str = "pods") -> dict[str, Any]:
    return {"apiGroups": [""], "resources": [resources], "verbs": list(verbs)}


def role(*rules: dict[str, Any]) -> dict[str, Any]:
    return thing("rbac.authorization.k8s.io/v1/Role", rules=list(rules))


def hook(**client: Any) -> dict[str, Any]:
    webhooks = [{"name": "a", "clientConfig": {"url": "https://x.example.com", **client}}]
    return thing("admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", webhooks=webhooks)


def hpa(*metrics: str, **spec: Any) -> dict[str, Any]:
    found = [{"type": "Resource", "resource": {"name": name}} for name in metrics]
    return thing("autoscaling/v2/HorizontalPodAutoscaler", spec={"metrics": found, **spec} if metrics else spec)


def policy(peer: dict[str, Any]) -> dict[str, Any]:
    return thing("networking.k8s.io/v1/NetworkPolicy", spec={"podSelector": {}, "ingress": [{"from": [peer]}]})


EXTRA = {"name": "side", "image": "x"}

ROWS: dict[str, Row] = {
    "row-1": Row(limits(cpu="1000m"), limits(cpu="1")),
    "row-1 an integer": Row(limits(cpu=1), limits(cpu="1")),
    "row-2": Row(limits(cpu=0.5), limits(cpu="500m")),
    "row-3": Row(limits(memory="1000M", storage="3072Mi"), limits(memory="1G", storage="3Gi")),
    "row-4": Row(
        limits(memory="1G"), limits(memory="1Gi"), ((DRIFT, f"{APP}.resources.limits.memory", "1G", "1Gi", MEDIUM),)
    ),
    "row-5": Row(limits(cpu=0.0001), limits(cpu="1m")),
    "row-6 known by its name": Row(
        custom(resources={"limits": {"cpu": "12000m"}}), custom(resources={"limits": {"cpu": "12"}})
    ),
    "row-6 unknown": Row(
        custom(quota="12000m"), custom(quota="12"), ((DRIFT, "spec.quota", "12000m", '"12"', MEDIUM),)
    ),
    "row-8": Row(
        service({"port": 80, "targetPort": 80}),
        service({"port": 80, "protocol": "TCP", "targetPort": "80"}),
        ((DRIFT, "spec.ports[port=80,protocol=TCP].targetPort", "80", '"80"', MEDIUM),),
    ),
    "row-13 a word that kubectl reads as a boolean": Row(pod(hostNetwork="yes"), pod(hostNetwork=True)),
    "row-14": Row(config(a=5), config(a="5"), ((WRONG, "data.a", "5", '"5"', MEDIUM),)),
    "row-14 not even live": Row(config(a=5), thing("v1/ConfigMap"), ((WRONG, "data.a", "5", None, MEDIUM),)),
    "row-15": Row(config(a="x\n"), config(a="x"), ((DRIFT, "data.a", '"x\\n"', "x", MEDIUM),)),
    "row-16": Row(config(a="x\r\ny"), config(a="x\ny"), ((DRIFT, "data.a", '"x\\r\\ny"', '"x\\ny"', MEDIUM),)),
    "row-17": Row(secret(data={"a": "aGVs\nbG8=\n"}), secret(data={"a": "aGVsbG8="}, type="Opaque")),
    "row-18": Row(config(a="1", b="2"), config(b="2", a="1")),
    "row-19": Row(thing("v1/ConfigMap", metadata={"labels": {}, "annotations": {}}), thing("v1/ConfigMap")),
    "row-20": Row(thing("v1/ConfigMap", metadata={"annotations": None}), thing("v1/ConfigMap")),
    "row-21": Row(role(), thing("rbac.authorization.k8s.io/v1/Role", rules=None)),
    "row-22": Row(thing("v1/ConfigMap"), thing("v1/ConfigMap", data={})),
    "row-23": Row(secret(data={"k": ""}), secret(data={"k": None})),
    "row-24": Row(app(resources={"limits": {}, "requests": {}}), app(resources={})),
    "row-25": Row(
        thing("v1/ConfigMap", metadata={"creationTimestamp": None}),
        thing("v1/ConfigMap", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"}),
    ),
    "row-26": Row(thing("example.com/v1/Thing", status={"a": 1}), thing("example.com/v1/Thing", status={"a": 2})),
    "row-28": Row(
        app(),
        pod(
            containers=[
                {"name": "app", "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
            ],
            restartPolicy="Always",
            dnsPolicy="ClusterFirst",
            schedulerName="default-scheduler",
            securityContext={},
            terminationGracePeriodSeconds=30,
        ),
    ),
    "row-28 the old name": Row(pod(serviceAccountName="r"), pod(serviceAccountName="r", serviceAccount="r")),
    "row-29 no tag": Row(app(image="nginx"), app(image="nginx", imagePullPolicy="Always")),
    "row-29 a registry's port is no tag": Row(app(image="r:5000/a"), app(image="r:5000/a", imagePullPolicy="Always")),
    "row-29 a tag": Row(app(image="nginx:1"), app(image="nginx:1", imagePullPolicy="IfNotPresent")),
    "row-30": Row(
        app(image="x:1.25"),
        app(image="x:1.25", imagePullPolicy="Always"),
        ((UNDECLARED, f"{APP}.imagePullPolicy", None, "Always", INFO),),
    ),
    "row-31": Row(
        app(image="x:1", imagePullPolicy=None),
        app(image="x:1", imagePullPolicy="Always"),
        ((DRIFT, f"{APP}.imagePullPolicy", None, "Always", MEDIUM),),
    ),
    "row-31 the default": Row(app(image="x:1", imagePullPolicy=None), app(image="x:1", imagePullPolicy="IfNotPresent")),
    "row-32": Row(
        thing("apps/v1/Deployment", spec={}),
        thing(
            "apps/v1/Deployment",
            spec={
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            },
        ),
    ),
    "row-33": Row(
        service({"port": 80}),
        service(
            {"port": 80, "protocol": "TCP", "targetPort": 80},
            sessionAffinity="None",
            type="ClusterIP",
            internalTrafficPolicy="Cluster",
            ipFamilies=["IPv4"],
            ipFamilyPolicy="SingleStack",
        ),
    ),
    "row-34": Row(
        service({"port": 80}),
        service({"port": 80, "nodePort": 31000}, clusterIP="10.0.0.7", clusterIPs=["10.0.0.7"], healthCheckNodePort=3),
    ),
    "row-35": Row(
        service({"port": 80, "nodePort": 30080}, clusterIP="None"),
        service({"port": 80, "nodePort": 31000}, clusterIP="10.0.0.7"),
        (
            (DRIFT, "spec.clusterIP", "None", "10.0.0.7", MEDIUM),
            (DRIFT, "spec.ports[port=80,protocol=TCP].nodePort", "30080", "31000", MEDIUM),
        ),
    ),
    "row-34 a port of none is none that Git names": Row(
        service({"port": 80, "nodePort": 0}, clusterIP=""),
        service({"port": 80, "nodePort": 31000}, clusterIP="10.0.0.7"),
    ),
    "row-23 null is read as the empty text": Row(thing("v1/ConfigMap", data={"a": None}), config(a="")),
    "row-8 true is not 1, however deep": Row(
        custom(a=[{"b": True}]), custom(a=[{"b": 1}]), ((DRIFT, "spec.a[0].b", "true", "1", MEDIUM),)
    ),
    "row-36": Row(
        app(livenessProbe={"httpGet": {"port": 80}}),
        app(
            livenessProbe={
                "httpGet": {"port": 80, "scheme": "HTTP", "path": "/"},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            }
        ),
    ),
    "row-37": Row(
        pod(
            volumes=[
                {"name": "a"},
                {"name": "b", "hostPath": {"path": "/"}},
                {"name": "c", "secret": {"secretName": "s"}},
            ]
        ),
        pod(
            volumes=[
                {"name": "a", "emptyDir": {}},
                {"name": "b", "hostPath": {"path": "/", "type": ""}},
                {"name": "c", "secret": {"secretName": "s", "defaultMode": 420}},
            ]
        ),
    ),
    "row-39": Row(
        thing("networking.k8s.io/v1/NetworkPolicy", spec={"podSelector": {}, "egress": [{"ports": [{"port": 53}]}]}),
        thing(
            "networking.k8s.io/v1/NetworkPolicy",
            spec={
                "podSelector": {},
                "egress": [{"ports": [{"port": 53, "protocol": "TCP"}]}],
                "policyTypes": ["Ingress", "Egress"],
            },
        ),
    ),
    "row-40": Row(
        hpa(maxReplicas=3),
        hpa(
            maxReplicas=3,
            minReplicas=1,
            metrics=[
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }
            ],
        ),
    ),
    "row-40 part of a behaviour": Row(
        hpa("cpu", behavior={"scaleUp": {"stabilizationWindowSeconds": 60}}),
        hpa(
            "cpu",
            minReplicas=1,
            behavior={
                "scaleUp": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max"},
                "scaleDown": {
                    "selectPolicy": "Max",
                    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                },
            },
        ),
    ),
    "row-41": Row(
        thing("batch/v1/Job", spec={"template": {"metadata": {"labels": {"app": "j"}}}}),
        thing(
            "batch/v1/Job",
            metadata={"labels": {"app": "j", "controller-uid": "u"}},
            spec={
                "backoffLimit": 6,
                "completions": 1,
                "parallelism": 1,
                "completionMode": "NonIndexed",
                "suspend": False,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
                "template": {"metadata": {"labels": {"app": "j", "controller-uid": "u", "job-name": "x"}}},
            },
        ),
    ),
    "row-42": Row(
        thing("v1/Namespace"),
        thing(
            "v1/Namespace",
            metadata={"labels": {"kubernetes.io/metadata.name": "x"}},
            spec={"finalizers": ["kubernetes"]},
        ),
    ),
    "row-43": Row(
        thing("apps/v1/StatefulSet", spec={"volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": {}}]}),
        thing(
            "apps/v1/StatefulSet",
            spec={
                "volumeClaimTemplates": [
                    {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "metadata": {"name": "d", "creationTimestamp": None},
                        "spec": {"volumeMode": "Filesystem"},
                        "status": {"phase": "Pending"},
                    }
                ],
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            },
        ),
    ),
    "row-44": Row(
        thing("v1/PersistentVolumeClaim", spec={}),
        thing(
            "v1/PersistentVolumeClaim",
            metadata={"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            spec={"volumeName": "pv-1", "storageClassName": "standard", "volumeMode": "Filesystem"},
        ),
    ),
    "row-45": Row(
        thing("v1/PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "10Gi"}}}),
        thing("v1/PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "20Gi"}}}),
        ((DRIFT, "spec.resources.requests.storage", "10Gi", "20Gi", MEDIUM),),
    ),
    "row-46": Row(
        thing("apiextensions.k8s.io/v1/CustomResourceDefinition", spec={"preserveUnknownFields": False}),
        thing("apiextensions.k8s.io/v1/CustomResourceDefinition", spec={}),
    ),
    "row-48 told, and no finding": Row(
        custom(size=1), custom(size=1, mode="fast"), ((UNDECLARED, "spec.mode", None, "fast", INFO),)
    ),
    "row-50": Row(
        thing("rbac.authorization.k8s.io/v1/RoleBinding", subjects=[{"kind": "User", "name": "ana"}]),
        thing(
            "rbac.authorization.k8s.io/v1/RoleBinding",
            subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ana"}],
        ),
    ),
    "row-51": Row(
        hook(service={"name": "s"}),
        thing(
            "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
            webhooks=[
                {
                    "name": "a",
                    "clientConfig": {"url": "https://x.example.com", "service": {"name": "s", "port": 443}},
                    "failurePolicy": "Fail",
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": {},
                    "timeoutSeconds": 10,
                }
            ],
        ),
    ),
    "row-52": Row(secret(), secret(type="Opaque")),
    "row-53": Row(pod(containers=[{"name": "a"}, {"name": "b"}]), pod(containers=[{"name": "b"}, {"name": "a"}])),
    "row-54": Row(
        app(env=[{"name": "VAR1", "value": "1"}]),
        app(env=[{"name": "VAR2"}, {"name": "VAR1", "value": "1"}]),
        ((UNDECLARED, f"{APP}.env[name=VAR2]", None, '{"name": "VAR2"}', MEDIUM),),
    ),
    "row-55": Row(app(ports=[{"containerPort": 80}]), app(ports=[{"containerPort": 80, "protocol": "TCP"}])),
    "row-56": Row(
        service({"port": 53, "protocol": "UDP"}, {"port": 53}),
        service({"port": 53, "protocol": "TCP", "targetPort": 53}, {"port": 53, "protocol": "UDP", "targetPort": 53}),
    ),
    "row-57": Row(
        app(ports=[{"containerPort": 81}]),
        app(ports=[{"containerPort": 80, "protocol": "TCP"}]),
        (
            (
                UNDECLARED,
                f"{APP}.ports[containerPort=80,protocol=TCP]",
                None,
                '{"containerPort": 80, "protocol": "TCP"}',
                MEDIUM,
            ),
            (DRIFT, f"{APP}.ports[containerPort=81,protocol=TCP]", '{"containerPort": 81}', None, MEDIUM),
        ),
    ),
    "row-58 both": Row(
        app(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        app(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
    ),
    "row-58 the last": Row(
        app(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        app(env=[{"name": "A", "value": "2"}]),
        ((WRONG, f"{APP}.env[name=A]", '{"name": "A", "value": "2"}', None, INFO),),
    ),
    "row-58 one changed": Row(
        app(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        app(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "3"}]),
        ((DRIFT, f"{APP}.env[1].value", '"2"', '"3"', MEDIUM),),
    ),
    "row-59": Row(
        app(args=["a", "b"]),
        app(args=["b", "a"]),
        ((DRIFT, f"{APP}.args[0]", "a", "b", HIGH), (DRIFT, f"{APP}.args[1]", "b", "a", HIGH)),
    ),
    "row-60": Row(
        pod(tolerations=[{"key": "x"}]),
        pod(tolerations=[{"key": "x"}, {"key": "y"}]),
        ((DRIFT, f"{POD}.tolerations", '[{"key": "x"}]', '[{"key": "x"}, {"key": "y"}]', MEDIUM),),
    ),
    "row-61": Row(
        app(), pod(tolerations=[{"key": "y"}]), ((UNDECLARED, f"{POD}.tolerations", None, '[{"key": "y"}]', MEDIUM),)
    ),
    "row-62": Row(hpa("cpu", "memory"), hpa("memory", "cpu", minReplicas=1)),
    "row-63": Row(role(rule("get", "list")), role(rule("list", "get"))),
    "row-63 rules too": Row(
        role(rule("get"), rule("list", resources="nodes")), role(rule("list", resources="nodes"), rule("get"))
    ),
    "row-63 a verb more": Row(
        role(rule("get")),
        role(rule("get", "delete")),
        ((DRIFT, "rules[0].verbs", '["get"]', '["get", "delete"]', HIGH),),
    ),
    "row-64": Row(
        thing("networking.k8s.io/v1/Ingress", spec={"rules": [{"http": {"paths": [{"path": "/"}]}}]}),
        thing(
            "networking.k8s.io/v1/Ingress",
            spec={"rules": [{"http": {"paths": [{"path": "/", "pathType": "ImplementationSpecific"}]}}]},
        ),
    ),
    "row-66": Row(
        app(brandNew={"a": 1}, resources={"limits": {"memory": "1024Mi"}}),
        app(brandNew={"a": 1}, resources={"limits": {"memory": "1Gi"}}),
    ),
    "row-67": Row(
        thing("v1/Endpoints", subsets=[{"addresses": [{"ip": "10.0.0.2"}, {"ip": "10.0.0.1"}]}]),
        thing("v1/Endpoints", subsets=[{"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}]),
    ),
    "row-68": Row(
        thing("v1/ConfigMap", metadata={"finalizers": ["a"]}),
        thing("v1/ConfigMap", metadata={"finalizers": ["x", "a"]}),
    ),
    "row-69": Row(
        thing("v1/ServiceAccount"),
        thing("v1/ServiceAccount", secrets=[{"name": "x-token-1"}], imagePullSecrets=[{"name": "x-dockercfg-1"}]),
    ),
    "row-70": Row(hook(), hook(caBundle="aGVsbG8=")),
    "row-70 empty": Row(hook(caBundle=""), hook(caBundle="aGVsbG8=")),
    "row-71": Row(
        hook(caBundle="b2xk"),
        hook(caBundle="bmV3"),
        ((DRIFT, "webhooks[name=a].clientConfig.caBundle", "b2xk", "bmV3", HIGH),),
    ),
    "row-73": Row(app(image="x:1"), app(image="x:2"), ((DRIFT, f"{APP}.image", "x:1", "x:2", HIGH),)),
    "row-74": Row(
        app(), app(env=[{"name": "A"}]), ((UNDECLARED, f"{APP}.env[name=A]", None, '{"name": "A"}', MEDIUM),)
    ),
    "row-75 a container": Row(
        app(),
        pod(containers=[{"name": "app"}, EXTRA]),
        ((UNDECLARED, f"{POD}.containers[name=side]", None, '{"image": "x", "name": "side"}', HIGH),),
    ),
    "row-75 the host's network": Row(
        app(), pod(hostNetwork=True), ((UNDECLARED, f"{POD}.hostNetwork", None, "true", HIGH),)
    ),
    "row-75 a rule": Row(
        role(rule("get")),
        role(rule("*"), rule("get")),
        ((UNDECLARED, "rules[0]", None, '{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}', HIGH),),
    ),
    "row-75 a subject": Row(
        thing("rbac.authorization.k8s.io/v1/ClusterRoleBinding", subjects=[]),
        thing("rbac.authorization.k8s.io/v1/ClusterRoleBinding", subjects=[{"kind": "User", "name": "eve"}]),
        ((UNDECLARED, "subjects[kind=User,name=eve]", None, '{"kind": "User", "name": "eve"}', HIGH),),
    ),
    "row-76": Row(
        thing("v1/ConfigMap"),
        thing("v1/ConfigMap", metadata={"labels": {"a.b/c": "d"}}),
        ((UNDECLARED, "metadata.labels[a.b/c]", None, "d", INFO),),
    ),
    "row-77": Row(
        thing("v1/ConfigMap", metadata={"labels": {"a": "b", "c": "d"}}),
        thing("v1/ConfigMap", metadata={"labels": {"c": "d"}}),
        ((DRIFT, "metadata.labels.a", "b", None, LOW),),
    ),
    "row-78 with nothing known of before": Row(
        config(a="1"), config(a="1", b="2"), ((UNDECLARED, "data.b", None, '"2"', MEDIUM),)
    ),
    "row-81": Row(thing("apps/v1/Deployment", spec={}), thing("apps/v1/Deployment", spec={"replicas": 5})),
    "row-82": Row(
        thing("apps/v1/Deployment", spec={"replicas": 2}),
        thing("apps/v1/Deployment", spec={"replicas": 5}),
        ((DRIFT, "spec.replicas", "2", "5", MEDIUM),),
    ),
    "row-86": Row(
        thing("apps/v1/Deployment", spec={"template": {"metadata": {}}}),
        thing(
            "apps/v1/Deployment",
            spec={"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01"}}}},
        ),
    ),
    "row-87": Row(
        thing(
            "apps/v1/Deployment", metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
        ),
        thing(
            "apps/v1/Deployment",
            metadata={
                "annotations": {
                    "deployment.kubernetes.io/revision": "3",
                    "deprecated.daemonset.template.generation": "1",
                    "kubectl.kubernetes.io/last-applied-configuration": '{"a": 1}',
                },
                "managedFields": [{"manager": "kubectl"}],
                "resourceVersion": "1",
                "uid": "u",
                "generation": 2,
                "selfLink": "/x",
            },
        ),
    ),
    "row-91": Row(
        thing("v1/Pod", spec={"containers": [{"name": "app"}], "tolerations": [{"key": "mine"}]}),
        thing(
            "v1/Pod",
            spec={
                "containers": [
                    {"name": "app", "volumeMounts": [{"name": "kube-api-access-x", "mountPath": "/var/run"}]}
                ],
                "nodeName": "n1",
                "serviceAccountName": "default",
                "tolerations": [{"key": "mine"}, {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
                "volumes": [{"name": "kube-api-access-x", "projected": {"sources": []}}],
            },
        ),
    ),
    "row-92": Row(
        thing("rbac.authorization.k8s.io/v1/ClusterRole", aggregationRule={"a": 1}, rules=[]),
        thing("rbac.authorization.k8s.io/v1/ClusterRole", aggregationRule={"a": 1}, rules=[rule("get")]),
    ),
    "row-109": Row(
        thing("rbac.authorization.k8s.io/v1/ClusterRole", metadata={"namespace": "a"}),
        thing("rbac.authorization.k8s.io/v1/ClusterRole"),
    ),
    "row-118": Row(
        thing("batch/v1/Job", metadata={"annotations": {"helm.sh/hook": "pre-install"}}, spec={"backoffLimit": 1}),
        thing("batch/v1/Job", spec={"backoffLimit": 6}),
    ),
    "row-121": Row(
        thing("v1/ConfigMap", metadata={"annotations": {"argocd.argoproj.io/sync-wave": "1"}}),
        thing("v1/ConfigMap", metadata={"annotations": {"argocd.argoproj.io/sync-wave": "2"}}),
        ((DRIFT, "metadata.annotations[argocd.argoproj.io/sync-wave]", '"1"', '"2"', LOW),),
    ),
    "row-122 Git asks": Row(
        thing("v1/ConfigMap", metadata={"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}}, data={"a": "1"}),
        config(a="2"),
    ),
    "row-122 only live asks": Row(
        config(a="1"),
        thing(
            "v1/ConfigMap",
            metadata={"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
            data={"a": "2"},
        ),
        ((DRIFT, "data.a", '"1"', '"2"', MEDIUM),),
    ),
    "row-124": Row(
        secret(data={"a": "ENC[AES256_GCM,data:x]", "b": "ENC[AES256_GCM,data:y]"}, sops={"mac": "m"}),
        secret(data={"a": "aGVsbG8="}),
        ((DRIFT, "data.b", "*** (before)", None, HIGH),),
    ),
    "row-127": Row(
        secret(stringData={"a": "hello"}, data={"a": "b2xk"}), secret(data={"a": "aGVsbG8="}, type="Opaque")
    ),
    "row-128": Row(
        secret(stringData={"password": "hunter2"}),
        secret(data={"password": "b3RoZXI="}),
        ((DRIFT, "data.password", "*** (before)", "*** (after)", HIGH),),
    ),
    "row-129": Row(
        secret(metadata={"annotations": {"tool/copy": "hunter2"}}),
        secret(
            metadata={"annotations": {"tool/copy": "other", "kubectl.kubernetes.io/last-applied-configuration": "x"}}
        ),
        ((DRIFT, "metadata.annotations[tool/copy]", "*** (before)", "*** (after)", LOW),),
    ),
    "a selector that means all though empty": Row(
        policy({"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}),
        policy({"podSelector": {"matchLabels": {"a": "b"}}}),
        ((DRIFT, "spec.ingress[0].from[0].namespaceSelector", "{}", None, HIGH),),
    ),
    "a zero that the API drops": Row(
        app(tty=False, workingDir="", livenessProbe={"initialDelaySeconds": 0}), app(livenessProbe={})
    ),
    "a zero that means something": Row(
        pod(automountServiceAccountToken=False),
        pod(),
        ((DRIFT, f"{POD}.automountServiceAccountToken", "false", None, HIGH),),
    ),
    "a zero of a custom resource": Row(
        custom(paused=False), custom(), ((DRIFT, "spec.paused", "false", None, MEDIUM),)
    ),
    "a pod template in a custom resource": Row(
        custom(template={"spec": {"containers": [{"name": "a"}, {"name": "b", "image": "x:1"}]}}),
        custom(template={"spec": {"containers": [{"name": "b", "image": "x:2"}, {"name": "a"}]}}),
        ((DRIFT, "spec.template.spec.containers[name=b].image", "x:1", "x:2", HIGH),),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str) -> None:
    row = ROWS[name]
    found = compare(row.want, row.have)
    assert [(each.kind, each.path, each.desired, each.live, each.severity) for each in found] == list(row.found)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_like_itself(name: str) -> None:
    want = ROWS[name].have
    assert compare(want, want) == ()
