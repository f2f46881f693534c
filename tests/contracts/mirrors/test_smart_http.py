"""The whole way over smart HTTP with a token: clone, fetch, push, and wrong tokens."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.errors import Unavailable
from bot.model.change import Author, Draft, Edit
from bot.model.secret import Secret
from bot.playground.github import GitHub
from bot.playground.server import serve

BRANCH = "quarterdeck/promote/production/payment/v2"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    application = Starlette()
    with serve(application) as url:
        made = GitHub(tmp_path / "github", now=lambda: datetime(2026, 1, 1, tzinfo=UTC), public_url=f"{url}/github")
        application.router.routes.append(Mount("/github", routes=made.routes()))
        made.create_repository("acme/gitops", {"payment.yaml": b"image: v1\n"})
        yield made


def test_read_commit_push_and_move_a_branch(github, mirrors):
    bot = github.add_person("quarterdeck", "Quarterdeck", bot=True)
    author = Author("Bot", "bot@example.com")
    opened = mirrors(github.clone_url("acme/gitops"), tokens={"config": bot.token}, author=author)
    tree = opened.reader().head("config")
    assert tree.read("payment.yaml") == b"image: v1\n"
    writer = opened.writer()
    edit = Edit("payment.yaml", b"image: v1\n", b"image: v2\n")
    first = writer.commit("config", tree.commit, [Draft("One", (edit,))])
    writer.push_branch("config", BRANCH, first)
    other = writer.commit(
        "config", tree.commit, [Draft("Two", (Edit("payment.yaml", b"image: v1\n", b"image: v3\n"),))]
    )
    writer.push_branch("config", BRANCH, other)
    assert writer.push_base("config", first) is True
    assert writer.push_base("config", other) is False
    bare = github.repository("acme/gitops").bare
    assert bare.branches() == {"main": first, BRANCH: other}
    assert opened.reader().head("config").read("payment.yaml") == b"image: v2\n"


@pytest.mark.parametrize("token", [None, Secret("wrong")])
def test_who_is_not_let_in_is_told_so(github, mirrors, token):
    with pytest.raises(Unavailable, match="refused the credentials: check GITHUB_TOKEN"):
        mirrors(github.clone_url("acme/gitops"), tokens={"config": token}).reader().head("config")


def test_a_repository_that_is_not_there(github, mirrors):
    bot = github.add_person("quarterdeck", "Quarterdeck", bot=True)
    with pytest.raises(Unavailable, match="There is no repository at"):
        mirrors(github.clone_url("acme/nothing"), tokens={"config": bot.token}).reader().head("config")
