"""Verdicts on kinds that kubectl has no rollout for: by phases and conditions."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.health import Verdict, health
from bot.model.sync import Health

AT = "2026-03-02T12:00:00Z"
SINCE = datetime(2026, 3, 2, 12, tzinfo=UTC)
BALANCER = {"type": "LoadBalancer"}
STEPS = {
    "replicas": 2,
    "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"pause": {"duration": "1h"}}]}},
}
NO_METRICS = "did not receive metrics for targeted pods (pods might be unready)"
CERTIFICATE = "cert-manager.io/v1 Certificate"
ROLLOUT, APPLICATION = "argoproj.io/v1alpha1 Rollout", "argoproj.io/v1alpha1 Application"
HPA, CRD = "autoscaling/v2 HorizontalPodAutoscaler", "apiextensions.k8s.io/v1 CustomResourceDefinition"
NAMESPACE = "v1 Namespace"
FLUX, SEALED = "kustomize.toolkit.fluxcd.io/v1 Kustomization", "bitnami.com/v1alpha1 SealedSecret"
CRON = "batch/v1 CronJob"


def told(kind: str, status: str, reason: str = "Because", message: str = "", **more: Any) -> dict[str, Any]:
    found = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": AT}
    return found | more


def said(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"conditions": list(conditions), **status}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "state", "why"),
    [
        ("v1 Service", {}, {}, "healthy", ""),
        ("v1 Service", BALANCER, {}, "progressing", "its load balancer has no address yet"),
        ("v1 Service", BALANCER, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}, "healthy", ""),
        ("networking.k8s.io/v1 Ingress", {}, {"loadBalancer": {}}, "healthy", ""),
        (NAMESPACE, {}, {"phase": "Active"}, "healthy", ""),
        (NAMESPACE, {}, {"phase": "Terminating"}, "progressing", "it is being deleted"),
        (
            NAMESPACE,
            {},
            said(
                told("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "app.io/x in 1 resource"),
                phase="Terminating",
            ),
            "progressing",
            "it is being deleted: SomeFinalizersRemain: app.io/x in 1 resource",
        ),
        (HPA, {}, {}, "healthy", ""),
        (HPA, {}, said(told("AbleToScale", "True"), told("ScalingActive", "True")), "healthy", ""),
        (HPA, {}, said(told("ScalingActive", "False", "ScalingDisabled")), "healthy", ""),
        (
            HPA,
            {},
            said(told("AbleToScale", "False", "FailedGetScale", "no such Deployment")),
            "degraded",
            "the autoscaler can't work: FailedGetScale: no such Deployment",
        ),
        (
            HPA,
            {},
            said(told("ScalingActive", "False", "FailedGetResourceMetric", NO_METRICS)),
            "progressing",
            "the autoscaler has no metrics of the pods yet",
        ),
        (
            "policy/v1 PodDisruptionBudget",
            {},
            said(told("DisruptionAllowed", "False", "InsufficientPods")),
            "healthy",
            "",
        ),
        (
            "policy/v1 PodDisruptionBudget",
            {},
            said(told("DisruptionAllowed", "False", "SyncFailed", "no matching")),
            "degraded",
            "the budget can't be kept: SyncFailed: no matching",
        ),
        ("apiregistration.k8s.io/v1 APIService", {}, said(told("Available", "True")), "healthy", ""),
        (
            "apiregistration.k8s.io/v1 APIService",
            {},
            said(told("Available", "False", "MissingEndpoints")),
            "progressing",
            "its API is not available: MissingEndpoints",
        ),
        (CRD, {}, said(told("NamesAccepted", "True"), told("Established", "True")), "healthy", ""),
        (CRD, {}, {}, "progressing", "it is not established yet"),
        (
            CRD,
            {},
            said(told("NamesAccepted", "False", "PluralConflict", "taken")),
            "degraded",
            "its names are not accepted: PluralConflict: taken",
        ),
        (
            CRD,
            {},
            said(told("NamesAccepted", "True"), told("Established", "False", "Installing")),
            "progressing",
            "it is not established yet",
        ),
        (
            CRD,
            {},
            said(told("Established", "True"), told("Terminating", "True", "InstanceDeletionInProgress")),
            "progressing",
            "it is being deleted: InstanceDeletionInProgress",
        ),
        (CRON, {}, {"lastScheduleTime": AT, "lastSuccessfulTime": "2026-03-02T12:00:09Z"}, "healthy", ""),
        (
            CRON,
            {},
            {"lastScheduleTime": AT, "lastSuccessfulTime": "2026-03-01T12:00:09Z"},
            "degraded",
            "its last job did not succeed",
        ),
        (
            CRON,
            {},
            {"lastScheduleTime": AT, "lastSuccessfulTime": "2026-03-01T12:00:09Z", "active": [{}]},
            "healthy",
            "",
        ),
        (CRON, {}, {"lastScheduleTime": AT}, "healthy", ""),
        (
            "batch/v1 Job",
            {},
            said(told("FailureTarget", "True", "BackoffLimitExceeded")),
            "degraded",
            "the job failed: BackoffLimitExceeded",
        ),
        ("example.com/v1 Thing", {}, {}, "healthy", ""),
        ("example.com/v1 Thing", {}, {"phase": "odd", "conditions": "odd"}, "healthy", ""),
        (CERTIFICATE, {}, said(told("Ready", "True")), "healthy", ""),
        (
            CERTIFICATE,
            {},
            said(told("Ready", "False", "DoesNotExist", "no Secret")),
            "degraded",
            "not Ready: DoesNotExist: no Secret",
        ),
        (
            CERTIFICATE,
            {},
            said(told("Ready", "False", "DoesNotExist"), told("Issuing", "True")),
            "progressing",
            "not Ready: DoesNotExist",
        ),
        (CERTIFICATE, {}, said(told("Ready", "Unknown", "")), "progressing", "not Ready: no reason given"),
        (
            CERTIFICATE,
            {},
            said(told("Ready", "True"), observedGeneration=1),
            "progressing",
            "the controller has not seen the newest spec yet",
        ),
        (
            CERTIFICATE,
            {},
            said(told("Ready", "True", observedGeneration=1)),
            "progressing",
            "the controller has not seen the newest spec yet",
        ),
        (
            CERTIFICATE,
            {},
            said(told("Ready", "True", observedGeneration=2), told("Synced", "False", observedGeneration=1)),
            "healthy",
            "",
        ),
        (
            "x.io/v1 Bucket",
            {},
            said(told("Synced", "False", "ReconcileError", "denied"), told("Ready", "True")),
            "degraded",
            "not Synced: ReconcileError: denied",
        ),
        (
            "x.io/v1 Bucket",
            {},
            said(told("Synced", "True"), told("Ready", "False", "Creating")),
            "progressing",
            "not Ready: Creating",
        ),
        (
            "x.io/v1 Thing",
            {},
            said(told("Stalled", "True", "Quota", "full"), told("Ready", "False")),
            "degraded",
            "Stalled: Quota: full",
        ),
        (
            "x.io/v1 Thing",
            {},
            said(told("Reconciling", "True", "Progressing", "at work"), told("Ready", "Unknown")),
            "progressing",
            "Reconciling: Progressing: at work",
        ),
        (
            "x.io/v1 Thing",
            {},
            said(told("Degraded", "True", "Broken"), told("Available", "True")),
            "degraded",
            "Degraded: Broken",
        ),
        (FLUX, {"suspend": True}, said(told("Ready", "False")), "suspended", "it is suspended"),
        (
            FLUX,
            {},
            said(told("Ready", "False", "DependencyNotReady", "db is not ready")),
            "progressing",
            "not Ready: DependencyNotReady: db is not ready",
        ),
        (
            FLUX,
            {},
            said(told("Reconciling", "True", "ProgressingWithRetry"), told("Ready", "False", "BuildFailed")),
            "degraded",
            "not Ready: BuildFailed",
        ),
        (
            SEALED,
            {},
            said(told("Synced", "False", "", "no key could decrypt secret (password)"), observedGeneration=2),
            "degraded",
            "not Synced: no key could decrypt secret (password)",
        ),
        (SEALED, {}, said(told("Synced", "True"), observedGeneration=2), "healthy", ""),
        (ROLLOUT, STEPS, {}, "progressing", "the controller has not seen the newest spec yet"),
        (
            ROLLOUT,
            STEPS,
            {"phase": "Healthy", "readyReplicas": 2, "observedGeneration": "2"},
            "healthy",
            "2 of 2 replicas ready",
        ),
        (
            ROLLOUT,
            STEPS,
            {"phase": "Healthy", "observedGeneration": "1"},
            "progressing",
            "the controller has not seen the newest spec yet",
        ),
        (
            ROLLOUT,
            STEPS,
            {"phase": "Progressing", "message": "more replicas need to be updated"},
            "progressing",
            "more replicas need to be updated",
        ),
        (
            ROLLOUT,
            STEPS,
            {
                "phase": "Paused",
                "currentStepIndex": 1,
                "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": AT}],
            },
            "suspended",
            "paused at step 2 of 3",
        ),
        (
            ROLLOUT,
            STEPS,
            {"phase": "Paused", "currentStepIndex": 2, "pauseConditions": [{"startTime": AT}]},
            "progressing",
            "paused at step 3 of 3, for as long as the step says",
        ),
        (ROLLOUT, {"paused": True}, {"phase": "Paused"}, "suspended", "the rollout is paused: spec.paused"),
        (
            ROLLOUT,
            STEPS,
            {"phase": "Degraded", "abort": True, "message": "RolloutAborted: metric failed", "abortedAt": AT},
            "degraded",
            "the rollout was aborted: RolloutAborted: metric failed",
        ),
        (
            ROLLOUT,
            STEPS,
            said(told("Progressing", "False", "ProgressDeadlineExceeded", "timed out"), phase="Degraded"),
            "degraded",
            "the rollout failed: ProgressDeadlineExceeded: timed out",
        ),
        (
            ROLLOUT,
            STEPS,
            said(told("InvalidSpec", "True", "InvalidSpec", "no strategy")),
            "degraded",
            "its spec is invalid: InvalidSpec: no strategy",
        ),
        (ROLLOUT, STEPS, {"updatedReplicas": 1}, "progressing", "1 of 2 replicas updated"),
        (APPLICATION, {}, {}, "progressing", "Argo CD has not looked at it yet"),
        (APPLICATION, {}, {"health": {"status": "Healthy"}}, "healthy", ""),
        (
            APPLICATION,
            {},
            {"health": {"status": "Degraded", "lastTransitionTime": AT}},
            "degraded",
            "Argo CD says: Degraded",
        ),
    ],
)
def test_health(kind: str, spec: dict[str, Any], status: dict[str, Any], state: str, why: str) -> None:
    api_version, name = kind.split(" ")
    metadata = {"name": "pay", "generation": 2}
    manifest = {"apiVersion": api_version, "kind": name, "metadata": metadata, "spec": spec, "status": status}

    assert health(manifest)[:2] == (Health(state), why)


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "x.io/v1", "kind": "Thing", "status": said(told("Ready", "False"))},
        {"apiVersion": "batch/v1", "kind": "Job", "status": said(told("Failed", "True"))},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "status": said(told("ReplicaFailure", "True"))},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "status": said(told("Progressing", "False", "ProgressDeadlineExceeded")),
        },
        {"apiVersion": "v1", "kind": "Pod", "status": said(told("Ready", "False"), phase="Failed")},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"deletionTimestamp": AT}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": AT}},
    ],
    ids=lambda manifest: str(manifest["kind"]),
)
def test_a_verdict_knows_since_when(manifest: dict[str, Any]) -> None:
    assert health(manifest).since == SINCE


def test_an_old_autoscaler_has_its_conditions_in_an_annotation() -> None:
    old = {
        "autoscaling.alpha.kubernetes.io/conditions": '[{"type": "AbleToScale", "status": "False", "reason": "Gone"}]'
    }
    manifest = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"annotations": old}}

    assert health(manifest) == Verdict(Health.DEGRADED, "the autoscaler can't work: Gone")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "True", "False", "Running", "Ready", "2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("conditions", "type", "status", "phase", "state", "waiting", "reason", "containerStatuses"),
                    *("name", "health", "pauseConditions", "strategy", "canary", "steps", "annotations"),
                ]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(
    st.sampled_from(
        ["v1 Pod", "v1 Service", NAMESPACE, HPA, CRD, CRON, ROLLOUT, APPLICATION, CERTIFICATE, "batch/v1 Job"]
    ),
    JSON,
    JSON,
    JSON,
)
def test_no_shape_is_too_odd(kind: str, metadata: Any, spec: Any, status: Any) -> None:
    api_version, name = kind.split(" ")
    manifest = {"apiVersion": api_version, "kind": name, "metadata": metadata, "spec": spec, "status": status}

    state, why, since = health(manifest)

    assert isinstance(state, Health)
    assert isinstance(why, str)
    assert since is None or since.tzinfo
