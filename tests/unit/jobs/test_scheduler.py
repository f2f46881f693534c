"""When jobs run. Fire times are asked of the trigger, so nothing waits; the scheduler itself runs for moments."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Unavailable
from bot.jobs.scheduler import WORKERS, Scheduler, trigger
from bot.model.schedule import Cron, Every

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 10


def fires(line: str, count: int, zone: str = "UTC") -> list[str]:
    """The first times from Monday, 2 March 2026, 00:00 UTC on."""
    when = trigger(Cron.parse(line, zone))
    times: list[datetime] = []
    now = MONDAY
    while len(times) < count:
        now = when.get_next_fire_time(times[-1] if times else None, now)
        times.append(now)
        now += timedelta(microseconds=1)
    return [f"{time.astimezone(UTC):%a %d %H:%M}" for time in times]


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("1-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("0", ["Sun"]),
        ("7", ["Sun"]),
        ("sun", ["Sun"]),
        ("6,7", ["Sat", "Sun"]),
        ("6-7", ["Sat", "Sun"]),
        ("fri-sun", ["Fri", "Sat", "Sun"]),
        ("1-5/2", ["Mon", "Wed", "Fri"]),
        ("*/2", ["Tue", "Thu", "Sat", "Sun"]),
        ("MON,3", ["Mon", "Wed"]),
        ("*", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    ],
)
def test_weekdays_are_crontabs(weekdays: str, expected: list[str]) -> None:
    week = [time[:3] for time in fires(f"0 9 * * {weekdays}", len(expected))]
    assert week == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*/20 * * * *", ["Mon 02 00:00", "Mon 02 00:20", "Mon 02 00:40", "Mon 02 01:00"]),
        ("5/25 8-9 * * *", ["Mon 02 08:05", "Mon 02 08:30", "Mon 02 08:55", "Mon 02 09:05"]),
        ("0 0 1,15 * *", ["Sun 15 00:00", "Wed 01 00:00"]),
        ("0 0 1 apr *", ["Wed 01 00:00"]),
        # crontab(5): where day and weekday are both restricted, either is enough.
        ("0 0 4 * fri", ["Wed 04 00:00", "Fri 06 00:00", "Fri 13 00:00"]),
    ],
)
def test_cron_lines(line: str, expected: list[str]) -> None:
    assert fires(line, len(expected)) == expected


def test_cron_is_of_its_time_zone_summer_time_included() -> None:
    # Berlin changes to summer time on 29 March 2026.
    assert fires("0 8 28-30 3 *", 3, "Europe/Berlin") == ["Sat 28 07:00", "Sun 29 06:00", "Mon 30 06:00"]


def test_an_interval_with_jitter_stays_within_it() -> None:
    when = trigger(Every(timedelta(minutes=5)), timedelta(seconds=30))
    times = [when.get_next_fire_time(MONDAY, MONDAY) - MONDAY for _ in range(20)]
    assert timedelta(minutes=5) <= min(times) < max(times) <= timedelta(minutes=5, seconds=30)


def test_a_job_runs_at_once_with_the_bots_clock_and_not_after_stop() -> None:
    ran = threading.Event()
    times: list[datetime] = []

    def job(now: datetime) -> None:
        times.append(now)
        ran.set()

    scheduler = Scheduler(lambda: NOON)
    scheduler.add("drift of staging", Every(timedelta(hours=1)), job)
    scheduler.start()
    assert ran.wait(PATIENCE)
    scheduler.stop()
    scheduler.stop()
    assert times == [NOON]
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]


def test_a_job_never_overlaps_with_itself_and_stop_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    skipped, running = threading.Event(), threading.Event()
    at_once: list[int] = []
    active = 0

    class Skips(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "maximum number of running instances" in record.getMessage():
                skipped.set()

    def job(now: datetime) -> None:
        nonlocal active
        active += 1
        at_once.append(active)
        running.set()
        skipped.wait(PATIENCE)
        active -= 1

    handler = Skips()
    logging.getLogger("apscheduler.scheduler").addHandler(handler)
    scheduler = Scheduler(lambda: NOON)
    scheduler.add("slow", Every(timedelta(milliseconds=20)), job)
    scheduler.start()
    assert running.wait(PATIENCE)
    assert skipped.wait(PATIENCE)
    scheduler.stop()
    logging.getLogger("apscheduler.scheduler").removeHandler(handler)
    assert active == 0
    assert set(at_once) == {1}


def test_trouble_of_the_world_is_one_line_of_the_log_and_the_job_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    again = threading.Event()
    runs: list[datetime] = []

    def job(now: datetime) -> None:
        runs.append(now)
        if len(runs) > 1:
            again.set()
        raise Unavailable("Slack can't be reached.")

    scheduler = Scheduler(lambda: NOON)
    scheduler.add("drift of staging", Every(timedelta(milliseconds=20)), job)
    with caplog.at_level(logging.WARNING, "bot.jobs.scheduler"):
        scheduler.start()
        assert again.wait(PATIENCE)
        scheduler.stop()
    ours = [record for record in caplog.records if record.name == "bot.jobs.scheduler"]
    assert ours[0].getMessage() == "drift of staging: Slack can't be reached."
    assert not any(record.exc_info for record in ours)


def test_a_job_can_be_run_before_its_time() -> None:
    ran = threading.Semaphore(0)
    scheduler = Scheduler(lambda: NOON)
    scheduler.add("job", Every(timedelta(hours=1)), lambda _: ran.release())
    scheduler.start()
    try:
        assert ran.acquire(timeout=PATIENCE)
        scheduler.hurry("job")
        assert ran.acquire(timeout=PATIENCE)
    finally:
        scheduler.stop()


def test_a_job_that_is_apart_waits_for_no_other() -> None:
    ran = threading.Event()

    def slow(_: datetime) -> None:
        ran.wait(PATIENCE)

    scheduler = Scheduler(lambda: NOON)
    for number in range(WORKERS):
        scheduler.add(f"drift of {number}", Every(timedelta(hours=1)), slow)
    scheduler.add("following", Every(timedelta(hours=1)), lambda _: ran.set(), apart=True)
    scheduler.start()
    assert ran.wait(PATIENCE / 2)  # the others, unless it runs, last as long again
    scheduler.stop()
