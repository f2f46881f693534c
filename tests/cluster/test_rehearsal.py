"""Dry runs on a real API server, with real admission webhooks: what they dismiss, and what they don't."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from cluster.apiserver import ApiServer, api_server
from cluster.webhook import Answers, Webhook, serving

from bot.clusters.live import Clusters
from bot.comparison import compare, references
from bot.comparison.fields import Fields
from bot.comparison.immutable import REPLACE, SHRINK
from bot.comparison.rehearsed import confirmed, suspects
from bot.model.sync import Difference, Kind, Manifest, ObjectRef, Rehearsal, Severity

__all__ = ["api_server"]  # a fixture, which pytest finds by its name

pytestmark = pytest.mark.envtest

APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
WEBHOOKS = "/apis/admissionregistration.k8s.io/{}/mutatingwebhookconfigurations"
PLURALS = {
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "Ingress": "ingresses",
    "Job": "jobs",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Service": "services",
    "StatefulSet": "statefulsets",
}
DIGEST = "@sha256:" + 64 * "a"
ARGO = "argocd-controller"

Hook = Callable[..., AbstractContextManager[Webhook]]


@pytest.fixture
def clusters(api_server: ApiServer) -> Iterator[Clusters]:
    found = Clusters(api_server.kubeconfig)
    yield found
    found.close()


@pytest.fixture
def hook(api_server: ApiServer, tmp_path: Path) -> Hook:
    """Serve a webhook and register it, for objects labelled with its name."""

    @contextmanager
    def registered(name: str, answers: Answers, **how: str) -> Iterator[Webhook]:
        with serving(tmp_path, answers) as webhook:
            configuration = webhook.configuration(name, **how)
            path = WEBHOOKS.format(configuration["apiVersion"].rpartition("/")[2])
            api_server.request("POST", path, json.dumps(configuration).encode())
            try:
                yield webhook
            finally:
                api_server.request("DELETE", f"{path}/{name}")

    return registered


def deployment(namespace: str, image: str = "pay:v1", *, webhook: str = "", **spec: Any) -> Manifest:
    labels = {"webhook": webhook} if webhook else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "pay", "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": "pay"}},
            "template": {
                "metadata": {"labels": {"app": "pay"}},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
            **spec,
        },
    }


def config_map(namespace: str, data: dict[str, Any], **more: Any) -> Manifest:
    metadata = {"name": "pay", "namespace": namespace, **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data, **more}


def path(manifest: Manifest) -> str:
    (ref,) = references([manifest], None)
    root = f"/apis/{ref.api_version}" if ref.group else f"/api/{ref.api_version}"
    return f"{root}/namespaces/{ref.namespace}/{PLURALS[ref.kind]}/{ref.name}"


def apply(server: ApiServer, manifest: Manifest, manager: str = ARGO) -> None:
    query = f"?force=true&fieldManager={manager}"
    server.request("PATCH", path(manifest) + query, json.dumps(manifest).encode(), kind=APPLY)


def edit(server: ApiServer, manifest: Manifest, change: dict[str, Any], manager: str = "kubectl-edit") -> None:
    server.request("PATCH", f"{path(manifest)}?fieldManager={manager}", json.dumps(change).encode(), kind=MERGE)


def read(server: ApiServer, manifest: Manifest) -> tuple[dict[str, Any], Fields]:
    live = json.loads(server.request("GET", path(manifest)))
    return live, Fields(json.dumps(live["metadata"].pop("managedFields")).encode())


def look(server: ApiServer, clusters: Clusters, git: Manifest) -> tuple[list[Difference], list[Difference], int]:
    """The differences before and after a rehearsal as the deploying manager, and how many were dismissed."""
    (ref,) = references([git], None)
    live, fields = read(server, git)
    found = compare(git, live)
    wanted = dict.fromkeys(suspects(found, {ref: live}), git)
    answers = clusters.rehearse("admin", wanted, fields.deployer() or "quarterdeck")
    kept, dismissed = confirmed(found, {ref: live}, answers)
    return list(found), list(kept), dismissed


def told(differences: list[Difference]) -> list[tuple[Kind, str]]:
    return [(each.kind, each.path) for each in differences]


def to_digest(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What connaisseur and the like do to images."""
    at, image = "/spec/template/spec/containers/0/image", None
    if request["kind"]["kind"] == "Deployment":
        image = request["object"]["spec"]["template"]["spec"]["containers"][0]["image"]
    return [] if image is None or "@" in image else [{"op": "replace", "path": at, "value": image + DIGEST}]


