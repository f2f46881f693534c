"""What a comparison found, in words, by equality."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.drift.report import HOW_TO_HEAL, ago, data, finding, full_report, report, summary
from bot.model.catalog import Target
from bot.model.reply import Layout, Section
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState, Writer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
API = ObjectRef("apps/v1", "Deployment", "shop", "api")
EDITED = Writer("kubectl-edit", "Update", NOW - timedelta(minutes=14))


def difference(path: str, severity: Severity = Severity.HIGH, **changes: object) -> Difference:
    given: dict[str, object] = {"object": API, "kind": Kind.DRIFT, "path": path, "desired": "3", "live": "5"}
    return Difference(**(given | {"severity": severity} | changes))  # type: ignore[arg-type]  # by name


def sighting(sync: SyncState, *differences: Difference, why: str = "", service: str = "api") -> Sighting:
    target = Target(service, "production", "config", ("f",), "production")
    return Sighting(target, "r" * 40, "v1", "v1", sync, Health.HEALTHY, why, differences)


def test_findings_are_grouped_by_object_worst_first_and_information_is_left_out() -> None:
    service = ObjectRef("v1", "Service", "shop", "api")
    told = sighting(
        SyncState.DRIFTED,
        difference("spec.paused", Severity.LOW),
        difference("metadata.labels.x", Severity.INFO),
        difference("", kind=Kind.MISSING, object=service),
        difference("spec.replicas", Severity.MEDIUM, live=None),
        difference("spec.a", Severity.LOW, kind=Kind.UNDECLARED, desired=None),
        difference("spec.b", Severity.LOW, kind=Kind.CONFIG_ERROR, desired=None),
        difference("spec.c", Severity.LOW, kind=Kind.CONFIG_ERROR, desired="its name is too long"),
        why="3 of 5 ready",
    )
    assert report([told], NOW) == (
        Section("api in production (3 of 5 ready)"),
        Section(
            "Service shop/api\n"
            "  is missing from the cluster\n"
            "Deployment shop/api\n"
            "  spec.replicas: Git wants 3, it is gone\n"
            "  spec.paused: Git wants 3, cluster has 5\n"
            "  spec.a: cluster has 5, Git does not mention it\n"
            "  spec.b: cannot be applied\n"
            "  spec.c: its name is too long",
            Layout.CODE,
        ),
        Section(HOW_TO_HEAL),
    )


def test_row_101_an_orphan_is_told_of_a_target_in_sync_and_not_while_an_engine_is_at_work() -> None:
    orphan = difference("", Severity.LOW, kind=Kind.ORPHAN, desired=None, live=None)
    kept = difference("", Severity.INFO, kind=Kind.ORPHAN, desired=None, live=None)
    assert report([sighting(SyncState.SYNCED, orphan), sighting(SyncState.SYNCED, kept)], NOW) == (
        Section("api in production is in sync, and has left something behind:"),
        Section("Deployment shop/api\n  is still in the cluster, and Git no longer declares it", Layout.CODE),
    )
    assert report([sighting(SyncState.PENDING, orphan)], NOW) == ()


@pytest.mark.parametrize(("count", "last"), [(8, "  spec.7: Git wants 3, cluster has 5"), (10, "… and 2 more")])
def test_a_long_report_is_counted(count: int, last: str) -> None:
    told = sighting(SyncState.DRIFTED, *(difference(f"spec.{number}") for number in range(count)))
    assert report([told], NOW)[1].text.splitlines()[-1] == last


def test_one_reason_is_told_once_for_all_that_were_not_checked() -> None:
    unchecked = [
        sighting(SyncState.UNKNOWN, why=why, service=name) for name, why in (("a", "x"), ("b", ""), ("c", "x"))
    ]
    assert [section.text for section in report([*unchecked, sighting(SyncState.SYNCED)], NOW)] == [
        "Not checked: b in production: it could not be read",
        "Not checked: a in production, c in production: x",
    ]


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ((), "No drift in 0 targets."),
        (("synced",), "No drift in 1 target."),
        (("synced", "pending"), "No drift in 2 targets; 1 pending."),
        (("synced", "unknown"), "No drift in 1 of 2 targets; 1 not checked."),
        (("unknown",), "s0 in production was not checked."),
        (("unknown", "unknown"), "None of 2 targets could be checked."),
        (("drifted",), "Drift in 1 of 1 target: s0 in production."),
        (("drifted", "unknown", "pending"), "Drift in 1 of 3 targets: s0 in production; 1 pending; 1 not checked."),
    ],
)
def test_a_check_in_one_sentence(states: tuple[str, ...], said: str) -> None:
    looked = [sighting(SyncState(state), service=f"s{number}") for number, state in enumerate(states)]
    assert summary(looked) == said


def test_many_are_counted() -> None:
    looked = [sighting(SyncState.DRIFTED, service=f"s{number}") for number in range(7)]
    said = summary(looked)
    assert said.startswith("Drift in 7 of 7 targets: s0 in production, s1 in production, ")
    assert said.endswith(", s4 in production and 2 more.")


def test_a_target_as_json() -> None:
    assert data(sighting(SyncState.DRIFTED, difference("spec.replicas"), why="w")) == {
        "service": "api",
        "environment": "production",
        "cluster": "production",
        "revision": "r" * 40,
        "state": "drifted",
        "why": "w",
        "differences": [
            {
                "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "api"},
                "class": "drift",
                "path": "spec.replicas",
                "desired": "3",
                "live": "5",
                "severity": "high",
                "by": None,
                "since": None,
                "note": "",
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (Kind.DRIFT, {}, "spec.x: Git wants 3, cluster has 5"),
        (Kind.DRIFT, {"live": None}, "spec.x: Git wants 3, it is gone"),
        (Kind.DRIFT, {"desired": None}, "spec.x: Git wants nothing, cluster has 5"),
        (Kind.LEFTOVER, {"desired": None}, "spec.x: Git no longer has it, the cluster still does: 5"),
        (Kind.UNDECLARED, {"desired": None}, "spec.x: cluster has 5, Git does not mention it"),
        (Kind.MISSING, {"path": ""}, "is missing from the cluster"),
        (Kind.ORPHAN, {"path": ""}, "is still in the cluster, and Git no longer declares it"),
        (Kind.PENDING, {}, "spec.x: Git wants 3, the cluster still has 5 as it was last deployed"),
        (Kind.UNKNOWN, {"note": "Flux substitutes ${x}"}, "spec.x: can't be compared (Flux substitutes ${x})"),
        (Kind.CONFIG_ERROR, {"desired": "must be text"}, "spec.x: must be text"),
        (Kind.DRIFT, {"by": EDITED}, "spec.x: Git wants 3, cluster has 5 (kubectl-edit, 14 minutes ago)"),
        (
            Kind.DRIFT,
            {"by": Writer("before-first-apply", "Update"), "note": "cannot shrink"},
            "spec.x: Git wants 3, cluster has 5 (whoever came before the first server-side apply; cannot shrink)",
        ),
        (
            Kind.DRIFT,
            {"since": NOW - timedelta(hours=2)},
            "spec.x: Git wants 3, cluster has 5 (first noticed 2 hours ago)",
        ),
    ],
)
def test_each_class_says_which_side_is_which(kind: Kind, changes: dict[str, object], said: str) -> None:
    assert finding(difference(**({"path": "spec.x", "kind": kind} | changes)), ago(NOW)) == said  # type: ignore[arg-type]  # by name


def test_one_cause_in_many_objects_of_a_target_is_told_once() -> None:
    objects = [ObjectRef("apps/v1", "Deployment", "shop", f"api{number}") for number in range(8)]
    told = sighting(SyncState.DRIFTED, *(difference("spec.image", object=each) for each in objects))
    assert report([told], NOW, offer=False) == (
        Section("api in production"),
        Section(
            "Deployment shop/api0\n"
            "  spec.image: Git wants 3, cluster has 5\n"
            "    and the same in Deployment shop/api1, Deployment shop/api2, Deployment shop/api3, "
            "Deployment shop/api4, Deployment shop/api5 and 2 more",
            Layout.CODE,
        ),
    )


def test_one_cause_in_many_targets_is_told_once_and_the_rest_of_each_apart() -> None:
    looked = [
        sighting(
            SyncState.DRIFTED,
            difference("spec.image", object=ObjectRef("apps/v1", "Deployment", "shop", name)),
            *([difference("spec.paused")] if name == "b" else []),
            service=name,
        )
        for name in ("a", "b", "c")
    ]
    assert report(looked, NOW, offer=False) == (
        Section("The same in 3 targets: a in production, b in production, c in production"),
        Section(
            "Deployment shop/a, Deployment shop/b, Deployment shop/c\n  spec.image: Git wants 3, cluster has 5",
            Layout.CODE,
        ),
        Section("b in production"),
        Section("Deployment shop/api\n  spec.paused: Git wants 3, cluster has 5", Layout.CODE),
    )


def test_what_nobody_can_compare_is_one_line() -> None:
    told = sighting(
        SyncState.DRIFTED,
        difference("spec.paused"),
        difference("spec.a", Severity.INFO, kind=Kind.UNKNOWN, note="Flux substitutes it"),
        difference("spec.b", Severity.INFO, kind=Kind.UNKNOWN),
    )
    assert report([told], NOW)[1].text.splitlines()[-1] == (
        "Not compared: Deployment shop/api spec.a Flux substitutes it (and 1 more)"
    )


def test_the_whole_of_it_as_a_file() -> None:
    told = sighting(
        SyncState.DRIFTED,
        difference("spec.paused", by=EDITED, note="not confirmed"),
        difference("", Severity.INFO, kind=Kind.ORPHAN, desired=None, live=None),
        difference("", kind=Kind.MISSING, desired=None, live=None),
        difference("", Severity.INFO, kind=Kind.PENDING, desired=None, live=None, note="not created yet"),
    )
    assert full_report([told], NOW) == (
        "api in production at commit rrrrrrrrrr, looked at 2026-03-02 09:00 UTC\n"
        "\n"
        "Deployment shop/api (apps/v1)\n"
        "  high drift: spec.paused\n"
        "    Git wants:   3\n"
        "    cluster has: 5\n"
        "    kubectl-edit, 2026-03-02 08:46 UTC; not confirmed\n"
        "  info orphan: the object\n"
        "    is still in the cluster, and Git no longer declares it\n"
        "  high missing: the object\n"
        "    is missing from the cluster\n"
        "  info pending: the object\n"
        "    is not as Git says yet\n"
        "    not created yet\n"
    )


def test_json_says_by_whom_and_since_when() -> None:
    told = data(sighting(SyncState.DRIFTED, difference("spec.paused", by=EDITED, since=NOW, note="immutable")))
    (found,) = told["differences"]  # type: ignore[misc]  # a list
    assert {name: found[name] for name in ("by", "since", "note")} == {
        "by": {"manager": "kubectl-edit", "operation": "Update", "at": "2026-03-02T08:46:00+00:00"},
        "since": "2026-03-02T09:00:00+00:00",
        "note": "immutable",
    }


def test_row_57_a_port_that_is_another_is_told_as_one_change() -> None:
    ports, env = "spec.ports", "spec.env"
    told = sighting(
        SyncState.DRIFTED,
        difference(f"{ports}[containerPort=81]", desired='{"containerPort": 81}', live=None),
        difference(f"{ports}[containerPort=80]", kind=Kind.UNDECLARED, desired=None, live='{"containerPort": 80}'),
        difference(f"{env}[name=A]", desired="a", live=None),
        difference(f"{env}[name=B]", kind=Kind.UNDECLARED, desired=None, live="b"),
    )
    assert report([told], NOW, offer=False)[1].text.split("\n") == [
        "Deployment shop/api",
        '  spec.ports[containerPort=81]: Git wants {"containerPort": 81}, cluster has {"containerPort": 80}',
        "  spec.env[name=A]: Git wants a, it is gone",
        "  spec.env[name=B]: cluster has b, Git does not mention it",
    ]
