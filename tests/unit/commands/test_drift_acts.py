"""What people do about drift: mute, sync, show, adopt, ignore."""

from datetime import timedelta

import pytest
from memory import NOW
from workbench import ANA, BEN, Bench, path, pod

from bot.drift import ignores
from bot.errors import Refusal
from bot.model.change import Amendment, Draft
from bot.model.reply import Outcome
from bot.model.rules import Ignore, Mute, Person, Role, Rules
from bot.model.sync import Deployed, ObjectRef

RULES = Rules(
    {ANA.id: Person(ANA.id, "ana", roles=("sre",)), BEN.id: Person(BEN.id, "ben", roles=("quiet",))},
    {"sre": Role("sre", ("*",), ("*",)), "quiet": Role("quiet", ("drift mute",), ("staging",))},
)
PROD = "production"


def bench(**files: str) -> Bench:
    return Bench(rules=RULES, **({"files": files} if files else {}))


def mute(until: timedelta, because: str = "") -> Mute:
    return Mute(PROD, "payment", NOW + until, "ana", because, NOW)


@pytest.mark.parametrize(
    ("said", "period", "because"),
    [
        ("", timedelta(days=1), ""),
        (" for 30m", timedelta(minutes=30), ""),
        (" for 2h because we debug it", timedelta(hours=2), "we debug it"),
        (" for 1w", timedelta(weeks=1), ""),
        (" for 30d because", None, ""),
        (" for 30d", timedelta(days=30), ""),
        (" because of <!channel> & co", timedelta(days=1), "of @channel & co"),
    ],
)
def test_drift_is_muted_for_a_while(said: str, period: timedelta | None, because: str) -> None:
    them = bench()
    reply = them.say(f"drift mute payment in prod{said}")
    if period is None:
        assert reply.outcome is Outcome.MISUNDERSTOOD
        return
    assert (reply.outcome, reply.private) == (Outcome.DONE, False)
    assert them.mutes.mutes(PROD) == (mute(period, because),)
    assert f"is muted until {NOW + period:%Y-%m-%d %H:%M} UTC" in reply.text
    assert reply.text.endswith(
        "That ends early if it gets worse; to end it now, say: drift unmute payment in production"
    )
    assert them.audit.kept == [("ana", "drift mute", "payment in production", "done")]


@pytest.mark.parametrize(
    ("said", "outcome", "why"),
    [
        ("for 31d", Outcome.REFUSED, "Drift can be muted for 30 days at most, and 31 days is longer"),
        ("for ever", Outcome.MISUNDERSTOOD, "ever is no length of time; one is such as 30m, 2h, 1d or 1w."),
        ("for 0m", Outcome.MISUNDERSTOOD, "0m is no length of time"),
        ("for \u0661d", Outcome.MISUNDERSTOOD, "is no length of time"),
    ],
)
def test_a_mute_is_bounded(said: str, outcome: Outcome, why: str) -> None:
    them = bench()
    reply = them.say(f"drift mute payment in prod {said}")
    assert reply.outcome is outcome
    assert why in reply.text
    assert them.mutes.kept == {}


def test_a_mute_ends_when_somebody_says_so() -> None:
    them = bench()
    them.say("drift mute payment in prod")
    assert them.say("drift unmute payment in prod").outcome is Outcome.DONE
    assert them.mutes.kept == {}
    again = them.say("drift unmute payment in prod")
    assert (again.outcome, again.text) == (
        Outcome.UNCHANGED,
        "payment in production is not muted, so its drift is told anyway.",
    )


def test_permission_is_the_whole_verb() -> None:
    them = bench()
    assert them.say("drift mute payment in staging", BEN).outcome is Outcome.DONE
    for said in ("drift mute payment in prod", "drift unmute payment in staging"):
        refused = them.say(said, BEN)
        assert refused.outcome is Outcome.REFUSED
        assert "ben holds quiet, which may not drift" in refused.text
    assert set(them.mutes.kept) == {("staging", "payment")}


def test_a_dry_run_mutes_nothing() -> None:
    them = bench()
    reply = them.say("drift mute payment in prod for 1d", dry_run=True)
    assert reply.outcome is Outcome.PLANNED
    assert (
        reply.text == "The drift of payment in production would be muted until 2026-03-03 09:00 UTC. Nothing was done."
    )
    assert them.mutes.kept == {}


def drifted(them: Bench) -> Bench:
    """Both run; in production somebody set another image by hand."""
    them.runs("staging", "v1.0.0")
    them.runs(PROD, "v1.9.9")
    return them


def test_drift_on_demand_says_what_is_muted() -> None:
    them = drifted(bench())
    them.say("drift mute payment in prod for 2h because we debug it")
    shown = [section.text for section in them.say("drift").sections]
    assert "payment in production is muted until 2026-03-02 11:00 UTC, by ana, because we debug it." in shown
    them.passes(timedelta(hours=3))
    assert not any("muted" in section.text for section in them.say("drift").sections)


APPLICATION = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")


