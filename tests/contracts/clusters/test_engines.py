"""Engines' objects on any API server: the stand-in, and a real one with the CRDs that their projects publish."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError

import pytest
import yaml
from cluster.crds import with_engines
from memory import Git, Synced
from unit.engines.test_definitions import FILES, definition, misfits

from bot.clusters.engines.engines import Engines
from bot.clusters.live import Clusters
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Repository, Target
from bot.model.sync import Deployed, Health, Kind, ObjectRef
from bot.playground.kubernetes import Cluster as Playground
from bot.playground.kubernetes import mount
from bot.playground.kubernetes.kinds import KINDS, Served
from bot.playground.kubernetes.kinds import Kind as Resource
from bot.rendering.renderer import Renderer
from bot.survey import Survey

SERVED = Served(
    (
        *KINDS,
        Resource("argoproj.io", "v1alpha1", "Application", "applications", status=False),
        Resource("argoproj.io", "v1alpha1", "AppProject", "appprojects", status=False),
        Resource("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets"),
        Resource("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
        Resource("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
        Resource("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"),
        Resource("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts"),
    )
)
ONE, TWO = "1" * 40, "2" * 40
WHEN = "2026-01-01T00:00:00Z"
APPLICATIONS = "/apis/argoproj.io/v1alpha1"
KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1"
HELMRELEASES = "/apis/helm.toolkit.fluxcd.io/v2"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1"
HOOK = {
    "group": "batch", "version": "v1", "kind": "Job", "namespace": "pay", "name": "migrate", "syncPhase": "PreSync",
    "hookType": "PreSync", "hookPhase": "Running",
}  # fmt: skip
ERRED = {
    "type": "ErrorOccurred", "status": "True", "reason": "ApplicationParamsGenerationError", "message": "no cluster",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}  # fmt: skip
RBAC = "/apis/rbac.authorization.k8s.io/v1"
REFRESH, REQUESTED = "argocd.argoproj.io/refresh", "reconcile.fluxcd.io/requestedAt"


REAL = pytest.mark.parametrize("server", [pytest.param("envtest", marks=pytest.mark.envtest)], indirect=True)
"""For what only a real API server judges: rights, and the form that the definitions give."""


def ready(status: str, reason: str, message: str) -> dict[str, Any]:
    at = "2026-01-01T00:00:00Z"
    return {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def check(kind: str, spec: Any, status: Any) -> None:
    """That the definitions would take it, where they are at hand: the stand-in takes anything."""
    if os.environ.get("QUARTERDECK_TEST_CRDS"):
        (version,) = [each for each in definition(FILES[kind])["versions"] if each["storage"]]
        schema = version["schema"]["openAPIV3Schema"]["properties"]
        assert misfits(schema["spec"], spec) == []
        assert status is None or misfits(schema["status"], status) == []


class Cluster:
    """A namespace with engines' objects in it, whose repository no other test has."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.namespace = server.namespace()
        self.url = f"https://github.com/acme/{self.namespace}.git"

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        return self.server.send(method, path, body, kind=kind)

    def make(self, api: str, plural: str, name: str, spec: Any, status: Any = None) -> str:
        """Create an object, with its status by whichever way the kind has; its path."""
        kind = next(each.kind for each in SERVED if each.plural == plural)
        path = f"{api}/namespaces/{self.namespace}/{plural}"
        check(kind, spec, status)
        body = {"apiVersion": api.removeprefix("/apis/"), "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.send("POST", path, body | ({"status": status} if status and kind == "Application" else {}))
        if status and kind != "Application":
            self.send("PATCH", f"{path}/{name}/status", {"status": status}, "application/merge-patch+json")
        return f"{path}/{name}"

    def application(self, status: Any = None, **spec: Any) -> str:
        source = {"repoURL": self.url, "path": "apps/payment", "targetRevision": "main"}
        destination = {"server": "https://kubernetes.default.svc", "namespace": "pay"}
        policy = {"automated": {"selfHeal": True}}
        whole = {"project": "default", "source": source, "destination": destination, "syncPolicy": policy, **spec}
        return self.make(APPLICATIONS, "applications", "payment", whole, status)

    def kustomization(self, status: Any = None, **spec: Any) -> str:
        reference = {"branch": "main"}
        self.make(SOURCES, "gitrepositories", "gitops", {"url": self.url, "interval": "1m", "ref": reference})
        source = {"kind": "GitRepository", "name": "gitops"}
        whole = {"path": "./apps/payment", "sourceRef": source, "interval": "10m", "prune": True, **spec}
        return self.make(KUSTOMIZATIONS, "kustomizations", "payment", whole, status)

    def annotations(self, path: str) -> dict[str, str]:
        found: dict[str, str] = self.send("GET", path)["metadata"].get("annotations", {})
        return found

    def engines(self, clusters: Clusters) -> Engines:
        return Engines(clusters.reach, {"config": Repository("config", self.url, "main")})

    def found(self, clusters: Clusters, context: str | None = None) -> Deployed | None:
        target = Target("payment", "staging", "config", ("apps/payment",), context or self.server.context, "pay")
        return self.engines(clusters).deployed([target]).get(target)

    def told(self, clusters: Clusters) -> Deployed:
        found = self.found(clusters)
        assert found is not None
        return found


@pytest.fixture
def cluster(server: Any) -> Cluster:
    if hasattr(server, "cluster"):
        server.cluster.served = server.cluster.objects.served = SERVED
    else:
        with_engines()
    return Cluster(server)


@pytest.fixture
def clusters(server: Any) -> Iterator[Clusters]:
    found = Clusters(server.kubeconfig)
    yield found
    found.close()


@pytest.fixture
def reader(cluster: Cluster) -> Iterator[None]:
    """Let the user `reader` see the engines' objects, for a test."""
    groups = [path.split("/")[2] for path in (APPLICATIONS, KUSTOMIZATIONS, HELMRELEASES, SOURCES)]
    rule = {"apiGroups": groups, "resources": ["*"], "verbs": ["get", "list"]}
    name = {"name": cluster.namespace}
    cluster.send("POST", f"{RBAC}/clusterroles", {"metadata": name, "rules": [rule]})
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", **name}
    cluster.send("POST", f"{RBAC}/clusterrolebindings", {"metadata": name, "roleRef": role, "subjects": [subject]})
    yield
    for plural in ("clusterrolebindings", "clusterroles"):
        cluster.send("DELETE", f"{RBAC}/{plural}/{cluster.namespace}")


def test_an_application_and_what_it_applied(cluster: Cluster, clusters: Clusters) -> None:
    source = {"repoURL": cluster.url, "path": "apps/payment", "targetRevision": "main"}
    when = "2026-01-01T00:00:00Z"
    destination = {"server": "https://kubernetes.default.svc", "namespace": "pay"}
    status = {
        "sync": {"status": "OutOfSync", "revision": TWO, "comparedTo": {"source": source, "destination": destination}},
        "history": [{"id": 0, "revision": ONE, "deployedAt": when, "source": source}],
        "operationState": {
            "phase": "Running",
            "startedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "operation": {"sync": {"revision": TWO}},
            "syncResult": {"revision": TWO, "source": source, "resources": [HOOK]},
        },
        "health": {"status": "Progressing"},
        "resources": [{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "pay", "name": "web"}],
        "sourceType": "Kustomize",
    }
    path = cluster.application(status)

    told = cluster.told(clusters)

    assert told == Deployed(
        "argocd",
        cluster.server.context,
        ObjectRef("argoproj.io/v1alpha1", "Application", cluster.namespace, "payment"),
        "apps/payment",
        revision=ONE,
        busy="Argo CD is syncing it",
        inventory=frozenset([ObjectRef("apps/v1", "Deployment", "pay", "web")]),
        uid=cluster.send("GET", path)["metadata"]["uid"],
        mark="payment",
        namespace="pay",
        attempted=TWO,
        health=Health.PROGRESSING,
        waiting="Job pay/migrate, a PreSync hook, to complete",
    )


@pytest.mark.parametrize("began", ["2026-01-01T00:00:00Z", "9998-01-01T00:00:00Z"])
def test_row_126_a_sync_that_never_ends_is_waited_for_no_more(cluster: Cluster, clusters: Clusters, began: str) -> None:
    cluster.application({"operationState": {"phase": "Running", "startedAt": began, "operation": {"sync": {}}}})
    assert cluster.told(clusters).busy == ""


def test_a_kustomization_and_what_it_applied(cluster: Cluster, clusters: Clusters) -> None:
    status = {
        "observedGeneration": 1,
        "lastAppliedRevision": f"main@sha1:{ONE}",
        "lastAttemptedRevision": f"main@sha1:{TWO}",
        "conditions": [ready("False", "HealthCheckFailed", "Deployment/pay/web is in progress")],
        "inventory": {"entries": [{"id": "pay_web_apps_Deployment", "v": "v1"}]},
    }
    path = cluster.kustomization(status, targetNamespace="pay")

    told = cluster.told(clusters)

    assert told == Deployed(
        "flux",
        cluster.server.context,
        ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", cluster.namespace, "payment"),
        "apps/payment",
        revision=ONE,
        inventory=frozenset([ObjectRef("apps/v1", "Deployment", "pay", "web")]),
        uid=cluster.send("GET", path)["metadata"]["uid"],
        namespace="pay",
        recurses=True,
        attempted=TWO,
        trouble="what it applied did not become healthy: Deployment/pay/web is in progress",
    )


def test_a_window_of_its_project_and_the_set_that_made_it(cluster: Cluster, clusters: Clusters) -> None:
    window = {"kind": "deny", "schedule": "0 0 * * *", "duration": "24h", "applications": ["*"]}
    cluster.make(APPLICATIONS, "appprojects", "default", {"syncWindows": [window]})
    template = {"metadata": {"name": "x"}, "spec": {"project": "default", "destination": {}}}
    spec = {"generators": [], "template": template}
    made_by = cluster.make(APPLICATIONS, "applicationsets", "all", spec, {"conditions": [ERRED]})
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "all"}
    owner["uid"] = cluster.send("GET", made_by)["metadata"]["uid"]
    path = cluster.application({"conditions": [{"type": "ComparisonError", "message": "no such path"}]})
    cluster.send("PATCH", path, {"metadata": {"ownerReferences": [owner]}}, "application/merge-patch+json")

    assert cluster.told(clusters).trouble == (
        f"Argo CD can't compare it with Git: no such path; its ApplicationSet {cluster.namespace}/all fails: no cluster"
    )
    cluster.send("PATCH", path, {"status": {"conditions": None}}, "application/merge-patch+json")
    assert cluster.told(clusters).waiting == (
        f"a sync window of AppProject {cluster.namespace}/default, which opens at no time within a year"
    )


