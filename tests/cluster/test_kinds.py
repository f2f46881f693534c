"""Every built-in kind that a server has, however it was applied: untouched, nothing differs; edited, exactly that does.

Objects are applied all at once and read as the program reads them.
"""

import functools
import json
import subprocess
import sysconfig
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from cluster.apiserver import ApiServer, api_server
from cluster.crds import with_engines

from bot.clusters.live import Clusters
from bot.comparison import compare_all, flatten, references
from bot.model.sync import Difference, Kind, Live, Manifest, ObjectRef, Schemas, Severity
from bot.rendering.dialect import parse

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest

OBJECTS = sorted(Path(__file__).with_name("untouched").glob("*.yaml"))
OLDER = {
    "batch/v1": ("batch/v1beta1",),
    "policy/v1": ("policy/v1beta1",),
    "autoscaling/v2": ("autoscaling/v2beta2",),
    "discovery.k8s.io/v1": ("discovery.k8s.io/v1beta1",),
    "flowcontrol.apiserver.k8s.io/v1": ("flowcontrol.apiserver.k8s.io/v1beta3", "flowcontrol.apiserver.k8s.io/v1beta1"),
}
LATER = frozenset(
    [
        "CSIStorageCapacity",
        "ClusterTrustBundle",
        "DeviceClass",
        "DeviceTaintRule",
        "IPAddress",
        "LeaseCandidate",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "PodCertificateRequest",
        "PodGroup",
        "ResourceClaim",
        "ResourceClaimTemplate",
        "ResourcePoolStatusRequest",
        "ResourceSlice",
        "ServiceCIDR",
        "StorageVersion",
        "StorageVersionMigration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "VolumeAttributesClass",
        "Workload",
    ]
)
"""Kinds of newer servers, which are for the unit tests."""
WITH_ENGINES = {"Application", "Kustomization", "HelmRelease", "GitRepository", "OCIRepository"}
WAYS = {
    "create": ("create",),
    "client-side": ("apply",),
    "server-side": ("apply", "--server-side", "--force-conflicts"),
}


def kubectl(server: ApiServer, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sysconfig.get_path("scripts")) / "kubectl"
    command = [str(program), f"--kubeconfig={server.kubeconfig}", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)


api_server_at: dict[str, ApiServer] = {}
"""By address, as what is kept for the session goes by texts."""


@functools.cache
def served(url: str) -> Mapping[str, frozenset[str]]:
    """The kinds by API version that can be created, by the server's own discovery."""
    server = api_server_at[url]
    groups = json.loads(server.request("GET", "/apis"))["groups"]
    versions = ["v1", *(each["groupVersion"] for group in groups for each in group["versions"])]
    found = {}
    for version in versions:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = json.loads(server.request("GET", root))["resources"]
        found[version] = frozenset(
            each["kind"] for each in resources if {"create", "get"} <= set(each["verbs"]) and "/" not in each["name"]
        )
    return found


def declared(server: ApiServer, namespace: str) -> list[Manifest]:
    """What the files declare, each at the first version of it that this server has; without those it has not."""
    kinds = served(server.url)
    found = []
    for file in OBJECTS:
        text = file.read_bytes().replace(b"__NAMESPACE__", namespace.encode())
        text = text.replace(b"30777", b"%d" % (30000 + zlib.crc32(namespace.encode()) % 2768))
        for each in flatten([document.value for document in parse(text, file.name)]):
            for version in (each["apiVersion"], *OLDER.get(each["apiVersion"], ())):
                if each["kind"] in kinds.get(version, ()):
                    found.append({**each, "apiVersion": version})
                    break
    return sorted(found, key=lambda each: each["kind"] == "LimitRange")  # which would complete the pods after it


