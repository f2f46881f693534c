"""1,000 services in three environments, each on an API server of its own: a repository, and what is deployed of it."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from bench import population
from bench.population import Manifest
from tests.cluster.apiserver import ApiServer

SERVICES = 1000
ENVIRONMENTS = ("testing", "staging", "production")
TEAMS = 40
"""Namespaces of an environment."""
KINDS = 3
"""Objects of a target: a Deployment, a Service, a ConfigMap."""
TAG = "v1.4.2"


def stream() -> Iterator[str]:
    """The repository for `git fast-import`: overlays on bases, then a commit a target that moves it."""
    yield _commit("Begin", 0)
    for number in range(SERVICES):
        service = population.name(number)
        declared = {each["kind"].lower(): each for each in population.objects(number)[:KINDS]}
        for kind, manifest in declared.items():
            yield _file(f"base/{service}/{kind}.yaml", yaml.safe_dump(manifest, sort_keys=False))
        yield _file(
            f"base/{service}/kustomization.yaml", yaml.safe_dump({"resources": [*map("{}.yaml".format, declared)]})
        )
        for environment in ENVIRONMENTS:
            yield _file(*_overlay(number, environment, "v1.4.1"))
    for number in range(SERVICES * len(ENVIRONMENTS)):
        environment = ENVIRONMENTS[number // SERVICES]
        yield _commit(f"Promote {population.name(number % SERVICES)} (#{number + 1})\n\nRequested-by: ana", number + 1)
        yield _file(*_overlay(number % SERVICES, environment, TAG))


def path(number: int, environment: str) -> str:
    return f"{environment}/{population.name(number)}"


def deploy(server: ApiServer) -> None:
    """Apply an environment's, and write what controllers would. Raises what the server refuses."""
    population.send(server, (_namespace(team) for team in range(TEAMS)))
    every = range(SERVICES)
    population.send(
        server, (each for n in every for each in population.objects(n, namespace=_team(n), tag=TAG)[:KINDS])
    )
    for number in every:
        where = f"/apis/apps/v1/namespaces/{_team(number)}/deployments/{population.name(number)}/status"
        ready = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), _replicas(number))
        status = {"status": ready | {"observedGeneration": 1}}
        server.request("PATCH", where, json.dumps(status).encode(), kind="application/merge-patch+json")


def _replicas(number: int) -> int:
    return 1 if number < population.SCALED else 2


def _team(number: int) -> str:
    return f"team-{number % TEAMS}"


def _namespace(team: int) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{team}"}}


def _overlay(number: int, environment: str, tag: str) -> tuple[str, str]:
    service = population.name(number)
    image = {"name": f"registry.example.com/{service}", "newTag": tag}
    overlay: dict[str, Any] = {"namespace": _team(number), "resources": [f"../../base/{service}"], "images": [image]}
    return f"{path(number, environment)}/kustomization.yaml", yaml.safe_dump(overlay)


def _commit(message: str, number: int) -> str:
    said = f"data {len(message.encode())}\n{message}\n"
    return f"commit refs/heads/main\ncommitter Ana <ana@example.com> {1_700_000_000 + number * 60} +0000\n{said}"


def _file(where: str, text: str) -> str:
    return f"M 100644 inline {where}\ndata {len(text.encode())}\n{text}\n"
