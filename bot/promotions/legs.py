"""One service of a merged promotion, from one look to the next: does the cluster have it, does it do well, did it end.

Pure, as `bot.promotions.course`, which asks it. States that a normal rollout goes through are no verdicts: only what is
definite fails at once, and what else is wrong after a grace.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot import wording
from bot.health.workloads import EXCEEDED
from bot.model.promotion import Leg, Stage
from bot.model.sync import Ailment, Health, Kind, Sighting, SyncState
from bot.model.verification import Proof, Verification
from bot.promotions.evidence import Branch, Look

GRACE = timedelta(minutes=2)
"""How long a version may be degraded, or a probe fail, before it has failed. The kubelet starts a container that ended
again after 10, 20 and 40 seconds: one that gets over the start of what it needs has done so by then."""


def on_branch(leg: Leg, branch: Branch | None, merged: datetime, now: datetime) -> Leg | None:
    """The service as its branch has it now; None where that can't be judged yet: the branch lacks the commit still."""
    if branch is None:
        return leg
    if not branch.holds:
        # A forge tells of a merge a moment before its Git does.
        if now - merged < GRACE:
            return None
        return replace(leg, stage=Stage.SUPERSEDED, why="its branch does not have the commit, or no longer")
    if branch.version == leg.to_version:
        return leg
    return replace(leg, stage=Stage.SUPERSEDED, why=_overtaken(leg, branch))


def in_cluster(leg: Leg, look: Look, verification: Verification, now: datetime) -> Leg:
    """The service as its cluster has it now."""
    sighting = look.sighting
    if sighting.target.cluster is None:
        return replace(leg, stage=Stage.UNWATCHED, why=sighting.why)
    if trouble := _trouble(look):
        return _failing(leg, look, now, trouble, is_final=not _tries_again(look))
    if leg.stage is Stage.MERGED:
        if not _is_there(leg, look):
            return leg if _is_unseen(look) else replace(leg, ailing=None, why=_missing(look))
        leg = replace(leg, stage=Stage.SYNCED, there=now)
    return _judged(leg, look, verification, now)


def proved(leg: Leg, proofs: Sequence[Proof], verification: Verification, now: datetime) -> Leg:
    """The service with what came of all its probes, tried now. What still fails counts from when it began to."""
    before = {each.what: each for each in leg.proofs}
    leg = replace(leg, proofs=tuple(_since(before.get(each.what), each, now) for each in proofs))
    wrong = [each for each in leg.proofs if each.passed is False]
    if over := [each for each in wrong if now - each.at >= GRACE]:
        newest = next((each for each in proofs if each.what == over[0].what), over[0])
        return replace(leg, stage=Stage.FAILED, why=f"{newest.what}: {newest.evidence}")
    if open_ := wrong + [each for each in leg.proofs if each.passed is None]:
        return replace(leg, why=f"{open_[0].what}: {open_[0].evidence}")
    return replace(leg, stage=Stage.HEALTHY, why="") if _is_proved(leg, verification) else leg


def is_due(leg: Leg, verification: Verification, now: datetime) -> bool:
    """Whether it has been healthy for so long that its probes, if there are any, decide."""
    return leg.stage is Stage.SYNCED and leg.well is not None and now - leg.well >= verification.healthy_for


def timed(leg: Leg, unseen: str, merged: datetime, verification: Verification, now: datetime) -> Leg:
    """The service, ended if it took too long: not while it is healthy and must only stay so for a while."""
    if leg.stage.is_end or now - merged < verification.timeout:
        return leg
    if leg.well is not None and now - leg.well < verification.healthy_for:
        return leg
    why = unseen or leg.why or "its cluster has not applied it"
    return replace(leg, stage=Stage.TIMED_OUT, why=why)


def unseen(look: Look | None) -> str:
    """Why a look saw nothing, if it did not."""
    return look.sighting.why if look and _is_unseen(look) else ""


def paused(look: Look) -> str:
    """What somebody must switch on before its engine deploys anything."""
    return look.sighting.deployed.paused if look.sighting.deployed else ""


def _overtaken(leg: Leg, branch: Branch) -> str:
    move = branch.move
    who = f"{move.by} in {f'#{move.pull}' if move.pull else move.commit.sha[:10]}" if move else ""
    if branch.version is None:
        return f"removed from its branch by {who}" if who else "removed from its branch"
    if who and (branch.version == leg.from_version or (move and "Quarterdeck-Rejects" in move.commit.trailers)):
        return f"taken back by {who}"
    return f"superseded by {wording.short(branch.version)}{who and f' ({who})'}"


def _trouble(look: Look) -> str:
    """What went wrong when its engine tried this commit, or a later one, and does not try again by itself."""
    engine = look.sighting.deployed
    if engine is None or not engine.trouble or engine.waiting or engine.busy:
        return ""
    ours = look.applied if engine.attempted is None else look.attempted
    return engine.trouble if ours else ""