def apply(server: ApiServer, manifests: Sequence[Manifest], namespace: str, way: str) -> None:
    """Bring them all there. What a server of 1.20 can't take by a server-side apply (numbers as amounts, ports without
    a protocol) is created."""
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    arguments = ("--validate=false", "-n", namespace, "-f", "-")
    done = kubectl(server, *WAYS[way], *arguments, stdin=document)
    if way != "server-side":
        assert done.returncode == 0, done.stderr
        return
    assert done.stdout.count("serverside-applied") > len(manifests) * 2 / 3, done.stderr
    done = kubectl(server, "create", *arguments, stdin=document)
    assert "AlreadyExists" in done.stderr


def told(differences: Sequence[Difference]) -> list[str]:
    return [
        f"{each.object} {each.kind} {each.severity} {each.path}: {each.desired} -> {each.live}" for each in differences
    ]


def address(server: ApiServer, ref: ObjectRef) -> str:
    """The path of an object, by the server's own discovery."""
    root = f"/apis/{ref.api_version}" if ref.group else f"/api/{ref.api_version}"
    for each in json.loads(server.request("GET", root))["resources"]:
        if each["kind"] == ref.kind and "/" not in each["name"]:
            place = f"namespaces/{ref.namespace}/" if each["namespaced"] else ""
            return f"{root}/{place}{each['name']}/{ref.name}"
    raise AssertionError(ref)


def look(clusters: Clusters, manifests: Sequence[Manifest], namespace: str) -> tuple[Live, Schemas]:
    refs = references(manifests, namespace)
    return clusters.read("admin", refs), clusters.schemas("admin", {(ref.api_version, ref.kind) for ref in refs})


@pytest.fixture(scope="module")
def clusters(api_server: ApiServer) -> Iterator[Clusters]:
    api_server_at[api_server.url] = api_server
    found = Clusters(api_server.kubeconfig)
    yield found
    found.close()


@functools.cache
def applied(url: str, way: str) -> tuple[str, Sequence[Manifest]]:
    """A namespace with them all."""
    server = api_server_at[url]
    namespace = server.namespace()
    manifests = declared(server, namespace)
    apply(server, manifests, namespace, way)
    return namespace, manifests


@pytest.mark.parametrize(
    "way", [each if each == "server-side" else pytest.param(each, marks=pytest.mark.slow) for each in WAYS]
)
def test_nothing_differs_on_an_untouched_server(api_server: ApiServer, clusters: Clusters, way: str) -> None:
    namespace, manifests = applied(api_server.url, way)
    live, schemas = look(clusters, manifests, namespace)
    groups = [each["metadata"]["name"] for each in manifests if each["kind"] == "APIService"]
    assert live.unchecked == {}
    assert len(live.objects) == len(manifests) >= 120
    assert "\n".join(told(compare_all(manifests, live, namespace))) == ""
    assert schemas.kinds.keys() == {(each["apiVersion"], each["kind"]) for each in manifests}
    assert "\n".join(told(compare_all(manifests, live, namespace, schemas=schemas))) == ""
    kubectl(api_server, "delete", "--wait=false", "apiservice", *groups)  # nobody answers for their groups


def test_every_kind_of_the_server_is_among_them(api_server: ApiServer) -> None:
    api_server_at[api_server.url] = api_server
    ours = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in declared(api_server, "x")}
    theirs = {(version.rpartition("/")[0], kind) for version, kinds in served(api_server.url).items() for kind in kinds}
    left = {kind for group, kind in theirs - ours if "k8s.io" in group or "." not in group}
    assert left - LATER == set()


def test_row_48_untouched_custom_resources(clusters: Clusters) -> None:
    server = with_engines()
    namespace = server.namespace()
    file = Path(__file__).with_name("custom.yaml")
    found = [document.value for document in parse(file.read_bytes(), file.name)]
    manifests = [each for each in found if each["kind"] in WITH_ENGINES]
    apply(server, manifests, namespace, "create")
    live, schemas = look(clusters, manifests, namespace)
    assert len(live.objects) == len(manifests) == len(WITH_ENGINES)
    assert "\n".join(told(compare_all(manifests, live, namespace, schemas=schemas))) == ""


