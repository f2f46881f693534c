"""What the agent tells of itself, and does when it is asked, as clients of Flux see and ask."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from unit.playground_kubernetes.test_agent import Repository

from bot.playground.kubernetes import Agent, Cluster
from bot.playground.kubernetes.flux import PLACE, REQUESTED
from bot.playground.kubernetes.kinds import FLUX, KINDS, Served

NOW = "2026-03-02T09:00:00Z"
URL = "https://github.com/acme/gitops.git"
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, namespace: shop}, data: {a: '1'}}"
ROLE = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'shop:reader'}}"
CRDS = os.environ.get("QUARTERDECK_TEST_CRDS")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    found.commit({"env/pay/map.yaml": MAP % "pay", "env/pay/role.yaml": ROLE, "env/api/map.yaml": MAP % "api"})
    return found


@pytest.fixture
def agent(repository: Repository) -> Agent:
    cluster = Cluster("staging", now=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC), served=Served((*KINDS, *FLUX)))
    found = Agent(cluster, repository.folder, "env", url=URL)
    found.sync()
    assert found.error == ""
    return found


def kustomization(agent: Agent, name: str = "pay") -> Any:
    return agent.cluster.objects.get(FLUX[1], PLACE, name)


def source(agent: Agent) -> Any:
    return agent.cluster.objects.get(FLUX[0], PLACE, "gitops")


def edit(agent: Agent, name: str = "pay", manager: str = "kubectl-edit", **data: str) -> None:
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind is not None
    agent.cluster.objects.edit(kind, "shop", name, lambda live: {**live, "data": live["data"] | data}, manager=manager)


def data(agent: Agent, name: str = "pay") -> Any:
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind is not None
    return agent.cluster.objects.get(kind, "shop", name)["data"]


def ask(agent: Agent, name: str, at: str) -> None:
    annotated = {"annotations": {REQUESTED: at}}
    for kind, each in ((FLUX[1], name), (FLUX[0], "gitops")):
        agent.cluster.objects.edit(
            kind, PLACE, each, lambda live: {**live, "metadata": live["metadata"] | annotated}, manager="flux"
        )


def set_spec(agent: Agent, **fields: Any) -> None:
    agent.cluster.objects.edit(FLUX[1], PLACE, "pay", lambda live: {**live, "spec": live["spec"] | fields})


def test_each_folder_is_a_kustomization_that_says_what_is_deployed(repository: Repository, agent: Agent) -> None:
    revision = f"main@sha1:{agent.revision}"
    assert source(agent)["spec"] == {"interval": "10m0s", "url": URL, "ref": {"branch": "main"}}
    assert kustomization(agent)["spec"] == {
        "interval": "10m0s",
        "path": "./env/pay",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": "gitops"},
    }
    ready = {"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 1}
    assert kustomization(agent)["status"] == {
        "conditions": [{**ready, "message": f"Applied revision: {revision}", "lastTransitionTime": NOW}],
        "inventory": {
            "entries": [
                {"id": "_shop__reader_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
                {"id": "shop_pay__ConfigMap", "v": "v1"},
            ]
        },
        "lastAppliedRevision": revision,
        "lastAttemptedRevision": revision,
        "observedGeneration": 1,
    }

    later = repository.commit({"env/api/map.yaml": None, "env/pay/role.yaml": None})
    agent.sync()
    assert kustomization(agent)["status"]["lastAppliedRevision"] == f"main@sha1:{later}"
    assert [each["id"] for each in kustomization(agent)["status"]["inventory"]["entries"]] == ["shop_pay__ConfigMap"]
    assert [each["metadata"]["name"] for each in agent.cluster.objects.all(FLUX[1])] == ["pay"]


def test_a_request_undoes_what_people_did_to_that_one(agent: Agent) -> None:
    edit(agent, a="2", added="1")
    edit(agent, manager="operator", theirs="1")
    edit(agent, "api", a="2")
    agent.sync()
    assert data(agent) == {"a": "2", "added": "1", "theirs": "1"}

    ask(agent, "pay", "first")
    agent.sync()

    assert data(agent) == {"a": "1", "theirs": "1"}
    assert data(agent, "api") == {"a": "2"}
    told = [each["status"].get("lastHandledReconcileAt") for each in (kustomization(agent), source(agent))]
    assert told == ["first", "first"]

    edit(agent, a="2")
    agent.sync()
    assert data(agent)["a"] == "2"
    ask(agent, "pay", "second")
    agent.sync()
    assert data(agent)["a"] == "1"


def test_suspended_nothing_is_done_until_it_is_resumed(repository: Repository, agent: Agent) -> None:
    set_spec(agent, suspend=True)
    first = kustomization(agent)["status"]
    ask(agent, "pay", "now")
    repository.commit({"env/pay/map.yaml": MAP.replace("'1'", "'2'") % "pay"})
    agent.sync()
    assert (data(agent), kustomization(agent)["status"]) == ({"a": "1"}, first)

    set_spec(agent, suspend=False)
    agent.sync()
    assert data(agent) == {"a": "2"}
    status = kustomization(agent)["status"]
    assert (status["observedGeneration"], status["lastHandledReconcileAt"]) == (3, "now")


def test_what_fails_is_not_called_applied(repository: Repository, agent: Agent) -> None:
    applied = kustomization(agent)["status"]["lastAppliedRevision"]
    attempted = repository.commit({"env/pay/map.yaml": "a: ["})
    agent.sync()

    status = kustomization(agent)["status"]
    assert [(each["type"], each["status"], each["reason"]) for each in status["conditions"]] == [
        ("Ready", "False", "BuildFailed"),
        ("Reconciling", "True", "ProgressingWithRetry"),
    ]
    assert status["conditions"][0]["message"] == "a manifest is not YAML"
    assert (status["lastAppliedRevision"], status["lastAttemptedRevision"]) == (applied, f"main@sha1:{attempted}")
    assert kustomization(agent, "api")["status"]["conditions"][0]["status"] == "True"

    repository.folder.joinpath(".git").rename(repository.folder / "elsewhere")
    agent.sync()
    (ready, *_) = source(agent)["status"]["conditions"]
    assert (ready["status"], ready["reason"]) == ("False", "GitOperationFailed")


def test_what_was_deleted_by_hand_is_declared_again(agent: Agent) -> None:
    for kind, name in ((FLUX[0], "gitops"), (FLUX[1], "pay")):
        agent.cluster.objects.delete(kind, PLACE, name)
    agent.sync()
    assert kustomization(agent)["status"]["conditions"][0]["status"] == "True"
    assert source(agent)["status"]["conditions"][0]["status"] == "True"


@pytest.mark.parametrize("replaced", [{"spec": []}, {"spec": {}}, {}])
def test_whatever_people_write_into_a_kustomization_the_agent_goes_on(agent: Agent, replaced: dict[str, Any]) -> None:
    agent.cluster.objects.edit(FLUX[1], PLACE, "pay", lambda _: {"metadata": {"name": "pay"}, **replaced})
    ask(agent, "pay", "now")
    edit(agent, a="2")
    agent.sync()
    assert (agent.error, data(agent)) == ("", {"a": "1"})


def test_a_folder_that_no_kustomization_can_be_called_is_told(repository: Repository, agent: Agent) -> None:
    repository.commit({"env/Pay_Two/map.yaml": MAP % "two"})
    agent.sync()
    assert agent.folders["env/Pay_Two"].error == "the folder's name can't be that of a Kustomization"
    assert agent.error == ""


@pytest.mark.skipif(not CRDS, reason="QUARTERDECK_TEST_CRDS is not set: no CRDs here")
@pytest.mark.parametrize("is_well", [True, False])
def test_all_of_it_is_as_the_definitions_say(repository: Repository, agent: Agent, *, is_well: bool) -> None:
    ask(agent, "pay", "now")
    if not is_well:
        repository.commit({"env/pay/map.yaml": "a: ["})
    agent.sync()
    for file, manifest in (("flux-gitrepositories", source(agent)), ("flux-kustomization", kustomization(agent))):
        definition = yaml.load((Path(CRDS or "") / f"{file}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        schema = next(
            each["schema"]["openAPIV3Schema"] for each in definition["spec"]["versions"] if each["name"] == "v1"
        )
        assert manifest["status"].keys() <= schema["properties"]["status"]["properties"].keys()
        assert manifest["spec"].keys() <= schema["properties"]["spec"]["properties"].keys()
        jsonschema.validate(manifest, schema)
