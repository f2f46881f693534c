"""What status, history, drift and help say, whole."""

from threading import Event

import pytest
from workbench import Bench, path, pod

from bot.model.reply import Layout, Outcome, Reply, Section


def rows(reply: Reply) -> tuple[tuple[str, ...], ...]:
    return reply.sections[0].rows[1:]


@pytest.fixture
def bench() -> Bench:
    made = Bench(files={path("staging"): pod("v1.0.0"), path("staging", "api"): pod("v2.0.0", "api")})
    made.runs("staging", "v1.0.0")
    made.runs("staging", "v2.0.0", "api")
    return made


def test_all_is_well(bench: Bench) -> None:
    reply = bench.say("status")
    assert reply.text == "Both are synced and healthy."
    (table,) = reply.sections
    assert table.rows == (
        ("Service", "staging"),
        ("api", "v2.0.0 ✓ 1d Ana"),
        ("payment", "v1.0.0 ✓ 1d Ana"),
    )
    assert reply.data is not None
    assert reply.data["services"][0] == {
        "service": "api",
        "environment": "staging",
        "desired": "v2.0.0",
        "live": "v2.0.0",
        "sync": "synced",
        "health": "healthy",
        "why": "",
        "engine": "none",
        "revision": bench.git.newest,
        "since": "2026-03-01T09:00:00+00:00",
        "by": "Ana",
        "pull": None,
        "pending": [],
        "ailments": [],
        "paused": "",
    }


def test_what_is_not_well_is_named_with_its_reason(bench: Bench) -> None:
    bench.runs("staging", "v9.0.0", "api")
    bench.clusters.held["staging"] = {
        ref: each for ref, each in bench.clusters.held["staging"].items() if ref.name != "payment"
    }
    reply = bench.say("status")
    assert reply.text == (
        "0 of 2 are synced and healthy. "
        "Not so: api in staging (drifted, healthy), payment in staging (drifted, missing)."
    )
    assert reply.sections[1:] == (
        Section(
            "api in staging: differs from Git in 1 place: “drift” says where\n"
            "payment in staging: Pod shop/payment is missing"
        ),
    )
    assert rows(reply) == (("api", "v9.0.0 → v2.0.0 drifted 1d Ana"), ("payment", "v1.0.0 drifted, missing 1d Ana"))


def test_of_very_many_those_that_are_not_well_are_shown_and_the_rest_is_counted() -> None:
    names = [f"svc-{number:04}" for number in range(60)]
    bench = Bench(files={path("staging", name): pod("v1.0.0", name) for name in names})
    for name in names:
        bench.runs("staging", "v9.0.0" if name == "svc-0059" else "v1.0.0", name)
    reply = bench.say("status")
    assert reply.text == "59 of 60 are synced and healthy. Not so: svc-0059 in staging (drifted, healthy)."
    assert [row[0] for row in rows(reply)] == ["svc-0059"]
    ways = "say “status <service>” or “status in <environment>”"
    assert reply.sections[1] == Section(f"And 59 more, all synced and healthy: {ways}.")
    assert bench.say("status in staging").sections[1].text.endswith(": say “status <service>”.")
    assert reply.data is not None
    assert len(reply.data["services"]) == 60


def test_of_very_many_that_are_well_those_that_moved_last_are_shown() -> None:
    names = [f"svc-{number:04}" for number in range(60)]
    bench = Bench(files={path("staging", name): pod("v1.0.0", name) for name in names})
    bench.put("staging", "v1.1.0", "svc-0059")
    for name in names:
        bench.runs("staging", "v1.1.0" if name == "svc-0059" else "v1.0.0", name)
    reply = bench.say("status")
    assert [row[0] for row in rows(reply)] == ["svc-0059", *names[:49]]
    assert reply.sections[1].text.startswith("And 10 more, all synced and healthy: ")


def test_what_is_pending_is_told_by_the_files_of_open_pull_requests() -> None:
    bench = Bench()
    bench.runs("staging", "v1.0.0")
    bench.runs("production", "v1.0.0")
    bench.say("promote payment v1.1.0 to prod")
    reply = bench.say("status")
    assert rows(reply) == (("payment", "v1.0.0 ✓ 1d Ana", "v1.0.0 ✓ 1d Ana, #1"),)
    assert reply.sections[1].text == "On the way:\npayment in production: v1.0.0 → v1.1.0 by #1"
    assert reply.data is not None
    url = "https://github.example/pull/1"
    assert [each["pending"] for each in reply.data["services"]] == [
        [],
        [{"pull": 1, "url": url, "version": "v1.1.0"}],
    ]
    assert bench.say("status in staging").sections[1:] == ()


def test_a_forge_that_is_down_hides_nothing_else() -> None:
    bench = Bench()
    bench.forge.rejected = ("pulls config",)
    reply = bench.say("status payment")
    assert reply.outcome is Outcome.ANSWERED
    assert len(rows(reply)) == 2
    assert reply.sections[-1] == Section("Which pull requests are open can't be told: GitHub is away.")


