"""Every field that is read of engines' objects is one of their published definitions (QUARTERDECK_TEST_CRDS)."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clusters.engines import argocd, flux

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
        "status.operationState.phase",
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
    "flux-kustomization.yaml": (
        *(f"spec.{name}" for name in flux._REWRITING["Kustomization"] if not name.startswith("patches")),
        "spec.path",
        "spec.patches",
        "spec.suspend",
        "spec.kubeConfig",
        "spec.sourceRef.kind",
        "spec.sourceRef.name",
        "spec.sourceRef.namespace",
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
        "status.observedGeneration",
        "status.inventory.entries.id",
        "status.inventory.entries.v",
    ),
    "flux-gitrepositories.yaml": ("spec.url", "spec.ref.branch", "spec.ref.name"),
    "flux-ocirepositories.yaml": ("spec.url", "status.artifact.metadata"),
}
GROUPS = {
    "argocd-application.yaml": (argocd.GROUP, argocd.KIND),
    "flux-kustomization.yaml": (flux.KUSTOMIZATIONS, "Kustomization"),
    "flux-helmrelease.yaml": (flux.HELMRELEASES, "HelmRelease"),
    "flux-gitrepositories.yaml": (flux.SOURCES, "GitRepository"),
    "flux-ocirepositories.yaml": (flux.SOURCES, "OCIRepository"),
}


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
