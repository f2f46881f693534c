"""Commits that GitHub makes and signs, from the mirror to the branch they are meant for."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.errors import Refusal, Unavailable
from bot.forges.signing import FOLDER
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository as Listed
from bot.model.change import Author, Draft, Edit
from bot.playground.github import faults
from bot.playground.github.rules import Protection

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
MESSAGE = "promote(production): payment v1.3.0\n\nBecause.\n\nQuarterdeck-Service: payment\nRequested-by: ana\n"
DRAFT = Draft(MESSAGE, (Edit("payment.yaml", b"image: v1.2.9\n", b"image: v1.3.0\n"),))


@pytest.fixture
def mirrors(world, adapter, tmp_path) -> Iterator[Mirrors]:
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    tokens, author = {"config": world.bot.token}, Author(sign="github")
    now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    with Mirrors(tmp_path / "data", listed, tokens=tokens, author=author, now=lambda: now, committer=adapter) as opened:
        yield opened


@pytest.fixture
def base(mirrors):
    return mirrors.reader().head("config").commit


def drafts(world):
    return [name for name in world.gitops.bare.branches() if name.startswith(FOLDER)]


def test_row_115_the_commit_is_githubs_and_verified(world, mirrors, base):
    writer = mirrors.writer()
    commit = writer.commit("config", base, [DRAFT])
    writer.push_branch("config", BRANCH, commit)
    assert world.gitops.bare.branches()[BRANCH] == commit
    made = world.gitops.bare.log(commit, 1)[0]
    assert (made.parents, made.message) == ((base,), MESSAGE.strip())
    assert (made.author.name, made.author.email) == ("Quarterdeck", "1+quarterdeck@users.noreply.127.0.0.1")
    assert (made.committer.name, made.committer.email) == ("GitHub", "noreply@github.com")
    said = world.api("GET", f"/repos/acme/gitops/commits/{commit}").json()["commit"]["verification"]
    assert (said["verified"], said["reason"]) == (True, "valid")
    assert drafts(world) == []


def test_it_can_be_pushed_where_only_verified_commits_can(world, mirrors, base):
    world.gitops.protected["main"] = Protection(pulls=False, signed=True)
    writer = mirrors.writer()
    assert writer.push_base("config", writer.commit("config", base, [DRAFT]))
    assert world.gitops.bare.read("main", "payment.yaml") == b"image: v1.3.0\n"


def test_row_114_an_unsigned_one_can_not(world, adapter, mirrors, base, tmp_path):
    world.gitops.protected["main"] = Protection(pulls=False, signed=True)
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Mirrors(tmp_path / "other", listed, tokens={"config": world.bot.token}) as plain:
        writer = plain.writer()
        commit = writer.commit("config", plain.reader().head("config").commit, [DRAFT])
        with pytest.raises(Refusal, match="takes only verified commits on `main`"):
            writer.push_base("config", commit)


def test_several_drafts_are_several_commits_files_that_come_and_go_included(world, mirrors, base):
    second = Draft("second\n", (Edit("new/ü.yaml", None, b"\x00\xff"), Edit("docs/a b.md", b"# Hi\n", None)))
    commit = mirrors.writer().commit("config", base, [DRAFT, second, Draft("nothing\n", ())])
    mirrors.writer().push_branch("config", BRANCH, commit)
    assert [each.message for each in world.gitops.bare.log(commit, 2)] == ["second", MESSAGE.strip()]
    assert world.gitops.bare.read(commit, "new/ü.yaml") == b"\x00\xff"
    assert world.gitops.bare.read(commit, "docs/a b.md") is None


def test_asked_again_the_branch_is_recognised_as_ours(world, mirrors, base):
    writer = mirrors.writer()
    writer.push_branch("config", BRANCH, writer.commit("config", base, [DRAFT]))
    newer = Draft("newer\n", (Edit("payment.yaml", b"image: v1.2.9\n", b"image: v1.4.0\n"),))
    commit = writer.commit("config", base, [newer])
    writer.push_branch("config", BRANCH, commit)
    assert world.gitops.bare.branches()[BRANCH] == commit


def test_a_branch_that_someone_committed_to_on_the_website_is_not(world, mirrors, base):
    writer = mirrors.writer()
    writer.push_branch("config", BRANCH, writer.commit("config", base, [DRAFT]))
    theirs = world.gitops.sign_commit(world.gitops.bare.branches()[BRANCH], {"x": b"x"}, "By hand\n", world.ana)
    world.gitops.bare.point(f"refs/heads/{BRANCH}", theirs)
    newer = Draft("newer\n", (Edit("payment.yaml", b"image: v1.2.9\n", b"image: v1.4.0\n"),))
    with pytest.raises(Refusal, match=r"holds commits of 2\+ana@users\.noreply\.127\.0\.0\.1"):
        writer.push_branch("config", BRANCH, writer.commit("config", base, [newer]))


def test_row_116_a_file_that_would_lose_its_mode_is_refused(world, mirrors):
    tree = world.gitops.bare._git("mktree", stdin=_entries(world)).strip()
    who = world.ana.signature(world.github.now())
    commit = world.gitops.bare.make_commit(tree, [world.gitops.bare.branches()["main"]], "chmod\n", who, who)
    world.gitops.bare.point("refs/heads/main", commit)
    base = mirrors.reader().head("config").commit
    with pytest.raises(Refusal) as refused:
        mirrors.writer().commit("config", base, [DRAFT])
    assert str(refused.value) == (
        "payment.yaml is not a plain file, and the commits that the forge signs can only hold those: make it one"
        " (chmod -x), or sign with a key of the bot's own (`author.sign`)."
    )
    assert drafts(world) == []


def _entries(world):
    return world.gitops.bare._git("ls-tree", "main").replace("100644 blob", "100755 blob").encode()


def test_what_a_kill_left_behind_is_begun_anew(world, adapter, mirrors, base):
    with adapter.signed("config", base, [DRAFT]):
        (left,) = drafts(world)
    world.gitops.commit(left, {"half": b"done"}, "Half done", world.bot)
    commit = mirrors.writer().commit("config", base, [DRAFT])
    assert world.gitops.bare.read(commit, "half") is None
    assert drafts(world) == []


def test_two_at_once_are_told_apart(world, adapter, base):
    world.github.faults.plan(_stale(base), path="/graphql")
    with (
        pytest.raises(Unavailable, match="moved while commits were made on it"),
        adapter.signed("config", base, [DRAFT]),
    ):
        pass
    assert drafts(world) == []


def _stale(base):
    message = f'Expected branch to point to "{base}" but it did not.  Pull and try again.'
    error = {"type": "STALE_DATA", "path": ["createCommitOnBranch"], "locations": [], "message": message}
    return faults.Fault(200, {"data": {"createCommitOnBranch": None}, "errors": [error]})


def test_the_mutation_holds_the_branch_to_what_is_expected(world, base):
    def asked(**more):
        given = {
            "branch": {"repositoryNameWithOwner": "acme/gitops", "branchName": "main"},
            "expectedHeadOid": base,
            "message": {"headline": "T"},
            "fileChanges": {"deletions": [{"path": "payment.yaml"}]},
        }
        query = (
            "mutation M($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
        )
        body = {"query": query, "variables": {"input": given | more}}
        url = world.github.api_url.replace("/v3", "/graphql")
        headers = {"Authorization": f"Bearer {world.bot.token.reveal()}"}
        return world.http.post(url, json=body, headers=headers).json()["errors"][0]["type"]

    assert asked(expectedHeadOid="0" * 40) == "STALE_DATA"
    assert asked(branch={"repositoryNameWithOwner": "acme/gitops", "branchName": "none"}) == "NOT_FOUND"
    assert asked(branch={"repositoryNameWithOwner": "acme/none", "branchName": "main"}) == "NOT_FOUND"
    assert asked(fileChanges={"deletions": [{"path": "none"}]}) == "UNPROCESSABLE"
    assert asked(fileChanges={"additions": [{"path": "a", "contents": "?"}]}) == "UNPROCESSABLE"
    world.gitops.protected["main"] = Protection()
    assert asked() == "BRANCH_PROTECTION_RULE_VIOLATION"
    assert world.gitops.bare.branches()["main"] == base
