"""What Argo CD's objects tell of a sync that failed, waits or was switched off. `CASES` are held against the CRDs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clusters.engines.argocd import claims
from bot.clusters.engines.argocd_status import Around
from bot.model.sync import Deployed, Health, Manifest

ONE, TWO = "1" * 40, "2" * 40
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = {"repoURL": "https://github.com/acme/gitops.git", "path": "apps/payment", "targetRevision": "main"}
DESTINATION = {"server": "https://kubernetes.default.svc", "namespace": "shop"}
OUT_OF_SYNC = {"status": "OutOfSync", "revision": TWO, "comparedTo": {"source": SOURCE, "destination": DESTINATION}}
SYNCED = {**OUT_OF_SYNC, "status": "Synced"}
HISTORY = [{"id": 0, "revision": ONE, "deployedAt": "2026-03-02T10:00:00Z", "source": SOURCE}]
WEB = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web", "syncPhase": "Sync"}
JOB = {"group": "batch", "version": "v1", "kind": "Job", "namespace": "shop", "name": "migrate"}
HOOK = {**JOB, "syncPhase": "PreSync", "hookType": "PreSync"}
BACKOFF = "Job has reached the specified backoff limit"
NOT_FOUND = 'namespaces "shop" not found'
INCOMPLETE = "one or more synchronization tasks completed unsuccessfully"
MADE = {
    "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "all", "uid": "u"}]
}
AUTOMATIC = {"automated": {"selfHeal": True}}


def application(status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "payment", "namespace": "argocd", **metadata},
        "spec": {
            "project": "shop", "source": SOURCE, "destination": DESTINATION, "syncPolicy": AUTOMATIC, **(spec or {}),
        },
        "status": {"sync": OUT_OF_SYNC, "history": HISTORY, **(status or {})},
    }  # fmt: skip


def operation(phase: str, message: str = "", *resources: dict[str, Any], revision: str = TWO, **more: Any) -> Any:
    begun = {"sync": {"revision": revision}, "initiatedBy": {"automated": True}, "retry": {"limit": 5}}
    result = {"revision": revision, "source": SOURCE, "resources": list(resources)}
    times = {"startedAt": "2026-03-02T11:00:00Z", "finishedAt": "2026-03-02T11:58:00Z"}
    state = {"phase": phase, "message": message, "operation": begun, "syncResult": result, **times, **more}
    return {"operationState": state}


def conditions(kind: str, message: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "message": message, "lastTransitionTime": "2026-03-02T11:00:00Z"}]}


def project(*windows: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"syncWindows": list(windows)},
    }


def applicationset(status: dict[str, Any] | None = None, **spec: Any) -> Manifest:
    template = {"metadata": {"name": "x"}, "spec": {"project": "shop", "destination": {}}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "all", "namespace": "argocd"},
        "spec": {"generators": [], "template": template, **spec},
        "status": status or {},
    }


CLOSED = project({"kind": "deny", "schedule": "0 11 * * *", "duration": "3h", "applications": ["*"]})
UNREADABLE = project({"kind": "allow", "schedule": "daily", "duration": "3h", "applications": ["*"]})
BY_HAND = project(
    {"kind": "deny", "schedule": "0 11 * * *", "duration": "3h", "applications": ["*"], "manualSync": True}
)
STEP = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["production"]}]}
ROLLING = {"strategy": {"type": "RollingSync", "rollingSync": {"steps": [STEP]}}}
TURN = {
    "application": "payment", "status": "Waiting", "step": "2", "targetRevisions": [TWO],
    "message": "Application has pending changes, setting status to Waiting",
    "lastTransitionTime": "2026-03-02T11:00:00Z",
}  # fmt: skip
ERRED = {
    "type": "ErrorOccurred", "status": "True", "reason": "ApplicationParamsGenerationError",
    "message": "no repository", "lastTransitionTime": "2026-03-02T11:00:00Z",
}  # fmt: skip


def told(manifest: Manifest, *others: Manifest) -> Deployed:
    by_kind: dict[str, dict[tuple[str, str], Manifest]] = {"AppProject": {}, "ApplicationSet": {}}
    for each in others:
        by_kind[each["kind"]][each["metadata"]["namespace"], each["metadata"]["name"]] = each
    (claim,) = claims(manifest, "hub", Around(NOON, by_kind["AppProject"], by_kind["ApplicationSet"]))
    return claim.deployed


TROUBLE = [
    (operation("Failed", INCOMPLETE, {**HOOK, "hookPhase": "Failed", "message": BACKOFF}),
     f"the sync failed: Job shop/migrate, a PreSync hook, failed: {BACKOFF}"),
    (operation("Failed", f"{INCOMPLETE} (retried 5 times).", {**HOOK, "hookPhase": "Error"}, retryCount=5),
     "the sync failed after 5 retries: Job shop/migrate, a PreSync hook, failed"),
    (operation("Failed", "one or more objects failed to apply", {**WEB, "status": "SyncFailed", "message": NOT_FOUND},
               {**HOOK, "hookPhase": "Succeeded"}, {**WEB, "name": "api", "status": "SyncFailed"}),
     f"the sync failed: Deployment shop/web was not applied: {NOT_FOUND} (and 1 more)"),
    (operation("Failed", INCOMPLETE, {**WEB, "status": "Synced", "hookPhase": "Failed", "message": "timed out"}),
     "the sync failed: Deployment shop/web did not become healthy: timed out"),
    (operation("Error", "ComparisonError: no such path (retried 1 times).", retryCount=1),
     "the sync failed after a retry: ComparisonError: no such path"),
    (operation("Failed", "Operation terminated"), "the sync failed: Operation terminated"),
    # A newer commit makes a failure history, and so does a comparison that finds nothing out of sync.
    (operation("Failed", INCOMPLETE, revision=ONE), ""),
    (operation("Failed", INCOMPLETE) | {"sync": SYNCED}, ""),
    (operation("Succeeded", "successfully synced (all tasks run)"), ""),
    (operation("Failed", "one or more objects failed to apply (dry run)", operation={"sync": {"dryRun": True}}), ""),
    (conditions("InvalidSpecError", "Application referencing project x which does not exist"),
     "Argo CD finds its Application invalid: Application referencing project x which does not exist"),
    (conditions("ComparisonError", "Failed to load target state: rpc error\nmore"),
     "Argo CD can't compare it with Git: Failed to load target state: rpc error"),
    (conditions("SyncError", "auto-sync will wipe out all resources"),
     "Argo CD doesn't sync it: auto-sync will wipe out all resources"),
    (conditions("SyncError", f"Failed last sync attempt to [{ONE}]: {INCOMPLETE}"), ""),
    (conditions("SyncError", "auto-sync will wipe out all resources") | {"sync": SYNCED}, ""),
    (conditions("SharedResourceWarning", "ConfigMap/x is part of applications a and b"), ""),
    (conditions("DeletionError", "a hook failed"), "Argo CD can't delete it: a hook failed"),
    ({"sourceHydrator": {"currentOperation": {"phase": "Failed", "message": "no push", "startedAt":
      "2026-03-02T11:00:00Z"}}}, "Argo CD's hydrator failed: no push"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "trouble"), TROUBLE)
def test_what_failed_and_still_stands(status: dict[str, Any], trouble: str) -> None:
    found = told(application(status))
    assert found.trouble == trouble
    assert found.waiting == ""


def test_a_failure_is_over_once_somebody_asks_for_another_sync() -> None:
    failed = application(operation("Failed", INCOMPLETE))
    assert told(failed).trouble
    assert told({**failed, "operation": {"sync": {"revision": TWO}}}).trouble == ""


def test_of_several_sources_the_commits_are_compared_one_by_one() -> None:
    both = {"sources": [SOURCE, {**SOURCE, "path": "charts/x"}]}
    sync = {"status": "OutOfSync", "revisions": [TWO, ONE]}
    failed = operation("Failed", INCOMPLETE)
    failed["operationState"]["syncResult"] = {"revisions": [TWO, ONE], **both}
    manifest = application({**failed, "sync": sync, "history": []}, {"source": None, **both})

    first, second = (each.deployed for each in claims(manifest, "hub", Around(NOON)))

    assert (first.attempted, second.attempted) == (TWO, ONE)
    assert first.trouble == f"the sync failed: {INCOMPLETE}"
    sync["revisions"] = [TWO, TWO]
    assert [each.deployed.trouble for each in claims(manifest, "hub", Around(NOON))] == ["", ""]


RETRY = f"{INCOMPLETE}. Retrying attempt #2 at 11:59AM."
WAITING = [
    (operation("Running", "waiting for completion of hook batch/Job/migrate", {**HOOK, "hookPhase": "Running"}), (),
     "Job shop/migrate, a PreSync hook, to complete"),
    (operation("Running", "waiting for healthy state of apps/Deployment/web and 2 more resources",
               {**WEB, "hookPhase": "Running"}), (),
     "healthy state of apps/Deployment/web and 2 more resources"),
    (operation("Running", RETRY, {**HOOK, "hookPhase": "Failed", "message": BACKOFF}, retryCount=2), (),
     f"retry 2 of 5 at 11:58 UTC of a sync that failed: Job shop/migrate, a PreSync hook, failed: {BACKOFF}"),
    (operation("Running", RETRY, retryCount=2, operation={"retry": {"limit": -1, "backoff": {
        "duration": "1m", "factor": 3, "maxDuration": "1h"}}}), (),
     f"retry 2 at 12:01 UTC of a sync that failed: {INCOMPLETE}"),
    (operation("Running", RETRY, retryCount=2, operation={"retry": {"limit": 2, "backoff": {"duration": "soon"}}}), (),
     f"retry 2 of 2 of a sync that failed: {INCOMPLETE}"),
    ({}, (CLOSED,), "a sync window of AppProject argocd/shop, which opens at 2026-03-02 14:00 UTC"),
    ({}, (BY_HAND,), "a sync window of AppProject argocd/shop, which opens at 2026-03-02 14:00 UTC"),
    ({}, (UNREADABLE,),
     "a sync window of AppProject argocd/shop that nobody can read: its schedule or duration is wrong"),
    ({"sync": SYNCED}, (CLOSED,), ""),
    ({}, (), ""),
    ({}, (project(),), ""),
    (operation("Running", "Sync operation blocked by sync window"), (), "a sync window of AppProject argocd/shop"),
    (operation("Running", "Sync operation blocked by sync window"), (CLOSED,),
     "a sync window of AppProject argocd/shop, which opens at 2026-03-02 14:00 UTC"),
    (operation("Running", "one or more tasks are running"), (), ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "others", "waiting"), WAITING)
def test_what_it_waits_for(status: dict[str, Any], others: tuple[Manifest, ...], waiting: str) -> None:
    found = told(application(status), *others)
    assert (found.waiting, found.trouble) == (waiting, "")


def test_a_sync_by_hand_may_pass_a_window_that_lets_it() -> None:
    assert told(application(spec={"syncPolicy": {}}), BY_HAND).waiting == ""
    assert "opens at" in told(application(spec={"syncPolicy": {}}), CLOSED).waiting


SETS = [
    ({}, applicationset({"applicationStatus": [TURN]}, **ROLLING), "",
     "step 2 of the rolling sync of ApplicationSet argocd/all"),
    ({"sync": SYNCED}, applicationset({"applicationStatus": [TURN]}, **ROLLING), "", ""),
    ({}, applicationset({"applicationStatus": [{**TURN, "status": "Healthy"}]}, **ROLLING), "", ""),
    ({}, applicationset({"applicationStatus": [TURN]}), "", ""),
    ({}, applicationset({"conditions": [ERRED]}), "",
     "its ApplicationSet argocd/all fails: no repository"),
    ({"sync": SYNCED}, applicationset({"conditions": [ERRED]}), "", ""),
    ({}, applicationset({"conditions": [{**ERRED, "status": "False"}]}), "", ""),
    (conditions("InvalidSpecError", "no project"), applicationset({"conditions": [ERRED]}),
     "Argo CD finds its Application invalid: no project; its ApplicationSet argocd/all fails: no repository", ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "made_by", "trouble", "waiting"), SETS)
def test_what_its_applicationset_explains(
    status: dict[str, Any], made_by: Manifest, trouble: str, waiting: str
) -> None:
    found = told(application(status, **MADE), made_by)
    assert (found.trouble, found.waiting) == (trouble, waiting)
    assert told(application(), made_by).waiting == ""  # it did not make that one


def test_a_rolling_sync_takes_auto_sync_off_and_nobody_paused_it() -> None:
    off = {"syncPolicy": {"automated": {"enabled": False}}}
    assert told(application(spec=off, **MADE), applicationset(**ROLLING)).paused == ""
    assert told(application(spec=off, **MADE), applicationset()).paused == "auto-sync is off in Argo CD"
    # It is Argo CD that syncs then, and no window lets it for being by hand.
    assert "opens at" in told(application(spec=off, **MADE), applicationset(**ROLLING), BY_HAND).waiting


@pytest.mark.parametrize(
    ("spec", "annotations", "paused"),
    [
        ({}, {}, ""),
        ({"syncPolicy": {}}, {}, "auto-sync is off in Argo CD"),
        ({"syncPolicy": None}, {}, "auto-sync is off in Argo CD"),
        ({"syncPolicy": {"automated": {"enabled": False}}}, {}, "auto-sync is off in Argo CD"),
        ({"syncPolicy": {"automated": {}}}, {}, ""),
        ({}, {"argocd.argoproj.io/skip-reconcile": "true"},
         "Argo CD is told to leave it alone, by its annotation argocd.argoproj.io/skip-reconcile"),
        ({}, {"argocd.argoproj.io/skip-reconcile": "false"}, ""),
    ],
)  # fmt: skip
def test_what_is_switched_off(spec: dict[str, Any], annotations: dict[str, str], paused: str) -> None:
    assert told(application(spec=spec, annotations=annotations)).paused == paused


def test_since_when_it_is_switched_off_as_far_as_its_fields_tell() -> None:
    field = {"f:syncPolicy": {"f:automated": {"f:enabled": {}}}}
    fields = [
        {"manager": "argocd-server", "time": "2026-03-01T08:00:00Z", "fieldsV1": {"f:spec": field}},
        {"manager": "image-updater", "time": "2026-03-02T08:00:00Z", "fieldsV1": {"f:spec": {"f:source": {}}}},
    ]
    off = {"syncPolicy": {"automated": {"enabled": False}}}
    found = told(application(spec=off, managedFields=fields))
    assert found.paused_since == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert told(application(spec={"syncPolicy": {}}, managedFields=fields[1:])).paused_since is None


@pytest.mark.parametrize(
    ("status", "attempted"),
    [
        ({}, None),
        (operation("Succeeded") | {"history": []}, None),
        (operation("Running"), TWO),
        (operation("Failed", revision="1.2.3"), None),
        (operation("Failed", revision=ONE), None),
    ],
)
def test_what_was_tried(status: dict[str, Any], attempted: str | None) -> None:
    assert told(application(status)).attempted == attempted


@pytest.mark.parametrize(
    ("health", "ours"),
    [("Healthy", Health.HEALTHY), ("Degraded", Health.DEGRADED), ("Missing", Health.MISSING), ("Fine", None)],
)
def test_its_own_health(health: str, ours: Health | None) -> None:
    assert told(application({"health": {"status": health}})).health is ours


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["Running", "Failed", "True"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["phase", "message", "syncResult", "resources", "retryCount", "operation", "retry", "limit",
                         "backoff", "finishedAt", "status", "revision", "revisions", "type", "automated", "kind",
                         "hookPhase", "hookType", "syncWindows", "schedule", "duration", "applications"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(ANYTHING, ANYTHING, ANYTHING, st.sampled_from(["sync", "operationState", "conditions", "history", "health"]))
def test_a_half_written_object_costs_nothing_but_what_it_does_not_say(a: Any, b: Any, c: Any, where: str) -> None:
    manifest = application({where: a}, {"syncPolicy": b}, **MADE)
    found = told(manifest, {**project(), "spec": c}, {**applicationset(), "status": c})
    assert found.folder == "apps/payment"
    assert all(each.isprintable() for each in (found.trouble, found.waiting, found.paused))


CASES = [
    *(application(status) for status, _ in TROUBLE),
    *(application(status) for status, *_ in WAITING),
    *(application(status, **MADE) for status, *_ in SETS),
    *(made_by for _, made_by, *_ in SETS),
    CLOSED,
    UNREADABLE,
    BY_HAND,
]
