"""What scheduled checks tell, in words: the message of an episode as it stands, and what is new of it.

Messages stay, so times in them are times of day. Pure; which news there are is for `bot.drift.episodes` to say.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import wording
from bot.drift.episodes import AGAIN, Event, Step, by_severity
from bot.drift.offers import offers
from bot.drift.outages import Blindness
from bot.drift.report import HOW_TO_HEAL, NAMED, SHOWN, finding, listed, named
from bot.model.episode import Episode, Outage
from bot.model.reply import Choice, Layout, Outcome, Reply, Section
from bot.model.sync import Deployed, Difference, Kind, Severity
from bot.saying import say, sayable
from bot.wording import moment

LISTED = 15
"""Targets that a message of many lists; the rest is counted."""


def parent(episode: Episode, found: Sequence[Difference], deployed: Deployed | None, *, offer: bool) -> Reply:
    """The message of one target as things stand: what differs, since when, by whose hand, and what to do about it.

    `found` are the differences that its episode holds open.
    """
    target = _target(episode)
    if not episode.is_open:
        return Reply(Outcome.ANSWERED, _ended(episode))
    worded = f"{target} {'has drifted' if not _is_broken(episode) else 'cannot be compared'}"
    text = f"{worded}: {_counts(episode)}, since {moment(episode.began)}."
    sections = [Section("\n".join(listed(found, moment, SHOWN)), Layout.CODE)] if found else []
    if episode.restless:
        text += " It comes and goes."
    silence = episode.silence
    if silence and not silence.over:
        because = f": {silence.because}" if silence.because else ""
        sections.append(Section(f"Muted until {moment(silence.until)} by {silence.by}{because}"))
    elif offer and not _is_broken(episode):
        sections.append(Section(HOW_TO_HEAL))
    return Reply(Outcome.ANSWERED, text, tuple(sections), _choices(episode, deployed, offer=offer))


def together(episodes: Sequence[Episode]) -> Reply:
    """One message of many targets, whose drift was found by one check: worst first, and how many have healed."""
    worst = list(Severity)
    still = sorted(
        (each for each in episodes if each.is_open),
        key=lambda each: (worst.index(next(iter(by_severity(each)), Severity.INFO)), each.service),
    )
    environment = episodes[0].environment
    ended = len(episodes) - len(still)
    healed = f"; {ended} of them {'has' if ended == 1 else 'have'} healed" if ended else ""
    since = moment(min(each.began for each in episodes))
    if not still:
        return Reply(Outcome.ANSWERED, f"All {len(episodes)} targets in {environment} that had drifted have healed.")
    text = f"{len(episodes)} targets in {environment} have drifted, since {since}{healed}."
    lines = [_line(each) for each in still[:LISTED]]
    lines += [f"… and {len(still) - LISTED} more"] if len(still) > LISTED else []
    choices = (say("Show all", f"drift in {environment}"),) if sayable(environment) else ()
    return Reply(Outcome.ANSWERED, text, (Section("\n".join(lines), Layout.CODE),), choices)


def news(steps: Sequence[Step], episodes: Sequence[Episode], now: datetime) -> Reply:
    """What a check tells in the thread of a message: of each of its targets that has news, only what is new."""
    told = [
        (_sentences(step, episode, now), _details(step, episode)) for step, episode in zip(steps, episodes, strict=True)
    ]
    if len(told) == 1:
        sentences, lines = told[0]
        return Reply(Outcome.ANSWERED, sentences, (Section("\n".join(lines), Layout.CODE),) if lines else ())
    text = " ".join(sentences for sentences, _ in told[:NAMED])
    more = [Section(sentences) for sentences, _ in told[NAMED:]]
    details = [
        Section("\n".join([_target(episode), *(f"  {line}" for line in lines)]), Layout.CODE)
        for (_, lines), episode in zip(told, episodes, strict=True)
        if lines
    ]
    return Reply(Outcome.ANSWERED, text, (*more, *details))


def why_now(step: Step, episode: Episode) -> str:
    """What a message that opens says besides: that a mute kept it back until now."""
    if Event.WORSE in step.events:
        return f" It is worse than what was muted{_mute_of(episode)}, so the mute ends."
    return " It was muted until now." if Event.UNMUTED in step.events else ""


def outage(known: Outage, seen: Blindness, total: int) -> Reply:
    """That targets can't be checked, as one message for all that it is so of."""
    since = f"since {moment(known.began)}"
    if not seen.targets:
        return Reply(Outcome.FAILED, f"{known.environment} could not be checked for drift, {since}: {seen.why}")
    if len(seen.targets) == 1:
        return Reply(Outcome.FAILED, f"{seen.targets[0]} could not be checked for drift, {since}: {seen.why}")
    names = named([each.service for each in seen.targets])
    count = f"{len(seen.targets)} of {total} targets in {known.environment}"
    return Reply(
        Outcome.FAILED,
        f"{count} could not be checked for drift, {since}: {seen.why}",
        (Section(f"Not checked: {names}. What was known of them before stands."),),
    )


