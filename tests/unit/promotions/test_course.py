"""How far a promotion is after each thing that can be seen of it, and how it ends; told by the whole promotion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.health.workloads import EXCEEDED
from bot.model.catalog import Target
from bot.model.change import Commit, Move
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.pull import Checks, Progress, PullRequest, Review
from bot.model.request import Actor
from bot.model.sync import (
    Ailment,
    Deployed,
    Difference,
    Health,
    Kind,
    ObjectRef,
    Severity,
    Sighting,
    Symptoms,
    SyncState,
)
from bot.model.verification import Proof, UrlProbe, Verification
from bot.promotions import course
from bot.promotions.evidence import Branch, Evidence, Look, Pushed
from bot.promotions.legs import GRACE

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ANA = Actor("U1", "ana", "ana")
HEAD, OTHER, MERGE = "a" * 40, "b" * 40, "c" * 40
ASKED = Verification(healthy_for=timedelta(seconds=30), timeout=timedelta(minutes=30))
PROBED = replace(ASKED, probes=(UrlProbe("https://pay.example.com"),))
PAYMENT = Target("payment", "production", "config", ("production/payment",), "production")
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "payment")
APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")


def promotion(**changes: object) -> Promotion:
    whole = Promotion(
        "config",
        "#12",
        "production",
        "promote",
        (Leg("payment", "v1.2.0", "v1.3.0", Stage.OPEN),),
        ANA,
        START,
        "Promote payment",
        Stage.OPEN,
        {Stage.REQUESTED: START, Stage.OPEN: START},
        12,
        "https://github.example/pull/12",
        HEAD,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # whichever the test is about


def merged(stage: Stage = Stage.MERGED, **leg: object) -> Promotion:
    reached = {Stage.REQUESTED: START, Stage.OPEN: START, Stage.MERGED: START}
    one = replace(Leg("payment", "v1.2.0", "v1.3.0", stage), **leg)  # type: ignore[arg-type]  # as above
    return promotion(legs=(one,), stage=stage, reached=reached, commit=MERGE, merged_by="ben")


def pull(state: str = "open", head: str = HEAD, **changes: object) -> PullRequest:
    whole = PullRequest(
        12, "https://github.example/pull/12", "Promote payment", "", "quarterdeck/promote", head, "main", state, "bot",
        ours=True,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]  # as above


def progress(state: str = "open", head: str = HEAD, **changes: object) -> Evidence:
    return Evidence(replace(Progress(pull(state, head)), **changes))  # type: ignore[arg-type]  # as above


def merge(version: str | None = "v1.3.0", head: str = HEAD, by: tuple[str, ...] = ()) -> Evidence:
    told = Progress(pull("merged", head, merged_as=MERGE, merged_by="ben"))
    return Evidence(told, pushed=Pushed({"payment": version}, by))


def move(version: str | None, by: str = "ben", number: int | None = 14, rejects: bool = False) -> Branch:
    trailers = {"Quarterdeck-Rejects": "v1.3.0"} if rejects else {}
    commit = Commit("d" * 40, (), by, "", START, "Change", trailers)
    return Branch(version, True, Move(PAYMENT, "v1.3.0", version, commit, by, number))


@dataclass(frozen=True)
class Saw:
    """What a look at the cluster finds, where that is not that all is well."""

    health: Health = Health.HEALTHY
    sync: SyncState = SyncState.SYNCED
    applied: bool | None = None
    attempted: bool | None = None
    engine: Deployed | None = None
    live: str | None = "v1.3.0"
    desired: str | None = "v1.3.0"
    ailments: tuple[Ailment, ...] = ()
    differences: tuple[Difference, ...] = ()
    why: str = ""
    since: datetime = START
    cluster: str | None = "production"


def look(saw: Saw = Saw(), version: str = "v1.3.0") -> Evidence:
    target = replace(PAYMENT, cluster=saw.cluster)
    sighting = Sighting(
        target, MERGE, saw.desired, saw.live, saw.sync, saw.health, saw.why, saw.differences, saw.engine,
        ailments=saw.ailments,
    )  # fmt: skip
    looks = {"payment": Look(sighting, saw.since, saw.applied, saw.attempted)}
    return Evidence(branch={"payment": Branch(version, holds=True)}, looks=looks)


def engine(**changes: object) -> Deployed:
    return replace(Deployed("argocd", "hub", APPLICATION, "production/payment", MERGE), **changes)  # type: ignore[arg-type]  # as above


def run(before: Promotion, *seen: tuple[timedelta, Evidence], asked: Verification = ASKED) -> Promotion:
    after = before
    for when, each in seen:
        after = course.follow(after, each, asked, START + when)
    return after


def ends(after: Promotion) -> tuple[Stage, str]:
    return after.stage, after.why


def ailing(kind: str = "Deployment", reason: str = "2 of 3 replicas ready", cause: str = "") -> tuple[Ailment, ...]:
    ref = replace(DEPLOYMENT, kind=kind)
    return (Ailment(ref, Health.DEGRADED, reason, symptoms=Symptoms((cause,) if cause else ())),)


# The forge


@pytest.mark.parametrize(
    ("seen", "stage", "trouble", "why"),
    [
        ({}, Stage.OPEN, "", "it waits to be merged"),
        ({"review": Review.WANTED}, Stage.OPEN, "", "it waits for a review"),
        ({"checks": Checks.RUNNING, "named": ("build", "lint")}, Stage.OPEN, "", "it waits for build and lint"),
        ({"checks": Checks.RUNNING}, Stage.OPEN, "", "it waits for its checks"),
        ({"checks": Checks.PASSED}, Stage.CHECKS, "", "it waits to be merged"),
        ({"checks": Checks.PASSED, "review": Review.WANTED}, Stage.CHECKS, "", "it waits for a review"),
        ({"checks": Checks.PASSED, "review": Review.APPROVED}, Stage.APPROVED, "", "it waits to be merged"),
        ({"review": Review.APPROVED}, Stage.APPROVED, "", "it waits to be merged"),
        ({"checks": Checks.RUNNING, "review": Review.APPROVED}, Stage.OPEN, "", "it waits for its checks"),
        ({"checks": Checks.FAILED, "named": ("build",)}, Stage.OPEN, "build failed", ""),
        ({"checks": Checks.FAILED, "review": Review.WANTED}, Stage.OPEN, "a check failed", "it waits for a review"),
        ({"review": Review.CHANGES}, Stage.OPEN, "a reviewer asks for changes", ""),
        ({"conflicts": True}, Stage.OPEN, "it conflicts with main", ""),
        (
            {"conflicts": True, "checks": Checks.FAILED, "named": ("build",)},
            Stage.OPEN,
            "it conflicts with main and build failed",
            "",
        ),
        ({"pull": pull(draft=True)}, Stage.OPEN, "", "it waits for somebody to mark it as ready"),
        ({"queued": True}, Stage.OPEN, "", "it merges as soon as the rules of its branch allow"),
        ({"queued": True, "review": Review.WANTED}, Stage.OPEN, "", "it waits for a review"),
    ],
)
def test_an_open_pull_request_is_as_far_as_the_forge_says(
    seen: Mapping[str, object], stage: Stage, trouble: str, why: str
) -> None:
    after = run(promotion(), (MINUTE, progress(**seen)))
    assert (after.stage, after.trouble, after.why) == (stage, trouble, why)
    assert [each.stage for each in after.legs] == [stage]


def test_each_stage_is_dated_once() -> None:
    passed, approved = progress(checks=Checks.PASSED), progress(checks=Checks.PASSED, review=Review.APPROVED)
    after = run(promotion(), (MINUTE, passed), (2 * MINUTE, passed), (3 * MINUTE, approved), (4 * MINUTE, passed))
    assert after.reached == {
        Stage.REQUESTED: START,
        Stage.OPEN: START,
        Stage.CHECKS: START + MINUTE,
        Stage.APPROVED: START + 3 * MINUTE,
    }
    assert after.stage is Stage.APPROVED


def test_who_approves_is_known() -> None:
    seen = progress(review=Review.APPROVED, approvers=("ben", "cid"))
    assert run(promotion(), (MINUTE, seen)).approvers == ("ben", "cid")


def test_merging_it_makes_it_merged() -> None:
    assert run(promotion(), (MINUTE, merge())) == promotion(
        stage=Stage.MERGED,
        legs=(Leg("payment", "v1.2.0", "v1.3.0", Stage.MERGED),),
        commit=MERGE,
        merged_by="ben",
        reached={Stage.REQUESTED: START, Stage.OPEN: START, Stage.MERGED: START + MINUTE},
    )


def test_a_merge_whose_commit_is_not_told_yet_waits() -> None:
    assert run(promotion(), (MINUTE, progress("merged"))) == promotion()


def test_a_merge_that_could_not_be_read_yet_waits() -> None:
    assert run(promotion(), (MINUTE, replace(merge(), pushed=None))) == promotion()


def test_a_pull_request_merged_with_another_head_is_followed_as_what_it_says() -> None:
    after = run(promotion(), (MINUTE, merge("v1.4.0", OTHER, ("ben",))))
    assert [(leg.to_version, leg.stage) for leg in after.legs] == [("v1.4.0", Stage.MERGED)]
    assert after.notes == ("It was merged with other commits by ben: it moves payment to v1.4.0 by now.",)
    assert after.head == OTHER


def test_a_merged_commit_without_the_service_moves_nothing() -> None:
    after = run(promotion(), (MINUTE, merge(None)))
    assert ends(after) == (Stage.SUPERSEDED, "what was pushed to its pull request has no version of it")


def test_commits_pushed_by_others_start_it_anew_as_what_they_say() -> None:
    approved = run(promotion(), (MINUTE, progress(checks=Checks.PASSED, review=Review.APPROVED)))
    seen = replace(progress("open", OTHER), pushed=Pushed({"payment": "v1.4.0"}, ("ben",)))
    after = run(approved, (2 * MINUTE, seen))
    assert (after.stage, after.head, after.legs[0].to_version) == (Stage.OPEN, OTHER, "v1.4.0")
    assert after.reached == {Stage.REQUESTED: START, Stage.OPEN: START}
    assert after.notes == ("It was pushed to by ben: it moves payment to v1.4.0 by now.",)


def test_commits_pushed_by_others_that_move_the_same_are_told_once() -> None:
    seen = replace(progress("open", OTHER), pushed=Pushed({"payment": "v1.3.0"}, ("ben",)))
    after = run(promotion(), (MINUTE, seen), (2 * MINUTE, progress("open", OTHER)))
    assert after.notes == ("It was pushed to by ben, and moves the same.",)


def test_commits_pushed_by_others_that_no_version_can_be_read_of_are_told_so() -> None:
    after = run(promotion(), (MINUTE, replace(progress("open", OTHER), pushed=Pushed({"payment": None}, ("ben",)))))
    assert after.notes == ("It was pushed to by ben: it has no version of payment by now.",)
    assert after.stage is Stage.OPEN


def test_a_head_of_our_own_is_no_news() -> None:
    seen = replace(progress("open", OTHER), pushed=Pushed({"payment": "v1.3.0"}))
    after = run(promotion(), (MINUTE, seen))
    assert (after.head, after.notes) == (OTHER, ())


def test_a_head_that_could_not_be_read_yet_waits() -> None:
    assert run(promotion(), (MINUTE, progress("open", OTHER, checks=Checks.PASSED))) == promotion()


@pytest.mark.parametrize(
    ("seen", "stage", "why"),
    [
        (progress("closed", closed_by="ben"), Stage.CLOSED, "ben closed it"),
        (progress("closed"), Stage.CLOSED, "somebody closed it"),
        (replace(progress("closed", closed_by="bot"), newer="#15"), Stage.SUPERSEDED, "superseded by #15"),
        (Evidence(gone=True), Stage.CLOSED, "its pull request is gone"),
    ],
)
def test_an_unmerged_end(seen: Evidence, stage: Stage, why: str) -> None:
    ended = run(promotion(), (MINUTE, seen))
    assert ends(ended) == (stage, why)
    assert [each.stage for each in ended.legs] == [stage]
    assert run(ended, (2 * MINUTE, seen)) == ended


def test_one_that_is_opened_again_goes_on() -> None:
    closed = run(promotion(), (MINUTE, progress("closed")))
    again = run(closed, (2 * MINUTE, progress(checks=Checks.PASSED)))
    assert again == promotion(
        stage=Stage.CHECKS,
        legs=(Leg("payment", "v1.2.0", "v1.3.0", Stage.CHECKS),),
        checks=Checks.PASSED,
        review=Review.NONE,
        why="it waits to be merged",
        reached={Stage.REQUESTED: START, Stage.OPEN: START, Stage.CHECKS: START + 2 * MINUTE},
    )


def test_one_that_is_opened_again_and_merged_at_once_goes_on() -> None:
    after = run(promotion(), (MINUTE, progress("closed")), (2 * MINUTE, merge()))
    assert after.stage is Stage.MERGED
    assert Stage.CLOSED not in after.reached


# Git, after the merge


@pytest.mark.parametrize(
    ("branch", "why"),
    [
        (move("v1.2.0"), "taken back by ben in #14"),
        (move("v1.1.0", rejects=True), "taken back by ben in #14"),
        (move("v1.4.0", "cid", 15), "superseded by v1.4.0 (cid in #15)"),
        (move("v1.4.0", "cid", None), "superseded by v1.4.0 (cid in dddddddddd)"),
        (Branch("v1.4.0", True), "superseded by v1.4.0"),
        (move(None), "removed from its branch by ben in #14"),
        (Branch(None, True), "removed from its branch"),
    ],
)
@pytest.mark.parametrize("stage", [Stage.MERGED, Stage.SYNCED])
def test_what_came_to_the_branch_since(branch: Branch, why: str, stage: Stage) -> None:
    after = run(merged(stage), (MINUTE, replace(look(), branch={"payment": branch})))
    assert ends(after) == (Stage.SUPERSEDED, why)


def test_a_branch_that_lacks_the_commit_is_given_a_while() -> None:
    seen = Evidence(branch={"payment": Branch("v1.2.0", holds=False)})
    assert run(merged(), (GRACE - SECOND, seen)) == merged()
    after = run(merged(), (GRACE, seen))
    assert ends(after) == (Stage.SUPERSEDED, "its branch does not have the commit, or no longer")


# Clusters


@pytest.mark.parametrize(
    ("saw", "why"),
    [
        (Saw(sync=SyncState.PENDING, why="0 of 3 replicas ready"), "its cluster has not applied it yet"),
        (Saw(engine=engine(), applied=False), "its cluster has not applied it yet"),
        (Saw(engine=engine(busy="Argo CD is syncing it"), applied=True), "Argo CD is syncing it"),
        (Saw(engine=engine(waiting="a sync window"), applied=False), "it waits for a sync window"),
        (Saw(engine=engine(paused="suspended in Flux", waiting="it"), applied=False), "suspended in Flux"),
        (Saw(engine=engine(trouble="the sync failed"), applied=False), "the sync failed"),
        (Saw(desired="v1.2.0"), "its cluster has not applied it yet"),
        (Saw(sync=SyncState.DRIFTED, live="v1.2.0"), "its cluster has not applied it yet"),
        (
            Saw(
                sync=SyncState.DRIFTED,
                differences=(Difference(DEPLOYMENT, Kind.PENDING, "spec", "a", "b", Severity.LOW),),
            ),
            "its cluster has not applied it yet",
        ),
    ],
)
def test_what_the_cluster_does_not_have_yet_is_waited_for(saw: Saw, why: str) -> None:
    after = run(merged(), (MINUTE, look(saw)))
    assert ends(after) == (Stage.MERGED, why)
    late = run(after, (30 * MINUTE, look(saw)))
    assert ends(late) == (Stage.TIMED_OUT, why)


@pytest.mark.parametrize(
    "saw",
    [
        Saw(),
        Saw(engine=engine(), applied=True),
        Saw(engine=engine(), applied=True, sync=SyncState.DRIFTED),
        Saw(engine=engine(), applied=True, desired="v1.3.0", sync=SyncState.PENDING),
        Saw(engine=engine(revision=None)),
        Saw(sync=SyncState.DRIFTED),
        Saw(sync=SyncState.DRIFTED, health=Health.PROGRESSING),
    ],
)
def test_what_the_cluster_has_is_synced(saw: Saw) -> None:
    after = run(merged(), (MINUTE, look(saw)))
    assert (after.stage, after.legs[0].there) == (Stage.SYNCED, START + MINUTE)


def test_an_engine_that_is_switched_off_is_trouble() -> None:
    off = look(Saw(engine=engine(paused="auto-sync is off in Argo CD"), applied=False))
    assert run(merged(), (MINUTE, off)).trouble == "auto-sync is off in Argo CD"
    assert run(merged(), (MINUTE, off), (2 * MINUTE, look())).trouble == ""


def test_healthy_is_what_stays_so() -> None:
    seen = [(second * SECOND, look()) for second in (60, 70, 80, 89)]
    after = run(merged(), *seen)
    assert ends(after) == (Stage.SYNCED, "it is healthy, and must stay so for 30 seconds")
    after = run(after, (90 * SECOND, look()))
    assert ends(after) == (Stage.HEALTHY, "")
    assert (after.reached[Stage.SYNCED], after.reached[Stage.HEALTHY]) == (START + MINUTE, START + 90 * SECOND)


@pytest.mark.parametrize(
    "between",
    [
        Saw(health=Health.PROGRESSING, why="1 of 3 replicas ready"),
        Saw(health=Health.DEGRADED),
        Saw(health=Health.UNKNOWN, why="production can't be reached"),
        Saw(health=Health.MISSING),
        Saw(health=Health.SUSPENDED, why="the rollout is paused"),
        Saw(live="v1.2.0", sync=SyncState.DRIFTED),
        Saw(engine=engine(), applied=False),
    ],
)
def test_a_break_begins_the_time_anew(between: Saw) -> None:
    after = run(merged(), (60 * SECOND, look()), (70 * SECOND, look(between)), (80 * SECOND, look()))
    assert after.legs[0].well == START + 80 * SECOND
    assert run(after, (109 * SECOND, look())).stage is Stage.SYNCED
    assert run(after, (110 * SECOND, look())).stage is Stage.HEALTHY


def test_what_was_in_a_gap_between_looks_nobody_saw() -> None:
    after = run(merged(), (60 * SECOND, look()), (600 * SECOND, look(Saw(since=START + 600 * SECOND))))
    assert (after.stage, after.legs[0].well) == (Stage.SYNCED, START + 600 * SECOND)


@pytest.mark.parametrize("kind", ["CronJob", "Job"])
def test_a_schedule_that_git_suspends_is_well(kind: str) -> None:
    suspended = (Ailment(replace(DEPLOYMENT, kind=kind), Health.SUSPENDED, "the schedule is suspended"),)
    saw = look(Saw(health=Health.SUSPENDED, ailments=suspended))
    assert run(merged(), (60 * SECOND, saw), (90 * SECOND, saw)).stage is Stage.HEALTHY


def test_what_is_missing_is_named_once() -> None:
    missing = (Ailment(DEPLOYMENT, Health.MISSING, f"{DEPLOYMENT} is missing"),)
    after = run(merged(), (MINUTE, look(Saw(health=Health.MISSING, ailments=missing))))
    assert ends(after) == (Stage.SYNCED, "Deployment shop/payment is missing")


def test_degraded_for_a_moment_is_no_failure() -> None:
    bad = look(Saw(health=Health.DEGRADED, ailments=ailing(cause="CrashLoopBackOff")))
    after = run(merged(), (MINUTE, bad), (MINUTE + GRACE - SECOND, bad))
    assert ends(after) == (Stage.SYNCED, "Deployment shop/payment: 2 of 3 replicas ready: CrashLoopBackOff")
    assert run(after, (MINUTE + GRACE, look()), (2 * MINUTE + GRACE, look())).stage is Stage.HEALTHY
    failed = run(after, (MINUTE + GRACE, bad))
    assert ends(failed) == (Stage.FAILED, "Deployment shop/payment: 2 of 3 replicas ready: CrashLoopBackOff")


def test_progressing_between_begins_the_grace_anew() -> None:
    bad, better = look(Saw(health=Health.DEGRADED)), look(Saw(health=Health.PROGRESSING))
    after = run(merged(), (MINUTE, bad), (2 * MINUTE, better), (2 * MINUTE + SECOND, bad), (3 * MINUTE + SECOND, bad))
    assert after.stage is Stage.SYNCED


def test_degraded_before_a_gap_does_not_count() -> None:
    bad = Saw(health=Health.DEGRADED)
    after = run(merged(), (MINUTE, look(bad)), (9 * MINUTE, look(replace(bad, since=START + 9 * MINUTE))))
    assert (after.stage, after.legs[0].ailing) == (Stage.SYNCED, START + 9 * MINUTE)


def test_what_is_degraded_before_the_cluster_has_it_is_the_old_version() -> None:
    bad = look(Saw(health=Health.DEGRADED, engine=engine(), applied=False))
    assert run(merged(), (MINUTE, bad), (9 * MINUTE, bad)).stage is Stage.MERGED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Job", "the job failed: BackoffLimitExceeded"),
        ("Deployment", f"{EXCEEDED}: 1 of 3 replicas updated"),
    ],
)
def test_what_is_given_up_is_a_verdict(kind: str, reason: str) -> None:
    after = run(merged(), (MINUTE, look(Saw(health=Health.DEGRADED, ailments=ailing(kind, reason)))))
    assert ends(after) == (Stage.FAILED, f"{kind} shop/payment: {reason}")
    assert after.reached[Stage.SYNCED] == START + MINUTE


def test_an_engine_that_tries_again_is_given_a_while() -> None:
    bad = look(Saw(engine=engine(engine="flux", trouble="the dry run failed", attempted=MERGE), attempted=True))
    after = run(merged(), (MINUTE, bad), (MINUTE + GRACE - SECOND, bad))
    assert ends(after) == (Stage.MERGED, "the dry run failed")
    assert ends(run(after, (MINUTE + GRACE, bad))) == (Stage.FAILED, "the dry run failed")
    better = look(Saw(engine=engine(engine="flux"), applied=False))
    assert run(after, (MINUTE + GRACE, better), (2 * MINUTE + GRACE, bad)).stage is Stage.MERGED


@pytest.mark.parametrize(
    ("saw", "failed"),
    [
        (Saw(engine=engine(trouble="hook failed"), applied=True), True),
        (Saw(engine=engine(trouble="hook failed", attempted=MERGE), applied=False, attempted=True), True),
        (Saw(engine=engine(trouble="hook failed", attempted=OTHER), applied=False, attempted=False), False),
        (Saw(engine=engine(trouble="hook failed", attempted=MERGE, waiting="a retry"), attempted=True), False),
        (Saw(engine=engine(trouble="hook failed", attempted=MERGE, busy="it syncs"), attempted=True), False),
        (Saw(engine=engine(trouble="hook failed"), applied=False), False),
    ],
)
def test_an_engine_that_gave_up_this_commit_is_a_verdict(saw: Saw, failed: bool) -> None:
    after = run(merged(), (MINUTE, look(saw)))
    assert (after.stage is Stage.FAILED, after.why == "hook failed" or not failed) == (failed, True)


def test_without_a_cluster_nobody_can_tell() -> None:
    saw = Saw(
        cluster=None, health=Health.UNKNOWN, sync=SyncState.UNKNOWN, why="no cluster is configured for production"
    )
    assert ends(run(merged(), (MINUTE, look(saw)))) == (Stage.UNWATCHED, "no cluster is configured for production")


def test_an_outage_says_nothing_new_until_the_time_is_over() -> None:
    away = look(Saw(health=Health.UNKNOWN, sync=SyncState.UNKNOWN, why="production can't be reached"))
    assert run(merged(), (MINUTE, away)) == merged()
    assert ends(run(merged(), (30 * MINUTE, away))) == (Stage.TIMED_OUT, "production can't be reached")
    blind = Evidence(blind="Git can't be reached")
    assert run(merged(), (MINUTE, blind)) == merged()
    assert ends(run(merged(), (30 * MINUTE, blind))) == (Stage.TIMED_OUT, "Git can't be reached")


def test_nothing_times_out_that_nobody_looked_at() -> None:
    assert run(merged(), (60 * MINUTE, Evidence())) == merged()


def test_what_is_healthy_at_last_is_given_its_time() -> None:
    after = run(merged(), (30 * MINUTE - SECOND, look()), (30 * MINUTE + SECOND, look()))
    assert after.stage is Stage.SYNCED
    assert run(after, (31 * MINUTE, look())).stage is Stage.HEALTHY


# Probes


def proof(passed: bool | None, evidence: str = "answered 503") -> Evidence:
    return Evidence(proofs={"payment": (Proof("GET /healthz", passed, evidence, START),)})


WELL = [(MINUTE, look()), (2 * MINUTE, look())]


def test_probes_are_due_once_it_has_been_healthy_for_long() -> None:
    after = run(merged(), WELL[0], asked=PROBED)
    assert course.due(after, PROBED, START + MINUTE) == ()
    after = run(merged(), *WELL, asked=PROBED)
    assert (after.stage, course.due(after, PROBED, START + 2 * MINUTE)) == (Stage.SYNCED, ("payment",))
    assert course.due(after, ASKED, START + 2 * MINUTE) == ()


def test_probes_that_pass_make_it_healthy() -> None:
    after = run(merged(), *WELL, (2 * MINUTE, proof(passed=True)), asked=PROBED)
    assert ends(after) == (Stage.HEALTHY, "")


@pytest.mark.parametrize("passed", [None, False])
def test_probes_that_do_not_pass_are_waited_for(passed: bool | None) -> None:
    after = run(merged(), *WELL, (2 * MINUTE, proof(passed)), asked=PROBED)
    assert ends(after) == (Stage.SYNCED, "GET /healthz: answered 503")
    passes = run(after, (3 * MINUTE, look()), (3 * MINUTE, proof(passed=True)), asked=PROBED)
    assert passes.stage is Stage.HEALTHY


def test_a_probe_that_fails_for_a_while_has_failed_with_its_newest_evidence() -> None:
    after = run(merged(), *WELL, (2 * MINUTE, proof(passed=False)), asked=PROBED)
    still = run(after, (2 * MINUTE + GRACE - SECOND, proof(passed=False, evidence="answered 500")), asked=PROBED)
    assert still == after
    failed = run(still, (2 * MINUTE + GRACE, proof(passed=False, evidence="answered 500")), asked=PROBED)
    assert ends(failed) == (Stage.FAILED, "GET /healthz: answered 500")


def test_a_probe_that_nobody_can_tell_times_out() -> None:
    after = run(merged(), *WELL, (2 * MINUTE, proof(passed=None)), (30 * MINUTE, look()), asked=PROBED)
    assert ends(after) == (Stage.TIMED_OUT, "GET /healthz: answered 503")


def test_what_is_no_longer_healthy_is_probed_anew() -> None:
    after = run(merged(), *WELL, (2 * MINUTE, proof(passed=False)), asked=PROBED)
    after = run(after, (3 * MINUTE, look(Saw(health=Health.PROGRESSING))), asked=PROBED)
    assert after.legs[0].proofs == ()


# Several services


def several(*stages: Stage) -> Promotion:
    legs = tuple(Leg(f"s{number}", "v1", "v1.3.0", stage, "why") for number, stage in enumerate(stages))
    return replace(merged(), legs=legs)


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        ((Stage.SYNCED, Stage.MERGED), Stage.MERGED),
        ((Stage.HEALTHY, Stage.SYNCED), Stage.SYNCED),
        ((Stage.FAILED, Stage.SYNCED), Stage.SYNCED),
        ((Stage.HEALTHY, Stage.HEALTHY), Stage.HEALTHY),
        ((Stage.HEALTHY, Stage.FAILED, Stage.TIMED_OUT), Stage.FAILED),
        ((Stage.SUPERSEDED, Stage.TIMED_OUT), Stage.TIMED_OUT),
        ((Stage.SUPERSEDED, Stage.HEALTHY), Stage.SUPERSEDED),
    ],
)
def test_several_are_as_far_as_the_last_and_end_as_the_worst(stages: tuple[Stage, ...], stage: Stage) -> None:
    assert run(several(*stages), (MINUTE, Evidence())).stage is stage


def test_why_names_the_service_where_there_are_several() -> None:
    assert run(several(Stage.FAILED, Stage.FAILED), (MINUTE, Evidence())).why == "s0: why; s1: why"


# Bad input


ENDED: dict[str, Callable[[], Promotion]] = {
    "healthy": lambda: run(merged(), *WELL),
    "failed": lambda: run(merged(), (MINUTE, look(Saw(health=Health.DEGRADED, ailments=ailing("Job"))))),
    "timed-out": lambda: run(merged(), (30 * MINUTE, Evidence(blind="away"))),
    "superseded": lambda: run(merged(), (MINUTE, Evidence(branch={"payment": move("v1.4.0")}))),
}


@pytest.mark.parametrize("end", ENDED)
@pytest.mark.parametrize(
    "late",
    [progress(), progress("closed"), Evidence(gone=True), merge("v9"), look(), look(Saw(health=Health.DEGRADED))],
)
def test_an_end_after_the_merge_stays(end: str, late: Evidence) -> None:
    ended = ENDED[end]()
    assert ended.stage.value == end
    assert run(ended, (60 * MINUTE, late)) == ended


@pytest.mark.parametrize("late", [progress(), progress("closed"), Evidence(gone=True), merge("v9", OTHER)])
def test_what_the_forge_said_before_the_merge_comes_too_late(late: Evidence) -> None:
    assert run(merged(), (MINUTE, late)) == merged()


def test_a_clock_that_was_set_back_counts_from_then() -> None:
    after = run(
        merged(),
        (60 * MINUTE, replace(look(), blind="")),
        (-60 * MINUTE, look()),
        asked=replace(ASKED, timeout=timedelta(days=1)),
    )
    assert after.legs[0].well == START - 60 * MINUTE
