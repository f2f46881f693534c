"""What is done where a version fails: told, and rolled back where the config says so, once, and never in doubt."""

# ruff: noqa: ARG002 - the signatures are the ports'

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from workbench import ANA, BEN, ENVIRONMENTS, RULES, Bench

from bot.conversation import Answer
from bot.errors import Refusal, Unavailable
from bot.jobs.retreat import Retreat
from bot.model.catalog import Merge, Target
from bot.model.promotion import Leg, Promotion, Stage, Standing
from bot.model.reply import Outcome, Reply
from bot.model.request import Actor, Place
from bot.model.sync import Ailment, Health, ObjectRef, Sighting, SyncState
from bot.model.verification import OnFailure, Verification
from bot.ports import Git

ITSELF = Actor("quarterdeck", "Quarterdeck")


@dataclass
class Chat:
    """`bot.ports.Chat` that keeps what was posted. `#deploys` is `C9`."""

    said: list[tuple[Place, Reply]] = field(default_factory=list)
    trouble: Exception | None = None

    def post(self, place: Place, reply: Reply, *, to: str | None = None) -> str:
        assert to is None
        if self.trouble:
            raise self.trouble
        self.said.append((place, reply))
        return f"m{len(self.said)}"

    def channel(self, name: str) -> str:
        return {"#deploys": "C9"}.get(name, name)

    def link(self, channel: str, message: str, thread: str = "") -> str:
        return f"https://chat/{channel}/{message}?thread={thread}"

    def update(self, channel: str, message: str, reply: Reply) -> None:
        raise AssertionError("it is the follower that keeps messages up to date")

    def attach(self, place: Place, name: str, text: str) -> None:
        raise AssertionError("nothing is attached")


@dataclass
class Scene:
    """payment went from v1.0.0 to v2.0.0 by us and has just failed."""

    environment: str = "production"
    on_failure: OnFailure = OnFailure.ROLLBACK
    merge: Merge = Merge.BY_HAND
    blind: bool = False

    def __post_init__(self) -> None:
        verification = Verification(on_failure=self.on_failure)
        environments = {
            name: replace(each, verification=verification, channel="#deploys", merge=self.merge)
            for name, each in ENVIRONMENTS.items()
        }
        self.bench = Bench(environments=environments)
        self.bench.passes(timedelta(days=1))
        self.commit = self.bench.put(self.environment, "v2.0.0", message="Promote\n\nQuarterdeck-Change: 1")
        now = self.bench.now()
        proven = Standing(self.environment, "payment", "v1.0.0", Health.HEALTHY, now, now, now)
        self.bench.standings.note([proven])
        self.leg = Leg("payment", "v1.0.0", "v2.0.0", Stage.FAILED, "0 of 1 replicas ready")
        self.failed = Promotion(
            "config", "#12", self.environment, "promote", (self.leg,), ANA, now, stage=Stage.FAILED,
            reached={Stage.MERGED: now, Stage.FAILED: now}, pull=12, commit=self.commit, merged_by="BEN",
            approvers=("ben", "stranger"), channel="C1", message="1.1", telling=True,
        )  # fmt: skip
        self.bench.promotions.begin(self.failed)
        self.chat = Chat()

    @property
    def retreat(self) -> Retreat:
        bench = self.bench

        def look(targets: Sequence[Target]) -> Sequence[Sighting]:
            if self.blind:
                raise Unavailable("production can't be reached.")
            ill = Ailment(
                ObjectRef("apps/v1", "Deployment", "shop", "payment"), Health.DEGRADED, "0 of 1 replicas ready"
            )
            return [
                Sighting(each, "abc", "v2.0.0", "v2.0.0", SyncState.SYNCED, Health.DEGRADED, ailments=(ill,))
                for each in targets
            ]

        return Retreat(
            bench.catalog, bench.promotions, bench.standings, self.chat, lambda: bench.forge, lambda: bench.git, look,
            bench.conversation.carry_out, ITSELF, RULES.people, bench.now,
        )  # fmt: skip

    def run(self) -> list[tuple[Place, Reply]]:
        self.chat.said.clear()
        self.retreat.run(self.failed, [self.leg])
        return self.chat.said

    @property
    def begun(self) -> list[Promotion]:
        return [each for each in self.bench.promotions.kept.values() if each.after]


