"""A reply as Slack shows it: Block Kit, and the plain `text` that notifications and screen readers take.

Everything said is untrusted, so it goes into rich text elements, which Slack shows letter for letter: a version or a
reason can't become a mention, a link or formatting. Only `text` has a syntax, and is escaped. Pure; must not know
who sends it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypedDict

from bot import wording
from bot.model.promotion import Stage
from bot.model.reply import Choice, Layout, Mark, Outcome, Reply, Section, Step
from bot.model.request import SAY, Actor

Block = dict[str, Any]


class Content(TypedDict):
    """What `chat.postMessage` and `chat.update` take."""

    text: str
    blocks: list[Block]


BUDGET: Final = 10_000
"""Characters of all blocks. Slack refuses a message at about 13,200 (slackapi/bolt-js#2509)."""
FALLBACK: Final = 4_000
"""Characters of `text`: `chat.update` refuses more (docs.slack.dev/reference/methods/chat.update)."""
PARTS: Final = 45
"""Blocks for sections, of the 50 that a message may have."""
HEADLINE: Final = 3_000
LINE: Final = 1_000
DETAIL: Final = 300
BUTTONS: Final = 10
CALLED: Final = 20
"""People whom one message notifies."""
# docs.slack.dev/reference/block-kit: button, confirmation dialog
LABEL: Final = 75
URL: Final = 3_000
VALUE: Final = 2_000
DIALOG: Final = 300
DIALOG_LABEL: Final = 30

SHOWN: Final = {
    Outcome.OPENED: ("Opened", "white_check_mark"),
    Outcome.ADOPTED: ("Already open", "white_check_mark"),
    Outcome.COMMITTED: ("Committed", "white_check_mark"),
    Outcome.UNCHANGED: ("Unchanged", "heavy_minus_sign"),
    Outcome.PLANNED: ("Dry run", "memo"),
    Outcome.CONFIRM: ("Please confirm", "raised_hand"),
    Outcome.CONTESTED: ("Contested", "construction"),
    Outcome.WITHDRAWN: ("Closed", "wastebasket"),
    Outcome.DONE: ("Done", "white_check_mark"),
    Outcome.REFUSED: ("Refused", "no_entry"),
    Outcome.MISUNDERSTOOD: ("Not understood", "grey_question"),
    Outcome.FAILED: ("Failed", "x"),
}
"""Word and emoji of each outcome: never a colour or a picture alone. A plain answer needs neither."""

STAGES: Final = {
    Stage.REQUESTED: ("Requested", "hourglass_flowing_sand"),
    Stage.OPEN: ("Opened", "hourglass_flowing_sand"),
    Stage.CHECKS: ("Checked", "hourglass_flowing_sand"),
    Stage.APPROVED: ("Approved", "hourglass_flowing_sand"),
    Stage.MERGED: ("Merged", "hourglass_flowing_sand"),
    Stage.SYNCED: ("Synced", "hourglass_flowing_sand"),
    Stage.HEALTHY: ("Healthy", "white_check_mark"),
    Stage.FAILED: ("Failed", "x"),
    Stage.CLOSED: ("Closed", "wastebasket"),
    Stage.SUPERSEDED: ("Superseded", "heavy_minus_sign"),
    Stage.TIMED_OUT: ("Timed out", "alarm_clock"),
    Stage.UNWATCHED: ("Merged", "heavy_check_mark"),
}
"""Word and emoji of a message that tells how far a change is, in place of its outcome's."""

_MARKS: Final = {
    Mark.DONE: ("white_check_mark", "complete"),
    Mark.NOW: ("hourglass_flowing_sand", "in_progress"),
    Mark.LATER: ("white_circle", "pending"),
    Mark.STOPPED: ("heavy_minus_sign", "error"),
    Mark.FAILED: ("x", "error"),
}
"""Emoji of a step, and the status of a plan's task (docs.slack.dev/reference/block-kit/blocks/task-card-block)."""

_PARTLY: Final = ("Partly done", "warning")
"""For a release of which something went and something did not: its outcome is the worst of all."""

_ALOUD: Final = (Mark.DONE, Mark.FAILED, Mark.STOPPED, Mark.NOW, Mark.LATER)
_SETTLED: Final = {"confirm": "Confirmed", "cancel": "Cancelled"}
_FENCE: Final = "```"
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Control characters but line feed and tab; marks that turn the direction of writing; halves of surrogate pairs.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_USER_ID: Final = re.compile(r"[UW][A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    code: bool = False
    steps: tuple[Step, ...] = ()


def render(reply: Reply, *, asker: str | None = None, plan: bool = False) -> Content:
    """The message for a reply; `asker` (a user id) is named where the message stands in no thread of theirs.

    `plan`: steps are shown by a block that not every workspace takes, and not every client draws.

    Lines that would break Slack's limits are left out and counted. Links that aren't http(s) get no button.
    """
    said = _clip(_clean(reply.text), HEADLINE) or "\N{HORIZONTAL ELLIPSIS}"
    parts = [part for section in reply.sections if (part := _part(section)).text]
    buttons = [_button(number, choice) for number, choice in enumerate(_usable(reply.choices), start=1)]
    title = _title(reply)
    people = [each for each in reply.mentions if _USER_ID.fullmatch(each)][:CALLED]
    blocks = [_headline(title, said, people)]
    shown, hidden = _fitting(parts, BUDGET - len(said) - len(str(buttons)))
    blocks += [_plan(part.steps) if part.steps and plan else _block(part) for part in shown]
    if hidden:
        blocks.append(_context(_left_out(hidden)))
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    if asker:
        blocks.append(_context(f"Asked by {_person(asker)}."))
    links = [_clean(f"{choice.label}: {choice.url}") for choice in _usable(reply.choices) if not choice.action]
    called = "".join(f"{_person(each)} " for each in people)
    text = _plain(f"{title[0]}. {said}" if title else said, [*map(_Part, links), *parts], FALLBACK - len(called))
    return {"text": called + text, "blocks": blocks}


def settled(said: str, action: str, actor: Actor) -> Content:
    """A message whose button was pressed: what it said (its `text`, unescaped), who pressed what, and no buttons."""
    pieces = said.split(_FENCE)
    parts = [_Part(_clean(piece), code=bool(number % 2)) for number, piece in enumerate(pieces) if piece.strip()]
    done = _SETTLED.get(action, "Answered")
    blocks = [_block(part) for part in parts[:PARTS] if part.text]
    blocks.append(_context(f"{done} by {_person(actor.id, actor.name)}."))
    return {"text": _plain(f"{done} by {_clean(actor.name)}.", parts), "blocks": blocks}


def escape(text: str) -> str:
    """The three characters with a meaning in Slack's messages, as entities (docs.slack.dev, "Formatting")."""
    return text.translate(_ESCAPES)


def _clean(text: str) -> str:
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")


def _went_partly(reply: Reply) -> bool:
    done = reply.pull or reply.commit or reply.choices
    return reply.outcome in {Outcome.REFUSED, Outcome.FAILED} and bool(done)


def _title(reply: Reply) -> tuple[str, str] | None:
    if reply.stage is not None:
        return STAGES[reply.stage]
    return _PARTLY if _went_partly(reply) else SHOWN.get(reply.outcome)


def _headline(title: tuple[str, str] | None, said: str, people: Sequence[str]) -> Block:
    elements: list[Block] = []
    if title:
        word, emoji = title
        elements = [{"type": "emoji", "name": emoji}, _word(f" {word}. ", bold=True)]
    for person in people:
        elements += [{"type": "user", "user_id": person}, _word(" ")]
    return _rich([*elements, _word(said)])


def _rich(elements: list[Block], kind: str = "rich_text_section") -> Block:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": elements}]}


def _word(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text} | ({"style": {"bold": True}} if bold else {})


def _part(section: Section) -> _Part:
    if section.layout is Layout.STEPS:
        cleaned = tuple(
            replace(step, title=_flat(step.title, LABEL), detail=_flat(step.detail, DETAIL)) for step in section.steps
        )
        return _Part(_told(cleaned), steps=cleaned)
    rows = [[_clean(cell) for cell in row] for row in section.rows]
    text = wording.columns(rows) if section.layout is Layout.TABLE else _clean(section.text)
    lines = (_clip(line, LINE) for line in text.split("\n"))
    return _Part("\n".join(lines), code=section.layout is not Layout.TEXT)


def _block(part: _Part) -> Block:
    if part.steps:
        return _rich([element for number, step in enumerate(part.steps) for element in _line(step, first=not number)])
    return _rich([_word(part.text)], "rich_text_preformatted" if part.code else "rich_text_section")


def _plan(steps: Sequence[Step]) -> Block:
    """docs.slack.dev/reference/block-kit/blocks/plan-block"""
    return {"type": "plan", "title": "Steps", "tasks": [_task(number, step) for number, step in enumerate(steps, 1)]}


def _task(number: int, step: Step) -> Block:
    """Its word stands beside the title, since a plan shows its status by a sign alone."""
    task = {
        "type": "task_card",
        "task_id": f"step-{number}",
        "title": f"{step.title}: {step.mark.value}",
        "status": _MARKS[step.mark][1],
    }
    said = [_date(step.at)] if step.at else []
    if step.detail:
        said.append(_word(f"{' ' if said else ''}{step.detail}"))
    return task | ({"details": _rich(said)} if said else {})


def _line(step: Step, *, first: bool) -> list[Block]:
    """A step in a line of its own: its sign and its word, and when that was, in the reader's own time."""
    start = [] if first else [_word("\n")]
    sign = {"type": "emoji", "name": _MARKS[step.mark][0]}
    line = [*start, sign, _word(f" {step.title}", bold=True), _word(f" {step.mark.value}")]
    if step.detail:
        line.append(_word(f" {step.detail}" if step.mark is Mark.DONE else f": {step.detail}"))
    return [*line, _word(", "), _date(step.at)] if step.at else line


def _date(at: datetime) -> Block:
    """docs.slack.dev/reference/block-kit/block-elements/date-element"""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty} {time}",
        "fallback": wording.moment(at),
    }


