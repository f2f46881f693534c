"""The playground's clusters on a real API server: what the agent applies is in sync, what a person edits is told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.apiserver import ApiServer, api_server

from bot import cli
from bot.errors import Refusal
from bot.playground.kubernetes.board import board
from bot.playground.playground import Playground, assets

__all__ = ["api_server"]

NAMESPACE = "shop"
"""Where the sample is; no other test is there."""


@pytest.fixture
def playground(api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Playground]:
    """Production is real, staging the stand-in, and both have what Git says."""
    playground = Playground(tmp_path, servers={"production": api_server})
    for name, value in playground.environment.items():
        monkeypatch.setenv(name, value)
    objects = playground.clusters["production"].objects
    with playground.running():
        for agent in playground.agents.values():
            agent.sync()
            assert [agent.error, *(folder.error for folder in agent.folders.values())] == [""] * 4
        for cluster in playground.clusters.values():
            cluster.settle()
        try:
            yield playground
        finally:
            for kind in objects.served:
                for each in objects.all(kind):
                    if each["metadata"].get("namespace") == NAMESPACE:
                        objects.delete(kind, NAMESPACE, each["metadata"]["name"])


def drift(playground: Playground, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = cli.main(["drift", "--config", str(playground.config), "--json"])
    targets = json.loads(capsys.readouterr().out)["targets"]
    return status, {f"{each['service']} in {each['environment']}": each for each in targets}


def kubectl(playground: Playground, *arguments: str) -> None:
    command = (f"{sys.prefix}/bin/kubectl", f"--kubeconfig={playground.kubeconfig}", "--context=production")
    subprocess.run([*command, "--namespace", NAMESPACE, *arguments], check=True, capture_output=True, timeout=60)


@pytest.mark.envtest
def test_a_cluster_of_the_playground_may_be_real(playground: Playground, capsys: pytest.CaptureFixture[str]) -> None:
    status, untouched = drift(playground, capsys)
    assert status == 0
    assert {(each["state"], len(each["differences"])) for each in untouched.values()} == {("synced", 0)}

    kubectl(playground, "scale", "deployment/payment", "--replicas=7")
    kubectl(playground, "set", "env", "deployment/api", "LOG_LEVEL=debug")
    status, touched = drift(playground, capsys)
    assert status == 1
    changed = {(name, found["class"], found["path"]) for name, each in touched.items() for found in each["differences"]}
    assert changed == {
        ("payment in production", "drift", "spec.replicas"),
        ("api in production", "drift", "spec.template.spec.containers[name=api].env[name=LOG_LEVEL].value"),
    }
    live = playground.clusters["production"].objects
    (kind,) = (kind for kind in live.served if kind.kind == "Deployment")
    managers = {each["manager"] for each in live.get(kind, NAMESPACE, "api")["metadata"]["managedFields"]}
    assert managers == {"kustomize-controller", "kubectl-set", "controllers"}
    shown = board(playground.agents, "kubeconfig")
    assert "0/7 ready" not in shown
    assert "/7 ready" in shown

    playground.agents["production"].sync(heal=True)
    playground.clusters["production"].settle()
    assert drift(playground, capsys)[0] == 0


@pytest.mark.parametrize("folder", [None, "/nonexistent"])
def test_without_its_programs_there_is_a_sentence(folder: str | None) -> None:
    with pytest.raises(Refusal, match=r"^KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver: get them"):
        assets({"KUBEBUILDER_ASSETS": folder} if folder else {})