def crashes_on_patches(server: ApiServer) -> bool:
    """Kubernetes 1.20 built with a Go later than 1.17: its reflect2 reads maps wrongly when it audits a patch."""
    version = json.loads(server.request("GET", "/version"))
    return version["minor"].startswith("20") and int(version["goVersion"].split(".")[1]) > 17


def serves(server: ApiServer, path: str) -> bool:
    try:
        server.request("GET", path)
    except HTTPError as error:
        error.close()
        return False
    return True


def test_what_the_server_would_store_as_it_is_live_is_dismissed(api_server: ApiServer, clusters: Clusters) -> None:
    """A gap of our normaliser, made up: 1000m is stored as 1, and 2 is another quantity."""
    namespace = api_server.namespace("rehearsal")

    def limited(cpu: str) -> Manifest:
        made = deployment(namespace)
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": cpu}}
        return made

    git, path = limited("1000m"), "spec.template.spec.containers[name=app].resources.limits.cpu"
    (ref,) = references([git], None)
    found = Difference(ref, Kind.DRIFT, path, "1000m", "1", Severity.MEDIUM)
    for manifest, expected in ((git, ((), 1)), (limited("2"), ((found,), 0))):
        apply(api_server, manifest)
        live, _ = read(api_server, git)
        assert confirmed([found], {ref: live}, clusters.rehearse("admin", {ref: git}, ARGO)) == expected


IMAGE = "spec.template.spec.containers[name=app].image"


def test_rows_88_and_89_what_a_webhook_rewrites_is_dismissed(
    api_server: ApiServer, clusters: Clusters, hook: Hook
) -> None:
    if crashes_on_patches(api_server):
        pytest.skip("this build of kube-apiserver ends at any webhook's patch")
    namespace = api_server.namespace("rehearsal")
    git = deployment(namespace, webhook=namespace)
    with hook(namespace, to_digest) as webhook:
        apply(api_server, git)
        assert read(api_server, git)[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "pay:v1" + DIGEST
        before, after, dismissed = look(api_server, clusters, git)
        assert told(before) == [(Kind.DRIFT, IMAGE)]
        assert (after, dismissed) == ([], 1)
        assert webhook.dry == [False, True]

        containers = [{"name": "app", "image": "evil:v1"}]
        edit(api_server, git, {"spec": {"replicas": 3, "template": {"spec": {"containers": containers}}}})
        before, after, dismissed = look(api_server, clusters, {**git, "spec": {**git["spec"], "replicas": 2}})
        assert told(after) == told(before) == [(Kind.DRIFT, "spec.replicas"), (Kind.DRIFT, IMAGE)]
        assert (dismissed, [each.note for each in after]) == (0, ["", ""])


def test_row_90_a_webhook_that_spares_dry_runs_invents_nothing(
    api_server: ApiServer, clusters: Clusters, hook: Hook
) -> None:
    """`sideEffects: NoneOnDryRun`: it is called, and need not do then what it does else; here, write an annotation."""
    namespace = api_server.namespace("rehearsal")
    git = config_map(namespace, {"a": "1", "b": "1"}, metadata={"labels": {"webhook": namespace}})
    apply(api_server, git)
    edit(api_server, git, {"data": {"b": "2"}, "metadata": {"annotations": {"at": "now"}}})
    with hook(namespace, lambda _: [], effects="NoneOnDryRun") as webhook:
        before, after, dismissed = look(api_server, clusters, git)
        assert webhook.dry == [True]
    assert told(before) == [(Kind.DRIFT, "data.b"), (Kind.UNDECLARED, "metadata.annotations.at")]
    assert (after, dismissed) == (before, 0)


def test_row_90_a_webhook_that_refuses_dry_runs_leaves_the_verdict(
    api_server: ApiServer, clusters: Clusters, hook: Hook
) -> None:
    """`sideEffects: Unknown`, which v1beta1 still takes: the API server refuses the request without calling it."""
    if not serves(api_server, WEBHOOKS.format("v1beta1")):
        pytest.skip("this API server takes no webhook that could not be called in a dry run")
    namespace = api_server.namespace("rehearsal")
    git = config_map(namespace, {"a": "1"}, metadata={"labels": {"webhook": namespace}})
    apply(api_server, git)
    edit(api_server, git, {"data": {"a": "2"}})
    with hook(namespace, lambda _: [], effects="Unknown", version="v1beta1") as webhook:
        _, (kept,), dismissed = look(api_server, clusters, git)
        assert webhook.dry == []
    assert (kept.kind, kept.path, dismissed) == (Kind.DRIFT, "data.a", 0)
    assert kept.note == f"not confirmed: the admission webhook {namespace}.example.com doesn't support dry runs (400)"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("hunter2 is not allowed", "the admission webhook {}.example.com refuses it (403)"),
        (None, "the admission webhook {}.example.com could not be called (500)"),
    ],
)
def test_rows_120_and_132_a_webhook_that_says_no_is_no_all_clear(
    api_server: ApiServer, clusters: Clusters, hook: Hook, answer: str | None, why: str
) -> None:
    namespace = api_server.namespace("rehearsal")
    git = config_map(namespace, {"a": "1"}, metadata={"labels": {"webhook": namespace}})
    apply(api_server, git)
    edit(api_server, git, {"data": {"a": "2"}})
    with hook(namespace, lambda _: answer) as webhook:
        _, (kept,), dismissed = look(api_server, clusters, git)
        assert set(webhook.dry) == {True}
    assert (kept.kind, kept.note, dismissed) == (Kind.DRIFT, "not confirmed: " + why.format(namespace), 0)


