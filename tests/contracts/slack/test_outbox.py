"""Posts and updates over real HTTP: what Slack's limits, errors and lost answers come to."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from contracts.slack.standins import ANA, DEPLOYS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopback import http

from bot.errors import Unavailable
from bot.model.reply import Choice, Layout, Mark, Outcome, Reply, Section, Step
from bot.model.request import Place
from bot.model.secret import Secret
from bot.playground.slack import Workspace
from bot.slack.client import web_client
from bot.slack.outbox import Outbox

EVERY = 0.1
SYNCED = Reply(Outcome.ANSWERED, "It is synced.")


@pytest.fixture
def outbox(workspace: Workspace) -> Outbox:
    return Outbox(web_client(workspace.installation.bot_token, workspace.api_url), every=EVERY)


def test_a_post_to_a_name_can_be_updated_by_that_name(workspace: Workspace, outbox: Outbox) -> None:
    ts = outbox.post(Place("#deploys"), Reply(Outcome.OPENED, "Open."))
    outbox.update("#deploys", ts, SYNCED)
    assert [(each.ts, each.text) for each in workspace.messages(DEPLOYS)] == [(ts, "It is synced.")]


def test_a_post_goes_into_the_thread_of_its_place(workspace: Workspace, outbox: Outbox) -> None:
    root = workspace.say("ana", "#deploys", "Hello.")
    ts = outbox.post(Place(DEPLOYS, root), SYNCED, to=ANA)
    assert [message.ts for message in workspace.messages(DEPLOYS, root)] == [root, ts]


def test_a_channel_is_known_by_its_id_once_something_was_posted_there(workspace: Workspace, outbox: Outbox) -> None:
    assert outbox.channel("#deploys") == "#deploys"
    ts = outbox.post(Place("#deploys"), Reply(Outcome.OPENED, "Open."))
    assert outbox.channel("#deploys") == DEPLOYS
    restarted = Outbox(web_client(workspace.installation.bot_token, workspace.api_url))
    restarted.update(outbox.channel("#deploys"), ts, SYNCED)
    assert [each.text for each in workspace.messages(DEPLOYS)] == ["It is synced."]


def test_a_long_text_is_put_into_the_thread_as_a_file(workspace: Workspace, outbox: Outbox) -> None:
    root = workspace.say("ana", "#deploys", "Hello.")
    text = "Git wants ü, <!channel>\n" * 9
    outbox.attach(Place(DEPLOYS, root), "drift of payment.txt", text)
    (message,) = workspace.messages(DEPLOYS, root)[1:]
    (file,) = message.files
    assert (file["title"], file["preview"], file["size"]) == ("drift of payment.txt", text, len(text.encode()))
    answer = http.get(file["permalink"])
    assert (answer.text, answer.headers["content-type"]) == (text, "text/plain; charset=utf-8")


def test_a_file_that_may_have_landed_is_not_put_there_again(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("files.completeUploadExternal", status=503, done=True)
    with pytest.raises(Unavailable, match=r"^Slack answered|can't be reached"):
        outbox.attach(Place(DEPLOYS), "a.txt", "x")
    assert len(workspace.messages(DEPLOYS)) == 1


def test_a_file_where_the_bot_is_no_member_is_refused_with_a_sentence(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("files.completeUploadExternal", error="not_in_channel")
    with pytest.raises(Unavailable, match="invite it there"):
        outbox.attach(Place(DEPLOYS), "a.txt", "x")


def test_a_channel_that_must_wait_keeps_its_order_and_loses_nothing(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("chat.postMessage", error="ratelimited", status=429, retry_after=0)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(outbox.post, Place(DEPLOYS), Reply(Outcome.ANSWERED, "First."))
        until(lambda: outbox._channels[DEPLOYS].locked() or first.done())
        outbox.post(Place(DEPLOYS), Reply(Outcome.ANSWERED, "Second."))
    assert [message.text for message in workspace.messages(DEPLOYS)] == ["First.", "Second."]


def test_a_wait_that_is_too_long_is_said_instead(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("chat.postMessage", error="ratelimited", status=429, retry_after=3600)
    with pytest.raises(
        Unavailable, match=r"^Slack takes no more calls of chat\.postMessage for 3600 seconds\.$"
    ) as caught:
        outbox.post(Place(DEPLOYS), SYNCED)
    assert caught.value.retry_after == 3600


def test_a_post_that_may_have_landed_is_not_said_again(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("chat.postMessage", status=502, done=True)
    with pytest.raises(Unavailable):
        outbox.post(Place(DEPLOYS), SYNCED)
    assert [message.text for message in workspace.messages(DEPLOYS)] == ["It is synced."]


def test_a_limit_told_in_the_body_alone_is_not_said_again_either(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("chat.postMessage", error="rate_limited", done=True)
    with pytest.raises(Unavailable, match="for 1 seconds"):
        outbox.post(Place(DEPLOYS), SYNCED)
    assert len(workspace.messages(DEPLOYS)) == 1


def test_an_update_whose_answer_is_lost_is_repeated(workspace: Workspace, outbox: Outbox) -> None:
    ts = outbox.post(Place(DEPLOYS), Reply(Outcome.OPENED, "Open."))
    workspace.fail_next("chat.update", status=502)
    outbox.update(DEPLOYS, ts, SYNCED)
    assert [message.text for message in workspace.messages(DEPLOYS)] == ["It is synced."]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("not_in_channel", f"The bot is not in {DEPLOYS}: invite it there with /invite, then ask again."),
        (
            "channel_not_found",
            f"Slack knows no channel {DEPLOYS} that the bot may see: check the name, and invite the bot.",
        ),
        (
            "invalid_auth",
            "Slack refuses SLACK_BOT_TOKEN: copy it anew from the app's pages, once the app is installed there.",
        ),
        (
            "missing_scope",
            "The Slack app lacks a permission for chat.postMessage: install it again with deploy/slack-app.yaml.",
        ),
        ("fatal_error", "Slack answered 'fatal_error' to chat.postMessage."),
        ("<html>Secret 1</html>", "Slack answered something that is no answer of its API to chat.postMessage."),
    ],
)
def test_errors_are_sentences(workspace: Workspace, outbox: Outbox, error: str, sentence: str) -> None:
    workspace.fail_next("chat.postMessage", error=error)
    with pytest.raises(Unavailable) as caught:
        outbox.post(Place(DEPLOYS), SYNCED)
    assert str(caught.value) == sentence


def test_a_page_of_a_proxy_is_not_repeated_to_anyone(workspace: Workspace, outbox: Outbox) -> None:
    workspace.fail_next("chat.postMessage", status=503)
    with pytest.raises(Unavailable) as caught:
        outbox.post(Place(DEPLOYS), SYNCED)
    assert str(caught.value) == "Slack answered something that is no answer of its API to chat.postMessage."


def test_a_slack_that_is_away_is_said_after_some_tries(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(web_client(Secret("xoxb-1"), "http://127.0.0.1:9/api"))
    with caplog.at_level(logging.CRITICAL), pytest.raises(Unavailable) as caught:
        outbox.post(Place(DEPLOYS), SYNCED)
    assert str(caught.value) == "Slack can't be reached for chat.postMessage: try again in a minute."
    assert caught.value.retry_after == 60


def test_of_updates_in_a_hurry_the_first_and_the_newest_are_shown(workspace: Workspace, outbox: Outbox) -> None:
    ts = outbox.post(Place(DEPLOYS), Reply(Outcome.OPENED, "Open."))
    shown: list[str] = []
    unwatch = workspace._conversations.watch(lambda: shown.append(workspace.messages(DEPLOYS)[0].text))
    began = time.monotonic()
    outbox.update(DEPLOYS, ts, Reply(Outcome.ANSWERED, "State 0"))
    first = outbox._newest[DEPLOYS, ts]
    with ThreadPoolExecutor(8) as pool:
        for number in range(1, 8):
            pool.submit(outbox.update, DEPLOYS, ts, Reply(Outcome.ANSWERED, f"State {number}"))
            until(lambda waiting=first + number: outbox._newest[DEPLOYS, ts] == waiting)
    unwatch()
    assert (shown[0], shown[-1]) == ("State 0", "State 7")
    assert len(shown) <= 1 + (time.monotonic() - began) / EVERY


STEPS = Reply(
    Outcome.ANSWERED,
    "It is merged.",
    (Section(layout=Layout.STEPS, steps=(Step("Merge", Mark.DONE), Step("Sync", Mark.NOW))),),
)


@pytest.fixture
def newer(workspace: Workspace) -> Outbox:
    """One that is to show steps by Slack's newer block."""
    return Outbox(web_client(workspace.installation.bot_token, workspace.api_url), every=EVERY, plan=True)


