"""What an Application says it deploys, and did: from the object alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clusters.engines.argocd import begun, claims, held
from bot.clusters.engines.argocd_status import Around
from bot.model.sync import Manifest, ObjectRef

GITOPS = "https://github.com/acme/gitops.git"
ONE, TWO, THREE = ("1" * 40, "2" * 40, "3" * 40)
SOURCE = {"repoURL": GITOPS, "path": "apps/payment", "targetRevision": "main"}
CHART = {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.2.3"}
VALUES = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
ENTRIES = [
    {"manager": "argocd", "time": "2026-01-01T02:00:00Z", "fieldsV1": {"f:operation": {}}},
    {"manager": "argocd-controller", "time": "2026-01-01T03:00:00Z", "fieldsV1": {"f:spec": {}}},
]
ASKED = {"operation": {"sync": {}}, "metadata": {"managedFields": ENTRIES}}
AROUND = Around(datetime(2026, 3, 2, 12, tzinfo=UTC))
HEALED = {"automated": {"selfHeal": True}}


def application(status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **parts: Any) -> Manifest:
    destination = {"server": "https://kubernetes.default.svc", "namespace": "pay"}
    whole = {"source": SOURCE, "destination": destination, "syncPolicy": HEALED, **(spec or {})}
    metadata = {"name": "payment", "namespace": "argocd", "uid": "u1", **parts.pop("metadata", {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": whole,
        "status": status or {},
        **parts,
    }


def several(*sources: dict[str, Any], status: dict[str, Any] | None = None) -> Manifest:
    return application(status, {"source": None, "sources": list(sources)})


def compared(state: str, revision: str, source: dict[str, Any] = SOURCE) -> dict[str, Any]:
    return {"sync": {"status": state, "revision": revision, "comparedTo": {"source": source}}}


def synced(*revisions: str, source: dict[str, Any] = SOURCE) -> dict[str, Any]:
    return {"history": [{"id": n, "revision": each, "source": source} for n, each in enumerate(revisions)]}


def operation(phase: str, revision: str, **sync: Any) -> dict[str, Any]:
    result = {"revision": revision, "source": SOURCE}
    return {"operationState": {"phase": phase, "operation": {"sync": sync}, "syncResult": result}}


def test_an_application_of_one_folder() -> None:
    (claim,) = claims(application(), "hub", AROUND)

    assert claim.place == ("github.com/acme/gitops", "apps/payment")
    assert (claim.branch, claim.below, claim.beside, claim.server, claim.cluster) == (
        "main",
        False,
        frozenset(),
        "",
        "",
    )
    told = claim.deployed
    assert (told.engine, told.cluster, told.folder, told.uid) == ("argocd", "hub", "apps/payment", "u1")
    assert told.object == ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
    assert (told.mark, told.namespace) == ("payment", "pay")
    assert (told.revision, told.busy, told.inventory, told.rewrites, told.held) == (None, "", None, (), "")


@pytest.mark.parametrize(
    ("status", "revision"),
    [
        ({}, None),
        (compared("Synced", TWO) | synced(ONE), TWO),
        (compared("OutOfSync", TWO) | synced(ONE), ONE),
        (compared("Unknown", TWO) | synced(ONE), ONE),
        (compared("OutOfSync", TWO), None),
        (compared("OutOfSync", TWO) | synced(ONE, THREE), THREE),
        # A sync that failed, was a rehearsal or of some objects alone is not in the history, and brought nothing about.
        (compared("OutOfSync", TWO) | synced(ONE) | operation("Failed", TWO), ONE),
        (compared("OutOfSync", TWO) | operation("Succeeded", TWO), TWO),
        (compared("OutOfSync", TWO) | operation("Failed", TWO), None),
        (compared("OutOfSync", TWO) | operation("Succeeded", TWO, dryRun=True), None),
        (compared("OutOfSync", TWO) | operation("Succeeded", TWO, resources=[{"kind": "Service", "name": "a"}]), None),
        # Told of another source than the one it has now.
        (compared("Synced", TWO, {**SOURCE, "path": "apps/former"}) | synced(ONE), ONE),
        (synced(ONE, source={**SOURCE, "path": "apps/former"}), None),
        # No commits.
        (compared("Synced", "main"), None),
        (compared("Synced", TWO[:12]), None),
        (compared("Synced", "6.5.4"), None),
    ],
)
def test_the_commit_that_was_applied(status: dict[str, Any], revision: str | None) -> None:
    (claim,) = claims(application(status), "hub", AROUND)
    assert claim.deployed.revision == revision


def test_a_source_among_several_has_its_own_commit() -> None:
    sources = [CHART, SOURCE]
    history = [{"id": 0, "revisions": ["1.2.3", ONE], "sources": sources}]
    sync = {"status": "OutOfSync", "revisions": ["1.2.4", TWO], "comparedTo": {"sources": sources}}

    chart, folder = claims(several(*sources, status={"history": history, "sync": sync}), "hub", AROUND)

    assert (chart.deployed.revision, folder.deployed.revision) == (None, ONE)
    assert folder.beside == {("charts.example.com/", "chart redis")}
    (_, in_sync) = claims(
        several(*sources, status={"history": history, "sync": {**sync, "status": "Synced"}}), "hub", AROUND
    )
    assert in_sync.deployed.revision == TWO


def test_a_source_that_only_lends_files_deploys_nothing() -> None:
    (claim,) = claims(several(VALUES, SOURCE), "hub", AROUND)
    assert (claim.place[1], claim.beside) == ("apps/payment", frozenset())


@pytest.mark.parametrize(
    ("revision", "branch"),
    [
        ("main", "main"),
        ("refs/heads/main", "main"),
        ("HEAD", ""),
        ("", ""),
        ("v1.2.3", ""),
        (">=1.0", ""),
        ("1.*", ""),
        (ONE, ""),
        ("refs/tags/x", ""),
        ("release-2", "release-2"),
    ],
)
def test_the_branch_it_follows(revision: str, branch: str) -> None:
    (claim,) = claims(application(spec={"source": {**SOURCE, "targetRevision": revision}}), "hub", AROUND)
    assert claim.branch == branch


def test_hydrated_sources_are_deployed_from_where_they_are_put() -> None:
    dry = {"repoURL": GITOPS, "path": "apps/payment", "targetRevision": "HEAD"}
    hydrator = {"drySource": dry, "syncSource": {"targetBranch": "env/prod", "path": "payment"}}
    (claim,) = claims(application(spec={"source": None, "sourceHydrator": hydrator}), "hub", AROUND)
    assert (claim.place, claim.branch) == (("github.com/acme/gitops", "payment"), "env/prod")


@pytest.mark.parametrize(
    ("kind", "directory", "below"),
    [
        ("", {}, False),
        ("Directory", {}, False),
        ("Directory", {"recurse": True}, True),
        ("", {"recurse": True}, True),
        ("Directory", {"recurse": True, "exclude": "x/*"}, False),
        ("Kustomize", {}, True),
        ("Helm", {}, False),
    ],
)
def test_which_folders_below_it_deploys(kind: str, directory: dict[str, Any], below: bool) -> None:
    (claim,) = claims(application({"sourceType": kind}, {"source": {**SOURCE, "directory": directory}}), "hub", AROUND)
    assert claim.below is below
    assert claim.deployed.recurses is (kind != "Kustomize" and directory.get("recurse") is True)


@pytest.mark.parametrize(
    ("status", "parts", "busy"),
    [
        ({"operationState": {"phase": "Running"}}, {}, "Argo CD is syncing it"),
        ({"operationState": {"phase": "Terminating"}}, {}, "Argo CD is breaking off a sync of it"),
        ({"operationState": {"phase": "Succeeded"}}, {"operation": None}, ""),
        (
            {"operationState": {"phase": "Succeeded"}},
            {"operation": {"sync": {}}},
            "Argo CD is syncing it",
        ),
        ({"operationState": {"phase": "Failed"}}, {}, ""),
        ({}, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "Argo CD is deleting it"),
    ],
)
def test_row_126_what_it_is_doing(status: dict[str, Any], parts: dict[str, Any], busy: str) -> None:
    (claim,) = claims(application(status, **parts), "hub", AROUND)
    assert claim.deployed.busy == busy


def test_what_it_deployed() -> None:
    resources = [
        {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "pay", "name": "web", "status": "Synced"},
        {"version": "v1", "kind": "ConfigMap", "namespace": "pay", "name": "old", "requiresPruning": True},
        {"version": "v1", "kind": "Namespace", "name": "pay"},
        {"group": "batch", "version": "v1", "kind": "Job", "namespace": "pay", "name": "migrate", "hook": True},
        {"kind": "Half", "name": "written"},
        "nonsense",
    ]
    (claim,) = claims(application({"resources": resources}), "hub", AROUND)
    assert claim.deployed.inventory == {
        ObjectRef("apps/v1", "Deployment", "pay", "web"),
        ObjectRef("v1", "ConfigMap", "pay", "old"),
        ObjectRef("v1", "Namespace", "", "pay"),
    }


@pytest.mark.parametrize(("controller", "mark"), [("argocd", "team-a_payment"), ("team-a", "payment")])
def test_an_application_in_another_namespace_than_argo_cd_s_has_another_mark(controller: str, mark: str) -> None:
    (claim,) = claims(application({"controllerNamespace": controller}, metadata={"namespace": "team-a"}), "hub", AROUND)
    assert claim.deployed.mark == mark


def test_settings_that_deploy_something_else() -> None:
    source = {**SOURCE, "kustomize": {"version": "v5", "images": ["a=b"]}, "helm": {"parameters": []}}
    (claim,) = claims(application(spec={"source": source}), "hub", AROUND)
    assert claim.deployed.rewrites == ("kustomize.images",)


@pytest.mark.parametrize(
    ("helm", "release", "rewrites"),
    [
        ({}, "payment", ()),
        ({"releaseName": "pay"}, "pay", ()),
        ({"valueFiles": ["values.yaml", "values-staging.yaml"]}, "payment", ()),
        ({"valueFiles": ["$values/staging.yaml"]}, "payment", ("helm.valueFiles",)),
        ({"valueFiles": ["../common/values.yaml"]}, "payment", ("helm.valueFiles",)),
        ({"parameters": [{"name": "a", "value": "b"}]}, "payment", ("helm.parameters",)),
    ],
)
def test_a_chart_and_its_values(helm: dict[str, Any], release: str, rewrites: tuple[str, ...]) -> None:
    (claim,) = claims(application({"sourceType": "Helm"}, {"source": {**SOURCE, "helm": helm}}), "hub", AROUND)
    assert (claim.release, claim.deployed.rewrites) == (release, rewrites)


@pytest.mark.parametrize(
    ("policy", "why", "in_vain"),
    [
        (HEALED, "", False),
        ({"automated": {"selfHeal": True, "enabled": True}}, "", False),
        ({"automated": {}}, "self-heal is off for it in Argo CD, which then syncs new commits alone", False),
        ({"automated": {"selfHeal": True, "enabled": False}}, "auto-sync is off for it in Argo CD", True),
        ({}, "auto-sync is off for it in Argo CD", True),
        (None, "auto-sync is off for it in Argo CD", True),
    ],
)
def test_whether_asking_helps(policy: Any, why: str, in_vain: bool) -> None:
    by_hand = "; run: argocd app sync argocd/payment" if why else ""
    assert held(application(spec={"syncPolicy": policy})) == (why + by_hand, in_vain)


def test_an_application_that_argo_cd_leaves_alone() -> None:
    annotations = {"argocd.argoproj.io/skip-reconcile": "true"}
    why = "Argo CD leaves it alone; take off its annotation argocd.argoproj.io/skip-reconcile"
    assert held(application(metadata={"annotations": annotations})) == (why, True)


@pytest.mark.parametrize(
    "broken",
    [
        {"spec": None, "status": None},
        {"spec": {"sources": [None, "x"]}},
        {"status": {"history": ["x"], "sync": [], "operationState": "x", "resources": {"a": 1}}},
        {"status": {"sourceTypes": "x"}},
    ],
)
def test_objects_half_written_claim_no_commit(broken: dict[str, Any]) -> None:
    assert all(claim.deployed.revision is None for claim in claims({**application(), **broken}, "hub", AROUND))


@pytest.mark.parametrize(
    ("status", "parts", "began"),
    [
        ({"operationState": {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z"}}, {}, 0),
        ({"operationState": {"phase": "Running", "startedAt": 5}}, {}, None),
        ({}, {"metadata": {"deletionTimestamp": "2026-01-01T01:00:00Z"}}, 1),
        ({"operationState": {"phase": "Failed", "startedAt": "2026-01-01T00:00:00Z"}}, ASKED, 2),
        ({}, {}, None),
    ],
)
def test_since_when_it_is_at_it(status: dict[str, Any], parts: dict[str, Any], began: int | None) -> None:
    expected = None if began is None else datetime(2026, 1, 1, began, tzinfo=UTC)
    assert begun(application(status, **parts)) == expected