def job(namespace: str, image: str) -> Manifest:
    container = {"name": "app", "image": image}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    metadata = {"name": "pay", "namespace": namespace}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}


def stateful_set(namespace: str, service: str) -> Manifest:
    made = deployment(namespace, serviceName=service)
    return {**made, "kind": "StatefulSet"}


def claim(namespace: str, size: str) -> Manifest:
    metadata = {"name": "pay", "namespace": namespace}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("former", "git", "note"),
    [
        pytest.param(lambda ns: job(ns, "a"), lambda ns: job(ns, "b"), REPLACE, id="row-120-job"),
        pytest.param(
            lambda ns: stateful_set(ns, "a"), lambda ns: stateful_set(ns, "b"), REPLACE, id="row-120-stateful-set"
        ),
        pytest.param(lambda ns: claim(ns, "20Gi"), lambda ns: claim(ns, "10Gi"), SHRINK, id="row-45-claim"),
        pytest.param(
            lambda ns: config_map(ns, {"a": "1"}, immutable=True),
            lambda ns: config_map(ns, {"a": "2"}, immutable=True),
            REPLACE,
            id="config-map",
        ),
    ],
)
def test_what_is_immutable_needs_replace(
    api_server: ApiServer,
    clusters: Clusters,
    former: Callable[[str], Manifest],
    git: Callable[[str], Manifest],
    note: str,
) -> None:
    namespace = api_server.namespace("rehearsal")
    apply(api_server, former(namespace))
    (ref,) = references([git(namespace)], None)
    (answer,) = clusters.rehearse("admin", {ref: git(namespace)}, ARGO).values()
    assert (answer.result, answer.immutable) == (None, True)
    _, (kept,), dismissed = look(api_server, clusters, git(namespace))
    assert (kept.kind, dismissed) == (Kind.DRIFT, 0)
    assert kept.note == note


def test_row_79_a_dry_run_sees_no_leftover_and_dismisses_none(api_server: ApiServer, clusters: Clusters) -> None:
    namespace = api_server.namespace("rehearsal")
    git = config_map(namespace, {"a": "1"})
    api_server.request("POST", path(git).rpartition("/")[0] + "?fieldManager=kubectl-client-side-apply",
                       json.dumps({**git, "data": {"a": "1", "stuck": "1"}}).encode())  # fmt: skip
    apply(api_server, git)
    live, fields = read(api_server, git)
    assert live["data"] == {"a": "1", "stuck": "1"}
    (ref,) = references([git], None)
    (answer,) = clusters.rehearse("admin", {ref: git}, str(fields.deployer())).values()
    assert answer.result is not None
    assert answer.result["data"] == live["data"]
    leftover = Difference(ref, Kind.LEFTOVER, "data.stuck", None, "1", compare(git, live)[0].severity)
    assert confirmed([leftover], {ref: live}, {ref: answer}) == ((leftover,), 0)


