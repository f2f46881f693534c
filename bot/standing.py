"""Since when a version has done well or badly in an environment, from one look to the next. Pure.

A look says how a version does now. What it did before is known only from the looks before, so time that nobody looked
at counts for nothing once it is longer than `GAP`: then the clock starts anew. Must not know who looks, or how often.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.model.promotion import Standing
from bot.model.sync import Health, Sighting, SyncState

GAP = timedelta(minutes=10)
"""How long nobody may have looked for two looks to count as one stretch: a restart of the bot, a look that failed."""
FLAP = timedelta(seconds=90)
"""How long a healthy version may be progressing without losing its clock. Whatever restarts or scales the same version
makes it progress for seconds, an autoscaler many times a day: a service of which that were a break would never have
soaked. With a look a minute, one that finds it progressing is a flap, and a second one after it is not."""


def runs(sighting: Sighting) -> str | None:
    """The version that Git and the cluster agree on; None while they don't, or nobody can tell.

    Drift of anything else leaves the version as it is; what is pending or unread may be about it.
    """
    agreed = sighting.live is not None and sighting.live == sighting.desired and not sighting.target.watched
    return sighting.live if agreed and sighting.sync in {SyncState.SYNCED, SyncState.DRIFTED} else None


def follow(
    known: Standing | None,
    sighting: Sighting,
    now: datetime,
    *,
    healthy_for: timedelta = timedelta(),
    proven: datetime | None = None,
) -> Standing | None:
    """What is known after a look; None if that is nothing. `known` is what its service was last seen to run.

    Degraded, missing and suspended are a break at once, whatever the cluster is on the way to. Unknown, and Git and
    cluster not of one mind, are none until they have lasted for `GAP`. `proven` is when the version that is there now
    was healthy last, if it was there before; a version has proven itself once it was healthy for `healthy_for`.
    """
    if known is not None:
        now = max(now, known.seen)  # clocks are set back; what was seen is not
    version, health = runs(sighting), sighting.health
    if version is None and known is not None and health in {Health.DEGRADED, Health.MISSING, Health.SUSPENDED}:
        version = known.version
    if version is None or health is Health.UNKNOWN:
        return known
    where = sighting.target.environment, sighting.target.service
    if known is not None and known.version != version:
        now = max(now, known.seen + timedelta.resolution)  # which of two was seen last must be clear
    fresh = Standing(*where, version, health, since=now, seen=now, proven=proven)
    if known is None or known.version != version:
        return _proven(fresh, healthy_for)
    fresh = replace(fresh, proven=known.proven)
    if now - known.seen > GAP:
        return _proven(fresh, healthy_for)
    stirring = known.stirring or now
    if health is Health.PROGRESSING and known.health is Health.HEALTHY:
        lasts = now - stirring > FLAP
        return replace(fresh, since=stirring) if lasts else replace(known, seen=now, stirring=stirring)
    if health is not known.health or now - stirring > FLAP:
        return _proven(fresh, healthy_for)
    return _proven(replace(fresh, since=known.since), healthy_for)


def _proven(standing: Standing, healthy_for: timedelta) -> Standing:
    long_enough = standing.seen - standing.since >= healthy_for
    return replace(standing, proven=standing.seen) if standing.health is Health.HEALTHY and long_enough else standing
