"""What the channel is told of services that do badly, over a course of looks, with a real store beneath it."""

# ruff: noqa: ARG002 - the signatures are the ports'

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from memory import Promotions

from bot.errors import Unavailable
from bot.jobs.notices import Notices
from bot.model.catalog import Target
from bot.model.change import Commit, Move
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.reply import Reply
from bot.model.request import Actor, Place
from bot.model.secret import Secret
from bot.model.sync import Ailment, Deployed, Health, ObjectRef, Sighting, Symptoms, SyncState
from bot.store.store import Store

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = timedelta(minutes=1)


@dataclass
class Channel:
    """A chat that keeps what was said: `m1: …` a message, `m1> …` in its thread, `m1= …` said anew."""

    said: list[str] = field(default_factory=list)
    now: dict[str, Reply] = field(default_factory=dict)
    trouble: Exception | None = None

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        if self.trouble:
            raise self.trouble
        details = "".join(f"\n    {line}" for each in reply.sections for line in each.text.split("\n"))
        if place.thread:
            self.said.append(f"{place.thread}> {reply.text}{details}")
            return "t"
        assert place.channel == "#deploys"
        message = f"m{len(self.now) + 1}"
        self.now[message] = reply
        self.said.append(f"{message}: {reply.text}{details}")
        return message

    def channel(self, name: str) -> str:
        return {"#deploys": "C9"}.get(name, name)

    def link(self, channel: str, message: str, thread: str = "") -> str:
        return ""

    def update(self, channel: str, message: str, reply: Reply) -> None:
        assert channel == "C9"
        self.now[message] = reply
        self.said.append(f"{message}= {reply.text}")

    def attach(self, place: Place, name: str, text: str) -> None:
        raise AssertionError("nothing is attached")


def well(service: str = "payment") -> Sighting:
    target = Target(service, "production", "config", (f"production/{service}",), "production")
    return Sighting(target, "abc", "v2", "v2", SyncState.SYNCED, Health.HEALTHY)


def sick(service: str = "payment", cause: str = "CrashLoopBackOff") -> Sighting:
    ref = ObjectRef("apps/v1", "Deployment", "shop", service)
    ailment = Ailment(ref, Health.DEGRADED, "0 of 1 replicas ready", None, Symptoms((cause,)))
    return replace(well(service), health=Health.DEGRADED, ailments=(ailment,))


def move(by: str = "Quarterdeck-Change") -> Move:
    return Move(well().target, "v1", "v2", Commit("c", (), "bot", "", START - TICK, "", {by: "1"}), "ana")


@dataclass
class Scene:
    folder: Path
    channel: Channel = field(default_factory=Channel)
    promotions: Promotions = field(default_factory=Promotions)
    moved: Move | None = None
    minute: int = -1

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A process."""
        self.store = Store.open(Secret(f"sqlite:///{self.folder}/bot.db"))
        self.job = Notices(
            {"production": "#deploys"}, self.channel, self.store.notices, self.promotions, self._moves,
            self.store.fingerprint_key,
        )  # fmt: skip

    def _moves(self, wanted: Sequence[Target]) -> dict[Target, Move]:
        return {target: self.moved for target in wanted if self.moved}

    def look(self, *sightings: Sighting, times: int = 1) -> list[str]:
        """What is said over looks, a minute after each other."""
        self.channel.said.clear()
        for _ in range(times):
            self.minute += 1
            self.job("production", sightings, START + self.minute * TICK)
        return list(self.channel.said)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it: to make one takes longer than most tests."""
    file = tmp_path_factory.mktemp("store") / "bot.db"
    Store.open(Secret(f"sqlite:///{file}")).close()
    return file


@pytest.fixture
def scene(empty: Path, tmp_path: Path) -> Scene:
    shutil.copy(empty, tmp_path)
    return Scene(tmp_path)


SINCE = "since 2026-03-02 09:00 UTC"
OPENED = (
    f"m1: payment in production is degraded, {SINCE}.\n"
    "    Deployment shop/payment: 0 of 1 replicas ready: CrashLoopBackOff"
)


def test_one_message_and_one_line_at_the_end(scene: Scene) -> None:
    assert scene.look(sick(), times=6) == [OPENED]
    assert scene.look(sick(cause="OOMKilled")) == [f"m1= payment in production is degraded, {SINCE}."]
    over = "payment in production is well again, after 7 minutes."
    assert scene.look(well(), times=5) == [f"m1> {over}", f"m1= {over}"]
    assert scene.channel.now["m1"] == Reply(scene.channel.now["m1"].outcome, over)


