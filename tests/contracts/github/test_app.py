"""Signing in as a GitHub App: tokens by a key, for one repository each, with the least that serves, and renewed."""

import re
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from bot.errors import Refusal, Unavailable
from bot.forges.credential import App
from bot.forges.github import GitHub as Adapter
from bot.model.catalog import Repository as Listed
from bot.model.secret import AppKey, Renewed, Secret
from bot.playground.github import faults
from bot.playground.github.apps import GRANTED, key_pair

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"


@pytest.fixture(scope="module")
def pairs():
    return key_pair(), key_pair()


@pytest.fixture
def app(world, pairs):
    """Installed for the config repository and for the source of a service."""
    made = world.github.add_app("quarterdeck", "Quarterdeck", pairs[0])
    world.github.create_repository("acme/payment", {"main.py": b"1\n"})
    world.github.install(made, "acme", ["gitops", "payment"])
    return made


@pytest.fixture
def credential(world, app):
    made = App(
        world.github.api_url,
        AppKey(str(app.id), app.key),
        ["acme/gitops"],
        clock=lambda: world.github.now().timestamp(),
    )
    yield made
    made.close()


@pytest.fixture
def forge(world, credential):
    listed = {"config": Listed("config", world.github.clone_url("acme/gitops"))}
    with Adapter(world.github.api_url, credential, listed) as made:
        yield made


def issued(world):
    return [(each.access.repositories, each.access.permissions) for each in world.github.tokens]


def test_what_it_opens_is_its_own(world, forge):
    world.branch()
    opened = forge.open("config", title="Promote", body="", branch=BRANCH)
    assert (opened.author, opened.ours) == ("quarterdeck[bot]", True)
    assert forge.pulls("config") == (opened,)
    assert forge.pull("config", 1) == opened


def test_a_token_is_for_one_repository_and_the_least_that_serves(world, credential):
    credential.token("acme/gitops"), credential.token("acme/payment")
    assert issued(world) == [
        ({"acme/gitops"}, GRANTED),
        ({"acme/payment"}, {"contents": "read", "metadata": "read"}),
    ]


def test_without_the_rights_to_follow_it_works_with_less(world, app, credential):
    less = {"contents": "write", "pull_requests": "write", "checks": "read", "statuses": "read", "metadata": "read"}
    app.installations[0].permissions = less
    credential.token("acme/gitops")
    assert issued(world) == [({"acme/gitops"}, {name: less[name] for name in less if name != "statuses"})]


def test_a_token_serves_until_shortly_before_its_end(world, credential):
    first = credential.token("acme/gitops")
    assert credential.token("acme/gitops") == first
    later = datetime(2026, 11, 20, 9, 56, tzinfo=UTC)
    world.github.now = lambda: later
    second = credential.token("acme/gitops")
    assert second != first
    world.github.now = lambda: later + timedelta(minutes=10)
    assert world.github.who(first.reveal()) is None
    assert world.github.who(second.reveal()) is not None


def test_a_token_that_is_not_accepted_any_more_is_replaced(world, forge):
    forge.pulls("config")
    world.github.tokens.clear()
    with pytest.raises(Unavailable) as raised:
        forge.pulls("config")
    assert str(raised.value) == (
        "GitHub does not accept the token it gave to the bot's App (401), so it could not list the pull requests of"
        " acme/gitops: try again."
    )
    assert forge.pulls("config") == ()


def test_it_may_not_do_what_it_did_not_ask_for(world, credential):
    """The stand-in holds tokens to their permissions: what the adapter does is allowed by those it asks for."""
    headers = {"Authorization": f"Bearer {credential.token('acme/payment').reveal()}"}
    world.github.repository("acme/payment").commit("x", {"a": b"1"}, "X", world.ana)
    pulls = "/repos/acme/payment/pulls"
    opened = world.api("POST", pulls, headers=headers, json={"head": "x", "base": "main", "title": "T"})
    assert (opened.status_code, opened.json()["message"]) == (403, "Resource not accessible by integration")
    assert world.api("GET", "/repos/acme/gitops", headers=headers).status_code == 404


def test_git_is_opened_by_the_same_token(world, credential):
    """As `bot.mirrors` is given it: a secret that is asked for anew at each use."""
    secret = Renewed(ask=lambda: credential.token("acme/gitops"))
    url = f"{world.github.clone_url('acme/gitops')}/info/refs?service=git-receive-pack"
    assert world.http.get(url, auth=("x-access-token", secret.reveal())).status_code == 200
    reading = credential.token("acme/payment").reveal()
    other = f"{world.github.clone_url('acme/payment')}/info/refs?service="
    assert world.http.get(f"{other}git-upload-pack", auth=("x-access-token", reading)).status_code == 200
    assert world.http.get(f"{other}git-receive-pack", auth=("x-access-token", reading)).status_code == 403
    assert world.http.get(url, auth=("x-access-token", reading)).status_code == 404
    assert secret.reveal() not in f"{secret} {secret!r}"


def test_its_address_makes_commits_its_own(world, app, forge):
    author = forge.author("config")
    assert author.name == "quarterdeck[bot]"
    assert author.email == f"{app.person.id}+quarterdeck[bot]@users.noreply.127.0.0.1"


