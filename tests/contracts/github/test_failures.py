"""Whatever goes wrong between the bot and GitHub ends in one sentence, without GitHub's words and without waiting."""

import logging
import socket

import pytest

from bot.errors import Refusal, Unavailable
from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository
from bot.model.secret import Secret
from bot.playground.github import faults
from bot.playground.github.faults import Fault

LISTED = {"config": Repository("config", "https://github.com/acme/gitops.git")}


INVALID = {
    "message": "Validation Failed",
    "errors": [{"field": "body", "code": "invalid"}, {"field": "<b>SECRET", "code": "invalid"}],
    "documentation_url": "https://docs.github.com/rest",
}
WHAT = "comment on acme/gitops#1"


FAILURES = [
    (
        faults.error(401, "Bad credentials"),
        Unavailable(
            f"GitHub does not accept the bot's token (401), so it could not {WHAT}: "
            "put a valid one into GITHUB_TOKEN and start the bot again."
        ),
    ),
    (
        faults.error(403, "Resource not accessible by personal access token"),
        Unavailable(
            f"GitHub does not allow the bot to {WHAT} (403): "
            "its token needs to read contents and write pull requests there."
        ),
    ),
    (
        faults.error(404, "Not Found"),
        Refusal(
            f"GitHub could not {WHAT} (404): it is not there, or the bot may not see it; check the name and number."
        ),
    ),
    (faults.error(410, "SECRET"), Unavailable(f"GitHub did not {WHAT}: it answered with status 410.")),
    (faults.error(422, "SECRET"), Refusal(f"GitHub could not {WHAT} as it was asked to (422).")),
    (Fault(422, INVALID), Refusal(f"GitHub could not {WHAT} as it was asked to (422): it refuses the body.")),
    (
        faults.error(500, "SECRET"),
        Unavailable(f"GitHub failed to {WHAT} (its error 500): try again in a few minutes."),
    ),
    (
        faults.bad_gateway(),
        Unavailable(f"GitHub failed to {WHAT} (its error 502): try again in a few minutes."),
    ),
]


@pytest.mark.parametrize(("fault", "meant"), FAILURES, ids=lambda value: str(getattr(value, "status", "")))
def test_each_failure_has_its_sentence(world, adapter, fault, meant):
    world.github.faults.plan(fault)
    with pytest.raises(type(meant)) as raised:
        adapter.comment("config", 1, "Hello")
    assert str(raised.value) == str(meant)
    assert getattr(raised.value, "retry_after", None) is None
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("fault", "said", "wait"),
    [
        (faults.rate_limit(reset=1_600), "10 minutes", 600.0),
        (faults.rate_limit(reset=1_030), "30 seconds", 30.0),
        (faults.rate_limit(reset=900), "a moment", 1.0),
        (faults.secondary_rate_limit(30), "30 seconds", 30.0),
        (faults.secondary_rate_limit(30, status=429), "30 seconds", 30.0),
        (faults.secondary_rate_limit(None), "60 seconds", 60.0),
        (faults.secondary_rate_limit(None, status=429), "60 seconds", 60.0),
    ],
)
def test_row_122_a_rate_limit_says_when_it_ends_and_is_not_waited_for(world, adapter, fault, said, wait):
    """The adapter's clock stands at 1,000."""
    world.github.faults.plan(fault)
    with pytest.raises(Unavailable) as raised:
        adapter.comment("config", 1, "Hello")
    assert str(raised.value) == f"GitHub's rate limit does not let the bot {WHAT} now: try again in {said}."
    assert raised.value.retry_after == wait


def test_a_failure_is_not_tried_again_behind_our_back(world, adapter):
    world.github.faults.plan(faults.error(500))
    with pytest.raises(Unavailable):
        adapter.pulls("config")
    assert adapter.pulls("config") == ()


def test_every_call_translates(world, adapter):
    calls = [
        lambda: adapter.pulls("config"),
        lambda: adapter.open("config", title="T", body="", branch="quarterdeck/x"),
        lambda: adapter.comment("config", 1, "x"),
        lambda: adapter.label("config", 1, ["x"]),
        lambda: adapter.request_review("config", 1, ["ana"]),
        lambda: adapter.close("config", 1),
        lambda: adapter.merge_when_ready("config", 1, head="0" * 40),
    ]
    for call in calls:
        world.github.faults.plan(faults.error(503))
        with pytest.raises(Unavailable, match="its error 503"):
            call()


def test_a_page_instead_of_the_api_is_noticed(world, adapter):
    world.github.faults.plan(Fault(200, faults.UNICORN), times=9)
    calls = [
        lambda: adapter.pulls("config"),
        lambda: adapter.open("config", title="T", body="", branch="quarterdeck/x"),
        lambda: adapter.merge_when_ready("config", 1, head="0" * 40),
    ]
    for call in calls:
        with pytest.raises(Unavailable, match="is not GitHub's API, so the bot could not"):
            call()


def test_a_wrong_token_is_not_shown(world):
    with Adapter(world.github.api_url, Secret("ghp_planted"), LISTED) as forge, pytest.raises(Unavailable) as raised:
        forge.pulls("config")
    assert "does not accept the bot's token (401)" in str(raised.value)
    assert "ghp_planted" not in str(raised.value) + repr(vars(forge))


def test_titles_bodies_and_tokens_are_not_logged(world, adapter, caplog):
    caplog.set_level(logging.DEBUG)
    world.branch()
    adapter.open("config", title="PLANTED", body="PLANTED", branch="quarterdeck/promote/production/payment/v1.3.0")
    assert "PLANTED" not in caplog.text
    assert world.bot.token.reveal() not in caplog.text


@pytest.mark.parametrize("url", ["http://github.example.com/api/v3", "ftp://127.0.0.1/", "api.github.com", ""])
def test_an_address_that_would_give_the_token_away_is_refused(url):
    with pytest.raises(Refusal, match=r"^GITHUB_API_URL must begin with https://"):
        Adapter(url, Secret("ghp_x"), LISTED)


@pytest.mark.parametrize("token", ["", "two words", "ghp_x\n", "ghp_é"])
def test_what_can_t_be_a_token_is_refused_without_showing_it(token):
    with pytest.raises(Refusal) as refused:
        Adapter("https://api.github.com", Secret(token), LISTED)
    assert str(refused.value) == "GITHUB_TOKEN is empty or holds characters that no token has: give it the token alone."


def test_a_host_that_refuses_connections_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        Adapter(f"http://127.0.0.1:{port}/api/v3", Secret("x"), LISTED) as forge,
        pytest.raises(Unavailable, match=rf"GitHub at 127\.0\.0\.1:{port} can't be reached"),
    ):
        forge.pulls("config")


def test_a_host_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v3"
        with (
            Adapter(url, Secret("x"), LISTED, timeout=1) as forge,
            pytest.raises(Unavailable, match="took longer than 1 seconds"),
        ):
            forge.pulls("config")
