"""What is said where a version fails: what ails it, what its engine and its probes say, and the way back.

Pure. All that it quotes is another's: it is cut here, and escaped by whoever shows it. The one message of a promotion
says why in a clause; this is for its thread. Messages stay, so times in them are times of day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Choice, Layout, Outcome, Reply, Section
from bot.model.sync import Ailment, Sighting
from bot.model.verification import Proof
from bot.quoting import quoted
from bot.saying import roll_back

AILMENTS = 5
EVENTS = 5
LOG = 15
LOGS = 2
"""Objects whose last lines are shown: one that fails fails in all its replicas alike."""
WIDEST = 240


def details(promotion: Promotion, legs: Sequence[Leg], seen: Mapping[str, Sighting], now: datetime) -> Reply:
    """What is to be known of services that failed: `seen` are their sightings, by name, as far as there are any."""
    sections = [section for leg in legs for section in _leg(leg, seen.get(leg.service), now, named=len(legs) > 1)]
    if not sections:
        return Reply(Outcome.ANSWERED, " ".join(failed(promotion, leg) for leg in legs))
    # That it failed, and why, was said just before.
    names = wording.joined([f"{leg.service} {wording.short(leg.to_version)}" for leg in legs])
    return Reply(Outcome.ANSWERED, f"This was seen of {names} in {promotion.environment}:", tuple(sections))


def failed(promotion: Promotion, leg: Leg) -> str:
    """`payment v1.3.0 failed in production: 1 of 3 replicas ready.`"""
    said = "was not healthy in time" if leg.stage is Stage.TIMED_OUT else "failed"
    why = f": {line(leg.why).rstrip('.')}" if leg.why else ""
    return f"{leg.service} {wording.short(leg.to_version)} {said} in {promotion.environment}{why}."


def goes_back(done: Reply) -> Reply:
    """That the bot rolls back by itself: `done` is what came of that."""
    return replace(done, text=f"The config has what fails rolled back. {done.text}", private=False)


def stays(promotion: Promotion, leg: Leg, why: str) -> Reply:
    """That it does not, though the config asks it to."""
    text = f"{leg.service} in {promotion.environment} is not rolled back by itself: {line(why).rstrip('.')}."
    return Reply(Outcome.ANSWERED, text, choices=ways_back(replace(promotion, legs=(leg,))))


def ways_back(promotion: Promotion) -> tuple[Choice, ...]:
    """A button for each service that failed, its target fixed: pressed late, it takes back nothing newer.

    None for a rollback, which there is no way back from, nor where a name can't be said.
    """
    if promotion.verb == "rollback":
        return ()
    legs = [leg for leg in promotion.legs if leg.stage.is_lost]
    return tuple(
        choice
        for leg in legs
        for choice in roll_back(
            leg.service,
            promotion.environment,
            leg.to_version,
            leg.from_version,
            f"Roll back {leg.service}" if len(legs) > 1 else "Roll back",
        )
    )


def line(text: str) -> str:
    """One line of another's text, cut and without what looks secret."""
    return quoted(text, WIDEST)


def _leg(leg: Leg, seen: Sighting | None, now: datetime, *, named: bool) -> list[Section]:
    found: list[Section] = []
    if named:
        found.append(Section(f"{leg.service}:"))
    ailments = seen.ailments if seen else ()
    if lines := [told for each in ailments[:AILMENTS] if (told := _ailment(each, now)) not in leg.why]:
        more = len(ailments) - AILMENTS
        found.append(_code([*lines, *([f"… and {more} more"] if more > 0 else [])]))
    if proofs := [_proof(each) for each in leg.proofs if not each.passed]:
        found.append(_code(proofs))
    engine = seen.deployed if seen else None
    if engine and engine.trouble and all(each.object != engine.object for each in ailments[:AILMENTS]):
        found.append(_code([line(f"{engine.object}: {engine.trouble}")]))
    events = dict.fromkeys(line(event) for each in ailments for event in each.symptoms.events)
    if events:
        found += [Section("Its newest warnings:"), _code([*events][:EVENTS])]
    for each in [each for each in ailments if each.symptoms.log][:LOGS]:
        found += [
            Section(f"The last lines of {each.object}:"),
            _code([line(said) for said in each.symptoms.log[-LOG:]]),
        ]
    return found


def _ailment(ailment: Ailment, now: datetime) -> str:
    return line(wording.named(ailment, wording.said(ailment, now)))


def _proof(proof: Proof) -> str:
    return line(f"{proof.what}: {proof.evidence}")


def _code(lines: Sequence[str]) -> Section:
    return Section("\n".join(lines), Layout.CODE)
