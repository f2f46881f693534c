"""GitHub's webhooks: what is verified, what a delivery is about, and what comes of bad ones."""

import asyncio
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from bot.forges.hooks import EVENTS, endpoint, nudges
from bot.model.pull import Nudge
from bot.model.secret import Secret

SECRET = Secret("It's a Secret to Everybody")
OURS = {"acme/gitops": [("config", "main"), ("legacy", "legacy")]}
HEAD = "a" * 40
REPOSITORY = {"full_name": "Acme/GitOps"}
PULL = {"number": 7, "head": {"sha": HEAD}}
ABOUT = {"head_sha": HEAD, "pull_requests": [{"number": 7}, {"number": 9}]}
PAYLOADS = {
    "pull_request": {"number": 7, "pull_request": PULL},
    "pull_request_review": {"pull_request": PULL},
    "check_suite": {"check_suite": ABOUT},
    "check_run": {"check_run": ABOUT},
    "workflow_run": {"workflow_run": ABOUT},
    "status": {"sha": HEAD, "context": "ci"},
    "push": {"ref": "refs/heads/main", "after": HEAD},
    "merge_group": {"action": "checks_requested"},
}


def delivery(event="pull_request", payload=None, **headers):
    body = json.dumps((PAYLOADS[event] if payload is None else payload) | {"repository": REPOSITORY}).encode()
    return body, {
        "x-github-event": event,
        "content-type": "application/json",
        "x-hub-signature-256": signed(body),
        **headers,
    }


def signed(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


class Knocking:
    def __init__(self):
        self.nudged = []
        self._endpoint = endpoint(SECRET, OURS, self.nudged.append)

    def __call__(self, body, headers):
        async def receive():
            return {"type": "http.request", "body": body}

        listed = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": listed, "query_string": b""}
        answer = asyncio.run(self._endpoint(Request(scope, receive)))
        return answer.status_code, answer.body.decode()


@pytest.fixture
def knock():
    return Knocking()


def both(*pulls, commit=""):
    return (Nudge("config", pulls, commit), Nudge("legacy", pulls, commit))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("pull_request", both(7, commit=HEAD)),
        ("pull_request_review", both(7, commit=HEAD)),
        ("check_suite", both(7, 9, commit=HEAD)),
        ("check_run", both(7, 9, commit=HEAD)),
        ("workflow_run", both(7, 9, commit=HEAD)),
        ("status", both(commit=HEAD)),
        ("push", (Nudge("config", (), HEAD),)),
        ("merge_group", both()),
    ],
)
def test_each_event_is_about_what_it_names(knock, event, expected):
    assert knock(*delivery(event)) == (202, "Taken.")
    assert tuple(knock.nudged) == expected


def test_github_s_own_example_of_a_signature():
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    assert signed(b"Hello, World!") == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_it_answers_the_ping(knock):
    assert knock(*delivery("push", {"zen": "Keep it logically awesome."}, **{"x-github-event": "ping"})) == (
        200,
        "pong",
    )
    assert knock.nudged == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-hub-signature-256": ""}, 401),
        ({"x-hub-signature-256": "sha256="}, 401),
        ({"x-hub-signature-256": "sha256=" + "0" * 64}, 401),
        ({"x-hub-signature-256": "sha1=" + "0" * 40}, 401),
        ({"x-hub-signature-256": "sha256=\xe9\xff"}, 401),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"x-github-event": "star"}, 202),
        ({"x-github-event": ""}, 202),
        ({"x-github-event": "check_run"}, 400),
    ],
)
def test_bad_headers_get_the_right_status_and_make_nobody_look(knock, headers, status):
    assert knock(*delivery(**headers))[0] == status
    assert knock.nudged == []


def test_a_signature_by_another_secret_or_of_other_bytes_is_forged(knock):
    body, headers = delivery()
    assert knock(body, headers | {"x-hub-signature-256": signed(body, Secret("another"))})[0] == 401
    assert knock(body + b" ", headers)[0] == 401
    assert knock.nudged == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"repository": null}',
        b'{"repository": {}}',
        b'{"repository": {"full_name": "acme/gitops"}}',
        b'{"repository": {"full_name": "acme/gitops"}, "pull_request": {"number": true, "head": {"sha": ""}}}',
        b'{"repository": {"full_name": "acme/gitops"}, "pull_request": {"number": -1, "head": {"sha": ""}}}',
        b'{"repository": {"full_name": "acme/gitops"}, "pull_request": {"number": 1, "head": {"sha": "main; rm"}}}',
    ],
)
def test_what_is_no_event_is_400(knock, body):
    _, headers = delivery()
    assert knock(body, headers | {"x-hub-signature-256": signed(body)})[0] == 400
    assert knock.nudged == []


def test_other_repositories_and_branches_and_what_we_told_ourselves_make_nobody_look(knock):
    for event, payload in [
        ("push", {"ref": "refs/heads/feature", "after": HEAD}),
        ("push", {"ref": "refs/tags/main", "after": HEAD}),
        ("status", {"sha": HEAD, "context": "quarterdeck/production"}),
    ]:
        assert knock(*delivery(event, payload))[0] == 202
    body = json.dumps(PAYLOADS["pull_request"] | {"repository": {"full_name": "evil/gitops"}}).encode()
    _, headers = delivery()
    assert knock(body, headers | {"x-hub-signature-256": signed(body)})[0] == 202
    assert knock.nudged == []


def test_a_repetition_makes_nobody_look_whatever_its_headers_say(knock):
    body, headers = delivery("check_run")
    assert knock(body, headers) == (202, "Taken.")
    for name in ("check_run", "check_suite"):
        assert knock(body, headers | {"x-github-event": name, "x-github-delivery": "new"}) == (
            202,
            "Ignored: it came before.",
        )
    assert tuple(knock.nudged) == both(7, 9, commit=HEAD)


def test_an_empty_secret_opens_no_door():
    with pytest.raises(ValueError, match="empty secret"):
        endpoint(Secret(""), OURS, print)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(HEAD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["number", "head", "sha", "head_sha", "pull_requests", "full_name"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from([*EVENTS, "ref", "after", "sha", "context"]), JSON))
def test_no_payload_raises_anything_unforeseen(event, payload):
    try:
        found = nudges(event, payload | {"repository": REPOSITORY}, OURS)
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    assert all(number > 0 for nudge in found for number in nudge.pulls)
