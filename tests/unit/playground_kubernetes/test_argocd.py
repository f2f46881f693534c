"""What the agent tells of itself as Argo CD, and does when it is asked, as its clients see and ask."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from unit.engines.test_definitions import definition, misfits
from unit.playground_kubernetes.test_agent import Repository

from bot.clusters.engines.argocd import claims
from bot.clusters.engines.argocd_status import Around
from bot.model.sync import Deployed, Health, ObjectRef
from bot.playground.kubernetes import Agent, Cluster
from bot.playground.kubernetes.argocd import PLACE, REFRESH
from bot.playground.kubernetes.kinds import ARGOCD, KINDS, Served

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://github.com/acme/gitops.git"
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, namespace: shop}, data: {a: '1'}}"
THING = "{apiVersion: v9, kind: Thing, metadata: {name: x}}"
APPLICATION = ARGOCD[0]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    found.commit({"env/pay/map.yaml": MAP % "pay", "env/api/map.yaml": MAP % "api"})
    return found


@pytest.fixture
def agent(repository: Repository) -> Agent:
    cluster = Cluster("production", now=lambda: NOW, served=Served((*KINDS, *ARGOCD)))
    found = Agent(cluster, repository.folder, "env", url=URL, engine="argocd")
    found.sync()
    assert found.error == ""
    return found


def application(agent: Agent, name: str = "pay") -> Any:
    return agent.cluster.objects.get(APPLICATION, PLACE, name)


def change(agent: Agent, part: str, **fields: Any) -> None:
    agent.cluster.objects.edit(APPLICATION, PLACE, "pay", lambda live: {**live, part: live.get(part, {}) | fields})


def told(agent: Agent, name: str = "pay") -> Deployed:
    """As Quarterdeck reads it."""
    (claim,) = claims(application(agent, name), "production", Around(NOW))
    return claim.deployed


def edit(agent: Agent, **data: str) -> None:
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind
    agent.cluster.objects.edit(
        kind, "shop", "pay", lambda live: {**live, "data": live["data"] | data}, manager="kubectl-edit"
    )


def data(agent: Agent) -> Any:
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind
    return agent.cluster.objects.get(kind, "shop", "pay")["data"]


def test_each_folder_is_an_application_that_says_what_is_deployed(repository: Repository, agent: Agent) -> None:
    first = agent.revision
    assert told(agent) == Deployed(
        "argocd",
        "production",
        ObjectRef("argoproj.io/v1alpha1", "Application", PLACE, "pay"),
        "env/pay",
        revision=first,
        inventory=frozenset([ObjectRef("v1", "ConfigMap", "shop", "pay")]),
        uid=application(agent)["metadata"]["uid"],
        mark="pay",
        health=Health.HEALTHY,
    )

    second = repository.commit({"env/pay/map.yaml": MAP.replace("'1'", "'2'") % "pay"})
    agent.sync()
    assert [each["revision"] for each in application(agent)["status"]["history"]] == [first, second]
    # Nothing of it is new for the other: it is compared, and not synced.
    assert told(agent, "api").revision == second
    assert [each["revision"] for each in application(agent, "api")["status"]["history"]] == [first]


def test_a_request_undoes_what_people_did_and_is_taken_off(agent: Agent) -> None:
    edit(agent, a="2", added="1")
    agent.sync()
    assert data(agent) == {"a": "2", "added": "1"}
    change(agent, "metadata", annotations={REFRESH: "normal"})
    agent.sync()
    assert data(agent) == {"a": "1"}
    assert "annotations" not in application(agent)["metadata"]


def test_with_auto_sync_off_it_compares_and_leaves_it_until_somebody_syncs(
    repository: Repository, agent: Agent
) -> None:
    first = agent.revision
    change(agent, "spec", syncPolicy={})
    second = repository.commit({"env/pay/map.yaml": MAP.replace("'1'", "'2'") % "pay"})
    agent.sync()
    left = told(agent)
    assert (data(agent), left.revision, left.paused) == ({"a": "1"}, first, "auto-sync is off in Argo CD")
    assert application(agent)["status"]["sync"]["status"] == "OutOfSync"

    change(agent, "operation", sync={"revision": second})
    agent.sync()
    assert (data(agent), told(agent).revision, "operation" in application(agent)) == ({"a": "2"}, second, False)

    third = repository.commit({"env/pay/map.yaml": MAP.replace("'1'", "'3'") % "pay"})
    agent.sync()
    change(agent, "spec", syncPolicy={"automated": {"selfHeal": True}})
    agent.sync()
    assert (data(agent), told(agent).revision, told(agent).paused) == ({"a": "3"}, third, "")


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("a: [", "Argo CD can't compare it with Git: Failed to load target state: failed to generate"),
        (THING, "the sync failed: one or more objects failed to apply, reason: Thing x: the cluster does not serve"),
    ],
)
def test_what_fails_is_told_until_git_has_something_better(
    repository: Repository, agent: Agent, text: str, trouble: str
) -> None:
    first = agent.revision
    repository.commit({"env/pay/more.yaml": text})
    agent.sync()
    found = told(agent)
    assert found.revision == first
    assert found.trouble.startswith(trouble)
    assert told(agent, "api").trouble == ""
    agent.sync()  # it is not tried again and again
    assert told(agent) == found

    repository.commit({"env/pay/more.yaml": None})
    agent.sync()
    assert (told(agent).revision, told(agent).trouble) == (agent.revision, "")


def test_a_repository_that_can_not_be_read_is_told_by_each(repository: Repository, agent: Agent) -> None:
    repository.folder.joinpath(".git").rename(repository.folder / "elsewhere")
    agent.sync()
    assert told(agent).trouble.startswith("Argo CD can't compare it with Git: Failed to load target state")


def test_removed_from_git_removed_from_the_cluster(repository: Repository, agent: Agent) -> None:
    repository.commit({"env/api/map.yaml": None})
    agent.sync()
    assert [each["metadata"]["name"] for each in agent.cluster.objects.all(APPLICATION)] == ["pay"]
    kind = agent.cluster.served.of("v1", "ConfigMap")
    assert kind
    assert [each["metadata"]["name"] for each in agent.cluster.objects.all(kind)] == ["pay"]


@pytest.mark.parametrize("replaced", [{"spec": []}, {"spec": {}}, {}])
def test_whatever_people_write_into_an_application_the_agent_goes_on(agent: Agent, replaced: dict[str, Any]) -> None:
    agent.cluster.objects.edit(APPLICATION, PLACE, "pay", lambda _: {"metadata": {"name": "pay"}, **replaced})
    agent.sync()
    assert agent.error == ""


@pytest.mark.parametrize("text", [MAP % "pay", "a: [", THING])
def test_all_of_it_is_as_the_definitions_say(repository: Repository, agent: Agent, text: str) -> None:
    (version,) = definition("argocd-application.yaml")["versions"]
    repository.commit({"env/pay/more.yaml": text})
    agent.sync()
    assert misfits(version["schema"]["openAPIV3Schema"], application(agent)) == []


def test_where_nothing_happens_nothing_is_written(repository: Repository) -> None:
    moments = iter(NOW.replace(minute=minute) for minute in range(60))
    last = [NOW]

    def later() -> datetime:
        last[0] = next(moments, last[0])
        return last[0]

    cluster = Cluster("production", now=later, served=Served((*KINDS, *ARGOCD)))
    found = Agent(cluster, repository.folder, "env", url=URL, engine="argocd")
    found.sync()
    before = application(found)
    found.sync()
    assert application(found) == before
