"""The names of branches."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import branches
from bot.model.catalog import Target
from bot.model.change import Step

TARGET = Target("payment", "production", "config", ("environments/production/payment",))
API = Target("api", "production", "config", ("environments/production/api",))


def to(version: str, target: Target = TARGET) -> Step:
    return Step(target, "v1.2.0", version)


def legal(branch: str) -> bool:
    return subprocess.run(["git", "check-ref-format", f"refs/heads/{branch}"], check=False).returncode == 0


def test_the_branch_is_the_request() -> None:
    assert branches.name("promote", [to("v1.3.0")]) == "quarterdeck/promote/production/payment/v1.3.0"


@pytest.mark.parametrize(("verb", "begins"), [("promote", "release"), ("rollback", "rollbacks")])
def test_of_several_services_it_names_them_in_one_order(verb: str, begins: str) -> None:
    branch = branches.name(verb, [to("v1.3.0"), to("v2.0.0", API)])
    assert branch.rpartition("/")[0] == f"quarterdeck/{begins}/production/api+payment"
    assert branch == branches.name(verb, [to("v2.0.0", API), to("v1.3.0")])
    assert branch != branches.name(verb, [to("v1.3.0"), to("v2.0.1", API)])
    assert (branches.is_release(branch), branches.is_rollback(branch)) == (True, verb == "rollback")
    assert branches.environment(branch, ["staging", "production"]) == "production"


@pytest.mark.parametrize(
    "version", ["sha256:" + "a" * 64, "v1..2", "v1.lock", ".x", "a@{b", "a b", "é", "~^:", "x" * 300, "--upload-pack=x"]
)
def test_row_111_any_version_gives_a_legal_branch(version: str) -> None:
    branch = branches.name("promote", [to(version)])
    assert len(branch) <= branches.LONGEST
    assert legal(branch)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_two_versions_never_share_a_branch(one: str, other: str) -> None:
    same = branches.name("promote", [to(one)]) == branches.name("promote", [to(other)])
    assert same == (one == other)


def test_a_branch_tells_its_target_and_no_other() -> None:
    branch = branches.name("rollback", [to("v1")])
    assert branches.moves(branch, TARGET)
    assert not branches.moves(branch, Target("pay", "production", "config", ("x",)))
    assert not branches.moves("feature/rollback/production/payment/v1", TARGET)
    assert (branches.is_release(branch), branches.is_rollback(branch)) == (False, True)
    assert branches.environment("feature/rollback/production/payment/v1", ["production"]) is None


@pytest.mark.parametrize("verb", ["drift adopt", "drift ignore"])
def test_an_amendment_is_for_its_target_and_moves_it_not(verb: str) -> None:
    branch = branches.amendment(verb, TARGET, "content")
    assert branch.rpartition("/")[0] == f"quarterdeck/{verb.split()[1]}/production/payment"
    assert branch == branches.amendment(verb, TARGET, "content") != branches.amendment(verb, TARGET, "other")
    assert branches.names(branch, TARGET)
    assert branches.amends(branch, verb, TARGET)
    assert not branches.moves(branch, TARGET)
    assert not branches.names(branch, API)
    assert not branches.amends(branches.name("promote", [to("v1")]), verb, TARGET)
    assert not branches.amends(branch, "drift ignore" if verb == "drift adopt" else "drift adopt", TARGET)


@pytest.mark.parametrize("service", ["platform/production/ingress", "x" * 300, "..", "a..lock"])
def test_an_amendments_branch_is_legal_whatever_its_target_is_called(service: str) -> None:
    branch = branches.amendment("drift adopt", Target(service, "production", "config", ("f",)), "content")
    assert legal(branch)
    assert len(branch) <= branches.LONGEST
