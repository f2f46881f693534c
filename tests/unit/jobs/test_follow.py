"""What the follower says of promotions, over a course of rounds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import memory
import pytest
from memory import NOW
from workbench import pod

from bot.errors import Gone, Refusal, Unavailable
from bot.jobs.announcing import Announcer, Hooks, Words
from bot.jobs.follow import Follow
from bot.jobs.gathering import Gathering
from bot.model.catalog import Catalog, Environment, Repository, Target
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Progress, PullRequest
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Place
from bot.model.secret import Secret
from bot.model.sync import Deployed, Health, ObjectRef, Sighting, SyncState
from bot.model.verification import Probe, Proof, UrlProbe, Verification
from bot.ports import Git, Promotions
from bot.store.store import Store

TICK = timedelta(seconds=5)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ASKED = Verification(healthy_for=timedelta(seconds=30), timeout=timedelta(minutes=30))
PRODUCTION = Environment(
    "production", ("production/{service}",), "config", "production", channel="#deploys", verification=ASKED
)
KUSTOMIZATION = ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "payment")
ANA = Actor("U1", "ana", "ana")


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Channel:
    """A chat that keeps what was said: `m1: …` a message, `m1> …` in its thread, `m1= …` said anew."""

    said: list[str] = field(default_factory=list)
    now: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, BaseException] = field(default_factory=dict)
    """What saying of a message that holds these words ends with, once."""
    lands: bool = False
    """Whether it is said all the same."""

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        assert to is None
        name = f"m{len(self.now) + 1}"
        self._say(f"{place.thread}> {reply.text}" if place.thread else f"{name}: {reply.text}")
        if not place.thread:
            assert place.channel in {"#deploys", "C1"}
            self.now[name] = reply.text
        return name

    def channel(self, name: str) -> str:
        return {"#deploys": "C1"}.get(name, name)

    def link(self, channel: str, message: str, thread: str = "") -> str:
        return f"https://chat.example/{channel}/{message}{thread}"

    def update(self, channel: str, message: str, reply: Reply) -> None:
        assert channel == "C1"
        self._say(f"{message}= {reply.text}")
        self.now[message] = reply.text

    def attach(self, place: Place, name: str, text: str) -> None:  # noqa: ARG002 - the port's
        raise AssertionError("the follower attaches nothing")

    def _say(self, line: str) -> None:
        trouble = next((words for words in self.troubles if words in line), None)
        if trouble is None or self.lands:
            self.said.append(line)
        if trouble is not None:
            raise self.troubles.pop(trouble)


class Archived(Channel):
    def _say(self, line: str) -> None:
        raise Gone(f"The channel is archived: {line}")


@dataclass
class Pulls(memory.Forge):
    """A forge that says how far pull requests are."""

    told: dict[int, Progress] = field(default_factory=dict)
    trouble: BaseException | None = None
    requests: int = 0

    def progress(self, repository: str, numbers: Collection[int]) -> Mapping[int, Progress]:  # noqa: ARG002 - the port's
        self.requests += 1
        if self.trouble:
            raise self.trouble
        return {number: self.told[number] for number in numbers if number in self.told}


@dataclass
class Prober:
    comes: list[bool | None] = field(default_factory=list)
    asked: list[tuple[str, str, datetime]] = field(default_factory=list)

    def probe(self, probe: Probe, target: Target, version: str, since: datetime) -> Proof:  # noqa: ARG002 - the port's
        self.asked.append((str(target), version, since))
        return Proof("GET /healthz", self.comes.pop(0), "answered", since)


def message(promotion: Promotion) -> Reply:
    versions = ", ".join(f"{leg.service} {leg.to_version}" for leg in promotion.legs)
    return Reply(Outcome.ANSWERED, f"{versions} {promotion.stage}" + (f" ({promotion.why})" if promotion.why else ""))


def step(before: Promotion, after: Promotion) -> Reply | None:
    news = after.trouble if after.trouble != before.trouble else ""
    return Reply(Outcome.ANSWERED, news) if news else None


def ended(promotion: Promotion) -> Reply:
    return Reply(Outcome.ANSWERED, f"{promotion.by.name}: {promotion.stage}")


@dataclass
class World:
    """A forge, a branch, a cluster, a chat, and rounds of the follower, each by the same process until a restart."""

    environment: Environment = PRODUCTION
    now: datetime = NOW
    chat: Channel = field(default_factory=Channel)
    prober: Prober = field(default_factory=Prober)
    health: Health = Health.HEALTHY
    runs: str = "v1.2.0"
    """The version in the cluster."""
    looks: int = 0
    look_trouble: Exception | None = None
    applied: str | None = None
    """The commit that an engine says it applied; None where there is no engine."""
    failed: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    adopted: Promotion | None = None
    report_trouble: Exception | None = None
    failure: Exception | None = None
    """What handing on a failure ends with."""

    def __post_init__(self) -> None:
        self.git = memory.Git(
            {"production/payment/pod.yaml": pod("v1.2.0"), "production/api/pod.yaml": pod("v1", "api")}
        )
        self.forge = Pulls()
        self.promotions: Promotions = memory.Promotions()
        self.restart()

    def restart(self) -> None:
        self.follow = self.made()

    def made(self) -> Follow:
        catalog = Catalog({"config": Repository("config", "/srv/c")}, {"production": self.environment})
        hooks = Hooks(
            failed=self._failed,
            report=self._report,
            adopt=lambda _repository, _pull: self.adopted,
        )
        reach = lambda: self.forge  # noqa: E731 - the name says what it does
        gathering = Gathering(catalog, reach, lambda: self.git, self._look, self.prober)
        words = Words(message, step, ended)
        channel = {"production": self.environment.channel}.get
        announcer = Announcer(self.promotions, self.chat, words, hooks, b"key", channel)
        return Follow(catalog, self.promotions, gathering, announcer, reach)

    def _failed(self, promotion: Promotion, legs: Sequence[Leg]) -> None:
        self.failed.extend(f"{promotion.key} {leg.service}" for leg in legs)
        if self.failure:
            raise self.failure

    def _report(self, promotion: Promotion) -> str:
        if self.report_trouble:
            raise self.report_trouble
        if promotion.reported != promotion.stage.value:
            self.reports.append(promotion.stage.value)
        return promotion.stage.value

    def _look(self, git: Git, targets: Sequence[Target]) -> Sequence[Sighting]:
        self.looks += 1
        if self.look_trouble:
            raise self.look_trouble
        there = git.versions(targets)
        return [
            Sighting(
                each,
                git.head("config").commit,
                there[each].version,
                self.runs,
                SyncState.SYNCED if self.runs == there[each].version else SyncState.PENDING,
                self.health,
                "" if self.runs == there[each].version else "Git is ahead",
                deployed=Deployed("flux", "hub", KUSTOMIZATION, each.folders[0], self.applied)
                if self.applied
                else None,
            )
            for each in targets
        ]

    def promote(self, number: int = 1, service: str = "payment", version: str = "v1.3.0", **changes: object) -> None:
        self.forge.told[number] = Progress(self.pull(number))
        begun = Promotion(
            "config", f"#{number}", "production", "promote", (Leg(service, "v1.2.0", version, Stage.OPEN),), ANA,
            self.now, stage=Stage.OPEN, reached={Stage.OPEN: self.now}, pull=number, head="a" * 40,
            channel="C1", message=f"m{number}", shown="?",
        )  # fmt: skip
        self.chat.now[f"m{number}"] = "Opened."
        assert self.promotions.begin(replace(begun, **changes))  # type: ignore[arg-type]  # whichever the test is about

    def pull(self, number: int = 1, state: str = "open", **changes: object) -> PullRequest:
        whole = replace(memory.pull("quarterdeck/promote", number=number), state=state)
        return replace(whole, **changes)  # type: ignore[arg-type]  # as above

    def merge(self, number: int = 1, version: str = "v1.3.0", by: str = "ben") -> None:
        commit = self.git.write({"production/payment/pod.yaml": pod(version)}, "Merge", by)
        merged = self.pull(number, "merged", merged_as=commit, merged_by=by)
        self.forge.told[number] = Progress(merged)

    def round(self, after: timedelta = 3 * TICK) -> list[str]:
        """What is said by a round, some time later."""
        self.now += after
        before = len(self.chat.said)
        self.follow.run(self.now)
        return self.chat.said[before:]

    def rounds(self, period: timedelta) -> list[str]:
        """What is said within a time, by as many rounds as ask the forge."""
        return [line for _ in range(period // (3 * TICK)) for line in self.round()]

    def known(self, number: int = 1) -> Promotion:
        found = self.promotions.promotion("config", f"#{number}")
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("kept", ["in a file", "in memory"])
def test_a_promotion_is_told_step_by_step_to_its_end(world: World, tmp_path: Path, kept: str) -> None:
    if kept == "in a file":
        world.promotions = Store.open(Secret(f"sqlite:///{tmp_path}/quarterdeck.db"), lambda: world.now).promotions
        world.restart()
    world.promote()
    assert world.round() == ["m1= payment v1.3.0 open (it waits to be merged)"]
    world.merge()
    assert world.round() == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]
    world.runs = "v1.3.0"
    assert world.round() == ["m1= payment v1.3.0 synced (it is healthy, and must stay so for 30 seconds)"]
    assert world.rounds(MINUTE) == ["m1= payment v1.3.0 healthy", "m1> ana: healthy"]
    assert world.rounds(MINUTE) == []
    assert world.promotions.promotions() == ()
    assert world.reports == ["open", "merged", "synced", "healthy"]
    assert world.failed == []


def test_several_steps_at_once_are_one_update(world: World) -> None:
    world.promote()
    world.merge()
    world.runs = "v1.3.0"
    assert world.round() == ["m1= payment v1.3.0 synced (it is healthy, and must stay so for 30 seconds)"]


def test_while_nothing_changes_nothing_is_said_written_or_looked_at(world: World) -> None:
    world.promote()
    world.round()
    version, asked = world.known().version, world.forge.requests
    assert world.rounds(MINUTE) == []
    assert world.known().version == version
    assert world.forge.requests - asked == 4
    assert world.looks == 0


def test_a_nudge_is_looked_at_at_once(world: World) -> None:
    world.promote()
    world.round()
    world.merge()
    assert world.round(SECOND) == []
    assert world.follow.nudge()
    assert world.round(SECOND) == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]
    world.runs = "v1.3.0"
    world.follow.nudge()
    assert world.round(SECOND) == []  # not more often than every two seconds
    assert len(world.round(SECOND)) == 1


def test_details_go_to_the_thread(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(), Checks.FAILED, ("build",))
    assert world.round() == ["m1= payment v1.3.0 open", "m1> build failed"]
    assert world.round() == []


def test_what_failed_is_told_and_handed_on_once(world: World) -> None:
    world.promote()
    world.merge()
    world.runs, world.health = "v1.3.0", Health.DEGRADED
    said = world.rounds(5 * MINUTE)
    assert said[-2:] == ["m1= payment v1.3.0 failed (it is degraded)", "m1> ana: failed"]
    assert world.failed == ["#1 payment"]


def test_what_breaks_after_a_failure_is_not_done_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.failure = RuntimeError("a defect")
    world.promote()
    world.merge()
    world.runs, world.health = "v1.3.0", Health.DEGRADED
    world.rounds(5 * MINUTE)
    assert world.failed == ["#1 payment"]
    assert "what follows the failure of #1 of config broke" in caplog.text
    assert world.promotions.promotions() == ()


def test_what_is_taken_back_is_superseded(world: World) -> None:
    world.promote()
    world.merge()
    world.round()
    world.git.write({"production/payment/pod.yaml": pod("v1.2.0")}, "Back", "ben")
    took = world.git.newest[:10]
    assert world.round() == [f"m1= payment v1.3.0 superseded (taken back by ben in {took})", "m1> ana: superseded"]


def test_an_engine_has_it_by_the_commit_that_it_applied(world: World) -> None:
    world.promote()
    world.applied, world.runs = world.git.newest, "v1.3.0"
    world.merge()
    assert world.round() == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]
    world.applied = world.git.write({"README": "later"})
    assert world.round()[0].startswith("m1= payment v1.3.0 synced")


def test_an_engine_whose_commit_is_none_of_ours_has_what_the_cluster_has(world: World) -> None:
    world.promote()
    world.applied = "e" * 40
    world.merge()
    assert world.round() == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]
    world.runs = "v1.3.0"
    assert world.round()[0].startswith("m1= payment v1.3.0 synced")


def test_a_newer_promotion_supersedes_the_older_and_goes_on(world: World) -> None:
    world.promote()
    world.promote(2, version="v1.4.0")
    world.merge()
    world.round()
    world.merge(2, "v1.4.0", "cid")
    assert world.round()[:2] == [
        f"m1= payment v1.3.0 superseded (superseded by v1.4.0 (cid in {world.git.newest[:10]}))",
        "m1> ana: superseded",
    ]
    world.runs = "v1.4.0"
    assert world.rounds(MINUTE)[-2:] == ["m2= payment v1.4.0 healthy", "m2> ana: healthy"]


@pytest.mark.parametrize("is_merged", [False, True])
def test_one_closed_for_a_newer_one_says_which(world: World, is_merged: bool) -> None:
    world.promote()
    world.now += SECOND
    world.promote(2, version="v1.4.0")
    if is_merged:
        world.merge(2, "v1.4.0")
        world.round()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="bot")
    assert "m1= payment v1.3.0 superseded (superseded by #2)" in world.round()


def test_nothing_took_the_place_of_one_closed_by_hand_after_the_newer(world: World) -> None:
    world.promote()
    world.now += SECOND
    world.promote(2, version="v1.4.0")
    world.forge.told[2] = Progress(world.pull(2, "closed"), closed_by="ben")
    world.round()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    assert world.round() == ["m1= payment v1.3.0 closed (ben closed it)", "m1> ana: closed"]


def test_what_somebody_pushed_is_what_is_followed(world: World) -> None:
    world.promote(head=world.git.newest)
    world.git.branches["quarterdeck/promote"] = world.git.newest
    pushed = world.git._made(world.git.newest, {"production/payment/pod.yaml": pod("v1.4.0").encode()}, "Mine", "ben")
    world.forge.told[1] = Progress(world.pull(head=pushed))
    assert world.round() == ["m1= payment v1.4.0 open (it waits to be merged)"]
    assert world.known().notes == ("It was pushed to by ben: it moves payment to v1.4.0 by now.",)


def test_what_was_squashed_with_a_head_that_is_gone_is_what_is_followed(world: World) -> None:
    world.promote(head=world.git.newest)
    world.merge(version="v1.4.0")
    assert world.round() == ["m1= payment v1.4.0 merged (its cluster has not applied it yet)"]


def test_a_closed_one_that_is_opened_again_goes_on(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    assert world.round() == ["m1= payment v1.3.0 closed (ben closed it)", "m1> ana: closed"]
    assert world.round() == []
    world.forge.told[1] = Progress(world.pull(1))
    assert world.round() == ["m1= payment v1.3.0 open (it waits to be merged)"]
    assert [each.key for each in world.promotions.promotions()] == ["#1"]


def test_after_a_restart_too(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    world.round()
    world.restart()
    world.forge.told[1] = Progress(world.pull(1))
    world.forge.open_pulls.append(world.pull(1))
    assert world.round(2 * MINUTE) == ["m1= payment v1.3.0 open (it waits to be merged)"]


def test_probes_decide_once_it_is_healthy_for_long(world: World) -> None:
    probes = (UrlProbe("https://pay.example.com"),)
    world.environment = replace(PRODUCTION, verification=replace(ASKED, probes=probes))
    world.restart()
    world.promote()
    world.merge()
    there = NOW + 3 * SECOND  # by Git, before anybody here saw it
    world.git.commits[world.git.newest] = replace(world.git.commits[world.git.newest], at=there)
    world.runs = "v1.3.0"
    world.prober.comes = [None, True]
    world.round()
    assert world.rounds(MINUTE)[-3:] == [
        "m1= payment v1.3.0 synced (GET /healthz: answered)",
        "m1= payment v1.3.0 healthy",
        "m1> ana: healthy",
    ]
    assert world.prober.asked == [("payment in production", "v1.3.0", there)] * 2


# The world stands against it


def test_a_forge_that_is_away_says_nothing_new(world: World) -> None:
    world.promote()
    world.round()
    world.forge.trouble = Unavailable("GitHub is away.")
    assert world.rounds(MINUTE) == []
    world.forge.trouble = None
    world.merge()
    assert world.round() == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]


def test_a_forge_that_wants_to_be_left_alone_is(world: World) -> None:
    world.promote()
    world.round()
    world.forge.trouble = Unavailable("GitHub is busy.", retry_after=120)
    world.round()
    asked = world.forge.requests
    world.rounds(MINUTE + 50 * SECOND)
    assert world.forge.requests == asked
    world.round()
    assert world.forge.requests == asked + 1


def test_clusters_that_are_away_say_nothing_new_until_the_time_is_over(world: World) -> None:
    world.promote()
    world.merge()
    world.round()
    world.look_trouble = Unavailable("production can't be reached.")
    assert world.rounds(2 * MINUTE) == []
    assert world.round(30 * MINUTE) == [
        "m1= payment v1.3.0 timed-out (production can't be reached)",
        "m1> ana: timed-out",
    ]
    assert world.failed == ["#1 payment"]


@pytest.mark.parametrize("fault", [Unavailable("Slack is away."), Refusal("not in channel"), ValueError("ours")])
def test_what_can_t_be_told_of_one_keeps_nothing_of_the_others_back(world: World, fault: Exception) -> None:
    world.promote()
    world.promote(2, "api", "v2")
    world.chat.troubles["m1="] = fault
    assert world.round() == ["m2= api v2 open (it waits to be merged)"]
    assert world.round() == ["m1= payment v1.3.0 open (it waits to be merged)"]


def test_messages_that_never_can_be_told_keep_nothing_of_the_others_back(world: World) -> None:
    for number in range(1, 5):
        world.promote(number)
    faults = [f"m{number}=" for number in (1, 2, 3)]
    for _ in range(2):
        world.chat.troubles = {words: Unavailable("Slack is away.") for words in faults}
        said = world.round()
    assert said == ["m4= payment v1.3.0 open (it waits to be merged)"]


def test_what_nobody_saw_in_a_while_is_not_taken_for_healthy(world: World) -> None:
    world.promote()
    world.merge()
    world.runs = "v1.3.0"
    world.round()
    assert world.round(5 * MINUTE) == []
    assert world.rounds(MINUTE)[-1] == "m1> ana: healthy"


def test_nothing_waits_for_a_clock_that_was_set_back(world: World) -> None:
    world.promote()
    world.merge()
    world.runs = "v1.3.0"
    world.round()
    world.now -= 2 * HOUR
    assert world.rounds(MINUTE)[-1] == "m1> ana: healthy"
    world.promote(2, message="", channel="")
    world.forge.trouble = Unavailable("GitHub is busy.", retry_after=60)
    world.round()
    world.now, world.forge.trouble = world.now - 2 * HOUR, None
    world.chat.troubles["m3: payment"] = Unavailable("Slack is busy.", retry_after=60)
    assert world.round() == []
    world.now -= 2 * HOUR
    assert world.round() == ["m3: payment v1.3.0 open (it waits to be merged)"]


def test_a_look_that_breaks_is_logged_and_made_again(world: World) -> None:
    world.promote()
    world.merge()
    world.look_trouble = ValueError("a defect")
    assert world.round() == ["m1= payment v1.3.0 merged"]
    world.look_trouble = None
    assert world.round() == ["m1= payment v1.3.0 merged (its cluster has not applied it yet)"]


def test_a_chat_that_wants_to_be_left_alone_is(world: World) -> None:
    world.promote()
    world.promote(2, "api", "v2")
    world.chat.troubles["m1="] = Unavailable("Slack is busy.", retry_after=30)
    assert world.round() == []
    assert world.round(20 * SECOND) == []
    assert len(world.round(20 * SECOND)) == 2


def test_an_end_that_the_chat_did_not_take_is_told_by_the_next_round(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    world.chat.troubles["m1>"] = Unavailable("Slack is away.")
    assert world.round() == ["m1= payment v1.3.0 closed (ben closed it)"]
    assert not world.known().stage.is_end
    assert world.round()[-1] == "m1> ana: closed"
    assert world.known().stage is Stage.CLOSED


def test_an_end_that_may_have_been_told_is_not_told_again(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    world.chat.troubles["m1>"] = Unavailable("The answer was lost.", unsure=True)
    world.chat.lands = True
    world.round()
    assert world.known().stage is Stage.CLOSED
    assert [line for line in [*world.chat.said, *world.round()] if line == "m1> ana: closed"] == ["m1> ana: closed"]


def test_an_update_that_may_have_landed_is_made_again(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    world.chat.troubles["m1="] = Unavailable("The answer was lost.", unsure=True)
    assert world.round() == []
    assert world.round() == ["m1= payment v1.3.0 closed (ben closed it)", "m1> ana: closed"]


def test_a_message_that_may_have_been_posted_is_not_posted_again_without_news(world: World) -> None:
    world.promote(message="", channel="")
    world.chat.troubles["m2:"] = Unavailable("The answer was lost.", unsure=True)
    world.chat.lands = True
    assert world.round(2 * MINUTE) == ["m2: payment v1.3.0 open (it waits to be merged)"]
    assert world.round() == []
    world.chat.now["m2"] = "landed"
    world.merge()
    assert world.round() == ["m3: payment v1.3.0 merged (its cluster has not applied it yet)"]


def test_a_new_message_stands_though_the_end_in_its_thread_was_not_taken(world: World) -> None:
    world.promote(message="", channel="")
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    world.chat.troubles["m2>"] = Unavailable("Slack is away.")
    assert world.round(2 * MINUTE) == ["m2: payment v1.3.0 closed (ben closed it)"]
    assert world.round() == ["m2> ana: closed"]


def test_a_message_that_is_gone_is_made_anew(world: World) -> None:
    world.promote(thread="t1")
    world.chat.troubles["m1="] = Gone("The message is gone.")
    assert world.round() == ["m2: payment v1.3.0 open (it waits to be merged)"]
    known = world.known()
    assert (known.message, known.channel, known.thread) == ("m2", "C1", "")
    world.merge()
    assert world.round() == ["m2= payment v1.3.0 merged (its cluster has not applied it yet)"]


def test_one_that_nobody_can_be_told_of_goes_to_its_end(world: World) -> None:
    world.promote(thread="t1")
    world.merge()
    world.runs, world.health, world.chat = "v1.3.0", Health.DEGRADED, Archived()
    world.restart()
    world.rounds(5 * MINUTE)
    assert world.promotions.promotions() == ()
    assert (world.known().stage, world.failed) == (Stage.FAILED, ["#1 payment"])


@pytest.mark.parametrize("ended", [False, True])
def test_what_could_not_be_reported_is_reported_later(world: World, ended: bool) -> None:
    world.promote()
    world.report_trouble = Unavailable("GitHub is away.")
    if ended:
        world.forge.told[1] = Progress(world.pull(1, "closed"))
    world.round()
    world.report_trouble = None
    world.round()
    assert world.reports == [world.known().stage.value] == [world.known().reported]


def test_what_may_not_be_reported_is_not_tried_again(world: World) -> None:
    world.promote()
    world.report_trouble = Refusal("no right")
    world.round()
    world.report_trouble = None
    world.round()
    assert world.reports == []


def test_a_message_that_is_gone_is_made_anew_where_it_was_if_there_is_no_channel_for_it(world: World) -> None:
    world.environment = replace(PRODUCTION, channel=None)
    world.restart()
    world.promote()
    world.chat.troubles["m1="] = Gone("The message is gone.")
    assert world.round() == ["m2: payment v1.3.0 open (it waits to be merged)"]
    assert world.known().channel == "C1"


def test_a_message_that_nobody_noted_is_posted_after_a_while(world: World) -> None:
    world.promote(message="", channel="")
    assert world.round(30 * SECOND) == []
    assert world.round(31 * SECOND) == ["m2: payment v1.3.0 open (it waits to be merged)"]
    known = world.known()
    assert (known.message, known.channel, known.link) == ("m2", "C1", "https://chat.example/C1/m2")


def test_without_a_channel_it_is_followed_silently(world: World) -> None:
    world.environment = replace(PRODUCTION, channel=None)
    world.restart()
    world.promote(message="", channel="")
    world.merge()
    world.runs = "v1.3.0"
    assert world.round(2 * MINUTE) == []
    assert world.rounds(MINUTE) == []
    assert (world.known().stage, world.reports[-1]) == (Stage.HEALTHY, "healthy")


def test_a_pull_request_that_nobody_follows_is_adopted_once_it_is_no_longer_new(world: World) -> None:
    world.forge.open_pulls.append(world.pull(7))
    world.forge.told[7] = Progress(world.pull(7))
    legs = (Leg("payment", "v1.2.0", "v1.3.0", Stage.OPEN),)
    world.adopted = Promotion(
        "config", "#7", "production", "promote", legs, ANA, NOW - MINUTE, stage=Stage.OPEN, pull=7, head="a" * 40
    )
    assert world.round() == []
    assert world.rounds(MINUTE + TICK) == ["m1: payment v1.3.0 open (it waits to be merged)"]
    assert world.rounds(3 * MINUTE) == []


def test_what_failed_is_handed_on_while_the_chat_is_away(world: World) -> None:
    world.promote()
    world.merge()
    world.rounds(MINUTE)
    world.runs, world.health = "v1.3.0", Health.DEGRADED
    world.chat.troubles["failed"] = Unavailable("Slack is away.")
    said = world.rounds(4 * MINUTE)
    assert said[-2:] == ["m1= payment v1.3.0 failed (it is degraded)", "m1> ana: failed"]
    assert world.failed == ["#1 payment", "#1 payment"], "at once, and again once its message can be told"


def test_a_search_that_breaks_keeps_nothing_of_what_is_followed_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    hooks = replace(world.follow.announcer.hooks, pushed=lambda _repository, _now: [int("x")])
    world.follow.announcer = replace(world.follow.announcer, hooks=hooks)
    world.round()
    assert world.known().stage is Stage.CLOSED
    assert "what nobody follows in config could not be looked for" in caplog.text


def test_of_two_processes_one_tells(world: World) -> None:
    world.promote()
    world.forge.told[1] = Progress(world.pull(1, "closed"), closed_by="ben")
    other = world.made()
    post = world.chat.post

    def meanwhile(place: Place, reply: Reply, *, to: str | None = None) -> str:
        world.chat.post = post  # type: ignore[method-assign]  # for one call
        other.run(world.now)
        return post(place, reply, to=to)

    world.chat.post = meanwhile  # type: ignore[method-assign]  # as above
    world.round()
    assert world.chat.said.count("m1> ana: closed") == 1
    assert world.known().stage is Stage.CLOSED
    assert world.promotions.promotions() == ()


# Killed


def _story(world: World) -> list[Callable[[], object]]:
    """Rounds from the merge to a failure, with what happens between them."""

    def fail() -> None:
        world.runs, world.health = "v1.3.0", Health.DEGRADED

    return [world.merge, partial(world.rounds, MINUTE), fail, partial(world.rounds, 4 * MINUTE)]


CALLS = 10
"""Messages and writes in the story."""


class Counting:
    """Ends the process before or after its nth call."""

    def __init__(self, last: int, *, done: bool) -> None:
        self.last = last
        self.done = done
        self.calls = 0

    def __call__(self, real: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **named: object) -> object:
            self.calls += 1
            if self.calls == self.last and not self.done:
                raise Killed
            answer = real(*arguments, **named)
            if self.calls == self.last:
                raise Killed
            return answer

        return called


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("last", range(1, CALLS + 1))
def test_killed_at_any_call_it_ends_as_it_would_have(world: World, last: int, done: bool) -> None:
    """Each message and each write is in turn the last thing that a process does, or the first that it doesn't do."""
    world.promote()
    counting = Counting(last, done=done)
    for each, name in ((world.chat, "post"), (world.chat, "update"), (world.promotions, "keep")):
        setattr(each, name, counting(getattr(each, name)))
    killed = 0
    for act in _story(world):
        try:
            act()
        except Killed:
            killed += 1
            world.restart()
            act()
    assert killed == 1
    assert world.known().stage is Stage.FAILED
    assert world.chat.now["m1"] == "payment v1.3.0 failed (it is degraded)"
    assert world.chat.said.count("m1> ana: failed") <= 1
    assert set(world.failed) == {"#1 payment"}
    assert world.promotions.promotions() == ()


def test_the_story_has_that_many_calls(world: World) -> None:
    world.promote()
    counting = Counting(0, done=False)
    for each, name in ((world.chat, "post"), (world.chat, "update"), (world.promotions, "keep")):
        setattr(each, name, counting(getattr(each, name)))
    for act in _story(world):
        act()
    assert counting.calls == CALLS