def test_the_engine_is_asked_to_sync() -> None:
    them = drifted(bench())
    target = them.context(them.message("")).target("payment", PROD)
    them.engines.found[target] = Deployed("argocd", PROD, APPLICATION, "production/payment", busy="it is suspended")
    reply = them.say("drift sync payment in prod")
    assert reply.outcome is Outcome.DONE
    assert reply.text == (
        "Argo CD is asked to sync payment in production, by Application argocd/payment. "
        "At the moment: it is suspended. To see what came of it, say: drift payment in production"
    )
    assert them.engines.synced == [them.engines.found[target]]


@pytest.mark.parametrize("held", ["", "self-heal is off for it in Argo CD"])
def test_a_sync_that_would_change_nothing_is_not_offered(held: str) -> None:
    them = drifted(bench())
    target = them.context(them.message("")).target("payment", PROD)
    them.engines.found[target] = Deployed("argocd", PROD, APPLICATION, "production/payment", held=held)
    offered = [choice.label for choice in them.say("drift payment in prod").choices]
    assert offered
    assert ("Sync" in offered) is not bool(held)
    assert (f"That may change nothing: {held}." in them.say("drift sync payment in prod").text) is bool(held)


def test_without_an_engine_nobody_can_be_asked_to_sync() -> None:
    them = drifted(bench())
    reply = them.say("drift sync payment in prod")
    assert reply.outcome is Outcome.REFUSED
    assert reply.text.startswith("No Argo CD Application and no Flux Kustomization or HelmRelease was found")
    assert "(production/payment)" in reply.text


def test_all_of_it_is_a_file() -> None:
    them = drifted(bench())
    reply = them.say("drift show payment in prod")
    assert reply.private
    assert reply.attachment is not None
    assert reply.attachment.name == "drift-of-payment-in-production.txt"
    assert "Pod shop/payment (v1)" in reply.attachment.text
    assert "spec.containers[name=payment].image" in reply.attachment.text
    assert them.say("drift show payment in staging").attachment is None


def amendment(them: Bench, said: str) -> Amendment:
    planned = them.plan(said)
    assert isinstance(planned, Amendment)
    return planned


def test_a_live_value_is_adopted_by_a_pull_request() -> None:
    them = drifted(bench())
    planned = amendment(them, "drift adopt payment in prod")
    assert planned.edits[0].after == pod("v1.9.9").encode()
    assert planned.title == "Adopt 1 live value of payment in production"
    assert planned.notes == (
        "This moves the version of payment in production in Git from v1.0.0 to v1.9.9, which is what runs.",
    )
    (draft,) = planned.drafts
    assert isinstance(draft, Draft)
    assert draft.message.split("\n\n")[1].splitlines()[:2] == [
        "Quarterdeck-Service: payment",
        "Quarterdeck-Environment: production",
    ]
    reply = them.say("drift adopt payment in prod")
    assert reply.outcome is Outcome.OPENED
    assert reply.text == (
        "payment in production: 1 live value written into Git. Pull request #1 is open: "
        "merge it and the cluster follows."
    )
    (pull,) = them.forge.open_pulls
    assert pull.branch.startswith("quarterdeck/adopt/production/payment/")
    assert "| Pod shop/payment | `spec.containers[name=payment].image` |" in pull.body
    assert them.say("drift adopt payment in prod").outcome is Outcome.ADOPTED
    assert len(them.forge.open_pulls) == 1


def test_it_is_a_pull_request_also_where_others_are_pushed() -> None:
    them = bench()
    them.runs("staging", "v1.9.9")
    assert them.say("drift adopt payment in staging").outcome is Outcome.OPENED


def test_an_adoption_and_a_promotion_stand_beside_each_other() -> None:
    them = drifted(bench())
    them.say("drift adopt payment in prod")
    assert them.say("promote payment v1.1.0 to prod").outcome is Outcome.OPENED
    assert [each.branch.split("/")[1] for each in them.forge.open_pulls] == ["adopt", "promote"]
    them.runs(PROD, "v1.9.8")
    assert "It takes the place of #1." in [each.text for each in them.say("drift adopt payment in prod").sections]


def test_an_adoption_can_be_cancelled() -> None:
    them = drifted(bench())
    them.say("drift adopt payment in prod")
    assert them.say("cancel pr 1").outcome is Outcome.WITHDRAWN
    assert them.forge.open_pulls == []
    assert them.audit.kept[-1] == ("ana", "cancel", "payment in production", "withdrawn")


def test_nothing_is_adopted_where_nothing_drifted() -> None:
    them = drifted(bench())
    with pytest.raises(Refusal, match="payment in staging is synced; only what drifted can be adopted"):
        them.plan("drift adopt payment in staging")


def test_findings_are_proposed_to_be_ignored() -> None:
    them = drifted(bench())
    planned = amendment(them, "drift ignore payment in prod because it is a trial")
    (edit,) = planned.edits
    assert edit.path == ".quarterdeck/ignore.yaml"
    assert ignores.read(edit.after or b"") == (
        Ignore(
            "it is a trial",
            "Pod",
            "payment",
            "/spec/containers/name=payment/image",
            service="payment",
            environment=PROD,
        ),
    )
    reply = them.say("drift ignore payment in prod")
    assert reply.outcome is Outcome.OPENED
    assert them.forge.open_pulls[0].branch.startswith("quarterdeck/ignore/production/payment/")
    assert path(PROD) not in [each.path for each in planned.edits]
