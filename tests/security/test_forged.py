"""What others can write (commits, names, pull requests, payloads) is shown as text, and trusted for nothing."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import http
from security.asking import answer_to, ask, heard, press
from slack_sdk.signature import SignatureVerifier
from world import REPOSITORY, World, world

from bot.model.secret import Secret
from bot.playground.github import markdown
from bot.playground.github.bare import Signature
from bot.playground.slack.conversations import Message
from bot.slack.requests import endpoint
from bot.web.server import serve
from bot.web.site import site

BRANCH = "quarterdeck/promote/production/payment/v1.3.0"
FILE = "environments/production/payment/kustomization.yaml"
NASTY = (
    "<!channel> <@U0BEN00001> `x` ``` *b* @ben @acme/sre <b onclick=x> --> <!-- &lt; "
    "[l](https://evil.example) https://evil.example WWW.evil.example"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all: each test takes another service, or reads only."""
    with world(tmp_path_factory.mktemp("world")) as world_:
        yield world_


def rest(made: World, method: str, path: str, by: str = "ben", **body: Any) -> Any:
    github = made.playground.github
    headers = {"Authorization": f"Bearer {github.people[by].token.reveal()}"}
    answer = http.request(method, f"{github.api_url}/repos/{REPOSITORY}{path}", headers=headers, json=body or None)
    answer.raise_for_status()
    return answer.json()


def branch(made: World, name: str, file: str, old: str, new: str, author: Signature | None = None) -> str:
    """Someone's commit on a branch of its own, which may be called like ours."""
    bare = made.playground.repository.bare
    text = made.git("show", f"main:{file}")
    assert old in text
    main = bare.branches()["main"]
    eve = author or Signature("Eve", "eve@example.com", made.clock.now())
    made.git("branch", "-f", name, main)
    return bare.commit(name, {file: text.replace(old, new).encode()}, "Promote it", eve, main)


def elements(blocks: Any) -> Iterator[dict[str, Any]]:
    """Every object in a message's blocks."""
    if isinstance(blocks, dict):
        yield blocks
        for value in blocks.values():
            yield from elements(value)
    elif isinstance(blocks, list):
        for value in blocks:
            yield from elements(value)


def is_plain(message: Message) -> None:
    """No mention, broadcast, link or formatting comes of what a message holds, but for our own."""
    for each in elements(list(message.blocks)):
        assert each.get("type") not in {"user", "usergroup", "broadcast", "channel", "link"}
        if each.get("type") == "mrkdwn":
            assert re.fullmatch(
                r"(Asked|Confirmed|Cancelled) by (<@[UW]\w+>|[^<>]+)\.|[\d,]+ more lines? not shown\.", each["text"]
            )
        if "url" in each:
            assert each["url"].startswith(("http://127.0.0.1", "https://"))
            assert "evil" not in each["url"]
    assert "<" not in re.sub(r"<@[UW]\w+>", "", message.text), "every < is escaped"


def test_a_foreign_pull_request_under_our_prefix_is_nobodys_business_of_ours(made: World) -> None:
    """Written by ben, with a hidden block as ours and the target's branch name: neither adopted nor contesting."""
    other = BRANCH.replace("v1.3.0", "v6.6.6")
    branch(made, other, FILE, "v1.2.0", "v6.6.6")
    block = '<!-- quarterdeck {"schema": "quarterdeck/pull/v1", "service": "payment", "to": "v1.3.0"} -->'
    foreign = rest(made, "POST", "/pulls", title="Promote", body=block, head=other, base="main")
    opened = ask(made, "promote payment v1.3.0 to prod")
    assert opened.text.startswith("Opened. payment in production: v1.2.0 → v1.3.0."), opened.text
    assert made.git("rev-parse", other).strip() == foreign["head"]["sha"]
    untouched = made.playground.repository.pull(foreign["number"])
    assert (untouched.comments, untouched.labels, untouched.state) == ([], [], "open")


def test_someone_elses_commits_on_our_branch_are_left_alone(made: World) -> None:
    file = FILE.replace("payment", "api")
    name = BRANCH.replace("payment/v1.3.0", "api/v2.9.0")
    version = re.findall(r"newTag: (\S+)", made.git("show", f"main:{file}"))[0]
    theirs = branch(made, name, file, version, "v6.6.6")
    refused = ask(made, "promote api v2.9.0 to prod")
    assert "holds commits of eve@example.com" in refused.text
    assert made.git("rev-parse", name).strip() == theirs
    assert [pull for pull in made.playground.repository.pulls() if pull.branch == name] == []


