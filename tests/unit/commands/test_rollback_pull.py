"""`rollback pr`: what a merged pull request moved goes back, and nothing else."""

from dataclasses import replace

import pytest
from memory import pull
from workbench import ENVIRONMENTS, Bench, path, pod

from bot.errors import Refusal
from bot.model.catalog import Environment, Repository
from bot.model.change import Comparison, Entry, Release, Reversal
from bot.model.reply import Outcome, Reply

SERVICES = ("api", "payment")
OURS = "Promote it\n\nQuarterdeck-Change: 1\nRequested-by: ana"


def bench(**environments: Environment) -> Bench:
    """Both services in both environments at v1.0.0."""
    files = {path(where, name): pod("v1.0.0", name) for where in ENVIRONMENTS for name in SERVICES}
    return squashing(Bench(files=files, environments=ENVIRONMENTS | environments))


def squashing(on: Bench) -> Bench:
    """The commits that a pull request had are none of the branch's, unless told otherwise."""
    on.forge.compared = Comparison("https://github.example/compare", (), 0)
    return on


def merged(on: Bench, number: int, commit: str, state: str = "merged") -> None:
    made = pull("feature", number=number, ours=False)
    on.forge.closed_pulls.append(replace(made, state=state, merged_as=commit if state == "merged" else None))


def land(on: Bench, number: int, *where: tuple[str, str], version: str = "v2.0.0", **files: str) -> str:
    """A squash of a pull request that moves services of environments."""
    moved = {path(environment, name): pod(version, name) for environment, name in where}
    sha = on.git.write(
        moved | {name.replace("__", "/") + ".yaml": text for name, text in files.items()}, f"Ship (#{number})"
    )
    merged(on, number, sha)
    return sha


def test_row_134_services_of_one_environment_go_back_together_a_commit_each() -> None:
    on = bench()
    sha = land(on, 7, ("production", "api"), ("production", "payment"))
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Reversal)
    assert [(str(step.target), step.from_version, step.to_version) for step in planned.steps] == [
        ("api in production", "v2.0.0", "v1.0.0"),
        ("payment in production", "v2.0.0", "v1.0.0"),
    ]
    assert [(draft.message.splitlines()[2], [edit.path for edit in draft.edits]) for draft in planned.drafts] == [
        (f"This reverts commit {sha}.", [path("production", "api")]),
        (f"This reverts commit {sha}.", [path("production", "payment")]),
    ]
    assert planned.branch.startswith("quarterdeck/rollbacks/production/api+payment/")
    assert (planned.notes, planned.confirm) == (("This goes back on pull request #7.",), None)


def test_several_environments_get_a_proposal_each() -> None:
    on = bench()
    land(on, 7, ("production", "payment"), ("staging", "payment"))
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Release)
    assert [each.environment for each in planned.proposals] == ["staging", "production"]


def test_apart_is_one_each() -> None:
    on = bench(production=replace(ENVIRONMENTS["production"], apart=True))
    land(on, 7, ("production", "api"), ("production", "payment"))
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Release)
    assert [each.branch for each in planned.proposals] == [
        f"quarterdeck/rollback/production/{name}/v1.0.0" for name in SERVICES
    ]


def test_row_137_partly_rolled_back_already_the_rest_goes() -> None:
    on = bench()
    land(on, 7, ("production", "api"), ("production", "payment"))
    back = on.put("production", "v1.0.0", "api")
    planned = on.plan("rollback pr #7")
    assert isinstance(planned, Release)
    assert [str(each) for each in planned.proposals[0].targets] == ["payment in production"]
    (skipped,) = planned.skipped
    assert (skipped.refused, skipped.why) == (
        False,
        f"api in production is already rolled back from v2.0.0 to v1.0.0 (since {back[:10]} by Ana, 23 hours ago).",
    )
    said = on.say("rollback pr 7").text
    assert said.startswith("Rollback in production: 1 there already, 1 on the way by pull request.")
    on.put("production", "v1.0.0", "payment")
    reply = on.plan("rollback pr 7")
    assert isinstance(reply, Reply)
    assert (reply.outcome, reply.text.count("is already rolled back")) == (Outcome.UNCHANGED, 2)


