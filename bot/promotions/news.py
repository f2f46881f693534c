"""A promotion in words: its one message as it stands, what its thread is told on the way, and at the end.

Times that pass are in none of them, so that the same state has the same words. Pure; how far a promotion is, is for
`bot.promotions.course` to say. Text of others is plain, and escaped by whoever shows it.
"""

from collections.abc import Mapping, Sequence

from bot import wording
from bot.model.catalog import Environment
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Review
from bot.model.reply import Layout, Outcome, Reply, Section
from bot.promotions import failing, plan
from bot.promotions.offers import offers


def message(promotion: Promotion, environments: Mapping[str, Environment]) -> Reply:
    """The one message. Its first sentences say where it is, and make sense alone."""
    sections = (
        *map(Section, promotion.notes),
        Section(layout=Layout.STEPS, steps=plan.steps(promotion)),
        *plan.legs(promotion),
        *plan.proofs(promotion),
    )
    return Reply(
        Outcome.ANSWERED, _text(promotion), sections, offers(promotion, environments), stage=_stands(promotion)
    )


def step(before: Promotion, after: Promotion) -> Reply | None:
    """What the thread is told of a step: what somebody must look at, and that it goes on after all.

    Not how far it is, since the message itself says that; nor its end, which `ended` tells.
    """
    if after.stage.is_end:
        return None
    if before.stage.is_end:
        return _told(after, f"It goes on: pull request #{after.pull} was opened again.")
    new = [note for note in after.notes if note not in before.notes]
    if after.trouble and after.trouble != before.trouble:
        new.append(f"It is held up: {after.trouble}.")
    elif before.trouble and not after.trouble and after.stage is before.stage:
        new.append(f"That is over: {before.trouble}.")
    return _told(after, *new, mentions=(after.by.id,) if after.trouble else ()) if new else None


def ended(promotion: Promotion) -> Reply:
    """What the thread is told at the end, to whoever asked; the channel too, where it failed."""
    return Reply(
        Outcome.ANSWERED,
        _text(promotion),
        stage=promotion.stage,
        mentions=(promotion.by.id,),
        broadcast=promotion.stage.is_lost,
    )


def _told(promotion: Promotion, *sentences: str, mentions: tuple[str, ...] = ()) -> Reply:
    return Reply(Outcome.ANSWERED, " ".join([_lead(promotion), *sentences]), mentions=mentions)


def _text(promotion: Promotion) -> str:
    if promotion.stage is Stage.HEALTHY:
        return _healthy(promotion)
    if promotion.stage.is_lost:
        return _lost(promotion)
    lead = _lead(promotion)
    why = plan.waits(promotion)
    number = f"pull request #{promotion.pull}"
    merge = "merge it and the cluster follows"
    match _stands(promotion):
        case Stage.OPEN:
            said = _and(f"P{number[1:]} is open", why or merge)
        case Stage.CHECKS:
            said = _and(f"The checks of {number} have passed", why or merge)
        case Stage.APPROVED:
            by = f" by {wording.joined(promotion.approvers)}" if promotion.approvers else ""
            said = _and(f"P{number[1:]} is approved{by}", why or merge)
        case Stage.MERGED:
            said = _and(_landed(promotion), why or "the cluster is to follow")
        case Stage.SYNCED:
            said = _and("The cluster has it", why or "its health is watched")
        case Stage.UNWATCHED:
            said = f"{_landed(promotion)}: {why}, so nobody here can tell what runs there."
        case Stage.CLOSED:
            said = _and(f"P{number[1:]} was closed unmerged", why)
        case Stage.SUPERSEDED:
            said = _sentence(why or "something newer took its place")
        case _:
            said = _sentence(why or "it is asked for")
    return f"{lead} {said}"


def _stands(promotion: Promotion) -> Stage:
    """The stage as it is told: not of checks, or of an approval, that were taken back since."""
    checked = promotion.checks in {None, Checks.PASSED} and Stage.CHECKS in promotion.reached
    match promotion.stage:
        case Stage.APPROVED if promotion.review not in {None, Review.APPROVED}:
            return Stage.CHECKS if checked else Stage.OPEN
        case Stage.CHECKS if not checked:
            return Stage.OPEN
    return promotion.stage


def _healthy(promotion: Promotion) -> str:
    """`payment is at v1.3.0 in production, healthy, 4 minutes after ana asked.`"""
    names = [leg.service for leg in promotion.legs]
    back = "back " if promotion.verb == "rollback" else ""
    if len(names) == 1:
        what = f"{names[0]} is {back}at {wording.short(promotion.legs[0].to_version)} in {promotion.environment}"
    else:
        what = f"{_named(names)} are {back}at their versions in {promotion.environment}"
    took = promotion.reached[Stage.HEALTHY] - promotion.asked if Stage.HEALTHY in promotion.reached else None
    after = "it began" if promotion.automatic else f"{promotion.by.name} asked"
    return f"{what}, healthy{f', {wording.lasted(took)} after {after}' if took is not None else ''}."


def _lost(promotion: Promotion) -> str:
    """Each that failed, with why; of many, how many."""
    lost = [leg for leg in promotion.legs if leg.stage.is_lost]
    if lost and len(lost) <= wording.NAMED:
        well = [leg.service for leg in promotion.legs if leg.stage is Stage.HEALTHY]
        rest = f" {_named(well)} {'is' if len(well) == 1 else 'are'} healthy." if well else ""
        return " ".join(failing.failed(promotion, leg) for leg in lost) + rest
    said = "were not healthy in time" if promotion.stage is Stage.TIMED_OUT else "failed"
    why = f": {promotion.why}" if promotion.why else ""
    return (
        f"{len(lost) or len(promotion.legs)} of {len(promotion.legs)} services {said} in {promotion.environment}{why}."
    )


def _lead(promotion: Promotion) -> str:
    """`payment in production: v1.2.0 → v1.3.0.` As the first answer has it, so that an update doesn't jar."""
    moved = [_moved(leg) for leg in promotion.legs]
    if len(moved) == 1:
        return f"{promotion.legs[0].service} in {promotion.environment}: {moved[0]}."
    if len(moved) > wording.NAMED:
        return f"{promotion.environment}: {len(moved)} services."
    each = (f"{leg.service} {versions}" for leg, versions in zip(promotion.legs, moved, strict=True))
    return f"{promotion.environment}: {', '.join(each)}."


def _moved(leg: Leg) -> str:
    return f"{wording.short(leg.from_version)} → {wording.short(leg.to_version)}"


def _landed(promotion: Promotion) -> str:
    if promotion.pull is None:
        return f"In commit {promotion.commit[:10]}"
    return f"Merged by {promotion.merged_by}" if promotion.merged_by else "Merged"


def _named(names: Sequence[str]) -> str:
    return wording.joined(names) if len(names) <= wording.NAMED else f"{len(names)} services"


def _and(state: str, why: str) -> str:
    """Both in one sentence, but where the reason has a colon of its own."""
    return f"{state}. {_sentence(why)}" if ": " in why else f"{state}{': ' if why else ''}{why}."


def _sentence(clause: str) -> str:
    return f"{_capital(clause).rstrip('.')}."


def _capital(clause: str) -> str:
    return clause[:1].upper() + clause[1:]
