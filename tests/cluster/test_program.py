"""The whole of status and drift against a real API server: applied by kubectl, left alone, then edited by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cluster.apiserver import ApiServer, api_server

from bot.app import App
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.model.sync import Health, SyncState
from bot.playground.playground import SAMPLE

__all__ = ["api_server"]

pytestmark = pytest.mark.envtest

CONFIG = """\
repositories: {{config: {{url: {repository}}}}}
environments:
  production: {{path: "environments/production/{{service}}", cluster: admin}}
"""


def kubectl(server: ApiServer, *arguments: str) -> None:
    command = [f"{sys.prefix}/bin/kubectl", "--kubeconfig", str(server.kubeconfig), "--context", "admin", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def git(*arguments: str, folder: Path) -> None:
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | identity)


def test_status_and_drift(api_server: ApiServer, tmp_path: Path) -> None:
    namespace = api_server.namespace("shop")
    repository = tmp_path / "gitops"
    for source in sorted(path for path in SAMPLE.rglob("*") if path.is_file()):
        copy = repository / source.relative_to(SAMPLE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("namespace: shop", f"namespace: {namespace}"))
    git("init", "--initial-branch=main", folder=repository)
    git("add", ".", folder=repository)
    git("commit", "-m", "Describe the shop", folder=repository)
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG.format(repository=repository))
    surroundings = Surroundings.read(
        {"QUARTERDECK_DATA": str(tmp_path / "data"), "KUBECONFIG": str(api_server.kubeconfig)}
    )
    with App(load(config), surroundings) as app:
        before = app.looks.look()
        assert [(each.sync, each.health) for each in before] == [(SyncState.DRIFTED, Health.MISSING)] * 3
        for service in ("api", "payment", "worker"):
            kubectl(api_server, "apply", "-k", str(repository / "environments/production" / service))
        untouched = app.looks.look()
        assert [(each.target.service, each.desired, each.live, each.sync, each.differences) for each in untouched] == [
            ("api", "v2.7.3", "v2.7.3", SyncState.SYNCED, ()),
            ("payment", "v1.2.0", "v1.2.0", SyncState.SYNCED, ()),
            ("worker", "v0.9.0", "v0.9.0", SyncState.SYNCED, ()),
        ]
        # No controller runs here, so nothing was rolled out.
        assert {each.health for each in untouched} == {Health.PROGRESSING}
        kubectl(
            api_server, "-n", namespace, "set", "image", "deployment/worker", "worker=registry.example.com/worker:v9"
        )
        touched = {each.target.service: each for each in app.looks.look()}
    assert [touched[name].sync for name in ("api", "payment")] == [SyncState.SYNCED] * 2
    (found,) = touched["worker"].differences
    assert (found.path, found.desired, found.live) == (
        "spec.template.spec.containers[name=worker].image",
        "registry.example.com/worker:v0.9.0",
        "registry.example.com/worker:v9",
    )
    assert touched["worker"].live == "v9"
