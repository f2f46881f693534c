"""Changes are made once, whatever others do meanwhile."""

from dataclasses import replace
from threading import Thread

import pytest
from memory import ME, Forge, Git, pull

from bot import branches, perform, pins
from bot.errors import Protected, Refusal, Unavailable
from bot.model.catalog import Delivery, Merge, Target
from bot.model.change import (
    Adopted,
    Amendment,
    Committed,
    Contested,
    Draft,
    Edit,
    Failed,
    Muting,
    Opened,
    Proposal,
    Step,
    SyncRequest,
    Unchanged,
)
from bot.model.promotion import Report
from bot.model.pull import PullRequest
from bot.model.sync import Deployed, ObjectRef
from bot.perform import Performer

FILE = "staging/payment/pod.yaml"
TARGET = Target("payment", "staging", "config", ("staging/payment",))
BRANCH = "quarterdeck/promote/staging/payment/v2"


def pod(version: str, name: str = "payment") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        f"spec:\n  containers:\n  - name: payment\n    image: acme/payment:{version}\n"
    )


@pytest.fixture
def git() -> Git:
    return Git({FILE: pod("v1")})


def plan(git: Git, to: str = "v2", delivery: Delivery = Delivery.PUSH) -> Proposal:
    tree = git.head("config")
    edits = pins.plan(tree, TARGET, to).edits
    return Proposal(
        verb="promote",
        steps=(Step(TARGET, pins.current(tree, TARGET), to),),
        delivery=delivery,
        base=tree.commit,
        drafts=(Draft(f"Promote\n\nQuarterdeck-To: {to}\nQuarterdeck-Change: 1", edits),),
        branch=BRANCH,
        title="Promote payment",
        body="Because.",
        labels=("quarterdeck", "env/staging"),
        reviewers=("ben", "acme/sre"),
    )


class Bench:
    """A performer whose pauses are noted instead of waited."""

    def __init__(self, git: Git, forge: Forge | None = None) -> None:
        self.pauses: list[float] = []
        self.performer = Performer(git, forge, lambda: git, self.pauses.append)


def never() -> Proposal:
    raise AssertionError("there was no reason to plan again")


def test_a_push_is_a_commit_on_the_branch(git: Git) -> None:
    proposal = plan(git)
    bench = Bench(git)
    assert bench.performer.perform(proposal, never) == Committed(git.newest)
    assert git.head("config").content == {FILE: pod("v2").encode()}
    assert git.commits[git.newest].parents == (proposal.base,)
    assert bench.pauses == []


def test_nothing_to_change_is_nothing_done(git: Git) -> None:
    proposal = plan(git, "v1")
    assert Bench(git).performer.perform(proposal, never) == Unchanged("payment in staging is already v1.")
    assert git.pushes == 0


def test_a_lost_race_is_planned_again_on_the_new_base(git: Git) -> None:
    git.races = [lambda: git.write({"README.md": "1"}), lambda: git.write({FILE: pod("v1", name="pay")})]
    bench = Bench(git)
    assert bench.performer.perform(plan(git), lambda: plan(git)) == Committed(git.newest)
    assert git.head("config").content == {FILE: pod("v2", name="pay").encode(), "README.md": b"1"}
    assert [git.commits[git.newest].author, git.pushes] == [ME, 3]
    assert len(bench.pauses) == 2
    assert all(0.1 <= pause <= 0.3 for pause in bench.pauses)


def test_a_version_that_someone_else_changed_meanwhile_is_theirs(git: Git) -> None:
    git.races = [lambda: git.write({FILE: pod("v1.5")})]
    assert Bench(git).performer.perform(plan(git), lambda: plan(git)) == Failed(
        "payment in staging was changed from v1 to v1.5 by someone else meanwhile, so nothing was done. "
        "Look at it with status, then say it again."
    )
    assert git.head("config").content == {FILE: pod("v1.5").encode()}


