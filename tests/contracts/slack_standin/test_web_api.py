"""Slack's own client against the workspace's Web API."""

from typing import Any

import pytest
from loopback import http
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from bot.playground.slack import Workspace


def refused(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        call()
    answer = caught.value.response.data
    assert isinstance(answer, dict)
    return answer


def section(text: str, **rest: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **rest}


def button(label: str = "Confirm", **rest: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, **rest}


def test_the_app_learns_who_it_is(client: WebClient, workspace: Workspace) -> None:
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == (
        workspace.installation.bot_user_id,
        workspace.installation.bot_id,
        workspace.installation.team_id,
    )


def test_a_message_by_channel_name_or_id(client: WebClient, workspace: Workspace) -> None:
    by_name = client.chat_postMessage(channel="#deploys", text="one")
    client.chat_postMessage(channel=by_name["channel"], text="two")
    assert [message.text for message in workspace.messages("#deploys")] == ["one", "two"]


def test_a_form_does_as_well_as_json(workspace: Workspace) -> None:
    token = workspace.installation.bot_token.reveal()
    form = {"token": token, "channel": "#deploys", "text": "hi", "blocks": '[{"type": "divider"}]'}
    answer = http.post(f"{workspace.api_url}chat.postMessage", data=form).json()
    assert answer["ok"] is True
    assert answer["message"]["blocks"][0]["type"] == "divider"


def test_a_body_that_is_no_json_says_so(workspace: Workspace) -> None:
    for body in ("{", "[1]"):
        answer = http.post(f"{workspace.api_url}auth.test", content=body, headers={"Content-Type": "application/json"})
        assert answer.json() == {"ok": False, "error": "invalid_json"}


def test_time_stands_still_but_ids_do_not(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel="#deploys", text="x")["ts"] for _ in range(3)]
    assert stamps == ["1772443800.000000", "1772443800.000001", "1772443800.000002"]


def test_threads_hold_replies(client: WebClient, workspace: Workspace) -> None:
    first = client.chat_postMessage(channel="#deploys", text="first")
    reply = client.chat_postMessage(channel="#deploys", text="reply", thread_ts=first["ts"])
    client.chat_postMessage(channel="#deploys", text="to all", thread_ts=reply["ts"], reply_broadcast=True)
    shown = client.conversations_replies(channel=first["channel"], ts=first["ts"])["messages"]
    assert [message["text"] for message in shown] == ["first", "reply", "to all"]
    assert shown[0]["reply_count"] == 2
    assert {message["thread_ts"] for message in shown} == {first["ts"]}
    assert [message.text for message in workspace.messages("#deploys")] == ["first", "to all"]


def test_an_update_is_marked_edited(client: WebClient, workspace: Workspace) -> None:
    posted = client.chat_postMessage(channel="#deploys", text="open")
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="merged", blocks=[section("merged")])
    (message,) = workspace.messages("#deploys")
    assert (message.text, message.ts, message.edited is not None) == ("merged", posted["ts"], True)


def test_an_ephemeral_message_is_for_one(client: WebClient, workspace: Workspace) -> None:
    client.chat_postEphemeral(channel="#deploys", user=workspace.people[0].id, text="only you")
    assert [message.text for message in workspace.ephemerals("ana")] == ["only you"]
    assert workspace.ephemerals("ben") == []
    assert workspace.messages("#deploys") == []


def test_reactions_come_and_go(client: WebClient, workspace: Workspace) -> None:
    where = client.chat_postMessage(channel="#deploys", text="x")
    place = {"channel": where["channel"], "timestamp": where["ts"]}
    client.reactions_add(name="eyes", **place)
    assert refused(lambda: client.reactions_add(name="eyes", **place))["error"] == "already_reacted"
    assert workspace.messages("#deploys")[0].reactions == (("eyes", (workspace.installation.bot_user_id,)),)
    client.reactions_remove(name="eyes", **place)
    assert refused(lambda: client.reactions_remove(name="eyes", **place))["error"] == "no_reaction"
    assert workspace.messages("#deploys")[0].reactions == ()