def test_a_service_whose_set_fails_has_no_application_and_a_reason(cluster: Cluster, clusters: Clusters) -> None:
    source = {"repoURL": cluster.url, "path": "apps/{{service}}", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "pay"}
    template = {"metadata": {"name": "x"}, "spec": {"project": "x", "source": source, "destination": destination}}
    status = {"conditions": [ERRED]}
    cluster.make(APPLICATIONS, "applicationsets", "all", {"generators": [], "template": template}, status)

    told = cluster.told(clusters)
    assert (told.object.kind, told.alone) == ("ApplicationSet", False)
    with pytest.raises(Refusal, match="was not asked to sync: there is no Application to ask"):
        cluster.engines(clusters).sync(told)
    assert told.trouble == (
        f"ApplicationSet {cluster.namespace}/all fails, and there is no Application for it: no cluster"
    )
    cluster.application()
    assert cluster.told(clusters).object.kind == "Application"


def test_a_release_whose_chart_is_broken(cluster: Cluster, clusters: Clusters) -> None:
    cluster.make(SOURCES, "gitrepositories", "gitops", {"url": cluster.url, "interval": "1m"})
    source = {"kind": "GitRepository", "name": "gitops"}
    broken = {"conditions": [ready("False", "ChartPackageError", "no Chart.yaml")]}
    chart = {"chart": "apps/payment", "sourceRef": source, "interval": "1m"}
    cluster.make(SOURCES, "helmcharts", "payment", chart, broken)
    spec = {"interval": "1m", "chart": {"spec": {"chart": "apps/payment", "sourceRef": source}}}
    status = {"helmChart": f"{cluster.namespace}/payment", "conditions": [ready("False", "SourceNotReady", "x")]}
    cluster.make(HELMRELEASES, "helmreleases", "payment", spec, status)

    assert cluster.told(clusters).trouble == (f"HelmChart {cluster.namespace}/payment fails: no Chart.yaml")


