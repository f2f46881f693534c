"""What `drift --watch` tells from one look to the next."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.drift.watching import changes, data, kept, lines
from bot.model.catalog import Target
from bot.model.sync import Difference, Health, Kind, ObjectRef, Severity, Sighting, SyncState, Writer

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
API = Sighting(
    Target("api", "production", "config", ("production/api",), cluster="east"),
    "c" * 40,
    "v1",
    "v1",
    SyncState.SYNCED,
    Health.HEALTHY,
)
DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "shop", "api")
SCALED = Difference(
    DEPLOYMENT,
    Kind.DRIFT,
    "spec.replicas",
    "3",
    "5",
    Severity.MEDIUM,
    by=Writer("kubectl-scale", "Update", NOW - timedelta(minutes=14)),
)
LABEL = Difference(DEPLOYMENT, Kind.UNDECLARED, "metadata.labels.x", None, "y", Severity.INFO)


def drifted(*differences: Difference) -> Sighting:
    return replace(API, sync=SyncState.DRIFTED, differences=differences)


@dataclass
class Watch:
    """Looks at one target, or at none, one after the other."""

    last: tuple[Sighting, ...] = ()

    def sees(self, *now: Sighting) -> list[str]:
        looked = kept(self.last, now)
        found = changes(self.last, looked)
        self.last = looked
        return [line for change in found for line in lines(change, NOW)]


def test_a_course_of_looks() -> None:
    watch = Watch()
    unread = replace(API, sync=SyncState.UNKNOWN, why="east can't be reached")
    assert watch.sees(API) == []
    assert watch.sees(drifted(SCALED)) == [
        "09:30:00 api in production: drifted",
        "  + Deployment shop/api spec.replicas: Git wants 3, cluster has 5 (kubectl-scale, 14 minutes ago)",
    ]
    assert watch.sees(drifted(SCALED)) == []
    assert watch.sees(drifted(replace(SCALED, live="7"))) == [
        "09:30:00 api in production: drifted",
        "  + Deployment shop/api spec.replicas: Git wants 3, cluster has 7 (kubectl-scale, 14 minutes ago)",
        "  - Deployment shop/api spec.replicas: Git wants 3, cluster has 5 (kubectl-scale, 14 minutes ago)",
    ]
    assert watch.sees(unread) == ["09:30:00 api in production: unknown (east can't be reached)"]
    assert watch.sees(replace(API, why="the pods come up")) == [
        "09:30:00 api in production: synced",
        "  - Deployment shop/api spec.replicas: Git wants 3, cluster has 7 (kubectl-scale, 14 minutes ago)",
    ]
    assert watch.sees(replace(API, why="the pods are there")) == []
    assert watch.sees() == ["09:30:00 api in production: unknown (it is no longer declared in Git)"]


def test_at_the_first_look_only_what_is_not_in_sync_is_told() -> None:
    assert Watch().sees(replace(API, sync=SyncState.PENDING)) == ["09:30:00 api in production: pending"]


def test_information_is_no_change() -> None:
    assert Watch((API,)).sees(replace(API, differences=(LABEL,))) == []


def test_a_line_of_json() -> None:
    (change,) = changes([API], [drifted(SCALED)])
    said = data(change, NOW)
    came = said.pop("came")
    assert isinstance(came, list)
    assert [(each["class"], each["path"], each["by"]["manager"]) for each in came] == [
        ("drift", "spec.replicas", "kubectl-scale")
    ]
    assert said == {
        "schema": "quarterdeck/drift-change/v1",
        "at": "2026-03-02T09:30:00+00:00",
        "service": "api",
        "environment": "production",
        "cluster": "east",
        "revision": "c" * 40,
        "state": "drifted",
        "why": "",
        "before": "synced",
        "went": [],
    }