def test_people_and_channels(client: WebClient, workspace: Workspace) -> None:
    ana = workspace.people[0].id
    assert client.users_info(user=ana)["user"]["real_name"] == workspace.people[0].real_name
    opened = client.conversations_open(users=[ana])["channel"]["id"]
    assert opened == workspace.direct("ana")
    assert client.conversations_info(channel=opened)["channel"]["is_im"] is True
    names = [channel["name"] for channel in client.conversations_list()["channels"]]
    assert names == ["deploys", "drift", "general"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.chat_postMessage(channel="#nowhere", text="x"), "channel_not_found"),
        (lambda c: c.api_call("chat.postMessage", json={"channel": "#deploys"}), "no_text"),
        (lambda c: c.chat_postMessage(channel="#deploys", text="x" * 40_001), "msg_too_long"),
        (lambda c: c.chat_postMessage(channel="#deploys", text="x", thread_ts="1.000000"), "thread_not_found"),
        (lambda c: c.chat_update(channel="C0DEPLOYS1", ts="1.000000", text="x"), "message_not_found"),
        (lambda c: c.chat_update(channel="#deploys", ts="1.000000", text="x"), "channel_not_found"),
        (lambda c: c.chat_postEphemeral(channel="#deploys", user="U0", text="x"), "user_not_in_channel"),
        (lambda c: c.conversations_replies(channel="#deploys", ts="1.000000"), "thread_not_found"),
        (lambda c: c.users_info(user="U0"), "user_not_found"),
        (lambda c: c.views_open(trigger_id="1.2.3", view={"type": "modal"}), "expired_trigger_id"),
        (lambda c: c.api_call("chat.shout"), "unknown_method"),
        (lambda c: c.apps_connections_open(app_token=c.token), "not_allowed_token_type"),
        (lambda c: WebClient("xoxb-guess", base_url=c.base_url).auth_test(), "invalid_auth"),
        (lambda c: WebClient(base_url=c.base_url).auth_test(), "not_authed"),
        (lambda c: c.chat_postMessage(channel="#deploys", text="x", blocks=["x"]), "invalid_blocks_format"),
        (
            lambda c: c.chat_postMessage(channel="#deploys", text="x", blocks=[section("x" * 2700)] * 5),
            "msg_blocks_too_long",
        ),
    ],
)
def test_refusals_in_slacks_words(client: WebClient, call: Any, error: str) -> None:
    assert refused(lambda: call(client))["error"] == error


def test_someone_elses_message_stays_as_it_is(client: WebClient, workspace: Workspace) -> None:
    ts = workspace.say("ana", "#deploys", "mine")
    answer = refused(lambda: client.chat_update(channel="C0DEPLOYS1", ts=ts, text="yours"))
    assert answer["error"] == "cant_update_message"


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([{"type": "fanfare"}], "unsupported type: fanfare [json-pointer:/blocks/0/type]"),
        ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
        ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ([section("x", block_id="b" * 256)], "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
        ([section("x", colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        (
            [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            [{"type": "actions", "elements": [button(action_id=str(n)) for n in range(26)]}],
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            [{"type": "actions", "elements": [button("x" * 76)]}],
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            [{"type": "actions", "elements": [{"type": "lever"}]}],
            "unsupported type: lever [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            [{"type": "actions", "elements": [button(action_id="a"), button(action_id="a")]}],
            "`action_id` a already exists [json-pointer:/blocks/0]",
        ),
        ([{"type": "divider", "block_id": "b"}] * 2, "`block_id` b already exists"),
        (
            [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
            "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
        ),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "only one table is allowed"),
        (
            [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text"}]}]}],
            "missing required field: text [json-pointer:/blocks/0/elements/0/elements/0]",
        ),
        (
            [section("x", accessory={"type": "image", "image_url": "http://x/y.png"})],
            "missing required field: alt_text [json-pointer:/blocks/0/accessory]",
        ),
    ],
)
def test_blocks_are_held_to_slacks_limits(client: WebClient, blocks: list[dict[str, Any]], message: str) -> None:
    answer = refused(lambda: client.chat_postMessage(channel="#deploys", text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert f"[ERROR] {message}" in answer["response_metadata"]["messages"]


def test_every_block_taken_is_one_slacks_sdk_knows(client: WebClient) -> None:
    word = {"type": "text", "text": "text", "style": {"bold": True}}
    code = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "-a\n+b"}]}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Promotion", "emoji": True}},
        section("*bold*", accessory=button("Open", url="https://example.com", action_id="open")),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*From*\n1"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by Ana"}]},
        {"type": "actions", "elements": [button(style="danger", value="7")]},
        {"type": "image", "image_url": "http://127.0.0.1/x.png", "alt_text": "a chart"},
        {"type": "markdown", "text": "**bold**"},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [word]}, code]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "service"}]]},
    ]
    posted = client.chat_postMessage(channel="#deploys", text="x", blocks=blocks)["message"]["blocks"]
    assert [type(block) is Block or block is None for block in map(Block.parse, posted)] == [False] * len(blocks)
    assert all(block["block_id"] for block in posted)
    assert posted[5]["elements"][0]["action_id"]