def test_trailers_that_others_wrote_move_nothing(made: World) -> None:
    """A commit that claims to be a rollback of ours is what its files say: nothing of the version."""
    ben = made.playground.github.people["ben"]
    text = made.git("show", "main:environments/staging/worker/kustomization.yaml")
    message = "Promote worker\n\nQuarterdeck-To: v6.6.6\nQuarterdeck-Change: 0123456789abcdef\nRequested-by: ana"
    made.commit(ben, {"environments/staging/worker/kustomization.yaml": (text + "# x\n").encode()}, message)
    assert "v6.6.6" not in ask(made, "history worker in staging").text


def test_a_made_up_confirmation_does_nothing(made: World) -> None:
    question = ask(made, "promote worker v0.0.1 to staging")
    assert question.text.startswith("Please confirm.")
    before = made.git("rev-parse", "main")
    workspace = made.playground.workspace
    actions = [each for each in elements(list(question.blocks)) if each.get("action_id") == "confirm"]
    for made_up in ("", "1", "../1", "00000000-0000-0000-0000-000000000000", "x" * 2000):
        forged = json.loads(json.dumps(list(question.blocks)).replace(actions[0]["value"], made_up))
        conversations = workspace._conversations
        held = conversations.add(question.channel, question.user, "forged", thread=question.thread, blocks=forged)
        said = answer_to(made, lambda held=held: workspace.press("ana", held.channel, held.ts, "confirm"))
        assert "answered already, or is older than 15 minutes" in said.text
    assert made.git("rev-parse", "main") == before
    assert press(made, question, "Cancel").text == "Cancelled by ana; nothing was done."


def test_a_made_up_button_says_no_more_than_its_presser_may(made: World) -> None:
    workspace, store = made.playground.workspace, made.app.adapters.store
    button = {"type": "button", "action_id": "say-1", "text": {"type": "plain_text", "text": "Look"}}
    root = ask(made, "drift check worker in staging")
    for value, answer in (
        (
            "drift mute worker in production for 30d",
            "Refused. ana holds deployer, which may not drift mute in production.",
        ),
        (f"drift mute worker in staging because {NASTY}", "Refused. ana holds deployer, which may not drift mute"),
        ("rm -rf / ; drift mute worker in staging", "Not understood. There is no command rm"),
        ("drift mute worker in staging " * 70, "Not understood. That message has"),
        ("", "Not understood. No command was given"),
    ):
        blocks = [{"type": "actions", "elements": [button | {"value": value}], "block_id": "b"}]
        held = workspace._conversations.add(root.channel, root.user, "forged", thread=root.thread, blocks=blocks)
        said = answer_to(made, lambda held=held: workspace.press("ana", held.channel, held.ts, "say-1"))
        assert said.text.startswith(answer), said.text
    assert store.mutes("production") == store.mutes("staging") == ()


def test_names_from_git_stay_text_in_slack_and_on_the_forge(made: World) -> None:
    eve = Signature(NASTY.replace("<", "").replace(">", ""), "eve@example.com", made.clock.now())
    bare = made.playground.repository.bare
    folder = "environments/staging/<!channel> @here `x` --> [l](https:"
    sample = made.git("show", "main:environments/staging/worker/kustomization.yaml")
    files: dict[str, bytes | None] = {f"{folder}/kustomization.yaml": sample.encode()}
    moved = made.git("show", "main:environments/production/worker/kustomization.yaml")
    version = re.findall(r"newTag: (\S+)", moved)[0]
    files["environments/production/worker/kustomization.yaml"] = moved.replace(version, "v0.9.9").encode()
    bare.commit("main", files, NASTY, eve, bare.branches()["main"])
    before = len(heard(made))
    for text in (
        "status",
        "drift",
        "history worker",
        "status worker",
        f"promote {NASTY[:10]} v1 to prod",
        f"say {NASTY}",
    ):
        ask(made, text)
    question = ask(made, "rollback worker in prod")
    assert "was set by" in question.text
    opened = press(made, question, "Roll back")
    assert opened.text.startswith("Opened."), opened.text
    for message in heard(made)[before:]:
        is_plain(message)
    (pull,) = [each for each in made.playground.repository.pulls() if "rollback/production/worker" in each.branch]
    until = time.monotonic() + 15
    while not pull.reviewers and time.monotonic() < until:  # they are asked once the text is whole
        time.sleep(0.02)
    assert "### In the cluster" in pull.body
    assert pull.body.count("<!--") == pull.body.count("-->") == 1
    shown = markdown.render(pull.body)
    links = re.findall(r'href="([^"]*)"', shown)
    assert all("evil" not in link for link in links), links
    assert not re.search(r"<(b|script|img)\b", shown)
    outside = re.sub(r"<!--.*-->|```.*?```", "", pull.body, flags=re.DOTALL)
    assert not re.search(r"@(?!\u200b|ana\b)\w", outside), "nobody is mentioned but who asked"
    assert not re.search(r"(?i)(?<!\\)\bwww\.|https?://(?!127\.0\.0\.1|[\w-]+\.slack\.com)", outside), (
        "GitHub links what looks like one"
    )
    body = made.git("show", "--no-patch", "--format=%B", pull.branch)
    assert body.count("Requested-by:") == 1


