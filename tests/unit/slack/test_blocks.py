"""A reply as Block Kit: by equality where it is small, by property where it is anything at all."""

import html
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block, RichTextBlock
from slack_sdk.models.blocks.block_elements import BlockElement

from bot.model.promotion import Stage
from bot.model.reply import Choice, Layout, Mark, Outcome, Reply, Section, Step
from bot.model.request import Actor
from bot.slack.blocks import BUDGET, FALLBACK, SHOWN, STAGES, Content, escape, render, settled

ANA = Actor("U0ANA", "Ana")


def test_a_plain_answer_is_its_sentence() -> None:
    assert render(Reply(Outcome.ANSWERED, "All is well.")) == {
        "text": "All is well.",
        "blocks": [rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "All is well."}]})],
    }


def test_what_went_in_part_is_not_called_refused() -> None:
    link = (Choice("Open #3", url="https://github.example.com/acme/gitops/pull/3"),)
    said = "Release to production: 1 on the way by pull request, 1 refused."
    assert str(render(Reply(Outcome.REFUSED, said, choices=link))["text"]).startswith(f"Partly done. {said}")
    assert render(Reply(Outcome.FAILED, said, commit="1a2b3c"))["text"] == f"Partly done. {said}"
    assert render(Reply(Outcome.REFUSED, said))["text"] == f"Refused. {said}"


def test_a_whole_reply() -> None:
    reply = Reply(
        Outcome.OPENED,
        "payment in production: v1 → v2. Pull request #3 is open.",
        sections=(
            Section("Two things to know."),
            Section("-newTag: v1\n+newTag: v2", Layout.CODE),
            Section(layout=Layout.TABLE, rows=(("service", "live"), ("api", "v1.10.0"), ("payment", ""))),
        ),
        choices=(Choice("Open #3", url="https://github.example.com/acme/gitops/pull/3"),),
    )
    table = "service  live\n-------  -------\napi      v1.10.0\npayment"
    assert render(reply) == {
        "text": (
            "Opened. payment in production: v1 → v2. Pull request #3 is open.\n"
            "Open #3: https://github.example.com/acme/gitops/pull/3\n"
            "Two things to know.\n"
            "```\n-newTag: v1\n+newTag: v2\n```\n"
            f"```\n{table}\n```"
        ).replace(">", "&gt;"),
        "blocks": [
            rich(
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "emoji", "name": "white_check_mark"},
                        {"type": "text", "text": " Opened. ", "style": {"bold": True}},
                        {"type": "text", "text": "payment in production: v1 → v2. Pull request #3 is open."},
                    ],
                }
            ),
            rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "Two things to know."}]}),
            code("-newTag: v1\n+newTag: v2"),
            code(table),
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": "Open #3"},
                        "action_id": "link-1",
                        "url": "https://github.example.com/acme/gitops/pull/3",
                    }
                ],
            },
        ],
    }


def test_a_button_may_ask_first_in_a_dialog() -> None:
    reply = Reply(
        Outcome.CONFIRM,
        "payment in staging: v2 → v1. It is pushed at once.",
        choices=(
            Choice("Roll back", action="confirm", value="c-1", danger=True, asks="payment goes back from v2 to v1."),
            Choice("Cancel", action="cancel", value="c-1"),
        ),
    )
    assert render(reply)["blocks"][-1]["elements"] == [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": "Roll back"},
            "action_id": "confirm",
            "value": "c-1",
            "style": "danger",
            "confirm": {
                "title": {"type": "plain_text", "text": "Are you sure?"},
                "text": {"type": "plain_text", "text": "payment goes back from v2 to v1."},
                "confirm": {"type": "plain_text", "text": "Roll back"},
                "deny": {"type": "plain_text", "text": "Go back"},
                "style": "danger",
            },
        },
        {
            "type": "button",
            "text": {"type": "plain_text", "text": "Cancel"},
            "action_id": "cancel",
            "value": "c-1",
        },
    ]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_but_a_plain_answer_is_said_in_a_word_and_shown_by_an_emoji(outcome: Outcome) -> None:
    content = render(Reply(outcome, "So it is."))
    elements = content["blocks"][0]["elements"][0]["elements"]
    if outcome is Outcome.ANSWERED:
        assert [element["type"] for element in elements] == ["text"]
    else:
        word, emoji = SHOWN[outcome]
        assert content["text"] == f"{word}. So it is."
        assert elements[0] == {"type": "emoji", "name": emoji}