def _told(steps: Sequence[Step]) -> str:
    """`Done: request, pull request #1. Now: checks. Not yet: approval, merge, sync, health.`

    As one reads it aloud: the sentences above it say the rest.
    """
    marked = {mark: [step.title[:1].lower() + step.title[1:] for step in steps if step.mark is mark] for mark in _ALOUD}
    return " ".join(f"{mark.value.capitalize()}: {', '.join(titles)}." for mark, titles in marked.items() if titles)


def _flat(text: str, most: int) -> str:
    return _clip(" ".join(_clean(text).split("\n")), most)


def _context(mrkdwn: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}


def _usable(choices: Iterable[Choice]) -> list[Choice]:
    usable = (choice for choice in choices if (choice.action and len(choice.value) <= VALUE) or _is_link(choice.url))
    return [*usable][:BUTTONS]


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("https://", "http://")) and len(url) <= URL


def _button(number: int, choice: Choice) -> Block:
    label = _clip(_clean(choice.label), LABEL) or "Open"
    button: Block = {"type": "button", "text": {"type": "plain_text", "text": label}}
    if not choice.action:
        return button | {"action_id": f"link-{number}", "url": choice.url}
    # Of one message's action ids each must be another.
    action = f"{SAY}-{number}" if choice.action == SAY else choice.action
    button |= {"action_id": action, "value": choice.value}
    if choice.danger:
        button["style"] = "danger"
    if asks := _clean(choice.asks).strip():
        button["confirm"] = {
            "title": {"type": "plain_text", "text": "Are you sure?"},
            "text": {"type": "plain_text", "text": _clip(asks, DIALOG)},
            "confirm": {"type": "plain_text", "text": _clip(label, DIALOG_LABEL)},
            "deny": {"type": "plain_text", "text": "Go back"},
            **({"style": "danger"} if choice.danger else {}),
        }
    return button