def refused(world, app, key=None, **more):
    app_id = more.pop("app_id", str(app.id))
    credential = App(world.github.api_url, AppKey(app_id, key or app.key, **more), ["acme/gitops"])
    try:
        with pytest.raises((Refusal, Unavailable)) as raised:
            credential.token("acme/gitops")
    finally:
        credential.close()
    assert not re.search("BEGIN|ghs_|eyJ", str(raised.value))
    return raised.value


@pytest.mark.parametrize("key", ["ghp_no_key", "-----BEGIN RSA PRIVATE KEY-----\nNO\n-----END RSA PRIVATE KEY-----"])
def test_what_is_no_key_is_refused_at_once(key):
    with pytest.raises(Refusal) as raised:
        App("https://api.github.com", AppKey("1", Secret(key)), [])
    assert str(raised.value) == (
        "GITHUB_APP_PRIVATE_KEY is not an RSA private key in PEM form: give it the whole .pem file that GitHub made for"
        " the App."
    )


def test_the_public_half_of_a_key_is_none(pairs):
    with pytest.raises(Refusal, match="is not an RSA private key in PEM form"):
        App("https://api.github.com", AppKey("1", Secret(pairs[0][1])), [])


def test_another_apps_key(world, app, pairs):
    assert str(refused(world, app, key=pairs[1][0])) == (
        f"GitHub does not accept the key as that of App {app.id} (401): check that GITHUB_APP_ID and"
        " GITHUB_APP_PRIVATE_KEY belong together, and that this machine's clock is right."
    )


def test_an_unknown_app(world, app):
    said = str(refused(world, app, app_id="77"))
    assert said == "GitHub knows no App 77 (404): check GITHUB_APP_ID and GITHUB_API_URL."


def test_an_app_that_is_installed_nowhere(world, app):
    app.installations.clear()
    assert str(refused(world, app)) == (
        f"GitHub App {app.id} is not installed for acme/gitops (404): install it there, on its page under Settings,"
        " GitHub Apps, and let it see that repository."
    )


def test_an_installation_that_is_not_there(world, app):
    assert str(refused(world, app, installation=99)) == (
        f"GitHub App {app.id} has no installation 99 (404): correct GITHUB_APP_INSTALLATION_ID, or leave it out to have"
        " it looked up."
    )


def test_a_given_installation_is_not_looked_up(world, app):
    number = app.installations[0].id
    world.github.faults.plan(faults.error(500), path="/installation")
    credential = App(world.github.api_url, AppKey(str(app.id), app.key, number), ["acme/gitops"])
    assert credential.token("acme/gitops").reveal().startswith("ghs_")
    credential.close()


@pytest.mark.parametrize("given", [False, True], ids=["looked up", "given"])
def test_a_suspended_installation(world, app, given):
    app.installations[0].suspended = world.github.now()
    more = {"installation": app.installations[0].id} if given else {}
    assert str(refused(world, app, **more)) == (
        f"The installation of GitHub App {app.id} for acme/gitops is suspended: an owner of the account can"
        " unsuspend it under Settings, GitHub Apps."
    )


def test_permissions_that_were_not_granted(world, app):
    app.installations[0].permissions = {"contents": "read", "metadata": "read"}
    assert str(refused(world, app)) == (
        f"GitHub App {app.id} is not allowed to write contents and pull requests of acme/gitops (422): give it that"
        " permission, and have its owner accept the change."
    )


def test_a_repository_that_a_given_installation_does_not_see(world, app):
    app.installations[0].repositories = frozenset({"acme/payment"})
    assert str(refused(world, app, installation=app.installations[0].id)) == (
        f"The installation of GitHub App {app.id} does not see acme/gitops (422): add the repository under Repository"
        " access of the installation."
    )


def test_a_limit_and_an_outage_are_told_as_everywhere(world, app):
    world.github.faults.plan(faults.secondary_rate_limit(30), path="/access_tokens")
    limited = refused(world, app)
    assert str(limited) == (
        f"GitHub's rate limit does not let the bot sign in as GitHub App {app.id} for acme/gitops now: try again in 30"
        " seconds."
    )
    assert limited.retry_after == 30
    world.github.faults.plan(faults.bad_gateway(), path="/access_tokens")
    assert "(its error 502): try again in a few minutes." in str(refused(world, app))


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": -10}, "'Expiration time' claim ('exp') must be a numeric value representing the future time"),
        ({"exp": 3600}, "'Expiration time' claim ('exp') is too far in the future"),
        ({"exp": None}, "A JSON web token could not be decoded"),
    ],
)
def test_a_proof_that_is_too_old_or_reaches_too_far_is_not_accepted(world, app, claims, why):
    given = {"iat": int(time.time()), "exp": 60, "iss": str(app.id)} | claims
    proof = {key: time.time() + value if key == "exp" else value for key, value in given.items() if value is not None}
    token = jwt.encode(proof, app.key.reveal(), algorithm="RS256")
    answer = world.api("GET", "/app", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["message"]) == (401, why)
