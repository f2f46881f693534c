"""From what a person does in Slack to what everybody sees there, by Socket Mode."""

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from contracts.slack.standins import ANA, DEPLOYS, Connect, Listener, MemoryInbox

from bot.conversation import Answer
from bot.errors import Unavailable
from bot.model.reply import Attachment, Choice, Outcome, Reply
from bot.model.request import Actor, Message, Place
from bot.model.secret import Secret
from bot.playground.slack import Workspace
from bot.slack.listeners import Slack

QUESTION = Reply(
    Outcome.CONFIRM,
    "payment in staging: v2 → v1.",
    choices=(
        Choice("Roll back", action="confirm", value="c-1", danger=True),
        Choice("Cancel", action="cancel", value="c-1"),
        Choice("See", url="https://github.example.com/"),
    ),
)


def answers(workspace: Workspace, ts: str, count: int = 1, channel: str = DEPLOYS) -> list[str]:
    found = workspace.wait_for(lambda: len(thread := workspace.messages(channel, ts)) > count and thread)
    assert found
    return [message.text for message in found[1:]]


@pytest.mark.usefixtures("slack")
def test_a_mention_is_answered_in_its_thread(workspace: Workspace, hear: Listener, inbox: MemoryInbox) -> None:
    ts = workspace.say("ana", "#deploys", "@quarterdeck status payment")
    assert answers(workspace, ts) == ["Heard: status payment"]
    (message,) = hear.heard
    assert (message.text, message.actor, message.resumed) == ("status payment", Actor(ANA, "ana"), False)
    assert message.place == Place(DEPLOYS, ts, f"{workspace.address}/archives/{DEPLOYS}/p{ts.replace('.', '')}")
    inbox.wait_finished(1)
    assert [delivery.acknowledged for delivery in workspace.deliveries] == [True]


@pytest.mark.usefixtures("slack")
def test_a_mention_in_a_thread_is_answered_in_that_thread(workspace: Workspace) -> None:
    root = workspace.say("ben", "#deploys", "How is it?")
    workspace.say("ana", "#deploys", "@quarterdeck status", root)
    assert answers(workspace, root, 2)[1:] == ["Heard: status"]


