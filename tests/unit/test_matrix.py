"""How services stand, in words: cells, reasons, what is on its way, and what may follow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import wording
from bot.matrix.board import Board
from bot.matrix.cells import age, matrix, table
from bot.matrix.coming import on_the_way, queued
from bot.matrix.data import data
from bot.matrix.following import following
from bot.matrix.reasons import LONGEST, reasons
from bot.matrix.reply import reply
from bot.model.catalog import Catalog, Environment, Repository, Target
from bot.model.change import Commit, Move
from bot.model.promotion import Leg, Promotion, Stage, Standing, Waiting
from bot.model.pull import PullRequest
from bot.model.reply import Layout, Section
from bot.model.request import Actor, Message, Place
from bot.model.sync import (
    Ailment,
    Content,
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
from bot.pulls.pending import Pending

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
ANA = Actor("U1", "ana")
APP = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "payment")
WORKLOAD = ObjectRef("apps/v1", "Deployment", "shop", "payment")
PULLING = Ailment(
    WORKLOAD,
    Health.DEGRADED,
    "2 of 3 replicas ready",
    NOW - timedelta(minutes=6),
    Symptoms(("ImagePullBackOff registry.example.com/payment:v1.3.0",)),
)

GONE = Ailment(ObjectRef("v1", "Service", "shop", "payment"), Health.MISSING, "Service shop/payment is missing")


def target(service: str = "payment", environment: str = "production") -> Target:
    return Target(service, environment, "config", (f"{environment}/{service}",), environment)


def seen(service: str = "payment", environment: str = "production", **changes: Any) -> Sighting:
    given: dict[str, Any] = {
        "desired": "v1.3.0",
        "live": "v1.3.0",
        "sync": SyncState.SYNCED,
        "health": Health.HEALTHY,
    } | changes
    return Sighting(target(service, environment), "c1", **given)


def move(of: Target, ago: timedelta, by: str = "ana", pull: int | None = None) -> Move:
    return Move(of, "v1.2.0", "v1.3.0", Commit("c1", (), "Ana", "", NOW - ago, "Promote"), by, pull)


def pull(number: int = 12, **changes: Any) -> PullRequest:
    url = f"https://github.example/acme/gitops/pull/{number}"
    given: dict[str, Any] = {"opened": NOW - timedelta(hours=2)} | changes
    branch = "quarterdeck/promote/production/payment/v1.4.0"
    return PullRequest(number, url, "Promote", "", branch, "h1", "main", "open", "bot", ours=True, **given)


def board(*sightings: Sighting, **known: Any) -> Board:
    told = {"told": ["config"]} if "pending" in known else {}
    return Board(("staging", "production"), sightings, NOW, **told | known)


def deployed(**said: Any) -> Deployed:
    return Deployed("argocd", "production", APP, "production/payment", **said)


@pytest.mark.parametrize(
    ("sighting", "cell"),
    [
        (seen(), "v1.3.0 ✓ 2h ana"),
        (seen(live="v1.2.0", sync=SyncState.PENDING), "v1.2.0 → v1.3.0 pending 2h ana"),
        (seen(health=Health.DEGRADED), "v1.3.0 degraded 2h ana"),
        (seen(sync=SyncState.DRIFTED, health=Health.MISSING), "v1.3.0 drifted, missing 2h ana"),
        (seen(live=None, sync=SyncState.UNKNOWN, health=Health.UNKNOWN), "v1.3.0 unknown 2h ana"),
        (seen(deployed=deployed(paused="auto-sync is off in Argo CD")), "v1.3.0 ✓ paused 2h ana"),
        (seen(desired="sha256:" + "ab" * 32, live="sha256:" + "ab" * 32), "sha256:abababababab ✓ 2h ana"),
    ],
)
def test_a_cell_says_version_state_age_and_who(sighting: Sighting, cell: str) -> None:
    known = board(sighting, moves={target(): move(target(), timedelta(hours=2))})
    assert matrix(known, ["payment"]) == (("Service", "production"), ("payment", cell))


def test_the_matrix_has_environments_in_order_and_what_is_pending() -> None:
    staging = seen(environment="staging", desired="v1.4.0", live="v1.4.0")
    known = board(
        staging,
        seen(),
        seen("api", "staging"),
        moves={staging.target: move(staging.target, timedelta(days=3), "Somebody With A Long Name")},
        pending=[Pending(target(), pull(), "v1.4.0"), Pending(target(), pull(13), "v1.5.0")],
    )
    assert matrix(known, ["api", "payment"]) == (
        ("Service", "staging", "production"),
        ("api", "v1.3.0 ✓", ""),
        ("payment", "v1.4.0 ✓ 3d Somebody", "v1.3.0 ✓, #12, #13"),
    )


def test_where_no_cluster_tells_the_matrix_is_of_git() -> None:
    blind = replace(
        seen(live=None, sync=SyncState.UNKNOWN, health=Health.UNKNOWN), target=replace(target(), cluster=None)
    )
    assert matrix(board(blind), ["payment"])[1] == ("payment", "v1.3.0")


def test_a_table_has_a_row_a_target() -> None:
    known = board(seen(), moves={target(): move(target(), timedelta(minutes=7), pull=12)})
    assert table(known, known.sightings, by_service=False) == (
        ("Environment", "Version in Git", "Cluster", "Sync", "Health", "Since", "By"),
        ("production", "v1.3.0", "v1.3.0", "synced", "healthy", "7m", "ana (#12)"),
    )
    assert table(known, known.sightings, by_service=True)[1][0] == "payment"


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=59), "59m"),
        (timedelta(hours=23), "23h"),
        (timedelta(days=400), "400d"),
    ],
)
def test_ages_are_short(passed: timedelta, said: str) -> None:
    assert age(NOW - passed, NOW) == said


def drifted(number: int) -> tuple[Difference, ...]:
    told = (Difference(WORKLOAD, Kind.DRIFT, f"spec.x{each}", "1", "2", Severity.MEDIUM) for each in range(number))
    return (*told, Difference(WORKLOAD, Kind.UNDECLARED, "spec.y", None, "2", Severity.INFO))


@pytest.mark.parametrize(
    ("sighting", "said"),
    [
        (seen(), ""),
        (
            seen(health=Health.DEGRADED, why=PULLING.reason, ailments=(PULLING,)),
            "2 of 3 replicas ready for 6 minutes: ImagePullBackOff registry.example.com/payment:v1.3.0",
        ),
        (
            seen(health=Health.MISSING, why=GONE.reason, ailments=(GONE, PULLING)),
            "Service shop/payment is missing; Deployment shop/payment: 2 of 3 replicas ready for 6 minutes: ImagePullBackOff registry.example.com/payment:v1.3.0",  # noqa: E501 - one line
        ),
        (
            seen(health=Health.DEGRADED, ailments=(replace(PULLING, symptoms=Symptoms(), since=None),) * 6),
            "Deployment shop/payment: 2 of 3 replicas ready; " * 3 + "3 more objects are not healthy",
        ),
        (seen(sync=SyncState.DRIFTED, differences=drifted(2)), "differs from Git in 2 places: “drift” says where"),
        (seen(sync=SyncState.PENDING, why="Git is ahead", differences=drifted(1)), "Git is ahead"),
        (
            seen(deployed=deployed(paused="suspended in Flux", paused_since=NOW - timedelta(days=3), held="It is.")),
            "suspended in Flux for 3 days",
        ),
        (seen(deployed=deployed(held="It is in vain.", waiting="a window")), "It is in vain; waits for a window"),
        (
            seen(
                health=Health.DEGRADED,
                why="the sync failed: Job shop/migrate failed",
                ailments=(Ailment(APP, Health.DEGRADED, "the sync failed: Job shop/migrate failed"),),
                deployed=deployed(trouble="the sync failed: Job shop/migrate failed"),
            ),
            "the sync failed: Job shop/migrate failed",
        ),
        (seen(why="a\nb\x1b[31m\u202ec"), "a b[31mc"),
        (seen(why="x" * 1000), "x" * (LONGEST - 1) + "…"),
    ],
)  # fmt: skip
def test_reasons(sighting: Sighting, said: str) -> None:
    assert reasons(sighting, NOW) == said


def promotion(stage: Stage, **changes: Any) -> Promotion:
    legs = (Leg("payment", "v1.3.0", "v1.4.0"), Leg("other", "v1", "v2"))
    given: dict[str, Any] = {"pull": 12, "reached": {Stage.MERGED: NOW - timedelta(minutes=3)}} | changes
    return Promotion(
        "config", "#12", "production", "promote", legs, ANA, NOW - timedelta(hours=2), stage=stage, **given
    )


OPEN = "payment in production: v1.3.0 → v1.4.0 by #12, open for 2 hours"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, ()),
        ({"pending": [Pending(target(), pull(), "v1.4.0")]}, (OPEN,)),
        (
            {"pending": [Pending(target(), pull(), "v1.4.0")], "promotions": [promotion(Stage.CHECKS)]},
            (f"{OPEN}; its checks have passed",),
        ),
        (
            {
                "pending": [Pending(target(), pull(), None)],
                "promotions": [promotion(Stage.OPEN, why="it waits for bo")],
            },
            ("payment in production: v1.3.0 → ? by #12, open for 2 hours; it waits for bo",),
        ),
        (
            {"pending": [Pending(target(), pull(opened=None, draft=True), "v1.4.0")]},
            ("payment in production: v1.3.0 → v1.4.0 by #12 as a draft",),
        ),
        (
            {"promotions": [promotion(Stage.MERGED)]},
            ("payment in production: v1.3.0 → v1.4.0 by #12, merged 3 minutes ago; the cluster has not got it yet",),
        ),
        (
            {"promotions": [promotion(Stage.SYNCED, pull=None, why="1 of 3 replicas ready")]},
            ("payment in production: v1.3.0 → v1.4.0, committed 3 minutes ago; 1 of 3 replicas ready",),
        ),
        ({"promotions": [promotion(Stage.HEALTHY)]}, ()),
        ({"promotions": [promotion(Stage.OPEN)], "told": ["config"]}, ()),
        (
            {"promotions": [promotion(Stage.OPEN, reached={})]},
            ("payment in production: v1.3.0 → v1.4.0 by #12, asked for 2 hours ago",),
        ),
    ],
)
def test_what_is_on_its_way(known: dict[str, Any], said: tuple[str, ...]) -> None:
    assert on_the_way(board(seen(), **known)) == said


def test_the_queue_is_told_until_it_expires() -> None:
    asked = Message("m1", "promote payment v1.4.0 to production when healthy", ANA, Place(), NOW)
    waits = Waiting("production", "payment", "v1.4.0", asked, NOW + timedelta(hours=1), NOW - timedelta(minutes=5))
    others = (replace(waits, expires=NOW), replace(waits, service="api"))
    assert queued(board(seen(), queue=(waits, *others))) == (
        "payment in production: v1.4.0 as soon as it may, asked for by ana 5 minutes ago, until 2026-03-02 15:00 UTC",
    )


STAGING = Environment("staging", ("staging/{service}",), "config", "staging")
CATALOG = Catalog(
    {"config": Repository("config", "/srv/c")},
    {
        "staging": STAGING,
        "production": Environment(
            "production", ("production/{service}",), "config", "production", after="staging", soak=timedelta(minutes=30)
        ),
    },
)


@pytest.mark.parametrize(
    ("staging", "since", "said"),
    [
        ({"desired": "v1.4.0", "live": "v1.4.0"}, 40, ["payment in production: v1.4.0 may follow"]),
        ({"desired": "v1.4.0", "live": "v1.4.0"}, 12, ["payment in production: v1.4.0 may follow at 14:18 UTC"]),
        ({"desired": "v1.3.0"}, 40, []),
        ({"desired": "v1.2.0", "live": "v1.2.0"}, 40, []),
        ({"desired": None}, 40, []),
    ],
)
def test_what_may_follow(staging: dict[str, Any], since: int, said: list[str]) -> None:
    source = seen(environment="staging", **staging)
    standing = Standing("staging", "payment", str(source.desired), Health.HEALTHY, NOW - timedelta(minutes=since), NOW)
    standings = {"staging": {"payment": standing}}
    assert list(following([target()], [source, seen()], CATALOG, standings, NOW)) == said


def test_what_may_not_follow_yet_says_why() -> None:
    source = seen(environment="staging", desired="v1.4.0", live="v1.4.0", health=Health.DEGRADED, why="1 of 3 ready")
    (line,) = following([target()], [source, seen()], CATALOG, {}, NOW)
    assert line == "payment v1.4.0 can't go to production yet: it is degraded in staging (1 of 3 ready)"


def test_the_whole_answer() -> None:
    ill = seen(health=Health.DEGRADED, why=PULLING.reason, ailments=(PULLING,))
    api = replace(ill, target=target("api"))
    known = board(
        ill,
        api,
        pending=[Pending(target(), pull(), "v1.4.0")],
        following=("payment in production: v1.4.0 may follow",),
        troubles=("Which pull requests are open can't be told: GitHub is away.",),
        seen=NOW - timedelta(seconds=9),
    )
    said = reply(known)
    assert said.text == (
        "0 of 2 are synced and healthy. "
        "Not so: payment in production (synced, degraded), api in production (synced, degraded)."
    )
    assert said.sections == (
        Section(layout=Layout.TABLE, rows=matrix(known, ["api", "payment"])),
        Section(
            "payment in production, api in production: 2 of 3 replicas ready for 6 minutes: "
            "ImagePullBackOff registry.example.com/payment:v1.3.0"
        ),
        Section(f"On the way:\n{OPEN}"),
        Section("By the order of promotion:\npayment in production: v1.4.0 may follow"),
        Section("Which pull requests are open can't be told: GitHub is away."),
        Section("As it was 9 seconds ago."),
    )


def test_rows_that_have_no_room_are_counted() -> None:
    many = [seen(f"service-{number:02}", desired="v" + "1" * 200, live=None) for number in range(40)]
    table_of, left, *_ = reply(board(*many)).sections
    shown = len(table_of.rows) - 1
    one_more = matrix(board(*many), [each.target.service for each in many[: shown + 1]])
    assert len(wording.columns(table_of.rows)) <= 5_000 < 250 + len(wording.columns(one_more))
    assert (
        left.text
        == f"And {40 - shown} more, all synced and healthy: say “status <service>” or “status in <environment>”."
    )


def test_scripts_get_engine_revision_and_who() -> None:
    ill = seen(
        health=Health.DEGRADED,
        why="x",
        ailments=(PULLING,),
        deployed=deployed(revision="d" * 40, paused="auto-sync is off in Argo CD"),
    )
    plain = seen("api")
    known = board(
        ill,
        plain,
        moves={ill.target: move(ill.target, timedelta(hours=2), pull=12)},
        pending=[Pending(ill.target, pull(13), "v1.4.0")],
        synced={ill.target: Content("i", "e" * 40), plain.target: Content("i", "f" * 40)},
    )
    first, second = data(known)["services"]
    assert first == {
        "service": "payment",
        "environment": "production",
        "desired": "v1.3.0",
        "live": "v1.3.0",
        "sync": "synced",
        "health": "degraded",
        "why": "x",
        "engine": "argocd",
        "revision": "d" * 40,
        "since": "2026-03-02T12:00:00+00:00",
        "by": "ana",
        "pull": 12,
        "pending": [{"pull": 13, "url": "https://github.example/acme/gitops/pull/13", "version": "v1.4.0"}],
        "ailments": [
            {
                "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "payment"},
                "health": "degraded",
                "reason": "2 of 3 replicas ready",
                "causes": ["ImagePullBackOff registry.example.com/payment:v1.3.0"],
                "since": "2026-03-02T13:54:00+00:00",
            }
        ],
        "paused": "auto-sync is off in Argo CD",
    }
    assert (second["engine"], second["revision"], second["since"], second["by"]) == ("none", "f" * 40, None, None)
