"""From one look at a promotion to the next: how far it is, and how it ended.

Pure: no clock, no store, no forge, no words for people but a reason. Durations are by our own clock: those of forges
and clusters go otherwise. A stage once reached stays, but for a new head and a pull request that is opened again; an
end stays, but for the latter.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Progress, Review
from bot.model.verification import Verification
from bot.promotions import legs
from bot.promotions.evidence import Evidence, Pushed

_ORDER = tuple(Stage)
_WORST_FIRST = (Stage.FAILED, Stage.TIMED_OUT, Stage.SUPERSEDED, Stage.CLOSED, Stage.UNWATCHED, Stage.HEALTHY)


def follow(promotion: Promotion, seen: Evidence, verification: Verification, now: datetime) -> Promotion:
    """The promotion as it is after a look. Evidence that comes twice, or late, leads to the same."""
    if promotion.stage.is_end and not may_reopen(promotion):
        return promotion
    after = promotion
    if not promotion.commit:
        if seen.gone:
            return (
                promotion
                if promotion.stage.is_end
                else _ended(promotion, Stage.CLOSED, "its pull request is gone", now)
            )
        if seen.progress:
            after = _proposed(promotion, seen.progress, seen, now)
    return _landed(after, seen, verification, now) if after.commit else after


def may_reopen(promotion: Promotion) -> bool:
    """Whether it ended as a pull request that somebody may open again."""
    return promotion.stage in {Stage.CLOSED, Stage.SUPERSEDED} and not promotion.commit


def due(promotion: Promotion, verification: Verification, now: datetime) -> tuple[str, ...]:
    """The services that have been healthy for long enough and are to be probed now."""
    if not verification.probes:
        return ()
    return tuple(each.service for each in promotion.legs if legs.is_due(each, verification, now))


def _proposed(promotion: Promotion, progress: Progress, seen: Evidence, now: datetime) -> Promotion:
    """As the forge has its pull request."""
    pull = progress.pull
    if pull.state == "closed":
        if promotion.stage.is_end:
            return promotion
        if seen.newer:
            return _ended(promotion, Stage.SUPERSEDED, f"superseded by {seen.newer}", now)
        return _ended(promotion, Stage.CLOSED, f"{progress.closed_by or 'somebody'} closed it", now)
    if pull.state == "merged" and pull.merged_as is None:
        return promotion  # The forge says so before it says as which commit.
    merged = (pull.merged_as or "") if pull.state == "merged" else ""
    known = merged or pull.head
    if known != promotion.head and seen.pushed is None and (promotion.head or merged):
        return promotion  # Nobody could read yet what that moves.
    after = replace(promotion, url=promotion.url or pull.url, approvers=progress.approvers or promotion.approvers)
    moved = bool(promotion.head) and pull.head != promotion.head
    if promotion.stage.is_end or (moved and not merged):
        after = _back(after)
    if seen.pushed:
        after = _told(after, seen.pushed, "merged with other commits" if merged else "pushed to")
    after = replace(after, head=pull.head)
    if merged:
        return _merged(after, progress, merged, now)
    return _standing(after, progress, now)


def _standing(promotion: Promotion, progress: Progress, now: datetime) -> Promotion:
    """An open pull request: how far it is, what is wrong, what it waits for."""
    passed = progress.checks is Checks.PASSED
    stage = Stage.CHECKS if passed else Stage.OPEN
    if progress.review is Review.APPROVED and progress.checks in {Checks.PASSED, Checks.NONE}:
        stage = Stage.APPROVED
    after = _at(promotion, Stage.OPEN, now)
    if passed:
        after = _at(after, Stage.CHECKS, now)
    after = _at(after, stage, now)
    wrong = []
    if progress.conflicts:
        wrong.append(f"it conflicts with {progress.pull.base}")
    if progress.checks is Checks.FAILED:
        wrong.append(f"{wording.joined(progress.named) or 'a check'} failed")
    if progress.review is Review.CHANGES:
        wrong.append("a reviewer asks for changes")
    trouble = wording.joined(wrong)
    each = tuple(replace(leg, stage=after.stage, why="") for leg in after.legs)
    why = _waits_for(progress, trouble)
    return replace(after, legs=each, checks=progress.checks, review=progress.review, trouble=trouble, why=why)


def _waits_for(progress: Progress, trouble: str) -> str:
    waits = []
    if progress.pull.draft:
        waits.append("somebody to mark it as ready")
    if progress.checks is Checks.RUNNING:
        waits += progress.named or ["its checks"]
    if progress.review is Review.WANTED:
        waits.append("a review")
    if waits:
        return f"it waits for {wording.joined(waits)}"
    if trouble:
        return ""
    return "it merges as soon as the rules of its branch allow" if progress.queued else "it waits to be merged"


def _merged(promotion: Promotion, progress: Progress, commit: str, now: datetime) -> Promotion:
    after = replace(promotion, commit=commit, merged_by=progress.pull.merged_by or "", trouble="", why="")
    each = tuple(leg if leg.stage.is_end else replace(leg, stage=Stage.MERGED, why="") for leg in after.legs)
    return _at(replace(after, legs=each), Stage.MERGED, now)


def _told(promotion: Promotion, pushed: Pushed, how: str) -> Promotion:
    """With the versions that a commit has: what was asked for is by now what that says."""
    each = tuple(_with(leg, pushed.versions.get(leg.service, leg.to_version)) for leg in promotion.legs)
    whole = replace(promotion, legs=each)
    moved = [
        f"{leg.service} to {wording.short(leg.to_version)}"
        for leg, before in zip(each, promotion.legs, strict=True)
        if leg.to_version != before.to_version
    ]
    lost = [leg.service for leg in each if pushed.versions.get(leg.service, "") is None]
    if not (moved or lost or pushed.by):
        return whole
    who = wording.joined(pushed.by)
    first = f"It was {how}{f' by {who}' if who else ''}"
    said = [f"{first}: it moves {wording.joined(moved)} by now."] if moved else []
    said += [f"{first}: it has no version of {wording.joined(lost)} by now."] if lost else []
    notes = said or [f"{first}, and moves the same."]
    return replace(whole, notes=tuple(dict.fromkeys((*whole.notes, *notes))))


def _with(leg: Leg, version: str | None) -> Leg:
    if version is not None:
        return replace(leg, to_version=version)
    return replace(leg, stage=Stage.SUPERSEDED, why="what was pushed to its pull request has no version of it")


def _landed(promotion: Promotion, seen: Evidence, verification: Verification, now: datetime) -> Promotion:
    """As Git and the clusters have it, once the branch has it."""
    merged = promotion.reached.get(Stage.MERGED, now)
    after = (leg if leg.stage.is_end else _went(leg, seen, verification, merged, now) for leg in promotion.legs)
    return _summed(replace(promotion, legs=tuple(after)), seen, now)


def _went(leg: Leg, seen: Evidence, verification: Verification, merged: datetime, now: datetime) -> Leg:
    if leg.stage is not Stage.SYNCED:
        leg = replace(leg, stage=Stage.MERGED)
    look = seen.looks.get(leg.service)
    there = legs.on_branch(leg, seen.branch.get(leg.service), merged, now)
    if there is not None:
        leg = there
        if look and not leg.stage.is_end:
            leg = legs.in_cluster(leg, look, verification, now)
        if leg.service in seen.proofs and legs.is_due(leg, verification, now):
            leg = legs.proved(leg, seen.proofs[leg.service], verification, now)
    if look is None and not seen.blind:
        return leg
    return legs.timed(leg, seen.blind or legs.unseen(look), merged, verification, now)


def _summed(promotion: Promotion, seen: Evidence, now: datetime) -> Promotion:
    """As far as the service that is least far; ended, once all have, as the one that ended worst."""
    going = [leg for leg in promotion.legs if not leg.stage.is_end]
    stages = {leg.stage for leg in going or promotion.legs}
    stage = next(each for each in (_ORDER if going else _WORST_FIRST) if each in stages)
    speaks = [leg for leg in promotion.legs if leg.stage is stage]
    why = "; ".join(
        dict.fromkeys(f"{leg.service}: {leg.why}" if len(promotion.legs) > 1 else leg.why for leg in speaks if leg.why)
    )
    after = replace(promotion, why=why, trouble=_trouble(promotion, seen) if going else "")
    if all(leg.there for leg in promotion.legs):
        after = _at(after, Stage.SYNCED, now)
    return _at(after, stage, now)


def _trouble(promotion: Promotion, seen: Evidence) -> str:
    """What somebody must put right: a service that failed while others go on, an engine that is switched off."""
    failed = [f"{leg.service} failed: {leg.why}" for leg in promotion.legs if leg.stage is Stage.FAILED]
    waiting = [leg.service for leg in promotion.legs if leg.stage is Stage.MERGED]
    off = {legs.paused(seen.looks[service]) for service in waiting if service in seen.looks}
    if not seen.looks:
        return promotion.trouble
    return "; ".join([*failed, *sorted(off - {""})])


def _at(promotion: Promotion, stage: Stage, now: datetime) -> Promotion:
    """At a stage, unless it is further."""
    reached: Mapping[Stage, datetime] = {stage: now, **promotion.reached}
    further = max(promotion.stage, stage, key=_ORDER.index)
    return replace(promotion, stage=further, reached=reached)


def _ended(promotion: Promotion, stage: Stage, why: str, now: datetime) -> Promotion:
    each = tuple(leg if leg.stage.is_end else replace(leg, stage=stage, why="") for leg in promotion.legs)
    return _at(replace(promotion, legs=each, why=why, trouble=""), stage, now)


def _back(promotion: Promotion) -> Promotion:
    """Open anew: what it had reached counts no longer."""
    begun = {Stage.REQUESTED, Stage.OPEN}
    reached: Mapping[Stage, datetime] = {stage: at for stage, at in promotion.reached.items() if stage in begun}
    each = tuple(replace(leg, stage=Stage.OPEN, why="") for leg in promotion.legs)
    return replace(promotion, stage=Stage.OPEN, legs=each, reached=reached, why="", trouble="")