def test_the_hidden_block_is_never_read(made: World) -> None:
    """Whatever a pull request of ours says by now, what it does is its diff."""
    ours = ask(made, "promote payment v1.3.0 to prod")
    (pull,) = [each for each in made.playground.repository.pulls() if each.branch == BRANCH]
    block = pull.body[pull.body.index("<!--") :]
    rest(made, "PATCH", f"/pulls/{pull.number}", by="quarterdeck-bot", body=block.replace("v1.3.0", "v6.6.6") + NASTY)
    again = ask(made, "promote payment v1.3.0 to prod")
    assert ours.text.split(".")[0] in {"Opened", "Already open"}
    assert again.text.startswith(f"Already open. payment in production: v1.2.0 → v1.3.0. Pull request #{pull.number}")
    is_plain(again)


SIGNING = Secret("the-signing-secret")


def signed(body: bytes, *, age: int = 0, secret: str = SIGNING.reveal()) -> dict[str, str]:
    timestamp = str(int(time.time()) - age)
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body) or ""
    return {"Content-Type": "application/json", "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def test_requests_that_slack_did_not_sign_are_not_even_parsed(made: World) -> None:
    server = serve(site({"/slack/events": endpoint(made.slack.dispatch, SIGNING)}, lambda: None), "127.0.0.1", 0)
    ana = made.playground.workspace.people[0].id
    event = {
        "type": "app_mention",
        "user": ana,
        "text": "promote payment v9.9.9 to staging",
        "ts": "1.2",
        "channel": "C0DEPLOYS1",
    }
    body = json.dumps({"type": "event_callback", "event_id": "EvForged", "event": event}).encode()
    genuine = signed(body)
    forged = [
        {},
        signed(body, secret="another"),
        signed(body, age=301),
        signed(body, age=-330),  # from the future, and still so once the request has arrived
        genuine | {"X-Slack-Signature": genuine["X-Slack-Signature"][:-1]},
        genuine | {"X-Slack-Request-Timestamp": "now"},
        signed(b"another body"),
    ]
    before = made.git("rev-parse", "main")
    try:
        url = f"http://127.0.0.1:{server.port}/slack/events"
        for headers in forged:
            assert http.post(url, content=body, headers=headers).status_code == 401, headers
        assert http.post(url, content=b"\xff{", headers=genuine).status_code == 401
        assert http.post(url, content=b"[1", headers=signed(b"[1")).status_code in {200, 400}, "signed nonsense"
    finally:
        server.stop()
    assert not any(each.payload.get("event_id") == "EvForged" for each in made.playground.workspace.deliveries)
    assert made.git("rev-parse", "main") == before


def test_a_repository_may_not_lead_the_bot_out_of_itself(made: World, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("image: hunter2:v1\n")
    ben = made.playground.github.people["ben"]
    file = "environments/staging/worker/kustomization.yaml"
    text = made.git("show", f"main:{file}")
    for path in (f"{tmp_path}/secret.yaml", "../../../../../../etc/passwd", "https://evil.example/x.yaml"):
        made.commit(ben, {file: text.replace("../../../base/worker", path).encode()}, "Lead it out")
        said = ask(made, "status worker in staging").text
        assert "hunter2" not in said
        assert re.search("leads out of the repository|remote base", said), said
    made.commit(ben, {file: text.encode()}, "Put it back")
