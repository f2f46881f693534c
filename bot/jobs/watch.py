"""The watch: a look at every environment once a minute, and since when each version does well noted down.

Must not know how targets are looked at, nor what else the looks are good for. May stop between any two environments:
what was not looked at grows old, and is as unknown as if nobody had watched (`bot.standing`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import standing
from bot.errors import Refusal, Unavailable
from bot.model.promotion import Standing
from bot.model.sync import Sighting
from bot.ports import Standings

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)

Then = Callable[[str, Sequence[Sighting], datetime], None]
"""Takes what was seen of an environment, and when."""


@dataclass(frozen=True)
class Watch:
    """One look a minute serves all who want to know how things go on."""

    environments: Mapping[str, timedelta]
    """Those with a cluster, and for how long a version must be healthy there to have proven itself."""
    survey: Callable[[str], Sequence[Sighting]]
    """All targets of an environment, looked at now."""
    standings: Standings
    now: Callable[[], datetime]
    then: Sequence[Then] = field(default=())

    def run(self, _: datetime) -> None:
        """Look at each environment. One that can't be looked at, or that somebody stumbles over, hides no other; the
        first fault is raised once all had their turn."""
        faults: list[Exception] = []
        for environment, healthy_for in self.environments.items():
            try:
                sightings = self.survey(environment)
            except (Refusal, Unavailable) as trouble:
                log.warning("%s can't be watched: %s", environment, trouble)
                continue
            except Exception as fault:  # noqa: BLE001 - it is raised again, once the others had their turn
                faults.append(fault)
                continue
            # By the clock after the look: what began while it lasted is not older than that.
            now = self.now()
            self._note(environment, sightings, healthy_for, now)
            for each in self.then:
                try:
                    each(environment, sightings, now)
                except (Refusal, Unavailable) as trouble:
                    log.warning("what was seen of %s could not be told: %s", environment, trouble)
                except Exception as fault:  # noqa: BLE001 - as above
                    faults.append(fault)
        if faults:
            raise faults[0]

    def _note(self, environment: str, sightings: Sequence[Sighting], healthy_for: timedelta, now: datetime) -> None:
        known = self.standings.standings(environment)
        after = []
        for sighting in sightings:
            service = sighting.target.service
            before = known.get(service)
            version = standing.runs(sighting)
            earlier = self._earlier(before, sighting, version)
            found = standing.follow(before, sighting, now, healthy_for=healthy_for, proven=earlier)
            if found is not None and found != before:
                after.append(found)
        self.standings.note(after)

    def _earlier(self, before: Standing | None, sighting: Sighting, version: str | None) -> datetime | None:
        """When a version that is there anew was healthy, if it was there before."""
        if version is None or (before is not None and before.version == version):
            return None
        target = sighting.target
        former = self.standings.standing(target.environment, target.service, version)
        return former.proven if former else None
