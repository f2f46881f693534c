"""Webhooks from the stand-in to the bot's endpoint, over real HTTP."""

import pytest

from bot.forges import hooks
from bot.model.pull import Nudge
from bot.model.secret import Secret
from bot.playground.github.webhooks import Webhooks
from bot.web.server import serve
from bot.web.site import site

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
SECRET = Secret("a webhook's secret")


@pytest.fixture
def pull(world):
    world.branch()
    return world.gitops.open(world.bot, title="Promote payment", body="", head=BRANCH, base="main")


@pytest.fixture
def nudged():
    return []


@pytest.fixture
def url(nudged):
    ours = {"acme/gitops": [("config", "main")]}
    server = serve(site({hooks.PATH: hooks.endpoint(SECRET, ours, nudged.append)}, lambda: None), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}{hooks.PATH}"
    server.stop()


@pytest.fixture
def webhooks(world, pull, url):
    return Webhooks(world.github, url, SECRET)


def events(webhooks):
    return [(each.event, each.status) for each in webhooks.deliveries]


def press(world, action, number=1, by="ben", **more):
    address = f"{world.url}/github/acme/gitops/pull/{number}"
    answer = world.http.post(address, data={"person": by, "action": action} | more)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_what_happens_is_told_once_and_signed(world, pull, webhooks, nudged):
    assert webhooks.ping().status == 200
    webhooks.look()
    assert (events(webhooks), nudged) == ([("ping", 200)], [])


def test_each_thing_that_happens_nudges(world, pull, webhooks, nudged):
    number, head = pull.number, pull.head
    for happen, event, nudge in [
        (lambda: world.gitops.edit(pull, title="Promote"), "pull_request", Nudge("config", (number,), head)),
        (lambda: world.gitops.check(head, "unit"), "check_run", Nudge("config", (number,), head)),
        (lambda: world.gitops.conclude(head, "unit", "SUCCESS"), "check_run", Nudge("config", (number,), head)),
        (lambda: world.gitops.tell(head, world.ana, "ci", "success"), "status", Nudge("config", (), head)),
    ]:
        happen()
        webhooks.look()
        assert events(webhooks)[-1] == (event, 202)
        assert nudged.pop() == nudge
        assert nudged == []
    world.gitops.review(pull, world.ana, "APPROVE", "")
    webhooks.look()
    assert {each.event for each in webhooks.deliveries[-2:]} == {"pull_request", "pull_request_review"}


def test_repeated_and_out_of_order_they_make_nobody_look_again(world, pull, webhooks, nudged):
    world.gitops.edit(pull, state="closed")
    webhooks.look()
    world.gitops.edit(pull, state="open")
    webhooks.look()
    assert len(nudged) == 2
    for index in (1, 0, 1):
        assert webhooks.repeat(index).status == 202
    assert len(nudged) == 2


def test_with_another_secret_nothing_is_taken(world, pull, url, nudged):
    forged = Webhooks(world.github, url, Secret("guessed"))
    world.gitops.edit(pull, state="closed")
    forged.look()
    assert (events(forged), nudged) == ([("pull_request", 401)], [])


def test_a_receiver_that_is_gone_is_no_trouble(world, pull):
    webhooks = Webhooks(world.github, "http://127.0.0.1:9/github/events", SECRET)
    assert webhooks.ping().status is None