def test_a_forge_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, answered = Bench(), Event()
    bench.forge.pulls = lambda _: answered.wait(60) and ()  # it hangs
    monkeypatch.setattr("commands.status.PATIENCE", 0.01)
    reply = bench.say("status payment")
    answered.set()
    assert len(rows(reply)) == 2
    assert reply.sections[-1].text == ("Which pull requests are open can't be told: their forge takes long to answer.")


def test_a_reason_that_many_share_names_three() -> None:
    bench = Bench(files={path("staging", each): pod("v1.0.0", each) for each in ("api", "payment", "web", "worker")})
    bench.clusters.down.add("staging")
    (_, reason) = bench.say("status").sections
    assert reason.text.startswith("api in staging, payment in staging, web in staging and 1 more: ")


@pytest.mark.parametrize(
    ("down", "said"),
    [
        (False, "payment in staging runs v1.0.0, synced, healthy."),
        (True, "payment in staging is at v1.0.0 in Git, unknown, unknown."),
    ],
)
def test_one_service_is_one_sentence(bench: Bench, down: bool, said: str) -> None:
    if down:
        bench.clusters.down.add("staging")
    assert bench.say("status payment").text == said


def test_where_nothing_is_there_is_nothing_to_say(bench: Bench) -> None:
    reply = bench.say("status in prod")
    assert reply == Reply(
        Outcome.ANSWERED,
        "No service was found there; the path templates of the config say where they are looked for.",
        data={"services": []},
    )
    assert bench.say("drift in prod").text == "No drift in 0 targets."


def test_history_is_newest_first_over_all_environments_and_not_endless() -> None:
    bench = Bench()
    for number in range(1, 7):
        bench.put("staging", f"v1.{number}.0", author="Cleo")
        bench.put("production", f"v1.{number}.0")
    reply = bench.say("history payment")
    assert reply.text == "The last 10 changes of payment, newest first."
    assert [(row[1], row[2], row[3], row[4]) for row in rows(reply)[:2]] == [
        ("production", "v1.5.0", "v1.6.0", "Ana"),
        ("staging", "v1.5.0", "v1.6.0", "Cleo"),
    ]
    assert reply.data is not None
    assert len(reply.data["changes"]) == len(rows(reply)) == 10
    assert reply.data["changes"][0] == {
        "service": "payment",
        "environment": "production",
        "from": "v1.5.0",
        "to": "v1.6.0",
        "commit": bench.git.newest,
        "by": "Ana",
        "at": bench.git.commits[bench.git.newest].at.isoformat(),
        "pull": None,
        "url": None,
    }


def test_the_history_of_one_environment_begins_with_its_arrival() -> None:
    bench = Bench()
    bench.put("staging", "v1.1.0")
    reply = bench.say("history payment in staging")
    assert reply.text == "The last 2 changes of payment in staging, newest first."
    assert [row[1:3] for row in rows(reply)] == [("v1.0.0", "v1.1.0"), ("none", "v1.0.0")]
    assert bench.say("history payment in prod").text == "The only change of payment in production that Git knows."


def test_a_service_whose_version_was_never_told_has_no_history() -> None:
    bench = Bench(files={path("staging"): "image: [\n"})
    assert bench.say("history payment").text == "Git knows no change of payment."


def test_drift_says_it_in_words_and_as_data(bench: Bench) -> None:
    bench.runs("staging", "v9.0.0", "api")
    reply = bench.say("drift")
    assert reply.text == "Drift in 1 of 2 targets: api in staging."
    assert reply.data is not None
    assert [(each["service"], each["state"]) for each in reply.data["targets"]] == [
        ("api", "drifted"),
        ("payment", "synced"),
    ]
    assert bench.say("drift payment").text == "No drift in 1 target."


def test_help_lists_every_usage_and_explains_one() -> None:
    bench = Bench()
    reply = bench.say("help")
    assert reply.private
    said = [line for line in reply.sections[0].text.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in said] == [
        *["cancel"] * 2,
        "diff",
        *["drift"] * 7,
        "help",
        "history",
        "promote",
        "promote",
        "rollback",
        "rollback",
        "status",
        "where",
    ]
    assert bench.say("help status") == Reply(
        Outcome.ANSWERED,
        "Versions, sync and health of services, why anything isn't well, and what is on its way.",
        (
            Section(
                "status [<service>] [in <environment>]\n\n"
                "e.g. status\ne.g. status payment\ne.g. status in prod\ne.g. status api in staging",
                Layout.CODE,
            ),
        ),
        private=True,
    )


def test_help_leaves_it_to_the_chat_where_lines_break() -> None:
    paragraphs = Bench().say("help promote").text.split("\n\n")
    assert len(paragraphs) == 2
    assert not any("\n" in each for each in paragraphs)


def test_help_needs_no_look_at_git() -> None:
    bench = Bench()
    bench.git.branches.clear()
    assert bench.say("help").outcome is Outcome.ANSWERED
