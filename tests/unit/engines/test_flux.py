"""What Kustomizations and HelmReleases say they deploy, and did: from the objects alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clusters.engines.claims import Claim
from bot.clusters.engines.flux import begun, claims, request
from bot.model.sync import Manifest, ObjectRef

ONE = "1" * 40
GIT: Manifest = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "GitRepository",
    "metadata": {"name": "gitops", "namespace": "flux-system"},
    "spec": {"url": "ssh://git@github.com/acme/gitops", "ref": {"branch": "main"}},
}
OCI: Manifest = {
    **GIT,
    "kind": "OCIRepository",
    "spec": {"url": "oci://ghcr.io/acme/manifests"},
    "status": {"artifact": {"metadata": {"org.opencontainers.image.source": "https://github.com/acme/gitops.git"}}},
}
SOURCES = {("GitRepository", "flux-system", "gitops"): GIT, ("OCIRepository", "flux-system", "gitops"): OCI}


def kustomization(status: dict[str, Any] | None = None, kind: str = "GitRepository", **spec: Any) -> Manifest:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "payment", "namespace": "flux-system", "uid": "u1", "generation": 2},
        "spec": {"path": "./apps/payment/", "sourceRef": {"kind": kind, "name": "gitops"}, **spec},
        "status": {"observedGeneration": 2, **(status or {})},
    }


def release(**spec: Any) -> Manifest:
    source = {"kind": "GitRepository", "name": "gitops", "namespace": "flux-system"}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "payment", "namespace": "pay", "generation": 1},
        "spec": {"chart": {"spec": {"chart": "./charts/payment", "sourceRef": source}}, **spec},
        "status": {"observedGeneration": 1, "lastAttemptedRevision": f"0.1.0+{ONE[:12]}"},
    }


def only(manifest: Manifest) -> Claim:
    (claim,) = claims(manifest, SOURCES, "staging")
    return claim


def condition(kind: str, status: str, reason: str = "Progressing") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason}


def test_a_kustomization() -> None:
    claim = only(kustomization())

    assert claim.place == ("github.com/acme/gitops", "apps/payment")
    assert (claim.branch, claim.below, claim.beside, claim.server, claim.cluster) == ("main", True, frozenset(), "", "")
    told = claim.deployed
    assert (told.engine, told.cluster, told.folder, told.uid) == ("flux", "staging", "apps/payment", "u1")
    assert told.object == ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "payment")
    assert (told.revision, told.busy, told.inventory, told.rewrites, told.held) == (None, "", None, (), "")


@pytest.mark.parametrize(
    ("status", "revision"),
    [
        ({"lastAppliedRevision": f"main@sha1:{ONE}"}, ONE),
        ({"lastAppliedRevision": f"feature/x@sha1:{ONE}"}, ONE),
        ({"lastAppliedRevision": f"sha1:{ONE}"}, ONE),
        ({"lastAppliedRevision": f"main/{ONE}"}, ONE),
        ({"lastAppliedRevision": f"feature/x/{ONE}"}, ONE),
        ({"lastAppliedRevision": f"main@sha1:{ONE[:12]}"}, None),
        ({"lastAppliedRevision": f"latest@sha256:{'a' * 64}"}, None),
        ({"lastAppliedRevision": f"latest@sha256:{'a' * 64}", "lastAppliedOriginRevision": f"main@sha1:{ONE}"}, ONE),
        ({"lastAttemptedRevision": f"main@sha1:{ONE}"}, None),
        ({"lastAppliedRevision": 5}, None),
        ({}, None),
    ],
)
def test_the_commit_that_was_applied(status: dict[str, Any], revision: str | None) -> None:
    assert only(kustomization(status)).deployed.revision == revision


def test_an_artifact_says_of_which_repository_it_was_made() -> None:
    claim = only(kustomization(kind="OCIRepository"))
    assert (claim.place[0], claim.branch) == ("github.com/acme/gitops", "")


@pytest.mark.parametrize(
    ("conditions", "more", "busy"),
    [
        ([condition("Reconciling", "True")], {}, "Flux is applying it"),
        (
            [condition("Reconciling", "True", "ProgressingWithRetry"), condition("Ready", "False", "BuildFailed")],
            {},
            "",
        ),
        ([condition("Ready", "True", "ReconciliationSucceeded")], {}, ""),
        ([], {"observedGeneration": 1}, "Flux has yet to apply its newest settings"),
        ([], {"observedGeneration": -1}, ""),
    ],
)
def test_row_126_what_it_is_doing(conditions: list[dict[str, Any]], more: dict[str, Any], busy: str) -> None:
    assert only(kustomization({"conditions": conditions, **more})).deployed.busy == busy


def test_what_is_suspended_does_nothing() -> None:
    told = only(kustomization({"observedGeneration": 1}, suspend=True)).deployed
    assert told.busy == ""
    assert told.held == "it is suspended in Flux; run: flux resume kustomization payment -n flux-system"


def test_what_it_deployed() -> None:
    entries = [
        {"id": "pay_web_apps_Deployment", "v": "v1"},
        {"id": "pay_old__ConfigMap", "v": "v1"},
        {"id": "_system__admin_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
        {"id": "nonsense", "v": "v1"},
        {"id": "pay_half__ConfigMap"},
    ]
    assert only(kustomization({"inventory": {"entries": entries}})).deployed.inventory == {
        ObjectRef("apps/v1", "Deployment", "pay", "web"),
        ObjectRef("v1", "ConfigMap", "pay", "old"),
        ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:admin"),
    }


@pytest.mark.parametrize(
    "spec",
    [
        {"kubeConfig": {"secretRef": {"name": "elsewhere"}}},
        {"sourceRef": {"kind": "GitRepository", "name": "another"}},
        {"sourceRef": {"kind": "Bucket", "name": "gitops"}},
    ],
)
def test_what_is_made_of_something_unknown_or_put_somewhere_unknown_claims_nothing(spec: dict[str, Any]) -> None:
    assert list(claims(kustomization(**spec), SOURCES, "staging")) == []


def test_settings_that_deploy_something_else() -> None:
    spec = {"namePrefix": "a-", "patches": [], "images": [{"name": "a"}], "postBuild": {"substitute": {"a": "b"}}}
    assert only(kustomization(**spec)).deployed.rewrites == ("namePrefix", "images")


def test_a_chart_of_the_repository() -> None:
    claim = only(release(values={"a": 1}))
    assert (claim.place[1], claim.below) == ("charts/payment", False)
    assert (claim.deployed.revision, claim.deployed.namespace, claim.deployed.rewrites) == (None, "pay", ("values",))


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({}, "payment"),
        ({"targetNamespace": "pay"}, "pay-payment"),
        ({"targetNamespace": "pay", "releaseName": "p"}, "p"),
    ],
)
def test_how_a_release_is_called(spec: dict[str, Any], name: str) -> None:
    assert only(release(**spec)).release == name


@pytest.mark.parametrize(
    ("manifest", "names"),
    [
        (kustomization(), ["reconcile.fluxcd.io/requestedAt"]),
        (release(), ["reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt"]),
        (release(driftDetection={"mode": "enabled"}), ["reconcile.fluxcd.io/requestedAt"]),
        (release(driftDetection={"mode": "warn"}), ["reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt"]),
    ],
    ids=["kustomization", "release", "corrects drift", "warns of drift"],
)
def test_the_request(manifest: Manifest, names: list[str]) -> None:
    assert request(manifest, "2026-01-01T00:00:00Z") == dict.fromkeys(names, "2026-01-01T00:00:00Z")


def test_since_when_it_is_at_it() -> None:
    working = condition("Reconciling", "True") | {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    written = [{"time": "2026-01-01T01:00:00Z", "fieldsV1": {"f:spec": {}}}]
    behind = kustomization({"observedGeneration": 1})
    assert begun(kustomization({"conditions": [working]})) == datetime(2026, 1, 1, tzinfo=UTC)
    assert begun({**behind, "metadata": {"managedFields": written}}) == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert begun(behind) is None
