"""What the folders of a commit declare, for the stand-ins of the deployment engines.

A commit's id says all that is in it, so what was rendered once is kept for every agent of this process, whichever
repository it follows: each playground begins with the same sample.
"""

import copy
import fnmatch
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from bot.playground.kubernetes.objects import Json

_BESIDE = Path(sys.executable).with_name("kubectl")
KUBECTL = str(_BESIDE) if _BESIDE.exists() else "kubectl"
"""The kubectl that comes with this Python's packages, else the one on PATH."""
_LIMIT_SECONDS = 30


class Unreadable(Exception):  # noqa: N818 - says what a commit, or a folder of it, is
    """Git or the renderer said no; the sentence is for the playground's page."""


@dataclass(frozen=True)
class Commit:
    """A commit of the repository in a folder of this machine, by its full id."""

    id: str
    repository: str = field(compare=False)

    def folders(self, parent: str) -> list[str]:
        """The folders directly below one, sorted; Unreadable if git says no."""
        listed = _git("-C", self.repository, "ls-tree", "-d", "-z", "--name-only", self.id, f"{parent}/")
        return sorted(path for path in listed.decode(errors="replace").split("\0") if path)

    def objects(self, folder: str) -> list[Json]:
        """The objects that a folder declares, the caller's own; Unreadable if it can't be rendered."""
        return copy.deepcopy(_rendered(self, folder))


def tip(repository: str, branch: str) -> str:
    """The id of the newest commit of a branch; Unreadable if there is none."""
    answer = _git("ls-remote", repository, f"refs/heads/{branch}").decode()
    if not answer:
        raise Unreadable(f"the repository has no branch {branch}")
    return answer.partition("\t")[0]


@lru_cache(maxsize=200)
def _rendered(commit: Commit, folder: str) -> list[Json]:
    with tempfile.TemporaryDirectory(prefix="agent-") as root:
        with tarfile.open(fileobj=io.BytesIO(_git("-C", commit.repository, "archive", commit.id))) as files:
            files.extractall(root, filter="data")
        return _render(Path(root, folder))


def _render(folder: Path) -> list[Json]:
    """The objects of a folder: by `kubectl kustomize` where it has a kustomization, else its YAML files as they are."""
    if any((folder / name).is_file() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")):
        texts = [_run([KUBECTL, "kustomize", str(folder)], "the kustomization can't be built").decode()]
    else:
        texts = [file.read_text() for file in sorted(folder.iterdir()) if fnmatch.fnmatch(file.name, "*.y*ml")]
    try:
        documents = [document for text in texts for document in yaml.safe_load_all(text)]
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable("a manifest is not YAML") from error
    return [document for document in documents if isinstance(document, dict) and "kind" in document]


def _git(*arguments: str) -> bytes:
    return _run(["git", *arguments], "the repository can't be read")


def _run(command: list[str], complaint: str) -> bytes:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIMIT_SECONDS, check=False, env=environment)  # noqa: S603 - fixed programs, no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreadable(f"{complaint}: {Path(command[0]).name} did not finish") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise Unreadable(f"{complaint}: {last[0][:200]}")
    return done.stdout
