"""`rollback pr` over real history and without a forge to ask: its commits say which pull request they are."""

from pathlib import Path

import pytest
from bare import CONFIG, Bare

from bot.model.reply import Outcome

KUSTOMIZATION = "resources: [deployment.yaml]\nimages:\n  - name: acme/{}\n    newTag: {}\n"
DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {0}}}\n"
    "spec: {{template: {{spec: {{containers: [{{name: {0}, image: acme/{0}}}]}}}}}}\n"
)


def file(service: str) -> str:
    return f"environments/production/{service}/kustomization.yaml"


def at(version: str, *services: str) -> dict[str, str]:
    return {file(service): KUSTOMIZATION.format(service, version) for service in services}


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    services = ("api", "payment", "web")
    folders = {file(name).replace("kustomization", "deployment"): DEPLOYMENT.format(name) for name in services}
    return Bare(tmp_path, folders | at("v1.0.0", *services))


def merge(bare: Bare, number: int, *services: str) -> None:
    """A pull request of a commit for each service, by a merge commit, among others' work."""
    bare.work("switch", "--quiet", "--create", f"ship-{number}")
    for service in services:
        bare.write(at("v2.0.0", service), f"Ship {service}")
    bare.work("switch", "--quiet", "main")
    bare.write({"README": "x"}, "Something else")
    subject = f"Merge pull request #{number} from acme/ship-{number}"
    bare.work("merge", "--quiet", "--no-ff", "--message", subject, f"ship-{number}")
    bare.push()


def back(*services: str) -> list[str]:
    return ["-    newTag: v2.0.0", "+    newTag: v1.0.0"] * len(services)


def test_row_133_what_a_merge_commit_brought_goes_back_against_its_first_parent(bare: Bare) -> None:
    merge(bare, 7, "api", "payment")
    asked = bare.say("rollback pr 7")
    assert asked.text == (
        "production: api v2.0.0 → v1.0.0, payment v2.0.0 → v1.0.0. "
        "This is committed at once, without a pull request. Go on?"
    )
    assert bare.say("rollback pr 7", yes=True).outcome is Outcome.COMMITTED
    assert bare.changed("main~2") == back("api", "payment")
    assert (
        bare.git("log", "-2", "--format=%s", "main").splitlines()
        == ['Revert "Merge pull request #7 from acme/ship-7"'] * 2
    )


def test_row_132_a_squash_goes_back_and_others_moved_since_stay(bare: Bare) -> None:
    bare.commit(at("v2.0.0", "api", "payment"), "Ship both (#7)")
    bare.commit(at("v2.0.0", "web"), "Ship web (#8)")
    assert bare.say("rollback pr 7", yes=True).outcome is Outcome.COMMITTED
    assert bare.changed("main~2") == back("api", "payment")
    assert "newTag: v2.0.0" in bare.git("show", f"main:{file('web')}")


def test_row_135_a_conflict_sets_the_version_alone_and_says_so(bare: Bare) -> None:
    bare.commit(at("v2.0.0", "api"), "Ship api (#7)")
    bare.commit({file("api"): KUSTOMIZATION.format("api", "v2.0.0 # seen")}, "Note it")
    rolled = bare.say("rollback pr 7", yes=True)
    assert "only the version is set back" in " ".join(section.text for section in rolled.sections)
    assert bare.changed() == ["-    newTag: v2.0.0 # seen", "+    newTag: v1.0.0 # seen"]


def test_row_137_said_again_it_is_rolled_back_already(bare: Bare) -> None:
    bare.commit(at("v2.0.0", "api"), "Ship api (#7)")
    bare.say("rollback pr 7", yes=True)
    tip = bare.git("rev-parse", "main")
    again = bare.say("rollback pr 7", yes=True)
    assert (again.outcome, f"(since {tip[:10]} by root" in again.text) == (Outcome.UNCHANGED, True)
    assert bare.git("rev-parse", "main") == tip


def test_row_141_an_entry_that_came_with_the_promotion_goes_with_it_once_that_is_confirmed(bare: Bare) -> None:
    plain = "resources: [deployment.yaml]\n"
    deployment = DEPLOYMENT.format("api").replace("image: acme/api", 'image: "acme/api:v1.0.0"')
    bare.commit({file("api"): plain, file("api").replace("kustomization", "deployment"): deployment}, "Pin it there")
    bare.commit(at("v2.0.0", "api"), "Add an entry (#7)")
    asked = bare.say("rollback pr 7")
    assert f"More than the version goes back, in {file('api')} (to set the version alone, say: " in asked.text
    bare.say("rollback pr 7", yes=True)
    assert bare.git("show", f"main:{file('api')}") == plain.strip()


def test_row_146_a_second_rollback_starts_from_the_branch_as_it_is(bare: Bare) -> None:
    for said in ("promote api v2.0.0 to prod", "rollback api in prod"):
        bare.say(said, yes=True)
    bare.say("promote api v2.0.0 to prod anyway because it is fixed", yes=True)
    bare.say("rollback api in prod", yes=True)
    assert bare.changed() == back("api")


def test_a_service_that_is_one_file_goes_back_by_a_revert(tmp_path: Path) -> None:
    config = CONFIG.replace("production/{service}", "production/{service}.yaml")
    name, plain = "environments/production/api.yaml", DEPLOYMENT.format("api")
    bare = Bare(tmp_path, {name: plain.replace("image: acme/api", 'image: "acme/api:v1.0.0"')}, config)
    bare.say("promote api v2.0.0 to prod")
    assert bare.say("rollback api in prod", yes=True).outcome is Outcome.COMMITTED
    assert bare.git("log", "-1", "--format=%s", "main").startswith('Revert "Promote api')
    assert bare.git("diff", "--stat", "main~2", "main") == ""


def test_what_no_commit_says_is_not_found(bare: Bare) -> None:
    refused = bare.say("rollback pr 9", yes=True)
    assert (refused.outcome, refused.text) == (
        Outcome.REFUSED,
        "No commit on main says that it merges pull request #9.",
    )
