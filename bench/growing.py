"""A tag committed in a repository of thousands of files, where a clone for every change begins to hurt."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.figures import Figure, alternately, timed
from bench.stage import script
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository
from bot.model.change import Draft, Edit

TIMES = 5
SERVICES = 1000
ENVIRONMENTS = ("staging", "production")
FILE = "environments/production/service-500/kustomization.yaml"
"""One of the 6000."""

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deployment.yaml, service.yaml]
images:
  - name: registry.example.com/{service}
    newTag: {tag}
"""
OTHER = """\
apiVersion: v1
kind: {kind}
metadata: {{name: {service}, namespace: shop}}
spec: {{ports: [{{port: 80, name: "{environment}"}}]}}
"""


def measure(folder: Path) -> Iterator[Figure]:
    bare = folder / "many.git"
    _generate(bare)
    patches = count(1)
    repository = {"config": Repository("config", f"file://{bare}")}
    with Mirrors(folder / "mirrors", repository) as mirrors:
        first = timed(lambda: mirrors.reader().head("config"))
        ours, sparse, whole = alternately(
            TIMES,
            lambda: timed(lambda: _by_mirror(mirrors, f"v1.0.{next(patches)}")),
            lambda: timed(lambda: _by_script(bare, f"v1.0.{next(patches)}", SPARSE="yes")),
            lambda: timed(lambda: _by_script(bare, f"v1.0.{next(patches)}")),
        )
    yield Figure("6000 files: the first fetch, once", [first])
    yield Figure("6000 files: fetch, commit a tag, push", ours, "clone --depth 1, sed, commit, push", whole)
    yield Figure("the same", ours, "the same with a sparse checkout", sparse)


def _by_mirror(mirrors: Mirrors, version: str) -> None:
    tree = mirrors.reader().head("config")
    before = tree.read(FILE) or b""
    head, _, _ = before.rpartition(b": ")
    edit = Edit(FILE, before, head + f": {version}\n".encode())
    commit = mirrors.writer().commit("config", tree.commit, [Draft(f"Promote to {version}\n", (edit,))])
    if not mirrors.writer().push_base("config", commit):
        raise RuntimeError("the push was refused")


def _by_script(bare: Path, version: str, **more: str) -> None:
    script("change", {"URL": f"file://{bare}", "FILE": FILE, "VERSION": version, "BRANCH": "main"} | more)


def _generate(bare: Path) -> None:
    """By git-fast-import, in a second."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", bare], check=True)  # noqa: S603, S607 - our own git
    stream = "\n".join(
        ["commit refs/heads/main", "committer Ana <ana@example.com> 1767225600 +0000", _data("Begin"), *_files(), ""]
    )
    subprocess.run(["git", "-C", bare, "fast-import", "--quiet"], input=stream.encode(), check=True)  # noqa: S603, S607 - the same


def _files() -> Iterator[str]:
    for environment in ENVIRONMENTS:
        for service in (f"service-{number}" for number in range(SERVICES)):
            where = f"M 100644 inline environments/{environment}/{service}"
            yield f"{where}/kustomization.yaml\n{_data(KUSTOMIZATION.format(service=service, tag='v1.0.0'))}"
            for kind in ("Deployment", "Service"):
                text = OTHER.format(kind=kind, service=service, environment=environment)
                yield f"{where}/{kind.lower()}.yaml\n{_data(text)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"
