"""GitHub's pages, as few as the story needs: repositories, files, commits, and pull requests to review and merge.

Buttons act as the person chosen beside them. Who may reach the pages at all is the playground's guard's to say.
"""

from collections.abc import Awaitable, Callable, Iterable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.playground.github import merging
from bot.playground.github.bare import FileDiff, Logged
from bot.playground.github.denied import Denied
from bot.playground.github.markdown import diff, inline, render
from bot.playground.github.pulls import Person, Pull
from bot.playground.github.repository import Repository
from bot.playground.github.rules import METHODS
from bot.playground.page import page

if TYPE_CHECKING:
    from bot.playground.github import GitHub

SHEETS = ("github.css",)
ACTIONS = ("approve", "close", *METHODS)


class Pages:
    def __init__(self, github: "GitHub") -> None:
        self._github = github
        self._root = urlsplit(github.shapes.site).path

    def index(self, _request: Request) -> Response:
        rows = (
            f'<tr><td><a href="{self._at(repository)}">{escape(repository.full_name)}</a></td>'
            f'<td><a href="{self._at(repository)}/pulls">{_count(_open(repository), "open pull request")}</a></td></tr>'
            for repository in self._github.repositories.values()
        )
        return self._page("Repositories", f"<h1>Repositories</h1>{_table(rows)}")

    def repository(self, request: Request) -> Response:
        repository = self._repository(request)
        here = self._at(repository)
        tip = repository.bare.branches()[repository.default_branch]
        files = (
            f'<tr><td><a href="{here}/blob/{tip}/{quote(path)}">{escape(path)}</a></td></tr>'
            for path in repository.bare.files(tip)
        )
        commits = (self._commit_row(repository, commit) for commit in repository.bare.log(tip))
        return self._page(
            repository.full_name,
            f"{self._heading(repository)}<p class=soft>Branch <code>{escape(repository.default_branch)}</code> at"
            f" <code>{tip[:7]}</code></p><h2>Commits</h2>{_table(commits)}<h2>Files</h2>{_table(files)}",
        )

    def blob(self, request: Request) -> Response:
        repository = self._repository(request)
        path = request.path_params["path"]
        commit = repository.bare.commit_id(request.path_params["ref"])
        content = repository.bare.read(commit, path) if commit else None
        if content is None:
            raise Denied(404, "Not Found")
        text = content.decode(errors="replace")
        return self._page(path, f"{self._heading(repository)}<h2>{escape(path)}</h2><pre>{escape(text)}</pre>")

    def commit(self, request: Request) -> Response:
        repository = self._repository(request)
        sha = repository.bare.commit_id(request.path_params["sha"])
        if sha is None:
            raise Denied(404, "Not Found")
        commit = repository.bare.log(sha, 1)[0]
        subject, _, rest = commit.message.partition("\n")
        changes = _files(repository.bare.diff(commit.parents[0], sha)) if commit.parents else ""
        return self._page(
            subject,
            f"{self._heading(repository)}<h2>{escape(subject)}</h2><p class=soft>{escape(commit.author.name)}"
            f" committed <code>{sha}</code></p>{f'<pre>{escape(rest.strip())}</pre>' if rest.strip() else ''}{changes}",
        )

    def pulls(self, request: Request) -> Response:
        repository = self._repository(request)
        rows = (
            f'<tr><td>{_badge(pull)}</td><td><a href="{self._at(repository)}/pull/{pull.number}">'
            f"{escape(pull.title)}</a></td><td class=soft>#{pull.number} by {escape(pull.author.login)}</td></tr>"
            for pull in reversed(repository.pulls())
        )
        return self._page(
            f"Pull requests of {repository.full_name}",
            f"{self._heading(repository)}<h2>Pull requests</h2>{_table(rows) or '<p class=soft>None yet.</p>'}",
        )

    def pull(self, request: Request, problem: str = "") -> Response:
        repository = self._repository(request)
        pull = repository.pull(request.path_params["number"])
        labels = "".join(f' <span class="badge">{escape(label)}</span>' for label in pull.labels)
        said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
        return self._page(
            f"{pull.title} · #{pull.number}",
            f"{self._heading(repository)}<h2>{escape(pull.title)} <span class=soft>#{pull.number}</span></h2>"
            f"<p>{_badge(pull)} {_doing(pull)}"
            f" {_count(repository.commits(pull), 'commit')} into <code>{escape(pull.base)}</code> from"
            f" <code>{escape(pull.branch)}</code>{labels}</p>{said}"
            f'<section class="text">{render(pull.body) or "<p class=soft>No description.</p>"}</section>'
            f"{_conversation(pull)}{self._actions(repository, pull, request)}"
            f"<h3>Files changed</h3>{_files(repository.diff(pull))}",
            status=422 if problem else 200,
        )

    def act(self, request: Request, form: dict[str, str]) -> Response:
        repository = self._repository(request)
        pull = repository.pull(request.path_params["number"])
        person = self._github.people.get(form.get("person", ""))
        action = form.get("action", "")
        if person is None or action not in ACTIONS:
            return self.pull(request, "Choose who you are and what to do.")
        try:
            if action == "approve":
                repository.review(pull, person, "APPROVE", form.get("body", ""))
            elif action in METHODS:
                merging.merge(repository, pull, person, action, sha=form.get("head"))
            else:
                repository.edit(pull, state="closed")
        except Denied as denied:
            return self.pull(request, denied.message)
        return RedirectResponse(f"{self._at(repository)}/pull/{pull.number}?as={quote(person.login)}", 303)

    def _actions(self, repository: Repository, pull: Pull, request: Request) -> str:
        if pull.closed:
            return ""
        chosen = request.query_params.get("as", "")
        options = "".join(
            f'<option value="{escape(person.login)}"{" selected" if person.login == chosen else ""}>'
            f"{escape(person.name)}</option>"
            for person in self._github.people.values()
            if not person.bot
        )
        conflict = repository.merged_tree(pull) is None
        note = "<p class=problem>This branch has conflicts with the base branch.</p>" if conflict else ""
        return (
            f'{note}<form method="post" class="actions"><input type="hidden" name="head" value="{pull.head}">'
            f'<label>Acting as <select name="person">{options}</select></label>'
            '<button name="action" value="approve">Approve</button>'
            f'<button name="action" value="squash"{" disabled" if conflict else ""}>Squash and merge</button>'
            f'<button name="action" value="merge" class="primary"{" disabled" if conflict else ""}>Merge</button>'
            '<button name="action" value="close" class="danger">Close</button></form>'
        )

    def _heading(self, repository: Repository) -> str:
        here = self._at(repository)
        return (
            f'<h1><a href="{here}">{escape(repository.full_name)}</a></h1>'
            f'<p><a href="{here}">Code</a> · <a href="{here}/pulls">Pull requests</a>'
            f' <span class="badge">{_open(repository)}</span></p>'
        )

    def _commit_row(self, repository: Repository, commit: Logged) -> str:
        subject = commit.message.partition("\n")[0]
        at = commit.committer.at.strftime("%Y-%m-%d %H:%M")
        return (
            f'<tr><td><a href="{self._at(repository)}/commit/{commit.sha}"><code>{commit.sha[:7]}</code></a></td>'
            f"<td>{escape(subject)}</td><td class=soft>{escape(commit.author.name)}</td><td class=soft>{at}</td></tr>"
        )

    def _repository(self, request: Request) -> Repository:
        return self._github.repository(f"{request.path_params['owner']}/{request.path_params['repo']}")

    def _at(self, repository: Repository) -> str:
        return escape(f"{self._root}/{quote(repository.full_name)}")

    def _page(self, title: str, body: str, *, status: int = 200) -> Response:
        return page(title, f"<main>{body}</main>", "GitHub", sheets=SHEETS, status=status)