def test_row_136_what_moved_it_since_goes_back_too_and_is_asked_first() -> None:
    on = bench()
    land(on, 7, ("production", "payment"))
    on.put("production", "v3.0.0", message=OURS)
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Reversal)
    assert (planned.steps[0].from_version, planned.steps[0].to_version, len(planned.drafts)) == ("v3.0.0", "v1.0.0", 2)
    assert planned.confirm == "It was moved since #7, to v3.0.0; that goes back as well. Go on?"


def test_rows_141_and_142_more_than_the_version_is_asked_first() -> None:
    on = bench()
    land(on, 7, ("production", "payment"), production__payment__extra="a: 1\n", production__api__extra="a: 1\n")
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Reversal)
    assert [edit.path for edit in planned.edits] == ["production/payment/extra.yaml", path("production")]
    assert planned.confirm == (
        "More than the version goes back, in production/payment/extra.yaml (to set the version alone, say: "
        "promote payment v1.0.0 to production). Go on?"
    )


def test_a_rebase_is_as_many_commits_as_it_had() -> None:
    on = bench()
    for name in SERVICES:
        on.put("production", "v1.5.0", name)
    shas = [on.put("production", "v2.0.0", name, message=f"Ship {name}") for name in SERVICES]
    merged(on, 7, shas[-1])
    had = tuple(Entry(sha, f"Ship {name}", "ana", "") for sha, name in zip(shas, SERVICES, strict=True))
    on.forge.compared = Comparison("", had, len(had))
    planned = on.plan("rollback pr 7")
    assert isinstance(planned, Reversal)
    assert [(step.target.service, step.to_version) for step in planned.steps] == [
        ("api", "v1.5.0"),
        ("payment", "v1.5.0"),
    ]


def test_what_came_there_by_it_has_no_version_to_go_back_to() -> None:
    on = squashing(Bench(files={path("production", "api"): pod("v1.0.0", "api")}))
    land(on, 7, ("production", "payment"), version="v1.0.0")
    with pytest.raises(Refusal, match="payment in production: it came there with #7, so there is no version"):
        on.plan("rollback pr 7")


@pytest.mark.parametrize(
    ("number", "state", "why"),
    [
        (
            3,
            "open",
            "Pull request #3 (Promote it) is open, so it moved nothing yet. If it is mine, close it by: cancel pr 3",
        ),
        (4, "closed", "Pull request #4 (Promote it) was closed unmerged, so it moved nothing."),
    ],
)
def test_what_is_not_merged_moved_nothing(number: int, state: str, why: str) -> None:
    on = bench()
    merged(on, number, "", state)
    with pytest.raises(Refusal) as refused:
        on.plan(f"rollback pr {number}")
    assert str(refused.value) == why


def test_what_moved_nothing_is_left_to_the_forge() -> None:
    on = bench()
    land(on, 7, production__payment__extra="a: 1\n")
    with pytest.raises(Refusal, match="changed no service's version in its own folders"):
        on.plan("rollback pr 7")


def test_merged_into_another_branch_it_moved_nothing_here() -> None:
    on = bench()
    merged(on, 7, "f" * 40)
    with pytest.raises(Refusal, match=r"#7 \(Promote it\) was merged into main, not main\."):
        on.plan("rollback pr 7")


def test_what_is_no_number_is_not_understood() -> None:
    reply = bench().say("rollback pr seven")
    assert (reply.outcome, reply.text) == (
        Outcome.MISUNDERSTOOD,
        "seven is no number of a pull request; such as 12 or #12.",
    )


def test_a_number_that_several_repositories_merged_needs_a_service() -> None:
    on = bench()
    land(on, 7, ("production", "api"))
    on.catalog = replace(on.catalog, repositories={name: Repository(name, "/srv/c") for name in ("config", "other")})
    with pytest.raises(Refusal, match=r"^config and other each have a pull request #7; say: rollback <service>"):
        on.plan("rollback pr 7")
