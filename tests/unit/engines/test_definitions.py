"""Every field that is read of engines' objects is one of their published definitions (QUARTERDECK_TEST_CRDS)."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.engines import test_applicationsets, test_argocd_status, test_flux_status

from bot.clusters.engines import argocd, flux
from bot.model.sync import Manifest

SOURCE = (
    "repoURL",
    "path",
    "chart",
    "ref",
    "targetRevision",
    "directory.recurse",
    "directory.include",
    "directory.exclude",
)
OF_SOURCES = (
    "spec.suspend",
    "status.artifact.revision",
    *(f"status.conditions.{name}" for name in ("type", "status", "message", "observedGeneration")),
)
READ = {
    "argocd-application.yaml": (
        *(f"spec.source.{name}" for name in SOURCE),
        *(f"spec.sources.{name}" for name in SOURCE),
        *(f"spec.source.{tool}.{name}" for tool, names in argocd._REWRITING.items() for name in names),
        "spec.source.helm.releaseName",
        "spec.source.helm.valueFiles",
        "spec.sourceHydrator.drySource.repoURL",
        "spec.sourceHydrator.syncSource.repoURL",
        "spec.sourceHydrator.syncSource.path",
        "spec.sourceHydrator.syncSource.targetBranch",
        "spec.destination.server",
        "spec.destination.name",
        "spec.destination.namespace",
        "spec.syncPolicy.automated.enabled",
        "spec.syncPolicy.automated.selfHeal",
        "status.sync.status",
        "status.sync.revision",
        "status.sync.revisions",
        "status.sync.comparedTo.source",
        "status.sync.comparedTo.sources",
        "status.history.revision",
        "status.history.revisions",
        "status.history.source",
        "status.history.sources",
        *(f"status.operationState.{name}" for name in ("phase", "message", "retryCount", "startedAt", "finishedAt")),
        *(f"status.operationState.operation.retry.{name}" for name in ("limit", "backoff.duration", "backoff.factor")),
        "status.operationState.operation.retry.backoff.maxDuration",
        "status.operationState.operation.initiatedBy.automated",
        *(f"status.operationState.syncResult.resources.{name}" for name in ("kind", "namespace", "name", "message")),
        *(f"status.operationState.syncResult.resources.{name}" for name in ("status", "hookType", "hookPhase")),
        *(f"status.conditions.{name}" for name in ("type", "message")),
        "status.history.deployedAt",
        "status.health.status",
        "status.sourceHydrator.currentOperation.phase",
        "status.sourceHydrator.currentOperation.message",
        "spec.project",
        "status.operationState.operation.sync.dryRun",
        "status.operationState.operation.sync.resources",
        "status.operationState.syncResult.revision",
        "status.operationState.syncResult.revisions",
        "status.operationState.syncResult.source",
        "status.operationState.syncResult.sources",
        *(f"status.resources.{name}" for name in ("group", "version", "kind", "namespace", "name", "hook")),
        "status.sourceType",
        "status.sourceTypes",
        "status.controllerNamespace",
        "operation",
    ),
    "argocd-appproject.yaml": (
        *(f"spec.syncWindows.{name}" for name in ("kind", "schedule", "duration", "timeZone", "manualSync")),
        *(f"spec.syncWindows.{name}" for name in ("applications", "clusters", "namespaces", "andOperator")),
    ),
    "argocd-applicationset.yaml": (
        *(f"spec.template.spec.source.{name}" for name in ("repoURL", "path", "chart", "targetRevision")),
        *(f"spec.template.spec.sources.{name}" for name in ("repoURL", "path", "chart", "targetRevision")),
        "spec.template.spec.destination.server",
        "spec.template.spec.destination.name",
        "spec.generators.git.directories.path",
        "spec.generators.git.directories.exclude",
        "spec.strategy.type",
        "spec.strategy.rollingSync.steps",
        *(f"status.conditions.{name}" for name in ("type", "status", "message")),
        *(f"status.applicationStatus.{name}" for name in ("application", "status", "step")),
    ),
    "flux-kustomization.yaml": (
        *(f"spec.{name}" for name in flux._REWRITING["Kustomization"] if not name.startswith("patches")),
        "spec.path",
        "spec.patches",
        "spec.suspend",
        "spec.kubeConfig",
        "spec.sourceRef.kind",
        "spec.sourceRef.name",
        "spec.sourceRef.namespace",
        *(f"spec.{name}" for name in ("wait", "healthChecks", "healthCheckExprs", "dependsOn.name")),
        "spec.dependsOn.namespace",
        *(f"status.history.{name}" for name in ("firstReconciled", "lastReconciled", "lastReconciledStatus")),
        *(f"status.conditions.{name}" for name in ("message", "observedGeneration")),
        "status.lastAttemptedRevision",
        "status.lastAppliedRevision",
        "status.lastAppliedOriginRevision",
        "status.observedGeneration",
        "status.conditions.type",
        "status.conditions.status",
        "status.conditions.reason",
        "status.inventory.entries.id",
        "status.inventory.entries.v",
    ),
    "flux-helmrelease.yaml": (
        *(f"spec.{name}" for name in flux._REWRITING["HelmRelease"]),
        "spec.releaseName",
        "spec.chart.spec.chart",
        "spec.chart.spec.valuesFiles",
        "spec.chart.spec.sourceRef.kind",
        "spec.chart.spec.sourceRef.name",
        "spec.chart.spec.sourceRef.namespace",
        "spec.suspend",
        "spec.kubeConfig",
        "spec.targetNamespace",
        "spec.driftDetection.mode",
        "spec.dependsOn.name",
        "spec.dependsOn.namespace",
        "spec.upgrade.disableWait",
        "spec.install.remediation.retries",
        "spec.upgrade.remediation.retries",
        *(f"status.{name}" for name in ("helmChart", "lastAttemptedReleaseAction", "failures")),
        *(f"status.{name}" for name in ("installFailures", "upgradeFailures")),
        *(f"status.history.{name}" for name in ("status", "lastDeployed")),
        *(f"status.conditions.{name}" for name in ("type", "status", "reason", "message", "observedGeneration")),
        "status.observedGeneration",
        "status.inventory.entries.id",
        "status.inventory.entries.v",
    ),
    "flux-gitrepositories.yaml": ("spec.url", "spec.ref.branch", "spec.ref.name", *OF_SOURCES),
    "flux-ocirepositories.yaml": ("spec.url", "status.artifact.metadata", *OF_SOURCES),
    "flux-helmcharts.yaml": OF_SOURCES,
}
GROUPS = {
    "argocd-application.yaml": (argocd.GROUP, argocd.KIND),
    "argocd-appproject.yaml": (argocd.GROUP, argocd.PROJECT),
    "argocd-applicationset.yaml": (argocd.GROUP, argocd.SET),
    "flux-kustomization.yaml": (flux.KUSTOMIZATIONS, "Kustomization"),
    "flux-helmrelease.yaml": (flux.HELMRELEASES, "HelmRelease"),
    "flux-gitrepositories.yaml": (flux.SOURCES, "GitRepository"),
    "flux-ocirepositories.yaml": (flux.SOURCES, "OCIRepository"),
    "flux-helmcharts.yaml": (flux.SOURCES, flux.CHART),
}
FILES = {kind: name for name, (_, kind) in GROUPS.items()}
CASES = (*test_applicationsets.CASES, *test_argocd_status.CASES, *test_flux_status.CASES)


@functools.cache
def definition(name: str) -> Any:
    folder = os.environ.get("QUARTERDECK_TEST_CRDS")
    if not folder:
        pytest.skip("QUARTERDECK_TEST_CRDS is not set: no CRDs of Argo CD and Flux here")
    return yaml.load((Path(folder) / name).read_bytes(), Loader=yaml.CSafeLoader)["spec"]


def has(schema: Any, path: str) -> bool:
    for name in path.split("."):
        schema = schema.get("items", schema).get("properties", {}).get(name)
        if schema is None:
            return False
    return True


@pytest.mark.parametrize("name", READ)
def test_what_is_read_is_defined(name: str) -> None:
    spec = definition(name)
    assert (spec["group"], spec["names"]["kind"], spec["scope"]) == (*GROUPS[name], "Namespaced")
    schemas = [each["schema"]["openAPIV3Schema"] for each in spec["versions"] if each["served"]]
    assert [path for path in READ[name] for schema in schemas if not has(schema, path)] == []
    assert not has(schemas[0], "spec.noSuchField")


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def misfits(schema: Any, value: Any, path: str = "") -> list[str]:
    """Where a value is not of the form that a definition gives it: unknown or missing fields, types, enumerations."""
    if value is None:
        return []
    wanted = TYPES.get(schema.get("type", ""))
    if wanted is not None and not isinstance(value, wanted):
        return [f"{path} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path} is {value}"]
    if isinstance(value, list):
        return [each for item in value for each in misfits(schema["items"], item, f"{path}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    missing = [f"{path} lacks {name}" for name in schema.get("required", ()) if name not in value]
    unknown = [f"{path}.{name} is unknown" for name in value if name not in schema["properties"]]
    return [*missing, *unknown] + [
        each
        for name, below in schema["properties"].items()
        for each in misfits(below, value.get(name), f"{path}.{name}")
    ]


@pytest.mark.parametrize("kind", FILES)
def test_the_objects_of_the_tests_are_as_defined(kind: str) -> None:
    ours: list[Manifest] = [each for each in CASES if each["kind"] == kind]
    (version,) = [each for each in definition(FILES[kind])["versions"] if each["storage"]]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    assert ours
    found = {each for our in ours for part in ("spec", "status") for each in misfits(schema[part], our.get(part), part)}
    assert sorted(found) == []
    assert misfits(schema["spec"], {"noSuchField": 1}, "spec")