MERGE = "application/merge-patch+json"
Edit = tuple[str, dict[str, Any], list[str]]
"""An object by kind and name, a merge patch as somebody might send it, and the paths that must be told."""

EDITS: list[Edit] = [
    ("ConfigMap plain", {"data": {"text": "other"}}, ["data.text"]),
    ("ConfigMap bare", {"data": {"more": "1"}}, ["data.more"]),
    ("Secret login", {"stringData": {"password": "other"}}, ["data.password"]),
    ("Secret nothing", {"stringData": {"more": "1"}}, ["data.more"]),
    ("ServiceAccount robot", {"automountServiceAccountToken": False}, ["automountServiceAccountToken"]),
    ("Service web", {"spec": {"selector": {"app": "other"}}}, ["spec.selector.app"]),
    ("Service dns", {"spec": {"externalIPs": ["192.0.2.9"]}}, ["spec.externalIPs"]),
    ("Service local", {"spec": {"externalTrafficPolicy": "Cluster"}}, ["spec.externalTrafficPolicy"]),
    ("Service headless", {"spec": {"sessionAffinity": "None"}}, ["spec.sessionAffinity"]),
    ("Endpoints outside", {"subsets": [{"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 80}]}]},
     ["subsets[0].addresses[0].ip", "subsets[0].addresses[1]"]),
    ("EndpointSlice slice", {"ports": [{"port": 81}]}, ["ports"]),
    ("LimitRange limits", {"spec": {"limits": []}}, ["spec.limits"]),
    ("ResourceQuota quota", {"spec": {"hard": {"cpu": "11"}}}, ["spec.hard.cpu"]),
    ("ResourceQuota by-class", {"spec": {"hard": {"pods": "3"}}}, ["spec.hard.pods"]),
    ("Namespace *-plain", {"metadata": {"labels": {"team": "red"}}}, ["metadata.labels.team"]),
    ("Node *", {"metadata": {"labels": {"zone": None}}}, ["metadata.labels.zone"]),
    ("PersistentVolume *", {"spec": {"persistentVolumeReclaimPolicy": "Delete"}},
     ["spec.persistentVolumeReclaimPolicy"]),
    ("PersistentVolume *-nfs", {"spec": {"capacity": {"storage": "1Gi"}}}, ["spec.capacity.storage"]),
    ("PersistentVolumeClaim disk", {"metadata": {"annotations": {"by": "hand"}}}, ["metadata.annotations.by"]),
    ("PodTemplate rich", {"template": {"spec": {"restartPolicy": "Never"}}}, ["template.spec.restartPolicy"]),
    ("ReplicationController older", {"spec": {"replicas": 2}}, ["spec.replicas"]),
    ("ReplicationController old",
     {"spec": {"selector": {"tier": "x"}, "template": {"metadata": {"labels": {"tier": "x"}}}}},
     ["spec.selector.tier", "spec.template.metadata.labels.tier"]),
    ("Pod alone", {"spec": {"activeDeadlineSeconds": 99}}, ["spec.activeDeadlineSeconds"]),
    ("Deployment small", {"spec": {"revisionHistoryLimit": 0}}, ["spec.revisionHistoryLimit"]),
    ("Deployment probes", {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}},
     ["spec.strategy.rollingUpdate.maxSurge", "spec.strategy.rollingUpdate.maxUnavailable"]),
    ("Deployment recreated", {"spec": {"template": {"spec": {"hostNetwork": True}}}},
     ["spec.template.spec.hostNetwork"]),
    ("Deployment large", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}},
     ["spec.template.spec.terminationGracePeriodSeconds"]),
    ("ReplicaSet more", {"spec": {"replicas": 4}}, ["spec.replicas"]),
    ("StatefulSet db", {"spec": {"template": {"spec": {"serviceAccountName": "x"}}}},
     ["spec.template.spec.serviceAccountName"]),
    ("StatefulSet parted", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}},
     ["spec.updateStrategy.rollingUpdate.partition"]),
    ("DaemonSet agent", {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}},
     ["spec.template.spec.nodeSelector.a"]),
    ("DaemonSet halves", {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}},
     ["spec.updateStrategy.rollingUpdate.maxUnavailable"]),
    ("ControllerRevision first", {"revision": 2}, ["revision"]),
    ("Job wide", {"spec": {"parallelism": 0}}, ["spec.parallelism"]),
    ("Job migrate", {"spec": {"activeDeadlineSeconds": 5}}, ["spec.activeDeadlineSeconds"]),
    ("CronJob nightly", {"spec": {"schedule": "0 4 * * *", "suspend": True}}, ["spec.schedule", "spec.suspend"]),
    ("CronJob full", {"spec": {"successfulJobsHistoryLimit": 1}}, ["spec.successfulJobsHistoryLimit"]),
    ("HorizontalPodAutoscaler small", {"spec": {"minReplicas": 2}}, ["spec.minReplicas"]),
    ("HorizontalPodAutoscaler one", {"spec": {"targetCPUUtilizationPercentage": 61}},
     ["spec.targetCPUUtilizationPercentage"]),
    ("HorizontalPodAutoscaler bare", {"spec": {"maxReplicas": 4}}, ["spec.maxReplicas"]),
    ("HorizontalPodAutoscaler still", {"spec": {"behavior": {"scaleDown": {"selectPolicy": "Max"}}}},
     ["spec.behavior.scaleDown.selectPolicy"]),
    ("Ingress simple", {"spec": {"ingressClassName": "x"}}, []),
    ("Ingress several", {"spec": {"ingressClassName": "x"}}, ["spec.ingressClassName"]),
    ("Ingress web", {"spec": {"tls": None}}, ["spec.tls"]),
    ("Ingress beta", {"spec": {"backend": {"servicePort": 81}}}, ["spec.backend.servicePort"]),
    ("NetworkPolicy closed", {"spec": {"podSelector": {"matchLabels": {"a": "b"}}}}, ["spec.podSelector.matchLabels"]),
    ("NetworkPolicy opened", {"spec": {"egress": []}}, ["spec.egress"]),
    ("NetworkPolicy outgoing", {"spec": {"policyTypes": ["Egress"]}}, ["spec.policyTypes"]),
    ("IngressClass *-plain", {"metadata": {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}},
     ["metadata.annotations[ingressclass.kubernetes.io/is-default-class]"]),
    ("Role reader", {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
     ["rules[0].apiGroups", "rules[0].resources", "rules[0].verbs"]),
    ("Role nothing", {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}, ["rules[0]"]),
    ("RoleBinding readers", {"subjects": None},
     [f"subjects[kind={who}]" for who in ("Group,name=sre", "ServiceAccount,name=robot", "User,name=ana")]),
    ("ClusterRole *-plain", {"rules": [{"nonResourceURLs": ["/metrics", "/healthz"], "verbs": ["get"]}]}, ["rules[0]"]),
    ("ClusterRoleBinding *-nobody", {"subjects": [{"kind": "User", "name": "eve"}]}, ["subjects[kind=User,name=eve]"]),
    ("PodDisruptionBudget web", {"spec": {"minAvailable": "10%"}}, ["spec.minAvailable"]),
    ("PodSecurityPolicy *", {"spec": {"privileged": True}}, ["spec.privileged"]),
    ("StorageClass *", {"allowVolumeExpansion": True}, ["allowVolumeExpansion"]),
    ("CSIDriver *", {"metadata": {"labels": {"a": "b"}}}, ["metadata.labels.a"]),
    ("CSINode *", {"metadata": {"labels": {"a": "b"}}}, ["metadata.labels.a"]),
    ("VolumeAttachment *", {"metadata": {"labels": {"a": "b"}}}, ["metadata.labels.a"]),
    ("PriorityClass *-patient", {"description": "x"}, ["description"]),
    ("RuntimeClass *-heavy", {"overhead": {"podFixed": {"cpu": "1"}}}, ["overhead.podFixed.cpu"]),
    ("Lease leader", {"spec": {"holderIdentity": "you"}}, ["spec.holderIdentity"]),
    ("Lease held", {"spec": {"renewTime": "2026-01-01T00:00:01.000000Z"}}, ["spec.renewTime"]),
    ("Event happened", {"reason": "Other"}, ["reason"]),
    ("CertificateSigningRequest *", {"metadata": {"labels": {"a": "b"}}}, ["metadata.labels.a"]),
    ("FlowSchema *", {"spec": {"matchingPrecedence": 2}}, ["spec.matchingPrecedence"]),
    ("PriorityLevelConfiguration *", {"spec": {"limited": {"limitResponse": {"queuing": {"queues": 9}}}}},
     ["spec.limited.limitResponse.queuing.queues"]),
    ("ValidatingWebhookConfiguration *", {"webhooks": None}, ["webhooks[name=check.example.com]"]),
    ("MutatingWebhookConfiguration *", {"webhooks": None}, ["webhooks[name=change.example.com]"]),
    ("CustomResourceDefinition things.*.example.com", {"spec": {"names": {"shortNames": ["th"]}}},
     ["spec.names.shortNames"]),
]  # fmt: skip