THREAD = Place("C1", "1.1")
FAILED = "This was seen of payment v2.0.0 in production:"


@pytest.mark.parametrize("on_failure", OnFailure)
def test_where_nothing_could_be_seen_nothing_is_said_of_it(on_failure: OnFailure) -> None:
    """That it failed, and why, its message says."""
    scene = Scene(on_failure=on_failure, blind=True)
    outcomes = [reply.outcome for _, reply in scene.run()]
    assert outcomes == ([Outcome.OPENED] * 2 if on_failure is OnFailure.ROLLBACK else [])


def test_it_is_rolled_back_and_told_to_all_concerned() -> None:
    scene = Scene()
    (at, details), (there, told), (elsewhere, briefly) = scene.run()
    assert (at, details.text, details.choices) == (THREAD, FAILED, ())
    assert there == THREAD
    assert told.outcome is Outcome.OPENED
    assert told.text.startswith(
        "The config has what fails rolled back. payment in production: v2.0.0 → v1.0.0. Pull request #1 is open"
    )
    assert (told.mentions, told.broadcast) == ((ANA.id, BEN.id), False)
    assert (elsewhere, briefly) == (Place("#deploys"), Reply(Outcome.OPENED, told.text))
    assert scene.bench.audit.kept == [("Quarterdeck", "rollback", "payment in production", "opened")]
    (pull,) = scene.bench.forge.pulls("config")
    assert pull.branch == "quarterdeck/rollback/production/payment/v1.0.0"
    (begun,) = scene.begun
    assert (begun.verb, begun.automatic, begun.after, begun.by) == ("rollback", True, "#12", ANA)
    assert (begun.channel, begun.message, begun.thread) == ("C1", "m2", "1.1")
    assert begun.legs == (Leg("payment", "v2.0.0", "v1.0.0", Stage.OPEN),)
    commit = scene.bench.git.commits[pull.head]
    assert commit.trailers["Quarterdeck-Rejects"] == "v2.0.0"


def test_it_merges_where_the_environment_says_so() -> None:
    scene = Scene(merge=Merge.WHEN_READY)
    scene.run()
    assert [each for each in scene.bench.forge.asked if each.startswith("merge")] == ["merge 1"]


def test_where_changes_are_pushed_it_is_committed_once() -> None:
    scene = Scene("staging")
    scene.run()
    assert scene.bench.version("staging") == "v1.0.0"
    (begun,) = scene.begun
    assert (begun.stage, begun.commit) == (Stage.MERGED, scene.bench.git.newest)
    assert scene.run() == []
    assert (scene.bench.git.pushes, len(scene.begun)) == (1, 1)


def test_a_second_run_after_a_kill_adopts_what_is_there() -> None:
    scene = Scene()
    scene.chat.trouble = Unavailable("Slack is away.")
    scene.run()
    assert [each.message for each in scene.begun] == [""]
    scene.chat.trouble = None
    assert [reply.outcome for _, reply in scene.run()] == [Outcome.ANSWERED, Outcome.ADOPTED, Outcome.ADOPTED]
    assert [each.message for each in scene.begun] == ["m2"]
    assert scene.run() == []
    assert scene.bench.forge.asked.count("open quarterdeck/rollback/production/payment/v1.0.0") == 1


@pytest.mark.parametrize("on_failure", [OnFailure.OFFER, OnFailure.NOTHING])
def test_elsewhere_it_is_only_told(on_failure: OnFailure) -> None:
    scene = Scene(on_failure=on_failure)
    assert [(place, reply.text) for place, reply in scene.run()] == [(THREAD, FAILED)]
    assert (scene.begun, scene.bench.forge.asked) == ([], [])


def stays(scene: Scene, why: str) -> None:
    """Nothing is done, it is said why, and people can do it."""
    ((place, told),) = scene.run()
    assert place == THREAD
    assert told.sections[-1].text == f"payment in {scene.environment} is not rolled back by itself: {why}."
    assert [each.value for each in told.choices] == [f"rollback payment in {scene.environment} from v2.0.0 to v1.0.0"]
    assert (scene.begun, scene.bench.forge.asked, scene.bench.git.pushes) == ([], [], 0)


def test_not_where_somebody_went_on() -> None:
    scene = Scene()
    scene.bench.put("production", "v3.0.0")
    stays(scene, "it is at v3.0.0 by now and not v2.0.0")


