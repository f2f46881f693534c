"""Where a version is, since when, and where it was."""

from datetime import timedelta

from workbench import Bench

from bot.model.reply import Outcome


def rows(bench: Bench, said: str) -> list[tuple[str, ...]]:
    (table,) = bench.say(said).sections
    return [row[:2] + row[4:5] for row in table.rows[1:]]


def test_where_it_is_declared_and_runs() -> None:
    bench = Bench()
    bench.put("staging", "v1.1.0", author="Cleo")
    bench.runs("staging", "v1.1.0")
    reply = bench.say("where is v1.1.0 of payment")
    assert (reply.outcome, reply.text) == (Outcome.ANSWERED, "v1.1.0 of payment is in staging.")
    assert rows(bench, "where is v1.1.0 of payment") == [("staging", "Git and cluster", "Cleo")]
    newest = bench.git.commits[bench.git.newest]
    assert reply.data is not None
    assert reply.data["environments"][0] == {
        "environment": "staging",
        "declared": True,
        "runs": True,
        "stays": [
            {"from": newest.at.isoformat(), "until": None, "commit": newest.sha, "by": "Cleo", "pull": None},
        ],
    }
    assert reply.data["environments"][1] == {
        "environment": "production",
        "declared": False,
        "runs": False,
        "stays": [],
    }


def test_where_it_was_before() -> None:
    bench = Bench()
    bench.put("staging", "v1.1.0")
    bench.put("staging", "v1.2.0")
    left = bench.git.commits[bench.git.newest].at
    bench.time += timedelta(days=1)
    reply = bench.say("where is v1.1.0 of payment")
    assert reply.text == "v1.1.0 of payment is in no environment now. It was in staging before."
    assert reply.data is not None
    assert reply.data["environments"][0]["stays"][0]["until"] == left.isoformat()
    assert bench.say("where is v1.0.0 of payment").text == (
        "v1.0.0 of payment is in production. It was in staging before."
    )


def test_a_version_that_came_twice_is_told_twice() -> None:
    bench = Bench()
    for version in ("v1.1.0", "v1.0.0", "v1.1.0"):
        bench.put("staging", version)
    assert rows(bench, "where is v1.1.0 of payment") == [("staging", "Git", "Ana"), ("staging", "", "Ana")]


def test_what_runs_though_git_says_otherwise() -> None:
    bench = Bench()
    bench.runs("production", "v9.0.0")
    reply = bench.say("where is v9.0.0 of payment")
    assert reply.text == "v9.0.0 of payment runs in production, though Git says otherwise."
    assert reply.sections[0].rows[1][:2] == ("production", "cluster")
    bench.put("staging", "v9.0.0")
    assert bench.say("where is v9.0.0 of payment").text == (
        "v9.0.0 of payment is in staging. production still runs it, though Git says otherwise."
    )


def test_a_tag_or_a_digest_alone_will_do() -> None:
    digest = f"sha256:{'0123456789abcdef' * 4}"
    bench = Bench()
    bench.put("staging", f"v1.1.0@{digest}")
    for said in ("v1.1.0", digest, f"v1.1.0@{digest}"):
        assert rows(bench, f"where is {said} of payment") == [("staging", "Git", "Ana")]


def test_what_never_was_anywhere() -> None:
    reply = Bench().say("where is v3.0.0 of payment")
    assert (
        reply.text
        == "v3.0.0 of payment is, and was, in no environment. To see the versions that were, say: history payment"
    )
    assert reply.sections == ()
