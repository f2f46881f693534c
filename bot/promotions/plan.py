"""The steps of a promotion as its message shows them, and its services where it has several. Pure; reads no clock."""

from typing import Final

from bot import wording
from bot.model.promotion import Leg, Promotion, Stage
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
_ENDS: Final = {
    Stage.FAILED: Mark.FAILED,
    Stage.TIMED_OUT: Mark.FAILED,
    Stage.CLOSED: Mark.STOPPED,
    Stage.SUPERSEDED: Mark.STOPPED,
}


def steps(promotion: Promotion) -> tuple[Step, ...]:
    """Each with how far it is. What was passed over on the way is left out, and what an end leaves undone as well."""
    way = _WAY if promotion.pull else _PUSHED
    landed = way.index(Stage.MERGED) if Stage.MERGED in promotion.reached else 0
    if promotion.stage.is_end and not landed:
        landed = way.index(Stage.MERGED) - 1  # It never got to that, whatever else was still open.
    shown: list[Step] = []
    standing = True
    for place, stage in enumerate(way):
        if stage in promotion.reached:
            shown.append(Step(_title(promotion, stage), Mark.DONE, promotion.reached[stage], _by(promotion, stage)))
        elif place > landed and standing:
            mark = _ENDS.get(promotion.stage, Mark.NOW)
            # Of several services in a cluster, each has its own reason in its own line.
            why = waits(promotion) if len(promotion.legs) == 1 or not landed else ""
            shown.append(Step(_title(promotion, stage), mark, detail=why))
            standing = False
        elif place > landed and not promotion.stage.is_end:
            shown.append(Step(_title(promotion, stage), Mark.LATER))
    return tuple(shown)


def waits(promotion: Promotion) -> str:
    """What is wrong, and what it waits for or why it ended, as a clause; "" where there is nothing to say."""
    return line("; ".join(filter(None, [promotion.trouble, promotion.why])))


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
        case Stage.APPROVED if promotion.approvers:
            return f"by {wording.joined(promotion.approvers)}"
        case Stage.MERGED:
            by = f"by {promotion.merged_by}" if promotion.merged_by else ""
            return ", ".join(filter(None, [by, promotion.commit[:10]]))
    return ""


def _far(leg: Leg) -> str:
    return f"{leg.stage.value}: {line(leg.why)}" if leg.why else leg.stage.value


def _verdict(passed: bool | None) -> str:
    return "not known yet" if passed is None else "passed" if passed else "failed"