def test_a_release_of_a_chart_in_the_repository(cluster: Cluster, clusters: Clusters) -> None:
    cluster.make(SOURCES, "gitrepositories", "gitops", {"url": cluster.url, "interval": "1m"})
    chart = {"chart": "apps/payment", "sourceRef": {"kind": "GitRepository", "name": "gitops"}}
    path = cluster.make(HELMRELEASES, "helmreleases", "payment", {"interval": "1m", "chart": {"spec": chart}})

    told = cluster.told(clusters)
    cluster.engines(clusters).sync(told)

    assert told.object == ObjectRef("helm.toolkit.fluxcd.io/v2", "HelmRelease", cluster.namespace, "payment")
    asked = cluster.annotations(path)
    assert asked.keys() == {REQUESTED, "reconcile.fluxcd.io/forceAt"}
    assert len(set(asked.values())) == 1


def test_an_application_is_asked_by_one_annotation(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.application()
    before = cluster.send("GET", path)

    for _ in range(2):
        cluster.engines(clusters).sync(cluster.told(clusters))

    after = cluster.send("GET", path)
    assert after["metadata"]["annotations"] == {REFRESH: "normal"}
    assert (after["spec"], "operation" in after) == (before["spec"], False)
    assert {each["manager"] for each in after["metadata"]["managedFields"]} >= {"quarterdeck"}


def test_a_kustomization_is_asked_along_with_its_source(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.kustomization()

    cluster.engines(clusters).sync(cluster.told(clusters))

    source = f"{SOURCES}/namespaces/{cluster.namespace}/gitrepositories/gitops"
    asked = cluster.annotations(path)
    assert asked.keys() == {REQUESTED}
    assert cluster.annotations(source) == asked


def test_what_would_do_nothing_is_not_asked(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.kustomization(suspend=True)
    told = cluster.told(clusters)
    why = f"it is suspended in Flux; run: flux resume kustomization payment -n {cluster.namespace}"

    with pytest.raises(Refusal) as refusal:
        cluster.engines(clusters).sync(told)

    assert told.held == why
    assert str(refusal.value) == f"{told.object} was not asked to sync: {why}"
    assert cluster.annotations(path) == {}


def test_an_application_without_auto_sync_is_not_asked(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.application(syncPolicy={})
    told = cluster.told(clusters)

    with pytest.raises(Refusal, match=f"auto-sync is off .* run: argocd app sync {cluster.namespace}/payment"):
        cluster.engines(clusters).sync(told)

    assert cluster.annotations(path) == {}


def test_one_that_heals_nothing_by_itself_is_asked_for_new_commits(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.application(syncPolicy={"automated": {}})
    told = cluster.told(clusters)

    cluster.engines(clusters).sync(told)

    assert told.held.startswith("self-heal is off")
    assert cluster.annotations(path) == {REFRESH: "normal"}


@REAL
@pytest.mark.usefixtures("reader")
def test_a_reader_finds_and_may_not_ask(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.application()
    told = cluster.found(clusters, "reader")
    assert told is not None

    with pytest.raises(Refusal) as refusal:
        cluster.engines(clusters).sync(told)

    asked = f"reader doesn't let us ask {told.object} to sync (403)"
    assert str(refusal.value) == f"{asked}; apply deploy/rbac/sync there (quarterdeck-sync)"
    assert cluster.annotations(path) == {}


@REAL
def test_without_a_right_to_see_them_there_are_none(cluster: Cluster, clusters: Clusters) -> None:
    cluster.application()
    cluster.kustomization()
    assert cluster.found(clusters, "reader") is None


def test_one_that_is_gone_or_another_by_now(cluster: Cluster, clusters: Clusters) -> None:
    path = cluster.application()
    told = cluster.told(clusters)

    with pytest.raises(Refusal, match="is another one by now"):
        cluster.engines(clusters).sync(replace(told, uid="former"))
    cluster.send("DELETE", path)
    with pytest.raises(
        Refusal, match=f"Application {cluster.namespace}/payment is not on {cluster.server.context} any more"
    ):
        cluster.engines(clusters).sync(told)


def test_a_cluster_that_cannot_be_reached(cluster: Cluster, clusters: Clusters) -> None:
    cluster.application()
    told = cluster.told(clusters)

    assert cluster.found(clusters, "no-such-context") is None
    with pytest.raises(Unavailable, match="the kubeconfig has no context no-such-context"):
        cluster.engines(clusters).sync(replace(told, cluster="no-such-context"))


def test_a_hub_names_the_cluster_by_its_api_server(cluster: Cluster, clusters: Clusters) -> None:
    cluster.application(destination={"server": cluster.server.url, "namespace": "pay"})
    assert cluster.told(clusters).cluster == cluster.server.context


@pytest.mark.parametrize("by", ["name", "server"])
def test_a_hub_that_no_target_is_in(stand_in: Any, house: Any, by: str) -> None:
    stand_in.cluster.served = stand_in.cluster.objects.served = SERVED
    app, client = house
    app.router.routes.extend(mount(f"hub-{by}", Playground("far")))
    server = str(client.base_url.join(f"/clusters/hub-{by}/far"))
    contexts = yaml.safe_load(stand_in.kubeconfig.read_text())
    contexts["clusters"].append({"name": "far", "cluster": {"server": server}})
    contexts["contexts"].append({"name": "far", "context": {"cluster": "far", "user": "staging"}})
    stand_in.kubeconfig.write_text(yaml.safe_dump(contexts))
    clusters, hub = Clusters(stand_in.kubeconfig), Cluster(stand_in)
    hub.application(destination={by: {"name": "far", "server": f"{server}/"}[by], "namespace": "pay"})
    target = Target("payment", "staging", "config", ("apps/payment",), "far", "pay")
    repositories = {"config": Repository("config", hub.url, "main")}

    without = Engines(clusters.reach, repositories).deployed([target])
    (told,) = Engines(clusters.reach, repositories, hubs=["staging"]).deployed([target]).values()
    itself = hub.found(clusters)

    clusters.close()
    assert (without, told.cluster, itself) == ({}, "staging", None)


def test_rows_101_and_125_on_a_cluster(stand_in: Any) -> None:
    """All rooms at once: an object that Argo CD deployed and Git dropped is an orphan once the commit is applied."""
    stand_in.cluster.served = stand_in.cluster.objects.served = SERVED
    clusters, cluster = Clusters(stand_in.kubeconfig), Cluster(stand_in)
    namespace = "pay"
    maps = {name: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in ("kept", "old")}
    git = Git({"apps/payment/kept.yaml": maps["kept"], "apps/payment/old.yaml": maps["old"]})
    before = git.newest
    after = git.write({"apps/payment/old.yaml": None})
    for name, text in maps.items():
        body = yaml.safe_load(text)
        tracking = {"argocd.argoproj.io/tracking-id": f"payment:/ConfigMap:{namespace}/{name}"}
        body["metadata"]["annotations"] = tracking
        stand_in.send("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
    resources = [{"version": "v1", "kind": "ConfigMap", "namespace": namespace, "name": name} for name in maps]
    path = cluster.application({"history": [{"id": 0, "revision": before, "deployedAt": WHEN}], "resources": resources})
    target = Target("payment", "staging", "config", ("apps/payment",), "staging", watched=True)

    def seen() -> list[tuple[Kind, str]]:
        survey = Survey(git, Renderer(), clusters, Synced(), cluster.engines(clusters))
        (sighting,) = survey.look([target])
        return [(each.kind, each.object.name) for each in sighting.differences]

    pending = seen()
    status = {"status": {"history": [{"id": 1, "revision": after, "deployedAt": WHEN}]}}
    stand_in.send("PATCH", path, status, kind="application/merge-patch+json")
    applied = seen()
    clusters.close()
    assert (pending, applied) == ([(Kind.PENDING, "old")], [(Kind.ORPHAN, "old")])


def test_an_application_for_a_cluster_that_nobody_knows(cluster: Cluster, clusters: Clusters) -> None:
    cluster.application(destination={"name": "far-away", "namespace": "pay"})
    assert cluster.found(clusters) is None


@REAL
def test_the_definitions_take_what_is_written_here(cluster: Cluster) -> None:
    """Statuses of a wrong form would be refused, so that no test above can hold on to one."""
    manifest = cluster.send("GET", cluster.application())
    with pytest.raises(HTTPError) as refused:
        cluster.send(
            "PUT",
            f"{APPLICATIONS}/namespaces/{cluster.namespace}/applications/payment",
            {**manifest, "status": {"history": [{"id": "no number"}]}},
        )
    refused.value.close()
    assert refused.value.code == 422


def test_a_refusal_to_ask(cluster: Cluster, clusters: Clusters) -> None:
    cluster.application()
    told = cluster.told(clusters)
    if not hasattr(cluster.server, "cluster"):
        pytest.skip("rights are judged by the tests above")
    cluster.server.cluster.fail(403, matching="fieldManager")

    with pytest.raises(Refusal, match=r"doesn't let us ask .* apply deploy/rbac/sync there \(quarterdeck-sync\)"):
        cluster.engines(clusters).sync(told)


def test_projects_and_sets_are_listed_where_they_matter_alone(stand_in: Any) -> None:
    stand_in.cluster.served = stand_in.cluster.objects.served = SERVED
    clusters, ours = Clusters(stand_in.kubeconfig), Cluster(stand_in)
    path = ours.application({"sync": {"status": "Synced"}})

    def listed() -> set[str]:
        stand_in.cluster.requests.clear()
        ours.told(clusters)
        paths = {path.partition("?")[0] for _, path in stand_in.cluster.requests}
        return {path.removeprefix(f"{APPLICATIONS}/") for path in paths if path.startswith(f"{APPLICATIONS}/")}

    ours.told(clusters)
    settled = listed()
    stand_in.send("PATCH", path, {"status": {"sync": {"status": "OutOfSync"}}}, kind="application/merge-patch+json")
    pending = listed()
    clusters.close()
    assert (settled, pending) == ({"applications"}, {"applications", "appprojects"})


def test_where_there_are_no_engines(stand_in: Any) -> None:
    """None is found, and nothing but the list of APIs is asked for, once."""
    clusters = Clusters(stand_in.kubeconfig)
    bare = Cluster(stand_in)

    assert [bare.found(clusters) for _ in range(2)] == [None, None]

    clusters.close()
    assert [path for _, path in stand_in.cluster.requests] == ["/apis"]


def test_where_the_config_says_that_no_engine_deploys_nothing_is_asked(stand_in: Any) -> None:
    stand_in.cluster.served = stand_in.cluster.objects.served = SERVED
    clusters, ours = Clusters(stand_in.kubeconfig), Cluster(stand_in)
    ours.kustomization()
    target = Target("payment", "staging", "config", ("apps/payment",), "staging", "pay")
    repositories = {"config": Repository("config", ours.url, "main")}
    stand_in.cluster.requests.clear()

    none = Engines(clusters.reach, repositories, said={"staging": "none"}).deployed([target])
    asked = list(stand_in.cluster.requests)
    other = Engines(clusters.reach, repositories, said={"staging": "argocd"}).deployed([target])
    right = Engines(clusters.reach, repositories, said={"staging": "flux"}).deployed([target])

    clusters.close()
    assert (none, asked, other, list(right)) == ({}, [], {}, [target])


def test_one_list_a_kind(stand_in: Any) -> None:
    stand_in.cluster.served = stand_in.cluster.objects.served = SERVED
    clusters, several = Clusters(stand_in.kubeconfig), Cluster(stand_in)
    several.kustomization()
    targets = [Target(f"t{number}", "staging", "config", (f"apps/t{number}",), "staging") for number in range(50)]
    several.engines(clusters).deployed(targets)
    stand_in.cluster.requests.clear()

    several.engines(clusters).deployed(targets)

    clusters.close()
    assert sorted(path.partition("?")[0] for _, path in stand_in.cluster.requests) == [
        "/apis/argoproj.io/v1alpha1/applications",
        "/apis/argoproj.io/v1alpha1/applicationsets",
        "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
        "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
        "/apis/source.toolkit.fluxcd.io/v1/gitrepositories",
    ]