def test_a_plan_that_would_now_go_elsewhere_is_not_carried_out(git: Git) -> None:
    """Whoever asked, or confirmed, saw another version."""
    git.races = [lambda: git.write({"README.md": "1"})]
    assert Bench(git).performer.perform(plan(git), lambda: plan(git, "v3")) == Failed(
        "payment in staging would go to v3 by now and not to v2, so nothing was done. "
        "Look at it with status, then say it again."
    )
    assert git.head("config").content[FILE] == pod("v1").encode()


def test_a_plan_that_now_means_another_environment_is_not_carried_out(git: Git) -> None:
    """There, nobody judged whether this person may."""
    git.races = [lambda: git.write({"README.md": "1"})]
    elsewhere = replace(plan(git), steps=(Step(replace(TARGET, environment="production"), "v1", "v2"),))
    assert Bench(git).performer.perform(plan(git), lambda: elsewhere) == Failed(
        "That would change payment in production by now and not payment in staging, so nothing was done. "
        "Look at it with status, then say it again."
    )
    assert git.head("config").content[FILE] == pod("v1").encode()


def test_what_another_did_meanwhile_needs_no_doing(git: Git) -> None:
    git.races = [lambda: git.write({FILE: pod("v2")})]
    done = Unchanged("payment in staging is already v2.")
    assert Bench(git).performer.perform(plan(git), lambda: done) == done


def test_row_117_a_protected_branch_gets_a_pull_request_instead_and_says_so(git: Git) -> None:
    def declines() -> None:
        raise Protected("main is protected.")

    git.races = [declines]
    opened = Bench(git, Forge()).performer.perform(plan(git), never)
    assert opened == Opened(pull(BRANCH, title="Promote payment", body="Because."), why="main is protected.")
    assert git.head("config").content == {FILE: pod("v1").encode()}
    git.races = [declines]
    with pytest.raises(Protected):
        Bench(git).performer.perform(plan(git), never)


def test_a_branch_that_never_rests_ends_in_a_sentence(git: Git) -> None:
    git.races = [lambda: git.write({"README.md": str(git.pushes)})] * perform.TRIES
    bench = Bench(git)
    assert bench.performer.perform(plan(git), lambda: plan(git)) == Failed(
        "The branch of config moved 10 times while this was pushed; nothing was done. Try again in a minute."
    )
    assert len(bench.pauses) == git.pushes == perform.TRIES
    assert sum(bench.pauses) < 60, "a person waits for this"


def test_a_refusal_while_planning_again_passes_through(git: Git) -> None:
    git.races = [lambda: git.write({FILE: None})]
    with pytest.raises(Refusal, match="has no folder staging/payment"):
        Bench(git).performer.perform(plan(git), lambda: plan(git))


def test_row_130_a_push_without_its_pull_request_gets_it_the_next_time(git: Git) -> None:
    forge = Forge(rejected=("open",))
    bench = Bench(git, forge)
    proposal = plan(git, delivery=Delivery.PULL_REQUEST)
    with pytest.raises(Unavailable):
        bench.performer.perform(proposal, never)
    pushed = git.branches[BRANCH]
    forge.rejected = ()
    assert isinstance(bench.performer.perform(proposal, never), Opened)
    assert git.trees[git.branches[BRANCH]].content == git.trees[pushed].content


def test_a_pull_request_is_opened_once(git: Git) -> None:
    forge = Forge()
    bench = Bench(git, forge)
    proposal = plan(git, delivery=Delivery.PULL_REQUEST)
    opened = bench.performer.perform(proposal, never)
    assert opened == Opened(pull(BRANCH, title="Promote payment", body="Because."))
    assert git.trees[git.branches[BRANCH]].content == {FILE: pod("v2").encode()}
    assert git.head("config").content == {FILE: pod("v1").encode()}
    asked_by_another = replace(proposal, drafts=(replace(proposal.drafts[0], message="Promote\n\nRequested-by: ben"),))
    again = bench.performer.perform(asked_by_another, never)
    assert again == Adopted(replace(forge.open_pulls[0], head=git.branches[BRANCH])), "it merges at the head it has"
    assert forge.asked == [f"open {BRANCH}"]