def _is_there(leg: Leg, look: Look) -> bool:
    """Whether the cluster has it: by the commit that its engine applied, else by what the cluster holds."""
    sighting, engine = look.sighting, look.sighting.deployed
    if engine and engine.busy:
        return False
    if look.applied is not None:
        return look.applied
    if sighting.desired != leg.to_version:
        return False
    if sighting.sync is SyncState.DRIFTED:
        ahead = any(each.kind is Kind.PENDING for each in sighting.differences)
        return not ahead and sighting.live == leg.to_version
    return sighting.sync is SyncState.SYNCED


def _missing(look: Look) -> str:
    engine = look.sighting.deployed
    waits = f"it waits for {engine.waiting}" if engine and engine.waiting else ""
    told = (engine.paused, waits, engine.trouble, engine.busy) if engine else ()
    # What else a sighting says is of the version before.
    seen = "" if look.sighting.sync in {SyncState.SYNCED, SyncState.PENDING} else look.sighting.why
    return next(filter(None, (*told, seen)), "its cluster has not applied it yet")


def _judged(leg: Leg, look: Look, verification: Verification, now: datetime) -> Leg:
    sighting = look.sighting
    if _is_unseen(look):
        return replace(leg, well=None, ailing=None, proofs=())
    if sighting.health is Health.DEGRADED:
        return _failing(leg, look, now, _reason(sighting), is_final=any(map(_is_final, sighting.ailments)))
    if why := _not_well(leg, look):
        return replace(leg, well=None, ailing=None, proofs=(), why=why)
    leg = replace(leg, well=_begun(leg.well, look, now), ailing=None)
    if is_due(leg, verification, now):
        return replace(leg, stage=Stage.HEALTHY, why="") if _is_proved(leg, verification) else leg
    return replace(leg, why=f"it is healthy, and must stay so for {_spell(verification.healthy_for)}")


def _failing(leg: Leg, look: Look, now: datetime, why: str, *, is_final: bool) -> Leg:
    """Failed where that is definite, or has been so for a while."""
    since = _begun(leg.ailing, look, now)
    leg = replace(leg, well=None, ailing=since, proofs=(), why=why)
    return replace(leg, stage=Stage.FAILED) if is_final or now - since >= GRACE else leg


def _tries_again(look: Look) -> bool:
    """Whether its engine tries a commit that failed again and again: Flux does, at every `spec.retryInterval`. Argo CD
    does not, once its retries are used up."""
    return look.sighting.deployed is not None and look.sighting.deployed.engine == "flux"


def _not_well(leg: Leg, look: Look) -> str:
    """Why it is not healthy, or not it is."""
    sighting = look.sighting
    if look.applied is False:
        return "its cluster has gone back to an earlier commit"
    if sighting.live not in {None, leg.to_version}:
        return f"its cluster runs {wording.short(sighting.live)}"
    if sighting.health is Health.HEALTHY or (sighting.health is Health.SUSPENDED and _is_meant(sighting)):
        return ""
    return _reason(sighting)


def _is_meant(sighting: Sighting) -> bool:
    """Whether what is suspended is as Git has it, such as a schedule, and not a rollout that stopped half-way."""
    return bool(sighting.ailments) and all(each.object.kind in {"CronJob", "Job"} for each in sighting.ailments)


def _is_final(ailment: Ailment) -> bool:
    """Whether it will not get well by itself: a Job is not tried again once it failed, and a rollout that is given up
    had ten minutes, or what its `progressDeadlineSeconds` says."""
    is_job = ailment.object.kind == "Job"
    return ailment.health is Health.DEGRADED and (is_job or ailment.reason.startswith(EXCEEDED))


def _is_unseen(look: Look) -> bool:
    return look.sighting.health is Health.UNKNOWN


def _is_proved(leg: Leg, verification: Verification) -> bool:
    return len(leg.proofs) >= len(verification.probes) and all(each.passed for each in leg.proofs)


def _begun(known: datetime | None, look: Look, now: datetime) -> datetime:
    """Since when it is so, as far as anybody saw: neither before a gap between looks nor after now."""
    return now if known is None else min(now, max(known, look.since))


def _since(before: Proof | None, proof: Proof, now: datetime) -> Proof:
    """The proof as it is kept: while it comes to the same, as it was first."""
    return before if before and before.passed is proof.passed else replace(proof, at=now)


def _reason(sighting: Sighting) -> str:
    if not sighting.ailments:
        return sighting.why or f"it is {sighting.health}"
    worst = sighting.ailments[0]
    causes = worst.symptoms.causes[:1]
    return wording.named(worst, ": ".join(filter(None, [worst.reason, *causes])))


def _spell(period: timedelta) -> str:
    seconds = int(period.total_seconds())
    return f"{seconds} second{'' if seconds == 1 else 's'}" if seconds < 60 else wording.lasted(period)
