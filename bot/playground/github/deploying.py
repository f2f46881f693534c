"""Deployments and commit statuses: what anybody with a token tells of a commit (https://docs.github.com/en/rest).

The repository keeps them; here is how they are told and shown by the REST API.
"""

from collections.abc import Callable
from urllib.parse import quote

from bot.playground.github.checks import STATES as STATUS_STATES
from bot.playground.github.checks import Deployed, Deployment, Status
from bot.playground.github.denied import Denied, invalid
from bot.playground.github.repository import Repository
from bot.playground.github.rest import Answer, Call, paged
from bot.playground.github.shapes import Body, Shapes, moment, node

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
LONGEST = 140


def list_deployments(call: Call) -> Answer:
    """Newest first."""
    wanted = [
        each
        for each in reversed(call.repository.deployments)
        if all(call.query.get(key, value) == value for key, value in (("sha", each.sha), ("ref", each.ref)))
        if call.query.get("environment", each.environment) == each.environment
        if call.query.get("task", each.task) == each.task
    ]
    page, links = paged(call, wanted)
    return Answer([_deployment(call.shapes, call.repository, each) for each in page], headers=links)


def create_deployment(call: Call) -> Answer:
    ref = call.field("ref", str, "")
    repository = call.repository
    sha = repository.bare.commit_id(ref) if ref else None
    if sha is None:
        raise Denied(422, f"No ref found for: {ref}")
    if call.field("auto_merge", bool, default=True) or call.field("required_contexts", list) != []:
        # GitHub would merge the default branch into the ref, and wait for statuses; nobody here means that.
        raise Denied(409, "Conflict merging or checking the ref; the playground takes neither.")
    environment = call.field("environment", str, "production")
    made = repository.deploy(
        call.person,
        ref,
        sha,
        environment,
        description=_description(call),
        task=call.field("task", str, "deploy"),
        production=call.field("production_environment", bool, default=environment == "production"),
    )
    return Answer(_deployment(call.shapes, repository, made), 201)


def list_states(call: Call) -> Answer:
    """Newest first."""
    made = _found(call)
    page, links = paged(call, list(reversed(made.told)))
    return Answer([_told(call.shapes, call.repository, made, each) for each in page], headers=links)


def create_state(call: Call) -> Answer:
    made, state = _found(call), call.field("state", str, "")
    if state not in STATES:
        raise invalid("DeploymentStatus", "state")
    url = call.field("log_url", str, "") or call.field("target_url", str, "")
    told = call.repository.tell_deployment(
        made,
        call.person,
        state,
        _description(call),
        _link(url, "DeploymentStatus"),
        others=call.field("auto_inactive", bool, default=True),
    )
    return Answer(_told(call.shapes, call.repository, made, told), 201)


def list_statuses(call: Call) -> Answer:
    """All, newest first."""
    commit = call.repository.bare.commit_id(call.path["ref"])
    if commit is None:
        raise Denied(404, "Not Found")
    page, links = paged(call, list(reversed(call.repository.all_statuses(commit))))
    return Answer([_status(call.shapes, call.repository, commit, each) for each in page], headers=links)


def create_status(call: Call) -> Answer:
    commit = call.repository.bare.commit_id(call.path["sha"])
    if commit is None:
        raise Denied(422, f"No commit found for SHA: {call.path['sha']}")
    state = call.field("state", str, "")
    if state not in STATUS_STATES:
        raise invalid("Status", "state")
    context, url = call.field("context", str, "default"), call.field("target_url", str, "")
    told = call.repository.tell(commit, call.person, context, state, _description(call), _link(url, "Status"))
    return Answer(_status(call.shapes, call.repository, commit, told), 201)


def _found(call: Call) -> Deployment:
    found = (each for each in call.repository.deployments if each.id == call.path["number"])
    made = next(found, None)
    if made is None:
        raise Denied(404, "Not Found")
    return made


def _description(call: Call) -> str:
    text = str(call.field("description", str, ""))
    if len(text) > LONGEST:
        raise Denied(422, "Validation Failed", [{"code": "custom", "message": "description is too long"}])
    return text


def _link(url: str, resource: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        raise invalid(resource, "target_url")
    return url


def _deployment(shapes: Shapes, repository: Repository, made: Deployment) -> Body:
    here = f"{shapes.api}/repos/{repository.full_name}"
    url = f"{here}/deployments/{made.id}"
    return {
        "id": made.id,
        "node_id": node("DE", made.id),
        "url": url,
        "sha": made.sha,
        "ref": made.ref,
        "task": made.task,
        "payload": {},
        "environment": made.environment,
        "original_environment": made.environment,
        "description": made.description or None,
        "creator": shapes.user(made.by),
        "created_at": moment(made.at),
        "updated_at": moment(made.told[-1].at if made.told else made.at),
        "statuses_url": f"{url}/statuses",
        "repository_url": here,
        "transient_environment": False,
        "production_environment": made.production,
    }


def _told(shapes: Shapes, repository: Repository, made: Deployment, told: Deployed) -> Body:
    here = f"{shapes.api}/repos/{repository.full_name}"
    deployment = f"{here}/deployments/{made.id}"
    return {
        "id": told.id,
        "node_id": node("DES", told.id),
        "url": f"{deployment}/statuses/{told.id}",
        "state": told.state,
        "creator": shapes.user(told.by),
        "description": told.description,
        "environment": made.environment,
        "target_url": told.url,
        "log_url": told.url,
        "environment_url": "",
        "created_at": moment(told.at),
        "updated_at": moment(told.at),
        "deployment_url": deployment,
        "repository_url": here,
    }


def _status(shapes: Shapes, repository: Repository, commit: str, told: Status) -> Body:
    account = shapes.user(told.by)
    return {
        "id": told.id,
        "node_id": node("SC", told.id),
        "url": f"{shapes.api}/repos/{repository.full_name}/statuses/{quote(commit)}",
        "avatar_url": account["avatar_url"],
        "state": told.state,
        "description": told.description or None,
        "target_url": told.url or None,
        "context": told.context,
        "created_at": moment(told.at),
        "updated_at": moment(told.at),
        "creator": account,
    }


REPOSITORY = "/repos/{owner}/{repo}"
DEPLOYMENTS = REPOSITORY + "/deployments"
ENDPOINTS: list[tuple[str, str, Callable[[Call], Answer], str]] = [
    ("GET", DEPLOYMENTS, list_deployments, "deployments:read"),
    ("POST", DEPLOYMENTS, create_deployment, "deployments:write"),
    ("GET", DEPLOYMENTS + "/{number:int}/statuses", list_states, "deployments:read"),
    ("POST", DEPLOYMENTS + "/{number:int}/statuses", create_state, "deployments:write"),
    ("GET", REPOSITORY + "/commits/{ref}/statuses", list_statuses, "statuses:read"),
    ("POST", REPOSITORY + "/statuses/{sha}", create_status, "statuses:write"),
]
"""With the permission that an App's token needs for each."""