def routes(github: "GitHub") -> list[Route]:
    pages = Pages(github)

    def shown(show: Callable[..., Response], *, posted: bool = False) -> Callable[[Request], Awaitable[Response]]:
        def under_lock(request: Request, *form: dict[str, str]) -> Response:
            with github.lock:
                try:
                    return show(request, *form)
                except Denied as denied:
                    words = f"<main><h1>{escape(denied.message)}</h1></main>"
                    return page(denied.message, words, "GitHub", status=denied.status)

        async def endpoint(request: Request) -> Response:
            form = [_form(await request.body())] if posted else []
            return await run_in_threadpool(under_lock, request, *form)

        return endpoint

    here = "/{owner}/{repo}"
    return [
        Route("/", shown(pages.index)),
        Route(here, shown(pages.repository)),
        Route(here + "/blob/{ref}/{path:path}", shown(pages.blob)),
        Route(here + "/commit/{sha}", shown(pages.commit)),
        Route(here + "/pulls", shown(pages.pulls)),
        Route(here + "/pull/{number:int}", shown(pages.pull)),
        Route(here + "/pull/{number:int}", shown(pages.act, posted=True), methods=["POST"]),
    ]


def _form(body: bytes) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _open(repository: Repository) -> int:
    return sum(pull.state == "open" for pull in repository.pulls())


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _badge(pull: Pull) -> str:
    word, kind = ("Merged", "good") if pull.merged else ("Closed", "bad") if pull.closed else ("Open", "warn")
    return f'<span class="badge {kind}">{word}</span>'


def _doing(pull: Pull) -> str:
    if pull.merged_by is not None:
        return f"<strong>{escape(pull.merged_by.login)}</strong> merged"
    return f"<strong>{escape(pull.author.login)}</strong> {'wanted' if pull.closed else 'wants'} to merge"


def _conversation(pull: Pull) -> str:
    said = [(comment.at, comment.id, _said(comment.person, "commented", comment.body)) for comment in pull.comments]
    words = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested changes", "COMMENTED": "reviewed"}
    said += [(review.at, review.id, _said(review.person, words[review.state], review.body)) for review in pull.reviews]
    asked = [person.login for person in pull.reviewers] + pull.teams
    waiting = f"<p class=soft>Review asked of {escape(', '.join(asked))}.</p>" if asked else ""
    return "".join(html for _, _, html in sorted(said)) + waiting


def _said(person: Person, what: str, body: str) -> str:
    return f"<section><p><strong>{escape(person.login)}</strong> {what}</p>{render(body)}</section>"


def _files(files: Iterable[FileDiff]) -> str:
    return "".join(
        f"<h4>{inline(f'`{file.path}`')} <span class=soft>+{file.additions} −{file.deletions}</span></h4>"
        f"{diff(file.patch) if file.patch else '<p class=soft>Nothing to show.</p>'}"
        for file in files
    )


def _table(rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f"<table><tbody>{body}</tbody></table>" if body else ""
