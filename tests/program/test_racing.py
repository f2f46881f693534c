"""Many promotions at once, from several processes that share a data folder and a branch that is pushed to."""

from pathlib import Path

import pytest
from contracts.mirrors.upstream import Upstream, git

from bench.racing import race

CONFIG = """\
repositories: {{config: {{url: "{url}"}}}}
environments:
  production: {{path: "apps/{{service}}/overlays/production", change: push}}
"""
SERVICES = [f"service-{number:02}" for number in range(12)]


def path(service: str) -> str:
    return f"apps/{service}/overlays/production/pod.yaml"


def pod(service: str, version: str) -> bytes:
    containers = f"[{{name: app, image: acme/{service}:{version}}}]"
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec: {{containers: {containers}}}\n".encode()


@pytest.mark.slow
def test_twelve_promotions_from_three_processes_all_land_once_and_by_no_force(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "upstream.git")
    git(tmp_path, "init", "-q", "work")
    upstream = Upstream(tmp_path / "upstream.git", tmp_path / "work")
    upstream.git("remote", "add", "origin", "../upstream.git")
    before = upstream.commit({path(each): pod(each, "v1.0.0") for each in SERVICES}, "Begin")
    upstream.push()
    git(upstream.bare, "config", "receive.denyNonFastForwards", "true")
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG.format(url=upstream.bare), encoding="utf-8")
    _, lost = race(config, tmp_path / "data", [SERVICES[part::3] for part in range(3)])
    landed = git(upstream.bare, "log", "--first-parent", "--format=%s", f"{before}..main").splitlines()
    assert sorted(landed) == [f"Promote {each} from v1.0.0 to v2.0.0 in production" for each in SERVICES]
    files = {each: git(upstream.bare, "show", f"main:{path(each)}") for each in SERVICES}
    assert files == {each: pod(each, "v2.0.0").decode().strip() for each in SERVICES}
    assert lost == 0, "writers that take turns lose no race to each other"
