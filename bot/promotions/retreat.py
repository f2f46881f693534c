"""Whether the bot may roll a version back by itself, as `on_failure: rollback` asks it to; and if not, why.

Pure. It goes back once, to what was proven, and only where nobody else is at it: all else is for people to decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import wording
from bot.lineage import Lineage
from bot.model.promotion import Leg, Promotion, Stage, Standing
from bot.model.pull import PullRequest
from bot.model.verification import Verification

RECENT = timedelta(hours=1)
"""How old a failure may be: of an older one, somebody knows more than we do."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a service besides the promotion that failed."""

    current: str | None
    """The version that the branch has."""
    lineage: Lineage
    before: Standing | None
    """How the version before did there."""
    pulls: Sequence[PullRequest] = ()
    """Open pull requests of ours that move it."""
    others: Sequence[Promotion] = ()
    """Promotions underway that have it as well."""


def hindrance(promotion: Promotion, leg: Leg, known: Situation, verification: Verification, now: datetime) -> str:
    """Why a service that failed is not rolled back unasked, as a clause; "" if it may be."""
    if promotion.verb != "promote" or promotion.automatic or promotion.after:
        return "what failed is a rollback itself"
    if leg.stage is not Stage.FAILED:
        return "nobody knows that it fails, only that it is not healthy"
    if _is_old(promotion, leg, verification, now):
        return f"it failed longer ago than {wording.lasted(RECENT)}"
    return _underway(known) or _behind(leg, known)


def _is_old(promotion: Promotion, leg: Leg, verification: Verification, now: datetime) -> bool:
    """Whether it failed long ago, or nobody looked for so long that nobody knows when."""
    merged = promotion.reached.get(Stage.MERGED, promotion.asked)
    failed = promotion.reached.get(Stage.FAILED) or leg.ailing or now
    return now - failed > RECENT or now - merged > verification.timeout + RECENT


def _underway(known: Situation) -> str:
    """What else is in flight for it."""
    if known.pulls:
        return f"pull request #{known.pulls[0].number} moves it already"
    if known.others:
        return f"another promotion of it, {known.others[0].key[:10]}, is underway"
    return ""


def _behind(leg: Leg, known: Situation) -> str:
    """What is wrong with the version that it would go back to."""
    left = wording.short(leg.from_version)
    if known.current != leg.to_version:
        return f"it is at {wording.short(known.current)} by now and not {wording.short(leg.to_version)}"
    way = known.lineage.back()
    if leg.from_version is None or way is None:
        return "no version before it is known"
    if way.again is not None or known.lineage.rejected(leg.from_version):
        return "it was rolled back before"
    if way.to_version != leg.from_version:
        return f"the version before it is {wording.short(way.to_version)} in Git, and not {left}"
    if known.before is None or known.before.proven is None:
        return f"{left} was never seen healthy there"
    return ""
