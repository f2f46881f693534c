"""What GitHub is told of a change that is deployed, through the adapter."""

from dataclasses import replace

import pytest

from bot.errors import Refusal, Unavailable
from bot.forges.credential import App
from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository as Listed
from bot.model.promotion import Report
from bot.model.secret import AppKey
from bot.playground.github import faults

URL = "https://acme.slack.com/archives/C1/p2"


@pytest.fixture
def report(world):
    commit = world.gitops.bare.branches()["main"]
    return Report("config", commit, "staging", "in_progress", "Syncs payment v1.3.0", URL)


def deployments(world):
    return [
        (each.environment, each.production, [told.state for told in each.told]) for each in world.gitops.deployments
    ]


def statuses(world, report):
    return [(each.context, each.state, each.url) for each in world.gitops.all_statuses(report.commit)]


def test_a_change_is_told_from_queued_to_success(world, adapter, report):
    for state in ("queued", "in_progress", "in_progress", "success", "success"):
        adapter.report(replace(report, state=state))
    assert deployments(world) == [("staging", False, ["queued", "in_progress", "success"])]
    context = "quarterdeck/staging"
    assert statuses(world, report) == [(context, "pending", URL), (context, "success", URL)]


def test_each_environment_and_commit_has_its_own(world, adapter, report):
    other = world.gitops.commit("main", {"payment.yaml": b"image: v9\n"}, "Next", world.ana)
    adapter.report(replace(report, state="success"))
    adapter.report(replace(report, environment="production", production=True, state="failure"))
    adapter.report(replace(report, commit=other, state="success"))
    assert deployments(world) == [
        ("staging", False, ["success", "inactive"]),
        ("production", True, ["failure"]),
        ("staging", False, ["success"]),
    ]


def test_what_others_deployed_is_left_alone(world, adapter, report):
    world.gitops.deploy(world.ana, "main", report.commit, "staging", description="", task="deploy", production=False)
    world.gitops.tell(report.commit, world.ana, "ci", "success")
    adapter.report(report)
    assert deployments(world) == [("staging", False, []), ("staging", False, ["in_progress"])]


@pytest.mark.parametrize(
    ("state", "told"), [("error", "error"), ("inactive", "error"), ("failure", "failure"), ("success", "success")]
)
def test_a_commit_says_it_in_its_own_words(world, adapter, report, state, told):
    adapter.report(replace(report, state=state, description="Superseded\n by v1.3.1 " + "x" * 200, url="slack://C1"))
    (status,) = world.gitops.all_statuses(report.commit)
    assert (status.state, status.url, len(status.description)) == (told, "", 140)
    assert status.description.startswith("Superseded by v1.3.1 x")


def test_a_kill_in_between_leaves_one(world, adapter, report):
    world.github.faults.plan(faults.bad_gateway(after=True), method="POST", path="/deployments")
    with pytest.raises(Unavailable):
        adapter.report(report)
    adapter.report(report)
    assert deployments(world) == [("staging", False, ["in_progress"])]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "deployments: write and statuses: write"),
        ({"deployments": "write"}, "statuses: write"),
        ({"statuses": "write", "deployments": "read", "checks": "read"}, "deployments: write"),
    ],
)
def test_rights_that_are_missing_are_named(world, report, given, missing):
    app = world.github.add_app("quarterdeck", "Quarterdeck")
    granted = {"contents": "write", "pull_requests": "write", "metadata": "read"}
    world.github.install(app, "acme", ["gitops"], granted | given)
    key = AppKey(str(app.id), app.key)
    credential = App(world.github.api_url, key, ["acme/gitops"], clock=lambda: world.github.now().timestamp())
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Adapter(world.github.api_url, credential, listed) as forge, pytest.raises(Refusal) as refused:
        forge.report(report)
    credential.close()
    assert str(refused.value) == (
        f"GitHub does not let the bot tell acme/gitops of deployments: give its token or App the permission {missing}"
        " there, or set deployments: false under the environment staging."
    )


def test_a_commit_that_is_not_there_is_refused(adapter, report):
    with pytest.raises(Refusal, match=r"could not tell acme/gitops how staging does as it was asked to \(422\)"):
        adapter.report(replace(report, commit="0" * 40))


def test_a_repository_that_moved_is_named(world, adapter, report):
    moved = faults.Fault(307, {"message": "Moved Permanently"}, {"Location": f"{world.github.api_url}/repositories/1"})
    world.github.faults.plan(moved, method="POST", path="/deployments")
    with pytest.raises(Refusal, match=r"acme/gitops was renamed or moved at GitHub: correct its URL in the config\."):
        adapter.report(report)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (faults.secondary_rate_limit(30), "GitHub's rate limit does not let the bot tell acme/gitops how staging does"),
        (faults.rate_limit(1_030), "GitHub's rate limit does not let the bot tell acme/gitops how staging does"),
        (faults.error(500), "GitHub failed to tell acme/gitops how staging does"),
        (faults.Fault(200, "<html>a proxy's page</html>"), "What answers at .* is not GitHub's API"),
    ],
)
def test_a_bad_day_ends_in_a_sentence(world, adapter, report, fault, sentence):
    world.github.faults.plan(fault, method="GET", path="/deployments")
    with pytest.raises(Unavailable, match=sentence):
        adapter.report(report)
    adapter.report(report)
    assert deployments(world) == [("staging", False, ["in_progress"])]
