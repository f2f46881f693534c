"""What the scheduled check says, over a course of checks, with a real store beneath it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import Unavailable
from bot.jobs.drift import DriftCheck
from bot.model.catalog import Target
from bot.model.reply import Reply
from bot.model.request import Place
from bot.model.secret import Secret
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState
from bot.store.store import Store
from bot.wording import HOW_TO_HEAL

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Channel:
    """A chat that keeps what was said; `down` as Slack sometimes is."""

    said: list[Reply] = field(default_factory=list)
    down: bool = False

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        if self.down:
            raise Unavailable("Slack can't be reached.")
        assert (place, to) == (Place(channel="#drift"), None)
        self.said.append(reply)
        return f"m{len(self.said)}"

    def update(self, channel: str, message: str, reply: Reply) -> None:
        raise AssertionError(f"a drift check updates nothing: {channel}, {message}, {reply}")


@dataclass
class World:
    """What the clusters hold, a clock, and checks of them."""

    url: Secret
    channel: Channel = field(default_factory=Channel)
    now: datetime = START
    sightings: tuple[Sighting, ...] | Unavailable = ()

    def check(self, *sightings: Sighting, after: timedelta = timedelta(minutes=5), offer: bool = False) -> list[str]:
        """What is said by a check some time later, by a bot that was restarted meanwhile."""
        self.sightings = sightings or self.sightings
        return self.again(after, offer=offer)

    def again(self, after: timedelta = timedelta(minutes=5), *, offer: bool = False) -> list[str]:
        self.now += after
        before = len(self.channel.said)
        store = Store.open(self.url)
        try:
            key = store.fingerprint_key
            DriftCheck("staging", "#drift", self._survey, self.channel, store, key, offer).run(self.now)
        finally:
            store.close()
        return [reply.text for reply in self.channel.said[before:]]

    def _survey(self, environment: str) -> Sequence[Sighting]:
        assert environment == "staging"
        if isinstance(self.sightings, Unavailable):
            raise self.sightings
        return self.sightings

    def stored(self) -> list[tuple[str, str, datetime, str]]:
        store = Store.open(self.url)
        try:
            return [(each.service, each.state, each.began, each.message) for each in store.underway("staging")]
        finally:
            store.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Secret(f"sqlite:///{tmp_path / 'store.db'}"))


def seen(service: str, sync: SyncState = SyncState.SYNCED, live: str | None = None, why: str = "") -> Sighting:
    target = Target(service, "staging", "config", (f"staging/{service}",), cluster="staging")
    deployment = ObjectRef("apps/v1", "Deployment", "shop", service)
    differences = (Difference(deployment, Kind.DRIFT, "spec.replicas", "2", live, Severity.MEDIUM),) if live else ()
    return Sighting(target, "abc", "v1", "v1", sync, Health.HEALTHY, why, differences)


def drifted(service: str, live: str = "5") -> Sighting:
    return seen(service, SyncState.DRIFTED, live)


def unknown(service: str, why: str = "staging timed out") -> Sighting:
    return seen(service, SyncState.UNKNOWN, why=why)


def test_nothing_is_said_of_what_is_in_sync(world: World) -> None:
    assert world.check(seen("api"), seen("payment", SyncState.PENDING)) == []


def test_a_drift_is_said_once_and_its_end_with_how_long_it_lasted(world: World) -> None:
    assert world.check(drifted("api"), seen("payment")) == ["Drift in 1 of 2 targets: api in staging."]
    report = "\n".join(section.text for section in world.channel.said[0].sections)
    assert "spec.replicas: Git wants 2, cluster has 5" in report
    assert world.again() == []
    assert world.again(timedelta(minutes=37)) == []
    assert world.check(seen("api"), seen("payment")) == ["api in staging has healed: the drift lasted 47 minutes."]
    assert world.again() == []
    assert world.stored() == []


def test_a_drift_that_changes_is_said_again_and_has_lasted_from_its_start(world: World) -> None:
    world.check(drifted("api", "5"))
    assert world.check(drifted("api", "6")) == ["Drift in 1 of 1 target: api in staging."]
    assert world.stored() == [("api", "drifted", START + timedelta(minutes=5), "m2")]
    assert world.check(seen("api")) == ["api in staging has healed: the drift lasted 10 minutes."]


def test_only_what_is_new_is_shown_in_full(world: World) -> None:
    world.check(drifted("api"), seen("payment"))
    world.check(drifted("api"), drifted("payment"))
    shown = [section.text for section in world.channel.said[1].sections]
    assert any("payment" in text for text in shown)
    assert not any("api" in text for text in shown)


def test_one_check_has_one_message(world: World) -> None:
    world.check(drifted("api"), seen("payment"))
    assert world.check(seen("api"), drifted("payment")) == [
        "api in staging has healed: the drift lasted 5 minutes. Drift in 1 of 2 targets: payment in staging."
    ]


def test_what_cant_be_read_is_said_once_hides_nothing_and_never_counts_as_healed(world: World) -> None:
    world.check(drifted("api"), seen("payment"))
    assert world.check(unknown("api"), drifted("payment")) == [
        "Drift in 1 of 2 targets: payment in staging; 1 not checked."
    ]
    assert world.check(unknown("api", "staging timed out after 11 s"), drifted("payment")) == []
    assert world.check(drifted("api"), drifted("payment")) == ["api in staging can be checked again, after 10 minutes."]
    assert world.check(seen("api"), drifted("payment")) == ["api in staging has healed: the drift lasted 20 minutes."]


def test_an_environment_that_cant_be_looked_at_is_said_once_and_keeps_what_was_told(world: World) -> None:
    world.check(drifted("api"))
    world.sightings = Unavailable("The repository config can't be reached.")
    assert world.again() == ["staging could not be checked for drift: The repository config can't be reached."]
    assert world.again() == []
    assert world.check(drifted("api")) == ["staging can be checked again, after 10 minutes."]
    assert world.check(seen("api")) == ["api in staging has healed: the drift lasted 20 minutes."]


def test_a_service_taken_out_of_git_has_not_healed(world: World) -> None:
    world.check(drifted("api"), seen("payment"))
    assert world.check(seen("payment")) == [
        "api in staging is no longer declared in Git; its drift was known for 5 minutes."
    ]


def test_what_could_not_be_posted_is_posted_by_the_next_check(world: World) -> None:
    world.channel.down = True
    with pytest.raises(Unavailable):
        world.check(drifted("api"))
    world.channel.down = False
    assert world.again() == ["Drift in 1 of 1 target: api in staging."]
    assert world.again() == []


def test_the_order_of_findings_makes_no_news(world: World) -> None:
    def both(first: str, second: str) -> Sighting:
        one, other = (drifted(name).differences[0] for name in (first, second))
        whole = drifted("api")
        return Sighting(whole.target, "abc", "v1", "v1", SyncState.DRIFTED, Health.HEALTHY, "", (one, other))

    assert len(world.check(both("api", "cron"))) == 1
    assert world.check(both("cron", "api")) == []


def test_information_alone_makes_no_news(world: World) -> None:
    found = drifted("api")
    remark = replace(found.differences[0], path="metadata.annotations.seen", severity=Severity.INFO)
    assert len(world.check(found)) == 1
    assert world.check(replace(found, differences=(*found.differences, remark))) == []


def test_an_offer_to_heal_is_made_where_configured(world: World) -> None:
    world.check(drifted("api"), offer=True)
    world.check(drifted("api", "6"), offer=False)
    assert [HOW_TO_HEAL in [each.text for each in reply.sections] for reply in world.channel.said] == [True, False]


def test_what_is_stored_tells_no_value(world: World, tmp_path: Path) -> None:
    world.check(drifted("api", "hunter2hunter2"))
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"hunter2" not in files
    assert b"staging" in files
