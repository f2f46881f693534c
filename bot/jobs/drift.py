"""The scheduled drift check: says what changed since it last spoke, once, and what healed.

Knows neither how targets are looked at nor when it is called. What was said is kept as episodes, so that a restart
neither repeats nor swallows anything: they are written after the message was posted, and if it can't be posted the
next check says it.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import wording
from bot.errors import Refusal, Unavailable
from bot.model.episode import Episode
from bot.model.reply import Outcome, Reply
from bot.model.request import Place
from bot.model.sync import Severity, Sighting, SyncState
from bot.ports import Chat, Episodes

Survey = Callable[[str], Sequence[Sighting]]
"""All targets of an environment, looked at now."""

TROUBLES = (SyncState.DRIFTED, SyncState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """One environment's check. `key` makes fingerprints that tell nothing to whoever reads them."""

    environment: str
    channel: str
    survey: Survey
    chat: Chat
    episodes: Episodes
    key: bytes
    offer: bool = True
    """Whether a report says how to heal."""

    def run(self, now: datetime) -> None:
        """Look, and post one message if anything began, changed or ended since the last one.

        Raises Unavailable if the chat or the store can't be reached; the next check then says it.
        """
        told = {(each.service, each.state): each for each in self.episodes.underway(self.environment)}
        try:
            sightings = self.survey(self.environment)
        except (Refusal, Unavailable) as trouble:
            self._unchecked(str(trouble), told, now)
            return
        found = {(each.target.service, each.sync): each for each in sightings if each.sync in TROUBLES}
        begun = [
            self._episode(sighting.target.service, sighting.sync, fingerprint, now)
            for place, sighting in found.items()
            if (fingerprint := self._fingerprint(sighting)) != (told[place].fingerprint if place in told else None)
        ]
        unreadable = {each.target.service for each in sightings if each.sync is SyncState.UNKNOWN}
        ended = [
            episode
            for (service, state), episode in told.items()
            # A drift that nobody could look at hasn't healed.
            if (service, state) not in found and (state is SyncState.UNKNOWN or service not in unreadable)
        ]
        if not begun and not ended:
            return
        news = [found[each.service, each.state] for each in begun]
        self._tell(_report(sightings, news, ended, now, offer=self.offer), begun, ended, told)

    def _unchecked(self, why: str, told: Mapping[tuple[str, SyncState], Episode], now: datetime) -> None:
        """The environment as a whole could not be looked at: said once; what was told of its targets stands."""
        if ("", SyncState.UNKNOWN) in told:
            return
        reply = Reply(Outcome.FAILED, f"{self.environment} could not be checked for drift: {why}")
        self._tell(reply, [self._episode("", SyncState.UNKNOWN, "", now)], [], told)

    def _tell(
        self,
        reply: Reply,
        begun: Sequence[Episode],
        ended: Sequence[Episode],
        told: Mapping[tuple[str, SyncState], Episode],
    ) -> None:
        message = self.chat.post(Place(channel=self.channel), reply)
        # A finding that changed has lasted since it began.
        since = {place: episode.began for place, episode in told.items()}
        written = [
            replace(each, message=message, began=since.get((each.service, each.state), each.began)) for each in begun
        ]
        self.episodes.write(written, ended)

    def _episode(self, service: str, state: SyncState, fingerprint: str, now: datetime) -> Episode:
        return Episode(self.environment, service, state, fingerprint, now, self.channel, message="")

    def _fingerprint(self, sighting: Sighting) -> str:
        """The same for the same findings: what is mere information doesn't count, nor do the words of a timeout."""
        if sighting.sync is SyncState.UNKNOWN:
            return ""
        findings = sorted(
            json.dumps([each.kind, each.object.api_version, str(each.object), each.path, each.desired, each.live])
            for each in sighting.differences
            if each.severity is not Severity.INFO
        )
        return hmac.new(self.key, json.dumps(findings).encode(), hashlib.sha256).hexdigest()


def _report(
    sightings: Sequence[Sighting], news: Sequence[Sighting], ended: Sequence[Episode], now: datetime, *, offer: bool
) -> Reply:
    """One message: what ended, then where things stand, then what is new in full."""
    sentences = [*_ends(ended, {each.target.service: each for each in sightings}, now)]
    if news:
        sentences.append(wording.drift_summary(sightings))
    return Reply(Outcome.ANSWERED, " ".join(sentences), wording.drift_report(news, offer=offer))


def _ends(ended: Sequence[Episode], sightings: Mapping[str, Sighting], now: datetime) -> Iterator[str]:
    for episode in ended:
        period = wording.lasted(max(now - episode.began, timedelta()))
        name = f"{episode.service} in {episode.environment}" if episode.service else episode.environment
        if episode.state is SyncState.UNKNOWN:
            yield f"{name} can be checked again, after {period}."
        elif episode.service in sightings:
            yield f"{name} has healed: the drift lasted {period}."
        else:
            yield f"{name} is no longer declared in Git; its drift was known for {period}."
