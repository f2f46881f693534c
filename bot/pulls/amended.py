"""What a pull request says that puts files right after drift: what was found, who changed it and when, and the diff.

Written from values alone. Values of Secrets are masked before they get here.
"""

from datetime import datetime

from bot import proposals, wording
from bot.markdown import bullets, code, fenced, table, text
from bot.model.change import Amendment
from bot.model.request import Message
from bot.model.sync import Difference
from bot.pulls.body import Part, cut, fitted

ROWS = 50
"""Findings that the table shows; of more, it says how many."""


def write(amendment: Amendment, message: Message, now: datetime) -> str:
    """The whole body: nothing more is found out later."""
    first = f"**{text(str(amendment.target))}**: {text(amendment.summary)}. {proposals.asked(message)}"
    parts = [Part(first), *(Part(f"> {text(note)}", 2, "a note") for note in amendment.notes)]
    parts.append(Part(_found(amendment, now), 3, "the table of what was found"))
    if amendment.reviewers:
        parts.append(
            Part(bullets([f"Awaited: a review by {text(wording.joined(amendment.reviewers))}."]), 2, "reviews")
        )
    parts.append(Part(fenced(cut(proposals.diff(amendment.edits))), 5, "the diff of its files"))
    return fitted(parts, [Part("To undo it once it is merged, revert it; before that, close this pull request.")])


def _found(amendment: Amendment, now: datetime) -> str:
    shown = amendment.findings[:ROWS]
    more = len(amendment.findings) - len(shown)
    rows = [_row(each, now) for each in shown]
    left_out = f"\n\nAnd {more:,} more." if more else ""
    return table(["Object", "Place", "Git has", "The cluster has", "Changed"], rows) + left_out


def _row(found: Difference, now: datetime) -> list[str]:
    since = wording.ago(found.since, now) if found.since else "nobody knows when"
    return [
        text(str(found.object)),
        _cell(found.path),
        _value(found.desired),
        _value(found.live),
        text(wording.written(found.by, now) if found.by else since),
    ]


def _value(shown: str | None) -> str:
    return "nothing" if shown is None else _cell(shown)


def _cell(shown: str) -> str:
    """Code in a table, which a bar would end (GFM, "Tables")."""
    return code(shown).replace("|", "\\|")
