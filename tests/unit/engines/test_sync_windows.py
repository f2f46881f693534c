"""Sync windows as Argo CD judges them, and when they open: a function of the AppProject, the Application and now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.clusters.engines.sync_windows import is_open, opens, windows

APPLICATION = {
    "metadata": {"name": "payment", "namespace": "argocd"},
    "spec": {"destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}},
}
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def window(kind: str, schedule: str, duration: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "schedule": schedule, "duration": duration, "applications": ["*"], **more}


def project(*found: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "default", "namespace": "argocd"}, "spec": {"syncWindows": list(found)}}


ALLOW_AT_NIGHT = window("allow", "0 22 * * *", "2h")
DENY_AT_NOON = window("deny", "0 11 * * *", "3h")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "when"),
    [
        ([], MONDAY),
        ([window("allow", "0 8 * * *", "10h")], MONDAY),
        ([ALLOW_AT_NIGHT], at(2, 22)),
        ([DENY_AT_NOON], at(2, 14)),
        ([DENY_AT_NOON, ALLOW_AT_NIGHT], at(2, 22)),
        ([DENY_AT_NOON, window("allow", "0 8 * * *", "10h")], at(2, 14)),
        # One allow that is active is enough.
        ([ALLOW_AT_NIGHT, window("allow", "0 12 * * 1", "1h")], MONDAY),
        # A deny that follows on another is one closed time.
        ([DENY_AT_NOON, window("deny", "30 13 * * *", "2h")], at(2, 15, 30)),
        ([window("deny", "0 0 * * *", "24h")], None),
        ([window("deny", "* * * * *", "1h")], None),
        ([window("allow", "0 9 29 2 *", "1h")], None),  # not within a year
        ([window("allow", "0 9 * * 3", "1h")], at(4, 9)),
        ([window("allow", "0 9 1 * 3", "1h")], at(4, 9)),  # crontab's exception: a day or a weekday
        ([window("allow", "? 9 ? * 2", "1h")], at(3, 9)),
        # Berlin is an hour ahead in winter.
        ([window("allow", "0 14 * * *", "1h", timeZone="Europe/Berlin")], at(2, 13)),
        ([window("allow", "0 14 * * *", "1h", timeZone="Mars/Olympus")], at(2, 14)),
        # Whatever can't be read lets nothing through.
        ([window("allow", "every day", "1h")], None),
        ([window("allow", "0 8 * * *", "a day")], None),
        ([window("deny", "0 8 * * *", "")], None),
        ([{"kind": "allow", "applications": ["*"]}], None),
    ],
)
def test_when_they_open(found: list[dict[str, Any]], when: datetime | None) -> None:
    ours = windows(project(*found), APPLICATION)
    assert opens(ours, MONDAY) == when
    assert is_open(ours, MONDAY) is (when == MONDAY)


@pytest.mark.parametrize(
    ("found", "by_hand"),
    [
        ([window("deny", "0 11 * * *", "3h", manualSync=True)], True),
        ([window("deny", "0 11 * * *", "3h", manualSync=True), DENY_AT_NOON], False),
        ([window("allow", "0 22 * * *", "2h", manualSync=True)], True),
        ([window("allow", "0 22 * * *", "2h", manualSync=True), ALLOW_AT_NIGHT], False),
    ],
)
def test_people_may_sync_by_hand_where_all_windows_say_so(found: list[dict[str, Any]], by_hand: bool) -> None:
    ours = windows(project(*found), APPLICATION)
    assert is_open(ours, MONDAY, by_hand=True) is by_hand
    assert not is_open(ours, MONDAY)


@pytest.mark.parametrize(
    ("scope", "ours"),
    [
        ({"applications": ["pay*"]}, True),
        ({"applications": ["api", "payment"]}, True),
        ({"applications": ["api"]}, False),
        ({"applications": ["{api,pay{ment,pal}}"]}, True),
        ({"applications": ["{api,web}"]}, False),
        ({"applications": ["{payment"]}, True),
        ({"applications": ["pay[a-m]ent"]}, True),
        ({"applications": []}, False),
        ({}, False),
        ({"namespaces": ["sh?p"]}, True),
        ({"clusters": ["https://kubernetes.*"]}, True),
        ({"clusters": ["production"]}, False),
        ({"applications": ["api"], "namespaces": ["shop"]}, True),
        ({"applications": ["api"], "namespaces": ["shop"], "andOperator": True}, False),
        ({"applications": ["payment"], "namespaces": ["shop"], "andOperator": True}, True),
        ({"applications": "payment"}, False),
        ({"applications": [7, None]}, False),
        ({"applications": ["{" * 50 + "a,b" + "}" * 50]}, False),
    ],
)
def test_whom_a_window_is_for(scope: dict[str, Any], ours: bool) -> None:
    whole = {"kind": "allow", "schedule": "0 0 * * *", "duration": "1h", **scope}
    assert bool(windows(project(whole), APPLICATION)) is ours


SKIPPED = window("allow", "1 2 * * 0", "30m", timeZone="America/New_York")
"""On 8 March 2026, New York has no two o'clock."""


@example([SKIPPED], MONDAY)
@given(
    st.lists(
        st.builds(
            window,
            st.sampled_from(["allow", "deny"]),
            st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), st.sampled_from("*0123456")),
            st.sampled_from(["30m", "1h", "90m", "8h", "1h30m"]),
            timeZone=st.sampled_from(["", "Europe/Berlin", "America/New_York"]),
        ),
        max_size=3,
    ),
    st.integers(0, 60 * 24 * 365).map(lambda minutes: MONDAY + timedelta(minutes=minutes)),
)
def test_they_are_open_then_and_not_a_minute_before(found: list[dict[str, Any]], now: datetime) -> None:
    ours = windows(project(*found), APPLICATION)
    opening = opens(ours, now)
    if opening is None or opening == now:
        assert is_open(ours, now) is (opening is not None)
    else:
        assert is_open(ours, opening)
        assert not is_open(ours, max(now, opening - timedelta(minutes=1)))