def test_not_where_nobody_saw_the_version_before_healthy() -> None:
    scene = Scene()
    scene.bench.standings.known.clear()
    stays(scene, "v1.0.0 was never seen healthy there")


def test_not_where_another_promotion_is_underway() -> None:
    scene = Scene()
    scene.bench.promotions.begin(replace(scene.failed, key="#13", stage=Stage.OPEN))
    stays(scene, "another promotion of it, #13, is underway")


def test_not_a_rollback() -> None:
    scene = Scene()
    scene.failed = replace(scene.failed, verb="rollback", after="#11")
    ((_, told),) = scene.run()
    assert told.sections[-1].text.endswith("is not rolled back by itself: what failed is a rollback itself.")
    assert told.choices == ()


def test_not_where_the_store_can_not_tell() -> None:
    scene = Scene()
    scene.bench.promotions.full = True
    stays(scene, "The store is full")


def test_not_where_git_can_not_be_read() -> None:
    scene = Scene()

    def broken() -> Git:
        raise Unavailable("config can't be fetched.")

    replace(scene.retreat, git=broken).run(scene.failed, [scene.leg])
    ((_, told),) = scene.chat.said
    assert told.sections[-1].text == "payment in production is not rolled back by itself: config can't be fetched."
    assert len(told.choices) == 1


def test_an_environment_that_left_the_config_is_nobodys() -> None:
    scene = Scene()
    scene.failed = replace(scene.failed, environment="canary")
    assert scene.run() == []


def test_not_what_a_person_would_be_asked_about() -> None:
    """Somebody else's commit, which moved more than the version."""
    scene = Scene("staging")
    bench = Bench(environments=dict(scene.bench.catalog.environments))
    bench.standings = scene.bench.standings
    scene.commit = bench.put("staging", "v2.0.0")
    bench.promotions.begin(scene.failed)
    scene.bench = bench
    (_, (place, told)) = scene.run()
    assert place == THREAD
    assert told.text.startswith("payment in staging is not rolled back by itself: somebody would have to confirm it: ")
    assert told.text.endswith(", not by me. This is committed at once, without a pull request.")
    assert [each.value for each in told.choices] == ["rollback payment in staging from v2.0.0 to v1.0.0"]
    assert (scene.begun, bench.version("staging")) == ([], "v2.0.0")


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (Refusal("main is protected."), "main is protected"),
        (Unavailable("GitHub is away."), "GitHub is away"),
        (KeyError("x"), "that broke; the bot's log says where"),
    ],
)
def test_what_goes_wrong_is_told(trouble: Exception, why: str) -> None:
    scene = Scene()

    def refuse(message: object) -> None:
        raise trouble

    retreat = replace(scene.retreat, carry_out=refuse)  # type: ignore[arg-type] - it only raises
    retreat.run(scene.failed, [scene.leg])
    assert [reply.text for _, reply in scene.chat.said] == [
        FAILED,
        f"payment in production is not rolled back by itself: {why}.",
    ]


@pytest.mark.parametrize("outcome", [Outcome.CONTESTED, Outcome.UNCHANGED, Outcome.FAILED])
def test_what_did_not_come_about_is_told(outcome: Outcome) -> None:
    scene = Scene()
    pull = scene.bench.forge.open("config", title="", body="", branch="main")
    done = Reply(outcome, "payment in production is being moved already.", pull=pull)
    replace(scene.retreat, carry_out=lambda _: Answer(done)).run(scene.failed, [scene.leg])
    assert [reply.text for _, reply in scene.chat.said] == [
        FAILED,
        "payment in production is not rolled back by itself: payment in production is being moved already.",
    ]


def test_the_channel_is_told_once_where_it_was_asked_for_there() -> None:
    scene = Scene()
    scene.failed = replace(scene.failed, channel="C9")
    said = scene.run()
    assert [(place, reply.broadcast) for place, reply in said] == [
        (Place("C9", "1.1"), False),
        (Place("C9", "1.1"), True),
    ]


def test_what_was_asked_for_at_a_terminal_is_told_to_the_channel() -> None:
    scene = Scene()
    scene.failed = replace(scene.failed, channel="", message="")
    assert [place for place, _ in scene.run()] == [Place("#deploys")] * 2
    assert [(each.channel, each.message) for each in scene.begun] == [("C9", "m2")]
