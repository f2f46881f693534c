"""Which deliveries the bot takes by HTTP, by what it was given."""

from pathlib import Path

import pytest

import commands
from bot.app import App
from bot.command import discover
from bot.config.environment import Surroundings
from bot.config.settings import load
from bot.model.secret import Secret

CONFIG = """\
repositories: {config: {url: https://github.com/acme/gitops.git}}
environments: {staging: {path: "environments/staging/{service}"}}
"""


class Slack:
    def dispatch(self, request: object) -> None:
        raise AssertionError(request)


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"slack_app_token": Secret("xapp-1")}, set()),
        ({"slack_app_token": Secret("xapp-1"), "github_webhook_secret": Secret("hook")}, {"/github/events"}),
        ({"slack_signing_secret": Secret("sign")}, {"/slack/events"}),
        (
            {"slack_signing_secret": Secret("sign"), "github_webhook_secret": Secret("hook")},
            {"/slack/events", "/github/events"},
        ),
    ],
)
def test_webhooks_are_taken_where_there_is_a_secret_for_them(
    tmp_path: Path, given: dict[str, Secret], paths: set[str]
) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    with App(load(config, discover(commands).commands), Surroundings(tmp_path, Secret("sqlite://"), **given)) as app:
        assert set(app._deliveries(Slack(), print)) == paths
