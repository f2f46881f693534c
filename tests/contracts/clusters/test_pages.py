"""The clusters' page as a browser without scripts sees and uses it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.playground.kubernetes import Agent, Cluster, pages
from bot.playground.server import serve

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: pay, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: pay}}
  template:
    metadata: {labels: {app: pay}}
    spec: {containers: [{name: app, image: "reg/pay:v1", env: [{name: LEVEL, value: info}]}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: key, namespace: shop}, stringData: {key: hidden-value}}
"""
PAY = {"cluster": "staging", "api": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "pay"}


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    folder = tmp_path / "repository"
    (folder / "staging" / "pay").mkdir(parents=True)
    (folder / "staging" / "pay" / "pay.yaml").write_text(MANIFEST)
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    for arguments in (("init", "--quiet", "--initial-branch=main"), ("add", "."), (*identity, "commit", "-qm", "Pay")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    found = Agent(Cluster("staging"), folder, "staging")
    found.sync()
    found.cluster.settle()
    return found


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[Starlette, str]]:
    app = Starlette()
    with serve(app) as url:
        yield app, url


@pytest.fixture
def browser(house: tuple[Starlette, str], agent: Agent, tmp_path: Path) -> Iterator[httpx.Client]:
    app, url = house
    app.router.routes[:] = pages({"staging": agent}, tmp_path / "kubeconfig")
    with httpx.Client(base_url=url, follow_redirects=True, verify=False) as client:  # noqa: S501 - it is plain HTTP
        yield client


def pay(agent: Agent) -> Any:
    kind = agent.cluster.served.of("apps/v1", "Deployment")
    assert kind is not None
    return agent.cluster.objects.find(kind, "shop", "pay")


def container(agent: Agent) -> Any:
    return pay(agent)["spec"]["template"]["spec"]["containers"][0]


def test_shows_what_runs_and_what_to_type(browser: httpx.Client, agent: Agent, tmp_path: Path) -> None:
    text = browser.get("/clusters/").text

    for shown in ("<strong>pay</strong>", ">v1</code>", "2/2 ready", "healthy", agent.revision[:7], "Sync now"):
        assert shown in text
    assert f"export KUBECONFIG={tmp_path / 'kubeconfig'}\n" in text
    assert "kubectl --context staging -n shop scale deployment/pay" in text
    assert "hidden-value" not in text


def test_breaks_by_hand_and_heals_by_sync(browser: httpx.Client, agent: Agent) -> None:
    browser.post("/clusters/act", data=PAY | {"action": "scale", "value": "5"})
    browser.post("/clusters/act", data=PAY | {"action": "image", "value": "reg/pay:v2-broken"})
    browser.post("/clusters/act", data=PAY | {"action": "env", "variable": "LEVEL", "value": "debug"})
    browser.post("/clusters/act", data=PAY | {"action": "env", "variable": "MORE", "value": "1"})
    agent.cluster.settle()

    assert pay(agent)["spec"]["replicas"] == 5
    assert container(agent)["image"] == "reg/pay:v2-broken"
    assert container(agent)["env"] == [{"name": "LEVEL", "value": "debug"}, {"name": "MORE", "value": "1"}]
    text = browser.get("/clusters/").text
    assert "degraded" in text
    assert "1 of 5 replicas updated: ImagePullBackOff reg/pay:v2-broken" in text

    browser.post("/clusters/act", data={"cluster": "staging", "action": "sync"})
    agent.cluster.settle()

    assert (pay(agent)["spec"]["replicas"], container(agent)["image"]) == (2, "reg/pay:v1")
    assert container(agent)["env"][0] == {"name": "LEVEL", "value": "info"}


def test_deletes(browser: httpx.Client, agent: Agent) -> None:
    answer = browser.post("/clusters/act", data=PAY | {"action": "delete"})

    assert answer.status_code == 200
    assert pay(agent) is None
    assert "No workloads." in answer.text
    assert browser.get("/clusters/edit", params=PAY).status_code == 404


def test_edits_an_object_as_yaml(browser: httpx.Client, agent: Agent) -> None:
    text = browser.get("/clusters/edit", params=PAY).text
    assert "image: reg/pay:v1" in text

    replaced = {**pay(agent), "metadata": {"name": "pay"}, "spec": {**pay(agent)["spec"], "replicas": 4}}
    answer = browser.post(
        "/clusters/act", data=PAY | {"action": "replace", "yaml": str(replaced)}, follow_redirects=False
    )

    assert answer.status_code == 303
    assert pay(agent)["spec"]["replicas"] == 4
    assert pay(agent)["metadata"]["managedFields"][-1]["manager"] == "kubectl-edit"


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"action": "scale", "value": "-1"}, 400, "Replicas are a whole number from 0 to 50."),
        ({"action": "scale", "value": "51"}, 400, "Replicas are a whole number from 0 to 50."),
        ({"action": "replace", "yaml": "a: ["}, 400, "That is not an object in YAML; nothing was saved."),
        ({"action": "replace", "yaml": "- 1"}, 400, "That is not an object in YAML; nothing was saved."),
        ({"action": "replace", "yaml": "kind: Pod"}, 409, "The cluster says no:"),
        ({"action": "replace", "yaml": "metadata: {name: pay}"}, 409, "at least one is required"),
        ({"action": "replace", "yaml": "{metadata: {name: pay}, spec: []}"}, 409, "a field has the wrong type"),
        ({"action": "replace", "yaml": "{metadata: {name: pay}, spec: {replicas: x}}"}, 409, "a whole number from 0"),
        ({"action": "explode"}, 400, "That form is not one of this page."),
        ({"action": "scale", "value": "1", "cluster": "elsewhere"}, 400, "That form is not one of this page."),
        ({"action": "scale", "value": "1", "kind": "Nothing"}, 400, "That form is not one of this page."),
        ({"action": "scale", "value": "1", "name": "nothing"}, 409, "The cluster says no: deployments.apps"),
        ({}, 400, "That form is not one of this page."),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    browser: httpx.Client, agent: Agent, form: dict[str, str], status: int, sentence: str
) -> None:
    before = agent.cluster.objects.version

    answer = browser.post("/clusters/act", data=PAY | form)

    assert answer.status_code == status
    assert sentence in answer.text
    assert agent.cluster.objects.version == before


def test_text_is_escaped_everywhere(browser: httpx.Client, agent: Agent) -> None:
    evil = '"><script>alert(1)</script>'
    browser.post("/clusters/act", data=PAY | {"action": "env", "variable": "LEVEL", "value": evil})
    browser.post("/clusters/act", data=PAY | {"action": "image", "value": evil})

    for text in (browser.get("/clusters/").text, browser.get("/clusters/edit", params=PAY).text):
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text


def test_secrets_are_not_shown(browser: httpx.Client) -> None:
    answer = browser.get("/clusters/edit", params=PAY | {"api": "v1", "kind": "Secret", "name": "key"})

    assert answer.status_code == 403
    assert "aGlkZGVu" not in answer.text
