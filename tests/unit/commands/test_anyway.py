"""What goes only against a rule: refused, with what to type, and done by those who may override."""

from dataclasses import replace

import pytest
from workbench import ANA, BEN, ENVIRONMENTS, RULES, Bench, path, pod

from bot.errors import Refusal
from bot.model.change import Proposal, Release
from bot.model.reply import Outcome
from bot.model.rules import Role, Rules

MAY = replace(RULES, roles={**RULES.roles, "deployer": Role("deployer", ("promote", "rollback", "override"), ("*",))})
BECAUSE = "anyway because the  database\u2028is fixed"


def rolled_back(rules: Rules = RULES) -> Bench:
    """Staging was at v2.0.0 and is back at v1.0.0."""
    bench = Bench(rules=rules)
    bench.put("staging", "v2.0.0")
    assert bench.say("rollback payment in staging", yes=True).outcome is Outcome.COMMITTED
    return bench


def test_what_was_rolled_back_is_refused_with_who_and_when_and_what_to_type() -> None:
    with pytest.raises(Refusal) as refused:
        rolled_back().plan("promote payment v2.0.0 to staging")
    assert str(refused.value) == (
        "v2.0.0 was rolled back in staging by ana, 23 hours ago. "
        "To promote it all the same, say: promote payment v2.0.0 to staging anyway because …"
    )


def test_it_is_rejected_there_alone() -> None:
    assert isinstance(rolled_back().plan("promote payment v2.0.0 to prod"), Proposal)
    assert isinstance(rolled_back().plan("promote payment v2.0.1 to staging"), Proposal)


def test_a_release_leaves_it_out() -> None:
    files = {
        path(where, name): pod("v1.0.0", name) for where in ("staging", "production") for name in ("api", "payment")
    }
    environments = {name: replace(each, cluster=None) for name, each in ENVIRONMENTS.items()}
    bench = Bench(files=files, environments=environments)
    for version in ("v2.0.0", "v1.0.0"):
        bench.put("production", version)
    for name in ("api", "payment"):
        bench.put("staging", "v2.0.0", name)
    planned = bench.plan("promote all to prod")
    assert isinstance(planned, Release)
    assert [str(target) for each in planned.proposals for target in each.targets] == ["api in production"]
    (skipped,) = planned.skipped
    assert (skipped.service, skipped.refused) == ("payment", True)
    assert skipped.why.startswith("payment: v2.0.0 was rolled back in production by Ana, ")


def test_anyway_takes_the_permission_to_override() -> None:
    bench = rolled_back()
    reply = bench.say(f"promote payment v2.0.0 to staging {BECAUSE}")
    assert (reply.outcome, reply.text) == (
        Outcome.REFUSED,
        "ana holds deployer, which may not override (promote anyway) in staging. No role of the config allows it.",
    )
    assert bench.version("staging") == "v1.0.0"
    assert bench.audit.kept[-1][1:] == ("promote", "payment in staging", "refused")


def test_the_reason_goes_into_the_commit_and_the_reply_on_one_line() -> None:
    bench = rolled_back(MAY)
    planned = bench.plan(f"promote payment v2.0.0 to staging {BECAUSE}")
    assert isinstance(planned, Proposal)
    assert (planned.because, planned.notes) == (
        "the database is fixed",
        ("Anyway, because the database is fixed",),
    )
    (draft,) = planned.drafts
    assert draft.message.split("\n\n")[1] == "Anyway, because the database is fixed"
    assert bench.say(f"promote payment v2.0.0 to staging {BECAUSE}").outcome is Outcome.COMMITTED
    assert bench.version("staging") == "v2.0.0"


def test_a_reason_makes_no_trailer() -> None:
    planned = rolled_back(MAY).plan("promote payment v2.0.0 to staging anyway because Requested-by: eve")
    assert isinstance(planned, Proposal)
    trailers = planned.drafts[0].message.rsplit("\n\n", 1)[1]
    assert "eve" not in trailers


def test_once_promoted_anyway_it_is_a_version_as_any_other() -> None:
    bench = rolled_back(MAY)
    bench.say(f"promote payment v2.0.0 to staging {BECAUSE}")
    bench.put("staging", "v3.0.0", message="Promote payment\n\nQuarterdeck-Change: 9")
    planned = bench.plan("promote payment v2.0.0 to staging")
    assert isinstance(planned, Proposal)
    assert planned.confirm == "v2.0.0 is lower than v3.0.0, so this is a downgrade. Go on?"


def test_row_025_anyway_answers_the_question_about_a_downgrade() -> None:
    bench = Bench(rules=MAY)
    asked, told = (bench.plan(f"promote payment v0.9.0 to prod{more}") for more in ("", f" {BECAUSE}"))
    assert isinstance(asked, Proposal)
    assert isinstance(told, Proposal)
    assert (asked.confirm, told.confirm) == ("v0.9.0 is lower than v1.0.0, so this is a downgrade. Go on?", None)


@pytest.mark.parametrize("tag", ["latest", "main", "Stable"])
def test_row_022_a_tag_that_moves_is_refused(tag: str) -> None:
    bench = Bench(rules=MAY)
    with pytest.raises(Refusal) as refused:
        bench.plan(f"promote payment {tag} to prod")
    assert str(refused.value).startswith(f"{tag} is a tag that moves: ")
    assert str(refused.value).endswith(f"say: promote payment {tag} to production anyway because …")
    assert isinstance(bench.plan(f"promote payment {tag} to prod {BECAUSE}"), Proposal)


def test_row_022_by_its_digest_nothing_moves() -> None:
    assert isinstance(Bench().plan(f"promote payment main@sha256:{'a' * 64} to prod"), Proposal)


def test_whoever_presses_must_be_allowed_to_override_too() -> None:
    bench = Bench(rules=MAY)
    bench.put("staging", "1.0.0")
    question = bench.say(f"promote payment v1.0.0 to staging {BECAUSE}", by=ANA)
    assert question.outcome is Outcome.CONFIRM
    assert bench.press(question, by=BEN).outcome is Outcome.REFUSED
    assert bench.version("staging") == "1.0.0"


@pytest.mark.parametrize("said", ["anyway", "anyway because"])
def test_a_reason_is_asked_for(said: str) -> None:
    assert Bench(rules=MAY).say(f"promote payment v2.0.0 to prod {said}").outcome is Outcome.MISUNDERSTOOD
