"""`quarterdeck say` answers at once because it loads only what it uses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARIES = {"alembic", "apscheduler", "github", "kubernetes", "slack_bolt", "slack_sdk", "starlette", "uvicorn"}

CONFIG = """\
repositories: {config: {url: ./gitops.git}}
environments:
  staging: {path: "environments/staging/{service}"}
"""


@pytest.mark.parametrize(
    ("said", "loaded"),
    [("history payment", {"alembic"}), ("status", {"alembic", "github"})],
)
def test_a_command_loads_only_the_libraries_it_uses(said: str, loaded: set[str], tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.yaml").write_text(CONFIG)
    folder = tmp_path / "work" / "environments" / "staging" / "payment"
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("images: [{name: registry.example.com/payment, newTag: v1.2.0}]\n")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main", "work"),
        ("-C", "work", "add", "."),
        ("-C", "work", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", "commit", "--quiet", "-m", "Begin"),
        ("clone", "--quiet", "--bare", "work", "gitops.git"),
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    environment = {
        "GITHUB_TOKEN": "ghp_1",
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "QUARTERDECK_DATA": str(tmp_path / "data"),
    }
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "say", said, "--config", str(tmp_path / "quarterdeck.yaml")],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = set(re.findall(r"\| +(\w+)$", ran.stderr, re.MULTILINE))
    assert found & LIBRARIES == loaded, ran.stdout
