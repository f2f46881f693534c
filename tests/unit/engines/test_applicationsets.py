"""What an ApplicationSet that fails would have deployed: told of services that nothing deploys."""

from typing import Any

import pytest
from unit.engines.test_argocd_status import ERRED, applicationset

from bot.clusters.engines.applicationsets import claims
from bot.model.catalog import Target
from bot.model.sync import Manifest

GITOPS = "https://github.com/acme/gitops.git"
PAYMENT = Target("payment", "production", "config", ("apps/payment/production",), "prod", "pay")
DESTINATION = {"server": "https://kubernetes.default.svc", "namespace": "pay"}


def failing(path: str, status: str = "True", destination: Any = DESTINATION, **spec: Any) -> Manifest:
    source = {"repoURL": GITOPS, "path": path, "targetRevision": "main"}
    template = {"metadata": {"name": "x"}, "spec": {"project": "x", "source": source, "destination": destination}}
    return applicationset({"conditions": [{**ERRED, "status": status}]}, template=template, **spec)


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("apps/payment/production", True),
        ("apps/{{.service}}/production", True),
        ("apps/{{service}}/{{ env }}/", True),
        ("./apps/payment/{{env}}", True),
        ("apps/{{service}}/staging", False),
        ("other/{{service}}/production", False),
        ("{{path}}", False),
        ("", False),
        ("apps/(.*", False),
    ],
)
def test_the_folders_of_its_template(path: str, ours: bool) -> None:
    assert bool(list(claims(failing(path), "hub", [PAYMENT]))) is ours


@pytest.mark.parametrize(
    ("directories", "ours"),
    [
        ([{"path": "apps/*/production"}], True),
        ([{"path": "apps/*/staging"}], False),
        ([{"path": "apps/*/production", "exclude": True}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_template_that_is_all_the_path_goes_by_the_generators_folders(directories: Any, ours: bool) -> None:
    generators = [{"git": {"repoURL": GITOPS, "revision": "main", "directories": directories}}]
    assert bool(list(claims(failing("{{.path.path}}", generators=generators), "hub", [PAYMENT]))) is ours


def test_what_is_told_of_it() -> None:
    (claim,) = claims(failing("apps/{{x}}/production"), "hub", [PAYMENT])
    told = claim.deployed
    assert (claim.place, claim.branch, claim.server, claim.cluster) == (
        ("github.com/acme/gitops", "apps/payment/production"),
        "main",
        "",
        "",
    )
    assert told.trouble == "ApplicationSet argocd/all fails, and there is no Application for it: no repository"
    assert (told.object.kind, told.revision, told.inventory, told.held) == (
        "ApplicationSet",
        None,
        None,
        "there is no Application to ask",
    )


@pytest.mark.parametrize(
    ("destination", "leads"),
    [
        ({"server": "https://prod.example.com"}, ("https://prod.example.com", "")),
        ({"name": "prod"}, ("", "prod")),
        ({"name": "in-cluster"}, ("", "")),
        ({"server": "{{server}}"}, ("", "prod")),
        ({"name": "{{name}}"}, ("", "prod")),
    ],
)
def test_where_it_would_deploy_to(destination: Any, leads: tuple[str, str]) -> None:
    (claim,) = claims(failing("apps/payment/production", destination=destination), "hub", [PAYMENT])
    assert (claim.server, claim.cluster) == leads


def test_a_set_that_is_well_explains_nothing() -> None:
    assert list(claims(failing("apps/payment/production", status="False"), "hub", [PAYMENT])) == []
    assert list(claims({"spec": {"template": []}, "status": None}, "hub", [PAYMENT])) == []


CASES = [failing("apps/{{x}}/production")]