def test_row_80_what_a_client_side_apply_left_is_known_by_its_owner(api_server: ApiServer) -> None:
    namespace = api_server.namespace("rehearsal")
    git = config_map(namespace, {"a": "1"})
    api_server.request("POST", path(git).rpartition("/")[0] + "?fieldManager=kubectl-client-side-apply",
                       json.dumps({**git, "data": {"a": "1", "stuck": "1"}}).encode())  # fmt: skip
    apply(api_server, git)
    edit(api_server, git, {"data": {"mine": "1"}})
    _, fields = read(api_server, git)
    assert fields.deployer() == ARGO
    assert {key: fields.applied(("data", key)) for key in ("a", "stuck", "mine")} == {
        "a": True,
        "stuck": True,
        "mine": False,
    }


def test_row_78_what_the_deploying_manager_owned_goes_with_its_dry_run(
    api_server: ApiServer, clusters: Clusters
) -> None:
    namespace = api_server.namespace("rehearsal")
    apply(api_server, config_map(namespace, {"a": "1", "old": "1"}))
    git = config_map(namespace, {"a": "1"})
    (ref,) = references([git], None)
    answers = [clusters.rehearse("admin", {ref: git}, manager)[ref].result for manager in (ARGO, "quarterdeck")]
    assert [each and each["data"] for each in answers] == [{"a": "1"}, {"a": "1", "old": "1"}]
    assert read(api_server, git)[0]["data"] == {"a": "1", "old": "1"}


def test_what_no_apply_takes_stands(api_server: ApiServer, clusters: Clusters) -> None:
    namespace = api_server.namespace("rehearsal")
    apply(api_server, deployment(namespace))
    _, kept, dismissed = look(api_server, clusters, deployment(namespace, "pay:v2", nonsense=1))
    assert dismissed == 0
    assert {each.note for each in kept if each.kind is Kind.DRIFT} == {
        "not confirmed: Git declares a field that the API server's schema doesn't have (500)"
    }


def test_row_33_a_service_whose_ports_name_no_protocol_is_rehearsed(api_server: ApiServer, clusters: Clusters) -> None:
    """Kubernetes 1.20 has no default for that key of the list in its schema."""
    namespace = api_server.namespace("rehearsal")
    metadata = {"name": "pay", "namespace": namespace}
    git = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}
    api_server.request("POST", path(git).rpartition("/")[0], json.dumps(git).encode())
    (ref,) = references([git], None)
    (answer,) = clusters.rehearse("admin", {ref: git}, ARGO).values()
    assert (answer.why, answer.result is not None) == ("", True)
    assert git["spec"] == {"ports": [{"port": 80}]}


def test_what_is_not_there_is_not_made(api_server: ApiServer, clusters: Clusters) -> None:
    absent = config_map("absent", {})
    (ref,) = references([absent], None)
    assert clusters.rehearse("admin", {ref: absent}, ARGO) == {
        ref: Rehearsal(why="the object or its namespace is no longer there (404)")
    }


def test_row_49_warnings_of_the_server_are_heard(api_server: ApiServer, clusters: Clusters) -> None:
    """This version warns of deprecated APIs alone; of unknown fields later ones do, by the same header."""
    namespace = api_server.namespace("rehearsal")
    backend = {"defaultBackend": {"service": {"name": "pay", "port": {"number": 80}}}}
    metadata = {"name": "pay", "namespace": namespace}
    current = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": backend}
    apply(api_server, current)
    older = {**current, "apiVersion": "networking.k8s.io/v1beta1",
             "spec": {"backend": {"serviceName": "pay", "servicePort": 80}}}  # fmt: skip
    ref = ObjectRef("networking.k8s.io/v1beta1", "Ingress", namespace, "pay")
    (answer,) = clusters.rehearse("admin", {ref: older}, ARGO).values()
    assert answer.result is not None
    assert answer.warnings[0].startswith("networking.k8s.io/v1beta1 Ingress is deprecated")
