"""The watch: what it notes, whom it tells, and that one environment's trouble is no other's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from memory import Standings

from bot.errors import Unavailable
from bot.jobs.watch import Watch
from bot.model.catalog import Target
from bot.model.promotion import Standing
from bot.model.sync import Health, Sighting, SyncState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sighting(environment: str, version: str = "v1.3.0", health: Health = Health.HEALTHY) -> Sighting:
    target = Target("payment", environment, "config", (f"{environment}/payment",), environment)
    return Sighting(target, "a" * 40, version, version, SyncState.SYNCED, health)


class Looks:
    """What each environment looks like, and what was told of it."""

    def __init__(self) -> None:
        self.seen: dict[str, Sequence[Sighting] | Exception] = {
            name: [sighting(name)] for name in ("staging", "production")
        }
        self.told: list[tuple[str, int, datetime]] = []
        self.standings = Standings()
        self.now = NOON

    def watch(self) -> Watch:
        return Watch(
            {"staging": MINUTE, "production": timedelta()},
            self.look,
            self.standings,
            lambda: self.now,
            then=(self.tell,),
        )

    def look(self, environment: str) -> Sequence[Sighting]:
        found = self.seen[environment]
        if isinstance(found, Exception):
            raise found
        return found

    def tell(self, environment: str, sightings: Sequence[Sighting], now: datetime) -> None:
        self.told.append((environment, len(sightings), now))


def test_each_look_is_noted_and_given_to_the_others() -> None:
    looks = Looks()
    watch = looks.watch()
    watch.run(NOON)
    assert looks.told == [("staging", 1, NOON), ("production", 1, NOON)]
    begun = Standing("staging", "payment", "v1.3.0", Health.HEALTHY, NOON, NOON)
    assert looks.standings.standings("staging") == {"payment": begun}
    assert looks.standings.standings("production")["payment"].proven == NOON
    looks.now += MINUTE
    watch.run(looks.now)
    later = replace(begun, seen=NOON + MINUTE, proven=NOON + MINUTE)
    assert looks.standings.standings("staging") == {"payment": later}


def test_a_version_that_comes_back_keeps_what_it_had_proved_and_nothing_else() -> None:
    looks = Looks()
    watch = looks.watch()
    for version in ("v1.2.0", "v1.2.0", "v1.3.0", "v1.2.0"):
        looks.seen["staging"] = [sighting("staging", version)]
        watch.run(looks.now)
        looks.now += MINUTE
    assert looks.standings.standings("staging")["payment"] == Standing(
        "staging",
        "payment",
        "v1.2.0",
        Health.HEALTHY,
        since=NOON + 3 * MINUTE,
        seen=NOON + 3 * MINUTE,
        proven=NOON + MINUTE,
    )


@pytest.mark.parametrize("trouble", [Unavailable("the API server is away"), KeyError("a fault of ours")])
def test_one_that_can_not_be_looked_at_hides_no_other(trouble: Exception) -> None:
    looks = Looks()
    looks.seen["staging"] = trouble
    if isinstance(trouble, Unavailable):
        looks.watch().run(NOON)
    else:
        with pytest.raises(KeyError):
            looks.watch().run(NOON)
    assert looks.told == [("production", 1, NOON)]
    assert looks.standings.standings("staging") == {}


def test_whoever_stumbles_over_a_look_keeps_it_from_nobody() -> None:
    looks = Looks()

    def stumbles(environment: str, sightings: Sequence[Sighting], now: datetime) -> None:
        raise Unavailable("the chat is away") if environment == "staging" else KeyError("a fault of ours")

    with pytest.raises(KeyError):
        replace(looks.watch(), then=(stumbles, looks.tell)).run(NOON)
    assert [environment for environment, _, _ in looks.told] == ["staging", "production"]
    assert set(looks.standings.standings("production")) == {"payment"}