def test_a_promotion_never_takes_the_place_of_a_rollback(git: Git) -> None:
    other = pull("quarterdeck/rollback/staging/payment/v0", number=3)
    bench = Bench(git, Forge([other]))
    assert bench.performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never) == Contested(TARGET, other)
    assert BRANCH not in git.branches


def test_of_two_asked_at_once_the_second_takes_the_place_of_the_first(git: Git) -> None:
    first = plan(git, delivery=Delivery.PULL_REQUEST)
    second = replace(first, steps=(Step(TARGET, "v1", "v3"),), branch="quarterdeck/promote/staging/payment/v3")
    came_of: list[object] = []

    class Slow(Forge):
        def open(self, repository: str, *, title: str, body: str, branch: str, draft: bool = False) -> PullRequest:
            if branch == BRANCH:
                other.start()
                other.join(0.2)  # it must not get ahead, however long this takes
            return super().open(repository, title=title, body=body, branch=branch, draft=draft)

    forge = Slow(heads=git.branches.__getitem__)
    bench = Bench(git, forge)
    other = Thread(target=lambda: came_of.append(bench.performer.perform(second, never)))
    opened = bench.performer.perform(first, never)
    other.join()
    assert isinstance(opened, Opened)
    assert came_of == [Opened(forge.open_pulls[0], (opened.pull,))]


def test_of_two_opened_by_two_processes_at_once_the_later_takes_the_place_of_the_other(git: Git) -> None:
    other = "quarterdeck/promote/staging/payment/v3"
    git.branches[other] = git.commit("config", git.newest, plan(git, "v3").drafts)

    class Beaten(Forge):
        def open(self, repository: str, *, title: str, body: str, branch: str, draft: bool = False) -> PullRequest:
            super().open(repository, title="Promote payment", body="", branch=other)
            return super().open(repository, title=title, body=body, branch=branch, draft=draft)

    forge = Beaten(heads=git.branches.__getitem__)
    opened = Bench(git, forge).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)
    assert isinstance(opened, Opened)
    assert [pull.branch for pull in opened.superseded] == [other]
    assert forge.open_pulls == [opened.pull]


@pytest.mark.parametrize(
    ("parents", "replaced"), [(1, False), (2, True)], ids=["a commit of theirs", "a merge of the base into it"]
)
def test_what_others_added_to_a_pull_request_is_not_lost_to_a_later_one(git: Git, parents: int, replaced: bool) -> None:
    ours = git.commit("config", git.newest, plan(git).drafts)
    theirs = git._made(ours, {"README": b"x"}, "Look here first", "Eve")
    git.commits[theirs] = replace(git.commits[theirs], parents=(ours, git.newest)[:parents])
    other = pull("quarterdeck/promote/staging/payment/v3", number=3, head=theirs)
    git.branches[other.branch] = theirs
    forge = Forge([other])
    result = Bench(git, forge).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)
    if replaced:
        assert isinstance(result, Opened)
        assert result.superseded == (other,)
    else:
        assert result == Contested(TARGET, other)
        assert forge.open_pulls == [other]


def test_a_plan_that_would_now_move_more_is_not_carried_out(git: Git) -> None:
    other = replace(TARGET, environment="production")
    git.races = [lambda: git.write({"README": "x"})]
    result = Bench(git).performer.perform(plan(git), lambda: replace(plan(git), also=(other,)))
    assert result == Failed(
        "That would move payment in production as well by now, so nothing was done. "
        "Look at it with status, then say it again."
    )