@pytest.mark.usefixtures("slack")
def test_a_direct_message_is_answered_once_and_our_own_are_not_heard(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    ts = workspace.say("ana", "@quarterdeck", "status")
    assert answers(workspace, ts, channel=workspace.direct("ana")) == ["Heard: status"]
    # The workspace tells the bot of its own answer too; that delivery comes to nothing.
    workspace.wait_for(lambda: len(workspace.deliveries) == 2)
    inbox.wait_finished(1)
    assert [message.text for message in hear.heard] == ["status"]


@pytest.mark.usefixtures("slack")
def test_a_command_is_answered_in_the_channel_naming_who_asked(workspace: Workspace, hear: Listener) -> None:
    workspace.say("ana", "#deploys", "/deck status <payment>")
    (message,) = workspace.wait_for(lambda: workspace.messages(DEPLOYS))
    assert message.blocks[-1]["elements"][0]["text"] == f"Asked by <@{ANA}>."
    assert hear.heard[0].place == Place(DEPLOYS)


@pytest.mark.usefixtures("slack")
def test_a_private_answer_is_seen_by_the_asker_alone_and_outside_a_thread_not_yet_begun(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    hear.replies = [Reply(Outcome.REFUSED, "Not you.", private=True)] * 2
    ts = workspace.say("ana", "#deploys", "@quarterdeck promote")
    inbox.wait_finished(1)
    root = workspace.say("ben", "#deploys", "A thread.")
    workspace.say("ana", "#deploys", "@quarterdeck promote", root)
    inbox.wait_finished(2)
    assert [(each.text, each.thread) for each in workspace.ephemerals("ana")] == [
        ("Refused. Not you.", None),
        ("Refused. Not you.", root),
    ]
    assert len(workspace.messages(DEPLOYS, ts)) == 1


@pytest.mark.usefixtures("slack")
def test_a_private_answer_to_a_direct_message_is_a_plain_one(workspace: Workspace, hear: Listener) -> None:
    hear.replies = [Reply(Outcome.REFUSED, "Not you.", private=True)]
    ts = workspace.say("ana", "@quarterdeck", "promote")
    assert answers(workspace, ts, channel=workspace.direct("ana")) == ["Refused. Not you."]
    assert workspace.ephemerals("ana") == []


@pytest.mark.usefixtures("slack")
def test_what_the_inbox_cannot_keep_is_not_acknowledged_and_comes_again(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    inbox.broken = True
    ts = workspace.say("ana", "#deploys", "@quarterdeck status")
    workspace.wait_for(lambda: workspace.deliveries)
    assert not workspace.deliveries[0].acknowledged
    assert hear.heard == []
    inbox.broken = False
    assert answers(workspace, ts) == ["Heard: status"]
    assert len(hear.heard) == 1


@pytest.mark.usefixtures("slack")
def test_a_repeated_delivery_is_acknowledged_and_dropped(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    ts = workspace.say("ana", "#deploys", "@quarterdeck status")
    answers(workspace, ts)
    workspace.deliver_again(hear.heard[0].id)
    workspace.wait_for(lambda: len(workspace.deliveries) == 2)
    assert [delivery.acknowledged for delivery in workspace.deliveries] == [True, True]
    # Another message, worked on later, shows that nothing of the repetition was under way.
    answers(workspace, workspace.say("ana", "#deploys", "@quarterdeck help"))
    assert [message.text for message in hear.heard] == ["status", "help"]
    assert len(workspace.messages(DEPLOYS, ts)) == 2


def test_what_was_left_undone_is_worked_off_before_anything_new(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox, connect: Connect
) -> None:
    ts = workspace.say("ana", "#deploys", "promote payment")
    left = Message("Ev1", "promote payment", Actor(ANA, ANA), Place(DEPLOYS, ts), datetime.now(UTC))
    inbox.receive(left)
    connect().start()
    assert answers(workspace, ts) == ["Heard: promote payment"]
    assert hear.heard == [replace(left, actor=Actor(ANA, "ana"), resumed=True)]
    inbox.wait_finished(1)


@pytest.mark.usefixtures("slack")
def test_a_defect_is_an_apology_with_a_number_and_nothing_else(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down() -> None:
        raise KeyError("/etc/quarterdeck/token")

    hear.before_answer = break_down
    (said,) = answers(workspace, workspace.say("ana", "#deploys", "@quarterdeck status"))
    incident = re.fullmatch(
        r"Failed\. Sorry, that went wrong on my side\. Whoever runs me finds it in my log as incident (\w{8})\.", said
    )
    assert incident
    assert f"Incident {incident[1]}" in caplog.text
    assert "KeyError" in caplog.text
    inbox.wait_finished(1)


@pytest.mark.usefixtures("slack")
def test_what_follows_an_answer_runs_before_it_is_finished_and_its_warning_is_said(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    hear.warning = Reply(Outcome.ANSWERED, "The label could not be set.")
    ts = workspace.say("ana", "#deploys", "@quarterdeck promote")
    assert answers(workspace, ts, 2) == ["Heard: promote", "The label could not be set."]
    inbox.wait_finished(1)
    assert hear.done == inbox.finished


@pytest.mark.usefixtures("slack")
@pytest.mark.parametrize(("button", "word"), [("confirm", "Confirmed"), ("cancel", "Cancelled")])
def test_a_pressed_message_loses_its_buttons_and_says_by_whom(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox, button: str, word: str
) -> None:
    hear.replies = [QUESTION, Reply(Outcome.COMMITTED, "Done.")]
    root = workspace.say("ana", "#deploys", "@quarterdeck rollback payment")
    asked = workspace.wait_for(lambda: workspace.messages(DEPLOYS, root)[1:])[0]
    workspace.press("ben", "#deploys", asked.ts, button)
    inbox.wait_finished(2)
    press = hear.heard[1].press
    assert press is not None
    assert (press.action, press.confirmation, press.message) == (button, "c-1", asked.ts)
    settled, result = workspace.messages(DEPLOYS, root)[1:]
    assert settled.ts == asked.ts
    assert settled.buttons == ()
    assert settled.blocks[-1]["elements"][0]["text"] == f"{word} by <@U0BEN00001>."
    assert settled.text.startswith(f"{word} by ben.\nPlease confirm. payment in staging: v2 → v1.")
    assert result.text == "Committed. Done."


@pytest.mark.usefixtures("slack")
def test_what_a_button_says_is_heard_as_typed_and_the_buttons_stay(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox
) -> None:
    said = [Choice(word, action="say", value=f"drift {word} payment in production") for word in ("sync", "mute")]
    hear.replies = [Reply(Outcome.ANSWERED, "It drifted.", choices=tuple(said)), Reply(Outcome.DONE, "Asked.")]
    workspace.say("ana", "#deploys", "@Quarterdeck drift")
    inbox.wait_finished(1)
    (root, told) = workspace.messages(DEPLOYS, workspace.messages(DEPLOYS)[0].ts)
    workspace.press("ben", "#deploys", told.ts, "mute")
    inbox.wait_finished(2)
    assert [hear.heard[1].text, hear.heard[1].actor.name] == ["drift mute payment in production", "ben"]
    thread = workspace.messages(DEPLOYS, root.ts)
    assert [each.text for each in thread[1:]] == ["It drifted.", "Done. Asked."]
    assert [button["action_id"] for button in thread[1].buttons] == ["say-1", "say-2"]


@pytest.mark.usefixtures("slack")
def test_an_answer_with_a_file_has_it_in_the_thread(workspace: Workspace, hear: Listener, inbox: MemoryInbox) -> None:
    attached = Reply(Outcome.ANSWERED, "Here it is.", private=True, attachment=Attachment("a.txt", "all of it"))
    hear.replies = [attached, attached]
    root = workspace.say("ana", "#deploys", "@Quarterdeck drift show payment in prod")
    inbox.wait_finished(1)
    assert [[file["preview"] for file in each.files] for each in workspace.messages(DEPLOYS, root)] == [
        [],
        ["all of it"],
    ]
    assert [each.text for each in workspace.ephemerals("ana")] == ["Here it is."]
    workspace.fail_next("files.getUploadURLExternal", error="missing_scope")
    workspace.say("ana", "#deploys", "@Quarterdeck drift show payment in prod")
    inbox.wait_finished(2)
    assert "But it could not be put here: The Slack app lacks a permission" in workspace.ephemerals("ana")[-1].text


@pytest.mark.usefixtures("slack")
def test_a_press_that_is_refused_leaves_the_buttons(workspace: Workspace, hear: Listener, inbox: MemoryInbox) -> None:
    hear.replies = [QUESTION, Reply(Outcome.REFUSED, "Not you.", private=True)]
    workspace.say("ana", "#deploys", "/deck rollback payment")
    (asked,) = workspace.wait_for(lambda: workspace.messages(DEPLOYS))
    workspace.press("ben", "#deploys", asked.ts, "Roll back")
    inbox.wait_finished(2)
    assert workspace.messages(DEPLOYS) == [asked]
    assert [message.text for message in workspace.ephemerals("ben")] == ["Refused. Not you."]


@pytest.mark.usefixtures("slack")
def test_following_a_link_is_acknowledged_and_no_message(workspace: Workspace, hear: Listener) -> None:
    hear.replies = [QUESTION]
    workspace.say("ana", "#deploys", "/deck rollback payment")
    (asked,) = workspace.wait_for(lambda: workspace.messages(DEPLOYS))
    workspace.press("ben", "#deploys", asked.ts, "See")
    workspace.wait_for(lambda: len(workspace.deliveries) == 2)
    assert workspace.deliveries[1].acknowledged
    assert len(hear.heard) == 1


@pytest.mark.usefixtures("slack")
def test_a_command_where_the_bot_is_no_member_is_answered_all_the_same(
    workspace: Workspace, inbox: MemoryInbox
) -> None:
    workspace.fail_next("chat.postMessage", error="not_in_channel")
    workspace.say("ana", "#deploys", "/deck status")
    inbox.wait_finished(1)
    assert [message.text for message in workspace.messages(DEPLOYS)] == ["Heard: status"]


@pytest.mark.usefixtures("slack")
def test_an_answer_to_a_command_that_may_have_landed_is_not_given_again(
    workspace: Workspace, inbox: MemoryInbox
) -> None:
    workspace.fail_next("chat.postMessage", status=502, done=True)
    workspace.say("ana", "#deploys", "/deck status")
    inbox.wait_finished(1)
    assert [message.text for message in workspace.messages(DEPLOYS)] == ["Heard: status"]


@pytest.mark.usefixtures("slack")
def test_an_answer_that_cannot_be_posted_is_logged_and_the_message_is_done(
    workspace: Workspace, inbox: MemoryInbox, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.fail_next("chat.postMessage", error="is_archived")
    workspace.say("ana", "#deploys", "@quarterdeck status")
    inbox.wait_finished(1)
    assert "could not be given" in caplog.text
    assert "is archived: name another one." in caplog.text


@pytest.mark.usefixtures("slack")
def test_a_name_that_slack_cannot_tell_is_the_id(workspace: Workspace, hear: Listener) -> None:
    workspace.fail_next("users.info", error="user_not_found")
    answers(workspace, workspace.say("ana", "#deploys", "@quarterdeck status"))
    answers(workspace, workspace.say("ana", "#deploys", "@quarterdeck status"))
    assert [message.actor.name for message in hear.heard] == [ANA, "ana"]


def test_stopping_finishes_what_was_begun_and_leaves_the_rest_in_the_inbox(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox, connect: Connect
) -> None:
    slack = connect(workers=1)
    slack.start()
    begun, go_on = Event(), Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(5)

    hear.before_answer = wait
    first = workspace.say("ana", "#deploys", "@quarterdeck promote one")
    assert begun.wait(5)
    workspace.say("ana", "#deploys", "@quarterdeck promote two")
    workspace.wait_for(lambda: len(workspace.deliveries) == 2)
    stopping = Thread(target=slack.stop)
    stopping.start()
    workspace.wait_for(lambda: workspace.connections == 0)
    go_on.set()
    stopping.join(5)
    assert not stopping.is_alive()
    assert answers(workspace, first) == ["Heard: promote one"]
    assert [message.text for message in inbox.unfinished()] == ["promote two"]
    assert [message.text for message in hear.heard] == ["promote one"]


def test_what_is_due_is_worked_on_and_left_to_the_next_start_by_one_that_stops(
    workspace: Workspace, hear: Listener, inbox: MemoryInbox, connect: Connect
) -> None:
    slack = connect()
    slack.start()
    asked = workspace.say("ana", "#deploys", "@quarterdeck promote one when healthy")
    assert answers(workspace, asked) == ["Heard: promote one when healthy"]
    due, late = (replace(hear.heard[0], id=name, text=f"promote {name}") for name in ("one", "two"))
    for message in (due, late):
        inbox.receive(message)
    slack.work(due)
    assert answers(workspace, asked, 2)[-1] == "Heard: promote one"
    slack.stop()
    slack.work(late)
    assert [message.text for message in inbox.unfinished()] == ["promote two"]


def test_a_connection_that_slack_ends_is_made_anew(workspace: Workspace, slack: Slack) -> None:
    workspace.disconnect()
    workspace.wait_for(lambda: workspace.connections == 1)
    ts = workspace.say("ana", "#deploys", "@quarterdeck status")
    assert answers(workspace, ts) == ["Heard: status"]
    assert slack.connected()


def test_a_bot_token_that_slack_refuses_is_said_at_once(connect: Connect) -> None:
    with pytest.raises(Unavailable, match=r"^Slack refuses SLACK_BOT_TOKEN: "):
        connect(bot_token=Secret("xoxb-wrong"))


def test_an_app_token_that_slack_refuses_is_said_at_the_start(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    slack = connect(app_token=Secret("xapp-wrong"))
    with pytest.raises(Unavailable, match=r"^Slack refuses SLACK_APP_TOKEN: "), caplog.at_level(logging.CRITICAL):
        slack.start()
    assert "xapp-wrong" not in caplog.text


def test_whoever_keeps_an_answer_up_to_date_learns_which_message_it_is(
    workspace: Workspace, slack: Slack, hear: Listener
) -> None:
    noted: list[tuple[Place, str]] = []

    def said(place: Place, message: str) -> None:
        noted.append((place, message))
        if len(noted) == 1:
            raise Unavailable("The store is full.")

    more = Answer(Reply(Outcome.OPENED, "The second is open."), said=said)
    hear.answers.append(Answer(Reply(Outcome.OPENED, "The first is open."), said=said, more=(more,)))
    ts = workspace.say("ana", "#deploys", "@quarterdeck promote all to prod")
    assert answers(workspace, ts, 2) == ["Opened. The first is open.", "Opened. The second is open."]
    slack.stop()
    posted = [message.ts for message in workspace.messages(DEPLOYS, ts)[1:]]
    assert [message for _, message in noted] == posted
    assert [(place.channel, place.thread) for place, _ in noted] == [(DEPLOYS, ts)] * 2
    assert noted[0][0].link == slack.chat.link(DEPLOYS, posted[0], ts)


def test_what_only_one_person_sees_is_no_message_to_keep_up_to_date(
    workspace: Workspace, slack: Slack, hear: Listener
) -> None:
    noted: list[str] = []
    refused = Reply(Outcome.REFUSED, "No.", private=True)
    hear.answers.append(Answer(refused, said=lambda _, message: noted.append(message)))
    workspace.say("ana", "#deploys", "@quarterdeck promote it")
    assert workspace.wait_for(lambda: workspace.ephemerals(ANA))
    slack.stop()
    assert noted == []
