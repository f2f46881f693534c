"""What the chat page asks of the workspace, over HTTP as the page does."""

import json
from collections.abc import Iterator

import httpx
import pytest
from loopback import http
from slack_sdk import WebClient

from bot.playground.slack import Workspace


@pytest.fixture
def page(workspace: Workspace) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=workspace.api_url.removesuffix("/slack/api/"), timeout=5) as client:
        yield client


def test_the_page_may_load_nothing_from_outside(page: httpx.Client) -> None:
    answer = page.get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "chat.js" in answer.text


def test_each_person_sees_their_own_picture(page: httpx.Client, workspace: Workspace, client: WebClient) -> None:
    ana, ben = (person.id for person in workspace.people)
    first = workspace.say("ana", "#deploys", "hello")
    client.chat_postMessage(channel="#deploys", text="in thread", thread_ts=first)
    client.chat_postEphemeral(channel="#deploys", user=ana, text="only Ana")
    pictures = {
        who: page.get("/slack/page/view", params={"as": who, "channel": "C0DEPLOYS1", "thread": first}).json()
        for who in (ana, ben)
    }
    seen = {who: [message["text"] for message in picture["messages"]] for who, picture in pictures.items()}
    assert seen == {ana: ["hello", "only Ana"], ben: ["hello"]}
    assert pictures[ben]["messages"][0]["reply_count"] == 1
    assert [message["text"] for message in pictures[ben]["thread"]] == ["hello", "in thread"]
    direct = {who: [each["id"] for each in picture["channels"] if each["direct"]] for who, picture in pictures.items()}
    assert direct == {ana: [workspace.direct("ana")], ben: [workspace.direct("ben")]}


def test_unread_until_read(page: httpx.Client, workspace: Workspace, client: WebClient) -> None:
    def unread() -> dict[str, int]:
        return {each["name"]: each["unread"] for each in page.get("/slack/page/view").json()["channels"]}

    posted = client.chat_postMessage(channel="#drift", text="drifted")
    assert unread()["drift"] == 1
    mark = {"as": workspace.people[0].id, "channel": posted["channel"], "ts": posted["ts"]}
    assert page.post("/slack/page/read", json=mark).status_code == 200
    assert unread()["drift"] == 0


def test_another_persons_direct_messages_stay_theirs(page: httpx.Client, workspace: Workspace) -> None:
    ana = workspace.people[0].id
    picture = page.get("/slack/page/view", params={"as": ana, "channel": workspace.direct("ben")}).json()
    assert picture["channel"] == "C0DEPLOYS1"
    refused = page.post("/slack/page/say", json={"as": ana, "channel": workspace.direct("ben"), "text": "x"})
    assert (refused.status_code, "no channel" in refused.json()["error"]) == (400, True)


def test_saying_reacting_and_refusals(page: httpx.Client, workspace: Workspace) -> None:
    here = {"as": workspace.people[0].id, "channel": "C0DEPLOYS1"}
    assert page.post("/slack/page/say", json=here | {"text": "hello @Ben Urban <!channel>"}).status_code == 200
    (message,) = workspace.messages("#deploys")
    assert message.text == f"hello <@{workspace.people[1].id}> &lt;!channel&gt;"
    for expected in (((("eyes"), (here["as"],)),), ()):
        page.post("/slack/page/react", json=here | {"ts": message.ts, "name": "eyes"})
        assert workspace.messages("#deploys")[0].reactions == expected
    assert page.post("/slack/page/say", json=here | {"text": "  "}).json() == {"error": "there is nothing to say"}
    assert page.post("/slack/page/say", content="as=U&text=x").status_code == 415


def test_changes_are_told_as_they_come(page: httpx.Client, workspace: Workspace) -> None:
    with page.stream("GET", "/slack/page/changes") as stream:
        events = (json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data"))
        before = next(events)
        workspace.say("ana", "#deploys", "hello")
        assert next(events) > before


def test_a_permalink_leads_to_the_thread(page: httpx.Client, client: WebClient) -> None:
    where = str(client.auth_test()["url"])
    for query, thread in (("", "1772443800.000001"), ("?thread_ts=1772443800.000000", "1772443800.000000")):
        answer = http.get(f"{where}archives/C0DEPLOYS1/p1772443800000001{query}")
        assert (answer.status_code, answer.headers["Location"]) == (307, f"/#/C0DEPLOYS1/{thread}")
