"""Jobs and what starts them: `batch/v1`, by the conditions that the Job controller documents."""

from bot.health.reading import condition, count, is_true, listed, many, moment, part, since
from bot.health.verdict import Verdict, degraded, healthy, progressing, suspended
from bot.model.sync import Manifest


def job(manifest: Manifest) -> Verdict:
    spec, status = part(manifest, "spec"), part(manifest, "status")
    for kind in ("Failed", "FailureTarget"):  # the second: it has failed, and its last pods are being stopped
        if (failed := condition(status, kind)).get("status") == "True":
            return degraded(f"the job failed: {failed.get('reason', 'no reason given')}", since(failed))
    if is_true(status, "Complete"):
        return healthy("the job is complete")
    if spec.get("suspend") is True or is_true(status, "Suspended"):
        return suspended("the job is suspended", since(condition(status, "Suspended")))
    done, wanted = count(status.get("succeeded")), count(spec.get("completions", 1))
    return progressing(f"{done} of {many(wanted, 'completion')} done", moment(status.get("startTime")))


def cron_job(manifest: Manifest) -> Verdict:
    """Degraded where the last run that has ended did not succeed.

    One that never succeeded may have had no time to: nothing is said of it, nor while one runs
    (Argo CD, resource_customizations/batch/CronJob/health.lua).
    """
    status = part(manifest, "status")
    if part(manifest, "spec").get("suspend") is True:
        return suspended("the schedule is suspended")
    began, done = moment(status.get("lastScheduleTime")), moment(status.get("lastSuccessfulTime"))
    if began and done and done < began and not listed(status, "active"):
        return degraded("its last job did not succeed", began)
    return healthy()
