"""What the scheduled check says, over a course of checks, with a real store beneath it."""

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.drift.report import HOW_TO_HEAL
from bot.errors import Gone, Unavailable
from bot.jobs.drift import DriftCheck
from bot.model.catalog import Target
from bot.model.episode import Episode
from bot.model.reply import Reply
from bot.model.request import Place
from bot.model.rules import Mute
from bot.model.secret import Secret
from bot.model.sync import Deployed, Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState
from bot.store.store import Store

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = timedelta(minutes=5)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Channel:
    """A chat that keeps what was said, as lines: `m1: …` a message, `m1> …` in its thread, `m1= …` said anew."""

    said: list[str] = field(default_factory=list)
    now: dict[str, Reply] = field(default_factory=dict)
    """What each message says."""
    trouble: BaseException | None = None
    """What the next post ends with."""
    lands: bool = False
    """Whether it is said all the same."""

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        assert to is None
        assert place.channel in ({"C1", "#old"} if place.thread else {"#drift"})
        trouble, self.trouble = self.trouble, None
        if trouble and not self.lands:
            raise trouble
        message = f"m{len(self.now) + 1}"
        if not place.thread:
            self.now[message] = reply
        details = "".join(f"\n    {line}" for each in reply.sections for line in each.text.split("\n"))
        self.said.append(f"{place.thread}> {reply.text}{details}" if place.thread else f"{message}: {reply.text}")
        if trouble:
            raise trouble
        return message

    def channel(self, name: str) -> str:
        return {"#drift": "C1"}.get(name, name)

    def update(self, channel: str, message: str, reply: Reply) -> None:
        assert channel == "C1"
        trouble, self.trouble = self.trouble, None
        if trouble:
            raise trouble
        self.now[message] = reply
        self.said.append(f"{message}= {reply.text}")

    def attach(self, place: Place, name: str, text: str) -> None:  # noqa: ARG002 - the port's
        raise AssertionError("a drift check attaches nothing")


class Fragile(Store):
    """A store whose write of a number fails."""

    fails: int | None = None

    def write(self, *arguments: Sequence[object]) -> bool:  # passed on
        if self.fails is not None:
            self.fails -= 1
            if self.fails < 0:
                self.fails = None
                raise Unavailable("The bot's own store can't be used: database or disk is full.")
        return super().write(*arguments)  # type: ignore[arg-type]  # as above