def test_buttons_lead_to_the_status_and_back_where_the_newest_move_is_ours(scene: Scene) -> None:
    def choices() -> list[str]:
        return [each.value for each in scene.channel.now["m1"].choices]

    status = "status payment in production"
    back = "rollback payment in production from v2 to v1"
    scene.look(sick(), times=4)
    assert choices() == [status]
    for scene.moved, expected in (
        (move(), [back, status]),
        (replace(move(), to_version="v3"), [status]),
        (move("Requested-by"), [status]),
        (replace(move(), from_version=None), [status]),
    ):
        scene.look(sick())
        assert choices() == expected
    scene.moved = move()
    scene.minute += 24 * 60
    scene.look(sick())
    assert choices() == [status], "it is a day old by now"


def test_a_restart_repeats_and_swallows_nothing(scene: Scene) -> None:
    assert scene.look(sick(), times=2) == []
    scene.start()
    assert scene.look(sick()) == [OPENED]
    scene.start()
    assert scene.look(sick(), times=3) == []


def test_two_processes_say_it_once(scene: Scene) -> None:
    other = Scene(scene.folder, scene.channel)
    said = []
    for _ in range(5):
        said += scene.look(sick()) + other.look(sick())
    assert said == [OPENED]


def test_what_the_chat_did_not_take_is_said_later(scene: Scene) -> None:
    scene.channel.trouble = Unavailable("Slack is away.")
    scene.look(sick(), times=2)
    with pytest.raises(Unavailable):
        scene.look(sick())
    scene.channel.trouble = None
    assert scene.look(sick()) == [OPENED]


def test_of_many_at_once_one_message(scene: Scene) -> None:
    names = [f"s{number}" for number in range(7)]
    said = scene.look(*map(sick, names), times=4)
    listed = "".join(f"\n    {name} is degraded" for name in names)
    assert said == [f"m1: 7 services in production do badly, {SINCE}.{listed}"]
    assert [each.value for each in scene.channel.now["m1"].choices] == ["status in production"]
    said = scene.look(*map(well, names), times=5)
    assert said[-1] == "m1= All 7 services in production are well again."


def test_an_environment_without_a_channel_is_left_alone(scene: Scene) -> None:
    scene.job("staging", [sick()], START)
    assert (scene.channel.said, scene.store.notices.underway("staging")) == ([], ())


def promotion(stage: Stage, *, reached: Stage = Stage.MERGED, to: str = "v2", minute: int = 0) -> Promotion:
    at = START + minute * TICK
    return Promotion(
        "config", "#1", "production", "promote", (Leg("payment", "v1", to, stage),), Actor("U1", "ana"), START,
        stage=stage, reached={reached: at, stage: at},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("followed", "told"),
    [
        (promotion(Stage.MERGED), False),
        (promotion(Stage.SYNCED), False),
        (promotion(Stage.OPEN, reached=Stage.OPEN), True),
        (replace(promotion(Stage.MERGED), environment="staging"), True),
        (promotion(Stage.FAILED), False),
        (promotion(Stage.TIMED_OUT), False),
        (promotion(Stage.FAILED, to="v1"), True),
        (promotion(Stage.FAILED, minute=-60), True),
        (promotion(Stage.HEALTHY), True),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else f"{value.stage}-{value.environment}",
)
def test_what_a_promotion_tells_of_is_not_told_twice(scene: Scene, followed: Promotion, told: bool) -> None:
    scene.promotions.begin(followed)
    assert scene.look(sick(), times=5) == ([OPENED] if told else [])


def test_a_sync_that_fails_and_an_engine_that_is_off(scene: Scene) -> None:
    ref = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
    engine = Deployed("argocd", "production", ref, "x", trouble="the sync failed", paused="auto-sync is off")
    both = replace(well(), deployed=engine)
    assert scene.look(both, times=4) == [
        f"m1: payment in production could not be synced, {SINCE}.\n    Application argocd/payment: the sync failed"
    ]
    scene.minute += 237
    assert scene.look(both) == [
        "m1> payment in production: also Application argocd/payment: auto-sync is off.",
        f"m1= payment in production could not be synced and does not follow Git, {SINCE}.",
    ]
