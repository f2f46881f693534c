"""Promotions found again after the store was lost: what they move is read from files, who asked is a hint."""

from dataclasses import replace
from datetime import timedelta

import pytest
from memory import NOW, Promotions
from workbench import ANA, RULES, Bench, path, pod

from bot.errors import Refusal
from bot.model.promotion import Leg, Promotion, Stage
from bot.model.request import Actor
from bot.promotions.found import Found


@pytest.fixture
def bench() -> Bench:
    return Bench(
        files={path(place, name): pod("v1.0.0", name) for place in ("staging", "production") for name in ("api", "web")}
    )


def lost(bench: Bench) -> Found:
    """What looks for promotions of a bot whose store is gone."""
    bench.promotions = Promotions()
    return Found(bench.catalog, lambda: bench.git, bench.promotions, RULES.people)


def release(bench: Bench) -> None:
    for name in ("api", "web"):
        bench.put("staging", "v1.1.0", name)
        bench.runs("staging", "v1.1.0", name)
    bench.say("promote api, web from staging to prod")


def test_an_open_pull_request_is_the_promotion_that_it_was(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    (pull,) = bench.forge.open_pulls
    was = bench.promotions.kept["config", "#1"]
    assert lost(bench).proposed("config", replace(pull, opened=NOW)) == replace(
        was, version=0, by=Actor(ANA.id, "ana", "ana"), title=pull.title
    )


def test_a_release_is_all_its_services(bench: Bench) -> None:
    release(bench)
    found = lost(bench).proposed("config", bench.forge.open_pulls[0])
    assert found
    assert found.legs == (
        Leg("api", "v1.0.0", "v1.1.0", Stage.OPEN),
        Leg("web", "v1.0.0", "v1.1.0", Stage.OPEN),
    )


def test_the_versions_are_those_of_the_files_whatever_the_branch_is_called(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    (pull,) = bench.forge.open_pulls
    bench.git.commits[pull.head].trailers["Quarterdeck-To"] = "v6.6.6"
    found = lost(bench).proposed("config", replace(pull, branch=pull.branch.replace("v1.1.0", "v9.9.9")))
    assert found
    assert found.legs == (Leg("api", "v1.0.0", "v1.1.0", Stage.OPEN),)


def test_who_is_not_in_the_config_is_named_and_cannot_be_called(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    (pull,) = bench.forge.open_pulls
    bench.git.commits[pull.head].trailers["Requested-by"] = "eve"
    found = lost(bench).proposed("config", pull)
    assert found
    assert found.by == Actor("", "eve")


def test_a_rollback_is_one(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    bench.git.branches["main"] = bench.forge.open_pulls[0].head
    bench.forge.open_pulls.clear()
    bench.say("rollback api in prod")
    found = lost(bench).proposed("config", bench.forge.open_pulls[0])
    assert found
    assert (found.verb, found.legs) == ("rollback", (Leg("api", "v1.1.0", "v1.0.0", Stage.OPEN),))


@pytest.mark.parametrize(
    "changes",
    [
        {"ours": False},
        {"branch": "feature/api"},
        {"branch": "quarterdeck/promote/elsewhere/api/v1.1.0"},
        {"branch": "quarterdeck/adopt/production/api/12345678"},
    ],
)
def test_what_is_no_promotion_of_ours_is_left_alone(bench: Bench, changes: dict[str, object]) -> None:
    bench.say("promote api v1.1.0 to prod")
    pull = replace(bench.forge.open_pulls[0], **changes)  # type: ignore[arg-type]  # as parametrized
    assert lost(bench).proposed("config", pull) is None


def test_one_that_moves_nothing_any_more_is_left_alone(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    (pull,) = bench.forge.open_pulls
    bench.git.branches["main"] = pull.head
    assert lost(bench).proposed("config", pull) is None


def test_one_whose_head_cannot_be_read_is_refused(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    bench.git.trees.pop(bench.forge.open_pulls[0].head)
    with pytest.raises(Refusal):
        lost(bench).proposed("config", bench.forge.open_pulls[0])


def pushed(
    bench: Bench, later: timedelta = timedelta(minutes=5), known: Promotions | None = None
) -> tuple[Promotion, ...]:
    """What is found so long after the last commit."""
    search = lost(bench) if known is None else replace(lost(bench), promotions=known)
    return search.pushed("config", bench.git.commits[bench.git.newest].at + later)


def test_what_was_pushed_lately_is_found_again(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to staging")
    (found,) = pushed(bench)
    assert (found.key, found.commit, found.stage, found.pull) == (
        bench.git.newest,
        bench.git.newest,
        Stage.MERGED,
        None,
    )
    assert (found.environment, found.verb, found.by.id) == ("staging", "promote", ANA.id)
    assert found.legs == (Leg("api", "v1.0.0", "v1.1.0", Stage.MERGED),)


def test_a_pushed_rollback_is_one(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to staging")
    bench.press(bench.say("rollback api in staging"))
    first, second = pushed(bench)
    assert [each.verb for each in (first, second)] == ["promote", "rollback"]
    assert second.legs == (Leg("api", "v1.1.0", "v1.0.0", Stage.MERGED),)


def test_what_was_pushed_long_ago_or_by_others_or_is_known_is_left_alone(bench: Bench) -> None:
    bench.put("staging", "v1.1.0", "web", author="Eve")
    bench.say("promote api v1.1.0 to staging")
    assert pushed(bench, timedelta(hours=2)) == ()
    followed = pushed(bench)
    assert [each.legs[0].service for each in followed] == ["api"]
    assert pushed(bench, known=Promotions(*followed)) == ()
    assert pushed(bench, known=Promotions(*(replace(each, stage=Stage.HEALTHY) for each in followed))) == ()


def test_what_a_pull_request_became_is_not_followed_twice(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to staging")
    (found,) = pushed(bench)
    for stage in (Stage.SYNCED, Stage.HEALTHY):
        merged = Promotions(replace(found, key="#7", pull=7, stage=stage))
        assert pushed(bench, known=merged) == ()


def test_where_nothing_is_pushed_nothing_is_looked_for(bench: Bench) -> None:
    bench.say("promote api v1.1.0 to prod")
    bench.git.branches["main"] = bench.forge.open_pulls[0].head
    assert pushed(bench) == ()
