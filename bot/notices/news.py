"""What is told of services that do badly, in words: the message of an episode as it stands, and what is new of it.

Pure. Messages stay, so times in them are times of day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import wording
from bot.drift.episodes import AGAIN, Event, Step
from bot.lineage import is_ours
from bot.model.change import Move
from bot.model.episode import Episode
from bot.model.reply import Choice, Layout, Outcome, Reply, Section
from bot.model.sync import Difference, Sighting
from bot.notices.matters import DEGRADED, PAUSED, UNSYNCED
from bot.saying import roll_back, say, sayable

SHOWN = 8
LISTED = 15
RECENT = timedelta(days=1)
"""How old a move may be to be offered to be taken back."""
_WORDS = {UNSYNCED: "could not be synced", DEGRADED: "is degraded", PAUSED: "does not follow Git"}


@dataclass(frozen=True)
class Words:
    """`bot.jobs.rounds.Words`. `moves` are the services' newest ones, by name."""

    now: datetime
    moves: Mapping[str, Move] = field(default_factory=dict)

    def parent(self, episode: Episode, found: Sequence[Difference], sighting: Sighting | None) -> Reply:
        """The message of one service, as things stand."""
        if not episode.is_open:
            return Reply(Outcome.ANSWERED, _ended(episode))
        restless = " It comes and goes." if episode.restless else ""
        text = f"{_target(episode)} {_what(episode)}, since {wording.moment(episode.began)}.{restless}"
        lines = [f"{each.object}: {each.note}" for each in found[:SHOWN]]
        lines += [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        sections = (Section("\n".join(lines), Layout.CODE),) if lines else ()
        return Reply(Outcome.ANSWERED, text, sections, self._choices(episode, sighting))

    def together(self, episodes: Sequence[Episode]) -> Reply:
        """One message of many services, and how many of them are well again."""
        environment = episodes[0].environment
        still = sorted((each for each in episodes if each.is_open), key=lambda each: each.service)
        if not still:
            return Reply(Outcome.ANSWERED, f"All {len(episodes)} services in {environment} are well again.")
        ended = len(episodes) - len(still)
        over = f"; {ended} of them {'is' if ended == 1 else 'are'} well again" if ended else ""
        since = wording.moment(min(each.began for each in episodes))
        text = f"{len(episodes)} services in {environment} do badly, since {since}{over}."
        lines = [f"{each.service} {_what(each)}" for each in still[:LISTED]]
        lines += [f"… and {len(still) - LISTED} more"] if len(still) > LISTED else []
        choices = (say("Status", f"status in {environment}"),) if sayable(environment) else ()
        return Reply(Outcome.ANSWERED, text, (Section("\n".join(lines), Layout.CODE),), choices)

    def news(self, steps: Sequence[Step], episodes: Sequence[Episode], now: datetime) -> Reply:
        """What is new, a sentence for each."""
        told = [
            " ".join(_sentence(event, step, episode, now) for event in step.events)
            for step, episode in zip(steps, episodes, strict=True)
        ]
        return Reply(Outcome.ANSWERED, told[0], tuple(Section(sentence) for sentence in told[1:]))

    def why_now(self, step: Step, episode: Episode) -> str:  # noqa: ARG002 - as `Words` has it
        """Nothing: nothing keeps a notice back."""
        return ""

    def _choices(self, episode: Episode, sighting: Sighting | None) -> tuple[Choice, ...]:
        service, environment = episode.service, episode.environment
        if not sayable(service, environment):
            return ()
        status = say("Status", f"status {service} in {environment}")
        move = self.moves.get(service)
        if not (move and sighting and is_ours(move) and self.now - move.commit.at <= RECENT):
            return (status,)
        if move.to_version is None or sighting.desired != move.to_version:
            return (status,)
        return (*roll_back(service, environment, move.to_version, move.from_version), status)


def _sentence(event: Event, step: Step, episode: Episode, now: datetime) -> str:
    target, what = _target(episode), _what(episode)
    match event:
        case Event.OPENED | Event.AGAIN:
            return f"{target} {what} again."
        case Event.CHANGED:
            return f"{target}: {_changes(step)}."
        case Event.REMINDED:
            return f"{target} still {what}, for {wording.lasted(now - episode.began)}."
        case Event.RESTLESS:
            quiet = wording.lasted(AGAIN)
            return f"{target} comes and goes. No more is said of that until it has stayed as it is for {quiet}."
        case Event.SETTLED:
            return f"{target} has stayed as it is for {wording.lasted(AGAIN)}, and {what}."
    return _ended(episode)


def _changes(step: Step) -> str:
    """`also Deployment shop/web: 0 of 1 replicas ready; no longer Deployment shop/api`."""
    came = [f"{each.object}: {each.note}" for each in (*step.new, *step.again)]
    gone = list(dict.fromkeys(each.object for each in step.gone))
    said = [f"also {'; '.join(came[:SHOWN])}"] if came else []
    said += [f"no longer {wording.joined(gone[:SHOWN])}"] if gone else []
    return "; ".join(said) or "something else of it does badly"


def _what(episode: Episode) -> str:
    """`could not be synced and is degraded`."""
    there = {each.path for each in episode.findings if each.open}
    return wording.joined([words for path, words in _WORDS.items() if path in there]) or "does badly"


def _ended(episode: Episode) -> str:
    period = wording.lasted(max((episode.healed or episode.began) - episode.began, timedelta()))
    if episode.undeclared:
        return f"{_target(episode)} is no longer declared in Git; it did badly for {period}."
    return f"{_target(episode)} is well again, after {period}."


def _target(episode: Episode) -> str:
    return f"{episode.service} in {episode.environment}"