@pytest.mark.parametrize("workspace", [{"paced": True}], indirect=True)
def test_a_flood_is_told_to_wait(client: WebClient, workspace: Workspace) -> None:
    for _ in range(5):
        client.chat_postMessage(channel="#deploys", text="x")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#deploys", text="x")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert int(caught.value.response.headers["Retry-After"]) == 1
    client.chat_postMessage(channel="#drift", text="another channel is free")
    client.chat_update(channel="C0DEPLOYS1", ts=workspace.messages("#deploys")[0].ts, text="so is another method")


def test_faults_come_in_order_and_end(client: WebClient, workspace: Workspace) -> None:
    workspace.fail_next("chat.postMessage", error="internal_error")
    workspace.fail_next("chat.postMessage", status=503)
    workspace.fail_next("chat.postMessage", error="ratelimited", status=429, retry_after=2, done=True)
    assert refused(lambda: client.chat_postMessage(channel="#deploys", text="1"))["error"] == "internal_error"
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#deploys", text="2")
    assert caught.value.response.status_code == 503
    assert refused(lambda: client.chat_postMessage(channel="#deploys", text="3"))["error"] == "ratelimited"
    assert [message.text for message in workspace.messages("#deploys")] == ["3"]
    client.chat_postMessage(channel="#deploys", text="4")
    assert [message.text for message in workspace.messages("#deploys")] == ["3", "4"]


def test_a_file_is_uploaded_as_slack_publishes_it(client: WebClient, workspace: Workspace) -> None:
    """docs.slack.dev/messaging/working-with-files, "Uploading files"."""
    begun = client.files_getUploadURLExternal(filename="a.txt", length=3)
    assert http.post(begun["upload_url"], content=b"four").status_code == 400  # of another length, and spent
    begun = client.files_getUploadURLExternal(filename="a.txt", length=3)
    complete = [{"id": begun["file_id"], "title": "A"}]
    unsent = refused(lambda: client.files_completeUploadExternal(files=complete, channel_id="C0DEPLOYS1"))
    assert unsent["error"] == "file_not_found"
    assert http.post(begun["upload_url"], content=b"abc").text == "OK - 3"
    named = refused(lambda: client.files_completeUploadExternal(files=complete, channel_id="#deploys"))
    assert named["error"] == "channel_not_found"
    answer = client.files_completeUploadExternal(files=complete, channel_id="C0DEPLOYS1")
    assert answer["files"] == [{"id": begun["file_id"], "title": "A"}]
    assert workspace.messages("#deploys")[0].json()["files"][0]["name"] == "a.txt"
    again = refused(lambda: client.files_completeUploadExternal(files=complete, channel_id="C0DEPLOYS1"))
    assert again["error"] == "file_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filename": "", "length": 3}, "missing_argument"),
        ({"filename": "a", "length": 0}, "invalid_arguments"),
        ({"filename": "a", "length": 10**9}, "file_upload_size_restricted"),
    ],
)
def test_an_upload_that_slack_would_refuse(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert refused(lambda: client.files_getUploadURLExternal(**arguments))["error"] == error


def test_secrets_are_new_for_every_workspace_and_never_shown(workspace: Workspace, clock: Any) -> None:
    other = Workspace(now=clock, address="http://127.0.0.1:1")
    mine, theirs = workspace.installation, other.installation
    assert mine.bot_token != theirs.bot_token
    assert mine.signing_secret != theirs.signing_secret
    assert mine.app_token.reveal().startswith("xapp-")
    for secret in (mine.bot_token, mine.app_token, mine.signing_secret):
        assert secret.reveal() not in repr(mine)