def test_the_asker_is_named_where_asked_for() -> None:
    content = render(Reply(Outcome.ANSWERED, "Here."), asker="U0ANA")
    assert content["blocks"][-1] == context("Asked by <@U0ANA>.")


def test_a_forged_user_id_is_only_text() -> None:
    assert render(Reply(Outcome.ANSWERED, "Here."), asker="!channel>")["blocks"][-1] == context(
        "Asked by !channel&gt;."
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "slack://channel?id=C1", "/etc/passwd", "https://x/" + "a" * 3000]
)
def test_a_link_that_is_no_web_address_gets_no_button(url: str) -> None:
    content = render(Reply(Outcome.ANSWERED, "Here.", choices=(Choice("Open", url=url),)))
    assert content == render(Reply(Outcome.ANSWERED, "Here."))


def test_code_cannot_close_its_fence() -> None:
    content = render(Reply(Outcome.ANSWERED, "See:", (Section("a\n```\n<!channel>", Layout.CODE),)))
    assert content["text"] == "See:\n```\na\n'''\n&lt;!channel&gt;\n```"
    assert content["blocks"][1] == code("a\n```\n<!channel>")


def test_control_characters_and_marks_that_turn_the_text_are_gone() -> None:
    content = render(Reply(Outcome.ANSWERED, "v1\x00.\x1b[31m2\u202e3\ud800\r\nnext"))
    assert content == render(Reply(Outcome.ANSWERED, "v1.[31m23\nnext"))


def test_what_does_not_fit_is_counted() -> None:
    lines = "\n".join(f"line {number:04}" for number in range(2000))
    reply = Reply(
        Outcome.ANSWERED, "Long.", (Section(lines, Layout.CODE), Section("Not seen.")), (Choice("Go", url="https://x"),)
    )
    content = render(reply)
    shown = content["blocks"][1]["elements"][0]["elements"][0]["text"].split("\n")
    assert shown == lines.split("\n")[: len(shown)]
    assert len(shown) > 900
    assert [block["type"] for block in content["blocks"]] == ["rich_text", "rich_text", "context", "actions"]
    assert content["blocks"][2] == context(f"{2001 - len(shown):,} more lines not shown.")
    assert content["text"].endswith("more lines not shown.")


def test_too_many_sections_are_counted_too() -> None:
    content = render(Reply(Outcome.ANSWERED, "Many.", tuple(Section(f"Part {number}.") for number in range(60))))
    assert len(content["blocks"]) == 47
    assert content["blocks"][-1] == context("15 more lines not shown.")


def test_a_settled_message_says_the_same_without_buttons() -> None:
    question = Reply(
        Outcome.CONFIRM,
        "Roll back <payment>?",
        (Section("a note"), Section("-a & b\n+```", Layout.CODE)),
        (Choice("Yes", action="confirm", value="1"),),
    )
    assert settled(html.unescape(render(question)["text"]), "confirm", ANA) == {
        "text": "Confirmed by Ana.\nPlease confirm. Roll back &lt;payment&gt;?\na note\n```\n-a &amp; b\n+'''\n```",
        "blocks": [
            rich(
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "Please confirm. Roll back <payment>?\na note"}],
                }
            ),
            code("-a & b\n+'''"),
            context("Confirmed by <@U0ANA>."),
        ],
    }


