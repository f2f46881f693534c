"""The roles in deploy/rbac: what each grants, and that the fence is a policy as the API has it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from bot.clusters.engines import argocd, flux

RBAC = Path(__file__).parents[2] / "deploy/rbac"
FOLDERS = {folder.name: folder for folder in (RBAC, *(path for path in RBAC.iterdir() if path.is_dir()))}

ACCOUNT = {"kind": "ServiceAccount", "name": "quarterdeck-reader", "namespace": "quarterdeck"}


def objects(folder: str) -> list[dict[str, Any]]:
    named = yaml.safe_load((FOLDERS[folder] / "kustomization.yaml").read_text())["resources"]
    return [each for name in named for each in yaml.safe_load_all((FOLDERS[folder] / name).read_text())]


def granted(folder: str) -> set[tuple[str, str, str]]:
    """Group, resource and verb of all rules."""
    rules = [rule for each in objects(folder) if each["kind"] == "ClusterRole" for rule in each["rules"]]
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize(
    ("folder", "verbs"),
    [
        ("rbac", {"get", "list"}),
        ("secrets", {"get", "list"}),
        ("symptoms", {"get", "list"}),
        ("confirm", {"patch"}),
        ("sync", {"patch"}),
    ],
)
def test_a_role_grants_these_verbs_alone(folder: str, verbs: set[str]) -> None:
    assert {verb for _, _, verb in granted(folder)} == verbs


def test_engines_are_read_by_the_first_role_and_asked_by_another() -> None:
    listed = {
        argocd.GROUP: {"applications", "appprojects", "applicationsets"},
        flux.KUSTOMIZATIONS: {"kustomizations"},
        flux.HELMRELEASES: {"helmreleases"},
        flux.SOURCES: {"gitrepositories", "ocirepositories", "helmcharts"},
    }
    page = (RBAC.parents[1] / "docs/rights.md").read_text()
    reads, asks = granted("rbac"), granted("sync")
    for group, resources in listed.items():
        assert {(group, "*", "get"), (group, "*", "list")} <= reads
        assert f"`{group}`" in page
        assert all(f"`{resource}`" in page for resource in resources)
        assert {resource for granted_group, resource, _ in asks if granted_group == group} <= resources


def test_secrets_are_read_by_their_own_role_alone() -> None:
    core = {folder: {resource for group, resource, _ in granted(folder) if group == ""} for folder in FOLDERS}
    assert {folder for folder, resources in core.items() if resources & {"secrets", "*"}} == {"secrets"}


def test_logs_and_events_are_read_by_their_own_role_alone() -> None:
    told = {folder: {resource for _, resource, _ in granted(folder)} for folder in FOLDERS}
    assert {folder for folder, resources in told.items() if resources & {"pods/log", "events"}} == {"symptoms"}
    assert told["symptoms"] == {"pods/log", "events"}


def test_probes_may_read_jobs_and_none_is_made() -> None:
    jobs = {(folder, verb) for folder in FOLDERS for group, resource, verb in granted(folder) if group == "batch"}
    assert {("rbac", "list"), ("rbac", "get")} <= jobs
    assert not {verb for _, verb in jobs} & {"create", "update", "delete", "*"}


def test_dry_runs_could_widen_no_right() -> None:
    wide = {"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io", "*"}
    assert not wide & {group for group, _, _ in granted("confirm")}
    assert "*" not in {resource for _, resource, _ in granted("confirm")}


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_role_is_bound_to_the_one_account(folder: str) -> None:
    roles = {each["metadata"]["name"] for each in objects(folder) if each["kind"] == "ClusterRole"}
    bound = {
        each["roleRef"]["name"]: each["subjects"]
        for each in objects(folder)
        if each["kind"].endswith("Binding") and "roleRef" in each
    }
    assert bound == {role: [ACCOUNT] for role in roles}


def test_the_fence_is_a_policy_as_the_api_has_it() -> None:
    fence = [each for each in objects("confirm") if each["kind"].startswith("ValidatingAdmissionPolicy")]
    assert {each["apiVersion"] for each in fence} == {"admissionregistration.k8s.io/v1"}
    policy, binding = fence
    assert unknown(policy, client.V1ValidatingAdmissionPolicy) == []
    assert unknown(binding, client.V1ValidatingAdmissionPolicyBinding) == []
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert policy["spec"]["failurePolicy"] == "Fail"


def unknown(value: Any, model: Any) -> list[str]:
    """The keys that the published model of a kind doesn't have, at any depth."""
    if isinstance(model, str):
        inner = re.fullmatch(r"(?:list|List)\[(\w+)\]", model)
        if inner:
            return [key for each in value for key in unknown(each, inner[1])]
        model = getattr(client, model, None)
    if model is None or not hasattr(model, "openapi_types"):
        return []
    types = {name: model.openapi_types[field] for field, name in model.attribute_map.items()}
    return [key for key in value if key not in types] + [
        below for key, each in value.items() if key in types for below in unknown(each, types[key])
    ]


def test_an_unknown_key_would_be_found() -> None:
    wrong = {"spec": {"matchConstraints": {"resourceRules": [{"apiGroup": ["*"]}]}, "failure": "Fail"}}
    assert unknown(wrong, client.V1ValidatingAdmissionPolicy) == ["failure", "apiGroup"]
