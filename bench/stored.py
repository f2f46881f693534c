"""Objects as Git has them, each beside what a server stores of it: its marks, and the defaults of a real one.

Written by hand, after what kube-apiserver 1.36 answers. `drifting` compares with such a server's own answers.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

Object = dict[str, Any]
Pair = tuple[Object, Object]


def config_map(at: int) -> Pair:
    git = _git("v1", "ConfigMap", at, data={f"key-{n}": f"value {n} of {at}" * 3 for n in range(8)})
    return git, _stored(git, at)


def service(at: int) -> Pair:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "metrics", "port": 9090}]
    git = _git("v1", "Service", at, spec={"selector": {"app": f"a{at}"}, "ports": ports})
    live = _stored(git, at, status={"loadBalancer": {}})
    live["spec"] |= {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP", "ipFamilies": ["IPv4"]}
    live["spec"] |= {"sessionAffinity": "None", "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster"}
    live["spec"]["ports"] = [{"protocol": "TCP", "targetPort": port["port"], **port} for port in ports]
    return git, live


def deployment(at: int) -> Pair:
    container = {
        "name": "app",
        "image": f"registry.example.com/app:{at}",
        "args": ["--one", "--two"],
        "env": [{"name": f"NAME_{n}", "value": str(n)} for n in range(6)],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {"containers": [container], "volumes": [{"name": "config", "configMap": {"name": f"x{at}"}}]}
    template = {"metadata": {"labels": {"app": f"a{at}"}}, "spec": {"serviceAccountName": "app", **pod}}
    selector = {"matchLabels": {"app": f"a{at}"}}
    git = _git("apps/v1", "Deployment", at, spec={"replicas": 2, "selector": selector, "template": template})
    live = _stored(git, at, status={"replicas": 2, "conditions": [{"type": "Available", "status": "True"}]})
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    live["spec"] |= {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "strategy": rolling}
    stored = live["spec"]["template"]["spec"]
    stored |= {"serviceAccount": "app", "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {}}
    stored |= {"schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30}
    stored["volumes"][0]["configMap"]["defaultMode"] = 420
    (app,) = stored["containers"]
    app |= {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
    app["terminationMessagePolicy"] = "File"
    app["ports"][0]["protocol"] = "TCP"
    usual = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    for probe in ("livenessProbe", "readinessProbe"):
        app[probe] = {**usual, **app[probe]}
        app[probe]["httpGet"]["scheme"] = "HTTP"
    return git, live


def role(at: int) -> Pair:
    rules = [
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    ]
    git = _git("rbac.authorization.k8s.io/v1", "Role", at, rules=rules)
    return git, _stored(git, at)


def binding(at: int) -> Pair:
    group = "rbac.authorization.k8s.io"
    to = {"apiGroup": group, "kind": "Role", "name": f"x{at}"}
    whom = [{"kind": "ServiceAccount", "name": "app", "namespace": "apps"}]
    git = _git(f"{group}/v1", "RoleBinding", at, roleRef=to, subjects=whom)
    return git, _stored(git, at)


MIXED: Sequence[Callable[[int], Pair]] = (config_map, service, deployment, role, binding)


def pairs(makers: Sequence[Callable[[int], Pair]], many: int) -> list[Pair]:
    """So many, of each kind in turn, and sharing nothing: as if both sides had been read."""
    return [json.loads(json.dumps(makers[at % len(makers)](at))) for at in range(many)]


def _git(version: str, kind: str, at: int, **parts: Any) -> Object:
    metadata = {"name": f"x{at}", "namespace": f"n{at % 150}", "labels": {"app": f"a{at}", "team": "one"}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}


def _stored(git: Object, at: int, **parts: Any) -> Object:
    live = json.loads(json.dumps(git))
    marks = {"uid": f"{at:08d}-0000", "resourceVersion": str(at + 1), "creationTimestamp": "2026-01-01T00:00:00Z"}
    live["metadata"] |= marks
    return {**live, **parts}
