"""Which version is meant, and what makes someone look twice."""

from typing import Any

import pytest
from workbench import Bench, path, pod

from bot.errors import Refusal
from bot.model.catalog import Delivery, Environment, ImagePolicy
from bot.model.change import Draft, Edit, Proposal, Step
from bot.model.reply import Outcome, Reply

BEFORE = {path(environment): pod("v1.0.0") for environment in ("staging", "production")}


def test_a_promotion_as_a_value() -> None:
    bench = Bench()
    planned = bench.plan("promote payment v1.1.0 to prod")
    assert isinstance(planned, Proposal)
    edit = Edit(path("production"), pod("v1.0.0").encode(), pod("v1.1.0").encode())
    message = planned.drafts[0].message
    assert planned == Proposal(
        verb="promote",
        steps=(Step(bench.context(bench.message("")).target("payment", "production"), "v1.0.0", "v1.1.0"),),
        delivery=Delivery.PULL_REQUEST,
        base=bench.git.newest,
        drafts=(Draft(message, (edit,)),),
        branch="quarterdeck/promote/production/payment/v1.1.0",
        title="Promote payment from v1.0.0 to v1.1.0 in production",
    )
    assert message.startswith("Promote payment from v1.0.0 to v1.1.0 in production\n\nQuarterdeck-Service: payment\n")
    assert bench.plan("promote payment v1.1.0 to prod").fingerprint == planned.fingerprint


def test_the_version_that_is_there_is_no_change_and_says_since_when() -> None:
    bench = Bench()
    sha = bench.put("staging", "v1.1.0", author="Cleo")
    assert bench.plan("promote payment v1.1.0 to staging") == Reply(
        Outcome.UNCHANGED, f"payment in staging is already v1.1.0 since {sha[:10]} by Cleo, 23 hours ago."
    )


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        ("v1.0.0", "v1.0.1", None),
        ("v1.0.0", "v0.9.0", "v0.9.0 is lower than v1.0.0, so this is a downgrade. Go on?"),
        ("v1.0.0", "v1.0.0-rc.1", "v1.0.0-rc.1 is lower than v1.0.0, so this is a downgrade. Go on?"),
        (
            "v1.0.0",
            "1.1.0",
            "One of v1.0.0 and 1.1.0 begins with a v and the other does not; is that image there? Go on?",
        ),
        ("v1.0.0", "main-0a1b2c3", None),
        ("main", "v1.0.0", None),
    ],
)
def test_what_makes_someone_look_twice(before: str, after: str, doubt: str | None) -> None:
    bench = Bench(files={path("staging"): pod(before)})
    planned = bench.plan(f"promote payment {after} to staging")
    assert isinstance(planned, Proposal)
    assert planned.confirm == doubt


@pytest.mark.parametrize(
    ("policy", "version", "why"),
    [
        (ImagePolicy(version="semver"), "latest", "The version latest is not allowed"),
        (ImagePolicy(allow=("ghcr.example/*",)), "v1.1.0", "The image acme/payment is not allowed"),
    ],
)
def test_the_policy_is_asked_first(policy: ImagePolicy, version: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        Bench(images=policy).plan(f"promote payment {version} to staging")


@pytest.mark.parametrize(("runs", "declared"), [("v1.1.0", "v1.1.0")])
def test_without_a_version_what_runs_in_the_environment_before_is_meant(runs: str, declared: str) -> None:
    bench = Bench()
    bench.put("staging", declared)
    bench.runs("staging", runs)
    planned = bench.plan("promote payment to prod")
    assert isinstance(planned, Proposal)
    assert (planned.steps[0].to_version, planned.branch) == ("v1.1.0", "quarterdeck/promote/production/payment/v1.1.0")


def test_the_version_of_the_environment_before_is_judged_by_the_policy_too() -> None:
    bench = Bench(images=ImagePolicy(version="semver"))
    bench.put("staging", "latest")
    bench.runs("staging", "latest")
    with pytest.raises(Refusal, match="The version latest is not allowed"):
        bench.plan("promote payment to prod")


def without_clusters(**more: Any) -> Bench:
    staging = Environment("staging", ("staging/{service}",), "config", delivery=Delivery.PUSH)
    production = Environment("production", ("production/{service}",), "config", aliases=("prod",))
    return Bench(environments={"staging": staging, "production": production}, **more)


def test_where_no_cluster_is_configured_git_says_which_version_is_meant() -> None:
    bench = without_clusters()
    bench.put("staging", "v1.1.0")
    planned = bench.plan("promote payment to prod")
    assert isinstance(planned, Proposal)
    assert planned.steps[0].to_version == "v1.1.0"


NAME_IT = "name the version: promote payment <version> to production"


def refused(bench: Bench, text: str = "promote payment to prod") -> str:
    with pytest.raises(Refusal) as refusal:
        bench.plan(text)
    return str(refusal.value)


def test_before_the_first_environment_there_is_none() -> None:
    assert refused(Bench(), "promote payment to staging") == (
        "staging is the first environment, so name the version: promote payment <version> to staging"
    )


def test_between_two_versions_none_is_meant() -> None:
    bench = Bench()
    bench.put("staging", "v1.1.0")
    bench.runs("staging", "v1.0.0")
    assert refused(bench) == (
        f"payment in staging is between versions: Git says v1.1.0, the cluster runs v1.0.0; {NAME_IT}"
    )


def test_what_is_not_there_has_no_version() -> None:
    said = refused(Bench())
    assert said == f"What runs in staging can't be told (Pod shop/payment is missing); {NAME_IT}"


def test_a_cluster_that_cannot_be_read_tells_no_version() -> None:
    bench = Bench()
    bench.runs("staging", "v1.0.0")
    bench.clusters.down.add("staging")
    assert refused(bench) == f"What runs in staging can't be told (staging can't be reached); {NAME_IT}"


def test_where_git_cannot_tell_the_version_either() -> None:
    bench = without_clusters(files=BEFORE | {path("staging"): "image: [\n"})
    said = refused(bench)
    assert said.startswith(f"Which version staging has can't be told ({path('staging')}:2:1 is not YAML")
    assert said.endswith(NAME_IT)


def test_a_service_that_is_not_in_the_environment_before_says_where_it_is() -> None:
    bench = Bench(files={path("production"): pod("v1.0.0")})
    assert refused(bench) == "payment is not in staging; it is in production. Add its folder there first."
