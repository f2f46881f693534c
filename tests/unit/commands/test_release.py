"""Several services by one command: what goes together, what stays, and that one's trouble hides no other."""

from dataclasses import replace

import pytest
from workbench import EVE, Bench, path, pod

from bot.errors import Refusal
from bot.model.catalog import Delivery, Environment
from bot.model.change import Release, Skipped
from bot.model.reply import Layout, Outcome, Section

STAGING = Environment("staging", ("staging/{service}",), "config")
PRODUCTION = Environment("production", ("production/{service}",), "config", aliases=("prod",))


def bench(production: Environment = PRODUCTION, **versions: str) -> Bench:
    """Staging is at v2.0.0 of every service; production at what is said, else at v1.0.0. No clusters."""
    files = {path("staging", service): pod("v2.0.0", service) for service in ("api", "payment", "web")}
    files |= {
        path("production", service): pod(versions.get(service, "v1.0.0"), service) for service in ("api", "payment")
    }
    return Bench(files=files, environments={"staging": STAGING, "production": production})


def since(on: Bench) -> str:
    return f"api in production is already v2.0.0 since {on.git.newest[:10]} by Ana, 1 day ago."


def planned(on: Bench, text: str) -> Release:
    release = on.plan(text)
    assert isinstance(release, Release)
    return release


def test_together_is_one_pull_request_with_a_commit_for_each() -> None:
    on = bench()
    (proposal,) = planned(on, "promote api, payment from staging to prod").proposals
    assert [(str(each.target), each.from_version, each.to_version) for each in proposal.steps] == [
        ("api in production", "v1.0.0", "v2.0.0"),
        ("payment in production", "v1.0.0", "v2.0.0"),
    ]
    assert [draft.message.splitlines()[0] for draft in proposal.drafts] == [
        "Promote api from v1.0.0 to v2.0.0 in production",
        "Promote payment from v1.0.0 to v2.0.0 in production",
    ]
    assert [edit.path for draft in proposal.drafts for edit in draft.edits] == [
        path("production", "api"),
        path("production"),
    ]
    assert proposal.title == "Promote api and payment in production"
    assert proposal.branch.startswith("quarterdeck/release/production/api+payment/")
    assert planned(on, "promote payment,api to prod").proposals[0].branch == proposal.branch


def test_apart_is_one_each() -> None:
    release = planned(bench(replace(PRODUCTION, apart=True)), "promote api, payment to prod")
    assert [each.branch for each in release.proposals] == [
        "quarterdeck/promote/production/api/v2.0.0",
        "quarterdeck/promote/production/payment/v2.0.0",
    ]


def test_all_are_those_that_both_environments_have() -> None:
    (proposal,) = planned(bench(), "promote all from staging to prod").proposals
    assert [each.target.service for each in proposal.steps] == ["api", "payment"]


def test_what_is_there_is_skipped_and_what_cannot_go_hides_nothing() -> None:
    on = bench(api="v2.0.0")
    release = planned(on, "promote api, web, payment to prod")
    assert [each.target.service for each in release.proposals[0].steps] == ["payment"]
    assert release.proposals[0].branch == "quarterdeck/promote/production/payment/v2.0.0"
    assert release.skipped == (
        Skipped("api", "production", since(on), refused=False),
        Skipped(
            "web",
            "production",
            "web is not in production; it is in staging. Add its folder there first.",
            refused=True,
        ),
    )


def test_services_that_share_a_file_are_moved_one_after_the_other() -> None:
    shared = "images:\n- name: acme/api\n  newTag: v1.0.0\n- name: acme/payment\n  newTag: v1.0.0\n"
    files = {path("staging", service): pod("v2.0.0", service) for service in ("api", "payment")}
    files |= {f"production/{service}/kustomization.yaml": "resources: [../all]\n" for service in ("api", "payment")}
    files |= {"production/all/kustomization.yaml": shared, "production/all/README.md": ""}
    both = replace(PRODUCTION, paths=("production/{service}", "production/all-{service}"))
    on = Bench(files=files, environments={"staging": STAGING, "production": both})
    assert on.plan("promote api, payment to prod") is not None


def test_the_reply_has_a_line_for_each() -> None:
    reply = bench(api="v2.0.0").say("promote api, payment, web to prod")
    assert reply.text == (
        "Release to production: 1 there already, 1 on the way by pull request, 1 refused. "
        "Merge #1, and the cluster follows."
    )
    assert reply.outcome is Outcome.REFUSED, "a script must learn that not everything went"
    assert reply.sections[0] == Section(
        layout=Layout.TABLE,
        rows=(
            ("Service", "From", "To", "Result"),
            ("payment", "v1.0.0", "v2.0.0", "pull request #1"),
            ("api", "", "", "there already"),
            ("web", "", "", "refused"),
        ),
    )
    assert reply.data is not None
    assert [(each["service"], each["outcome"], each["pull"]) for each in reply.data["results"]] == [
        ("payment", "opened", 1),
        ("api", "unchanged", None),
        ("web", "refused", None),
    ]


def test_pushed_together_all_of_it_is_there() -> None:
    on = bench(replace(PRODUCTION, delivery=Delivery.PUSH))
    reply = on.say("promote all from staging to prod")
    assert (reply.outcome, reply.text) == (Outcome.COMMITTED, "Release to production: 2 committed.")
    assert (on.version("production", "api"), on.version("production")) == ("v2.0.0", "v2.0.0")
    assert on.say("promote all from staging to prod").text == "Release to production: 2 there already."


def test_a_release_takes_the_place_of_older_pull_requests_of_its_services_alone() -> None:
    on = bench()
    on.say("promote api v1.5.0 to prod")
    on.say("promote all from staging to prod")
    assert [each.title for each in on.forge.open_pulls] == ["Promote api and payment in production"]
    # One service of it alone can't: the other's way would be lost.
    reply = on.say("promote api v1.6.0 to prod")
    assert reply.outcome is Outcome.CONTESTED
    assert reply.text.startswith("api in production is being moved by pull request #2 (Promote api and payment")


def test_whoever_may_not_changes_nothing() -> None:
    on = bench()
    assert on.say("promote all from staging to prod", by=EVE).outcome is Outcome.REFUSED
    assert (on.forge.open_pulls, [each[3] for each in on.audit.kept]) == ([], ["refused", "refused"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("promote api, payment to staging", "staging is the first environment, so name the version"),
        ("promote api, payment from prod to prod", "production is where it goes to and where it comes from"),
    ],
)
def test_where_it_comes_from_must_be_known(text: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        bench().plan(text)


def test_a_doubt_is_asked_for_its_service() -> None:
    question = bench(api="v3.0.0").say("promote all from staging to prod")
    assert question.outcome is Outcome.CONFIRM
    assert question.text == (
        "production: api v3.0.0 → v2.0.0, payment v1.0.0 → v2.0.0. "
        "api: v2.0.0 is lower than v3.0.0, so this is a downgrade. Go on?"
    )


def test_a_dry_run_says_all_and_does_nothing() -> None:
    on = bench(api="v2.0.0")
    reply = on.say("promote all from staging to prod", dry_run=True)
    assert reply.outcome is Outcome.PLANNED
    assert reply.sections[0].text == since(on)
    assert on.forge.open_pulls == []