def test_a_cancelled_message_says_by_whom() -> None:
    assert settled("Sure?", "cancel", Actor("terminal", "<Ana>"))["blocks"][-1] == context("Cancelled by &lt;Ana&gt;.")


anything = st.text(st.characters(), max_size=300) | st.sampled_from(
    ["", "```", "<!channel>", "<@U0ANA>", "&" * 5000, "x" * 40_000, "\n" * 5000, "a\n" * 3000, "*_~`"]
)
steps = st.builds(
    Step, anything, st.sampled_from(Mark), st.none() | st.just(datetime(2026, 3, 2, tzinfo=UTC)), anything
)
sections = st.builds(
    Section,
    anything,
    st.sampled_from(Layout),
    st.lists(st.lists(anything, max_size=4).map(tuple), max_size=4).map(tuple),
    st.lists(steps, max_size=8).map(tuple),
)
choices = st.builds(
    Choice,
    anything,
    url=st.none() | st.just("https://example.com/") | anything,
    action=st.none() | st.just("confirm"),
    value=st.just("c-1"),
    danger=st.booleans(),
    asks=st.just("") | anything,
)
replies = st.builds(
    Reply,
    st.sampled_from(Outcome),
    anything,
    st.lists(sections, max_size=60).map(tuple),
    st.lists(choices, max_size=12).map(tuple),
    stage=st.none() | st.sampled_from(Stage),
    mentions=st.lists(st.just("U0ANA") | anything, max_size=40).map(tuple),
)


@given(replies, st.booleans())
def test_every_reply_is_within_slacks_limits(reply: Reply, plan: bool) -> None:
    hold(render(replace(reply, mentions=()), asker="U0ANA", plan=plan))
    content = render(reply, asker="U0ANA", plan=plan)
    assert len(content["text"]) <= FALLBACK
    assert content["text"].replace("<@U0ANA> ", "").count("<") == 0


@given(anything, anything)
def test_every_settled_message_is_within_slacks_limits(said: str, name: str) -> None:
    hold(settled(said[:FALLBACK], "confirm", Actor("terminal", name)))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_escaped_text_reads_as_it_was_and_has_no_syntax(text: str) -> None:
    escaped = escape(text)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text
    assert "<" not in escaped
    assert ">" not in escaped


def hold(content: Content) -> None:
    """Slack's published limits, and the shapes that its own library knows."""
    assert 0 < len(content["text"]) <= FALLBACK
    assert content["text"].count("```") % 2 == 0
    assert not set("<>") & set(content["text"])
    assert len(content["blocks"]) <= 50
    assert sum(map(len, texts(content["blocks"]))) <= BUDGET + 1000
    for block in content["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        if isinstance(parsed, RichTextBlock):
            hold_rich(parsed)
        else:
            assert parsed.to_dict() == block  # raises too, where slack_sdk knows a limit that is broken


def hold_rich(block: RichTextBlock) -> None:
    """slack_sdk drops inner elements that it does not know, and checks none of them."""
    for element in block.elements:
        assert isinstance(element, BlockElement)
        for inner in element.elements:  # type: ignore[attr-defined]  # each kind of rich text has them
            assert isinstance(inner, BlockElement)
            assert inner.type in {"text", "emoji", "date"}
            assert inner.type != "text" or inner.text  # type: ignore[attr-defined]  # a text has one


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [inner for key, inner in value.items() if key in {"text", "url", "value"} and isinstance(inner, str)]
        return own + [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []


def rich(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [element]}


def code(text: str) -> dict[str, Any]:
    return rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]})


def context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def test_this_test_notices_a_block_that_slack_would_not_know(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL), pytest.raises(AssertionError):
        hold({"text": "x", "blocks": [{"type": "hologram"}]})


