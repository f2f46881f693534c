"""The part of GitHub's REST API that the bot uses (https://docs.github.com/en/rest): what each endpoint does.

Anything else below `/api/v3` is GitHub's 404.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Route

from bot.playground.github import app_shapes, deploying, merging
from bot.playground.github.apps import issue
from bot.playground.github.denied import Denied, invalid
from bot.playground.github.pulls import Pull
from bot.playground.github.rest import Answer, AppCall, Call, paged, served, served_to_apps
from bot.playground.github.rules import METHODS

if TYPE_CHECKING:
    from bot.playground.github import GitHub


def get_user(call: Call) -> Answer:
    return Answer(call.shapes.authenticated(call.person, call.github.started))


def get_account(call: Call) -> Answer:
    person = call.github.people.get(call.path["login"])
    if person is None:
        raise Denied(404, "Not Found")
    return Answer(call.shapes.authenticated(person, call.github.started))


def get_repository(call: Call) -> Answer:
    return Answer(call.shapes.repository(call.repository))


def get_branch(call: Call) -> Answer:
    bare = call.repository.bare
    tip = bare.branches().get(call.path["branch"])
    if tip is None:
        raise Denied(404, "Branch not found")
    return Answer(call.shapes.branch(call.repository, call.path["branch"], bare.log(tip, 1)[0]))


def get_ref(call: Call) -> Answer:
    kind, _, name = call.path["ref"].partition("/")
    bare = call.repository.bare
    commit = {"heads": bare.branches, "tags": bare.tags}.get(kind, dict)().get(name)
    if commit is None:
        raise Denied(404, "Not Found")
    return Answer(call.shapes.ref(call.repository, call.path["ref"], commit))


def create_ref(call: Call) -> Answer:
    ref, commit = call.field("ref", str, ""), call.field("sha", str, "")
    if not ref.startswith("refs/heads/"):
        raise Denied(422, "Reference name must be in the format refs/heads/<name>.")
    call.repository.create_branch(ref.removeprefix("refs/heads/"), commit)
    return Answer(call.shapes.ref(call.repository, ref.removeprefix("refs/"), commit), 201)


def update_ref(call: Call) -> Answer:
    commit = call.field("sha", str, "")
    call.repository.move_branch(call.path["branch"], commit, force=call.field("force", bool, default=False))
    return Answer(call.shapes.ref(call.repository, f"heads/{call.path['branch']}", commit))


def delete_ref(call: Call) -> Answer:
    call.repository.delete_branch(call.path["branch"])
    return Answer(None, 204)


def get_commit(call: Call) -> Answer:
    commit = call.repository.bare.commit_id(call.path["ref"])
    if commit is None:
        raise Denied(422, f"No commit found for SHA: {call.path['ref']}")
    return Answer(call.shapes.verified_commit(call.repository, call.repository.bare.log(commit, 1)[0]))


def compare(call: Call) -> Answer:
    """Commits oldest first, in pages of 250 at most; `total_commits` counts all."""
    bare = call.repository.bare
    named = call.path["basehead"].split("...")
    ends = [commit for name in named if (commit := bare.commit_id(name))]
    fork = bare.fork_point(*ends) if len(ends) == 2 else None
    if fork is None:
        raise Denied(404, "Not Found")
    commits = list(reversed(bare.log(f"{ends[0]}..{ends[1]}", limit=10_000)))
    page, links = paged(call, commits)
    behind = bare.count(ends[1], ends[0])
    return Answer(call.shapes.comparison(call.repository, named, fork, page, (len(commits), behind)), headers=links)


def list_pulls(call: Call) -> Answer:
    merging.proceed(call.repository)
    state, head, base = (call.query.get(name, "") for name in ("state", "head", "base"))
    wanted = [
        pull
        for pull in call.repository.pulls()
        if state == "all" or pull.state == (state or "open")
        if not head or head == f"{call.repository.owner}:{pull.branch}"
        if not base or base == pull.base
    ]
    moved = call.query.get("sort") == "updated"
    wanted.sort(
        key=lambda pull: (pull.updated if moved else pull.created, pull.number),
        reverse=call.query.get("direction", "desc") == "desc",
    )
    page, links = paged(call, wanted)
    return Answer([call.shapes.pull(call.repository, pull) for pull in page], headers=links)


def create_pull(call: Call) -> Answer:
    head, base = call.field("head", str), call.field("base", str)
    for name, value in (("head", head), ("base", base)):
        if not value:
            raise invalid("PullRequest", name, "missing_field")
    title, body = call.field("title", str, ""), call.field("body", str, "")
    draft = call.field("draft", bool, default=False)
    pull = call.repository.open(call.person, title=title, body=body, head=head, base=base, draft=draft)
    return Answer(call.shapes.full_pull(call.repository, pull), 201)


def get_pull(call: Call, pull: Pull) -> Answer:
    pull.looks += 1
    return Answer(call.shapes.full_pull(call.repository, pull))


def update_pull(call: Call, pull: Pull) -> Answer:
    title, body, state = (call.field(name, str) for name in ("title", "body", "state"))
    call.repository.edit(pull, title=title, body=body, state=state, by=call.person)
    return get_pull(call, pull)


def list_files(call: Call, pull: Pull) -> Answer:
    page, links = paged(call, call.repository.diff(pull))
    return Answer([call.shapes.file(call.repository, pull, file) for file in page], headers=links)


def merge_pull(call: Call, pull: Pull) -> Answer:
    method = call.field("merge_method", str, "merge")
    if method not in METHODS:
        raise invalid("PullRequest", "merge_method")
    sha, title, message = (call.field(name, str) for name in ("sha", "commit_title", "commit_message"))
    commit = merging.merge(call.repository, pull, call.person, method, sha=sha, title=title, message=message)
    return Answer({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


def list_reviews(call: Call, pull: Pull) -> Answer:
    page, links = paged(call, pull.reviews)
    return Answer([call.shapes.review(call.repository, pull, review) for review in page], headers=links)


def create_review(call: Call, pull: Pull) -> Answer:
    event, body = call.field("event", str, "COMMENT"), call.field("body", str, "")
    review = call.repository.review(pull, call.person, event, body)
    return Answer(call.shapes.review(call.repository, pull, review))


def request_reviewers(call: Call, pull: Pull) -> Answer:
    call.repository.request(pull, call.texts("reviewers"), call.texts("team_reviewers"))
    return Answer(call.shapes.pull(call.repository, pull), 201)


def create_comment(call: Call, pull: Pull) -> Answer:
    comment = call.repository.comment(pull, call.person, call.field("body", str, ""))
    return Answer(call.shapes.comment(call.repository, pull, comment), 201)


def add_labels(call: Call, pull: Pull) -> Answer:
    """The body is `{"labels": […]}` or, as PyGithub sends it, the list alone."""
    names = call.body if isinstance(call.body, list) else call.field("labels", list, [])
    if not names or not all(isinstance(name, str) for name in names):
        raise invalid("Label", "name", "missing_field")
    call.repository.label(pull, names)
    return Answer(call.shapes.labels(call.repository, pull))


def add_assignees(call: Call, pull: Pull) -> Answer:
    call.repository.assign(pull, call.texts("assignees"))
    return Answer(call.shapes.issue(call.repository, pull), 201)


def get_app(call: AppCall) -> Answer:
    return Answer(app_shapes.app(call.shapes, call.app))


def get_installation(call: AppCall) -> Answer:
    found = call.app.installation(call.path["number"])
    return Answer(app_shapes.installation(call.shapes, call.app, found))


def find_installation(call: AppCall) -> Answer:
    name = f"{call.path['owner']}/{call.path['repo']}"
    return Answer(app_shapes.installation(call.shapes, call.app, call.app.installed(name)))


def create_token(call: AppCall) -> Answer:
    asked = call.body if isinstance(call.body, dict) else {}
    issued = issue(call.app, call.app.installation(call.path["number"]), asked, call.github.now())
    call.github.tokens.append(issued)
    repositories = [call.github.repository(name) for name in sorted(issued.access.repositories or ())]
    return Answer(app_shapes.issued(call.shapes, issued, repositories), 201)


def of_pull(endpoint: Callable[[Call, Pull], Answer]) -> Callable[[Call], Answer]:
    """An endpoint of one pull request, looked up once, as its refs are now."""

    def looked_up(call: Call) -> Answer:
        merging.proceed(call.repository)
        return endpoint(call, call.repository.pull(call.path["number"]))

    return looked_up


REPOSITORY = deploying.REPOSITORY
REFS = REPOSITORY + "/git/refs"
PULL = REPOSITORY + "/pulls/{number:int}"
ISSUE = REPOSITORY + "/issues/{number:int}"
READ, WRITE = "pull_requests:read", "pull_requests:write"
ENDPOINTS: list[tuple[str, str, Callable[[Call], Answer], str]] = [
    ("GET", "/user", get_user, ""),
    ("GET", "/users/{login}", get_account, ""),
    ("GET", REPOSITORY, get_repository, "metadata:read"),
    ("GET", REPOSITORY + "/branches/{branch:path}", get_branch, "contents:read"),
    ("GET", REPOSITORY + "/git/ref/{ref:path}", get_ref, "contents:read"),
    *deploying.ENDPOINTS,
    ("GET", REPOSITORY + "/commits/{ref:path}", get_commit, "contents:read"),
    ("GET", REPOSITORY + "/compare/{basehead:path}", compare, "contents:read"),
    ("POST", REFS, create_ref, "contents:write"),
    ("PATCH", REFS + "/heads/{branch:path}", update_ref, "contents:write"),
    ("DELETE", REFS + "/heads/{branch:path}", delete_ref, "contents:write"),
    ("GET", REPOSITORY + "/pulls", list_pulls, READ),
    ("POST", REPOSITORY + "/pulls", create_pull, WRITE),
    ("GET", PULL, of_pull(get_pull), READ),
    ("PATCH", PULL, of_pull(update_pull), WRITE),
    ("GET", PULL + "/files", of_pull(list_files), READ),
    ("PUT", PULL + "/merge", of_pull(merge_pull), "contents:write"),
    ("GET", PULL + "/reviews", of_pull(list_reviews), READ),
    ("POST", PULL + "/reviews", of_pull(create_review), WRITE),
    ("POST", PULL + "/requested_reviewers", of_pull(request_reviewers), WRITE),
    ("POST", ISSUE + "/comments", of_pull(create_comment), WRITE),
    ("POST", ISSUE + "/labels", of_pull(add_labels), WRITE),
    ("POST", ISSUE + "/assignees", of_pull(add_assignees), WRITE),
]
"""With the permission that an App's token needs for each."""
OF_APPS: list[tuple[str, str, Callable[[AppCall], Answer]]] = [
    ("GET", "/app", get_app),
    ("GET", "/app/installations/{number:int}", get_installation),
    ("POST", "/app/installations/{number:int}/access_tokens", create_token),
    ("GET", REPOSITORY + "/installation", find_installation),
]


def routes(github: "GitHub") -> list[Route]:
    def nowhere(_call: Call) -> Answer:
        raise Denied(404, "Not Found")

    apps = [Route(path, served_to_apps(github, endpoint), methods=[method]) for method, path, endpoint in OF_APPS]
    known = [Route(path, served(github, each, need), methods=[method]) for method, path, each, need in ENDPOINTS]
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [*apps, *known, Route("/{rest:path}", served(github, nowhere), methods=every)]