@pytest.mark.parametrize(
    "other",
    [
        pull("quarterdeck/promote/production/payment/v2", number=3),
        pull("quarterdeck/promote/staging/pay/v2", number=3),
        pull("quarterdeck/promote/staging/payment/v3", number=3, ours=False),
        pull(BRANCH, number=3, ours=False),
    ],
)
def test_other_targets_and_other_peoples_pull_requests_do_not(git: Git, other: object) -> None:
    result = Bench(git, Forge([other])).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)  # type: ignore[list-item]  # a pull
    assert isinstance(result, Opened)


def test_a_branch_with_someone_elses_commits_is_left_alone(git: Git) -> None:
    theirs = git.write({FILE: pod("v666")}, author="eve")
    git.branches[BRANCH] = theirs
    forge = Forge()
    with pytest.raises(Refusal, match="holds commits of eve"):
        Bench(git, forge).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)
    assert git.branches[BRANCH] == theirs
    assert forge.asked == []


def test_without_a_forge_a_pull_request_is_refused_and_a_push_is_not(git: Git) -> None:
    with pytest.raises(Refusal) as refused:
        Bench(git).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)
    assert str(refused.value) == (
        "staging changes by pull request, and no forge is configured: set GITHUB_APP_ID or GITHUB_TOKEN, "
        "or change: push under environments.staging."
    )
    assert list(git.branches) == ["main"]


def test_a_forge_that_is_away_passes_through(git: Git) -> None:
    with pytest.raises(Unavailable, match="GitHub is away"):
        Bench(git, Forge(rejected=("open",))).performer.perform(plan(git, delivery=Delivery.PULL_REQUEST), never)


def following(git: Git, forge: Forge, author: str = "quarterdeck-bot", **more: object) -> tuple[str, ...]:
    """What follows the opening of a pull request that says what it should."""
    opened = replace(pull(BRANCH, title="Promote payment", body="Because."), author=author)
    return Bench(git, forge).performer.follow_up(replace(plan(git), **more), opened)  # type: ignore[arg-type] # its own


def test_labels_and_each_reviewer_are_asked_for(git: Git) -> None:
    forge = Forge()
    assert following(git, forge) == ()
    assert forge.asked == ["label quarterdeck env/staging", "review ben", "review acme/sre"]


def test_row_119_one_that_fails_is_a_warning_and_hides_no_other(git: Git) -> None:
    forge = Forge(rejected=("edit", "label", "assign", "review ben", "merge"))
    assert following(git, forge, body="Because of more.", assignees=("ana",), merge=Merge.WHEN_READY) == (
        "Pull request #1 is open, but without its whole text: GitHub is away.",
        "Pull request #1 is open, but without labels: GitHub is away.",
        "Pull request #1 is open, but without ana as assignee: GitHub is away.",
        "Pull request #1 is open, but without review by ben: GitHub is away.",
        "Pull request #1 does not merge by itself: GitHub is away.",
    )
    assert forge.asked == ["review acme/sre"]


def test_row_119_its_author_is_not_asked_to_review_it(git: Git) -> None:
    forge = Forge()
    assert following(git, forge, author="Ben") == ()
    assert forge.asked == ["label quarterdeck env/staging", "review acme/sre"]


def test_row_118_the_text_comes_first_and_the_merge_last(git: Git) -> None:
    forge = Forge()
    assert following(git, forge, title="Promote it", assignees=("ana",), merge=Merge.WHEN_READY) == ()
    labels, reviews = ["label quarterdeck env/staging"], ["review ben", "review acme/sre"]
    assert forge.asked == ["edit 1", *labels, "assign ana", *reviews, "merge 1"]


def test_row_118_what_is_merged_at_once_is_said(git: Git) -> None:
    class Ready(Forge):
        def merge_when_ready(self, repository: str, number: int, *, head: str) -> str | None:
            super().merge_when_ready(repository, number, head=head)
            return "b" * 40

    assert following(git, Ready(), merge=Merge.WHEN_READY) == ("Pull request #1 is merged, in commit bbbbbbbbbb.",)