def outage_ended(known: Outage, now: datetime) -> str:
    """For its thread, and for the message itself."""
    period = wording.lasted(max((known.left or now) - known.began, timedelta()))
    return f"{known.environment} can be checked again, after {period}."


def _sentences(step: Step, episode: Episode, now: datetime) -> str:
    # What is worse has changed, which goes without saying.
    events = [each for each in step.events if each is not Event.CHANGED or Event.WORSE not in step.events]
    return " ".join(_sentence(event, step, episode, now) for event in events)


def _sentence(event: Event, step: Step, episode: Episode, now: datetime) -> str:
    target = _target(episode)
    match event:
        case Event.OPENED | Event.AGAIN:
            return f"{target} has drifted again: {_counts(episode)}."
        case Event.CHANGED:
            return f"{target}: {_changes(step)}."
        case Event.WORSE:
            return f"{target} got worse than what was muted{_mute_of(episode)}, so the mute ends: {_changes(step)}."
        case Event.UNMUTED:
            return f"The mute of {target} has run out, and it is still drifted: {_counts(episode)}."
        case Event.REMINDED:
            period = wording.lasted(now - episode.began)
            return f"{target} is still drifted, for {period}: {_counts(episode)}."
        case Event.RESTLESS:
            quiet = wording.lasted(AGAIN)
            return (
                f"{target} comes and goes: something of it came back or changed {episode.returns} times, each within "
                f"{quiet} of the last. No more is said of that until it has stayed as it is for {quiet}."
            )
        case Event.SETTLED:
            return f"{target} has stayed as it is for {wording.lasted(AGAIN)}, and is drifted: {_counts(episode)}."
    return _ended(episode)


def _details(step: Step, episode: Episode) -> list[str]:
    """The findings that are news, each under what it is."""
    lines: list[str] = []
    if episode.restless and Event.RESTLESS in step.events:
        return lines
    groups: tuple[tuple[str, Sequence[Difference]], ...] = (
        ("New:", step.new),
        ("Again:", step.again),
        ("Changed:", step.changed),
    )
    for title, found in groups:
        if found:
            lines += [title, *(f"  {each.object} {finding(each, moment)}".rstrip() for each in found[:SHOWN])]
            lines += [f"  … and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    if step.gone and episode.is_open:
        lines += ["Gone:", *(f"  {each}" for each in step.gone[:SHOWN])]
        lines += [f"  … and {len(step.gone) - SHOWN} more"] if len(step.gone) > SHOWN else []
    return lines


def _changes(step: Step) -> str:
    """`1 new finding, 2 gone`."""
    numbers = ((step.new, "new"), (step.again, "again"), (step.changed, "changed"), (step.gone, "gone"))
    counted = [f"{len(several)} {word}" for several, word in numbers if several]
    first, *rest = counted or ["nothing new"]
    count, _, word = first.partition(" ")
    return ", ".join([f"{count} finding{'s' if count != '1' else ''} {word}" if counted else first, *rest])


def _ended(episode: Episode) -> str:
    period = wording.lasted(max((episode.healed or episode.began) - episode.began, timedelta()))
    if episode.undeclared:
        return f"{_target(episode)} is no longer declared in Git; its drift was known for {period}."
    times = f" It had come back or changed {episode.returns} times." if episode.returns > 1 else ""
    return f"{_target(episode)} has healed: the drift lasted {period}.{times}"


def _line(episode: Episode) -> str:
    found = sorted(
        (each for each in episode.findings if each.open), key=lambda each: list(Severity).index(each.severity)
    )
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    muted = " (muted)" if episode.silence and not episode.silence.over else ""
    return f"{episode.service}: {_counts(episode)}" + (f": {found[0]}{more}" if found else "") + muted


def _counts(episode: Episode) -> str:
    """`1 high, 2 medium`."""
    return ", ".join(f"{count} {severity}" for severity, count in by_severity(episode).items()) or "not looked at yet"


def _is_broken(episode: Episode) -> bool:
    """Whether all there is to say is that Git's side can't be read."""
    there = [each for each in episode.findings if each.open]
    return bool(there) and all(each.kind is Kind.CONFIG_ERROR for each in there)


def _mute_of(episode: Episode) -> str:
    silence = episode.silence
    return f" (until {moment(silence.until)}, by {silence.by})" if silence else ""


def _target(episode: Episode) -> str:
    return f"{episode.service} in {episode.environment}"


def _choices(episode: Episode, deployed: Deployed | None, *, offer: bool) -> tuple[Choice, ...]:
    return offers(
        episode.service,
        episode.environment,
        [each.kind for each in episode.findings if each.open],
        syncs=offer and deployed is not None and not deployed.held,
        adopts=offer,
        muted=bool(episode.silence and not episode.silence.over),
    )
