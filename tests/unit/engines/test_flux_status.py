"""What Flux's objects tell of what failed, waits or is suspended. `CASES` are held against the CRDs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clusters.engines.flux import claims
from bot.model.sync import Deployed, Health, Manifest

ONE, TWO = "1" * 40, "2" * 40
APPLIED, NEWEST = f"main@sha1:{ONE}", f"main@sha1:{TWO}"
WHEN = "2026-03-02T11:00:00Z"
TIMEOUT = "timeout waiting for: [Deployment/shop/web status: 'InProgress']"
MISSING = "kustomize build failed: accumulating resources: no such file"


def condition(kind: str, status: str, reason: str, message: str = "", generation: int = 2) -> dict[str, Any]:
    return {
        "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": WHEN,
        "observedGeneration": generation,
    }  # fmt: skip


def ready(reason: str, message: str = "", status: str = "False", generation: int = 2) -> dict[str, Any]:
    return condition("Ready", status, reason, message, generation)


READY = ready("ReconciliationSucceeded", f"Applied revision: {APPLIED}", "True")
AGAIN = condition("Reconciling", "True", "ProgressingWithRetry", "Detecting drift")


def source(
    kind: str = "GitRepository", *conditions: dict[str, Any], revision: str = NEWEST, name: str = "gitops", **spec: Any
) -> Manifest:
    artifact = {"url": "http://x/y.tar.gz", "path": "y.tar.gz", "revision": revision, "lastUpdateTime": WHEN}
    if kind == "OCIRepository":
        artifact["metadata"] = {  # type: ignore[assignment]  # the one field that is no text
            "org.opencontainers.image.source": "https://github.com/acme/gitops.git",
            "org.opencontainers.image.revision": NEWEST,
        }
    of = {"HelmChart": {"chart": "./charts/x", "sourceRef": {"kind": "GitRepository", "name": "gitops"}}}
    url = {"OCIRepository": "oci://ghcr.io/acme/gitops", "GitRepository": "https://github.com/acme/gitops"}
    settings = of.get(kind) or {"url": url[kind]}
    status = {"conditions": list(conditions)} | (
        {"artifact": {"digest": "sha256:" + "a" * 64, **artifact}} if revision else {}
    )
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "flux-system", "generation": 2},
        "spec": {"interval": "1m", **settings, **spec},
        "status": status,
    }


def kustomization(
    *conditions: dict[str, Any], name: str = "payment", applied: str = APPLIED, attempted: str = NEWEST,
    source: str = "GitRepository", status: dict[str, Any] | None = None, **spec: Any,
) -> Manifest:  # fmt: skip
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system", "generation": 2},
        "spec": {
            "interval": "10m", "prune": True, "path": "./apps/payment",
            "sourceRef": {"kind": source, "name": "gitops"}, **spec,
        },
        "status": {
            "conditions": list(conditions), "lastAppliedRevision": applied, "lastAttemptedRevision": attempted,
            **(status or {}),
        },
    }  # fmt: skip


def release(*conditions: dict[str, Any], status: dict[str, Any] | None = None, **spec: Any) -> Manifest:
    reference = {"kind": "GitRepository", "name": "gitops", "namespace": "flux-system"}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "payment", "namespace": "shop", "generation": 2},
        "spec": {"interval": "10m", "chart": {"spec": {"chart": "./charts/x", "sourceRef": reference}}, **spec},
        "status": {
            "conditions": list(conditions), "helmChart": "flux-system/shop-payment",
            "lastAttemptedReleaseAction": "upgrade", **(status or {}),
        },
    }  # fmt: skip


def told(manifest: Manifest, *others: Manifest) -> Deployed:
    around = {
        (each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]): each for each in (source(), *others)
    }
    (claim,) = claims(manifest, around, "staging")
    return claim.deployed


UNREADABLE = ready("GitOperationFailed", "failed to checkout: authentication required")
UNSEEN = (
    "GitRepository flux-system/gitops, which fails, so that nothing new is seen: "
    "failed to checkout: authentication required"
)
UPGRADE = "Helm upgrade failed for release shop/payment with chart x@1.0.0: timed out"
OUT_OF_RETRIES = condition("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 4 attempt(s)")
TWO_MORE = {"upgrade": {"remediation": {"retries": 2}}}

TROUBLE = [
    (kustomization(ready("BuildFailed", MISSING), AGAIN), (), f"the build failed: {MISSING}"),
    (kustomization(ready("HealthCheckFailed", TIMEOUT), AGAIN), (),
     f"what it applied did not become healthy: {TIMEOUT}"),
    (kustomization(ready("ReconciliationFailed", "Deployment/shop/web dry-run failed: x\n\nmore"), AGAIN), (),
     "applying failed: Deployment/shop/web dry-run failed: x"),
    (kustomization(ready("ArtifactFailed", "kustomization path not found: stat /tmp/x"), AGAIN, attempted=APPLIED), (),
     "its source could not be read: kustomization path not found: stat /tmp/x"),
    (kustomization(ready("SomethingNew")), (), "SomethingNew"),
    (kustomization(ready("InvalidCELExpression", "no"), condition("Stalled", "True", "InvalidCELExpression")), (),
     "InvalidCELExpression: no"),
    # Something newer is there by now, or its settings were changed since.
    (kustomization(ready("BuildFailed", MISSING), AGAIN, attempted=APPLIED), (), ""),
    (kustomization(ready("BuildFailed", MISSING, generation=1), AGAIN), (), ""),
    (kustomization(READY), (), ""),
    (kustomization(), (), ""),
    (kustomization(ready("HealthCheckCanceled", "New reconciliation triggered")), (), ""),
    (kustomization(READY), (source("GitRepository", UNREADABLE, suspend=True),), ""),
    (kustomization(READY), (source("GitRepository", {**UNREADABLE, "observedGeneration": 1}),), ""),
    (kustomization(ready("BuildFailed", MISSING)), (source("GitRepository", UNREADABLE),),
     f"the build failed: {MISSING}"),
    (release(ready("UpgradeFailed", UPGRADE), OUT_OF_RETRIES), (),
     f"the Helm upgrade failed: {UPGRADE} (Failed to upgrade after 4 attempt(s))"),
    (release(ready("InstallFailed", "no"), AGAIN, status={"failures": 7}), (), "the Helm install failed: no"),
    (release(ready("RollbackSucceeded", "Helm rollback to previous release succeeded"),
             condition("Remediated", "True", "RollbackSucceeded"),
             condition("Released", "False", "UpgradeFailed", UPGRADE)),
     (), f"the Helm upgrade failed and was rolled back: {UPGRADE}"),
    (release(ready("UpgradeFailed", UPGRADE), status={"upgradeFailures": 3}, **TWO_MORE), (),
     f"the Helm upgrade failed: {UPGRADE}"),
    (release(ready("SourceNotReady", "HelmChart 'flux-system/shop-payment' is not ready")),
     (source("HelmChart", ready("ChartPackageError", "no Chart.yaml"), name="shop-payment"),),
     "HelmChart flux-system/shop-payment fails: no Chart.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "others", "trouble"), TROUBLE)
def test_what_failed_and_still_stands(manifest: Manifest, others: tuple[Manifest, ...], trouble: str) -> None:
    found = told(manifest, *others)
    assert (found.trouble, found.waiting) == (trouble, "")


NOT_READY = ready("DependencyNotReady", "dependency 'flux-system/db' is not ready")
AFTER_DB = {"dependsOn": [{"name": "web"}, {"name": "db"}]}
WEB = kustomization(READY, name="web", applied=NEWEST)
WAITING = [
    (kustomization(READY), (source("GitRepository", UNREADABLE),), UNSEEN),
    (release(ready("SourceNotReady", "x")),
     (source("GitRepository", UNREADABLE), source("HelmChart", ready("NoSourceArtifact", "none"), name="shop-payment")),
     UNSEEN),
    (kustomization(NOT_READY, **AFTER_DB), (WEB, kustomization(ready("HealthCheckFailed", TIMEOUT), name="db")),
     f"Kustomization flux-system/db, which is not ready: {TIMEOUT}"),
    (kustomization(NOT_READY, **AFTER_DB), (WEB, kustomization(name="db")),
     "Kustomization flux-system/db, which is not ready"),
    (kustomization(NOT_READY, **AFTER_DB), (WEB, kustomization(ready("BuildFailed"), name="db", suspend=True)),
     "Kustomization flux-system/db, which is suspended"),
    (kustomization(NOT_READY, **AFTER_DB), (WEB,), "Kustomization flux-system/db, which is not there"),
    (kustomization(NOT_READY, **AFTER_DB), (WEB, kustomization(READY, name="db")),
     "Kustomization flux-system/db, which has yet to apply the newest commit"),
    (kustomization(NOT_READY, **AFTER_DB), (WEB, kustomization(READY, name="db", applied=NEWEST)),
     "dependency 'flux-system/db' is not ready"),
    (kustomization(READY, **AFTER_DB), (kustomization(name="db"),), ""),
    (release(ready("DependencyNotReady", "x"), dependsOn=[{"name": "db", "namespace": "data"}]), (),
     "HelmRelease data/db, which is not there"),
    (kustomization(ready("ArtifactFailed", "Source artifact not found, retrying in 30s")),
     (source(revision=""),), "GitRepository flux-system/gitops, which has nothing yet"),
    (kustomization(ready("Progressing", status="Unknown"),
                   condition("Reconciling", "True", "Progressing", f"Running health checks for revision {NEWEST}")), (),
     "what it applied to become healthy"),
    (release(ready("UpgradeFailed", UPGRADE), AGAIN, status={"upgradeFailures": 1}, **TWO_MORE), (),
     f"a retry (2 left) of what failed: the Helm upgrade failed: {UPGRADE}"),
    (kustomization(READY, suspend=True, **AFTER_DB), (), ""),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "others", "waiting"), WAITING)
def test_what_it_waits_for(manifest: Manifest, others: tuple[Manifest, ...], waiting: str) -> None:
    found = told(manifest, *others)
    assert (found.waiting, found.trouble) == (waiting, "")


def test_what_is_suspended() -> None:
    fields = [{"manager": "flux", "time": WHEN, "fieldsV1": {"f:spec": {"f:suspend": {}}}}]
    off = kustomization(READY, suspend=True)
    off["metadata"]["managedFields"] = fields  # type: ignore[index]  # made here
    found = told(off)
    assert (found.paused, found.paused_since) == ("suspended in Flux", datetime(2026, 3, 2, 11, tzinfo=UTC))
    by_source = told(kustomization(READY), source(suspend=True))
    assert (by_source.paused, by_source.paused_since) == (
        "its GitRepository flux-system/gitops is suspended in Flux",
        None,
    )
    assert told(kustomization(READY)).paused == ""


@pytest.mark.parametrize(
    ("manifest", "attempted"),
    [
        (kustomization(READY), TWO),
        (kustomization(READY, applied=NEWEST), None),
        (kustomization(READY, attempted="1.2.3@sha256:" + "a" * 64), None),
        (kustomization(READY, source="OCIRepository", applied="", attempted="latest@sha256:" + "a" * 64), TWO),
        (kustomization(READY, source="OCIRepository", applied="", attempted="latest@sha256:" + "b" * 64), None),
    ],
)
def test_what_was_tried_last(manifest: Manifest, attempted: str | None) -> None:
    artifact = source("OCIRepository", revision="latest@sha256:" + "a" * 64)
    assert told(manifest, artifact).attempted == attempted


@pytest.mark.parametrize(
    ("manifest", "health"),
    [
        (kustomization(READY), None),
        (kustomization(READY, wait=True), Health.HEALTHY),
        (kustomization(ready("HealthCheckFailed"), wait=True), Health.DEGRADED),
        (kustomization(ready("BuildFailed"), wait=True), Health.UNKNOWN),
        (kustomization(ready("Progressing", status="Unknown"), AGAIN, wait=True), Health.PROGRESSING),
        (kustomization(ready("Progressing", status="Unknown"), wait=True), Health.UNKNOWN),
        (release(READY), Health.HEALTHY),
        (release(READY, upgrade={"disableWait": True}), None),
        (release(), None),
    ],
)
def test_its_own_health_where_it_looks_for_that(manifest: Manifest, health: Health | None) -> None:
    assert told(manifest).health is health


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["True", "False", "Ready"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "status", "reason", "message", "observedGeneration", "artifact", "revision",
                         "metadata", "name", "namespace", "remediation", "retries", "firstReconciled",
                         "lastReconciled"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(ANYTHING, ANYTHING, ANYTHING, st.sampled_from(["conditions", "history", "failures", "lastAttemptedRevision"]))
def test_a_half_written_object_costs_nothing_but_what_it_does_not_say(a: Any, b: Any, c: Any, where: str) -> None:
    for manifest in (
        kustomization(status={where: a}, dependsOn=b, wait=c),
        release(status={where: a, "lastAttemptedReleaseAction": b}, upgrade=b, dependsOn=c),
    ):
        found = told(manifest, {**source(), "status": c}, {**source("HelmChart", name="shop-payment"), "status": b})
        assert found.folder in {"apps/payment", "charts/x"}
        assert all(each.isprintable() for each in (found.trouble, found.waiting, found.paused))


CASES = [
    *(manifest for manifest, others, _ in (*TROUBLE, *WAITING) for manifest in (manifest, *others)),
    source("OCIRepository"),
]