def test_buttons_that_say_something_have_ids_of_their_own() -> None:
    said = tuple(Choice(word, action="say", value=f"drift {word}") for word in ("sync", "mute", "x" * 2000))
    (actions,) = (block for block in render(Reply(Outcome.ANSWERED, "It drifted.", choices=said))["blocks"][1:])
    assert [(each["action_id"], each["value"]) for each in actions["elements"]] == [
        ("say-1", "drift sync"),
        ("say-2", "drift mute"),
    ]


STEPS = Reply(
    Outcome.ANSWERED,
    "payment in production: v1 → v2. Merged by ben.",
    (
        Section(
            layout=Layout.STEPS,
            steps=(
                Step("Pull request #3", Mark.DONE, datetime(2026, 3, 2, 9, tzinfo=UTC)),
                Step("Merge", Mark.DONE, detail="by ben"),
                Step("Sync", Mark.NOW, detail="Argo CD is\nsyncing <it>"),
                Step("Health", Mark.LATER),
            ),
        ),
    ),
    stage=Stage.MERGED,
)
DATE = {
    "type": "date",
    "timestamp": 1772442000,
    "format": "{date_short_pretty} {time}",
    "fallback": "2026-03-02 09:00 UTC",
}


def test_steps_are_lines_each_with_a_sign_and_a_word_and_the_readers_own_time() -> None:
    elements = [
        {"type": "emoji", "name": "white_check_mark"},
        bold(" Pull request #3"),
        word(" done"),
        word(", "),
        DATE,
        word("\n"),
        {"type": "emoji", "name": "white_check_mark"},
        bold(" Merge"),
        word(" done"),
        word(" by ben"),
        word("\n"),
        {"type": "emoji", "name": "hourglass_flowing_sand"},
        bold(" Sync"),
        word(" now"),
        word(": Argo CD is syncing <it>"),
        word("\n"),
        {"type": "emoji", "name": "white_circle"},
        bold(" Health"),
        word(" not yet"),
    ]
    content = render(STEPS)
    assert content["blocks"][1] == rich({"type": "rich_text_section", "elements": elements})
    assert content["text"] == (
        "Merged. payment in production: v1 → v2. Merged by ben.\n"
        "Done: pull request #3, merge. Now: sync. Not yet: health."
    )


def test_steps_are_a_plan_where_that_is_wanted() -> None:
    content = render(STEPS, plan=True)
    assert content["text"] == render(STEPS)["text"]
    assert content["blocks"][1] == {
        "type": "plan",
        "title": "Steps",
        "tasks": [
            task(1, "Pull request #3: done", "complete", DATE),
            task(2, "Merge: done", "complete", word("by ben")),
            task(3, "Sync: now", "in_progress", word("Argo CD is syncing <it>")),
            {"type": "task_card", "task_id": "step-4", "title": "Health: not yet", "status": "pending"},
        ],
    }


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_is_said_in_a_word_and_shown_by_an_emoji(stage: Stage) -> None:
    shown, emoji = STAGES[stage]
    content = render(replace(STEPS, stage=stage, sections=()))
    first, second, *_ = content["blocks"][0]["elements"][0]["elements"]
    assert (first["name"], second["text"]) == (emoji, f" {shown}. ")
    assert content["text"].startswith(f"{shown}. ")


def test_whoever_is_mentioned_is_called_first_and_a_forged_id_is_nobody() -> None:
    content = render(replace(STEPS, mentions=("U0ANA", "<!channel>", "terminal", ""), sections=()))
    assert content["text"] == "<@U0ANA> Merged. payment in production: v1 → v2. Merged by ben."
    people = [each for each in content["blocks"][0]["elements"][0]["elements"] if each["type"] == "user"]
    assert people == [{"type": "user", "user_id": "U0ANA"}]


def word(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def bold(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": {"bold": True}}


def task(number: int, title: str, status: str, said: dict[str, Any]) -> dict[str, Any]:
    details = rich({"type": "rich_text_section", "elements": [said]})
    return {"type": "task_card", "task_id": f"step-{number}", "title": title, "status": status, "details": details}
