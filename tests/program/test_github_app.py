"""The whole bot signed in as a GitHub App: clone, pull request, labels, merge and commits that GitHub signs."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import commands
from bot.app import App
from bot.command import discover
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Message, Place
from bot.playground.github import GitHub
from bot.playground.github.rules import Protection
from bot.playground.server import serve

FILE = "environments/production/payment/pod.yaml"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: acme/payment:{}}}]}}\n"
CONFIG = """\
repositories: {{config: {{url: {url}}}}}
environments: {{production: {{path: "environments/production/{{service}}", aliases: [prod], {more}}}}}
author: {{sign: github}}
"""


class World:
    def __init__(self, folder: Path, github: GitHub) -> None:
        self.folder, self.github = folder, github
        self.gitops = github.create_repository("acme/gitops", {FILE: POD.format("v1.2.0").encode()})
        self.app = github.add_app("quarterdeck", "Quarterdeck")
        github.install(self.app, "acme", ["gitops"])
        self.key = folder / "app.pem"
        self.key.write_text(self.app.key.reveal())

    def say(self, text: str, more: str = "", **variables: str) -> Reply:
        config = self.folder / "quarterdeck.yaml"
        config.write_text(CONFIG.format(url=self.github.clone_url("acme/gitops"), more=more))
        surroundings = Surroundings.read(
            {
                "QUARTERDECK_DATA": str(self.folder / "data"),
                "GITHUB_API_URL": self.github.api_url,
                "GITHUB_APP_ID": str(self.app.id),
                "GITHUB_APP_PRIVATE_KEY_FILE": str(self.key),
            }
            | variables
        )
        with App(load(config, discover(commands).commands), surroundings) as bot:
            message = Message(f"say:{uuid.uuid4()}", text, Actor("terminal", "root"), Place(), datetime.now(UTC))
            answer = bot.conversation.hear(message)
            return answer.afterwards() or answer.reply


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    application = Starlette()
    with serve(application) as url:
        github = GitHub(tmp_path / "github", now=lambda: datetime.now(UTC), public_url=f"{url}/github")
        application.router.routes.append(Mount("/github", routes=github.routes()))
        yield World(tmp_path, github)


def test_a_promotion_is_the_apps_pull_request_and_githubs_commit(world: World) -> None:
    said = world.say("promote payment v1.3.0 to prod", more="labels: [release]")
    assert said.outcome is Outcome.OPENED, said.text
    (pull,) = world.gitops.pulls()
    assert pull.author.login == "quarterdeck[bot]"
    assert "release" in pull.labels
    assert world.gitops.bare.read(pull.head, FILE) == POD.format("v1.3.0").encode()
    assert world.gitops.verified(pull.head)
    assert [name for name in world.gitops.bare.branches() if name.startswith("quarterdeck/signing/")] == []
    assert all(each.access.repositories == {"acme/gitops"} for each in world.github.tokens)
    assert world.say("promote payment v1.3.0 to prod").outcome is Outcome.ADOPTED
    assert len(world.gitops.pulls()) == 1


def test_it_can_merge_where_only_signed_commits_by_pull_request_land(world: World) -> None:
    world.gitops.protected["main"] = Protection(signed=True)
    said = world.say("promote payment v1.3.0 to prod", more="merge: when-ready")
    assert said.text.startswith("Pull request #1 is merged"), said.text
    assert world.gitops.bare.read("main", FILE) == POD.format("v1.3.0").encode()


def test_a_push_lands_where_only_signed_commits_do(world: World) -> None:
    world.gitops.protected["main"] = Protection(pulls=False, signed=True)
    said = world.say("promote payment v1.3.0 to prod", more="change: push")
    assert said.outcome is Outcome.COMMITTED, said.text
    assert world.gitops.verified(world.gitops.bare.branches()["main"])


def test_a_suspended_app_is_said_and_does_nothing(world: World) -> None:
    world.app.installations[0].suspended = world.github.now()
    said = world.say("promote payment v1.3.0 to prod")
    assert f"The installation of GitHub App {world.app.id} for acme/gitops is suspended" in said.text
    assert world.gitops.pulls() == []


def test_githubs_signature_without_a_sign_in_is_refused(world: World) -> None:
    said = world.say("promote payment v1.3.0 to prod", GITHUB_APP_ID="", GITHUB_APP_PRIVATE_KEY_FILE="")
    assert said.outcome is Outcome.REFUSED
    assert "author.sign is github, and the bot is not signed in there: set GITHUB_APP_ID or GITHUB_TOKEN." in said.text
