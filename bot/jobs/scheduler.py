"""Runs jobs by the clock, in threads of its own. The only importer of APScheduler.

A job is a function of the time; what it does, and how often, is not known here.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.errors import Refusal, Unavailable
from bot.model.schedule import Cron, Schedule

log = logging.getLogger(__name__)

Job = Callable[[datetime], None]

WORKERS = 4
"""Jobs at once, but for those with a thread of their own: they share the mirrors and this machine with the commands of
people."""

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Scheduler:
    """`start` once all jobs are added; `stop` in the end.

    A job never overlaps with itself; runs that were missed are made up for by one.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(WORKERS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def add(
        self, name: str, schedule: Schedule, job: Job, jitter: timedelta = timedelta(), *, apart: bool = False
    ) -> None:
        """Run the job by the schedule, each time up to `jitter` later; `apart`, so that it waits for no other job.

        An interval begins at once: with an hour's, a bot restarted every half hour would never check.
        """
        if apart:
            self._scheduler.add_executor(ThreadPoolExecutor(1), name)
        begin = {} if isinstance(schedule, Cron) else {"next_run_time": datetime.now(UTC)}
        self._scheduler.add_job(
            partial(self._run, name, job),
            trigger(schedule, jitter),
            id=name,
            name=name,
            executor=name if apart else "default",
            **begin,
        )

    def hurry(self, name: str) -> None:
        """Run a job now, before its time."""
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Begin nothing more, and wait for what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _run(self, name: str, job: Job) -> None:
        try:
            job(self._now())
        except (Refusal, Unavailable) as trouble:
            log.warning("%s: %s", name, trouble)


def trigger(schedule: Schedule, jitter: timedelta = timedelta()) -> BaseTrigger:
    """APScheduler's form of a schedule."""
    spread = int(jitter.total_seconds()) or None
    if not isinstance(schedule, Cron):
        return IntervalTrigger(seconds=schedule.period.total_seconds(), timezone=UTC, jitter=spread)
    # By names: APScheduler counts weekdays from Monday = 0, crontab(5) from Sunday.
    weekdays = ",".join(_DAYS[number] for number in sorted(schedule.weekdays))
    times = {"minute": _list(schedule.minutes), "hour": _list(schedule.hours), "month": _list(schedule.months)}
    on = partial(CronTrigger, second=0, timezone=ZoneInfo(schedule.zone), **times)
    if not schedule.either:
        return on(day=_list(schedule.days), day_of_week=weekdays, jitter=spread)
    return OrTrigger([on(day=_list(schedule.days)), on(day_of_week=weekdays)], jitter=spread)


def _list(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))
