"""The agent against real Git and the real renderer."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.playground.kubernetes import Agent, Cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: pay}
spec:
  replicas: 2
  selector: {matchLabels: {app: pay}}
  template:
    metadata: {labels: {app: pay}}
    spec: {containers: [{name: app, image: "reg/pay:v1"}]}
"""
KUSTOMIZATION = """
namespace: shop
resources: [../../../base/pay]
images: [{name: reg/pay, newTag: v1}]
"""
BASE = {"base/pay/deployment.yaml": DEPLOYMENT, "base/pay/kustomization.yaml": "resources: [deployment.yaml]"}
PAY = "environments/staging/pay"
CONFIG = "environments/staging/config/map.yaml"
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {a: '1'}}"


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main", str(folder))

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), "-c", "user.name=Ana", "-c", "user.email=ana@example.com", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: Mapping[str, str | None]) -> str:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    found.commit({**BASE, f"{PAY}/kustomization.yaml": KUSTOMIZATION, CONFIG: MAP})
    return found


@pytest.fixture
def agent(repository: Repository) -> Agent:
    found = Agent(Cluster("staging"), repository.folder, "environments/staging")
    found.sync()
    assert found.error == ""
    return found


def live(agent: Agent, kind: str, name: str, namespace: str = "shop") -> Any:
    found = next(each for each in agent.cluster.served if each.kind == kind)
    return agent.cluster.objects.find(found, namespace, name)


def set_replicas(agent: Agent, replicas: int) -> None:
    def changed(manifest: dict[str, Any]) -> dict[str, Any]:
        manifest["spec"]["replicas"] = replicas
        return manifest

    kind = agent.cluster.served.of("apps/v1", "Deployment")
    assert kind is not None
    agent.cluster.objects.edit(kind, "shop", "pay", changed)


def image(agent: Agent) -> str:
    found: str = live(agent, "Deployment", "pay")["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def test_applies_what_is_merged_and_says_from_where(repository: Repository, agent: Agent) -> None:
    assert image(agent) == "reg/pay:v1"
    assert live(agent, "ConfigMap", "config", "default")["data"] == {"a": "1"}

    commit = repository.commit({f"{PAY}/kustomization.yaml": KUSTOMIZATION.replace("v1", "v2")})
    agent.sync()

    assert image(agent) == "reg/pay:v2"
    assert agent.revision == commit
    assert {each.revision for each in agent.folders.values()} == {commit}


def test_leaves_what_was_changed_by_hand_until_it_is_told_to_heal(repository: Repository, agent: Agent) -> None:
    set_replicas(agent, 7)
    repository.commit({f"{PAY}/kustomization.yaml": KUSTOMIZATION.replace("v1", "v2")})

    agent.sync()
    assert (image(agent), live(agent, "Deployment", "pay")["spec"]["replicas"]) == ("reg/pay:v2", 7)
    agent.sync(heal=True)
    assert (image(agent), live(agent, "Deployment", "pay")["spec"]["replicas"]) == ("reg/pay:v2", 2)


def test_what_was_deleted_by_hand_comes_back_by_healing(agent: Agent) -> None:
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind is not None
    agent.cluster.objects.delete(kind, "default", "config")

    agent.sync()
    assert live(agent, "ConfigMap", "config", "default") is None
    agent.sync(heal=True)
    assert live(agent, "ConfigMap", "config", "default")["data"] == {"a": "1"}


def test_removes_what_left_git_even_after_a_restart(repository: Repository, agent: Agent) -> None:
    more = "{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}"
    repository.commit({"environments/staging/config/more.yaml": more})
    agent.sync()
    assert live(agent, "ConfigMap", "more", "default") is not None
    repository.commit({"environments/staging/config/more.yaml": None})

    successor = Agent(agent.cluster, repository.folder, "environments/staging")
    successor.sync()

    assert live(successor, "ConfigMap", "more", "default") is None
    assert live(successor, "ConfigMap", "config", "default") is not None


def test_a_folder_that_left_git_takes_its_objects_along(repository: Repository, agent: Agent) -> None:
    repository.commit({CONFIG: None})
    agent.sync()

    assert live(agent, "ConfigMap", "config", "default") is None
    assert list(agent.folders) == [PAY]


def test_a_folder_that_can_not_be_rendered_stays_as_it_was(repository: Repository, agent: Agent) -> None:
    repository.commit({f"{PAY}/kustomization.yaml": "resources: [nowhere.yaml]", CONFIG: MAP.replace("'1'", "'2'")})
    agent.sync()

    assert agent.folders[PAY].error.startswith("the kustomization can't be built: ")
    assert image(agent) == "reg/pay:v1"
    assert live(agent, "ConfigMap", "config", "default")["data"] == {"a": "2"}


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {a: 5}}",
            "ConfigMap config: data.a: expects",
        ),
        ("{apiVersion: v1, kind: Nothing, metadata: {name: config}}", "Nothing config: the cluster does not serve"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: 5}", "ConfigMap config: a field has"),
        ("a: [", "a manifest is not YAML"),
    ],
)
def test_what_the_cluster_refuses_is_told(repository: Repository, agent: Agent, manifest: str, why: str) -> None:
    repository.commit({CONFIG: manifest})
    agent.sync()

    assert agent.folders["environments/staging/config"].error.startswith(why)
    assert agent.error == ""


def test_a_repository_that_is_gone_is_told_and_changes_nothing(tmp_path: Path, agent: Agent) -> None:
    (tmp_path / ".git").rename(tmp_path / "elsewhere")
    agent.sync()

    assert agent.error.startswith("the repository can't be read: ")
    assert image(agent) == "reg/pay:v1"


def test_follows_by_itself(repository: Repository) -> None:
    agent = Agent(Cluster("staging"), repository.folder, "environments/staging", interval=0.1)
    agent.start()
    try:
        deadline = time.monotonic() + 20
        while not (live(agent, "Deployment", "pay") or {}).get("status") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert live(agent, "Deployment", "pay")["status"]["observedGeneration"] == 1
    finally:
        agent.stop()
