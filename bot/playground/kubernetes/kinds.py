"""Which kinds a stand-in cluster serves, and the documents by which clients discover them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

VERSION = "v1.34.0"
VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One served resource, named as in discovery."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    scalable: bool = False
    status: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """How messages of the API name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def is_custom(self) -> bool:
        """Whether a real server has it by a definition; the dotted groups of its own end alike."""
        return "." in self.group and not self.group.endswith(".k8s.io")

    @property
    def subresources(self) -> tuple[str, ...]:
        return ("status",) * self.status + ("scale",) * self.scalable + ("log",) * (self.resource == "pods")


RBAC = "rbac.authorization.k8s.io"
KINDS = (
    Kind("", "v1", "Namespace", "namespaces", namespaced=False, short=("ns",)),
    Kind("", "v1", "Pod", "pods", short=("po",)),
    Kind("", "v1", "Service", "services", short=("svc",)),
    Kind("", "v1", "ConfigMap", "configmaps", short=("cm",), status=False),
    Kind("", "v1", "Secret", "secrets", status=False),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",), status=False),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",)),
    Kind("", "v1", "Event", "events", short=("ev",), status=False),
    Kind("apps", "v1", "Deployment", "deployments", short=("deploy",), scalable=True),
    Kind("apps", "v1", "StatefulSet", "statefulsets", short=("sts",), scalable=True),
    Kind("apps", "v1", "DaemonSet", "daemonsets", short=("ds",)),
    Kind("apps", "v1", "ReplicaSet", "replicasets", short=("rs",), scalable=True),
    Kind("batch", "v1", "Job", "jobs"),
    Kind("batch", "v1", "CronJob", "cronjobs", short=("cj",)),
    Kind("networking.k8s.io", "v1", "Ingress", "ingresses", short=("ing",)),
    Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",), status=False),
    Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",)),
    Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",)),
    Kind(RBAC, "v1", "Role", "roles", status=False),
    Kind(RBAC, "v1", "RoleBinding", "rolebindings", status=False),
    Kind(RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False, status=False),
    Kind(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False, status=False),
)  # fmt: skip
FLUX = (
    Kind("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", short=("gitrepo",)),
    Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", short=("ks",)),
)
ARGOCD = (
    Kind("argoproj.io", "v1alpha1", "Application", "applications", short=("app", "apps"), status=False),
    Kind("argoproj.io", "v1alpha1", "AppProject", "appprojects", short=("appproj", "appprojs"), status=False),
)
ENGINES = {"flux": FLUX, "argocd": ARGOCD}
"""What a cluster serves besides, where an agent tells of itself by an engine's objects; the names are of its CRDs."""


class Served:
    """The kinds of one cluster; tests take some away or add a custom one."""

    def __init__(self, kinds: tuple[Kind, ...] = KINDS) -> None:
        self._kinds = {(kind.group, kind.version, kind.plural): kind for kind in kinds}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._kinds.get((group, version, plural))

    def of(self, api_version: str, kind: str) -> Kind | None:
        return next((known for known in self if (known.api_version, known.kind) == (api_version, kind)), None)

    def core(self) -> dict[str, Any]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}

    def groups(self) -> dict[str, Any]:
        names = sorted({(kind.group, kind.version) for kind in self if kind.group})
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(name, version) for name, version in names],
        }

    def group(self, name: str) -> dict[str, Any] | None:
        version = next((kind.version for kind in self if kind.group == name and name), None)
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, version)} if version else None

    def resources(self, group: str, version: str) -> dict[str, Any] | None:
        kinds = [kind for kind in self if (kind.group, kind.version) == (group, version)]
        if not kinds:
            return None
        resources = [entry for kind in kinds for entry in _resources(kind)]
        group_version = kinds[0].api_version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}

    def openapi_index(self, prefix: str) -> dict[str, Any]:
        paths = sorted({_root(kind) for kind in self})
        return {"paths": {path: {"serverRelativeURL": f"{prefix}/openapi/v3/{path}"} for path in paths}}

    def openapi(self, group: str, version: str) -> dict[str, Any]:
        """Only what `kubectl apply` looks for: that the server itself validates fields, so it needs no schemas."""
        kinds = [kind for kind in self if (kind.group, kind.version) == (group, version)]
        paths = {}
        for kind in kinds:
            inside = "/namespaces/{namespace}" if kind.namespaced else ""
            paths[f"/{_root(kind)}{inside}/{kind.plural}/{{name}}"] = {"patch": _patch_operation(kind)}
        info = {"title": "Kubernetes", "version": VERSION}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def version() -> dict[str, str]:
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {"major": major, "minor": minor, "gitVersion": VERSION, "platform": "playground"}


def _root(kind: Kind) -> str:
    return f"apis/{kind.api_version}" if kind.group else f"api/{kind.version}"


def _group(name: str, version: str) -> dict[str, Any]:
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def _resources(kind: Kind) -> Iterator[dict[str, Any]]:
    common = {"namespaced": kind.namespaced, "kind": kind.kind}
    yield {
        "name": kind.plural, "singularName": kind.kind.lower(), **common, "verbs": list(VERBS),
        "shortNames": list(kind.short), "categories": ["all"] if kind.plural in _ALL else [],
    }  # fmt: skip
    if kind.status:
        yield {"name": f"{kind.plural}/status", "singularName": "", **common, "verbs": ["get", "patch", "update"]}
    if "log" in kind.subresources:
        yield {"name": f"{kind.plural}/log", "singularName": "", **common, "verbs": ["get"]}
    if kind.scalable:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale", "namespaced": kind.namespaced}
        yield {"name": f"{kind.plural}/scale", "singularName": "", **scale, "verbs": ["get", "patch", "update"]}


_ALL = {"pods", "services", "daemonsets", "deployments", "replicasets", "statefulsets", "cronjobs", "jobs"}


def _patch_operation(kind: Kind) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]
    gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    return {
        "operationId": f"patch{kind.kind}", "parameters": parameters, "responses": {}, "requestBody": {"content": {}},
        "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": gvk,
    }  # fmt: skip