def shapes(workspace: Workspace) -> list[str]:
    return [workspace.messages(DEPLOYS)[-1].blocks[1]["type"], *(each.text for each in workspace.messages(DEPLOYS))]


def test_steps_are_a_plan_where_slack_takes_it(workspace: Workspace, newer: Outbox, outbox: Outbox) -> None:
    text = "It is merged.\nDone: merge. Now: sync."
    ts = newer.post(Place(DEPLOYS), STEPS)
    assert shapes(workspace) == ["plan", text]
    outbox.update(DEPLOYS, ts, STEPS)
    assert shapes(workspace) == ["rich_text", text]


def test_where_slack_refuses_a_plan_steps_are_lines_from_then_on(
    workspace: Workspace, newer: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.fail_next("chat.postMessage", error="invalid_blocks")
    ts = newer.post(Place(DEPLOYS), STEPS)
    assert shapes(workspace)[0] == "rich_text"
    newer.update(DEPLOYS, ts, STEPS)
    assert shapes(workspace)[0] == "rich_text"
    assert caplog.text.count("Steps are shown as lines from now on") == 1


def test_an_update_that_is_refused_for_its_plan_is_made_with_lines(workspace: Workspace, newer: Outbox) -> None:
    ts = newer.post(Place(DEPLOYS), SYNCED)
    workspace.fail_next("chat.update", error="invalid_blocks")
    newer.update(DEPLOYS, ts, STEPS)
    assert shapes(workspace)[0] == "rich_text"


def test_a_message_that_is_refused_for_another_block_is_not_said_twice(workspace: Workspace, newer: Outbox) -> None:
    workspace.fail_next("chat.postMessage", error="invalid_blocks")
    with pytest.raises(Unavailable):
        newer.post(Place(DEPLOYS), SYNCED)
    assert workspace.messages(DEPLOYS) == []


def test_what_is_broadcast_is_seen_in_the_channel_too(workspace: Workspace, outbox: Outbox) -> None:
    root = workspace.say("ana", "#deploys", "Hello.")
    quiet, loud = (outbox.post(Place(DEPLOYS, root), replace(SYNCED, broadcast=each)) for each in (False, True))
    found = {message.ts: message.broadcast for message in workspace.messages(DEPLOYS, root)[1:]}
    assert found == {quiet: False, loud: True}


def test_a_link_leads_to_a_message_once_its_channel_is_known(workspace: Workspace) -> None:
    client = web_client(workspace.installation.bot_token, workspace.api_url)
    outbox = Outbox(client, workspace="https://acme.slack.com/")
    assert outbox.link("#deploys", "170.2") == ""
    outbox.post(Place("#deploys"), SYNCED)
    assert outbox.link("#deploys", "170.2") == f"https://acme.slack.com/archives/{DEPLOYS}/p1702"
    threaded = f"https://acme.slack.com/archives/{DEPLOYS}/p1702?thread_ts=170.1&cid={DEPLOYS}"
    assert outbox.link(DEPLOYS, "170.2", "170.1") == threaded
    assert Outbox(client).link(DEPLOYS, "170.2") == ""


anything = st.text(max_size=80) | st.sampled_from(["<!channel>", "&" * 4000, "x\n" * 9000, "```", ""])
replies = st.builds(
    Reply,
    st.sampled_from(Outcome),
    anything,
    st.lists(
        st.builds(Section, anything, st.sampled_from(Layout), st.lists(st.tuples(anything, anything)).map(tuple)),
        max_size=60,
    ).map(tuple),
    st.lists(
        st.builds(Choice, anything, url=st.none() | st.just("https://example.com/"), action=st.just("confirm")),
        max_size=1,
    ).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(replies)
def test_slack_takes_every_reply(workspace: Workspace, outbox: Outbox, reply: Reply) -> None:
    assert outbox.post(Place(DEPLOYS), reply)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
