"""The steps of a promotion as its message shows them, and its services where it has several. Pure; reads no clock."""

from typing import Final

from bot import wording
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Review
from bot.model.reply import Layout, Mark, Section, Step
from bot.promotions.failing import line

LISTED: Final = 30
"""Services that a message lists; the rest is counted."""

_WAY: Final = (
    Stage.REQUESTED,
    Stage.OPEN,
    Stage.CHECKS,
    Stage.APPROVED,
    Stage.MERGED,
    Stage.SYNCED,
    Stage.HEALTHY,
)
_PUSHED: Final = (Stage.REQUESTED, Stage.MERGED, Stage.SYNCED, Stage.HEALTHY)
_TITLES: Final = {
    Stage.CHECKS: "Checks",
    Stage.APPROVED: "Approval",
    Stage.MERGED: "Merge",
    Stage.SYNCED: "Sync",
    Stage.HEALTHY: "Health",
}
_CHECKS: Final = {Checks.RUNNING: Mark.NOW, Checks.PASSED: Mark.DONE, Checks.FAILED: Mark.FAILED}
_REVIEWS: Final = {Review.WANTED: Mark.NOW, Review.APPROVED: Mark.DONE, Review.CHANGES: Mark.FAILED}
_ENDS: Final = {
    Stage.FAILED: Mark.FAILED,
    Stage.TIMED_OUT: Mark.FAILED,
    Stage.CLOSED: Mark.STOPPED,
    Stage.SUPERSEDED: Mark.STOPPED,
}


def steps(promotion: Promotion) -> tuple[Step, ...]:
    """Each with how far it is. What was passed over on the way is left out, and what an end leaves undone as well."""
    asked = {} if Stage.MERGED in promotion.reached or promotion.stage.is_end else _asked(promotion)
    shown = [
        Step(_title(promotion, stage), Mark.DONE, promotion.reached[stage], _by(promotion, stage))
        for stage in (_WAY if promotion.pull else _PUSHED)
        if stage in promotion.reached and stage not in asked
    ]
    shown += [Step(_title(promotion, stage), mark, detail=_by(promotion, stage)) for stage, mark in asked.items()]
    left = [stage for stage in (Stage.MERGED, Stage.SYNCED, Stage.HEALTHY) if stage not in promotion.reached]
    if promotion.stage is Stage.UNWATCHED:
        return tuple(shown)
    if not set(asked.values()) - {Mark.DONE}:
        # What it waits for, and why it ended, is said above.
        mark = _ENDS.get(promotion.stage, Mark.NOW)
        shown += [Step(_title(promotion, stage), mark) for stage in left[:1]]
        left = [] if promotion.stage.is_end else left[1:]
    return (*shown, *(Step(_title(promotion, stage), Mark.LATER) for stage in left))


def _asked(promotion: Promotion) -> dict[Stage, Mark]:
    """What the branch asks of a pull request before it may be merged, and how it has it; in no order."""
    marks = {
        Stage.CHECKS: _CHECKS.get(promotion.checks) if promotion.checks else None,
        Stage.APPROVED: _REVIEWS.get(promotion.review) if promotion.review else None,
    }
    passed = {stage for stage, mark in marks.items() if mark is Mark.DONE and stage in promotion.reached}
    return {stage: mark for stage, mark in marks.items() if mark is not None and stage not in passed}


def waits(promotion: Promotion) -> str:
    """What is wrong, and what it waits for or why it ended, as a clause; "" where there is nothing to say."""
    return line("; ".join(dict.fromkeys(filter(None, [promotion.trouble, promotion.why]))))


def legs(promotion: Promotion) -> tuple[Section, ...]:
    """Where each service is, of several, as soon as that differs; before, where they are too many to be named."""
    if len(promotion.legs) <= (1 if Stage.MERGED in promotion.reached else wording.NAMED):
        return ()
    rows = [("Service", "From", "To", "How far")]
    rows += [
        (leg.service, wording.short(leg.from_version), wording.short(leg.to_version), _far(leg))
        for leg in promotion.legs[:LISTED]
    ]
    more = len(promotion.legs) - LISTED
    return (
        Section(layout=Layout.TABLE, rows=tuple(rows)),
        *([Section(f"And {more} more services.")] if more > 0 else []),
    )


def proofs(promotion: Promotion) -> tuple[Section, ...]:
    """What came of the probes, quoted."""
    several = len(promotion.legs) > 1
    lines = [
        line(f"{f'{leg.service}: ' if several else ''}{_verdict(proof.passed)}: {proof.what}: {proof.evidence}")
        for leg in promotion.legs
        for proof in leg.proofs
    ]
    return (Section("\n".join(lines), Layout.CODE),) if lines else ()


def _title(promotion: Promotion, stage: Stage) -> str:
    if stage is Stage.REQUESTED:
        return "Request"
    if stage is Stage.OPEN:
        return f"Pull request #{promotion.pull}"
    return "Commit" if stage is Stage.MERGED and promotion.pull is None else _TITLES[stage]


def _by(promotion: Promotion, stage: Stage) -> str:
    """Who did it, where somebody did, and what came of it."""
    match stage:
        case Stage.REQUESTED:
            return "by the bot itself, as its config says" if promotion.automatic else f"by {promotion.by.name}"
        case Stage.APPROVED if promotion.approvers and promotion.review in {None, Review.APPROVED}:
            return f"by {wording.joined(promotion.approvers)}"
        case Stage.MERGED:
            by = f"by {promotion.merged_by}" if promotion.merged_by else ""
            return ", ".join(filter(None, [by, promotion.commit[:10]]))
    return ""


def _far(leg: Leg) -> str:
    return f"{leg.stage.value}: {line(leg.why)}" if leg.why else leg.stage.value


def _verdict(passed: bool | None) -> str:
    return "not known yet" if passed is None else "passed" if passed else "failed"
