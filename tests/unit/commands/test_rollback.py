"""The way back: whatever happened before, it never leads to what was left for a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workbench import Bench, path, pod

from bot.errors import Refusal
from bot.model.change import Proposal, Reversal, Withdrawal
from bot.model.reply import Outcome, Reply

AT_ONCE = "This is committed at once, without a pull request. Go on?"
OURS = "Promote payment\n\nQuarterdeck-Change: 1\nRequested-by: ana"
VERSIONS = ("v1.0.0", "v2.0.0", "v3.0.0", "v4.0.0")


def back(bench: Bench, text: str = "rollback payment in staging") -> Reversal:
    planned = bench.plan(text)
    assert isinstance(planned, Reversal), planned
    return planned


def reverted(planned: Reversal) -> tuple[str, ...]:
    """The commits that the drafts say they revert; none where only the version is set back."""
    return tuple(sha for draft in planned.drafts for sha in re.findall(r"This reverts commit (\w+)\.", draft.message))


def by_hand(version: str, sha: str) -> str:
    return f"{version} in staging was set by Ana ({sha[:10]}), not by me."


def put(bench: Bench, *versions: str) -> list[str]:
    return [bench.put("staging", version) for version in versions]


def test_a_rollback_reverts_the_commit_that_moved_it_last() -> None:
    bench = Bench()
    (sha,) = put(bench, "v2.0.0")
    planned = back(bench)
    assert (planned.steps[0].from_version, planned.steps[0].to_version) == ("v2.0.0", "v1.0.0")
    (draft,) = planned.drafts
    assert draft.message.startswith(f'Revert "Set payment to v2.0.0"\n\nThis reverts commit {sha}.\n\nQuarterdeck-')
    assert planned.notes == ()
    assert planned.confirm == f"{by_hand('v2.0.0', sha)} {AT_ONCE}"


def test_by_pull_request_a_first_rollback_needs_no_yes() -> None:
    bench = Bench()
    bench.put("production", "v2.0.0", message=OURS)
    planned = back(bench, "rollback payment in prod")
    assert planned.confirm is None


@pytest.mark.parametrize("to", ["", " to v1.0.0"])
def test_from_a_version_that_stands_it_goes_back(to: str) -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    planned = back(bench, f"rollback payment in staging from v2.0.0{to}")
    assert (planned.steps[0].from_version, planned.steps[0].to_version) == ("v2.0.0", "v1.0.0")


@pytest.mark.parametrize("to", ["", " to v1.0.0"])
def test_from_a_version_that_was_left_nothing_goes_back(to: str) -> None:
    bench = Bench()
    put(bench, "v2.0.0", "v3.0.0")
    with pytest.raises(Refusal) as refused:
        bench.plan(f"rollback payment in staging from v2.0.0{to}")
    assert str(refused.value) == "payment in staging is at v3.0.0 by now and not v2.0.0, so nothing was rolled back."


def test_twice_goes_further_back_and_says_so() -> None:
    bench = Bench()
    shas = put(bench, "v2.0.0", "v3.0.0")
    bench.say("rollback payment in staging", yes=True)
    assert bench.version("staging") == "v2.0.0"
    planned = back(bench)
    assert (planned.steps[0].to_version, reverted(planned)) == ("v1.0.0", (shas[0],))
    rollback = bench.git.newest[:10]
    assert planned.confirm == (
        f"It was rolled back before, since {rollback} by ana, 23 hours ago; this goes further back. {AT_ONCE}"
    )


def test_at_the_bottom_there_is_nothing_further_back() -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    bench.say("rollback payment in staging", yes=True)
    reply = bench.plan("rollback payment in staging")
    assert isinstance(reply, Reply)
    assert reply.outcome is Outcome.UNCHANGED
    assert reply.text.startswith("payment in staging is already rolled back from v2.0.0 to v1.0.0 (since ")
    assert reply.text.endswith("), and nothing earlier is known.")


@pytest.mark.parametrize("text", ["rollback payment in staging", "rollback payment in prod"])
def test_what_was_never_moved_has_no_way_back(text: str) -> None:
    with pytest.raises(Refusal, match="was never promoted, so there is no version to go back to; it is v1"):
        Bench().plan(text)


def test_a_promotion_after_a_rollback_is_what_is_rolled_back() -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    bench.say("rollback payment in staging", yes=True)
    (sha,) = put(bench, "v3.0.0")
    planned = back(bench)
    assert (planned.steps[0].to_version, planned.confirm) == ("v1.0.0", f"{by_hand('v3.0.0', sha)} {AT_ONCE}")


def test_a_step_back_by_hand_counts_as_a_rollback() -> None:
    bench = Bench()
    put(bench, "v2.0.0", "v3.0.0", "v2.0.0")
    assert back(bench).steps[0].to_version == "v1.0.0"


def test_to_a_version_reverts_all_that_came_after_it() -> None:
    bench = Bench()
    shas = put(bench, "v2.0.0", "v3.0.0", "v4.0.0")
    planned = back(bench, "rollback payment in staging to v2.0.0")
    assert (planned.steps[0].to_version, reverted(planned)) == ("v2.0.0", (shas[2], shas[1]))
    assert len(planned.drafts) == 2
    bench.say("rollback payment in staging to v2.0.0", yes=True)
    assert bench.version("staging") == "v2.0.0"


def test_to_a_version_that_was_left_is_possible_if_asked_for_by_name() -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    bench.say("rollback payment in staging", yes=True)
    planned = back(bench, "rollback payment in staging to v2.0.0")
    assert (planned.steps[0].from_version, planned.steps[0].to_version) == ("v1.0.0", "v2.0.0")
    rollback = bench.git.newest[:10]
    assert planned.confirm == f"v2.0.0 was left for v1.0.0, since {rollback} by ana, 23 hours ago. {AT_ONCE}"


def test_a_version_that_ran_may_be_named_by_its_tag_alone() -> None:
    bench = Bench()
    pinned = f"v2.0.0@sha256:{'a' * 64}"
    put(bench, pinned, "v3.0.0")
    assert back(bench, "rollback payment in staging to v2.0.0").steps[0].to_version == pinned


def test_to_the_present_version_is_no_change() -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    assert bench.plan("rollback payment in staging to v2.0.0") == Reply(
        Outcome.UNCHANGED, "payment in staging is already v2.0.0."
    )


def test_to_a_version_that_never_ran_names_those_that_did() -> None:
    bench = Bench()
    put(bench, "v2.0.0", "v3.0.0")
    with pytest.raises(Refusal) as refused:
        bench.plan("rollback payment in staging to v9.0.0")
    assert str(refused.value) == (
        "v9.0.0 never ran in staging, so payment can't go back to it. Known there: v3.0.0, v2.0.0, v1.0.0. "
        "To go to it anyway, say: promote payment v9.0.0 to staging"
    )


def test_what_a_revert_would_conflict_with_only_the_version_is_set_back() -> None:
    bench = Bench()
    put(bench, "v2.0.0")
    bench.git.write({path("staging"): pod("v2.0.0").replace("shop", "store")})
    planned = back(bench)
    assert reverted(planned) == ()
    assert planned.notes[-1] == "Later changes stand in the way of a git revert, so only the version is set back."
    (edit,) = planned.edits
    assert edit.after == pod("v1.0.0").replace("shop", "store").encode()


def test_a_commit_that_moved_more_than_the_version_is_reverted_whole_within_its_own_folders() -> None:
    bench = Bench()
    bench.git.write(
        {
            path("staging"): pod("v2.0.0"),
            "staging/payment/more.yaml": "a: 1\n",
            "staging/api/pod.yaml": pod("v5", "api"),
        }
    )
    assert {edit.path: edit.after for edit in back(bench).edits} == {
        path("staging"): pod("v1.0.0").encode(),
        "staging/payment/more.yaml": None,
    }


@pytest.mark.parametrize("said", ["rollback payment in staging", "promote payment v3.0.0 to staging"])
def test_row_145_where_an_automation_keeps_the_version_it_is_said(said: str) -> None:
    marked = '{} # {{"$imagepolicy": "flux-system:payment"}}'
    bench = Bench(files={path("staging"): pod(marked.format("v1.0.0"))})
    bench.git.write({path("staging"): pod(marked.format("v2.0.0"))})
    planned = bench.plan(said)
    assert isinstance(planned, Proposal)
    assert any("flux-system:payment" in note and "suspend" in note for note in planned.notes), planned.notes


def test_row_139_the_last_promotion_is_what_moved_it_not_what_touched_it_last() -> None:
    bench = Bench()
    (sha,) = put(bench, "v2.0.0")
    bench.git.write({"staging/payment/more.yaml": "a: 1\n"}, "Add something")
    assert reverted(back(bench)) == (sha,)


def test_row_144_a_promotion_that_is_open_still_is_withdrawn() -> None:
    bench = Bench()
    bench.say("promote payment v2.0.0 to prod")
    planned = bench.plan("rollback payment in prod")
    assert isinstance(planned, Withdrawal)
    assert (planned.pull.number, planned.confirm, [str(target) for target in planned.targets]) == (
        1,
        None,
        ["payment in production"],
    )
    assert planned.comment == (
        "payment in production is to be rolled back, and this was not merged yet. Asked for by @ana."
    )
    assert bench.say("rollback payment in prod").outcome is Outcome.WITHDRAWN
    assert bench.forge.open_pulls == []
    with pytest.raises(Refusal, match="was never promoted"):
        bench.plan("rollback payment in prod")


def test_row_144_to_a_version_named_it_is_no_withdrawal() -> None:
    bench = Bench()
    bench.put("production", "v1.5.0", message=OURS)
    bench.say("promote payment v2.0.0 to prod")
    assert isinstance(bench.plan("rollback payment in prod to v1.0.0"), Reversal)


def test_row_144_another_services_promotion_stands_in_no_way() -> None:
    bench = Bench(files={path("production", name): pod("v1.0.0", name) for name in ("api", "payment")})
    bench.put("production", "v1.5.0", message=OURS)
    bench.say("promote api v2.0.0 to prod")
    assert isinstance(bench.plan("rollback payment in prod"), Reversal)


def test_without_an_environment_the_latest_move_is_meant() -> None:
    bench = Bench()
    bench.put("production", "v2.0.0")
    assert back(bench, "rollback payment").steps[0].target.environment == "production"
    bench.put("staging", "v2.0.0")
    assert back(bench, "rollback payment").steps[0].target.environment == "staging"


def test_the_arrival_of_a_service_is_no_move() -> None:
    bench = Bench(files={path("production"): pod("v1.0.0")})
    bench.put("production", "v2.0.0")
    bench.put("staging", "v2.0.0")
    assert back(bench, "rollback payment").steps[0].target.environment == "production"


def test_where_nothing_ever_moved_the_environments_are_named() -> None:
    with pytest.raises(Refusal) as refused:
        Bench().plan("rollback payment")
    assert str(refused.value) == (
        "payment was never moved in any environment (staging, production), so there is nothing to roll back."
    )


ROLLBACK = "rollback"
steps = st.lists(st.one_of(st.just(ROLLBACK), st.sampled_from(VERSIONS)), max_size=10)


@given(steps)
def test_rollbacks_in_a_row_never_return_to_what_was_left_and_come_to_an_end(history: list[str]) -> None:
    bench = Bench()
    for step in history:
        bench.say("rollback payment in staging", yes=True) if step == ROLLBACK else bench.put("staging", step)
    left: set[str] = set()
    while True:
        now = bench.version("staging")
        assert now not in left, f"{history} led back to {now}, which was left"
        left.add(now)
        try:
            planned = bench.plan("rollback payment in staging")
        except Refusal:
            break
        if isinstance(planned, Reply):
            break
        assert isinstance(planned, Reversal)
        assert reverted(planned), "nothing but the version was ever changed, so each revert fits"
        bench.say("rollback payment in staging", yes=True)
        assert bench.version("staging") == planned.steps[0].to_version


@given(steps, st.sampled_from(VERSIONS))
def test_to_a_version_leads_there_or_says_why_not(history: list[str], version: str) -> None:
    bench = Bench()
    for step in history:
        bench.say("rollback payment in staging", yes=True) if step == ROLLBACK else bench.put("staging", step)
    before = bench.version("staging")
    reply = bench.say(f"rollback payment in staging to {version}", yes=True)
    ran = version == "v1.0.0" or version in history
    expected = Outcome.UNCHANGED if version == before else Outcome.COMMITTED if ran else Outcome.REFUSED
    assert reply.outcome is expected, reply.text
    assert bench.version("staging") == (version if ran else before)
