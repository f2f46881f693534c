"""Repositories as large as the largest, made by git-fast-import and kept in the temporary folder for the next run."""

import subprocess
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "production")
SERVICES = 5000
COMMITS = 100_000
FOLLOWED = 500
"""Services that those commits move, in two environments by turns."""

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {environment}
resources:
  - ../../base
  - config.yaml
images:
  - name: registry.example.com/{service}
    newTag: {tag}
"""
BASE = {
    "kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deployment.yaml, service.yaml]
""",
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {service}
spec:
  selector: {{matchLabels: {{app: {service}}}}}
  template:
    metadata: {{labels: {{app: {service}}}}}
    spec:
      containers:
        - name: {service}
          image: registry.example.com/{service}
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata: {{name: {service}}}
spec: {{ports: [{{port: 80}}]}}
""",
}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {service}}}\ndata: {{environment: {environment}}}\n"


def wide() -> Path:
    """45,000 files, 15,000 targets, one commit."""
    return kept("wide", _files(SERVICES))


def narrow(services: int) -> Path:
    """The same with fewer services."""
    return kept(f"narrow-{services}", _files(services))


def long() -> Path:
    """100,000 commits, each of which moves one of 1,000 targets."""
    return kept("long", _moves())


def pinned(service: str, environment: str) -> str:
    """The file that holds a version."""
    return f"apps/{service}/overlays/{environment}/kustomization.yaml"


def name(number: int) -> str:
    return f"service-{number:04}"


def copied(bare: Path, to: Path) -> Path:
    """A copy that may be pushed to."""
    subprocess.run(["git", "clone", "--quiet", "--bare", bare, to], check=True)  # noqa: S603, S607 - our own git
    return to


def kept(what: str, stream: Iterator[str], made_by: str = __file__) -> Path:
    """The bare repository that a stream for git-fast-import makes; from an earlier run, if its maker is the same."""
    version = sha256(Path(made_by).read_bytes()).hexdigest()[:12]
    bare = Path(tempfile.gettempdir(), f"quarterdeck-bench-{version}", f"{what}.git")
    if not bare.exists():
        bare.parent.mkdir(exist_ok=True, mode=0o700)
        new = Path(tempfile.mkdtemp(dir=bare.parent))
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", new], check=True)  # noqa: S603, S607 - our own git
        with tempfile.TemporaryFile("w+", dir=bare.parent) as script:
            script.writelines(stream)
            script.seek(0)
            subprocess.run(["git", "-C", new, "fast-import", "--quiet"], stdin=script, check=True)  # noqa: S603, S607 - the same
        new.rename(bare)
    return bare


def _files(services: int) -> Iterator[str]:
    yield _commit("Begin", 0)
    for service in map(name, range(services)):
        for file, text in BASE.items():
            yield _file(f"apps/{service}/base/{file}", text.format(service=service))
        for environment in ENVIRONMENTS:
            said = {"service": service, "environment": environment, "tag": "v1.0.0"}
            yield _file(pinned(service, environment), KUSTOMIZATION.format(**said))
            yield _file(f"apps/{service}/overlays/{environment}/config.yaml", CONFIG.format(**said))


def _moves() -> Iterator[str]:
    yield from _files(FOLLOWED)
    for number in range(1, COMMITS):
        service, environment = name(number * 7919 % FOLLOWED), ENVIRONMENTS[1 + number // FOLLOWED % 2]
        yield _commit(f"Promote {service} to v1.{number}.0 in {environment} (#{number})", number)
        text = KUSTOMIZATION.format(service=service, environment=environment, tag=f"v1.{number}.0")
        yield _file(pinned(service, environment), text)


def _commit(message: str, number: int) -> str:
    when = 1_700_000_000 + number * 60
    return f"commit refs/heads/main\ncommitter Ana <ana@example.com> {when} +0000\n{_data(message)}"


def _file(path: str, text: str) -> str:
    return f"M 100644 inline {path}\n{_data(text)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
