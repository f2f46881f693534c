"""What is found out for a pull request, and that nothing which can't be found out stands in its way."""

# ruff: noqa: ARG002 - the signatures are the ports'

from dataclasses import replace
from threading import Event

import pytest
from memory import Forge
from workbench import ANA, BEN, ENVIRONMENTS, REGISTRY, Bench, path, pod

from bot.command import Context
from bot.errors import Unavailable
from bot.model.catalog import Delivery, Merge, Service
from bot.model.change import Comparison, Entry, Proposal, Reversal
from bot.model.request import Actor
from bot.pulls import briefing

NEWS = Comparison("https://x/compare", (Entry("1" * 40, "Retry cards (#41)", "cleo", "https://x/1", 41),), 1)


class Source(Forge):
    """A forge that knows what is new, and notes what it was asked."""

    def compare(self, source: str, older: str, newer: str) -> Comparison:
        self._do("compare", f"{source} {older} {newer}")
        return NEWS


def planned(bench: Bench, text: str, by: Actor = ANA, forge: Forge | None = None) -> tuple[Context, Proposal]:
    context = replace(bench.context(bench.message(text, by)), reach=lambda: forge)
    said = REGISTRY.understand(text, context.vocabulary)
    proposal = REGISTRY.commands[said.verb].run(context, **said.arguments)
    assert isinstance(proposal, Proposal)
    return context, briefing.prepared(context, proposal)


def sourced(bench: Bench) -> Bench:
    bench.catalog = replace(bench.catalog, services={"payment": Service("payment", source="acme/payment")})
    return bench


def test_what_the_config_says_of_an_environment_is_what_its_pull_requests_get() -> None:
    gets = {"labels": ("release", "quarterdeck"), "assign": True, "draft": True}
    bench = Bench(environments={**ENVIRONMENTS, "production": replace(ENVIRONMENTS["production"], **gets)})
    _, proposal = planned(bench, "promote payment v1.1.0 to prod")
    assert (proposal.labels, proposal.reviewers) == (("quarterdeck", "env/production", "release"), ("ben",))
    assert (proposal.assignees, proposal.draft, proposal.merge) == (("ana",), True, Merge.BY_HAND)
    assert proposal.body.startswith(
        "Promotes **payment** from v1.0.0 to **v1.1.0** in **production**. Asked for by @ana."
    )


def test_row_119_whoever_asks_is_not_asked_to_review() -> None:
    bench = Bench()
    _, proposal = planned(bench, "promote payment v1.1.0 to prod", replace(BEN, github="Ben"))
    assert (proposal.reviewers, proposal.assignees) == ((), ())


def test_a_rollback_is_labelled_as_one() -> None:
    bench = Bench()
    bench.put("production", "v2.0.0")
    _, proposal = planned(bench, "rollback payment in prod")
    assert isinstance(proposal, Reversal)
    assert proposal.labels == ("quarterdeck", "env/production", "rollback")


def test_row_121_the_body_tells_what_changes_what_is_new_and_how_it_runs() -> None:
    bench, forge = sourced(Bench()), Source()
    bench.runs("production", "v1.0.0")
    bench.runs("staging", "v1.0.0")
    context, proposal = planned(bench, "promote payment v1.1.0 to prod", forge=forge)
    told = briefing.completed(context, proposal).body
    assert "- Now in production: v1.0.0, synced, healthy.\n" in told
    assert "- Before it, in staging: v1.0.0, synced, healthy. **That is another version.**\n" in told
    assert "-  - name: payment\n" not in told
    assert "-    image: acme/payment:v1.0.0\n+    image: acme/payment:v1.1.0\n" in told
    assert (
        "### New in v1.1.0\n\n[1 commit](https://x/compare) in acme/payment.\n\n- Retry cards (#\u200b41), by cleo\n"
        in told
    )
    assert forge.asked == ["compare acme/payment v1.0.0 v1.1.0"]


@pytest.mark.parametrize("text", ["rollback payment in prod", "promote payment v1.0.0 to prod"])
def test_going_back_lists_what_goes(text: str) -> None:
    bench, forge = sourced(Bench()), Source()
    bench.put("production", "v2.0.0")
    context, proposal = planned(bench, text, forge=forge)
    assert "### Gone with v2.0.0\n" in briefing.completed(context, proposal).body
    assert forge.asked == ["compare acme/payment v1.0.0 v2.0.0"]


def test_what_can_not_be_found_out_is_a_sentence_each() -> None:
    bench, forge = sourced(Bench()), Source(rejected=("compare",))
    bench.clusters.down.add("production")
    file = path("production")
    bench.git.write(
        {f"{file.rpartition('/')[0]}/kustomization.yaml": "resources: [pod.yaml]\ngenerators: [https://e.de/x]\n"}
    )
    context, proposal = planned(bench, "promote payment v1.1.0 to prod", forge=forge)
    told = briefing.completed(context, proposal).body
    assert "### In the cluster\n\nWhat changes can't be shown: " in told
    assert "### New in v1.1.0\n\nGitHub is away.\n" in told
    assert "To undo it once it is merged" in told


def test_without_a_forge_or_a_source_nothing_is_said_of_it() -> None:
    context, proposal = planned(Bench(), "promote payment v1.1.0 to prod")
    assert "New in" not in briefing.completed(context, proposal).body
    context, proposal = planned(sourced(Bench()), "promote payment v1.1.0 to prod")
    assert (
        "No forge is configured: set GITHUB\\_APP\\_ID or GITHUB\\_TOKEN." in briefing.completed(context, proposal).body
    )


def test_what_takes_too_long_is_not_waited_for() -> None:
    asked = Event()

    class Slow(Forge):
        def compare(self, source: str, older: str, newer: str) -> Comparison:
            asked.wait(30)
            raise Unavailable("It never answers.")

    context, proposal = planned(sourced(Bench()), "promote payment v1.1.0 to prod", forge=Slow())
    try:
        told = briefing.completed(context, proposal, within=0.5).body
    finally:
        asked.set()
    assert "### New in v1.1.0\n\nIt took too long to find out.\n" in told
    assert "+    image: acme/payment:v1.1.0\n" in told


def test_of_services_in_one_pull_request_each_has_its_own() -> None:
    files = {path(place, name): pod("v1", name) for place in ENVIRONMENTS for name in ("api", "payment")}
    bench = Bench(files | {path("staging", "api"): pod("v2", "api"), path("staging"): pod("v2")})
    for name in ("api", "payment"):
        bench.runs("staging", "v2", name)
    answer = bench.hear(bench.message("promote api, payment from staging to prod"))
    answer.afterwards()
    (pull,) = bench.forge.open_pulls
    assert "### api: v1 → v2\n" in pull.body
    assert "-    image: acme/payment:v1\n+    image: acme/payment:v2\n" in pull.body


def test_a_pull_request_for_a_protected_branch_gets_it_as_well() -> None:
    bench = Bench(environments={**ENVIRONMENTS, "staging": replace(ENVIRONMENTS["staging"], labels=("direct",))})
    _, proposal = planned(bench, "promote payment v1.1.0 to staging")
    assert proposal.delivery is Delivery.PUSH
    assert proposal.labels == ("quarterdeck", "env/staging", "direct")