@dataclass
class World:
    """What the clusters hold, a clock, and checks of them, each by a bot that was restarted meanwhile."""

    url: Secret
    channel: Channel = field(default_factory=Channel)
    now: datetime = START
    sightings: tuple[Sighting, ...] | Exception = ()
    offer: bool = False
    heal: Callable[[Sighting], str] | None = None
    fails: int | None = None

    def check(self, *sightings: Sighting, after: timedelta = TICK) -> list[str]:
        """What is said by a check some time later."""
        self.sightings = sightings or self.sightings
        return self.again(after)

    def again(self, after: timedelta = TICK) -> list[str]:
        self.now += after
        before = len(self.channel.said)
        store = Fragile.open(self.url)
        assert isinstance(store, Fragile)
        store.fails, self.fails = self.fails, None
        try:
            self.made(store).run(self.now)
        finally:
            store.close()
        return self.channel.said[before:]

    def made(self, store: Store) -> DriftCheck:
        return DriftCheck(
            "staging", "#drift", self._survey, self.channel, store, store.fingerprint_key, self.offer, self.heal
        )

    def _survey(self, environment: str) -> Sequence[Sighting]:
        assert environment == "staging"
        if isinstance(self.sightings, Exception):
            raise self.sightings
        return self.sightings

    def store(self) -> Store:
        return Store.open(self.url)

    def stored(self) -> tuple[Episode, ...]:
        store = self.store()
        try:
            return store.underway("staging")
        finally:
            store.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store, made once, since that takes longest."""
    file = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(Secret(f"sqlite:///{file}")).close()
    return file


@pytest.fixture
def world(empty: Path, tmp_path: Path) -> World:
    shutil.copy(empty, tmp_path)
    return World(Secret(f"sqlite:///{tmp_path / 'store.db'}"))


def ref(service: str) -> ObjectRef:
    return ObjectRef("apps/v1", "Deployment", "shop", service)


def seen(service: str, *differences: Difference, engine: bool = False) -> Sighting:
    target = Target(service, "staging", "config", (f"staging/{service}",), cluster="staging")
    sync = SyncState.DRIFTED if differences else SyncState.SYNCED
    deployed = Deployed("flux", "staging", ref(service), f"staging/{service}") if engine else None
    return Sighting(target, "abc", "v1", "v1", sync, Health.HEALTHY, "", differences, deployed)


def scaled(service: str, live: str = "5") -> Difference:
    return Difference(ref(service), Kind.DRIFT, "spec.replicas", "2", live, Severity.MEDIUM)


def hacked(service: str) -> Difference:
    return Difference(ref(service), Kind.DRIFT, "spec.image", "v1", "v2", Severity.HIGH)


def unknown(service: str, why: str = "staging answered 503 for deployments in namespace shop") -> Sighting:
    return replace(seen(service), sync=SyncState.UNKNOWN, why=why, unread={ref(service): why})


def broken(service: str, why: str) -> Sighting:
    return replace(seen(service), sync=SyncState.UNKNOWN, why=why)


OPENED = "m1: api in staging has drifted: 1 medium, since 2026-03-02 09:05 UTC."


def test_nothing_is_said_of_what_is_in_sync(world: World) -> None:
    pending = replace(seen("payment"), sync=SyncState.PENDING)
    assert world.check(seen("api"), pending) == []
    assert world.again() == []
    assert world.stored() == ()


def test_a_drift_is_one_message_from_its_second_sighting_until_it_has_healed(world: World) -> None:
    assert world.check(seen("api", scaled("api")), seen("payment")) == []
    assert world.again() == [OPENED]
    report = "\n".join(section.text for section in world.channel.now["m1"].sections)
    assert report == "Deployment shop/api\n  spec.replicas: Git wants 2, cluster has 5"
    assert world.again() == []
    assert world.again(timedelta(minutes=37)) == []
    assert world.check(seen("api"), seen("payment")) == []
    healed = "api in staging has healed: the drift lasted 52 minutes."
    assert world.again() == [f"m1> {healed}", f"m1= {healed}"]
    assert world.again() == []
    assert world.again(timedelta(hours=1)) == []
    assert world.stored() == ()


def test_what_changes_is_told_in_the_thread_and_the_message_kept_up_to_date(world: World) -> None:
    world.check(seen("api", scaled("api")))
    world.again()
    assert world.check(seen("api", scaled("api", "6"), hacked("api"))) == [
        (
            "m1> api in staging: 1 finding new, 1 changed.\n"
            "    New:\n"
            "      Deployment shop/api spec.image: Git wants v1, cluster has v2\n"
            "    Changed:\n"
            "      Deployment shop/api spec.replicas: Git wants 2, cluster has 6"
        ),
        "m1= api in staging has drifted: 1 high, 1 medium, since 2026-03-02 09:05 UTC.",
    ]
    world.check(seen("api", hacked("api")))
    assert world.again() == [
        "m1> api in staging: 1 finding gone.\n    Gone:\n      Deployment shop/api spec.replicas",
        "m1= api in staging has drifted: 1 high, since 2026-03-02 09:05 UTC.",
    ]


def test_few_have_a_message_each_the_worst_first(world: World) -> None:
    assert world.check(seen("api", scaled("api")), seen("web", scaled("web")), seen("zoo")) == []
    assert world.check(seen("api", scaled("api")), seen("web", scaled("web")), seen("zoo", hacked("zoo"))) == [
        "m1: zoo in staging has drifted: 1 high, since 2026-03-02 09:10 UTC.",
        "m2: api in staging has drifted: 1 medium, since 2026-03-02 09:05 UTC.",
        "m3: web in staging has drifted: 1 medium, since 2026-03-02 09:05 UTC.",
    ]


def test_many_at_once_have_one_message_and_one_thread(world: World) -> None:
    names = [f"s{number:02}" for number in range(20)]
    assert world.check(*(seen(name, hacked(name)) for name in names)) == [
        "m1: 20 targets in staging have drifted, since 2026-03-02 09:05 UTC."
    ]
    lines = world.channel.now["m1"].sections[0].text.split("\n")
    assert lines[0] == "s00: 1 high: Deployment shop/s00 spec.image"
    assert (len(lines), lines[-1]) == (16, "… and 5 more")
    assert world.again() == []
    world.check(*(seen(name) if name < "s02" else seen(name, hacked(name)) for name in names))
    assert world.again() == [
        "m1> " + " ".join(f"{name} in staging has healed: the drift lasted 10 minutes." for name in ("s00", "s01")),
        "m1= 20 targets in staging have drifted, since 2026-03-02 09:05 UTC; 2 of them have healed.",
    ]
    world.check(*(seen(name) for name in names), after=timedelta(hours=2))
    told, shown = world.again()
    assert told.count("has healed") == 18
    assert shown == "m1= All 20 targets in staging that had drifted have healed."
    assert world.again(timedelta(hours=2)) == []
    assert world.stored() == ()


def test_what_comes_back_is_told_in_the_same_thread(world: World) -> None:
    world.check(seen("api", hacked("api")))
    world.check(seen("api"))
    world.again()
    assert world.check(seen("api", hacked("api"))) == [
        (
            "m1> api in staging has drifted again: 1 high.\n"
            "    Again:\n"
            "      Deployment shop/api spec.image: Git wants v1, cluster has v2"
        ),
        "m1= api in staging has drifted: 1 high, since 2026-03-02 09:20 UTC.",
    ]


def test_one_message_for_all_that_a_cluster_hides_and_its_end(world: World) -> None:
    api, payment = seen("api", scaled("api")), seen("payment")
    world.check(api, payment)
    world.again()
    down = (unknown("api"), unknown("payment", "staging answered 503 for ConfigMap shop/payment"))
    assert world.check(*down) == []
    assert world.again() == [
        (
            "m2: 2 of 2 targets in staging could not be checked for drift, since 2026-03-02 09:15 UTC: "
            "staging answered 503 for deployments in namespace shop"
        )
    ]
    assert world.again() == []
    assert world.check(api, payment) == []
    ended = "staging can be checked again, after 15 minutes."
    assert world.again() == [f"m2> {ended}", f"m2= {ended}"]
    assert world.again() == []
    world.check(seen("api"), payment)
    assert world.again()[0] == "m1> api in staging has healed: the drift lasted 40 minutes."


def test_an_environment_that_cant_be_looked_at_is_told_once_and_keeps_what_was_known(world: World) -> None:
    world.check(seen("api", hacked("api")))
    world.sightings = Unavailable("The repository config can't be reached.")
    assert world.again() == []
    assert world.again() == [
        (
            "m2: staging could not be checked for drift, since 2026-03-02 09:10 UTC: "
            "The repository config can't be reached."
        )
    ]
    assert world.again() == []
    assert world.check(seen("api", hacked("api"))) == []
    assert world.again()[0] == "m2> staging can be checked again, after 15 minutes."


def test_a_check_that_breaks_is_told_as_one_that_cant_be_made(world: World) -> None:
    world.sightings = TypeError("hunter2")
    for _ in range(3):
        with pytest.raises(TypeError):
            world.again()
    assert world.channel.said == [
        (
            "m1: staging could not be checked for drift, since 2026-03-02 09:05 UTC: "
            "the check broke (TypeError); the bot's log says where"
        )
    ]


def test_a_broken_file_is_its_targets_own_and_a_broken_base_is_told_once(world: World) -> None:
    line = "staging/api/deployment.yaml:3: mapping values are not allowed here"
    world.check(broken("api", line), seen("payment"))
    assert world.again() == ["m1: api in staging cannot be compared: 1 medium, since 2026-03-02 09:05 UTC."]
    assert line in world.channel.now["m1"].sections[0].text
    base = "base/kustomization.yaml:1: no such file x.yaml"
    world.check(broken("api", base), broken("payment", base))
    assert world.again() == [
        "m2: 2 of 2 targets in staging could not be checked for drift, since 2026-03-02 09:15 UTC: " + base
    ]


def test_a_service_taken_out_of_git_has_not_healed(world: World) -> None:
    world.check(seen("api", hacked("api")), seen("payment"))
    gone = "api in staging is no longer declared in Git; its drift was known for 5 minutes."
    assert world.check(seen("payment")) == [f"m1> {gone}", f"m1= {gone}"]
    assert world.again() == []
    assert world.stored() == ()


def mute(world: World, hours: int = 1) -> None:
    store = world.store()
    store.mute(Mute("staging", "api", world.now + timedelta(hours=hours), "ana", "load test", world.now))
    store.close()


def test_a_mute_is_shown_and_runs_out(world: World) -> None:
    world.check(seen("api", hacked("api")))
    mute(world)
    assert world.again() == ["m1= api in staging has drifted: 1 high, since 2026-03-02 09:05 UTC."]
    assert world.channel.now["m1"].sections[-1].text == "Muted until 2026-03-02 10:05 UTC by ana: load test"
    assert world.again() == []
    assert world.again(timedelta(hours=1))[0] == (
        "m1> The mute of api in staging has run out, and it is still drifted: 1 high."
    )
    assert world.again() == []
    assert world.store().mutes("staging") == ()


def test_a_mute_ends_when_it_gets_worse(world: World) -> None:
    world.check(seen("api", scaled("api")))
    world.again()
    mute(world)
    world.again()
    assert world.check(seen("api", scaled("api"), hacked("api")))[0] == (
        "m1> api in staging got worse than what was muted (until 2026-03-02 10:10 UTC, by ana), so the mute ends: "
        "1 finding new.\n    New:\n      Deployment shop/api spec.image: Git wants v1, cluster has v2"
    )
    assert world.store().mutes("staging") == ()


def test_what_was_muted_before_it_began_is_told_when_the_mute_runs_out(world: World) -> None:
    world.check(seen("api"))
    mute(world)
    assert world.check(seen("api", hacked("api"))) == []
    assert world.again(timedelta(hours=1)) == [
        "m1: api in staging has drifted: 1 high, since 2026-03-02 09:10 UTC. It was muted until now."
    ]


# Nothing twice, nothing lost


def test_what_slack_did_not_take_is_told_by_the_next_check(world: World) -> None:
    world.channel.trouble = Unavailable("Slack can't be reached.")
    with pytest.raises(Unavailable):
        world.check(seen("api", hacked("api")))
    assert world.again() == ["m1: api in staging has drifted: 1 high, since 2026-03-02 09:10 UTC."]
    assert world.again() == []


@pytest.mark.parametrize("trouble", [Unavailable("No answer.", unsure=True), Killed()], ids=["answer lost", "killed"])
def test_what_may_have_been_said_is_not_said_again_but_after_an_hour(world: World, trouble: BaseException) -> None:
    world.channel.trouble, world.channel.lands = trouble, True
    with pytest.raises(type(trouble)):
        world.check(seen("api", hacked("api")))
    assert len(world.channel.said) == 1
    assert world.again() == []
    assert world.again(timedelta(hours=1)) == ["m2: api in staging has drifted: 1 high, since 2026-03-02 09:05 UTC."]
    assert world.again() == []
    assert world.again(timedelta(hours=1)) == []


def test_a_write_that_fails_after_the_post_has_nothing_said_twice(world: World) -> None:
    world.fails = 1
    with pytest.raises(Unavailable):
        world.check(seen("api", hacked("api")))
    assert len(world.channel.said) == 1
    assert world.again() == []
    world.check(seen("api"))
    assert world.again() == ["m2: api in staging has healed: the drift lasted 10 minutes."]


def test_a_line_that_slack_did_not_take_is_told_by_the_next_check(world: World) -> None:
    world.check(seen("api", hacked("api")))
    world.channel.trouble = Unavailable("Slack can't be reached.")
    with pytest.raises(Unavailable):
        world.check(seen("api", hacked("api"), hacked("api2")))
    assert [line[:30] for line in world.again()] == ["m1> api in staging: 1 finding ", "m1= api in staging has drifted"]
    assert world.again() == []


def test_one_thread_that_takes_nothing_keeps_nothing_back_of_the_others(world: World) -> None:
    world.check(seen("api", hacked("api")), seen("web", hacked("web")))
    world.channel.trouble = Unavailable("The channel C1 is archived: name another one.")
    with pytest.raises(Unavailable):
        world.check(seen("api", hacked("api"), hacked("api2")), seen("web", hacked("web"), hacked("web2")))
    assert [line[:24] for line in world.channel.said[2:]] == ["m2> web in staging: 1 fi", "m2= web in staging has d"]
    assert [line[:24] for line in world.again()] == ["m1> api in staging: 1 fi", "m1= api in staging has d"]


def test_a_target_that_comes_back_to_git_heals_like_any_other(world: World) -> None:
    world.check(seen("api", hacked("api")), seen("web"))
    assert world.check(seen("web"))[-1].startswith("m1= api in staging is no longer declared in Git")
    world.check(seen("api", hacked("api")), seen("web"))
    world.check(seen("api"), seen("web"))
    assert world.again()[-1] == "m1= api in staging has healed: the drift lasted 5 minutes."


def test_an_update_that_slack_did_not_take_is_made_up_for(world: World) -> None:
    world.check(seen("api", scaled("api")))
    world.again()
    mute(world)
    world.channel.trouble = Unavailable("Slack can't be reached.")
    with pytest.raises(Unavailable):
        world.again()
    assert len(world.again()) == 1
    assert world.again() == []


def test_a_message_that_somebody_deleted_is_posted_anew_with_the_next_news(world: World) -> None:
    world.check(seen("api", hacked("api")))
    world.channel.trouble = Gone("That message is no longer in C1.")
    with pytest.raises(Gone):
        world.check(seen("api", hacked("api"), hacked("api2")))
    assert world.again() == ["m2: api in staging has drifted: 2 high, since 2026-03-02 09:05 UTC."]
    mute(world)
    world.channel.trouble = Gone("That message is no longer in C1.")
    assert world.again() == []
    assert world.again() == []


def test_what_an_older_release_told_is_not_told_again(world: World) -> None:
    store = world.store()
    told = Episode("staging", "api", START, opened=START, told=True, inherited=True, channel="#old", message="m0")
    store.write([told])
    store.close()
    assert world.check(seen("api", scaled("api"), hacked("api"))) == []
    assert world.check(seen("api", scaled("api"), hacked("api"))) == []
    world.check(seen("api"))
    assert world.again() == ["m0> api in staging has healed: the drift lasted 15 minutes."]


def test_two_processes_tell_it_once(world: World) -> None:
    """Both have looked before either writes."""
    world.check(seen("api", scaled("api")))
    ready = threading.Barrier(2)
    stores = [world.store(), world.store()]

    def check(store: Store) -> None:
        made = world.made(store)

        def survey(environment: str) -> Sequence[Sighting]:
            ready.wait(10)
            return made.survey(environment)

        replace(made, survey=survey).run(world.now + TICK)

    runs = [threading.Thread(target=check, args=(store,)) for store in stores]
    for run in runs:
        run.start()
    for run in runs:
        run.join(10)
    for store in stores:
        store.close()
    assert world.channel.said == [OPENED]
    world.now += TICK
    assert world.again() == []
    assert world.stored()[0].message == "m1"


def test_the_order_of_findings_makes_no_news(world: World) -> None:
    world.check(seen("api", hacked("api"), hacked("cron")))
    assert world.check(seen("api", hacked("cron"), hacked("api"))) == []


def test_information_alone_makes_no_news(world: World) -> None:
    remark = replace(scaled("api"), path="metadata.annotations.seen", severity=Severity.INFO)
    world.check(seen("api", hacked("api")))
    assert world.check(seen("api", hacked("api"), remark)) == []


def test_buttons_and_advice_are_there_where_configured(world: World) -> None:
    world.offer = True
    world.check(seen("api", scaled("api"), engine=True))
    world.again()
    message = world.channel.now["m1"]
    assert {each.label: each.value for each in message.choices} == {
        "Sync": "drift sync api in staging",
        "Adopt": "drift adopt api in staging",
        "Mute for a day": "drift mute api in staging for 1d",
        "Ignore…": "drift ignore api in staging",
        "Show all": "drift show api in staging",
    }
    assert message.sections[-1].text == HOW_TO_HEAL
    world.offer = False
    assert world.again() == ["m1= api in staging has drifted: 1 medium, since 2026-03-02 09:05 UTC."]
    message = world.channel.now["m1"]
    assert [each.label for each in message.choices] == ["Mute for a day", "Ignore…", "Show all"]
    assert HOW_TO_HEAL not in [each.text for each in message.sections]


def test_the_engine_is_asked_to_heal_once_an_episode(world: World) -> None:
    asked: list[str] = []

    def heal(sighting: Sighting) -> str:
        asked.append(sighting.target.service)
        return f"Flux was asked to bring {sighting.target} to what Git says."

    world.heal = heal
    api, web = seen("api", scaled("api"), engine=True), seen("web", scaled("web"))
    world.check(api, web)
    assert asked == []
    assert "m1> Flux was asked to bring api in staging to what Git says." in world.again()
    world.again()
    assert asked == ["api"]


def test_what_is_stored_tells_no_value(world: World, tmp_path: Path) -> None:
    world.check(seen("api", scaled("api", "hunter2hunter2")))
    world.again()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"hunter2" not in files
    assert b"staging" in files