def test_an_edit_by_hand_of_any_kind_is_found_and_nothing_else(api_server: ApiServer, clusters: Clusters) -> None:
    namespace, manifests = applied(api_server.url, "create")
    places = {f"{ref.kind} {ref.name}": ref for ref in references(manifests, namespace)}
    expected: list[str] = []
    edited, refused = [], []
    for name, patch, paths in EDITS:
        ref = places.get(name.replace("*", namespace))
        if ref is None:
            continue  # a kind or a version that newer servers don't have
        edited.append(ref)
        try:
            api_server.request("PATCH", address(api_server, ref), json.dumps(patch).encode(), kind=MERGE)
        except HTTPError as error:
            refused.append(f"{ref}: {error.read().decode()}")
        expected += [f"{ref} {each}" for each in paths]
    assert refused == []
    live, schemas = look(clusters, manifests, namespace)
    unchecked = dict.fromkeys(places.values(), "")
    live = replace(live, objects={ref: live.objects[ref] for ref in edited}, unchecked=unchecked)
    for known in (None, schemas):
        found = compare_all(manifests, live, namespace, schemas=known)
        assert sorted(f"{each.object} {each.path}" for each in found) == sorted(expected)
    kinds = {each["kind"] for each in manifests} - {ref.kind for ref in edited}
    assert kinds == {"APIService"}, "one edit a kind"


def test_row_66_a_field_whose_feature_is_off_is_no_drift_and_one_taken_away_is(
    api_server: ApiServer, clusters: Clusters
) -> None:
    """`ttlSecondsAfterFinished` is off before 1.21: the server takes it and keeps nothing of it."""
    namespace = api_server.namespace()
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
    spec = {"ttlSecondsAfterFinished": 60, "activeDeadlineSeconds": 60, "template": {"spec": pod}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}
    apply(api_server, [job], namespace, "client-side")
    (ref,) = references([job], namespace)
    patch = b'[{"op": "remove", "path": "/spec/activeDeadlineSeconds"}]'
    api_server.request("PATCH", address(api_server, ref), patch, kind="application/json-patch+json")
    live, _ = look(clusters, [job], namespace)
    off = "ttlSecondsAfterFinished" not in live.objects[ref]["spec"]
    found = {each.path: (each.kind, each.severity) for each in compare_all([job], live, namespace)}
    gone = {"spec.activeDeadlineSeconds": (Kind.DRIFT, Severity.MEDIUM)}
    assert found == gone | ({"spec.ttlSecondsAfterFinished": (Kind.CONFIG_ERROR, Severity.INFO)} if off else {})