def test_without_a_forge_nothing_follows(git: Git) -> None:
    assert Bench(git).performer.follow_up(replace(plan(git), labels=()), pull(BRANCH)) == ()


def test_edits_of_one_plan_are_its_drafts_edits_in_turn() -> None:
    one, two = Edit("a", None, b"1"), Edit("a", b"1", b"2")
    both = replace(plan(Git({FILE: pod("v1")})), drafts=(Draft("m", (one,)), Draft("n", (two,))))
    assert both.edits == (one, two)


def amendment(git: Git, content: str, verb: str = "drift adopt") -> Amendment:
    tree = git.head("config")
    edit = Edit(FILE, tree.read(FILE), content.encode())
    return Amendment(
        verb=verb,
        target=TARGET,
        summary="1 live value written into Git",
        findings=(),
        delivery=Delivery.PULL_REQUEST,
        base=tree.commit,
        drafts=(Draft("Adopt it\n\nQuarterdeck-Change: 1\n", (edit,)),),
        branch=branches.amendment(verb, TARGET, content),
        title="Adopt it",
    )


def test_an_amendment_takes_the_place_of_none_but_its_like(git: Git) -> None:
    forge = Forge(heads=git.branches.__getitem__)
    bench = Bench(git, forge)
    first = amendment(git, "a: 1\n")
    assert isinstance(bench.performer.perform(first, never), Opened)
    assert bench.performer.perform(first, never) == Adopted(forge.open_pulls[0])
    others = [amendment(git, "a: 1\n", "drift ignore"), plan(git, delivery=Delivery.PULL_REQUEST)]
    for other in others:
        opened = bench.performer.perform(other, never)
        assert isinstance(opened, Opened)
        assert opened.superseded == ()
    later = bench.performer.perform(amendment(git, "a: 2\n"), never)
    assert isinstance(later, Opened)
    assert [pull.number for pull in later.superseded] == [1]
    assert [pull.number for pull in forge.open_pulls] == [2, 3, 4]


def test_an_amendment_that_holds_the_commits_of_others_stays(git: Git) -> None:
    forge = Forge(heads=git.branches.__getitem__)
    bench = Bench(git, forge)
    first = amendment(git, "a: 1\n")
    bench.performer.perform(first, never)
    theirs = git.commit("config", git.branches[first.branch], (Draft("More\n", (Edit("x", None, b"y"),)),))
    forge.open_pulls = [replace(forge.open_pulls[0], head=theirs)]
    assert bench.performer.perform(amendment(git, "a: 2\n"), never) == Contested(TARGET, forge.open_pulls[0])


def test_what_is_missing_for_an_errand_is_said(git: Git) -> None:
    bench = Bench(git)
    deployed = Deployed("flux", "c", ObjectRef("v1", "K", "n", "x"), "f")
    muting = Muting(verb="drift unmute", target=TARGET, mute=None, would="", text="")
    request = SyncRequest(verb="drift sync", target=TARGET, deployed=deployed, would="", text="")
    for errand, why in ((muting, "Nothing remembers mutes here"), (request, "No engine can be asked to sync")):
        with pytest.raises(Refusal, match=why):
            bench.performer.run(errand)
    with pytest.raises(Refusal, match="drift adopt opens a pull request, and no forge is configured"):
        bench.performer.perform(amendment(git, "a: 1\n"), never)


def test_a_deployment_is_told_where_there_is_a_forge(git: Git) -> None:
    forge, report = Forge(), Report("config", "a" * 40, "staging", "success", "payment is healthy at v2")
    Performer(git, forge, lambda: git).report(report)
    assert forge.told == [report]
    Performer(git, None, lambda: git).report(report)
    with pytest.raises(Unavailable):
        Performer(git, Forge(rejected=("report",)), lambda: git).report(report)