def _person(user: str, name: str = "") -> str:
    """Their mention, or their name where the id isn't Slack's."""
    return f"<@{user}>" if _USER_ID.fullmatch(user) else escape(_clip(_clean(name or user), LABEL))


def _plain(title: str, parts: Sequence[_Part], room: int = FALLBACK) -> str:
    """The message as `text`: code between fences, which nothing inside can close."""

    def size(text: str) -> int:
        return len(escape(text))

    title = _clip(title, room // 2, size)
    # Room for the fences of each part and for the sentence on what is left out.
    shown, hidden = _fitting(parts, room - size(title) - 9 * min(len(parts), PARTS) - 50, size)
    texts = [title.replace(_FENCE, "'''")]
    for part in shown:
        text = part.text.replace(_FENCE, "'''")
        texts.append(f"{_FENCE}\n{text}\n{_FENCE}" if part.code else text)
    return escape("\n".join([*texts, _left_out(hidden)] if hidden else texts))


def _fitting(parts: Sequence[_Part], room: int, size: Callable[[str], int] = len) -> tuple[list[_Part], int]:
    """The parts that fit, the last one cut between lines, and how many lines don't."""
    shown, hidden = [], 0
    for number, part in enumerate(parts):
        kept = []
        lines = part.text.split("\n")
        for line in lines if number < PARTS else ():
            room -= size(line) + 1
            if room < 0:
                break
            kept.append(line)
        hidden += len(lines) - len(kept)
        if any(kept):
            shown.append(replace(part, text="\n".join(kept)))
    return shown, hidden


def _left_out(lines: int) -> str:
    return f"{lines:,} more line{'s' if lines > 1 else ''} not shown."


def _clip(text: str, most: int, size: Callable[[str], int] = len) -> str:
    """The text, its end replaced by an ellipsis where it is longer than `most`."""
    if size(text) <= most:
        return text
    room = most - 1
    for index, character in enumerate(text):
        room -= size(character)
        if room < 0:
            return text[:index] + "\N{HORIZONTAL ELLIPSIS}"
    return text
