"""What GitHub is told of a change that is deployed: a deployment of its commit, and a status on the commit.

Each is looked up before it is written, so that what is told twice, or by a process that died in between, is there once.
https://docs.github.com/en/rest/deployments/deployments and https://docs.github.com/en/rest/commits/statuses.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from github.GithubException import GithubException

from bot.errors import Refusal
from bot.forges.api import Api
from bot.forges.failures import said, status
from bot.markdown import clipped
from bot.model.promotion import Report

CONTEXT: Final = "quarterdeck/"
"""Begins the names of our commit statuses; the environment follows."""
LONGEST: Final = 140
"""Characters of a description."""
STATES: Final = {"queued": "pending", "in_progress": "pending", "success": "success", "failure": "failure"}
"""States of deployments as those of commits. What was given up is an error there: nobody shall read it as done."""


def report(api: Api, name: str, report: Report) -> None:
    """Refusal that names the rights that are missing, when what may be told is told."""
    missing = []
    for right, tell in (("deployments", _deployment), ("statuses", _status)):
        with api.asking(f"tell {name} how {report.environment} does"):
            try:
                tell(api, name, report)
            except GithubException as error:
                if not _is_forbidden(error):
                    raise
                missing.append(f"{right}: write")
    if missing:
        raise Refusal(
            f"GitHub does not let the bot tell {name} of deployments: give its token or App the permission"
            f" {' and '.join(missing)} there, or set deployments: false under the environment {report.environment}."
        )


def _deployment(api: Api, name: str, report: Report) -> None:
    place = f"/repos/{name}/deployments"
    wanted = {"sha": report.commit, "environment": report.environment, "per_page": 100}
    login = api.login(name)
    found = api.call(name, "GET", place, wanted)
    ours = [each for each in found if _is_of(each, report) and (each["creator"] or {}).get("login") == login]
    told = {"description": clipped(report.description, LONGEST)}
    made = ours[0] if ours else _made(api, name, report, told)
    now = told | {"state": report.state, "log_url": _link(report)}
    there = f"{place}/{int(made['id'])}/statuses"
    if not (ours and _is_told(api.call(name, "GET", there, {"per_page": 1}), now)):
        api.call(name, "POST", there, now | {"auto_inactive": report.state == "success"})


def _is_of(deployment: Mapping[str, Any], report: Report) -> bool:
    """A question that was led elsewhere loses what it asked for on the way."""
    return (deployment["sha"], deployment["environment"]) == (report.commit, report.environment)


def _made(api: Api, name: str, report: Report, told: dict[str, str]) -> Any:
    """No check of the commit is waited for, and nothing is merged: it is deployed already, or about to be."""
    asked = {
        **told,
        "ref": report.commit,
        "environment": report.environment,
        "auto_merge": False,
        "required_contexts": [],
        "production_environment": report.production,
        "transient_environment": False,
    }
    return api.call(name, "POST", f"/repos/{name}/deployments", asked)


def _status(api: Api, name: str, report: Report) -> None:
    context = CONTEXT + report.environment
    told = {
        "state": STATES.get(report.state, "error"),
        "description": clipped(report.description, LONGEST),
        "target_url": _link(report),
    }
    commit = quote(report.commit)
    newest = api.call(name, "GET", f"/repos/{name}/commits/{commit}/statuses", {"per_page": 100})
    if not _is_told([each for each in newest if each["context"] == context], told):
        api.call(name, "POST", f"/repos/{name}/statuses/{commit}", told | {"context": context})


def _is_told(newest_first: list[Mapping[str, Any]], told: Mapping[str, Any]) -> bool:
    return bool(newest_first) and all((newest_first[0].get(key) or "") == value for key, value in told.items())


def _link(report: Report) -> str:
    """GitHub takes no other."""
    return report.url if report.url.startswith(("https://", "http://")) else ""


def _is_forbidden(error: GithubException) -> bool:
    """Classic tokens without the scope are told that there is nothing."""
    return status(error) == 404 or any("not accessible by" in text for text in said(error))
